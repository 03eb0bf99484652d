"""Is this frame worth seeing? Privacy first, then change and rate.

What privacy refuses goes no further than here. Knows nothing of the model, of files or of the wall clock: time is
what the frames say (``Frame.monotonic``), so a replay is judged exactly as the live screen was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.frame import Frame, Rect, Window


@dataclass(frozen=True, slots=True)
class ChangedRegion:
    """A rectangle of the frame whose content is news.

    ``rect``: frame pixels, on the grid of CELL pixels, cut at the frame's edge. ``window``: the frontmost window
    there; None: the desktop.
    """

    rect: Rect
    window: Window | None


class Refusal(StrEnum):
    """Why a frame is not worth seeing."""

    STILL = "still"  # nothing new on it
    EXCLUDED = "excluded"  # privacy: see Gate.excluded_now
    RATE = "rate"  # too soon after the last one, or only places that have used up their share of attention


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A frame with news on it. ``frame`` has the excluded windows painted out and their entries removed."""

    frame: Frame
    regions: tuple[ChangedRegion, ...]  # never empty
    share: float  # changed share of the frame's area, 0 to 1
    first: bool  # the source's first frame, or the first after a gap: the regions cover all of it
