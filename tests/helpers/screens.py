"""A screen that shows what a test wants, as a source of frames; time passes five seconds with every frame."""

from __future__ import annotations

import threading
from datetime import datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.capture.source import FrameSource
from core.config import CaptureConfig
from core.errors import AfterimageError
from core.frame import Frame, Monitor, Pixels, Rect, Window, utc_now

SIZE = (560, 420)
STEP = 5.0  # seconds from frame to frame, as the frames have it


def picture_of(text: str) -> Pixels:
    """Black text on white, large enough to be read."""
    image = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(image).multiline_text((20, 60), text, "black", ImageFont.load_default(24))
    return np.asarray(image)


class FakeScreen:
    """Also the opener of itself. ``trouble`` is raised by the next grabs while set."""

    name = "screen:test"
    live = True

    def __init__(self, text: str = "nothing yet") -> None:
        self._lock = threading.Lock()
        self._pixels = picture_of(text)
        self._window = Window("a window", "editor", None, Rect(0, 0, *SIZE), focused=True)
        self._count = 0
        self.began: datetime = utc_now()
        self.trouble: AfterimageError | None = None
        self.noisy = False  # every frame another one

    def show(self, text: str, title: str = "a window", application: str = "editor") -> None:
        with self._lock:
            self._pixels = picture_of(text)
            self._window = Window(title, application, None, Rect(0, 0, *SIZE), focused=True)

    def grab(self) -> Frame | None:
        with self._lock:
            if self.trouble is not None:
                raise self.trouble
            self._count += 1
            if self.noisy:
                noise = np.random.default_rng(self._count)
                self._pixels = noise.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
            rect = Rect(0, 0, *SIZE)
            return Frame(
                self._pixels, utc_now(), STEP * self._count, self.name, Monitor("test", rect), (self._window,)
            )

    def close(self) -> None:
        pass

    def open(self, wanted: str, fps: float | None, config: CaptureConfig) -> list[FrameSource]:
        return [self]

    def present(self, config: CaptureConfig) -> frozenset[str]:
        return frozenset({self.name})


class FakeSurroundings:
    """Two monitors of different scales, and three windows of which the settings as they come exclude one."""

    def windows(self) -> tuple[Window, ...] | None:
        return (
            Window("Vault of secrets", "KeePassXC", 1, Rect(0, 0, 400, 300)),
            Window("Statement - My Bank", "Firefox", 2, Rect(50, 50, 400, 300), focused=True),
            Window("Afterimage: Settings", "afterimage", 3, Rect(9, 9, 9, 9)),
            Window("notes.txt", "Mousepad", 4, Rect(100, 100, 400, 300)),
        )

    def monitors(self) -> tuple[Monitor, ...]:
        return Monitor("DP-1", Rect(0, 0, 1920, 1080), 1.0), Monitor("eDP-1", Rect(1920, 0, 2560, 1600), 2.0)
