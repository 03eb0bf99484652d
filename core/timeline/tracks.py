"""Recognises window content that was stored before, so that only what is new is stored again.

Each window place (source, application, rectangle) remembers the last few full pictures by a checksum per tile of
CELL x CELL pixels. New content is then the same as one of them, or differs in a band of rows, or is new.
Held in memory only: after a restart the first picture of each window is simply stored whole.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.config import CELL
from core.frame import Pixels, Rect

Tiles = NDArray[np.int64]  # [rows, columns] checksums; HIDDEN where another window covers the tile

HIDDEN = -1
BAND_LIMIT = 0.5  # of the height: a larger band is stored as a full picture
MARGIN_ROWS = 1  # tile rows kept around a band, so that no line of text is cut
BASES = 6  # full pictures remembered for one place
PLACES = 48


def tiles_of(crop: Pixels, covered: Sequence[Rect]) -> Tiles:
    """Checksums of the tiles of [H, W, 3] pixels; tiles touched by ``covered`` (crop pixels) are HIDDEN."""
    height, width = crop.shape[:2]
    rows, columns = -(-height // CELL), -(-width // CELL)
    padded = np.zeros((rows * CELL, columns * CELL, 3), np.uint8)
    padded[:height, :width] = crop
    blocks = np.ascontiguousarray(padded.reshape(rows, CELL, columns, CELL * 3).swapaxes(1, 2))  # [R, C, 28, 84]
    flat = blocks.reshape(rows * columns, -1)
    sums = np.fromiter((zlib.crc32(tile.data) for tile in flat), np.int64, len(flat)).reshape(rows, columns)
    for rect in covered:
        sums[rect.top // CELL : -(-rect.bottom // CELL), rect.left // CELL : -(-rect.right // CELL)] = HIDDEN
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A full picture that is stored: of which moment, and its tiles."""

    moment: int
    tiles: Tiles


@dataclass(frozen=True, slots=True)
class Placing:
    """How new content is stored: a copy of ``base`` (height 0), a band of rows on top of it, or whole (no base)."""

    base: int | None
    top: int
    height: int

    @property
    def same(self) -> bool:
        return self.base is not None and self.height == 0


@dataclass(slots=True)
class Newest:
    """The newest moment of a place: what a burst of changes may still replace."""

    moment: int
    time: datetime
    title: str
    picture: str
    shared: bool  # its picture belongs to an earlier moment


@dataclass(slots=True)
class Place:
    bases: list[Base] = field(default_factory=list)
    newest: Newest | None = None

    def place(self, tiles: Tiles, height: int) -> Placing:
        """Where ``tiles`` (of a crop of that height) fit best; the most recent base where several do."""
        best = Placing(None, 0, height)
        for base in reversed(self.bases):
            if base.tiles.shape != tiles.shape:
                continue
            differs = (tiles != base.tiles) & (tiles != HIDDEN)
            rows = np.flatnonzero(differs.any(axis=1))
            if not len(rows):
                return Placing(base.moment, 0, 0)
            top = max(0, int(rows[0]) - MARGIN_ROWS) * CELL
            bottom = min(height, (int(rows[-1]) + 1 + MARGIN_ROWS) * CELL)
            if bottom - top <= BAND_LIMIT * height and (best.base is None or bottom - top < best.height):
                best = Placing(base.moment, top, bottom - top)
        return best

    def remember(self, base: Base) -> None:
        others = [known for known in self.bases if known.moment != base.moment]
        self.bases = [*others[-(BASES - 1) :], base]


class Places:
    """The places of the last windows seen, least recently used forgotten first."""

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, str, Rect], Place] = OrderedDict()

    def at(self, source: str, application: str, rect: Rect) -> Place:
        key = (source, application, rect)
        place = self._places.setdefault(key, Place())
        self._places.move_to_end(key)
        while len(self._places) > PLACES:
            self._places.popitem(last=False)
        return place

    def clear(self) -> None:
        self._places.clear()
