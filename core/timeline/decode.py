"""From a recogniser's character probabilities to text: greedy CTC, look-alikes settled by context, spaces by gaps.

Works on arrays; knows nothing of models or files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float32]  # [T, C]: steps from left to right, characters; class 0 is the blank
Ink = NDArray[np.bool_]  # [W]: columns of a picture that hold something other than background

# Characters that look alike, as letters and as digits. Which one is meant shows in what stands beside it.
_LETTER_OF = {"0": "Oo", "1": "lI", "5": "S", "8": "B", "2": "Z", "6": "b", "9": "g"}
_DIGIT_OF = {letter: digit for digit, letters in _LETTER_OF.items() for letter in letters} | {"i": "1", "|": "1"}
_HEXADECIMAL = re.compile(r"[0Oo][xX](?=[a-fA-FOo]*\d)[0-9a-fA-FOo]+")
CLOSING = frozenset(".,;:!?)]}")  # no space is lost before these
ALTERNATIVE = 0.01  # probability the other reading needs beside the first, relative to it
SPACE_GAP = 0.30  # of the line's height: a wider gap between two characters of proportional text is a space
CELL_GAP = 1.15  # of the line's height: a wider gap parts two cells
CELL_PITCH = 2.6  # of that distance: a wider one parts two cells
WIDE_PITCH = 1.55  # of the usual distance between neighbours in monospaced text: a space lies between


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character, its centre in pixels of the picture, its probability, and the next best readings with theirs."""

    text: str
    x: float
    probability: float
    others: tuple[tuple[str, float], ...] = ()


def glyphs_of(probabilities: Probabilities, alphabet: Sequence[str], width: float) -> list[Glyph]:
    """Greedy reading of one line. ``width``: the line picture's width in pixels, over which the steps are spread."""
    steps = len(probabilities)
    best = probabilities.argmax(axis=1)  # [T]
    glyphs = list[Glyph]()
    start = 0
    while start < steps:
        end = start
        while end + 1 < steps and best[end + 1] == best[start]:
            end += 1
        if best[start]:
            run = probabilities[start : end + 1]
            peak = int(run[:, best[start]].argmax())
            order = np.argsort(-run[peak])[1:5]
            others = tuple((alphabet[i], float(run[peak, i])) for i in order if i)
            x = (start + end + 1) / 2 / steps * width
            glyphs.append(Glyph(alphabet[best[start]], x, float(run[peak, best[start]]), others))
        start = end + 1
    return glyphs


def settle_lookalikes(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """0 or O, 1 or l: where the reader was torn, what the rest of the word is made of decides."""
    settled = list(glyphs)
    for start, end in _words(glyphs):
        word = settled[start:end]
        if _HEXADECIMAL.fullmatch("".join(g.text for g in word)):  # whether the reader was torn or not
            settled[start:end] = [replace(g, text="0") if g.text in "Oo" else g for g in word]
            continue
        letters = sum(g.text.isalpha() and g.text not in _DIGIT_OF for g in word)
        digits = sum(g.text.isdigit() and g.text not in _LETTER_OF for g in word)
        for index in range(start, end):
            glyph = settled[index]
            if glyph.text in _LETTER_OF and letters >= 2 and not digits:
                wanted = _LETTER_OF[glyph.text]
            elif glyph.text in _DIGIT_OF and digits >= 1 and not letters:
                wanted = _DIGIT_OF[glyph.text]
            else:
                continue
            for text, probability in glyph.others:
                if text in wanted and probability >= ALTERNATIVE * glyph.probability:
                    settled[index] = Glyph(text, glyph.x, probability, ((glyph.text, glyph.probability),))
                    break
    return settled


def _words(glyphs: Sequence[Glyph]) -> list[tuple[int, int]]:
    """Stretches of letters and digits."""
    stretches, start = list[tuple[int, int]](), None
    for index, glyph in enumerate([*glyphs, Glyph(" ", 0, 0)]):
        inside = glyph.text.isalnum() or glyph.text == "|"
        if inside and start is None:
            start = index
        elif not inside and start is not None:
            stretches.append((start, index))
            start = None
    return stretches


def ink_of(picture: NDArray[np.uint8]) -> Ink:
    """[W]: which columns of a line's picture [H, W, 3] hold ink: differ from its background colour."""
    inner = picture[2:-2] if len(picture) > 12 else picture
    pixels = inner.reshape(-1, 3)
    codes = (
        (pixels[:, 0].astype(np.int32) >> 3 << 10) | (pixels[:, 1].astype(np.int32) >> 3 << 5) | (pixels[:, 2] >> 3)
    )
    values, counts = np.unique(codes, return_counts=True)
    ground = pixels[codes == values[counts.argmax()]].mean(axis=0)
    differs = np.abs(inner.astype(np.int16) - ground).max(axis=2) > 48
    ink: Ink = differs.any(axis=0)
    return ink


def widest_gap(ink: Ink, left: float, right: float) -> tuple[int, float]:
    """The widest run of empty columns between two characters' centres: its width and its centre."""
    between = ink[max(0, int(left)) : int(right) + 1]
    edges = np.flatnonzero(np.diff(np.concatenate(([True], between, [True])).astype(np.int8)))  # falls and rises
    if len(edges) < 2:
        return 0, 0.0
    falls, rises = edges[::2], edges[1::2]
    widths = rises - falls
    widest = int(widths.argmax())
    return int(widths[widest]), left + (falls[widest] + rises[widest]) / 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a line without a wide gap inside. ``left``, ``right``: pixels of the line's picture."""

    text: str
    left: float
    right: float
    confidence: float


def cells_of(glyphs: Sequence[Glyph], ink: Ink, height: float) -> list[Cell]:
    """The line's text with lost spaces restored, cut at gaps as wide as between the columns of a table."""
    marks = [g for g in glyphs if not g.text.isspace()]
    if not marks:
        return []
    spaced = {id(b) for a, b in pairwise(glyphs) if a.text.isspace()}
    pitch = _pitch(marks, spaced)
    cells, text, start, scores = list[Cell](), marks[0].text, 0.0, [marks[0].probability]
    for before, mark in pairwise(marks):
        gap, centre = widest_gap(ink, before.x, mark.x)
        if (gap >= CELL_GAP * height) if pitch is None else (mark.x - before.x > CELL_PITCH * pitch):
            cells.append(Cell(text, start, centre - gap / 2, sum(scores) / len(scores)))
            text, start, scores = "", centre + gap / 2, []
        elif id(mark) in spaced or _lost_space(before, mark, gap, height, pitch):
            text += " "
        text += mark.text
        scores.append(mark.probability)
    cells.append(Cell(text, start, float(len(ink)), sum(scores) / len(scores)))
    return cells


def _lost_space(before: Glyph, mark: Glyph, gap: float, height: float, pitch: float | None) -> bool:
    if mark.text in CLOSING or "_" in (before.text, mark.text):  # an underscore's ink lies below the line
        return False
    if pitch is not None:
        return mark.x - before.x >= WIDE_PITCH * pitch and gap >= 0.6 * pitch
    return gap >= SPACE_GAP * height


def _pitch(marks: Sequence[Glyph], spaced: set[int]) -> float | None:
    """The distance of neighbouring characters where it is the same all along (monospaced); None elsewhere."""
    steps = np.array([b.x - a.x for a, b in pairwise(marks) if id(b) not in spaced], dtype=np.float64)
    if len(steps) < 6:
        return None
    pitch = float(np.median(steps))
    return pitch if np.mean(np.abs(steps - pitch) < 0.22 * pitch) >= 0.85 else None
