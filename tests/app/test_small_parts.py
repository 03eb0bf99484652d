"""The clock's journal, notices, the intent file, the log, the light, and words of the command line."""

import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from app import intent, logs, questions
from app.clock import ClockJournal
from app.intent import Intent
from app.notices import MOST, Notices
from app.protocol import SourceStatus, Status
from app.recorder import RecorderFacts, Wanted
from app.spoken import Duration, length, plain
from app.truth import STALLED_AFTER, state_of
from core.errors import InputError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


# --- the clock -------------------------------------------------------------------------------------------------


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_the_last_ten_minutes_are_ten_minutes_while_the_clock_runs() -> None:
    clock = ClockJournal()
    for second in range(0, 3600, 60):
        assert not clock.note(at(second + 0.2 * (second % 7) / 7), 1000.0 + second)
    assert clock.earliest(at(3600), 4600.0, 600) == at(3000)


def test_after_the_clock_was_set_forward_they_reach_back_to_what_it_showed_then() -> None:
    clock = ClockJournal()
    clock.note(at(0), 0.0)
    assert clock.note(at(7200 + 300), 300.0)  # two hours forward, five minutes ago
    earliest = clock.earliest(at(7200 + 600), 600.0, 600)
    assert earliest == at(0)


def test_after_the_clock_was_set_back_they_reach_back_from_what_it_shows_now() -> None:
    clock = ClockJournal()
    clock.note(at(0), 0.0)
    assert clock.note(at(300 - 7200), 300.0)
    assert clock.earliest(at(600 - 7200), 600.0, 600) == at(-7200)


def test_more_than_there_ever_was_is_no_error() -> None:
    assert ClockJournal().earliest(NOON, 5.0, 10**9) < NOON


# --- notices and intent ----------------------------------------------------------------------------------------


def test_notices_are_newest_first_one_for_each_subject_and_bounded() -> None:
    notices = Notices()
    notices.put("disk", "full")
    notices.put("model", "gone")
    notices.put("disk", "fuller")
    assert notices.all() == ("fuller", "gone")
    notices.clear("disk")
    assert notices.all() == ("gone",)
    for number in range(3 * MOST):
        notices.put(str(number), str(number))
    assert len(notices.all()) == MOST


def test_an_intent_outlives_a_kill_and_not_an_orderly_end(tmp_path: Path) -> None:
    path = tmp_path / "intent.json"
    assert intent.read(path) is None
    wanted = Intent(sources=("screen",), paused=True, paused_until=NOON, pause_seconds=60)
    intent.write(path, wanted)
    assert intent.read(path) == wanted
    intent.clear(path)
    assert intent.read(path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"sources": 3}'])
def test_a_damaged_intent_is_read_as_paused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "intent.json"
    path.write_bytes(content)
    assert intent.read(path) == Intent(paused=True)


# --- the log ---------------------------------------------------------------------------------------------------


@pytest.fixture
def formatter() -> logs.PrivateFormatter:
    return logs.PrivateFormatter()


def told(formatter: logs.PrivateFormatter, error: Exception) -> str:
    try:
        raise error
    except Exception as caught:  # noqa: BLE001 - whatever was handed in
        return formatter.formatException((type(caught), caught, caught.__traceback__))


def test_the_log_has_where_a_foreign_error_came_from_but_not_what_it_quotes(formatter: logs.PrivateFormatter) -> None:
    text = told(formatter, sqlite3.OperationalError('near "my secret question": syntax error'))
    assert "sqlite3.OperationalError" in text
    assert "test_small_parts.py" in text
    assert "secret" not in text


def test_our_own_and_the_systems_errors_are_told_whole(formatter: logs.PrivateFormatter) -> None:
    assert "too long" in told(formatter, InputError("too long"))
    text = told(formatter, FileNotFoundError(2, "No such file or directory", "/home/me/A secret title.txt"))
    assert "No such file" in text
    assert "secret" not in text


def test_causes_are_told_too_and_as_privately(formatter: logs.PrivateFormatter) -> None:
    error = InputError("outer")
    error.__cause__ = ValueError("secret")
    text = told(formatter, error)
    assert "builtins.ValueError" in text
    assert "secret" not in text


def test_the_log_file_is_for_its_user_alone(tmp_path: Path) -> None:
    handler = logs._OwnOnlyHandler(tmp_path / "engine.log", delay=True)
    handler.emit(logging.LogRecord("app", logging.INFO, "", 0, "hello", (), None))
    handler.close()
    assert (tmp_path / "engine.log").stat().st_mode & 0o077 == 0


# --- the light -------------------------------------------------------------------------------------------------

SCREEN = SourceStatus(name="screen:1")


def facts(**changes: object) -> RecorderFacts:
    base: dict[str, object] = {
        "wanted": Wanted(("screen",)),
        "holds": frozenset(),
        "since": 100.0,
        "sources": (SCREEN,),
        "newest": 109.0,
        "locked": False,
        "excluded": False,
        "trouble": "",
    }
    return RecorderFacts(**{**base, **changes})  # type: ignore[arg-type]  # built from names


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "recording"),
        ({"wanted": None}, "idle"),
        ({"holds": frozenset({"paused"})}, "paused"),
        ({"holds": frozenset({"disk_full"})}, "disk_full"),
        ({"holds": frozenset({"paused", "disk_full"})}, "paused"),
        ({"sources": (), "trouble": "no display"}, "no_source"),
        ({"sources": (SourceStatus(name="replay:a", finished=True),)}, "no_source"),
        ({"since": None, "sources": ()}, "no_source"),
        ({"locked": True}, "locked"),
        ({"excluded": True}, "excluded"),
        ({"newest": 110.0 - STALLED_AFTER - 0.1, "since": 0.0}, "stalled"),
        ({"newest": 50.0, "since": 109.0}, "no_source"),
        ({"newest": None, "since": 109.0}, "no_source"),
        ({"newest": None, "since": 90.0}, "stalled"),
    ],
)
def test_the_light_shows_what_happened(changes: dict[str, object], state: str) -> None:
    told_state, reason = state_of(facts(**changes), 110.0)
    assert told_state == state
    assert reason or state in ("recording", "idle", "paused")


def test_a_masked_window_is_named_by_its_rule_while_recording_goes_on() -> None:
    state, reason = state_of(facts(), 110.0, ("keepass*",))
    assert state == "recording"
    assert "keepass*" in reason


# --- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("10m", 600), ("10min", 600), ("1h30m", 5400), ("2d", 172_800), ("1.5h", 5400)]
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["30s", "10m", "1h30m", "2d", "1d1s"])
def test_a_length_of_time_is_written_as_it_is_read(text: str) -> None:
    assert length(Duration().convert(text, None, None)) == text


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "0s", "ten minutes", "1h garbage", "9" * 30 + "d"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


def test_text_for_a_terminal_cannot_act_on_it() -> None:
    assert plain("a\x1b[31mb\u202ec\x07\td\ne") == "a[31mbc d\ne"


def test_after_a_replay_the_troubles_on_the_way_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = Status(state="idle", sources=(SCREEN,), notices=("The model failed on a picture.",))
    questions._tell_trouble(status)
    assert capsys.readouterr().err == "The model failed on a picture.\n"
