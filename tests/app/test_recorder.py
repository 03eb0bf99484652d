import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from app import recorder as recorder_module
from app.clock import SleepWatch
from app.recorder import Recorder, RecorderFacts, Wanted
from core.capture.source import EndOfSource, FrameSource
from core.config import CaptureConfig
from core.errors import DiskFullError, DisplayMissingError, InputError, SourceLostError
from core.frame import Frame
from core.gate import Change, Refusal
from tests.helpers.frames import blank, frame

QUICK = CaptureConfig(busy_rate=1000.0, still_interval=0.001, calm_after=0.0)


class Source:
    """Gives what it is told to: frames, None (locked) or errors; the last for ever."""

    def __init__(self, name: str, *outcomes: object, live: bool = True) -> None:
        self._name = name
        self._outcomes = list(outcomes) or ["frame"]
        self._live = live
        self.closed = threading.Event()

    @property
    def name(self) -> str:
        return self._name

    @property
    def live(self) -> bool:
        return self._live

    def grab(self) -> Frame | None:
        assert not self.closed.is_set()
        outcome = self._outcomes[0] if len(self._outcomes) == 1 else self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return None if outcome is None else frame(blank(56, 56), source=self._name)

    def close(self) -> None:
        self.closed.set()


@dataclass
class World:
    """The line that takes frames and the opener of sources, as the recorder sees them."""

    opened: dict[str, Callable[[], list[FrameSource]]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    verdicts: queue.SimpleQueue[object] = field(default_factory=queue.SimpleQueue)
    taken: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    left: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    fresh: int = 0

    def take(self, taken: Frame) -> Change | Refusal:
        self.taken.put(taken.source)
        try:
            verdict = self.verdicts.get_nowait()
        except queue.Empty:
            return Refusal.STILL
        if isinstance(verdict, Exception):
            raise verdict
        assert isinstance(verdict, Refusal)
        return verdict

    def gone(self, source: str) -> None:
        self.left.put(source)

    def start_afresh(self) -> None:
        self.fresh += 1

    def wait_for_room(self) -> None:
        pass

    def open(self, wanted: str, fps: float | None, config: CaptureConfig) -> list[FrameSource]:
        return self.opened[wanted]()

    def present(self, config: CaptureConfig) -> frozenset[str]:
        return self.names


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("REOPEN_AFTER", "RESCAN_AFTER", "LOCKED_RETRY", "TROUBLE_PAUSE"):
        monkeypatch.setattr(recorder_module, name, 0.001)
    return World()


@pytest.fixture
def recorder(world: World) -> Iterator[Recorder]:
    recorder = Recorder(world, world, QUICK)
    recorder.start()
    yield recorder
    recorder.close()


def until(recorder: Recorder, condition: Callable[[RecorderFacts], bool]) -> RecorderFacts:
    """The facts once they are as wanted; the test's own time limit ends the wait."""
    while not condition(facts := recorder.facts):
        pass
    return facts


def test_frames_flow_and_are_counted_for_each_source(recorder: Recorder, world: World) -> None:
    world.opened["screen"] = lambda: [Source("screen:a"), Source("screen:b")]
    assert recorder.watch(Wanted(("screen",))).result() == ""
    facts = until(recorder, lambda facts: min((s.frames for s in facts.sources), default=0) > 3)
    assert [source.name for source in facts.sources] == ["screen:a", "screen:b"]
    assert world.fresh == 1


def test_a_hold_lets_no_frame_through_closes_what_is_live_and_starts_afresh_after(
    recorder: Recorder, world: World
) -> None:
    first = Source("screen:a")
    world.opened["screen"] = lambda: [first]
    recorder.watch(Wanted(("screen",))).result()
    world.taken.get()
    recorder.hold("paused")
    count = world.taken.qsize()
    first.closed.wait()
    assert world.taken.qsize() == count
    assert world.left.get() == "screen:a"
    second = Source("screen:a")
    world.opened["screen"] = lambda: [second]
    recorder.release("paused")
    until(recorder, lambda facts: bool(facts.sources))
    assert world.fresh == 2


def test_two_reasons_to_hold_must_both_go(recorder: Recorder, world: World) -> None:
    world.opened["screen"] = lambda: [Source("screen:a")]
    recorder.hold("paused")
    recorder.hold("disk_full")
    recorder.watch(Wanted(("screen",))).result()
    recorder.release("paused")
    assert recorder.facts.since is None
    recorder.release("disk_full")
    world.taken.get()


def test_a_lost_monitor_is_taken_up_again_and_the_others_go_on(recorder: Recorder, world: World) -> None:
    back = threading.Event()

    def camera() -> list[FrameSource]:
        if back.is_set():
            return [Source("webcam:0")]
        back.set()
        return [Source("webcam:0", "frame", SourceLostError("unplugged"))]

    world.opened = {"screen": lambda: [Source("screen:a")], "webcam": camera}
    recorder.watch(Wanted(("screen", "webcam"))).result()
    assert world.left.get() == "webcam:0"
    until(recorder, lambda facts: any(s.name == "webcam:0" and s.frames > 3 for s in facts.sources))
    assert recorder.facts.trouble == ""


def test_without_a_display_it_says_why_and_begins_when_there_is_one(recorder: Recorder, world: World) -> None:
    there = threading.Event()

    def screen() -> list[FrameSource]:
        if not there.is_set():
            raise DisplayMissingError("There is no screen.")
        return [Source("screen:a")]

    world.opened["screen"] = screen
    assert recorder.watch(Wanted(("screen",))).result() == "There is no screen."
    assert recorder.facts.wanted is not None
    assert recorder.facts.trouble == "There is no screen."
    there.set()
    world.taken.get()
    until(recorder, lambda facts: facts.trouble == "")


def test_what_can_never_be_recorded_is_refused_and_nothing_is_wanted(recorder: Recorder, world: World) -> None:
    def broken() -> list[FrameSource]:
        raise InputError("no video")

    world.opened = {"/a.avi": broken, "screen": lambda: [Source("screen:a")]}
    with pytest.raises(InputError):
        recorder.watch(Wanted(("/a.avi",))).result()
    until(recorder, lambda facts: facts.wanted is None)


def test_a_new_monitor_is_found(recorder: Recorder, world: World) -> None:
    screens = ["screen:a"]
    world.opened["screen"] = lambda: [Source(name) for name in screens]
    recorder.watch(Wanted(("screen",))).result()
    world.taken.get()
    screens.append("screen:b")
    world.names = frozenset(screens)
    until(recorder, lambda facts: len(facts.sources) == 2)


def test_a_locked_screen_is_no_frame_and_no_stall(recorder: Recorder, world: World) -> None:
    world.opened["screen"] = lambda: [Source("screen:a", "frame", None)]
    recorder.watch(Wanted(("screen",))).result()
    facts = until(recorder, lambda facts: facts.locked)
    assert facts.sources[0].frames == 1
    assert world.left.get() == "screen:a"


def test_a_full_disk_stops_recording_until_released(recorder: Recorder, world: World) -> None:
    world.opened["screen"] = lambda: [Source("screen:a")]
    world.verdicts.put(DiskFullError("full"))
    recorder.watch(Wanted(("screen",))).result()
    until(recorder, lambda facts: "disk_full" in facts.holds)
    until(recorder, lambda facts: facts.since is None)
    recorder.release("disk_full")
    until(recorder, lambda facts: any(s.frames for s in facts.sources))


def test_a_recording_is_fed_to_its_end_and_then_nothing_is_wanted(recorder: Recorder, world: World) -> None:
    recording = Source("replay:a", "frame", "frame", "frame", EndOfSource(), live=False)
    world.opened["/a"] = lambda: [recording]
    recorder.watch(Wanted(("/a",), fps=2.0)).result()
    facts = until(recorder, lambda facts: facts.wanted is None)
    assert [(s.frames, s.finished, s.trouble) for s in facts.sources] == [(3, True, "")]
    assert recording.closed.is_set()
    assert world.left.get() == "replay:a"


def test_a_recording_that_breaks_off_says_so(recorder: Recorder, world: World) -> None:
    world.opened["/a"] = lambda: [Source("replay:a", "frame", InputError("damaged"), live=False)]
    recorder.watch(Wanted(("/a",))).result()
    facts = until(recorder, lambda facts: facts.wanted is None)
    assert [(s.frames, s.finished, s.trouble) for s in facts.sources] == [(1, True, "damaged")]


def test_a_bug_in_the_line_does_not_end_recording(
    recorder: Recorder, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.opened["screen"] = lambda: [Source("screen:a")]
    world.verdicts.put(ZeroDivisionError())
    recorder.watch(Wanted(("screen",))).result()
    until(recorder, lambda facts: any(s.frames > 1 for s in facts.sources))
    assert "stumbled" in caplog.text


def test_watching_something_else_closes_what_was_watched(recorder: Recorder, world: World) -> None:
    first = Source("screen:a")
    world.opened = {"screen": lambda: [first], "webcam": lambda: [Source("webcam:0")]}
    recorder.watch(Wanted(("screen",))).result()
    recorder.watch(Wanted(("webcam",))).result()
    assert first.closed.is_set()
    recorder.unwatch()
    until(recorder, lambda facts: facts.wanted is None and not facts.sources)


def test_excluded_frames_show_as_such(recorder: Recorder, world: World) -> None:
    for _ in range(1000):
        world.verdicts.put(Refusal.EXCLUDED)
    world.opened["screen"] = lambda: [Source("screen:a")]
    recorder.watch(Wanted(("screen",))).result()
    until(recorder, lambda facts: facts.excluded)


def test_a_frame_of_a_display_that_hangs_is_dropped_if_recording_is_held_meanwhile(
    recorder: Recorder, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "HUNG_AFTER", 0.01)
    asked, go_on = threading.Event(), threading.Event()

    class Hanging(Source):
        def grab(self) -> Frame | None:
            asked.set()
            go_on.wait()
            return super().grab()

    world.opened["screen"] = lambda: [Hanging("screen:a")]
    recorder.watch(Wanted(("screen",))).result()
    asked.wait()
    recorder.hold("paused")
    go_on.set()
    assert world.left.get() == "screen:a"  # let go of
    assert world.taken.empty()


def test_nothing_is_on_its_way_while_it_is_quiet(recorder: Recorder, world: World) -> None:
    world.opened["screen"] = lambda: [Source("screen:a")]
    recorder.watch(Wanted(("screen",))).result()
    world.taken.get()
    with recorder.quiet():
        count = world.taken.qsize()
        assert recorder.facts.wanted is not None
        assert world.taken.qsize() == count


def test_after_a_sleep_what_was_on_screen_before_is_over(
    recorder: Recorder, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = Source("screen:a"), Source("screen:a")
    sources = [after, before]
    world.opened["screen"] = lambda: [sources.pop()]
    recorder.watch(Wanted(("screen",))).result()
    world.taken.get()
    slept = [True]
    monkeypatch.setattr(SleepWatch, "over", lambda _: bool(slept) and slept.pop())
    assert world.left.get() == "screen:a"
    before.closed.wait()
    until(recorder, lambda facts: bool(facts.sources))
    assert world.fresh == 2


def test_the_camera_goes_with_the_screen_only_where_the_settings_say_so(recorder: Recorder, world: World) -> None:
    world.opened = {"screen": lambda: [Source("screen:a")], "webcam": lambda: [Source("webcam:0")]}
    recorder.watch(Wanted(("screen",))).result()
    world.taken.get()
    assert not recorder.facts.camera
    recorder.configure(replace(QUICK, webcam=True))
    until(recorder, lambda facts: facts.camera)
    recorder.configure(QUICK)
    facts = until(recorder, lambda facts: not facts.camera and bool(facts.sources))
    assert [source.name for source in facts.sources] == ["screen:a"]


def test_a_camera_that_is_not_there_does_not_keep_the_screen_from_being_recorded(
    recorder: Recorder, world: World
) -> None:
    def missing() -> list[FrameSource]:
        raise SourceLostError("There is no camera number 0.")

    world.opened = {"screen": lambda: [Source("screen:a")], "webcam": missing}
    recorder.configure(replace(QUICK, webcam=True))
    assert recorder.watch(Wanted(("screen",))).result() == "There is no camera number 0."
    world.taken.get()
    facts = recorder.facts
    assert (facts.camera, facts.trouble) == (False, "There is no camera number 0.")
