"""Drawn screens for the timeline's tests: windows with lines of text, as frames and changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from PIL import Image, ImageDraw

from core.frame import Frame, Monitor, Pixels, Rect, Window
from core.gate import Change, ChangedRegion
from core.timeline.moment import Line

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SIZE = (840, 560)  # width, height
WHOLE = Rect(0, 0, *SIZE)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def drawn(lines: Sequence[str], size: tuple[int, int] = SIZE, shade: int = 250) -> Pixels:
    """[H, W, 3]: lines of text, 28 pixels apart."""
    picture = Image.new("RGB", size, (shade, shade, shade))
    pen = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        pen.text((10, 6 + 28 * row), line, fill=(20, 20, 20), font_size=16)
    return np.asarray(picture)


def window(title: str = "notes", application: str = "editor", rect: Rect = WHOLE, focused: bool = True) -> Window:
    return Window(title, application, 100, rect, focused)


def frame(pixels: Pixels, seconds: float, windows: Sequence[Window] = (), source: str = "screen:one") -> Frame:
    height, width = pixels.shape[:2]
    monitor = Monitor("one", Rect(0, 0, width, height))
    return Frame(pixels, at(seconds), 1000.0 + seconds, source, monitor, tuple(windows))


def change(
    lines: Sequence[str],
    seconds: float,
    shown: Window | None = None,
    part: Rect | None = None,
    source: str = "screen:one",
    first: bool = False,
) -> Change:
    """One window filling the screen, showing ``lines``; ``part``: what of it changed (all of it)."""
    shown = shown or window()
    pixels = drawn(lines)
    rect = part or Rect(0, 0, *SIZE)
    share = rect.area / (SIZE[0] * SIZE[1])
    return Change(frame(pixels, seconds, [shown], source), (ChangedRegion(rect, shown),), share, first)


def as_lines(texts: Sequence[str]) -> list[Line]:
    """What a reader would give for `drawn` lines."""
    return [Line(text, Rect(10, 6 + 28 * row, 8 * len(text), 18), 0.99, row) for row, text in enumerate(texts)]
