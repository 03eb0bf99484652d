"""How the wall clock was set while the engine ran, so that "the last ten minutes" means what it says."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Final

JUMP: Final = 1.0  # seconds; a smaller difference is the clock being kept in step


class ClockJournal:
    """Call :meth:`note` often; times are UTC, and seconds that only ever grow."""

    def __init__(self) -> None:
        self._spans: deque[tuple[float, float]] = deque(maxlen=1000)  # (monotonic start, wall minus monotonic)

    def note(self, wall: datetime, monotonic: float) -> bool:
        """Whether the clock has jumped since the last call."""
        offset = wall.timestamp() - monotonic
        if self._spans and abs(offset - self._spans[-1][1]) < JUMP:
            return False
        self._spans.append((monotonic, offset))
        return len(self._spans) > 1

    def earliest(self, wall: datetime, monotonic: float, last_s: float) -> datetime:
        """The earliest time the clock showed in the last ``last_s`` seconds; at least that long ago by ``wall``."""
        start = monotonic - last_s
        times = [wall - timedelta(seconds=min(last_s, 10**9))]
        for index, (begun, offset) in enumerate(self._spans):
            ended = self._spans[index + 1][0] if index + 1 < len(self._spans) else monotonic
            if ended > start:
                times.append(datetime.fromtimestamp(max(0.0, max(start, begun) + offset), UTC))
        return min(times)
