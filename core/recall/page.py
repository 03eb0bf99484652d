"""A moment's text as a page: cells on a plane, what stands beside, above and at the head of what.

Knows geometry only; nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from core.frame import Rect
from core.timeline.moment import Line, Moment
from core.timeline.schema import fold, words

_WORD = re.compile(r"[^\W_]+|%")
HEADER_REACH = 60  # rows a table may be long
EVEN = 1.7  # times the gaps so far: a wider one between two rows ends a table
RULED = 1.7  # of a line's height: what a ruler between the head and the body of a table may take
LOOSE = 0.9  # of a line's height: a larger empty space parts paragraphs


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word: its cell, its place in the cell's text, and about where it is in pixels."""

    text: str
    cell: int
    start: int
    end: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a possible answer stands: a part of a cell's text."""

    cell: int
    start: int
    end: int


class Page:
    """A moment and its cells in reading order; ``rows[i]`` is the visual row of cell ``i``, counted from 0."""

    def __init__(self, moment: Moment, lines: Sequence[Line]) -> None:
        self.moment = moment
        lines = [cell for line in lines for cell in _at_bars(line)]
        self.cells = tuple(lines)
        numbers = sorted({line.row for line in lines})
        rank = {number: index for index, number in enumerate(numbers)}
        self.rows = tuple(rank[line.row] for line in lines)
        self.members: list[list[int]] = [[] for _ in numbers]
        for index, row in enumerate(self.rows):
            self.members[row].append(index)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        found = []
        for index, cell in enumerate(self.cells):
            step = cell.rect.width / max(1, len(cell.text))
            for match in _WORD.finditer(cell.text):
                left = cell.rect.left + match.start() * step
                right = cell.rect.left + match.end() * step
                found.append(Word(fold(match[0]), index, match.start(), match.end(), left, right))
        return tuple(found)

    @cached_property
    def words_by_cell(self) -> tuple[tuple[Word, ...], ...]:
        grouped: list[list[Word]] = [[] for _ in self.cells]
        for word in self.words:
            grouped[word.cell].append(word)
        return tuple(tuple(group) for group in grouped)

    @cached_property
    def title(self) -> tuple[str, ...]:
        return tuple(words(f"{self.moment.title} {self.moment.application}"))

    def row_text(self, row: int) -> str:
        return "  ".join(self.cells[index].text for index in self.members[row])

    def extent(self, place: Place) -> tuple[float, float]:
        """About where a part of a cell's text is, in pixels from the left."""
        cell = self.cells[place.cell]
        step = cell.rect.width / max(1, len(cell.text))
        return cell.rect.left + place.start * step, cell.rect.left + place.end * step

    def header(self, place: Place) -> tuple[Word, ...]:
        """The words at the head of the column a value stands in; none where it stands in no table.

        A table's rows follow each other at an even distance and have several cells; its topmost row heads it.
        """
        row = self.rows[place.cell]
        if len(self.members[row]) < 2:
            return ()
        left, right = self.extent(place)
        height = self.cells[place.cell].rect.height
        head, box, gap = tuple[Word, ...](), self._box(row), 0.0
        for above in range(row - 1, max(-1, row - HEADER_REACH), -1):
            over = self._box(above)
            distance = box.top - over.bottom
            ruled = RULED * height if len(self.members[above]) >= len(self.members[row]) else 0.0
            if (
                distance > (max(ruled, EVEN * gap + 0.35 * height if head else 1.2 * height))
                or not 0.6 < over.height / height < 1.6
            ):
                break
            if len(self.members[above]) < 2:
                if self._wraps(above):
                    box = over
                    continue
                break
            found = self._over(above, left, right)
            if found:
                head = found
            box, gap = over, max(gap, float(distance), 0.0)
        return head

    def _box(self, row: int) -> Rect:
        return Rect.around(self.cells[index].rect for index in self.members[row])

    def _over(self, row: int, left: float, right: float) -> tuple[Word, ...]:
        """The row's words between two x; all of a cell's words where the cell is a column of its own."""
        found = list[Word]()
        for index in self.members[row]:
            mine = self.words_by_cell[index]
            rect = self.cells[index].rect
            slack = 0.5 * rect.height
            over = [word for word in mine if min(word.right, right + slack) - max(word.left, left - slack) > 0]
            run = list(mine) if over and len(mine) <= 3 and rect.width <= 2.5 * (right - left) else over
            if run and _lined_up(run[0].left, run[-1].right, left, right, rect.height):
                found += run
        return tuple(found)

    def _wraps(self, row: int) -> bool:
        """Whether a row only goes on with a cell of the row above."""
        return (
            len(self.members[row]) == 1
            and row > 0
            and any(self.below(index) in self.members[row] for index in self.members[row - 1])
        )

    def same_column(self, one: int, other: int) -> bool:
        a, b = self.cells[one].rect, self.cells[other].rect
        common = min(a.right, b.right) - max(a.left, b.left)
        return common > 0.3 * min(a.width, b.width)

    def parted(self, one: int, other: int) -> bool:
        """Whether an empty space as between paragraphs lies between two neighbouring lines."""
        upper, lower = sorted((self.cells[one].rect, self.cells[other].rect), key=lambda rect: rect.top)
        return lower.top - upper.bottom > LOOSE * min(upper.height, lower.height)

    def stacked(self, cell: int, following: int) -> bool:
        """Whether two lines belong closer together than to the row above: wrapped text in a table's cell."""
        row = self.rows[cell]
        if row == 0 or len(self.members[row]) < 2:
            return False
        box = self.cells[cell].rect
        apart = self.cells[following].rect.top - box.bottom
        return box.top - self._box(row - 1).bottom > apart + 0.4 * box.height

    def below(self, cell: int) -> int | None:
        """The cell that goes on where this one ends: right below, at the same left edge, as large."""
        box = self.cells[cell].rect
        row = self.rows[cell] + 1
        if row >= len(self.members):
            return None
        for index in self.members[row]:
            rect = self.cells[index].rect
            if (
                abs(rect.left - box.left) <= 0.5 * box.height
                and rect.top - box.bottom < 0.8 * box.height
                and 0.7 < rect.height / box.height < 1.4
            ):
                return index
        return None


def _at_bars(line: Line) -> list[Line]:
    """The cells of a line whose columns are parted by bars, as terminals draw tables."""
    pieces = [
        (found.start(), found.end())
        for found in re.finditer(r"(?:[^|│\s]|(?<=\S)\s(?=[^|│\s])|\s(?=[^|│\s]))+", line.text)
    ]
    if len(pieces) < 2 or not re.search(r"\s[|│]\s|[|│].*[|│]", line.text):
        return [line]
    step = line.rect.width / len(line.text)
    cells = []
    for start, end in pieces:
        left = line.rect.left + round(start * step)
        rect = Rect(left, line.rect.top, max(1, round((end - start) * step)), line.rect.height)
        cells.append(replace(line, text=line.text[start:end].strip(), rect=rect))
    return cells


def _lined_up(left: float, right: float, other_left: float, other_right: float, height: float) -> bool:
    """Whether two stretches share their left edge, right edge or middle, as the cells of a column do."""
    middle = abs(left + right - other_left - other_right) / 2
    return min(abs(left - other_left), abs(right - other_right), middle) <= 1.2 * height
