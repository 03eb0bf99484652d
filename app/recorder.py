"""The capture thread: asks each source for frames at its own pace and hands them on.

Sources that go are taken up again when they are back; the others go on. What it tells of itself is what really
happened: frames that arrived, not what was switched on. Knows nothing of the model, of disks or of askers.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from app.clock import SleepWatch
from app.protocol import SourceStatus
from core.capture.source import EndOfSource, Limited, Pace
from core.config import CaptureConfig
from core.errors import AfterimageError, DiskFullError, InputError
from core.gate import Change, Refusal

if TYPE_CHECKING:
    from core.capture.source import FrameSource
    from core.frame import Frame

LOCKED_RETRY: Final = 1.0  # seconds between two looks at a locked screen
REOPEN_AFTER: Final = 2.0  # seconds between two tries at a source that is not there
RESCAN_AFTER: Final = 10.0  # seconds between two looks for monitors that have appeared
HUNG_AFTER: Final = 3.0  # seconds for one frame, all the way, after which nobody waits for it
TROUBLE_PAUSE: Final = 1.0  # seconds of rest after a bug, so that it cannot spin

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What to record: "screen", "webcam", "webcam:<n>" or a path; ``fps`` for a folder of pictures."""

    sources: tuple[str, ...]
    fps: float | None = None


@dataclass(frozen=True)
class RecorderFacts:
    """``since``: monotonic time since which frames are expected; None: none are (idle or held)."""

    wanted: Wanted | None
    holds: frozenset[str]
    since: float | None
    sources: tuple[SourceStatus, ...]
    newest: float | None  # monotonic time of the last frame of any source
    locked: bool
    excluded: bool
    trouble: str
    camera: bool = False  # one is open: its light is on


class Line(Protocol):
    """What becomes of frames: see app.assistant."""

    def take(self, frame: Frame) -> Change | Refusal: ...
    def gone(self, source: str) -> None: ...
    def start_afresh(self) -> None: ...
    def wait_for_room(self) -> None: ...


class Opener(Protocol):
    """Where sources come from; called on the capture thread only."""

    def open(self, wanted: str, fps: float | None, config: CaptureConfig) -> list[FrameSource]: ...
    def present(self, config: CaptureConfig) -> frozenset[str]:
        """Names of the screen sources there are now."""
        ...


@dataclass(eq=False)
class Tap:
    """One open source and what came of it."""

    wanted: str
    source: FrameSource
    pace: Pace
    due: float = 0.0
    locked: bool = False
    excluded: bool = False
    finished: bool = False
    trouble: str = ""


@dataclass
class Count:
    """What came of a source so far, under its name; outlives its reopening."""

    frames: int = 0
    last: float | None = None  # monotonic
    last_time: datetime | None = None


@dataclass
class _Plan:
    """What the other threads want of the capture thread. Guarded by the recorder's condition."""

    wanted: Wanted | None = None
    config: CaptureConfig = field(default_factory=CaptureConfig)
    holds: set[str] = field(default_factory=set)
    restart: bool = False  # close what is open first: other sources, other settings
    stopping: bool = False
    first_try: Future[str] | None = None  # of a watch: resolved with its trouble, or failed with InputError


class Recorder:
    def __init__(self, line: Line, opener: Opener, config: CaptureConfig) -> None:
        self._line = line
        self._opener = opener
        self._changed = threading.Condition()
        self._plan = _Plan(config=config)
        self._taking = threading.Lock()
        # The capture thread's own; others read under the condition.
        self._taps: list[Tap] = []
        self._counts: dict[str, Count] = {}
        self._troubles: dict[str, str] = {}
        self._since: float | None = None
        self._retry_at = 0.0
        self._rescan_at = 0.0
        self._sleep = SleepWatch()
        self._thread = threading.Thread(target=self._live, name="capture")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and closes the sources."""
        with self._changed:
            self._plan.stopping = True
            self._changed.notify_all()
        self._thread.join()

    def watch(self, wanted: Wanted) -> Future[str]:
        """Records these sources instead of what was recorded before.

        The future's text is the trouble with the first try ("" without; it is tried again); it fails with
        InputError for what can never be recorded.
        """
        future: Future[str] = Future()
        with self._changed:
            self._abandon_first_try()
            self._plan.wanted, self._plan.restart, self._plan.first_try = wanted, True, future
            self._changed.notify_all()
        return future

    def unwatch(self) -> None:
        with self._changed:
            self._abandon_first_try()
            self._plan.wanted, self._plan.restart = None, True
            self._changed.notify_all()

    def configure(self, config: CaptureConfig) -> None:
        with self._changed:
            if config != self._plan.config:
                self._plan.config, self._plan.restart = config, True
                self._changed.notify_all()

    def hold(self, reason: str) -> None:
        """No frame is taken from when this returns until every reason is released."""
        with self._changed:
            self._plan.holds.add(reason)
            self._changed.notify_all()
        with self.quiet():
            pass  # what was on its way has arrived

    def release(self, reason: str) -> None:
        with self._changed:
            self._plan.holds.discard(reason)
            self._changed.notify_all()

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """No frame is on its way while this lasts. Not from the capture thread.

        A display that hangs is not waited for: what it hands out in the end is dropped if there is a hold by then.
        """
        taken = self._taking.acquire(timeout=HUNG_AFTER)
        try:
            yield
        finally:
            if taken:
                self._taking.release()

    @property
    def facts(self) -> RecorderFacts:
        now = time.monotonic()
        with self._changed:
            live = [tap for tap in self._taps if not tap.finished]
            return RecorderFacts(
                wanted=self._plan.wanted,
                holds=frozenset(self._plan.holds),
                since=self._since,
                sources=tuple(self._told(tap, now) for tap in self._taps),
                newest=max((c.last for c in self._counts.values() if c.last is not None), default=None),
                locked=bool(live) and all(tap.locked for tap in live),
                excluded=bool(live) and all(tap.excluded for tap in live),
                trouble=next(iter(self._troubles.values()), ""),
                camera=any(tap.source.name.startswith("webcam:") for tap in live),
            )

    def _told(self, tap: Tap, now: float) -> SourceStatus:
        count = self._counts[tap.source.name]
        return SourceStatus(
            name=tap.source.name,
            frames=count.frames,
            last_frame_age_s=None if count.last is None else now - count.last,
            last_frame_time=count.last_time,
            finished=tap.finished,
            trouble=tap.trouble,
        )

    # --- the capture thread ------------------------------------------------------------------------------------

    def _live(self) -> None:
        while True:
            with self._changed:
                if self._plan.stopping:
                    break
                restart, self._plan.restart = self._plan.restart, False
                active = self._plan.wanted is not None and not self._plan.holds
            try:
                if restart:
                    self._close_taps(lambda _tap: True)
                if not active:
                    self._rest()
                    continue
                if self._sleep.over():
                    self._close_taps(lambda tap: tap.source.live)
                self._open_missing()
                self._step()
            except Exception:
                log.exception("the capture thread stumbled")
                self._pause(TROUBLE_PAUSE)
        self._close_taps(lambda _tap: True)
        with self._changed:
            self._abandon_first_try()

    def _rest(self) -> None:
        """Waits while nothing is to be recorded; cameras and screens are let go meanwhile."""
        self._close_taps(lambda tap: tap.source.live)
        self._sleep.rest()
        with self._changed:
            self._since = None
            if self._plan.wanted is None:
                self._troubles.clear()
            self._resolve_first_try("")
            self._changed.wait_for(
                lambda: (
                    self._plan.stopping
                    or self._plan.restart
                    or (self._plan.wanted is not None and not self._plan.holds)
                )
            )

    def _open_missing(self) -> None:
        """Opens what is wanted and not open, at most every REOPEN_AFTER seconds."""
        with self._changed:
            wanted, config = self._plan.wanted, self._plan.config
            fresh = self._since is None
            if fresh:
                self._since = time.monotonic()
                self._retry_at = 0.0
        if wanted is None:
            return
        if fresh:
            self._line.start_afresh()
        now = time.monotonic()
        self._notice_new_monitors(wanted, config, now)
        names = _with_camera(wanted.sources, config)
        missing = [name for name in names if all(tap.wanted != name for tap in self._taps)]
        if not missing or now < self._retry_at:
            return
        self._retry_at = now + REOPEN_AFTER
        hopeless: InputError | None = None
        for name in missing:
            try:
                sources = self._opener.open(name, wanted.fps, config)
            except InputError as error:
                hopeless = error
                self._note_trouble(name, str(error))
            except AfterimageError as error:
                self._note_trouble(name, str(error))
            else:
                with self._changed:
                    self._troubles.pop(name, None)
                    for source in sources:
                        self._counts.setdefault(source.name, Count())
                        limit = source.most_rate if isinstance(source, Limited) else None
                        self._taps.append(Tap(name, source, Pace(config.paced(source.name, limit))))
        with self._changed:
            future = self._plan.first_try
            if hopeless is not None and future is not None:
                # Whoever asked gets the error and nothing of what was asked for. Later on it is trouble like any
                # other: a region that lies outside the desktop comes back with its monitor.
                future.set_exception(hopeless)
                self._plan.first_try, self._plan.wanted, self._plan.restart = None, None, True
            self._resolve_first_try(next(iter(self._troubles.values()), ""))

    def _notice_new_monitors(self, wanted: Wanted, config: CaptureConfig, now: float) -> None:
        """Lets the screens be opened again when there are others than those open."""
        if "screen" not in wanted.sources or now < self._rescan_at:
            return
        self._rescan_at = now + RESCAN_AFTER
        here = {tap.source.name for tap in self._taps if tap.wanted == "screen"}
        with contextlib.suppress(AfterimageError):  # no display to ask: its sources will tell
            if here and self._opener.present(config) - here:
                self._close_taps(lambda tap: tap.wanted == "screen")
                self._retry_at = 0.0

    def _step(self) -> None:
        """Takes one frame of the source whose turn it is, or waits for that turn."""
        now = time.monotonic()
        open_taps = [tap for tap in self._taps if not tap.finished]
        if self._taps and not open_taps:
            with self._changed:
                if not self._plan.restart:
                    self._plan.wanted = None  # every recording was fed to its end
            return
        if not open_taps:
            self._pause(max(0.0, self._retry_at - now))
            return
        tap = min(open_taps, key=lambda tap: tap.due)
        if tap.due > now:
            self._pause(tap.due - now)
            return
        if not tap.source.live:
            self._line.wait_for_room()
        try:
            self._take_from(tap)
        except EndOfSource:
            self._finish(tap, "")
        except DiskFullError as error:
            log.warning("no room for a frame")
            with self._changed:
                self._plan.holds.add("disk_full")
                tap.trouble = error.message
        except AfterimageError as error:
            if tap.source.live:
                self._note_trouble(tap.wanted, str(error))
                self._close_taps(lambda other: other is tap)
                self._retry_at = max(self._retry_at, time.monotonic() + REOPEN_AFTER / 4)
            else:
                self._finish(tap, str(error))

    def _take_from(self, tap: Tap) -> None:
        with self._taking:
            if self._wanted_elsewhere():
                return
            frame = tap.source.grab()
            if tap.source.live and self._wanted_elsewhere():
                return  # held while the display took its time
            verdict = None if frame is None else self._line.take(frame)
        now = time.monotonic()
        with self._changed:
            was_locked, tap.locked = tap.locked, frame is None
            if frame is not None:
                tap.excluded = verdict is Refusal.EXCLUDED
                tap.trouble = ""
                count = self._counts[tap.source.name]
                count.frames, count.last, count.last_time = count.frames + 1, now, frame.time
        if tap.locked and not was_locked:
            self._line.gone(tap.source.name)
        if tap.source.live:
            changed = None if frame is None else not isinstance(verdict, Refusal) or verdict is Refusal.RATE
            tap.pace.note(changed, now)
            wait = tap.pace.wait_seconds(now)
            tap.due = now + (LOCKED_RETRY if wait is None else wait)

    def _wanted_elsewhere(self) -> bool:
        with self._changed:
            return bool(self._plan.holds) or self._plan.restart or self._plan.stopping

    def _finish(self, tap: Tap, trouble: str) -> None:
        self._line.gone(tap.source.name)
        tap.source.close()
        with self._changed:
            tap.finished, tap.trouble = True, trouble

    def _note_trouble(self, wanted: str, trouble: str) -> None:
        with self._changed:
            self._troubles[wanted] = trouble

    def _close_taps(self, which: Callable[[Tap], bool]) -> None:
        closing = [tap for tap in self._taps if which(tap)]
        if not closing:
            return
        with self._changed:
            self._taps = [tap for tap in self._taps if tap not in closing]
            self._since = None if not self._taps else self._since
        for tap in closing:
            if not tap.finished:
                self._line.gone(tap.source.name)
                tap.source.close()

    def _pause(self, seconds: float) -> None:
        """Waits, unless something is wanted of this thread."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._plan.stopping or self._plan.restart or bool(self._plan.holds), timeout=seconds
            )

    def _resolve_first_try(self, trouble: str) -> None:
        """With the condition held."""
        future, self._plan.first_try = self._plan.first_try, None
        if future is not None:
            future.set_result(trouble)

    def _abandon_first_try(self) -> None:
        """With the condition held."""
        future, self._plan.first_try = self._plan.first_try, None
        if future is not None:
            future.cancel()


def _with_camera(wanted: tuple[str, ...], config: CaptureConfig) -> tuple[str, ...]:
    """The camera goes with the screen where the settings say so."""
    if config.webcam and "screen" in wanted and not any(name.startswith("webcam") for name in wanted):
        return (*wanted, "webcam")
    return wanted
