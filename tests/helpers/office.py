"""A drawn working day: windows with text that is typed, scrolled, switched and watched, deterministic from a seed.

Stands in for a person at a 1920x1080 screen where a bench needs hours of frames: an editor, a terminal, a browser,
a chat and now and then a video. It is a load, not a reading test: real windows are in tests/e2e.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.frame import Frame, Monitor, Pixels, Rect, Window

MONITOR = Monitor("virtual", Rect(0, 0, 1920, 1080))
SYLLABLES = ("ka", "lo", "mir", "den", "tas", "ver", "bel", "nor", "phi", "gra", "sut", "em", "ost", "wen", "dal")
TITLE_HEIGHT = 28


def _font(size: int, mono: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype("DejaVuSansMono.ttf" if mono else "DejaVuSans.ttf", size)


class Words:
    """Endless plausible text from a fixed vocabulary of invented words and numbers."""

    def __init__(self, random: random.Random) -> None:
        self._random = random
        self._vocabulary = ["".join(random.choices(SYLLABLES, k=random.randint(1, 3))) for _ in range(3000)]

    def line(self, words: int) -> str:
        some = self._random.choices(self._vocabulary, k=words)
        if self._random.random() < 0.3:
            some.append(str(self._random.randint(2, 99_999)))
        return " ".join(some)


@dataclass
class App:
    """One window: its lines, what happens to it a second of attention, and its look."""

    application: str
    rect: Rect
    dark: bool
    mono: bool
    size: int
    kind: str  # "type", "burst", "page" or "video"
    lines: list[str] = field(default_factory=list)
    title: str = ""
    _picture: Image.Image | None = None

    def act(self, random: random.Random, words: Words) -> None:
        """A quarter of a second of use."""
        if self.kind == "type" and random.random() < 0.6:
            if not self.lines or len(self.lines[-1]) > 70:
                self.lines.append("")
            self.lines[-1] += words.line(1)[: random.randint(1, 3)] + (" " if random.random() < 0.2 else "")
            self._picture = None
        elif self.kind == "burst" and random.random() < 0.08:
            self.lines += [words.line(random.randint(3, 9)) for _ in range(random.randint(1, 12))]
            self._picture = None
        elif self.kind == "page" and random.random() < 0.02:
            self.turn(random, words)
        elif self.kind == "page" and random.random() < 0.03:
            self.lines = self.lines[6:] + [words.line(9) for _ in range(6)]
            self._picture = None
        elif self.kind == "video":
            self._picture = None

    def turn(self, random: random.Random, words: Words) -> None:
        """Another page, file or channel: new title, new text."""
        self.title = f"{words.line(3)} - {self.application}"
        self.lines = [words.line(random.randint(4, 11)) for _ in range(random.randint(12, 38))]
        self._picture = None

    def draw(self, random: random.Random) -> Image.Image:
        if self._picture is not None:
            return self._picture
        paper, ink = ((30, 31, 36), (212, 214, 220)) if self.dark else ((252, 252, 250), (32, 33, 36))
        picture = Image.new("RGB", (self.rect.width, self.rect.height), paper)
        pen = ImageDraw.Draw(picture)
        pen.rectangle((0, 0, self.rect.width, TITLE_HEIGHT), fill=(58, 78, 112))
        pen.text((10, 5), self.title, fill=(240, 242, 246), font=_font(14, mono=False))
        if self.kind == "video":
            noise = np.frombuffer(random.randbytes(48 * 27 * 3), np.uint8).reshape(27, 48, 3)
            width, height = self.rect.width - 80, self.rect.height - TITLE_HEIGHT - 80
            picture.paste(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC), (40, 60))
        else:
            step = self.size + 7
            room = (self.rect.height - TITLE_HEIGHT - 16) // step
            font = _font(self.size, self.mono)
            for row, line in enumerate(self.lines[-room:]):
                pen.text((14, TITLE_HEIGHT + 8 + row * step), line, fill=ink, font=font)
        self._picture = picture
        return picture


class Office:
    """The screen of a person at work. ``frame(now)`` draws it; ``advance()`` is a quarter of a second of work."""

    def __init__(self, seed: int, start: datetime) -> None:
        self._random = random.Random(seed)
        self._words = Words(self._random)
        self._start = start
        self._quarters = 0
        self._attention = 0  # quarters left before something else is done
        self._idle = False
        self.apps = [
            App("editor", Rect(40, 30, 1100, 980), True, True, 15, "type"),
            App("terminal", Rect(700, 320, 1180, 700), True, True, 14, "burst"),
            App("browser", Rect(160, 20, 1500, 1000), False, False, 16, "page"),
            App("chat", Rect(1180, 80, 700, 860), False, False, 15, "burst"),
            App("player", Rect(420, 160, 1120, 740), True, False, 15, "video"),
        ]
        for app in self.apps:
            app.turn(self._random, self._words)

    @property
    def seconds(self) -> float:
        return self._quarters / 4

    def advance(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds * 4))):
            self._quarters += 1
            self._attention -= 1
            if self._attention <= 0:
                self._turn_to_something()
            if not self._idle:
                self.apps[-1].act(self._random, self._words)

    def _turn_to_something(self) -> None:
        """Half of a working hour is reading or away: nothing changes then."""
        self._idle = self._random.random() < 0.45
        self._attention = self._random.randint(40, 320)
        if self._idle:
            return
        weights = [4, 4, 5, 3, 0.4]
        kinds = ["type", "burst", "page", "chat", "video"]
        order = {app.application: app for app in self.apps}
        by_kind = dict(zip(kinds, ("editor", "terminal", "browser", "chat", "player"), strict=True))
        chosen = order[by_kind[self._random.choices(kinds, weights)[0]]]
        self.apps.remove(chosen)
        self.apps.append(chosen)  # the last is in front
        if self._random.random() < 0.5:
            chosen.turn(self._random, self._words)

    def frame(self) -> Frame:
        screen = Image.new("RGB", (MONITOR.rect.width, MONITOR.rect.height), (24, 48, 66))
        for app in self.apps:
            screen.paste(app.draw(self._random), (app.rect.left, app.rect.top))
        pixels: Pixels = np.asarray(screen)
        windows = tuple(
            Window(app.title, app.application, 1000 + number, app.rect, focused=number == 0)
            for number, app in enumerate(reversed(self.apps))
        )
        time = self._start + timedelta(seconds=self.seconds)
        return Frame(pixels, time, self.seconds, "screen:virtual", MONITOR, windows)

    def frames(self, hours: float, pause: float = 0.25) -> Iterator[Frame]:
        """A frame every ``pause`` seconds of the day."""
        while self.seconds < hours * 3600:
            yield self.frame()
            self.advance(pause)
