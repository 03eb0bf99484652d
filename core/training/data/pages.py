"""Two more scenes for drawn screens: a page in a browser and a chart of bars. See ``screens`` for what a scene is."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from core.training.data.fonts import Font
from core.training.data.words import Vocabulary

if TYPE_CHECKING:
    from core.training.data.canvas import Canvas
    from core.training.data.screens import Drawer, Room

LINK = ((20, 80, 200), (90, 160, 255))  # on light and on dark ground
UNITS = ("", "", "%", " MB", " ms", " km")


def address(words: Vocabulary, rng: Random) -> str:
    """What stands in a browser's address bar, without the protocol as browsers show it."""
    host = f"{words.word(rng).lower()}.{rng.choice(('com', 'org', 'net', 'io', 'de', 'eu'))}"
    return f"{host}/{words.word(rng).lower()}" if rng.random() < 0.5 else host


def browser(drawer: Drawer, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
    """An address bar, a heading and lines of text, some of them links."""
    words, theme = drawer.words, canvas.theme
    width = room.right - room.left
    url = drawer.fitting(rng, lambda r: address(words, r), font, width - 24)
    bar = font.height + rng.randint(4, 10)
    canvas.draw.rounded_rectangle(
        (room.left, room.top, room.right, room.top + bar), radius=rng.choice((2, bar // 2)), fill=theme.faint
    )
    canvas.text(room.left + 12, room.top + (bar - font.height) / 2, url, font)
    canvas.note("address", "", url, font.size)
    y = float(room.top + bar + rng.randint(4, 10))
    large = drawer.fonts.draw(rng, min(26, font.size + rng.choice((2, 4, 6))))
    if y + large.height <= room.bottom:
        heading = drawer.fitting(rng, lambda r: words.phrase(r, 1, 3).capitalize(), large, width)
        canvas.text(room.left, y, heading, large)
        canvas.note("heading", "", heading, large.size)
        y += large.height + rng.randint(2, 8)
    starts = set[str]()
    while y + font.height <= room.bottom:
        line = drawer.fitting(rng, words.sentence, font, width)
        canvas.text(room.left, y, line, font, LINK[theme.dark] if rng.random() < 0.2 else None)
        start = line.split(" ")[0]
        if " " in line and start not in starts and len(line) <= 30:
            canvas.note("line starting", start, line, font.size)
        starts.add(start)
        y += font.height + rng.randint(1, 6) + canvas.loose


def chart(drawer: Drawer, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
    """Bars in colours that have names, each with its label before it and its value behind it."""
    theme = canvas.theme
    labels = (room.right - room.left) * rng.uniform(0.3, 0.42)
    longest = (room.right - room.left) - labels - font.width("0000 MB") - 8
    unit = rng.choice(UNITS)
    y, taken = float(room.top), set[str]()
    for _ in range(rng.randint(2, 6)):
        if y + font.height > room.bottom:
            break
        name = drawer.fitting(rng, lambda r: drawer.words.word(r).capitalize(), font, labels - 8)
        amount = rng.randint(1, 100 if unit == "%" else 999)
        end = canvas.text(room.left, y, name, font)
        left = max(end + 6, room.left + labels)
        right = left + max(6.0, longest * amount / (100 if unit == "%" else 999))
        colour, rgb = drawer.colour(rng, theme.ground)
        canvas.box((left, y + 2, right, y + font.height - 2), colour, rgb)
        canvas.text(right + 6, y, f"{amount}{unit}", font)
        if name not in taken:
            canvas.note("amount", name, f"{amount}{unit}", font.size)
            canvas.note("colour", f"{name} bar", colour, 0)
        taken.add(name)
        y += font.height + rng.randint(3, 10) + canvas.loose
