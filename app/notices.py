"""What the user should know of: trouble that lasts, and single events worth a sentence. Thread-safe."""

from __future__ import annotations

import logging
import threading
from typing import Final

MOST: Final = 20

log = logging.getLogger(__name__)


class Notices:
    """Sentences by subject, newest first; a new one on a subject replaces the old one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sentences: dict[str, str] = {}

    def put(self, subject: str, sentence: str) -> None:
        """``sentence`` says what happened and what to do, and never what the screen showed."""
        with self._lock:
            if self._sentences.get(subject) == sentence:
                return
            self._sentences.pop(subject, None)
            self._sentences[subject] = sentence
            while len(self._sentences) > MOST:
                del self._sentences[next(iter(self._sentences))]
        log.warning("%s: %s", subject, sentence)

    def clear(self, subject: str) -> None:
        """The trouble is over."""
        with self._lock:
            gone = self._sentences.pop(subject, None)
        if gone is not None:
            log.info("%s: over", subject)

    def all(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(reversed(self._sentences.values()))
