"""The engine's log file: bounded, for this user only, and without anything that was on the screen.

Messages of exceptions other than our own may quote titles, text or questions (SQLite quotes a query it cannot
parse), so the log has their kind and where they were raised, and no message.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from core.errors import AfterimageError

MAX_BYTES: Final = 1_000_000
OLD_FILES: Final = 3

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PrivateFormatter(logging.Formatter):
    """Times in UTC; exceptions without their messages, except those of our own and the system's."""

    def __init__(self) -> None:
        self.converter = time.gmtime
        super().__init__("%(asctime)sZ %(levelname)s %(name)s [%(threadName)s] %(message)s")

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the base class's name
        return "\n".join(_harmless(ei[1]))


def _harmless(error: BaseException | None) -> list[str]:
    lines: list[str] = []
    while error is not None and len(lines) < 200:
        frames = traceback.extract_tb(error.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}{_told(error)}")
        error = error.__cause__ or error.__context__
    return lines


def _told(error: BaseException) -> str:
    if isinstance(error, AfterimageError):
        return f": {error.message}"
    if isinstance(error, OSError) and error.strerror:
        return f": {error.strerror}"
    return ""


class _OwnOnlyHandler(logging.handlers.RotatingFileHandler):
    def _open(self) -> Any:
        os.close(os.open(self.baseFilename, os.O_CREAT | os.O_WRONLY, 0o600))
        return super()._open()


def start_log(path: Path) -> None:
    """Sends this process's log, and every thread's uncaught exceptions, to the file."""
    handler = _OwnOnlyHandler(path, maxBytes=MAX_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(PrivateFormatter())
    logging.getLogger().addHandler(logging.NullHandler())  # libraries may log what they are fed: they are not kept
    for ours in ("app", "core", "kernels", "__main__"):
        logging.getLogger(ours).setLevel(logging.INFO)
        logging.getLogger(ours).addHandler(handler)
    # A full disk must not print a traceback, message and all, for every line that cannot be logged.
    logging.raiseExceptions = False
    threading.excepthook = _thread_failed
    sys.excepthook = _process_failed


def _thread_failed(facts: threading.ExceptHookArgs) -> None:
    if facts.exc_value is not None:
        info = (facts.exc_type, facts.exc_value, facts.exc_traceback)
        logging.getLogger("app").critical("a thread ended by a bug", exc_info=info)


def _process_failed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("app").critical("the engine ended by a bug", exc_info=(kind, error, trace))
    print(f"The engine ended because of a bug ({kind.__name__}).", file=sys.stderr)  # noqa: T201 - the last words
