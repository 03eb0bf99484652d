"""The timeline: every moment that was seen, with its picture and text, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import TimelineConfig
from core.timeline.moment import Hit, Line, Moment, SeenLine, Thinned

if TYPE_CHECKING:
    from core.gate import Change


class Timeline:
    """Public face (being filled in). One writer, any number of reading threads."""

    notices: tuple[str, ...]  # sentences for the user: a damaged file set aside, what was recovered

    def __init__(self, folder: Path, config: TimelineConfig) -> None:
        raise NotImplementedError

    def add(self, change: Change) -> list[Moment]:
        """One moment per changed window. Raises DiskFullError (nothing half-written; works again later)."""
        raise NotImplementedError

    def note_seen(self, source: str, time: datetime) -> None:
        """A frame of ``source`` came that showed nothing new: its open moments last until ``time`` at least."""
        raise NotImplementedError

    def note_gone(self, source: str, time: datetime) -> None:
        """``source`` stopped (paused, locked, lost): its open moments end."""
        raise NotImplementedError

    def get(self, id: int) -> Moment | None:
        raise NotImplementedError

    def lines(self, id: int) -> list[SeenLine]:
        """The lines of a moment in reading order, with boxes in its picture's pixels."""
        raise NotImplementedError

    def between(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        application: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Moment]:
        """Moments on screen at some time in [start, end], newest first."""
        raise NotImplementedError

    def count(
        self, start: datetime | None = None, end: datetime | None = None, application: str | None = None
    ) -> int:
        raise NotImplementedError

    def applications(self) -> list[str]:
        raise NotImplementedError

    def search(
        self,
        text: str,
        start: datetime | None = None,
        end: datetime | None = None,
        application: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> list[Hit]:
        """Full text, best first: words, parts of words, and tolerant of what reading gets wrong."""
        raise NotImplementedError

    def picture(self, id: int) -> bytes | None:
        """The encoded picture (WebP) of a moment; None where it was thinned away."""
        raise NotImplementedError

    def thumbnail(self, id: int) -> bytes | None:
        raise NotImplementedError

    def picture_path(self, id: int) -> Path | None:
        """The stored file, for showing outside (command line's "image")."""
        raise NotImplementedError

    def unread(self, limit: int) -> list[Moment]:
        """Moments whose text has not been read yet, newest first. See core.timeline.ocr.read_unread."""
        raise NotImplementedError

    def set_text(self, id: int, lines: Sequence[Line]) -> None:
        raise NotImplementedError

    def backlog(self) -> int:
        """How many moments have not been read yet."""
        raise NotImplementedError

    def forget(self, start: datetime | None, end: datetime | None = None) -> int:
        """Removes every moment on screen in [start, end] for good; the number of moments removed."""
        raise NotImplementedError

    def disk_bytes(self) -> int:
        raise NotImplementedError

    def thin(self, now: datetime) -> Thinned:
        """Applies the age limit and the budget. Call every few minutes and after DiskFullError."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
