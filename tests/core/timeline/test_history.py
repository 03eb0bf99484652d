"""Questions and answers beside the moments: kept, found, and forgotten with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import TimelineConfig
from core.timeline.store import DATABASE, Timeline
from tests.core.timeline.views import at, change, window


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    opened = Timeline(tmp_path, TimelineConfig())
    yield opened
    opened.close()


def seen(timeline: Timeline, seconds: float) -> int:
    (moment,) = timeline.add(change([f"text {seconds}"], seconds, window(f"window {seconds}")))
    timeline.note_gone("screen:one", at(seconds + 60))
    return moment.id


def asked(timeline: Timeline) -> list[str]:
    return [exchange.question for exchange in timeline.history.find()]


def test_the_newest_comes_first_and_words_are_found_by_their_beginning(timeline: Timeline) -> None:
    first = timeline.history.keep(at(0), "What was the fare?", "Zürich, 24.00", "evidence")
    timeline.history.keep(at(10), "and yesterday?", "22.00", "evidence", follows=first)
    assert asked(timeline) == ["and yesterday?", "What was the fare?"]
    (found,) = timeline.history.find("zuri FARE")
    assert (found.id, found.asked, found.answer) == (first, at(0), "Zürich, 24.00")
    assert timeline.history.find("yesterday")[0].before == "What was the fare?"
    assert timeline.history.count("24") == 1
    assert timeline.history.find("' OR 1=1 --") == []
    assert timeline.history.find("?!") == []
    assert timeline.history.find("", 1, 1)[0].id == first


def test_what_was_asked_survives_and_is_searched_after_opening_again(tmp_path: Path, timeline: Timeline) -> None:
    timeline.history.keep(at(0), "fare?", "24.00", "memory")
    timeline.close()
    again = Timeline(tmp_path, TimelineConfig())
    assert again.history.find("fare")[0].origin == "memory"
    again.close()


def test_a_forgotten_moment_takes_the_answers_that_cite_it(timeline: Timeline) -> None:
    one, other = seen(timeline, 0), seen(timeline, 600)
    timeline.history.keep(at(1000), "cites the one", "x", "evidence", [one])
    timeline.history.keep(at(1000), "cites the other", "x", "evidence", [other])
    timeline.history.keep(at(1000), "from memory, which saw both", "x", "memory")
    timeline.history.keep(at(-10), "before either", "x", "memory")
    assert timeline.forget_moments([one]) == 1
    assert asked(timeline) == ["before either", "cites the other"]
    assert timeline.get(other) is not None
    assert timeline.forget_moments([one, 10**9]) == 0


def test_forgetting_a_span_takes_what_was_asked_in_it_and_keeps_what_is_safe(timeline: Timeline) -> None:
    moment = seen(timeline, 5000)
    timeline.history.keep(at(100), "asked within", "x", "evidence", [moment])
    timeline.history.keep(at(6000), "later, with proof", "x", "evidence", [moment])
    timeline.history.keep(at(6000), "later, about a picture", "x", "evidence")
    assert timeline.forget(at(0), at(1000)) == 0
    assert asked(timeline) == ["later, with proof"]


def test_forgetting_everything_leaves_no_word_in_the_files(tmp_path: Path, timeline: Timeline) -> None:
    timeline.history.keep(at(0), "where is the xylophone?", "under the quilt", "memory")
    timeline.forget(None)
    assert asked(timeline) == []
    for file in tmp_path.glob(f"{DATABASE}*"):
        data = file.read_bytes()
        assert b"xylophone" not in data
        assert b"quilt" not in data


def test_deleting_one_exchange_leaves_no_word_of_it_in_the_files(tmp_path: Path, timeline: Timeline) -> None:
    timeline.history.keep(at(0), "where is the xylophone?", "under the quilt", "memory")
    (exchange,) = timeline.history.find()
    timeline.history.keep(at(10), "and the drum?", "in the hall", "memory", follows=exchange.id)
    assert timeline.history.remove([exchange.id]) == 1
    assert timeline.history.find()[0].before == ""
    assert b"xylophone" not in b"".join(file.read_bytes() for file in tmp_path.glob(f"{DATABASE}*"))


def test_the_age_limit_holds_for_answers_too(timeline: Timeline) -> None:
    timeline.history.keep(at(0), "old", "x", "memory")
    timeline.history.keep(at(80 * 86_400), "young", "x", "memory")
    timeline.thin(at(91 * 86_400))
    assert asked(timeline) == ["young"]


def test_a_timeline_of_an_older_version_gets_a_history(tmp_path: Path) -> None:
    Timeline(tmp_path, TimelineConfig()).close()
    with sqlite3.connect(tmp_path / DATABASE) as db:
        for statement in ("TABLE citation", "TABLE exchange_words", "TABLE exchange"):
            db.execute(f"DROP {statement}")
        db.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '2 %' OR name LIKE '4 %'")
    db.close()
    opened = Timeline(tmp_path, TimelineConfig())
    opened.history.keep(at(0), "fare?", "24.00", "memory")
    assert opened.history.count("fare") == 1
    opened.close()


def before_said(folder: Path) -> None:
    """Makes the timeline one of the version that kept answers as text alone."""
    with sqlite3.connect(folder / DATABASE) as db:
        db.execute("ALTER TABLE exchange DROP COLUMN said")
        db.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '4 %'")
    db.close()


def test_what_an_answer_says_as_data_comes_back_and_is_not_searched(timeline: Timeline) -> None:
    timeline.history.keep(at(0), "fare?", "24.00", "evidence", said='{"kind": "found", "value": "24.00"}')
    assert timeline.history.find()[0].said == '{"kind": "found", "value": "24.00"}'
    assert timeline.history.count("kind") == 0


def test_answers_of_a_version_before_they_were_data_are_kept(tmp_path: Path, timeline: Timeline) -> None:
    timeline.history.keep(at(0), "fare?", "24.00", "memory")
    timeline.close()
    before_said(tmp_path)
    opened = Timeline(tmp_path, TimelineConfig())
    (kept,) = opened.history.find("fare")
    assert (kept.answer, kept.said) == ("24.00", "")
    opened.close()


def test_answers_are_rescued_from_a_damaged_file_of_an_older_version(tmp_path: Path, timeline: Timeline) -> None:
    timeline.history.keep(at(0), "fare?", "24.00", "memory")
    for number in range(200):
        seen(timeline, number)
    timeline.close()
    before_said(tmp_path)
    with sqlite3.connect(tmp_path / DATABASE) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'moment_time'").fetchone()
    db.close()
    with (tmp_path / DATABASE).open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    mended = Timeline(tmp_path, TimelineConfig())
    assert "damaged" in mended.notices[0]
    assert mended.history.find("fare")[0].answer == "24.00"
    mended.close()
