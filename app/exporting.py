"""Exports, each on a thread of its own: they take minutes, and whoever waits can see how far they are and stop them.

One at a time: two would only be slower. Knows nothing of what is written.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Final

from app import protocol
from app.server import Reply
from core.errors import AfterimageError, InputError

TELL_EVERY: Final = 0.01  # share done between two Progress events

log = logging.getLogger(__name__)


class Exports:
    """``begin`` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def begin(self, work: Callable[[], Iterator[float]], reply: Reply, message: str) -> None:
        """Runs ``work`` to its end, or until ``reply`` is cancelled; Done carries ``message``. Raises InputError."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise InputError("Another export is under way.", "Wait until it is done, or cancel it.")
            self._thread = threading.Thread(target=self._run, args=(work, reply, message), name="export")
            self._thread.start()

    def stop(self) -> None:
        """Ends the export under way, which takes back what it wrote, and waits for it."""
        self._stopping.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self, work: Callable[[], Iterator[float]], reply: Reply, message: str) -> None:
        steps = work()
        told = 0.0
        try:
            for done in steps:
                if reply.cancelled.is_set() or self._stopping.is_set():
                    reply.put(protocol.Cancelled(id=reply.id))
                    return
                if done - told >= TELL_EVERY:
                    told = done
                    reply.put(protocol.Progress(id=reply.id, done=done))
            reply.put(protocol.Done(id=reply.id, message=message))
        except AfterimageError as error:
            reply.fail(error.message, error.remedy)
        except Exception:
            log.exception("an export failed")
            reply.fail("The export failed because of a bug.", "The log has what a report needs.")
        finally:
            close = getattr(steps, "close", None)
            if close is not None:
                close()
