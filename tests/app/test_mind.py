import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import mind as mind_module
from app.mind import WAITING, Mind
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
        self.mind = Mind(lambda: self.session, self.snapshots, self.notices)

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

    def missing() -> Session:
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
    case.mind.reopen(lambda: other)
    assert case.mind.run(lambda session: session is other).result()
    case.mind.reopen(lambda: NotingSession())
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
