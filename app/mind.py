"""The one thread that owns the model: what it sees, what it is asked, and when its memory is saved.

Nothing here holds up capture: what the model is too slow to see is dropped, oldest first, and counted. Knows
nothing of screens, files of moments or askers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from app.notices import Notices
from app.snapshots import Snapshots
from core.errors import AfterimageError
from core.frame import utc_now

if TYPE_CHECKING:
    from core.preprocess import Observation
    from core.session import Session, SessionFacts

WAITING: Final = 8  # observations; about 10 MB of pixels
WAITING_FOR_MODEL: Final = 120  # while it is opened: half a minute of the gate's fastest, about 150 MB
SAVE_EVERY: Final = 60.0  # seconds, for a small state; also after a save that failed
WRITTEN: Final = 2e9 / 3600  # bytes a second that saving a large state may take of the disk, on average

T = TypeVar("T")
Report = Callable[[float], None]
Opener = Callable[[Report], "Session"]
Job = tuple[Callable[["Session | None"], Any], "Future[Any]"]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MindFacts:
    """``session``: None while the model is loading or where it could not be loaded. ``preparing``: the share done of
    preparing the device for it; None: that is not under way."""

    session: SessionFacts | None = None
    preparing: float | None = None
    behind: int = 0
    waiting: int = 0
    last_snapshot: datetime | None = None
    shown: Observation | None = None  # what the model saw last
    views: int = 0  # grows with every observation seen


class _GivenUpError(Exception):
    """Opening the model was left off: another one is wanted, or none any more."""


class Mind:
    """See :meth:`start`; every method may be called from any thread."""

    def __init__(self, opener: Opener, snapshots: Snapshots, notices: Notices) -> None:
        """``opener`` loads the model and prepares the device for it, and reports the share done of the latter; it
        runs on the mind's own thread, and is stopped by what reporting raises."""
        self._opener = opener
        self._snapshots = snapshots
        self._notices = notices
        self._changed = threading.Condition()
        self._observations: deque[Observation] = deque()
        self._jobs: deque[Job] = deque()
        self._reopen = True
        self._most = WAITING_FOR_MODEL  # observations that may wait now
        self._stopping = False
        self._session: Session | None = None
        self._facts = MindFacts()
        self._newest: datetime | None = None  # the latest time in the memory state
        self._unsaved = False
        self._saved_at = time.monotonic()
        self._written = 0  # bytes, by the last save; 0 where it failed
        self._thread = threading.Thread(target=self._live, name="mind")

    @property
    def facts(self) -> MindFacts:
        with self._changed:
            return replace(self._facts, waiting=len(self._observations))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Saves and ends. Questions that wait are cancelled, and what waits to be seen is left to the timeline."""
        with self._changed:
            self._stopping = True
            self._facts = replace(self._facts, behind=self._facts.behind + len(self._observations))
            self._observations.clear()
            for _work, future in self._jobs:
                future.cancel()
            self._jobs.clear()
            self._changed.notify_all()
        self._thread.join()

    def wait_for_room(self) -> None:
        """Blocks until something can be seen without losing another: for recordings, which can wait."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._observations) < WAITING or self._stopping)

    def see(self, observation: Observation) -> None:
        """Queues an observation. The newest win: a full queue loses its oldest. What comes while the model is opened
        waits, as much as there is room for, until the model has caught up."""
        with self._changed:
            if len(self._observations) >= self._most:
                self._observations.popleft()
                self._facts = replace(self._facts, behind=self._facts.behind + 1)
            self._observations.append(observation)
            self._changed.notify_all()

    def run(self, work: Callable[[Session | None], T]) -> Future[T]:
        """Runs ``work`` on the model's thread, before what waits to be seen. The session is None without a model."""
        future: Future[T] = Future()
        with self._changed:
            if self._stopping:
                future.cancel()
                return future
            self._jobs.append((work, future))
            self._changed.notify_all()
        return future

    def reopen(self, opener: Opener) -> None:
        """Saves, then goes on with the model that ``opener`` loads and the memory last saved with it."""
        with self._changed:
            self._opener = opener
            self._reopen = True
            self._most = WAITING_FOR_MODEL
            self._changed.notify_all()

    def forget(self, start: datetime | None) -> None:
        """Goes back to a state that saw nothing at or after ``start``. Only from work given to :meth:`run`."""
        with self._changed:
            self._observations.clear()
            self._changed.notify_all()
        # Deleted before the timeline's moments are and before the state is replaced: a crash in between must not
        # bring back what was to be forgotten.
        self._snapshots.forget(start)
        if self._session is not None:
            self._session.reset()
            self._newest = None
            self._restore(self._session)
            self._note_facts()
        with self._changed:
            self._facts = replace(self._facts, shown=None)
        self._unsaved = False

    def _live(self) -> None:
        """The thread."""
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, timeout=self._until_save())
                reopen, self._reopen = self._reopen, False
                job = self._jobs.popleft() if self._jobs and not reopen else None
                observation = None
                if not reopen and job is None and self._observations:
                    observation = self._observations.popleft()
                    self._changed.notify_all()
                if not reopen and len(self._observations) < WAITING:
                    self._most = WAITING
                ending = self._stopping and not (reopen or job or observation)
            if reopen:
                self._open()
            elif job is not None:
                self._do(*job)
            elif observation is not None:
                self._see(observation)
            if ending or self._until_save() <= 0:
                self._save()
            if ending:
                return

    def _has_work(self) -> bool:
        return bool(self._reopen or self._jobs or self._observations or self._stopping)

    def _until_save(self) -> float:
        """Seconds until the next snapshot is due; a long time when there is nothing to save."""
        pause = max(SAVE_EVERY, self._written / WRITTEN)
        return max(0.0, self._saved_at + pause - time.monotonic()) if self._unsaved else SAVE_EVERY

    def _open(self) -> None:
        self._save()
        self._session = None
        self._note_facts()
        try:
            session = self._opener(self._report)
            self._restore(session)
        except _GivenUpError:
            return
        except AfterimageError as error:
            self._notices.put("model", f"{error} Until then, answers come from the timeline alone.")
            return
        except Exception:
            log.exception("the model could not be opened")
            self._notices.put("model", "The model could not be loaded; answers come from the timeline alone.")
            return
        finally:
            self._note_preparing(None)
        self._notices.clear("model")
        self._session = session
        self._note_facts()

    def _report(self, share: float) -> None:
        """Hears how far the device is prepared. Raises _GivenUpError once that is not wanted any more."""
        self._note_preparing(share)
        with self._changed:
            if self._stopping or self._reopen:
                raise _GivenUpError

    def _note_preparing(self, share: float | None) -> None:
        with self._changed:
            self._facts = replace(self._facts, preparing=share)

    def _restore(self, session: Session) -> None:
        snapshot, told = self._snapshots.restore(session)
        for sentence in told:
            self._notices.put("snapshot", sentence)
        self._newest = snapshot.newest if snapshot else None
        with self._changed:
            self._facts = replace(self._facts, last_snapshot=snapshot.newest if snapshot else None)

    def _do(self, work: Callable[[Session | None], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work(self._session))
        except BaseException as error:  # noqa: BLE001 - belongs to whoever asked; the thread goes on
            future.set_exception(error)

    def _see(self, observation: Observation) -> None:
        if self._session is None:
            with self._changed:
                self._facts = replace(self._facts, behind=self._facts.behind + 1)
            return
        try:
            self._session.see(observation)
        except AfterimageError as error:
            self._notices.put("seeing", str(error))
            return
        except Exception:
            log.exception("an observation could not be seen")
            self._notices.put("seeing", "The model failed on a picture; the timeline has it. See the log.")
            return
        self._notices.clear("seeing")
        self._newest = max(observation.time, self._newest or observation.time)
        self._unsaved = True
        with self._changed:
            self._facts = replace(self._facts, shown=observation, views=self._facts.views + 1)
        self._note_facts()

    def _save(self) -> None:
        if self._session is None or not self._unsaved or self._newest is None:
            return
        self._saved_at, self._written = time.monotonic(), 0
        try:
            snapshot = self._snapshots.save(self._session, self._newest)
        except AfterimageError as error:
            self._notices.put("saving", str(error))
            return
        self._written = snapshot.size
        self._unsaved = False
        self._notices.clear("saving")
        with self._changed:
            self._facts = replace(self._facts, last_snapshot=utc_now())

    def _note_facts(self) -> None:
        facts = self._session.facts if self._session else None
        with self._changed:
            self._facts = replace(self._facts, session=facts)
