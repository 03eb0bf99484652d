"""Windows placed on a whole monitor and framed by the app's own ``core.preprocess``, as the desktop gives them."""

from __future__ import annotations

from datetime import datetime
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from core.config import VisionBudget
from core.frame import Frame, Monitor, Pixels, Rect, Window
from core.gate import Change, ChangedRegion
from core.preprocess import Observation, observe
from core.training.data.canvas import CELL, Screen, draw_theme

MONITORS = ((1280, 720), (1366, 768), (1600, 900), (1920, 1080))
BUDGET = VisionBudget()


def framed(
    rng: Random,
    front: Screen,
    behind: list[Screen],
    time: datetime,
    title: str,
    monitor: tuple[int, int] | None = None,
) -> Observation:
    """``front`` somewhere on a monitor (width, height), partly over the windows ``behind``, as it comes to be seen.

    The observation's header names the front window as ``title``, which may be empty.
    """
    width, height = monitor or rng.choice(MONITORS)
    pixels = background(rng, width, height)
    for screen in behind:
        _place(rng, pixels, screen.pixels)
    rect = _place(rng, pixels, front.pixels)
    window = Window(title, front.application, None, rect, focused=True)
    frame = Frame(pixels, time, 0.0, "screen:drawn", Monitor("drawn", Rect(0, 0, width, height)), windows=(window,))
    region = ChangedRegion(_on_grid(rect, width, height), window)
    return observe(Change(frame, (region,), rect.area / (width * height), first=False), BUDGET)


def background(rng: Random, width: int, height: int) -> Pixels:
    """A plain desktop with a bar at one edge."""
    theme = draw_theme(rng)
    ground = theme.ground if rng.random() < 0.5 else tuple(rng.randint(0, 255) for _ in range(3))
    image = Image.new("RGB", (width, height), ground)
    if rng.random() < 0.6:
        bar = rng.randint(24, 44)
        top = rng.choice((0, height - bar))
        ImageDraw.Draw(image).rectangle((0, top, width, top + bar), fill=draw_theme(rng).ground)
    return np.array(image)


def _place(rng: Random, pixels: Pixels, window: Pixels) -> Rect:
    """Put a window into the picture where it fits; one larger than the picture is cut."""
    height, width = (min(a, b) for a, b in zip(pixels.shape[:2], window.shape[:2], strict=True))
    left = rng.randint(0, pixels.shape[1] - width)
    top = rng.randint(0, pixels.shape[0] - height)
    pixels[top : top + height, left : left + width] = window[:height, :width]
    return Rect(left, top, width, height)


def _on_grid(rect: Rect, width: int, height: int) -> Rect:
    """The cells that a window touches, as the gate reports it."""
    left, top = rect.left // CELL * CELL, rect.top // CELL * CELL
    right, bottom = min(width, -(-rect.right // CELL) * CELL), min(height, -(-rect.bottom // CELL) * CELL)
    return Rect(left, top, right - left, bottom - top)
