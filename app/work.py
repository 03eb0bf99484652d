"""Work that takes long: on a thread of its own, with progress, and cancelled by whoever asked for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from app import protocol
from app.server import Reply
from core.errors import AfterimageError, InputError

TELL_EVERY: Final = 0.1  # seconds between two reports of progress

Report = Callable[[float, str], None]  # share done (0 to 1), what is being done; raises StoppedError
Work = Callable[[Report], str]  # gives a sentence about the outcome, or nothing

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """Whoever asked for the work does not want it any more."""


class Workbench:
    """One piece of work of a kind at a time. ``close`` stops all of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._under_way: dict[str, threading.Thread] = {}

    def begin(self, kind: str, reply: Reply, work: Work) -> None:
        """Answers ``reply`` with Progress and then Done, Failure or (by the server) Cancelled.

        Work of a kind that is under way already raises InputError.
        """
        with self._lock:
            if self._closing.is_set() or kind in self._under_way:
                raise InputError("This is under way already.", "Wait until it is done, or cancel it.")
            thread = threading.Thread(target=self._run, args=(kind, reply, work), name=f"work-{kind}")
            self._under_way[kind] = thread
            thread.start()

    def close(self) -> None:
        """Returns when every piece of work has stopped."""
        with self._lock:
            self._closing.set()
            threads = list(self._under_way.values())
        for thread in threads:
            thread.join()

    def _run(self, kind: str, reply: Reply, work: Work) -> None:
        outcome: protocol.Done | None = None
        failure: tuple[str, str] | None = None
        try:
            outcome = protocol.Done(id=reply.id, message=work(self._report_to(reply)))
        except StoppedError:
            failure = ("The engine is ending.", "Start it again.")  # unread where the asker itself cancelled
        except AfterimageError as error:
            failure = (error.message, error.remedy)
        except Exception:
            log.exception("work of kind %s failed", kind)
            failure = ("The engine could not do this because of a bug.", "The log has what a report needs.")
        with self._lock:
            del self._under_way[kind]  # before the answer: who gets it may ask again at once
        if outcome is not None:
            reply.put(outcome)
        elif failure is not None:
            reply.fail(*failure)

    def _report_to(self, reply: Reply) -> Report:
        told_at = float("-inf")
        told = ""

        def report(share: float, message: str) -> None:
            nonlocal told_at, told
            if reply.cancelled.is_set() or self._closing.is_set():
                raise StoppedError
            now = time.monotonic()
            if now - told_at >= TELL_EVERY or message != told:
                told_at, told = now, message
                reply.put(protocol.Progress(id=reply.id, done=min(1.0, max(0.0, share)), message=message))

        return report
