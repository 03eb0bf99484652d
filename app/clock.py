"""Time as it really passed: how the wall clock was set while the engine ran, and whether the machine slept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

JUMP: Final = 1.0  # seconds; a smaller difference is the clock being kept in step
ASLEEP: Final = 5.0  # seconds that passed without this process, from which on the machine counts as having slept
UNWATCHED: Final = 120.0  # the same where time goes on during sleep: longer than any pause between two looks


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


class SleepWatch:
    """Whether the machine slept between two looks. Linux and macOS stop monotonic time meanwhile, Windows does not.

    A wall clock set forward reads as sleep where the system has no clock that counts it: that does no harm.
    """

    def __init__(
        self, real: Callable[[], float] | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """``real``: seconds that go on during sleep; the system's best by default."""
        self._real, self._monotonic = real or _real_seconds, monotonic
        self._seen: tuple[float, float] | None = None

    def over(self) -> bool:
        """Call at every look: True for the first one after a sleep."""
        real, monotonic = self._real(), self._monotonic()
        before, self._seen = self._seen, (real, monotonic)
        if before is None:
            return False
        watched = monotonic - before[1]
        return watched > UNWATCHED or (real - before[0]) - watched > ASLEEP

    def rest(self) -> None:
        """There will be no looks for a while, of which nothing is to be made."""
        self._seen = None


def _real_seconds() -> float:
    counts_sleep: int | None = getattr(time, "CLOCK_BOOTTIME", None)  # Linux alone has it
    return time.time() if counts_sleep is None else time.clock_gettime(counts_sleep)
