from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import TimelineConfig
from core.timeline.store import Timeline
from tests.core.timeline.views import as_lines, at, change, window


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    opened = Timeline(tmp_path, TimelineConfig())
    screens = (
        ("mail", "mailer", ["Invoice 4711 from Ferrule", "the weather is mild", "due on Tuesday"]),
        ("shell", "xterm", ["error: no such file", "make: *** [all] Error 2", "the weather was cold"]),
        ("shop", "chromium", ["Osprey floor lamp", "Ospreyfloorlamp again", "TANG0-7 stopped"]),
    )
    for number, (title, application, texts) in enumerate(screens):
        (moment,) = opened.add(change([*texts, str(number) * 9], 100 * number, window(title, application)))
        opened.set_text(moment.id, as_lines(texts))
        opened.note_seen("screen:one", at(100 * number + 50))
    yield opened
    opened.close()


def best(timeline: Timeline, text: str, **bounds: object) -> str:
    hits = timeline.search(text, **bounds)  # type: ignore[arg-type]  # bounds are start, end or application
    return hits[0].moment.application if hits else ""


@pytest.mark.parametrize(
    ("words", "application"),
    [
        ("invoice", "mailer"),
        ("INVOICES from ferrule", "mailer"),
        ("errors", "xterm"),
        ("floor lamps", "chromium"),
        ("tango", "chromium"),  # read as TANG0
        ("ospray", "chromium"),
        ("shell", "xterm"),  # only in the title
        ("Fërrule", "mailer"),
    ],
)
def test_words_are_found_in_their_forms_and_misread(timeline: Timeline, words: str, application: str) -> None:
    assert best(timeline, words) == application


def test_matching_lines_come_with_the_moment_best_first(timeline: Timeline) -> None:
    hit = timeline.search("osprey lamp")[0]
    assert hit.lines[0].text == "Osprey floor lamp"


def test_times_and_applications_bound_the_search(timeline: Timeline) -> None:
    assert best(timeline, "weather", end=at(60)) == "mailer"
    assert best(timeline, "weather", start=at(90)) == "xterm"
    assert best(timeline, "weather", application="MAILER") == "mailer"
    assert best(timeline, "weather", application="chromium") == ""


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00", '"', "AND OR NOT", "a*b(c)^d:e", "NEAR(", "'; --", "🦉", "%_", "x" * 9000]
)
def test_any_text_may_be_searched(timeline: Timeline, text: str) -> None:
    assert isinstance(timeline.search(text), list)


def test_the_same_content_seen_again_is_found_once_where_wanted(timeline: Timeline) -> None:
    texts = ["Invoice 4711 from Ferrule", "the weather is mild", "due on Tuesday"]
    (again,) = timeline.add(change([*texts, "0" * 9], 900, window("mail", "mailer")))
    timeline.set_text(again.id, as_lines(texts))
    assert len(timeline.search("invoice ferrule")) == 2
    assert [hit.moment.id for hit in timeline.search("invoice ferrule", distinct=True)] == [again.id]


def test_what_is_nowhere_is_not_found(timeline: Timeline) -> None:
    assert timeline.search("zirconium") == []
