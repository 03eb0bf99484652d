"""Joins changed cells into few rectangles, each in one window. Knows nothing of time or of pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.frame import Rect
from core.grid import Cells, bounds, cells_of, cells_within, islands

DESKTOP = -1  # owner of the cells that no window covers
NOBODY = -2  # owner of the cells that are painted out

MAX_IN_WINDOW = 3
MAX_ISLANDS = 24  # more are joined coarsely first
CHEAP_WASTE = 6  # cells: two rectangles this wasteful to join are always joined

Owners = NDArray[np.int16]  # [rows, columns]: index of the frontmost window


@dataclass(frozen=True, slots=True)
class Group:
    """A rectangle counted in cells, and the index of its window (or DESKTOP)."""

    cells: Rect
    owner: int


def owners(windows: Sequence[Rect], hidden: Sequence[Rect], rows: int, columns: int) -> Owners:
    """Whose each cell is. ``windows``: their rectangles in frame pixels, front to back; ``hidden``: painted out."""
    found = np.full((rows, columns), DESKTOP, np.int16)
    for index in reversed(range(len(windows))):
        found[cells_of(windows[index], rows, columns)] = index
    for rect in hidden:
        found[cells_within(rect, rows, columns)] = NOBODY
    return found


def group(changed: Cells, owner: Owners, new: set[int], whole_share: float, most: int) -> list[Group]:
    """Rectangles around the changed cells, window by window, the largest first, at most ``most``.

    A window in ``new``, or changed in at least ``whole_share`` of its visible cells, is taken as a whole.
    """
    groups: list[Group] = []
    for index in sorted({int(i) for i in np.unique(owner[changed])} - {NOBODY}):
        visible = np.asarray(owner == index, np.bool_)
        mine = np.asarray(changed & visible, np.bool_)
        if index in new or int(mine.sum()) >= whole_share * int(visible.sum()):
            groups.append(Group(bounds(visible), index))
        else:
            groups += [Group(rect, index) for rect in _joined(mine)]
    return sorted(_at_most(groups, most), key=lambda g: (-g.cells.area, g.cells))


def _joined(cells: Cells) -> list[Rect]:
    reach = 1
    found = islands(cells, reach)
    while len(found) > MAX_ISLANDS:
        reach *= 2
        found = islands(cells, reach)
    rects = [bounds(island) for island in found]
    while len(rects) > 1:
        waste, first, second = min(_pairs(rects))
        if len(rects) <= MAX_IN_WINDOW and waste > CHEAP_WASTE + (rects[first].area + rects[second].area) // 4:
            break
        both = Rect.around((rects[first], rects[second]))
        rects = [rect for i, rect in enumerate(rects) if i not in (first, second)] + [both]
    return rects


def _pairs(rects: Sequence[Rect]) -> Iterator[tuple[int, int, int]]:
    """Each pair with the cells that joining it would add."""
    for second, b in enumerate(rects):
        for first, a in enumerate(rects[:second]):
            yield Rect.around((a, b)).area - a.area - b.area, first, second


def _at_most(groups: list[Group], most: int) -> list[Group]:
    """Too many: all of a window in one rectangle; still too many: the smallest ones in one of the desktop."""
    if len(groups) > most:
        indices = dict.fromkeys(g.owner for g in groups)
        groups = [Group(Rect.around(g.cells for g in groups if g.owner == i), i) for i in indices]
    if len(groups) > most:
        groups = sorted(groups, key=lambda g: (-g.cells.area, g.cells))
        rest = Rect.around(g.cells for g in groups[most - 1 :])
        groups = [*groups[: most - 1], Group(rest, DESKTOP)]
    return groups
