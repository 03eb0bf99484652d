"""What the timeline remembers: moments, the lines of text read from them, and what a search finds.

Plain values; knows nothing of files or databases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.frame import Rect


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as read from a picture. ``rect`` is in the pixels of what was read; 0 <= confidence <= 1.

    ``text`` is one row of one block: the cells of a table row are lines of their own with the same ``row``, which
    numbers the visual rows from the top.
    """

    text: str
    rect: Rect
    confidence: float = 1.0
    row: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """One window (or the desktop, or a camera) as it looked from ``time`` until ``ended``.

    ``rect``: where on the monitor, in frame pixels. ``text``: its lines, joined by newlines, empty while unread.
    ``picture``: the key of the stored picture; None where it was thinned away. ``ended``: the last time it was
    seen like this; None while it still is. Titles and text are untrusted: show them as plain text.
    """

    id: int
    time: datetime
    source: str
    application: str
    title: str
    rect: Rect
    text: str
    picture: str | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class SeenLine(Line):
    """A line as the timeline keeps it: ``rect`` in the moment's picture; when it was first and last on screen
    in a window of this application and title."""

    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A moment found by a search. ``lines``: the lines that matched, best first (empty: title or application
    matched); ``score``: by its words, higher is better, comparable within one search only; ``by_meaning``: none of
    the words is there in any form, only words near in meaning."""

    moment: Moment
    lines: tuple[SeenLine, ...]
    score: float
    by_meaning: bool = False


@dataclass(frozen=True, slots=True)
class Thinned:
    """What one thinning took away."""

    moments: int = 0
    pictures: int = 0
    freed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Density:
    """How many moments began in each part of a span of time: application -> counts, most used first.

    ``sources``: the screens and cameras they came from, by name.
    """

    counts: dict[str, tuple[int, ...]]
    sources: tuple[str, ...] = ()
