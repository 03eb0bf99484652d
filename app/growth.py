"""How the memory came to be what it is: tokens and bytes over time, and how fast frames come.

Knows numbers only; whoever has them notes them.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST: Final = 600  # points kept; when there are more, every second one goes and the rest lie twice as far apart
FIRST_STEP: Final = 1.0  # seconds between two points to begin with
RATE_OVER: Final = 10.0  # seconds that the frame rate is taken over


@dataclass(frozen=True, slots=True)
class Point:
    """``time``: aware; ``tokens``: seen by then; ``state_bytes``: what the memory took."""

    time: datetime
    tokens: int
    state_bytes: int


class Growth:
    """Any number of points in bounded memory, evenly spread over all the time noted. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: list[Point] = []
        self._step = FIRST_STEP
        self._noted_at = -FIRST_STEP
        self._frames: deque[tuple[float, int]] = deque()

    def note(self, now: float, point: Point, frames: int) -> None:
        """``now``: monotonic seconds; ``frames``: looked at so far. Fewer tokens than before: it had to forget."""
        with self._lock:
            self._frames.append((now, frames))
            while len(self._frames) > 2 and self._frames[1][0] <= now - RATE_OVER:
                self._frames.popleft()
            if self._points and point.tokens < self._points[-1].tokens:
                self._points = [earlier for earlier in self._points if earlier.tokens <= point.tokens]
            if now - self._noted_at < self._step:
                return
            self._noted_at = now
            self._points.append(point)
            if len(self._points) > MOST:
                self._points = self._points[::2]
                self._step *= 2

    def points(self) -> tuple[Point, ...]:
        with self._lock:
            return tuple(self._points)

    @property
    def frames_per_second(self) -> float:
        """Over the last seconds; 0 until there are two notes."""
        with self._lock:
            if len(self._frames) < 2:
                return 0.0
            (began, before), (ended, after) = self._frames[0], self._frames[-1]
            return max(0, after - before) / (ended - began) if ended > began else 0.0
