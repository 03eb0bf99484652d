import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import mind as mind_module
from app.mind import WAITING, WAITING_FOR_MODEL, Mind, Report
from app.notices import Notices
from app.snapshots import Snapshots
from core.errors import DiskFullError, InputError, WeightsError
from core.preprocess import Observation
from core.session import Session
from tests.helpers.sessions import NotingSession

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def observation(number: int) -> Observation:
    return Observation(NOON + timedelta(seconds=number), str(number), ())


class Case:
    """A mind on a NotingSession, with the notices and snapshots around it."""

    def __init__(self, folder: Path) -> None:
        self.session = NotingSession(gate=threading.Event())
        self.notices = Notices()
        self.snapshots = Snapshots(folder, 10**6)
        self.mind = Mind(lambda _report: self.session, self.snapshots, self.notices)

    def seen(self) -> list[str]:
        """What was seen when everything before this call has been done."""
        assert self.session.gate is not None
        self.session.gate.set()
        self.mind.wait_for_room()
        while self.mind.facts.waiting:
            self.mind.run(lambda session: None).result()
        return self.mind.run(lambda session: list(self.session.seen)).result()


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    case = Case(tmp_path)
    case.mind.start()
    yield case
    assert case.session.gate is not None
    case.session.gate.set()
    case.mind.stop()


def test_what_is_shown_is_seen_in_order(case: Case) -> None:
    for number in range(5):
        case.mind.see(observation(number))
    assert case.seen() == ["0", "1", "2", "3", "4"]
    assert case.mind.facts.behind == 0


def test_a_slow_model_loses_the_oldest_and_holds_nobody_up(case: Case) -> None:
    case.mind.see(observation(0))
    case.session.began.wait()
    for number in range(1, 101):
        case.mind.see(observation(number))  # returns at once although the model is stuck on the first
    facts = case.mind.facts
    assert (facts.waiting, facts.behind) == (WAITING, 100 - WAITING)
    assert case.seen() == ["0", *map(str, range(101 - WAITING, 101))]


class Preparing:
    """An opener whose device takes its time: ``go_on`` lets it take the next of its steps."""

    def __init__(self, session: Session, steps: int = 2) -> None:
        self._session, self._steps = session, steps
        self.told = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def __call__(self, report: Report) -> Session:
        for step in range(self._steps):
            report(step / self._steps)
            self.told.release()
            self.go_on.acquire()
        report(1.0)
        return self._session


def test_what_comes_while_the_device_is_prepared_waits_and_is_seen(tmp_path: Path) -> None:
    session = NotingSession()
    opener = Preparing(session)
    mind = Mind(opener, Snapshots(tmp_path, 10**6), Notices())
    mind.start()
    told: list[float | None] = []
    for first in (0, WAITING_FOR_MODEL // 2):
        opener.told.acquire()
        told.append(mind.facts.preparing)
        for number in range(first, first + WAITING_FOR_MODEL // 2):
            mind.see(observation(number))
        opener.go_on.release()
    assert told == [0.0, 0.5]
    mind.wait_for_room()
    mind.run(lambda _session: None).result()
    while mind.facts.waiting:
        mind.run(lambda _session: None).result()
    mind.run(lambda _session: None).result()
    assert session.seen == [str(number) for number in range(WAITING_FOR_MODEL)]
    assert (mind.facts.behind, mind.facts.preparing) == (0, None)
    mind.stop()


def test_more_than_there_is_room_for_loses_the_oldest(tmp_path: Path) -> None:
    opener = Preparing(NotingSession(), steps=1)
    mind = Mind(opener, Snapshots(tmp_path, 10**6), Notices())
    mind.start()
    opener.told.acquire()
    for number in range(WAITING_FOR_MODEL + 3):
        mind.see(observation(number))
    assert (mind.facts.waiting, mind.facts.behind) == (WAITING_FOR_MODEL, 3)
    opener.go_on.release()
    mind.stop()


def test_ending_stops_the_preparation_at_its_next_step(tmp_path: Path) -> None:
    notices = Notices()
    opener = Preparing(NotingSession(), steps=100)
    mind = Mind(opener, Snapshots(tmp_path, 10**6), notices)
    mind.start()
    opener.told.acquire()
    stopping = threading.Thread(target=mind.stop)
    waiting = mind.run(lambda _session: None)
    stopping.start()
    while not waiting.cancelled():
        pass
    opener.go_on.release()
    stopping.join()
    assert notices.all() == ()
    assert mind.facts.preparing is None


def test_another_model_does_not_wait_for_the_first_ones_preparation(tmp_path: Path) -> None:
    opener = Preparing(NotingSession("first"), steps=100)
    mind = Mind(opener, Snapshots(tmp_path, 10**6), Notices())
    mind.start()
    opener.told.acquire()
    other = NotingSession("other")
    mind.reopen(lambda _report: other)
    opener.go_on.release()
    assert mind.run(lambda session: session is other).result()
    mind.stop()


def test_a_recording_waits_for_room_instead(case: Case) -> None:
    def feed() -> None:
        for number in range(3 * WAITING):
            case.mind.wait_for_room()
            case.mind.see(observation(number))

    feeder = threading.Thread(target=feed)
    feeder.start()
    case.session.began.wait()
    assert case.session.gate is not None
    case.session.gate.set()
    feeder.join()
    assert case.seen() == list(map(str, range(3 * WAITING)))
    assert case.mind.facts.behind == 0


def test_a_question_goes_before_what_waits_to_be_seen(case: Case) -> None:
    for number in range(3):
        case.mind.see(observation(number))
    case.session.began.wait()
    asked = case.mind.run(lambda session: list(case.session.seen))
    assert case.session.gate is not None
    case.session.gate.set()
    assert asked.result() == ["0"]


def test_an_error_belongs_to_whoever_asked(case: Case) -> None:
    def wrong(session: Session | None) -> None:
        raise InputError("too long")

    with pytest.raises(InputError):
        case.mind.run(wrong).result()
    assert case.mind.run(lambda session: 1).result() == 1


def test_a_failing_picture_is_told_and_the_next_one_is_seen(case: Case) -> None:
    case.session.failures = [RuntimeError("a title"), InputError("no picture")]
    case.mind.see(observation(0))
    case.mind.see(observation(1))
    case.seen()
    assert case.notices.all() == ("no picture",)
    case.mind.see(observation(2))
    assert case.seen() == ["2"]
    assert case.notices.all() == ()


def test_it_saves_at_the_end_and_takes_it_up_again(tmp_path: Path) -> None:
    first = Case(tmp_path)
    first.mind.start()
    first.mind.see(observation(1))
    assert first.seen() == ["1"]
    first.mind.stop()
    second = Case(tmp_path)
    second.mind.start()
    assert second.seen() == ["1"]
    assert second.mind.facts.last_snapshot == NOON + timedelta(seconds=1)
    second.mind.stop()


def test_it_saves_while_it_goes_on(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mind_module, "SAVE_EVERY", 0.0)
    saved = threading.Event()
    case.session.on_save = saved.set
    case.mind.see(observation(1))
    case.seen()
    saved.wait()
    assert case.mind.run(lambda session: len(list(tmp_path.rglob("*.state")))).result() >= 1


def test_a_large_state_is_saved_less_often(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mind_module, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(mind_module, "WRITTEN", 0.01)  # bytes a second: the second save is far away
    for number in range(3):
        case.mind.see(observation(number))
        case.seen()
    assert case.mind.run(lambda session: len(list(tmp_path.rglob("*.state")))).result() == 1


def test_a_full_disk_is_told_and_saving_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mind_module, "SAVE_EVERY", 0.01)
    case = Case(tmp_path)
    tries: list[int] = []
    enough, again = threading.Event(), threading.Event()

    def full() -> None:
        tries.append(1)
        enough.set()
        if not again.is_set():
            raise DiskFullError("The disk is full.")

    case.session.on_save = full
    case.mind.start()
    case.mind.see(observation(1))
    case.seen()
    enough.wait()
    while not case.notices.all():
        case.mind.run(lambda session: None).result()
    assert case.notices.all() == ("The disk is full.",)
    again.set()
    while case.notices.all():
        case.mind.run(lambda session: None).result()
    case.mind.stop()
    assert len(list(tmp_path.rglob("*.state"))) == 1


def test_without_a_model_questions_are_still_answered_and_the_reason_told(tmp_path: Path) -> None:
    notices = Notices()

    def missing(_report: Report) -> Session:
        raise WeightsError("config.json is missing.", "Download it again.")

    mind = Mind(missing, Snapshots(tmp_path, 1), notices)
    mind.start()
    assert mind.run(lambda session: session).result() is None
    assert "config.json is missing." in notices.all()[0]
    mind.see(observation(0))
    mind.stop()
    assert mind.facts.behind == 1


def test_another_model_is_taken_and_the_first_ones_memory_kept(case: Case) -> None:
    case.mind.see(observation(1))
    assert case.seen() == ["1"]
    other = NotingSession("other")
    case.mind.reopen(lambda _report: other)
    assert case.mind.run(lambda session: session is other).result()
    case.mind.reopen(lambda _report: NotingSession())
    assert case.mind.run(lambda session: session is not None and session.facts.frames_seen).result() == 1


def test_forgetting_goes_back_to_an_older_state_and_drops_what_waits(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.session.seen = ["old"]
    case.snapshots.save(case.session, NOON)
    case.session.seen = []
    case.mind.start()
    case.mind.see(observation(60))
    assert case.seen() == ["old", "60"]
    case.mind.run(lambda session: case.mind.forget(NOON + timedelta(seconds=30))).result()
    assert case.seen() == ["old"]
    case.mind.run(lambda session: case.mind.forget(None)).result()
    assert case.seen() == []
    case.mind.stop()
    assert list(tmp_path.rglob("*.state")) == []


def test_ending_does_not_wait_for_a_slow_model_to_see_the_rest(case: Case) -> None:
    for number in range(5):
        case.mind.see(observation(number))
    case.session.began.wait()
    stopping = threading.Thread(target=case.mind.stop)
    stopping.start()
    while case.mind.facts.waiting:
        pass
    assert case.session.gate is not None
    case.session.gate.set()
    stopping.join()
    assert case.session.seen == ["0"]


def test_a_question_that_waits_when_the_engine_ends_is_cancelled(case: Case) -> None:
    case.mind.see(observation(0))
    case.session.began.wait()
    waiting = case.mind.run(lambda session: None)
    stopping = threading.Thread(target=case.mind.stop)
    stopping.start()
    while not waiting.done():
        pass
    assert waiting.cancelled()
    assert case.mind.run(lambda session: None).cancelled()
    assert case.session.gate is not None
    case.session.gate.set()
    stopping.join()
