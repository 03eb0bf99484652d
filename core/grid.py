"""Pictures seen as a grid of cells, one cell the model's merged patch. Knows nothing of time or windows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.config import CELL
from core.frame import Pixels, Rect

BAND = 4  # rows of cells compared at once

Cells = NDArray[np.bool_]  # [rows, columns]; the last row and column may stand for less than a full cell


def grid_shape(width: int, height: int) -> tuple[int, int]:
    """Rows and columns that cover a picture of this size."""
    return -(-height // CELL), -(-width // CELL)


def changed_cells(one: Pixels, other: Pixels, threshold: int, pixels: int) -> Cells:
    """Cells in which about ``pixels`` pixels or more differ by more than ``threshold`` in some channel.

    Both pictures: uint8 [H, W, 3] of the same size. Works through them in bands that fit the processor's cache,
    most of which are usually equal.
    """
    height, width = one.shape[:2]
    rows, columns = grid_shape(width, height)
    found = np.zeros((rows, columns), np.bool_)
    if one is other:
        return found
    enough = max(1, round(255 * pixels / CELL**2))
    for row in range(0, rows, BAND):
        lines = slice(row * CELL, min(height, (row + BAND) * CELL))
        if not same(one[lines], other[lines]):
            band = _shares(one[lines], other[lines], threshold, columns)
            found[row : row + len(band)] = band >= enough
    return found


def same(one: Pixels, other: Pixels) -> bool:
    """Whether two pictures of one size are equal, byte by byte."""
    if one.flags.c_contiguous and other.flags.c_contiguous and one.size % 8 == 0:
        return bool((one.reshape(-1).view(np.uint64) == other.reshape(-1).view(np.uint64)).all())
    return bool((one == other).all())


def _shares(one: Pixels, other: Pixels, threshold: int, columns: int) -> NDArray[np.uint8]:
    """The share of pixels that differ in each cell, 255 for all of them."""
    height, width = one.shape[:2]
    rows = -(-height // CELL)
    red, green, blue = cv2.split(cv2.absdiff(one, other))
    strongest = cv2.max(cv2.max(red, green), blue)  # [H, W]
    padded = np.zeros((rows * CELL, columns * CELL), np.uint8)
    cv2.threshold(strongest, threshold, 255, cv2.THRESH_BINARY, dst=padded[:height, :width])
    return np.asarray(cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def cells_of(rect: Rect, rows: int, columns: int) -> tuple[slice, slice]:
    """The cells that a rectangle in picture pixels touches, as slices of a grid."""
    top, left = max(0, rect.top // CELL), max(0, rect.left // CELL)
    bottom, right = min(rows, -(-rect.bottom // CELL)), min(columns, -(-rect.right // CELL))
    return slice(top, max(top, bottom)), slice(left, max(left, right))


def cells_within(rect: Rect, rows: int, columns: int) -> tuple[slice, slice]:
    """The cells that lie wholly inside a rectangle in picture pixels, as slices of a grid."""
    top, left = max(0, -(-rect.top // CELL)), max(0, -(-rect.left // CELL))
    bottom, right = min(rows, rect.bottom // CELL), min(columns, rect.right // CELL)
    return slice(top, max(top, bottom)), slice(left, max(left, right))


def rect_of(cells: Rect, width: int, height: int) -> Rect:
    """A rectangle counted in cells, in pixels of a picture of this size, cut at its edge."""
    whole = Rect(cells.left * CELL, cells.top * CELL, cells.width * CELL, cells.height * CELL)
    return whole.intersect(Rect(0, 0, width, height))


def bounds(cells: Cells) -> Rect:
    """The smallest rectangle, counted in cells, around the set ones; raises ValueError when none is set."""
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    if not rows.size:
        raise ValueError("no cell is set")
    top, left = int(rows[0]), int(columns[0])
    return Rect(left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1)


def grown(cells: Cells, across: int, down: int) -> Cells:
    """The set cells and all within ``across`` columns and ``down`` rows of one."""
    kernel = np.ones((2 * down + 1, 2 * across + 1), np.uint8)
    return np.asarray(cv2.dilate(cells.view(np.uint8), kernel), np.bool_)


def islands(cells: Cells, reach: int) -> list[Cells]:
    """The set cells in groups: within one, each is at most ``2 * reach + 1`` cells from another."""
    count, labels = cv2.connectedComponents(grown(cells, reach, reach).view(np.uint8), connectivity=8)
    return [np.asarray((labels == label) & cells, np.bool_) for label in range(1, count)]
