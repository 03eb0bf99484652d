"""What a source delivers: pixels with their time, place and the windows that were visible.

Knows nothing of where frames come from or what becomes of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

# Options that make a browser browse privately. Chromium's windows do not say so in their titles, so they are noted
# among a window's names where its process was started with one.
PRIVATE_OPTIONS = frozenset({"--incognito", "--inprivate", "--private-window", "-private-window", "--private"})

Pixels = NDArray[np.uint8]  # [H, W, 3], RGB


@dataclass(frozen=True, slots=True, order=True)
class Rect:
    """A rectangle in whole pixels; ``width`` and ``height`` may be 0 (empty)."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def centre(self) -> tuple[int, int]:
        return self.left + self.width // 2, self.top + self.height // 2

    def contains(self, x: int, y: int) -> bool:
        return self.left <= x < self.right and self.top <= y < self.bottom

    def intersect(self, other: Rect) -> Rect:
        """The common part; an empty rectangle (area 0) where there is none."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        width = min(self.right, other.right) - left
        height = min(self.bottom, other.bottom) - top
        return Rect(left, top, width, height) if width > 0 and height > 0 else Rect(left, top, 0, 0)

    def moved(self, dx: int, dy: int) -> Rect:
        return Rect(self.left + dx, self.top + dy, self.width, self.height)

    @staticmethod
    def around(rects: Iterable[Rect]) -> Rect:
        """The smallest rectangle that holds all of ``rects``; raises ValueError on none."""
        rects = list(rects)
        left, top = min(r.left for r in rects), min(r.top for r in rects)
        return Rect(left, top, max(r.right for r in rects) - left, max(r.bottom for r in rects) - top)


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor: its name, its rectangle on the desktop in physical pixels, and its scale (1.0 = 96 dpi)."""

    name: str
    rect: Rect
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Window:
    """A visible window. Its title is untrusted text: show it as plain text, never as markup or a path."""

    title: str
    application: str
    pid: int | None
    rect: Rect  # desktop pixels
    focused: bool = False
    opaque: bool = True  # False: what lies behind may show through
    names: tuple[str, ...] = ()  # what else the application is called (process, class), for privacy rules
    panel: bool = False  # a bar or dock of the desktop's own: clocks and status icons, no moments


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one source at one moment.

    ``pixels``: uint8 [H, W, 3] RGB. ``time``: UTC, for people. ``monotonic``: seconds, for intervals (the wall
    clock may be set back). ``windows``: front to back, as visible on this frame's monitor; empty for cameras.
    ``unsettled``: the windows as they were before the picture was taken, where they were not as after it; privacy
    heeds both. ``listed``: False where the windows could not be read although there may be some.
    """

    pixels: Pixels
    time: datetime
    monotonic: float
    source: str  # "screen:<monitor name>", "webcam:<n>", "replay:<file name>"
    monitor: Monitor
    windows: tuple[Window, ...] = ()
    unsettled: tuple[Window, ...] = ()
    listed: bool = True

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(f"pixels must be uint8 [H, W, 3], not {self.pixels.dtype} {self.pixels.shape}")
        if self.time.tzinfo is not UTC:
            raise ValueError("a frame's time must be in UTC")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def active(self) -> Window | None:
        """The focused window, if it is on this frame's monitor."""
        return next((window for window in self.windows if window.focused), None)

    def local(self, rect: Rect) -> Rect:
        """A desktop rectangle in this frame's own pixels, cut to the frame."""
        width, height = self.size
        here = rect.moved(-self.monitor.rect.left, -self.monitor.rect.top)
        return here.intersect(Rect(0, 0, width, height))


def utc_now() -> datetime:
    return datetime.now(UTC)
