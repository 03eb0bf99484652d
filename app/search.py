"""Searching the timeline as a person means it: the words themselves first, then words of the same meaning.

Turning pages does not search again. Knows no protocol.
"""

from __future__ import annotations

import itertools
import threading
import time
from typing import Final

from core.recall.words import STOP, synonyms
from core.timeline.rows import Where
from core.timeline.schema import words
from core.timeline.store import Timeline

MOST: Final = 1000  # moments that a search gives
FOUND_FOR: Final = 5.0  # seconds that what a search found is good for


class Search:
    """For any thread."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._lock = threading.Lock()
        self._last: tuple[str, Where] | None = None
        self._found: dict[int, bool] = {}
        self._found_at = 0.0

    def find(self, text: str, where: Where) -> dict[int, bool]:
        """The moments that match, best first, at most MOST, each with whether only its meaning does: by the words and
        words near in meaning; then by words of the same meaning."""
        now = time.monotonic()
        with self._lock:
            if self._last == (text, where) and now - self._found_at < FOUND_FOR:
                return self._found
        found = self._timeline.found(text, where, MOST, meaning=True)
        same = same_meaning(text)
        if same and len(found) < MOST:
            for moment in self._timeline.found(f"{text} {' '.join(same)}", where, MOST):
                found.setdefault(moment, True)
            found = dict(itertools.islice(found.items(), MOST))
        with self._lock:
            self._last, self._found, self._found_at = (text, where), found, now
        return found


def same_meaning(text: str) -> list[str]:
    """Words that mean about the same as those of ``text``, without these."""
    own = [word for word in words(text) if word not in STOP]
    return [other for other in dict.fromkeys(o for word in own for o in synonyms(word)) if other not in own]
