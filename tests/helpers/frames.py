"""Frames made by hand: plain screens, windows painted on them, and a sequence of them at a steady rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from core.frame import Frame, Monitor, Pixels, Rect, Window
from core.gate import Change, Gate, Refusal

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def blank(width: int = 560, height: int = 420, level: int = 255) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


def text(pixels: Pixels, left: int, top: int, seed: int, width: int = 7, height: int = 12) -> Pixels:
    """The picture with a patch of strong contrast on it, as a character makes one; a seed, a character."""
    drawn = pixels.copy()
    patch = np.random.default_rng(seed).integers(0, 2, (height, width, 1)) * 255
    drawn[top : top + height, left : left + width] = patch[: drawn.shape[0] - top, : drawn.shape[1] - left]
    return drawn


def frame(
    pixels: Pixels,
    seconds: float = 0.0,
    windows: Iterable[Window] = (),
    source: str = "screen:test",
    origin: tuple[int, int] = (0, 0),
    unsettled: Iterable[Window] = (),
    listed: bool = True,
) -> Frame:
    height, width = pixels.shape[:2]
    monitor = Monitor("test", Rect(*origin, width, height))
    time = START + timedelta(seconds=seconds)
    return Frame(pixels, time, seconds, source, monitor, tuple(windows), tuple(unsettled), listed)


def window(application: str, rect: Rect, title: str = "", **facts: object) -> Window:
    return Window(title=title, application=application, pid=hash(application) % 1000, rect=rect, **facts)  # type: ignore[arg-type]


def watched(
    gate: Gate, picture: Callable[[float], Pixels], seconds: float, rate: float = 4.0, start: float = 0.0
) -> list[tuple[float, Change | Refusal]]:
    """What the gate makes of a picture that changes with time, looked at ``rate`` times a second."""
    times = [start + number / rate for number in range(round(seconds * rate))]
    return [(time, gate.judge(frame(picture(time), time))) for time in times]


def changes(judged: Sequence[tuple[float, Change | Refusal]]) -> list[tuple[float, Change]]:
    return [(time, verdict) for time, verdict in judged if isinstance(verdict, Change)]


class Viewer:
    """Sees only what the gate lets through: the last content of every region."""

    def __init__(self) -> None:
        self.pixels: Pixels | None = None

    def see(self, verdict: Change | Refusal | None) -> None:
        if not isinstance(verdict, Change):
            return
        if self.pixels is None or self.pixels.shape != verdict.frame.pixels.shape:
            self.pixels = np.zeros_like(verdict.frame.pixels)
        for region in verdict.regions:
            r = region.rect
            self.pixels[r.top : r.bottom, r.left : r.right] = verdict.frame.pixels[r.top : r.bottom, r.left : r.right]
