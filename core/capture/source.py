"""What every source of frames offers, and how often to ask it. No threads and no sleeping here: the app does that."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from core.config import CaptureConfig
from core.frame import Frame


class EndOfSource(Exception):  # noqa: N818 - like StopIteration: an ordinary end, no error
    """A recording has been delivered to its end."""


class FrameSource(Protocol):
    """Something to watch.

    ``name``: "screen:DP-1", "webcam:0", "replay:clip.avi". ``live``: False for a recording, which is delivered as
    fast as it is asked for.
    """

    @property
    def name(self) -> str: ...

    @property
    def live(self) -> bool: ...

    def grab(self) -> Frame | None:
        """One frame now; None: nothing to be had now (the session is locked).

        Raises SourceLostError (this source is gone), CaptureDeniedError, EndOfSource (a recording is over).
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class Limited(Protocol):
    """A source that is too dear to be asked more often."""

    @property
    def most_rate(self) -> float:
        """Frames a second."""
        ...


class Pace:
    """How long to wait between frames: short while things change, ever longer once they are still.

    Times are monotonic seconds, handed in.
    """

    def __init__(self, config: CaptureConfig) -> None:
        self._config = config
        self._changed_at: float | None = None
        self._noted_at: float | None = None
        self._locked = False

    def note(self, changed: bool | None, now: float) -> None:
        """What came of the frame taken at ``now``; None: there was none to be had, the session is locked."""
        self._noted_at = now
        self._locked = changed is None
        if changed or self._changed_at is None or now < self._changed_at:
            self._changed_at = now

    def wait_seconds(self, now: float) -> float | None:
        """Seconds until the next frame is due; None while locked: look again when the app sees fit."""
        if self._locked:
            return None
        if self._noted_at is None or self._changed_at is None:
            return 0.0
        return max(0.0, self._noted_at + self.interval(now) - now)

    def interval(self, now: float) -> float:
        """Seconds between frames at ``now``: constant while busy, then growing up to the still interval."""
        config = self._config
        shortest = 1.0 / config.busy_rate
        if self._changed_at is None:
            return shortest
        still_for = now - self._changed_at - config.calm_after
        return max(shortest, min(config.still_interval, shortest + max(0.0, still_for) / 4))
