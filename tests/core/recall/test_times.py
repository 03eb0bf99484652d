from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from core.recall.times import when_in

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=ZONE)  # a Wednesday


def day(number: int, hour: float) -> datetime:
    return datetime(2026, 11, number, tzinfo=ZONE) + timedelta(hours=hour)


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("What did I read this morning?", day(18, 4), day(18, 12.5)),
        ("what was open before lunch", day(18, 0), day(18, 12.5)),
        ("what did I do after lunch?", day(18, 12), NOW),
        ("Which page did I see yesterday?", day(17, 0), day(18, 0)),
        ("what was that yesterday evening", day(17, 17), day(18, 0)),
        ("What did I do in the last 30 minutes?", day(18, 14.5), NOW),
        ("what happened in the past hour", day(18, 14), NOW),
        ("was war gestern zu sehen", day(17, 0), day(18, 0)),
        ("what did I see on 3 November?", day(3, 0), day(4, 0)),
        ("what did I see on Monday?", day(16, 0), day(17, 0)),
        ("what ran between 9:00 and 10:30?", day(18, 9), day(18, 10.5)),
        ("what did I read last night?", day(17, 18), day(18, 6)),
    ],
)
def test_times_are_understood(question: str, start: datetime, end: datetime) -> None:
    when = when_in(question, NOW)
    assert (when.start, when.end) == (start, end)


def test_so_many_minutes_ago_is_a_stretch_around_that_time() -> None:
    when = when_in("what did I look at 10 minutes ago?", NOW)
    assert when.start is not None
    assert when.end is not None
    assert when.start < NOW - timedelta(minutes=10) < when.end
    assert when.end - when.start < timedelta(minutes=10)
    assert "ago" not in when.rest


def test_a_clock_time_may_belong_to_what_was_shown() -> None:
    when = when_in("Where is the meeting at 2 pm?", NOW)
    assert not when.sure
    assert "2 pm" in when.rest
    assert when.start == day(18, 13.5)


@pytest.mark.parametrize(
    "question",
    [
        "What does the lamp cost?",
        "How many tests failed?",
        "what is on line 10?",
        "the train on 3 December",
        "ten",
        "",
    ],
)
def test_questions_without_a_past_time_have_no_bounds(question: str) -> None:
    when = when_in(question, NOW)
    assert (when.start, when.end) == (None, None)
