"""What the engine process does between its start and its end: the parts, and the policy that binds them.

Pausing, forgetting, a full disk, changed settings, the truth about it all. Knows nothing of how it is asked
(app.desk) or of processes and signals (app.engine).
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app import intent, settings
from app.assistant import Assistant, Policy
from app.clock import ClockJournal
from app.exporting import Exports
from app.growth import Growth, Point
from app.intent import Intent
from app.mind import Mind
from app.notices import Notices
from app.paths import Paths
from app.protocol import Status
from app.reading import ReadingThread
from app.recorder import Opener, Recorder, RecorderFacts, Wanted
from app.settings import Settings
from app.snapshots import Snapshots
from app.sources import is_live
from app.truth import state_of
from core.config import CaptureConfig
from core.errors import EnvironmentTroubleError
from core.frame import utc_now
from core.meaning.embedding import Embedding
from core.timeline.ocr import Reader
from core.timeline.store import Timeline

if TYPE_CHECKING:
    from core.session import Session

GB: Final = 10**9
DISK_EVERY: Final = 2.0  # seconds between two looks at the free space and at the settings file
RECOVER_EVERY: Final = 10.0  # seconds until recording is tried again although the disk seemed to have room
THIN_EVERY: Final = 300.0
FIGURES_FOR: Final = 1.0  # seconds that the timeline's figures are good for
TROUBLE_LASTS: Final = 10.0  # seconds that one of several sources may be away before it is told
ROOM: Final = 1.05  # recording goes on when this much more than the limit is free

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Figures:
    """What the timeline says of itself, asked when ``noted`` moments were in: not for every status, it costs."""

    noted: int = 0
    moments: int = 0
    unread: int = 0
    disk_bytes: int = 0


class Service:
    """Built when the process holds the lock; ``start`` begins the threads, ``tick`` is called twice a second."""

    def __init__(self, paths: Paths, opener: Opener, changed: threading.Event) -> None:
        """``changed`` is set when the status has news. Raises EnvironmentTroubleError without a timeline."""
        self._paths = paths
        self._changed = changed
        self._lock = threading.RLock()  # over what users change: recording, pauses, settings
        self._started = utc_now()
        self._clock = ClockJournal()
        self.notices = Notices()
        self._settings = self._load_settings()
        self._settings_stamp = self._stamp()
        self.timeline = Timeline(paths.timeline, self._settings.timeline_config(), Embedding())
        for number, notice in enumerate(self.timeline.notices):
            self.notices.put(f"timeline-{number}", notice)
        reader = Reader()
        self._reading = ReadingThread(self.timeline, reader, self.notices)
        self._snapshots = Snapshots(paths.snapshots, int(self._settings.engine.snapshots_gb * GB))
        self.mind = Mind(self._opener(), self._snapshots, self.notices)
        self.assistant = Assistant(self.timeline, self.mind, reader, self._policy())
        self.recorder = Recorder(self.assistant, opener, self._capture_config())
        self.growth = Growth()
        self.exports = Exports()
        self._owner: object = None  # what the recording ends with, if it is somebody's
        self._trouble_since: float | None = None  # monotonic
        self._paused_until: float | None = None  # monotonic
        self._pause_seconds: float | None = None
        self._paused = False
        self._figures = _Figures()
        self._figures_at = -FIGURES_FOR
        self._next_disk_look = 0.0
        self._full_until = 0.0
        self._next_thinning = time.monotonic() + THIN_EVERY
        self._ending = False

    def start(self, *, resume: bool) -> None:
        """``resume``: record again what a killed engine was recording. Its pause holds in any case."""
        before = intent.read(self._paths.intent)
        self.mind.start()
        self._reading.start()
        self.recorder.start()
        if before is not None:
            log.info("the engine before this one did not end in order")
            if before.paused:
                self._take_up_pause(before)
            if resume and before.sources:
                self.recorder.watch(Wanted(before.sources))
        self._note_intent()

    def end_in_order(self) -> None:
        """From here on this is no crash, whatever happens: nobody is to start another engine because of it."""
        with self._lock:
            self._ending = True
            intent.clear(self._paths.intent)

    def stop(self) -> None:
        """Ends recording, saves the memory, closes the timeline."""
        self.recorder.close()
        self.exports.stop()
        self._reading.stop()
        self.mind.stop()
        self.timeline.close()

    # --- what users ask for ------------------------------------------------------------------------------------

    def watch(self, wanted: Wanted, *, owner: object = None) -> Future[str]:
        """Starts recording; see Recorder.watch for the future.

        ``owner``: whoever it is to end with, by :meth:`unwatch`; such a recording is not taken up after a crash.
        """
        with self._lock:
            self._owner = owner
            future = self.recorder.watch(wanted)
            self._note_intent()
        self._changed.set()
        return future

    def unwatch(self, *, owner: object = None) -> None:
        """Ends recording; with an ``owner`` only what was started for it and not replaced since."""
        with self._lock:
            if owner is not None and self._owner is not owner:
                return
            self._owner = None
            self.recorder.unwatch()
            self._note_intent()
        self._changed.set()

    def pause(self, seconds: float | None) -> None:
        """No frame is taken after this returns, for ``seconds`` or until resumed."""
        with self._lock:
            self._paused, self._pause_seconds = True, seconds
            self._paused_until = None if seconds is None else time.monotonic() + seconds
            self.recorder.hold("paused")
            self._note_intent()
        self._changed.set()

    def resume(self) -> None:
        with self._lock:
            self._paused, self._paused_until, self._pause_seconds = False, None, None
            self.recorder.release("paused")
            self._note_intent()
        self._changed.set()

    def forget(
        self,
        start: datetime | None,
        last_s: float | None,
        go_on: Callable[[], bool] = lambda: True,
        *,
        end: datetime | None = None,
        moments: Sequence[int] = (),
    ) -> Future[int]:
        """Deletes what was seen from ``start`` on (to ``end``), in the last ``last_s`` seconds, these ``moments``, or
        everything. The memory goes back to before the first of it.

        ``go_on`` is asked when its turn has come, and not any more once deleting has begun: it is done wholly or
        not at all. The future is cancelled where it says no.
        """
        if last_s is not None:
            start = self._clock.earliest(utc_now(), time.monotonic(), last_s)

        def work(_session: Session | None) -> int:
            if not go_on():
                raise CancelledError
            with self.recorder.quiet():
                if moments:
                    times = [found.time for id_ in moments if (found := self.timeline.get(id_)) is not None]
                    if not times:
                        return 0
                    self.mind.forget(min(times))
                    count = self.timeline.forget_moments(moments)
                else:
                    self.mind.forget(start)
                    count = self.timeline.forget(start, end)
            self._figures_at = -FIGURES_FOR
            self._changed.set()
            return count

        return self.mind.run(work)

    def change_setting(self, name: str, text: str) -> None:
        """Writes one setting and applies it. Raises InputError or DiskFullError."""
        with self._lock:
            self._apply(settings.store(self._paths, name, text))
            self._settings_stamp = self._stamp()

    @property
    def settings(self) -> Settings:
        return self._settings

    # --- the truth ---------------------------------------------------------------------------------------------

    def status(self) -> Status:
        now = time.monotonic()
        facts = self.recorder.facts
        state, reason = state_of(facts, now, self.assistant.excluded_now)
        mind, tally, figures = self.mind.facts, self.assistant.tally, self._fresh_figures(now)
        until = self._paused_until
        session = mind.session
        return Status(
            state=state,
            reason=reason,
            paused_until=None if until is None else utc_now() + timedelta(seconds=max(0.0, until - now)),
            sources=facts.sources,
            camera=facts.camera,
            frames_seen=tally.seen,
            frames_still=tally.still,
            frames_excluded=tally.excluded,
            frames_behind=mind.behind,
            frames_waiting=mind.waiting,
            tokens_seen=session.tokens_seen if session else 0,
            state_bytes=session.state_bytes if session else 0,
            last_frame_age_s=None if facts.newest is None else now - facts.newest,
            unread_moments=figures.unread,
            moments=figures.moments,
            disk_bytes=figures.disk_bytes,
            model=session.model if session else "",
            device=session.device if session else "",
            model_answers=session.answers if session else False,
            preparing=mind.preparing,
            pid=os.getpid(),
            started=self._started,
            last_snapshot=mind.last_snapshot,
            notices=self.notices.all(),
        )

    def _fresh_figures(self, now: float) -> _Figures:
        noted = self.assistant.noted
        if now - self._figures_at >= FIGURES_FOR or noted != self._figures.noted:
            with contextlib.suppress(EnvironmentTroubleError):  # the older ones serve until the disk has room again
                timeline = self.timeline
                self._figures = _Figures(noted, timeline.count(), timeline.backlog(), timeline.disk_bytes())
            self._figures_at = time.monotonic()
        return self._figures

    # --- twice a second ----------------------------------------------------------------------------------------

    def tick(self) -> None:
        now = time.monotonic()
        if self._clock.note(utc_now(), now):
            log.warning("the clock was set")
        with self._lock:
            if self._paused_until is not None and now >= self._paused_until:
                self.resume()
        self._note_growth(now)
        if now >= self._next_disk_look:
            self._next_disk_look = now + DISK_EVERY
            self._look_at_disk(now)
            self._look_at_settings()
        if now >= self._next_thinning:
            self._next_thinning = now + THIN_EVERY
            self._thin()
        facts = self.recorder.facts
        if facts.newest is not None and now - facts.newest < DISK_EVERY:
            self._reading.wake()
        self._tell_of_sources(facts, now)

    def _tell_of_sources(self, facts: RecorderFacts, now: float) -> None:
        """A source that stays away while others are recorded is worth a word; one that is soon back is not."""
        if not facts.trouble or not facts.sources:
            self._trouble_since = None
            self.notices.clear("source")
        elif self._trouble_since is None:
            self._trouble_since = now
        elif now - self._trouble_since >= TROUBLE_LASTS:
            self.notices.put("source", facts.trouble)

    def _note_growth(self, now: float) -> None:
        session = self.mind.facts.session
        if session is not None:
            point = Point(utc_now(), session.tokens_seen, session.state_bytes)
            self.growth.note(now, point, self.assistant.tally.seen)

    @property
    def idle(self) -> bool:
        """Nothing is being recorded, seen or read."""
        return self.recorder.facts.wanted is None and self.mind.facts.waiting == 0

    def _look_at_disk(self, now: float) -> None:
        limit = self._settings.engine.keep_free_gb * GB
        try:
            free = shutil.disk_usage(self._paths.data).free
        except OSError:
            return
        held = "disk_full" in self.recorder.facts.holds
        if free < limit and not held:
            self.recorder.hold("disk_full")
            held = True
        if not held:
            self.notices.clear("disk")
            return
        if self._full_until <= 0:
            self._full_until = now + RECOVER_EVERY
            self.notices.put("disk", "The disk is full, or the timeline's budget is used up: recording has stopped.")
            self._changed.set()
        if now >= self._full_until and free >= limit * ROOM:
            # The disk may have had room all along, and the timeline's budget not: then the next frame tells again.
            self._thin()
            self._full_until = 0.0
            self.recorder.release("disk_full")
            self._changed.set()

    def _thin(self) -> None:
        with contextlib.suppress(EnvironmentTroubleError):
            self.timeline.thin(utc_now())

    def _look_at_settings(self) -> None:
        """Takes up a settings file that was edited by hand."""
        with self._lock:
            stamp = self._stamp()
            if stamp != self._settings_stamp:
                self._settings_stamp = stamp
                self._apply(self._load_settings())

    # --- settings and intent -----------------------------------------------------------------------------------

    def _load_settings(self) -> Settings:
        loaded = settings.load(self._paths)
        if loaded.notices:
            self.notices.put("settings", " ".join(loaded.notices)[:1000])
        else:
            self.notices.clear("settings")
        return loaded.settings

    def _stamp(self) -> tuple[int, int] | None:
        try:
            facts = self._paths.settings.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size

    def _apply(self, fresh: Settings) -> None:
        policy_before = self._policy()
        before, self._settings = self._settings, fresh
        if self._policy() != policy_before:
            with self.recorder.quiet():
                self.assistant.apply(self._policy())
        self.recorder.configure(self._capture_config())
        self.timeline.configure(fresh.timeline_config())
        self._snapshots.budget = int(fresh.engine.snapshots_gb * GB)
        if fresh.model != before.model:
            self.mind.reopen(self._opener())
        self._next_disk_look = 0.0
        self._changed.set()

    def _capture_config(self) -> CaptureConfig:
        return replace(self._settings.capture_config(), permission=self._paths.data / "screen-permission")

    def _policy(self) -> Policy:
        capture = self._settings.capture_config()
        fastest = max([capture.busy_rate, capture.webcam_rate, *(rate for _, rate in capture.rates)])
        return Policy(self._settings.privacy_rules(), self._settings.privacy.memory_only, fastest)

    def _opener(self) -> _ModelOpener:
        return _ModelOpener(self._settings.model.path, self._settings.model.device)

    def _take_up_pause(self, before: Intent) -> None:
        seconds = before.pause_seconds
        if seconds is not None and before.paused_until is not None:
            seconds = min(seconds, (before.paused_until - utc_now()).total_seconds())
            if seconds <= 0:
                return
        self.pause(seconds)

    def _note_intent(self) -> None:
        if self._ending:
            return
        wanted = self.recorder.facts.wanted
        sources = wanted.sources if wanted and self._owner is None else ()
        left = None if self._paused_until is None else self._paused_until - time.monotonic()
        intent.write(
            self._paths.intent,
            Intent(
                sources=tuple(name for name in sources if is_live(name)),
                paused=self._paused,
                paused_until=None if left is None else utc_now() + timedelta(seconds=left),
                pause_seconds=self._pause_seconds,
            ),
        )


@dataclass(frozen=True)
class _ModelOpener:
    """Loads the chosen model and prepares its device; importing what that takes is left to the thread doing it."""

    path: str
    device: str

    def __call__(self, report: Callable[[float], None]) -> Session:
        from core.preparation import prepare
        from core.session import open_session

        threads = max(1, (os.cpu_count() or 2) // 2)  # the other half of the machine stays the user's
        session = open_session(Path(self.path).expanduser() if self.path else None, self.device, threads)
        prepare(session, report)
        return session
