"""Drawn screens: a window with a terminal, page, table, chart, dialog or note, and what can be asked about it.

Each picture is drawn with PIL from a random generator and comes with its facts (what a question could ask, and the
right answer) and with what lies where (characters, named colours), for the dense losses. Deterministic from the
generator's seed and the fonts. Knows nothing of tokens or tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

import cv2
import numpy as np

from core.training.data import pages, title_bars
from core.training.data.canvas import (
    CELL,
    COLOUR_NAMES,
    COLOURS,
    Canvas,
    Screen,
    draw_theme,
    jittered,
    line_facts,
    mixed,
)
from core.training.data.fonts import Font, FontBook
from core.training.data.words import APPLICATIONS, LABELS, STATUSES, Vocabulary

SIZES = (10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 26)
SIZE_WEIGHTS = (2, 3, 10, 16, 18, 14, 14, 11, 8, 3, 2, 1)
SEEN_APART = 48  # between a shape and its ground, of 255, in one channel at least
SCALED_SHARE = 0.15  # of screens that are drawn larger and scaled down


@dataclass(slots=True)
class Room:
    """Where a scene may draw: what remains of the canvas below the title bar."""

    left: int
    top: int
    right: int
    bottom: int


class Drawer:
    """Draws screens one after another with one vocabulary and one set of fonts.

    ``framed``: share of the title bars that are drawn as window managers draw them; half of those hold titles whose
    letters and signs are easily taken for others.
    """

    def __init__(self, fonts: FontBook, vocabulary: Vocabulary, framed: float = 0.0) -> None:
        self.fonts = fonts
        self.words = vocabulary
        self.framed = framed
        self._scenes = (
            (self._terminal, 15), (self._editor, 8), (self._table, 18), (self._dialog, 18), (self._note, 9),
            (self._form, 18), (self._chat, 5), (self._shapes, 6), (self._notification, 5),
            (partial(pages.browser, self), 7), (partial(pages.chart, self), 6),
        )  # fmt: skip

    def screen(
        self,
        rng: Random,
        cells: tuple[int, int] | None = None,
        size: int | None = None,
        labels: Sequence[str] | None = None,
    ) -> Screen:
        """One screen of ``cells`` (columns, rows) of 28 pixels, with text of about ``size`` pixels.

        Some are drawn larger and scaled down, as the app scales what exceeds its budget: letters without hinting.
        With ``labels`` it is a form or a dialog of values that these name.
        """
        size = size or rng.choices(SIZES, SIZE_WEIGHTS)[0]
        larger = rng.uniform(1.1, 1.35) if rng.random() < SCALED_SHARE else 1.0
        drawn = round(size * larger)
        scene = rng.choices([scene for scene, _ in self._scenes], [weight for _, weight in self._scenes])[0]
        if labels:
            scene = rng.choice((self._form, self._dialog))
        columns, rows = cells or self._cells(rng, size)
        theme = draw_theme(rng, True if scene == self._terminal and rng.random() < 0.5 else None)
        canvas = Canvas.blank(round(columns * CELL * larger), round(rows * CELL * larger), theme)
        canvas.loose = rng.randint(5, 18) if rng.random() < 0.4 else 0
        canvas.labels = labels or LABELS
        application = rng.choice(APPLICATIONS)
        font = self.fonts.draw(rng, drawn, mono=scene in (self._terminal, self._editor) and rng.random() < 0.85)
        framed = bool(self.framed) and rng.random() < self.framed
        make = self.words.document if framed and rng.random() < 0.5 else self.words.title
        title = (
            make(rng)
            if framed and rng.random() < 0.1
            else self.fitting(rng, make, font, canvas.image.width - 4 * drawn)
        )
        if rng.random() >= 0.75:
            top = rng.randint(2, 8)
        elif framed:
            top = title_bars.draw(self, rng, canvas, title, drawn) + rng.randint(3, 9)
        else:
            top = self.title_bar(rng, canvas, title, drawn)
        title_drawn = any(fact.kind == "title" for fact in canvas.facts)  # not one that is cut or elided
        room = Room(rng.randint(3, 14), top, canvas.image.width - 4, canvas.image.height - 2)
        scene(rng, canvas, room, font)
        characters, colours = canvas.maps(columns, rows, 1 / larger)
        pixels, facts = canvas.pixels(), canvas.facts
        if larger > 1:
            pixels = np.asarray(
                cv2.resize(pixels, (columns * CELL, rows * CELL), interpolation=cv2.INTER_AREA), np.uint8
            )
            facts = [replace(fact, size=round(fact.size / larger)) for fact in facts]
        return Screen(pixels, title, application, title_drawn, facts, characters, colours, canvas.lines())

    @staticmethod
    def _cells(rng: Random, size: int) -> tuple[int, int]:
        """A size that leaves room for some lines of text of this size, of at most 256 cells."""
        wide = max(6, round(size * rng.uniform(13, 24) / CELL))
        high = max(3, round(size * rng.uniform(5, 11) / CELL))
        return min(wide, 22), min(high, 11)

    def fitting(self, rng: Random, make: Callable[[Random], str], font: Font, width: float) -> str:
        """A text from ``make(rng)`` that is no wider than ``width`` pixels: cut at a word where ten tries fail."""
        text = ""
        for _ in range(10):
            text = make(rng)
            if font.width(text) <= width:
                return text
        while len(text) > 3 and font.width(text) > width:
            text = text.rsplit(" ", 1)[0] if " " in text else text[:-1]
        return text

    @staticmethod
    def colour(rng: Random, ground: tuple[int, int, int] | None = None) -> tuple[str, tuple[int, int, int]]:
        """The name of a colour, and one of the many that it names: one that can be told from ``ground``."""
        while True:
            name = rng.choice(COLOUR_NAMES)
            rgb = jittered(rng, rng.choice(COLOURS[name]))
            if ground is None or max(abs(a - b) for a, b in zip(rgb, ground, strict=True)) >= SEEN_APART:
                return name, rgb

    def title_bar(self, rng: Random, canvas: Canvas, title: str, size: int) -> int:
        font = self.fonts.draw(rng, min(size, 20) if rng.random() < 0.7 else rng.choice((12, 13, 14, 15, 16)))
        height = font.height + rng.randint(4, 14)
        width = canvas.image.width
        colour = rng.choice(COLOUR_NAMES)
        if rng.random() < 0.4:
            bar = jittered(rng, rng.choice(COLOURS[colour]))
            canvas.box((0, 0, width, height), colour, bar)
            canvas.note("colour", "title bar", colour, 0)
        else:
            bar = mixed(canvas.theme.ground, (128, 128, 128), rng.uniform(0.0, 0.35))
            canvas.draw.rectangle((0, 0, width, height), fill=bar)
        ink = (255, 255, 255) if sum(bar) < 380 else (20, 20, 20)
        room = width - 3 * height * rng.choice((0, 1))
        if font.width(title) > room - 12:
            room = width  # no buttons where they would cover the title
        text = title if font.width(title) <= width - 12 else self.fitting(rng, lambda _: title, font, width - 12)
        x = rng.choice((6, 8, 12, max(6.0, (room - font.width(text)) / 2)))
        canvas.text(x, (height - font.height) / 2, text, font, ink)
        if room != width:
            for place in range(3):
                left = canvas.buttons = width - (place + 1) * height + 6
                canvas.draw.ellipse((left, height / 2 - 4, left + 8, height / 2 + 4), fill=mixed(bar, ink, 0.5))
        if text == title:
            canvas.note("title", "", title, font.size)
        return height + rng.randint(3, 9)

    def _lines(self, room: Room, font: Font, spacing: int) -> int:
        return max(1, (room.bottom - room.top) // (font.height + spacing))

    def _terminal(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        spacing = rng.randint(0, 3) + canvas.loose // 3
        count = min(rng.randint(2, 9), self._lines(room, font, spacing))
        prompt = rng.choice(("$ ", "$ ", "> ", "% ", f"{rng.choice(self.words.first_names).lower()}@pc:~$ ", "# "))
        width, y, lines = room.right - room.left, float(room.top), []
        failed = rng.random() < 0.5
        accent = mixed(canvas.theme.ink, COLOURS[rng.choice(("green", "blue", "red"))][2], 0.7)
        for index in range(count):
            ink = canvas.theme.ink
            if index == 0 or rng.random() < 0.12:
                line = self.fitting(rng, self.words.command, font, width - font.width(prompt))
                shown = prompt + line
                canvas.note("command" if index == 0 else "later command", "", line, font.size)
            elif failed and index == count - 1 - (rng.random() < 0.3):
                line = shown = self.fitting(rng, self.words.error, font, width)
                canvas.note("error", "", line, font.size)
                failed = False
                ink = accent if rng.random() < 0.4 else ink
            else:
                line = shown = self.fitting(rng, self.words.output, font, width)
            canvas.text(room.left, y, shown, font, ink)
            y += font.height + spacing
            lines.append(shown)
        canvas.facts += line_facts(lines, font.size)

    def _editor(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        spacing = rng.randint(0, 6) + canvas.loose // 2
        count = min(rng.randint(2, 9), self._lines(room, font, spacing))
        start = rng.choice((1, 1, rng.randint(1, 400)))
        numbered = rng.random() < 0.6
        gutter = font.width(str(start + count)) + 10 if numbered else 0.0
        make = self.words.code_line if rng.random() < 0.6 else self.words.sentence
        y, lines = float(room.top), []
        coloured = rng.random() < 0.4
        for index in range(count):
            if numbered:
                canvas.text(
                    room.left, y, str(start + index), font, mixed(canvas.theme.ground, canvas.theme.ink, 0.55)
                )
            indent = font.width("  ") * rng.choice((0, 0, 1))
            line = self.fitting(rng, make, font, room.right - room.left - gutter - indent)
            ink = mixed(canvas.theme.ink, rng.choice(list(COLOURS.values()))[0], 0.5) if coloured else None
            canvas.text(room.left + gutter + indent, y, line, font, ink)
            y += font.height + spacing
            lines.append(line)
            if numbered:
                canvas.note("line number", str(start + index), line, font.size)
        canvas.facts += line_facts(lines, font.size)

    def _table(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        spacing = rng.randint(2, 10) + canvas.loose
        count = min(rng.randint(2, 8), self._lines(room, font, spacing))
        column, make = rng.choice(
            (
                ("price", self.words.price), ("price", self.words.price), ("stock", lambda r: str(r.randint(0, 999))),
                ("status", lambda r: r.choice(STATUSES)), ("owner", self.words.name), ("date", self.words.date),
                ("code", self.words.code), ("time", self.words.clock),
            )
        )  # fmt: skip
        width = room.right - room.left
        second = room.left + width * rng.uniform(0.45, 0.62)
        y, names = float(room.top), set[str]()
        bold = rng.random() < 0.5
        for index in range(count):
            if index == 0 and bold:
                canvas.text(room.left, y, rng.choice(("Item", "Name", "Product", "Article")), font)
                canvas.text(second, y, column.capitalize(), font)
            else:
                plain = rng.random() < 0.6
                name = self.fitting(
                    rng,
                    (lambda r: self.words.word(r).capitalize()) if plain else (lambda r: self.words.phrase(r, 2, 2)),
                    font,
                    second - room.left - 8,
                )
                value = self.fitting(rng, make, font, room.right - second)
                if rng.random() < 0.2 and index % 2:
                    canvas.draw.rectangle((room.left, y, room.right, y + font.height), fill=canvas.theme.faint)
                canvas.text(room.left, y, name, font)
                canvas.text(second, y, value, font)
                if name not in names:
                    canvas.note(column, name, value, font.size)
                names.add(name)
            y += font.height + spacing
            if rng.random() < 0.5:
                canvas.draw.line((room.left, y - spacing / 2, room.right, y - spacing / 2), fill=canvas.theme.faint)

    def _labelled(
        self, rng: Random, canvas: Canvas, x: float, y: float, right: float, font: Font, taken: set[str]
    ) -> float:
        """One label with its value, beside or below it; returns the next line's top."""
        label = rng.choice([label for label in canvas.labels if label not in taken])
        taken.add(label)
        value = self.words.value(rng, label)
        shown = (label if rng.random() < 0.5 else label[0].upper() + label[1:]) + rng.choice((":", ":", "", " is"))
        end = canvas.text(x, y, shown, font, mixed(canvas.theme.ink, canvas.theme.ground, rng.choice((0, 0.25))))
        if end + font.width(" " + value) <= right:
            gap = rng.choice((font.width(" "), font.width("   ")))
            if end + gap + font.width(value) > right:
                gap = font.width(" ")
            canvas.text(end + gap, y, value, font)
        else:
            y += font.height + 2
            if x + font.width(value) > right:
                return y + font.height
            canvas.text(x, y, value, font)
        canvas.note("value", label, value, font.size)
        return y + font.height

    def _dialog(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        y = float(room.top + rng.randint(0, 10))
        x = room.left + rng.randint(0, 20)
        if rng.random() < 0.6:
            text = self.fitting(rng, self.words.sentence, font, room.right - x)
            canvas.text(x, y, text, font)
            canvas.note("message", "", text, font.size)
            y += font.height + rng.randint(2, 10)
        taken: set[str] = set()
        for _ in range(min(rng.randint(1, 3), len(canvas.labels))):
            if y + 2 * font.height <= room.bottom:
                y = self._labelled(rng, canvas, x, y, room.right, font, taken) + rng.randint(1, 8) + canvas.loose
        y += rng.randint(2, 10)
        if y + font.height + 6 <= room.bottom:
            self._buttons(rng, canvas, x, y, room.right, font)

    def _buttons(self, rng: Random, canvas: Canvas, x: float, y: float, right: float, font: Font) -> None:
        taken = set[str]()
        for _ in range(rng.randint(1, 3)):
            text = rng.choice(("OK", "Cancel", "Save", "Close", "Retry", "Yes", "No", "Apply", self.words.word(rng)))
            width = font.width(text) + 20
            if text in taken or x + width > right:
                continue
            taken.add(text)
            colour, rgb = self.colour(rng, canvas.theme.ground)
            canvas.box((x, y, x + width, y + font.height + 6), colour, rgb, rng.choice((0, 4, 8)))
            canvas.text(x + 10, y + 3, text, font, (255, 255, 255) if sum(rgb) < 380 else (20, 20, 20))
            canvas.note("colour", f"{text} button", colour, 0)
            x += width + rng.randint(6, 24)

    def _form(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        y = float(room.top)
        taken: set[str] = set()
        for _ in range(min(rng.randint(2, 6), len(canvas.labels))):
            if y + 2 * font.height > room.bottom:
                break
            y = self._labelled(rng, canvas, room.left, y, room.right, font, taken) + rng.randint(1, 10) + canvas.loose

    def _note(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        spacing = rng.randint(1, 8) + canvas.loose
        bullet = rng.choice(("", "", "- ", "* ", "• "))
        y, lines = float(room.top), []
        for _ in range(min(rng.randint(1, 8), self._lines(room, font, spacing))):
            line = self.fitting(rng, self.words.sentence, font, room.right - room.left - font.width(bullet))
            canvas.text(room.left, y, bullet + line, font)
            y += font.height + spacing
            lines.append(line)
        canvas.facts += line_facts(lines, font.size)

    def _chat(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        y, said = float(room.top), set[str]()
        same_line = rng.random() < 0.5
        for _ in range(rng.randint(1, 5)):
            if y + 2 * font.height > room.bottom:
                break
            name = rng.choice(self.words.first_names)
            ink = mixed(canvas.theme.ink, rng.choice(list(COLOURS.values()))[0], 0.5)
            x = canvas.text(room.left, y, name + ":", font, ink)
            if same_line:
                x += font.width(" ")
            else:
                x, y = room.left + 6.0, y + font.height + 1
            line = self.fitting(rng, self.words.sentence, font, room.right - x)
            canvas.text(x, y, line, font)
            if name not in said:
                canvas.note("said", name, line, font.size)
            said.add(name)
            y += font.height + rng.randint(2, 10)

    def _shapes(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        """Coloured circles, boxes and banners, some with a word beside them."""
        y, taken = room.top + 2, set[str]()
        while y + 30 < room.bottom:
            colour, rgb = self.colour(rng, canvas.theme.ground)
            height = rng.randint(20, 44)
            if y + height > room.bottom:
                break
            shape = rng.choice(("circle", "square", "banner", "icon"))
            word = self.fitting(rng, self.words.word, font, room.right - room.left - height - 20)
            subject = shape
            width = (room.right - room.left) if shape == "banner" else height
            if shape == "circle":
                canvas.ellipse((room.left, y, room.left + width, y + height), colour, rgb)
            else:
                round_ = 8 if shape == "icon" else 0
                canvas.box((room.left, y, room.left + width, y + height), colour, rgb, round_)
            if shape == "banner":
                ink = (255, 255, 255) if sum(rgb) < 380 else (20, 20, 20)
                canvas.text(room.left + 8, y + (height - font.height) / 2, word, font, ink)
                subject = f"{word} banner"
            elif rng.random() < 0.7:
                canvas.text(room.left + width + 8, y + (height - font.height) / 2, word, font)
                subject = f"{shape} beside {word}"
            if subject not in taken:
                canvas.note("colour", subject, colour, 0)
            taken.add(subject)
            y += height + rng.randint(4, 18)
        shapes = [fact.subject for fact in canvas.facts if fact.kind == "colour"]
        for plain in ("circle", "square", "icon"):  # "the circle" must be the only one
            if sum(subject.startswith(plain) for subject in shapes) > 1:
                canvas.facts = [fact for fact in canvas.facts if fact.subject != plain]

    def _notification(self, rng: Random, canvas: Canvas, room: Room, font: Font) -> None:
        colour, rgb = self.colour(rng, canvas.theme.ground)
        canvas.box((room.left, room.top, room.left + 24, room.top + 24), colour, rgb, rng.choice((0, 6, 12)))
        canvas.note("colour", "icon", colour, 0)
        x, y = room.left + 32.0, float(room.top)
        sender = self.fitting(rng, self.words.name, font, room.right - x)
        canvas.text(x, y, sender, font)
        canvas.note("sender", "", sender, font.size)
        y += font.height + rng.randint(2, 8)
        for index in range(rng.randint(1, 2)):
            if y + font.height > room.bottom:
                break
            line = self.fitting(rng, self.words.sentence, font, room.right - x)
            canvas.text(x, y, line, font)
            if index == 0:
                canvas.note("message", "", line, font.size)
            y += font.height + 2
