import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.snapshots import MOST, MOST_BAD, Snapshots
from core.errors import DiskFullError, StateError
from tests.helpers.sessions import NotingSession

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots", budget=10**6)


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "snapshots").rglob("*") if path.is_file())


def test_the_newest_comes_back(snapshots: Snapshots) -> None:
    session = NotingSession()
    for number in range(3):
        session.seen = [str(number)]
        snapshots.save(session, NOON + minutes(number))
    fresh = NotingSession()
    found, told = snapshots.restore(fresh)
    assert found is not None
    assert (found.number, found.newest, told) == (3, NOON + minutes(2), [])
    assert fresh.seen == ["2"]


def test_without_one_the_session_stays_as_it_is(snapshots: Snapshots) -> None:
    session = NotingSession()
    assert snapshots.restore(session) == (None, [])


def test_a_damaged_one_is_set_aside_and_told_and_the_one_before_is_used(snapshots: Snapshots, tmp_path: Path) -> None:
    session = NotingSession()
    for number in range(2):
        session.seen = [str(number)]
        last = snapshots.save(session, NOON + minutes(number))
    last.path.write_bytes(b"\0cut")
    fresh = NotingSession()
    found, told = snapshots.restore(fresh)
    assert fresh.seen == ["0"]
    assert found is not None
    assert len(told) == 1
    assert [path.name.endswith(".bad") for path in files(tmp_path)] == [False, True]
    assert snapshots.restore(NotingSession())[1] == []


def test_another_models_states_are_left_alone_and_come_back_with_it(snapshots: Snapshots) -> None:
    first, second = NotingSession("one/model"), NotingSession("two: ../model")
    first.seen = ["first"]
    snapshots.save(first, NOON)
    assert snapshots.restore(second) == (None, [])
    second.seen = ["second"]
    snapshots.save(second, NOON)
    again = NotingSession("one/model")
    snapshots.restore(again)
    assert again.seen == ["first"]


def test_numbers_go_on_after_one_was_set_aside(snapshots: Snapshots) -> None:
    session = NotingSession()
    snapshots.save(session, NOON).path.write_bytes(b"")
    snapshots.restore(session)
    assert snapshots.save(session, NOON).number == 2


def test_forgetting_leaves_only_states_that_saw_nothing_of_it(snapshots: Snapshots) -> None:
    session = NotingSession()
    for number in range(5):
        session.seen = [str(number)]
        snapshots.save(session, NOON + minutes(number))
    snapshots.forget(NOON + minutes(2))
    snapshots.restore(session)
    assert session.seen == ["1"]


def test_a_state_saved_after_the_clock_was_set_back_still_knows_what_came_before(snapshots: Snapshots) -> None:
    session = NotingSession()
    snapshots.save(session, NOON)
    session.seen = ["the secret, at 12:10"]
    snapshots.save(session, NOON + minutes(10))
    session.seen.append("at 11:15, after the clock was set back; the newest time seen is still 12:10")
    snapshots.save(session, NOON + minutes(10))
    snapshots.forget(NOON + minutes(5))
    snapshots.restore(session)
    assert session.seen == []


def test_forgetting_everything_leaves_no_file_of_any_model_not_even_damaged_ones(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        session = NotingSession(name)
        snapshots.save(session, NOON).path.write_bytes(b"")
        snapshots.restore(session)
        snapshots.save(session, NOON)
    snapshots.forget(None)
    assert files(tmp_path) == []


def test_hours_of_states_are_thinned_to_many_recent_and_few_old_ones(snapshots: Snapshots) -> None:
    session = NotingSession()
    for number in range(0, 8 * 60, 3):
        last = snapshots.save(session, NOON + minutes(number))
    names = [path.name[11:31] for path in last.path.parent.iterdir()]
    times = sorted(datetime.strptime(name, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC) for name in names)
    assert len(times) == MOST
    for ago in (5, 10, 60, 240):  # whatever is forgotten, not much more than that goes with it
        before = max(time for time in times if time < last.newest - minutes(ago))
        assert last.newest - before <= minutes(1.5 * ago + 3)


def test_the_budget_holds_but_never_costs_the_newest(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "snapshots", budget=400)
    session = NotingSession()
    for number in range(20):
        session.seen = ["x" * 90, str(number)]
        snapshots.save(session, NOON + minutes(number))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 400
    snapshots.budget = 1
    session.seen = ["newest"]
    snapshots.save(session, NOON + minutes(21))
    assert len(files(tmp_path)) == 1
    snapshots.restore(session)
    assert session.seen == ["newest"]


def test_a_full_disk_leaves_the_older_states_and_no_rubbish(
    snapshots: Snapshots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = NotingSession()
    snapshots.save(session, NOON)
    before = files(tmp_path)

    def full() -> None:
        raise OSError(28, "No space left on device")

    session.on_save = full
    with pytest.raises(DiskFullError):
        snapshots.save(session, NOON + minutes(1))
    session.on_save = lambda: None

    def full_later(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_later)
    with pytest.raises(DiskFullError):
        snapshots.save(session, NOON + minutes(1))
    assert files(tmp_path) == before


def test_only_the_last_damaged_ones_are_kept(snapshots: Snapshots, tmp_path: Path) -> None:
    session = NotingSession()
    for number in range(6):
        snapshots.save(session, NOON + minutes(number)).path.write_bytes(b"")
        snapshots.restore(session)
    snapshots.save(session, NOON + minutes(7))
    assert sum(path.name.endswith(".bad") for path in files(tmp_path)) == MOST_BAD


def test_a_session_that_fails_to_load_is_told_like_damage(snapshots: Snapshots) -> None:
    class Refusing(NotingSession):
        def load(self, path: Path) -> None:
            raise StateError("of another version")

    snapshots.save(NotingSession(), NOON)
    assert len(snapshots.restore(Refusing())[1]) == 1
