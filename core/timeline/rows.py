"""What the timeline's rows are made from: views of windows, and small helpers around the database.

Knows the frame and the tables; holds no connection and no files.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import DiskFullError
from core.frame import Pixels, Rect, Window
from core.timeline import schema

if TYPE_CHECKING:
    from core.gate import Change


@dataclass(slots=True)
class Open:
    """A moment that is still on screen."""

    application: str
    title: str
    rect: Rect
    seen: datetime


@dataclass(frozen=True, slots=True)
class UnreadPart:
    """What is to be read of a moment: rows ``top`` to ``top + height`` of its pixels (the rest was read with the
    moment ``base``), without what lies in ``covered`` (other windows)."""

    picture: str
    base: int | None
    top: int
    height: int
    covered: tuple[Rect, ...]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One window as it looks now."""

    source: str
    time: datetime
    application: str
    title: str
    rect: Rect  # frame pixels
    covered: tuple[Rect, ...]  # parts hidden by other windows, crop pixels
    crop: Pixels


@contextmanager
def told() -> Iterator[None]:
    """Turns SQLite's "no room" into the product's own error."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error) or "disk I/O" in str(error):
            raise DiskFullError(
                "The disk is full: recording has stopped.", "Free some space; it goes on by itself."
            ) from error
        raise


def by_window(change: Change) -> dict[Window | None, list[Rect]]:
    """The changed rectangles of each window (None: the desktop); what moves in panels is nothing to remember."""
    grouped: dict[Window | None, list[Rect]] = {}
    for region in change.regions:
        if region.window is not None and region.window.panel:
            continue
        grouped.setdefault(region.window, []).append(region.rect)
    return grouped


def hidden_parts(change: Change, window: Window | None, rect: Rect) -> list[Rect]:
    """What windows in front or privacy hide of ``rect``, in the crop's pixels. For the desktop, every window does."""
    covers = list(change.hidden)
    for other in change.frame.windows:
        if window is not None and other == window:
            break
        covers.append(change.frame.local(other.rect))
    parts = [cover.intersect(rect) for cover in covers]
    return [part.moved(-rect.left, -rect.top) for part in parts if part.area]


def same_place(earlier: Open, view: View) -> bool:
    """Whether the later view takes the earlier one's place: the same window, or the desktop where they overlap."""
    if earlier.application != view.application:
        return False
    if view.application:
        return earlier.rect == view.rect
    return earlier.rect.intersect(view.rect).area > 0


def window_id(db: sqlite3.Connection, view: View) -> int:
    named = (storable(view.application), storable(view.title))
    db.execute("INSERT OR IGNORE INTO window(application, title) VALUES (?, ?)", named)
    row = db.execute("SELECT id FROM window WHERE application = ? AND title = ?", named).fetchone()
    return int(row["id"])


def storable(text: str) -> str:
    """Text as SQLite takes it: broken Unicode (lone surrogates) replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def numbers(rect: Rect) -> tuple[int, int, int, int]:
    return rect.left, rect.top, rect.width, rect.height


@dataclass(frozen=True, slots=True)
class Where:
    """Which moments: on screen at some time in [start, end], of an application (case aside), of windows with
    ``title`` in theirs (case aside), of a source. None: any."""

    start: datetime | None = None
    end: datetime | None = None
    application: str | None = None
    title: str | None = None
    source: str | None = None


def overlap(where: Where) -> tuple[str, list[int | str]]:
    """The SQL condition on a moment m, and its values."""
    clauses, values = ["1"], list[int | str]()
    if where.end is not None:
        clauses.append("m.time <= ?")
        values.append(schema.to_micros(where.end))
    if where.start is not None:
        clauses.append("(m.ended >= ? OR m.open = 1)")
        values.append(schema.to_micros(where.start))
    windows, named = of_windows(where)
    if windows:
        clauses.append(f"m.window IN ({windows})")
        values += named
    if where.source:
        clauses.append("m.source = ?")
        values.append(where.source)
    return " AND ".join(clauses), values


def of_windows(where: Where) -> tuple[str, list[str]]:
    """The SQL query for the windows of the wanted application and title, and its values; empty: any window."""
    clauses, values = list[str](), list[str]()
    if where.application:
        clauses.append("application = ? COLLATE NOCASE")
        values.append(where.application)
    if where.title:
        clauses.append("title LIKE ? ESCAPE '!'")
        escaped = re.sub(r"([!%_])", r"!\1", where.title)
        values.append(f"%{escaped}%")
    return (f"SELECT id FROM window WHERE {' AND '.join(clauses)}" if clauses else ""), values
