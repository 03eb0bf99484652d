from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from core.config import TimelineConfig
from core.errors import EnvironmentTroubleError
from core.meaning.embedding import SUMS, Embedding
from core.timeline.rows import Where
from core.timeline.store import DATABASE, Timeline
from tests.core.timeline.views import as_lines, at, change, window

SCREENS = (
    ("results", "thunderbird", ["Your physician has seen the scan", "Kind regards"]),
    ("booking", "chromium", ["Cinema reservation, two seats", "Blue screen at 20:15"]),
    ("doctor who", "chromium", ["an episode of 1975"]),
)


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    return Embedding()


def fill(timeline: Timeline) -> None:
    for number, (title, application, texts) in enumerate(SCREENS):
        (moment,) = timeline.add(change([*texts, str(number) * 9], 100 * number, window(title, application)))
        timeline.set_text(moment.id, as_lines(texts))
        timeline.note_gone("screen:one", at(100 * number + 50))


def embed(timeline: Timeline) -> int:
    total = 0
    while count := timeline.meaning.embed():
        total += count
    return total


@pytest.fixture
def timeline(tmp_path: Path, embedding: Embedding) -> Iterator[Timeline]:
    opened = Timeline(tmp_path, TimelineConfig(), embedding)
    fill(opened)
    embed(opened)
    yield opened
    opened.close()


def titles(timeline: Timeline, text: str, **options: object) -> list[str]:
    hits = timeline.search(text, meaning=True, **options)  # type: ignore[arg-type]  # start, end or application
    return [hit.moment.title for hit in hits]


def codes(folder: Path) -> dict[str, bytes]:
    db = sqlite3.connect(folder / DATABASE)
    found = dict(db.execute("SELECT word, code FROM term WHERE length(code) > 0").fetchall())
    db.close()
    return found


def test_words_near_in_meaning_are_found_after_the_words_themselves_and_told_apart(timeline: Timeline) -> None:
    hits = timeline.search("doctor", meaning=True)
    assert [(hit.moment.title, hit.by_meaning) for hit in hits] == [("doctor who", False), ("results", True)]
    assert hits[1].lines[0].text == "Your physician has seen the scan"
    assert timeline.found("doctor", Where(), 9, meaning=True) == {3: False, 1: True}
    assert [hit.moment.title for hit in timeline.search("doctor")] == ["doctor who"]


def test_nothing_is_marked_for_a_word_that_is_only_near(timeline: Timeline) -> None:
    assert timeline.found_in(1, "doctor") == []
    assert timeline.found_in(1, "physician") != []


def test_what_bounds_a_search_bounds_its_meaning_too(timeline: Timeline) -> None:
    assert titles(timeline, "film") == ["booking"]
    assert titles(timeline, "film", end=at(60)) == []
    assert titles(timeline, "film", start=at(160)) == []
    assert titles(timeline, "film", application="thunderbird") == []
    assert titles(timeline, "film", application="CHROMIUM", start=at(90), end=at(160)) == ["booking"]
    assert timeline.found("film", Where(source="screen:two"), 9, meaning=True) == {}


@pytest.mark.parametrize("word", ["red", "1976", "the", "kxqzvw", "", "monday"])
def test_numbers_colours_days_and_no_words_have_no_neighbours(timeline: Timeline, word: str) -> None:
    assert timeline.meaning.near(word) == {}


def test_a_words_own_forms_are_not_its_neighbours(timeline: Timeline) -> None:
    assert "seats" not in timeline.meaning.near("seat")
    assert "physician" in timeline.meaning.near("doctor")


def test_forgetting_leaves_no_code_behind(timeline: Timeline, tmp_path: Path) -> None:
    code = codes(tmp_path)["physician"]
    assert timeline.meaning.near("doctor")
    assert timeline.forget(at(-10), at(60)) == 1
    assert timeline.meaning.near("doctor") == {}
    for file in tmp_path.glob(DATABASE + "*"):
        raw = file.read_bytes()
        assert code not in raw
        assert b"physician" not in raw


def test_what_is_too_old_goes_with_its_codes(tmp_path: Path, embedding: Embedding) -> None:
    timeline = Timeline(tmp_path, TimelineConfig(max_age_days=1), embedding)
    fill(timeline)
    embed(timeline)
    assert timeline.meaning.near("doctor")
    timeline.thin(at(86_400 * 3))
    assert timeline.meaning.near("doctor") == {}
    assert codes(tmp_path) == {}
    timeline.close()


def test_a_timeline_from_before_is_given_its_codes_in_small_batches(tmp_path: Path, embedding: Embedding) -> None:
    older = Timeline(tmp_path, TimelineConfig())
    fill(older)
    older.close()
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute("DROP INDEX term_uncoded")
    db.execute("ALTER TABLE term DROP COLUMN code")
    db.execute("DROP TABLE embedding")
    db.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '3 %'")
    db.commit()
    db.close()
    timeline = Timeline(tmp_path, TimelineConfig(), embedding)
    backlog = timeline.meaning.backlog()
    assert backlog > 10
    assert titles(timeline, "film") == []
    assert timeline.meaning.embed(limit=4) == 4
    assert timeline.meaning.backlog() == backlog - 4
    assert embed(timeline) == backlog - 4
    assert titles(timeline, "film") == ["booking"]
    timeline.close()


def test_words_read_later_join_those_that_are_known(timeline: Timeline) -> None:
    assert "sofa" not in timeline.meaning.near("couch")
    (moment,) = timeline.add(change(["new"], 900, window("offers", "chromium")))
    timeline.set_text(moment.id, as_lines(["Sofa, hardly used"]))
    assert embed(timeline) > 0
    assert titles(timeline, "couch") == ["offers"]


def test_codes_of_another_table_are_made_anew(timeline: Timeline, tmp_path: Path, embedding: Embedding) -> None:
    timeline.close()
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute("UPDATE embedding SET version = 'another'")
    db.execute("UPDATE term SET code = zeroblob(32)")
    db.commit()
    db.close()
    again = Timeline(tmp_path, TimelineConfig(), embedding)
    assert embed(again) > 10
    assert codes(tmp_path)["physician"] != bytes(32)
    again.close()


def test_rebuilding_the_indexes_makes_the_codes_anew_and_may_be_stopped(timeline: Timeline) -> None:
    class StoppedError(Exception):
        pass

    shares = list[float]()

    def report(share: float) -> None:
        shares.append(share)
        if share >= 0.8:
            raise StoppedError

    with pytest.raises(StoppedError):
        timeline.rebuild_indexes(report)
    assert shares == sorted(shares)
    assert timeline.search("physician")  # stopped or not, the words are found
    timeline.rebuild_indexes()
    assert timeline.meaning.backlog() == 0
    assert titles(timeline, "film") == ["booking"]


def test_without_a_table_only_words_are_found(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig())
    fill(timeline)
    assert timeline.meaning.embed() == 0
    assert timeline.meaning.backlog() == 0
    assert titles(timeline, "doctor") == ["doctor who"]
    timeline.close()


def test_a_damaged_table_is_told_and_words_are_found_all_the_same(tmp_path: Path) -> None:
    shutil.copytree(str(resources.files("resources") / "meaning"), tmp_path / "table")
    sums = tmp_path / "table" / SUMS
    sums.write_text(sums.read_text().replace("a", "b"))
    timeline = Timeline(tmp_path / "timeline", TimelineConfig(), Embedding(tmp_path / "table"))
    fill(timeline)
    with pytest.raises(EnvironmentTroubleError, match="by meaning"):
        timeline.meaning.embed()
    assert titles(timeline, "doctor") == ["doctor who"]
    timeline.close()
