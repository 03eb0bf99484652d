"""What a screen is drawn on: named colours, a theme, and a canvas that notes what lies where and what could be asked.

Knows nothing of scenes, tokens or tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from core.frame import Pixels
from core.training.data.fonts import Font
from core.training.data.words import LABELS

SAME_LINE = 4.0  # pixels that the middles of texts in one line may differ by
CELL = 28  # pixels: side of one merged token
COLUMNS, LINES = 5, 4  # places for characters in one cell
CHARACTERS = "".join(chr(code) for code in range(33, 127)) + "€£"  # classes 1..; 0 is blank
CLASS_OF = {character: index + 1 for index, character in enumerate(CHARACTERS)}
COLOURS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((8, 8, 10), (24, 22, 26)),
    "white": ((252, 252, 252), (244, 246, 248)),
    "grey": ((128, 128, 128), (150, 152, 156), (105, 107, 110)),
    "red": ((215, 30, 35), (190, 20, 30), (240, 60, 55)),
    "orange": ((245, 140, 25), (255, 160, 40), (230, 120, 10)),
    "yellow": ((250, 220, 40), (255, 235, 80), (240, 205, 20)),
    "green": ((40, 160, 70), (20, 130, 50), (70, 190, 90)),
    "blue": ((35, 90, 215), (50, 120, 240), (20, 60, 170)),
    "purple": ((125, 50, 170), (150, 80, 200), (100, 30, 140)),
    "pink": ((245, 130, 180), (255, 160, 200), (235, 90, 155)),
    "brown": ((120, 75, 40), (140, 90, 55), (100, 60, 30)),
}
COLOUR_NAMES = tuple(COLOURS)
LIGHT = ((255, 255, 255), (250, 250, 250), (240, 240, 240), (246, 245, 244), (255, 251, 235), (232, 238, 245))
DARK = ((0, 0, 0), (18, 18, 20), (30, 30, 30), (40, 42, 54), (13, 17, 23), (45, 45, 48), (0, 43, 54), (48, 10, 36))


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the screen shows. ``kind`` chooses how it is asked, ``subject`` what is asked for."""

    kind: str
    subject: str
    answer: str
    size: int  # pixels of the font; 0 for what is no text


@dataclass(slots=True, eq=False)
class Screen:
    """One drawn picture. ``characters``: [gh, gw, LINES * COLUMNS] class of the character in each place of each cell.
    ``colours``: [gh, gw] 1 + index of the named colour that covers a cell, 0 for none."""

    pixels: Pixels
    title: str
    application: str
    title_drawn: bool
    facts: list[Fact]
    characters: np.ndarray
    colours: np.ndarray
    lines: list[str]  # all text, line by line from the top


@dataclass(slots=True)
class Theme:
    ground: tuple[int, int, int]
    ink: tuple[int, int, int]
    faint: tuple[int, int, int]
    dark: bool


def jittered(rng: Random, colour: tuple[int, int, int], by: int = 8) -> tuple[int, int, int]:
    """A colour near this one: each channel off by at most ``by``."""
    red, green, blue = (min(255, max(0, part + rng.randint(-by, by))) for part in colour)
    return red, green, blue


def mixed(a: tuple[int, int, int], b: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """The colour at this ``share`` of the way from a to b."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def draw_theme(rng: Random, dark: bool | None = None) -> Theme:
    is_dark = rng.random() < 0.4 if dark is None else dark
    ground = rng.choice(DARK if is_dark else LIGHT)
    contrast = (255, 255, 255) if is_dark else (0, 0, 0)
    ink = mixed(contrast, ground, rng.choice((0.0, 0.05, 0.12, 0.2)))
    if rng.random() < 0.15:
        ink = mixed(ink, rng.choice(list(COLOURS.values()))[0], 0.35)
    return Theme(ground, ink, mixed(ground, contrast, 0.12), is_dark)


@dataclass(slots=True)
class Canvas:
    """A picture under way and what was drawn into it."""

    image: Image.Image
    draw: ImageDraw.ImageDraw
    theme: Theme
    marks: list[tuple[float, float, int]] = field(default_factory=list)  # x, y of a character's middle, its class
    patches: list[tuple[int, int, int, int, int]] = field(default_factory=list)  # left, top, right, bottom, colour
    facts: list[Fact] = field(default_factory=list)
    buttons: float | None = None  # left edge of the window's buttons in the title bar
    loose: int = 0  # pixels between lines beyond the scene's own
    labels: Sequence[str] = tuple(LABELS)  # of values
    written: list[tuple[float, float, str]] = field(default_factory=list)  # middle, left edge, text

    @staticmethod
    def blank(width: int, height: int, theme: Theme) -> Canvas:
        image = Image.new("RGB", (width, height), theme.ground)
        return Canvas(image, ImageDraw.Draw(image), theme)

    def text(self, x: float, y: float, text: str, font: Font, ink: tuple[int, int, int] | None = None) -> float:
        """Draw one line from its upper left corner; returns where it ends."""
        self.draw.fontmode = font.mode
        self.draw.text((x, y), font.shaped(text), font=font.face, fill=ink or self.theme.ink, features=font.features)
        middle = y + font.height * 0.55
        self.written.append((middle, x, text))
        for character, advance in zip(text, font.advances(text), strict=True):
            kind = CLASS_OF.get(character)
            if kind is not None:
                self.marks.append((x + advance / 2, middle, kind))
            x += advance
        return x

    def box(
        self, box: tuple[float, float, float, float], colour: str, rgb: tuple[int, int, int], round_: int = 0
    ) -> None:
        """A rectangle filled with a colour that has a name."""
        self.draw.rounded_rectangle(box, radius=round_, fill=rgb)
        left, top, right, bottom = (round(edge) for edge in box)
        self.patches.append((left, top, right, bottom, COLOUR_NAMES.index(colour) + 1))

    def ellipse(self, box: tuple[float, float, float, float], colour: str, rgb: tuple[int, int, int]) -> None:
        self.draw.ellipse(box, fill=rgb)
        left, top, right, bottom = (round(edge) for edge in box)
        self.patches.append((left, top, right, bottom, COLOUR_NAMES.index(colour) + 1))

    def note(self, kind: str, subject: str, answer: str, size: int) -> None:
        self.facts.append(Fact(kind, subject, answer, size))

    def pixels(self) -> Pixels:
        return np.asarray(self.image)

    def lines(self) -> list[str]:
        """All text from the top down; pieces side by side make one line."""
        lines: list[tuple[float, list[tuple[float, str]]]] = []
        for middle, left, text in sorted(self.written):
            if lines and middle - lines[-1][0] < SAME_LINE:
                lines[-1][1].append((left, text))
            else:
                lines.append((middle, [(left, text)]))
        return [" ".join(text.strip() for _, text in sorted(pieces)) for _, pieces in lines]

    def maps(self, gw: int, gh: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """The characters and colours by cell once the picture is ``scale`` times as large; see :class:`Screen`."""
        characters = np.zeros((gh * LINES, gw * COLUMNS), np.uint8)
        if self.marks:
            marks = np.array(self.marks)
            marks[:, :2] *= scale
            column = (marks[:, 0] * COLUMNS / CELL).astype(np.int64)
            line = (marks[:, 1] * LINES / CELL).astype(np.int64)
            inside = (column >= 0) & (column < gw * COLUMNS) & (line >= 0) & (line < gh * LINES)
            characters[line[inside], column[inside]] = marks[inside, 2].astype(np.uint8)
        cells = characters.reshape(gh, LINES, gw, COLUMNS).transpose(0, 2, 1, 3).reshape(gh, gw, LINES * COLUMNS)
        colours = np.zeros((gh, gw), np.uint8)
        for *edges, colour in self.patches:
            left, top, right, bottom = (round(edge * scale) for edge in edges)
            first_row, last_row = (top + CELL // 2) // CELL, (bottom - CELL // 2 - 1) // CELL
            first, last = (left + CELL // 2) // CELL, (right - CELL // 2 - 1) // CELL
            if last_row < first_row:  # thin: the one cell row it lies in
                first_row = last_row = (top + bottom) // 2 // CELL
            if last < first:
                first = last = (left + right) // 2 // CELL
            colours[max(0, first_row) : last_row + 1, max(0, first) : last + 1] = colour
        return cells, colours


def line_facts(lines: list[str], size: int) -> list[Fact]:
    """What any list of lines offers: the first, the last, by their beginning, and what follows."""
    if not lines:
        return []
    facts = [Fact("first line", "", lines[0], size)]
    if len(lines) > 1:
        facts.append(Fact("last line", "", lines[-1], size))
    starts = [line.split(" ")[0] for line in lines]
    for index, line in enumerate(lines):
        if starts.count(starts[index]) == 1 and " " in line and len(line) <= 30:
            facts.append(Fact("line starting", starts[index], line, size))
        if index and lines.count(lines[index - 1]) == 1 and len(lines[index - 1]) <= 24:
            facts.append(Fact("line after", lines[index - 1], line, size))
    return facts
