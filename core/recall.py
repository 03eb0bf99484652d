"""Question + memory + timeline -> an answer with the moments that prove it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from core.frame import Pixels
from core.timeline.moment import Moment
from core.timeline.ocr import Reader
from core.timeline.store import Timeline

if TYPE_CHECKING:
    from core.session import Session

MAX_QUESTION = 4_000  # characters; a longer question is refused (InputError), never cut silently
Origin = Literal["memory", "evidence", "both", "none"]


@dataclass(frozen=True)
class Answer:
    """``moments``: the proof, best first; empty when nothing was found (origin "none")."""

    text: str
    origin: Origin
    moments: tuple[Moment, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)


class Recall:
    def __init__(self, timeline: Timeline, session: Session | None, reader: Reader | None = None) -> None:
        """``session`` None: answers from the timeline alone. ``reader``: reads a picture that is asked about,
        and the newest unread moments before answering (without it they are searched once they were read)."""
        raise NotImplementedError

    def ask(
        self, question: str, now: datetime, *, memory_only: bool = False, picture: Pixels | None = None
    ) -> Iterator[str | Answer]:
        """Pieces of text as they are made; the last item is the Answer, whose text replaces the pieces.

        Closing the generator cancels. Raises InputError for an empty or over-long question. ``now``: UTC; local
        time ("this morning") is the machine's.
        """
        raise NotImplementedError
