"""Puts read pieces of text into visual rows and reading order, and finds the parts of a picture worth reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.frame import Pixels, Rect
from core.timeline.moment import Line

SAME_ROW = 0.5  # vertical overlap, of the lower piece's height, from which two pieces share a row
BLANK = 56  # pixel rows: a higher empty stretch parts a picture
FLAT = 6  # grey levels: variation within a row or column that is nothing


def in_rows(pieces: Sequence[Line]) -> list[Line]:
    """The pieces numbered by visual row from the top, each row from left to right."""
    rows = list[list[Line]]()
    for piece in sorted(pieces, key=lambda line: (line.rect.centre[1], line.rect.left)):
        for row in reversed(rows[-4:]):
            if _same_row(row, piece):
                row.append(piece)
                break
        else:
            rows.append([piece])
    rows.sort(key=lambda row: min(line.rect.centre[1] for line in row))
    return [
        replace(line, row=number)
        for number, row in enumerate(rows)
        for line in sorted(row, key=lambda line: line.rect.left)
    ]


def _same_row(row: Sequence[Line], piece: Line) -> bool:
    """Whether the piece stands beside the row's pieces: overlapping up and down, not sideways."""
    for line in row:
        common = min(line.rect.bottom, piece.rect.bottom) - max(line.rect.top, piece.rect.top)
        if common < SAME_ROW * min(line.rect.height, piece.rect.height):
            return False
        sideways = min(line.rect.right, piece.rect.right) - max(line.rect.left, piece.rect.left)
        if sideways > 0.3 * min(line.rect.width, piece.rect.width):
            return False
    return True


def worth_reading(pixels: Pixels, tallest: int) -> list[Rect]:
    """The parts of a picture that are not blank, cut at high empty stretches; none higher than ``tallest``.

    A part that must be cut inside overlaps the next one by a line of text.
    """
    grey = pixels[..., 1]
    busy_rows = grey.max(axis=1).astype(np.int16) - grey.min(axis=1) > FLAT  # [H]
    parts = list[Rect]()
    for top, bottom in _stretches(busy_rows, BLANK):
        part = grey[top:bottom]
        columns = np.flatnonzero(part.max(axis=0).astype(np.int16) - part.min(axis=0) > FLAT)
        if not len(columns):  # stripes without anything across them
            continue
        left, right = max(0, int(columns[0]) - 8), min(grey.shape[1], int(columns[-1]) + 9)
        while bottom - top > tallest:
            parts.append(Rect(left, top, right - left, tallest))
            top += tallest - BLANK
        parts.append(Rect(left, top, right - left, bottom - top))
    return parts


def _stretches(busy: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], blank: int) -> list[tuple[int, int]]:
    """[start, end) of the busy stretches, 8 wider at both ends; those less than ``blank`` apart are one."""
    where = np.flatnonzero(busy)
    if not len(where):
        return []
    cuts = np.flatnonzero(np.diff(where) > blank)
    starts = [int(where[0]), *(int(where[c + 1]) for c in cuts)]
    ends = [*(int(where[c]) for c in cuts), int(where[-1])]
    return [(max(0, s - 8), min(len(busy), e + 9)) for s, e in zip(starts, ends, strict=True)]
