"""From a change to what the model is shown: a line of text, an overview, and the news at native resolution.

Deterministic: the same change gives the same pictures. Knows nothing of tensors. ``header`` is the single place
where the line of text is framed; training uses it too.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.config import CELL, VisionBudget
from core.frame import Pixels, Rect, Window
from core.gate import Change

MAX_APPLICATION = 40  # characters
MAX_TITLE = 160
ASPECT_TOLERANCE = 1.05  # how much wider or taller than the picture the overview's grid may be
READABLE_SCALE = 0.75  # text scaled down further than this is not read any more: rather a part at full size
LINE_ROWS = 3  # cells: a region up to this height is shown with the rest of its lines of text
LINE_REACH = 24  # cells: this far to either side
WORD_GAP = 2  # blank cells at which a line ends
EDGE = 24  # difference of neighbouring grey levels from which a pixel belongs to the outline of something


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What one call of ``Session.see`` takes.

    ``pictures``: uint8 [H, W, 3] RGB each, sides positive multiples of CELL; the overview first, then what changed.
    """

    time: datetime  # UTC
    header: str
    pictures: tuple[Pixels, ...]


def observe(change: Change, budget: VisionBudget) -> Observation:
    """A change as the model sees it: the overview, then at most ``budget.max_regions`` of what changed.

    The header names the focused window when it is among the changed ones, else the window that changed most. As far
    as the budget allows it for all, a low region (a word, a digit) is widened to the line of text it belongs to,
    within its window, and heightened where a letter would be cut. Regions share ``region_tokens`` evenly; what a
    small one leaves, larger ones get. A region that still is too large is scaled down when its text stays readable
    (READABLE_SCALE), else shown in part at native resolution: the part with the most detail (text has more outlines
    than anything else), in whatever shape holds most of it.
    """
    frame = change.frame
    named = _named(change)
    return Observation(
        time=frame.time,
        header=header(frame.time, "" if named is None else named.application, "" if named is None else named.title),
        pictures=_pictures(frame.pixels, _in_lines(change, budget), budget),
    )


def shown(change: Change, budget: VisionBudget) -> tuple[tuple[Rect, float], ...]:
    """What of a change its observation shows beside the overview: parts of the frame, and how much each is scaled
    (1: native resolution). Empty where the overview alone shows all of it."""
    pixels = change.frame.pixels
    parts = _shared(pixels, _in_lines(change, budget), budget)
    return tuple(_part(pixels, rect, share) for rect, share in parts)


def bare(change: Change) -> bool:
    """Whether all that changed is empty desktop, as a closed window leaves it: no window's, and without an outline.

    It tells a model nothing, and would take the place of something else in its memory.
    """
    return all(region.window is None and not _outlined(change.frame.pixels, region.rect) for region in change.regions)


def observe_picture(
    pixels: Pixels, time: datetime, application: str, title: str, budget: VisionBudget
) -> Observation:
    """A picture on its own, all of it news: a stored moment seen again, an image dropped on the window.

    ``pixels``: uint8 [H, W, 3] RGB. Raises ValueError for an empty one.
    """
    height, width = pixels.shape[:2]
    if not width or not height:
        raise ValueError("an empty picture cannot be seen")
    whole = Rect(0, 0, width, height)
    return Observation(time, header(time, application, title), _pictures(pixels, [whole], budget))


def plain(text: str, limit: int) -> str:
    """Untrusted text as one harmless line: no control, format or unassigned characters, at most ``limit`` long."""
    kept = "".join(
        " " if unicodedata.category(c) in ("Zl", "Zp", "Zs", "Cc") else c
        for c in text[: 8 * limit]
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    line = re.sub(r" +", " ", kept).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def header(time: datetime, application: str, title: str) -> str:
    """``2026-11-22 Sun 14:05:09 | xterm | make``: local time, application, title, on one line."""
    local = time.astimezone()
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[local.weekday()]  # strftime would follow the locale
    parts = (
        f"{local:%Y-%m-%d} {day} {local:%H:%M:%S}",
        plain(application, MAX_APPLICATION).lower(),  # "XTerm" of one desktop is "xterm" of another, and of questions
        plain(title, MAX_TITLE),
    )
    return " | ".join(parts)


@lru_cache(maxsize=64)
def overview_size(width: int, height: int, tokens: int) -> tuple[int, int]:
    """Columns and rows of cells for a picture of this size: as many as ``tokens`` allow without stretching it by
    more than ASPECT_TOLERANCE (or the least stretched, where none is as faithful), never above its own size.
    """
    most_columns, most_rows = -(-width // CELL), -(-height // CELL)
    best: tuple[bool, float, float, int, int] = (False, -math.inf, 0, 1, 1)
    for rows in range(1, min(most_rows, tokens) + 1):
        for columns in range(1, min(most_columns, tokens // rows) + 1):
            stretch = columns * height / (rows * width)
            distortion = max(stretch, 1 / stretch)
            if distortion <= ASPECT_TOLERANCE:
                best = max(best, (True, columns * rows, -distortion, columns, rows))
            else:
                best = max(best, (False, -distortion, columns * rows, columns, rows))
    return best[3], best[4]


def _named(change: Change) -> Window | None:
    active = change.frame.active
    windows = [region.window for region in change.regions if region.window is not None]
    if active in windows or not windows:
        return active
    return windows[0]  # the regions come largest first


def _in_lines(change: Change, budget: VisionBudget) -> list[Rect]:
    """The changed rectangles, low ones with the rest of their lines while all of them fit the budget."""
    frame = change.frame
    chosen = change.regions[: budget.max_regions]
    left = budget.region_tokens - sum(_cells(region.rect) for region in chosen)
    rects: list[Rect] = []
    for region in chosen:
        bounds = Rect(0, 0, *frame.size) if region.window is None else frame.local(region.window.rect)
        rect = _in_line(frame.pixels, region.rect, bounds)
        if _cells(rect) - _cells(region.rect) > left:
            rect = region.rect
        if not any(rect.intersect(other) == rect for other in rects):
            left -= _cells(rect) - _cells(region.rect)
            rects.append(rect)
    return rects


def _in_line(pixels: Pixels, rect: Rect, bounds: Rect) -> Rect:
    """A low region with the rest of its lines of text inside ``bounds`` (its window); others as they are."""
    if not 0 < rect.height <= LINE_ROWS * CELL:
        return rect
    height, width = pixels.shape[:2]
    across = slice(rect.left, rect.right)
    top, bottom = rect.top, rect.bottom
    if top >= CELL and _ink(pixels[top - 1 : top + 1, across]):
        top -= CELL
    if bottom < height and _ink(pixels[bottom - 1 : bottom + 1, across]):
        bottom = min(height, bottom + CELL)
    first = max(bounds.left // CELL, rect.left // CELL - LINE_REACH, 0)
    last = min(-(-bounds.right // CELL), -(-rect.right // CELL) + LINE_REACH, -(-width // CELL))
    band = pixels[top:bottom, first * CELL : last * CELL]
    if not band.size:
        return rect
    written = (_detail(band, last - first, -(-(bottom - top) // CELL)).sum(axis=0) > 0).tolist()
    left, right = max(0, rect.left // CELL - first), min(last - first, -(-rect.right // CELL) - first)
    while any(written[max(0, left - WORD_GAP) : left]):
        left -= 1
    while any(written[right : right + WORD_GAP]):
        right += 1
    left, right = min(rect.left, (first + left) * CELL), max(rect.right, min(width, (first + right) * CELL))
    return Rect(left, top, right - left, bottom - top)


def _outlined(pixels: Pixels, rect: Rect) -> bool:
    part = pixels[rect.top : rect.bottom, rect.left : rect.right]
    return bool(part.size) and bool(_detail(part, -(-rect.width // CELL), -(-rect.height // CELL)).any())


def _ink(rows: Pixels) -> bool:
    """Whether two rows of pixels have outlines in the same place: something goes on from one to the other."""
    if rows.shape[1] < 2:
        return False
    grey = cv2.cvtColor(rows, cv2.COLOR_RGB2GRAY)
    outlines = cv2.absdiff(grey[:, 1:], grey[:, :-1]) >= EDGE
    return bool((outlines[0] & outlines[1]).any())


def _pictures(pixels: Pixels, regions: Sequence[Rect], budget: VisionBudget) -> tuple[Pixels, ...]:
    height, width = pixels.shape[:2]
    overview = _resized(pixels, *overview_size(width, height, budget.overview_tokens))
    return (overview, *(_fitted(pixels, rect, share) for rect, share in _shared(pixels, regions, budget)))


def _shared(pixels: Pixels, regions: Sequence[Rect], budget: VisionBudget) -> list[tuple[Rect, int]]:
    """The regions that are shown beside the overview, each with its tokens; none where a picture is small enough for
    the overview to show it in full, which they would only repeat."""
    height, width = pixels.shape[:2]
    columns, rows = overview_size(width, height, budget.overview_tokens)
    if columns * CELL >= width and rows * CELL >= height:
        return []
    chosen = [rect for rect in regions[: budget.max_regions] if rect.area]
    shares = _shares([_cells(rect) for rect in chosen], budget.region_tokens)
    return [(rect, share) for rect, share in zip(chosen, shares, strict=True) if share]


def _cells(rect: Rect) -> int:
    return -(-rect.width // CELL) * -(-rect.height // CELL)


def _shares(wanted: Sequence[int], tokens: int) -> list[int]:
    """Tokens for each region: what it wants, or an even share of what is left."""
    shares = [0] * len(wanted)
    left = tokens
    for done, index in enumerate(sorted(range(len(wanted)), key=lambda i: (wanted[i], i))):
        shares[index] = min(wanted[index], left // (len(wanted) - done))
        left -= shares[index]
    return shares


def _fitted(pixels: Pixels, rect: Rect, tokens: int) -> Pixels:
    """A region in at most ``tokens`` cells: as it is, scaled down, or in part."""
    part, scale = _part(pixels, rect, tokens)
    if scale == 1.0:
        return _native(pixels, part)
    return _resized(
        pixels[part.top : part.bottom, part.left : part.right], *overview_size(part.width, part.height, tokens)
    )


def _part(pixels: Pixels, rect: Rect, tokens: int) -> tuple[Rect, float]:
    """What of a region at most ``tokens`` cells show, and at which scale."""
    columns, rows = -(-rect.width // CELL), -(-rect.height // CELL)
    if columns * rows <= tokens:
        return rect, 1.0
    part = pixels[rect.top : rect.bottom, rect.left : rect.right]
    small_columns, small_rows = overview_size(rect.width, rect.height, tokens)
    scale = min(small_columns * CELL / rect.width, small_rows * CELL / rect.height)
    if scale >= READABLE_SCALE:  # below 1: fewer cells than the region touches do not hold all of it
        return rect, scale
    return _richest(part, columns, rows, tokens).moved(rect.left, rect.top), 1.0


def _richest(part: Pixels, columns: int, rows: int, tokens: int) -> Rect:
    """The rectangle of at most ``tokens`` cells with the most detail, in the part's pixels; the topmost, then
    leftmost of equal ones.
    """
    detail = _detail(part, columns, rows)
    total = np.zeros((rows + 1, columns + 1), np.int64)
    total[1:, 1:] = detail.cumsum(axis=0).cumsum(axis=1)
    best = (-1, Rect(0, 0, 1, 1))
    for high in range(1, min(rows, tokens) + 1):
        wide = min(columns, tokens // high)
        sums = total[high:, wide:] - total[:-high, wide:] - total[high:, :-wide] + total[:-high, :-wide]
        top, left = divmod(int(sums.argmax()), sums.shape[1])
        if int(sums[top, left]) > best[0]:
            best = (int(sums[top, left]), Rect(left, top, wide, high))
    cells = best[1]
    return Rect(cells.left * CELL, cells.top * CELL, cells.width * CELL, cells.height * CELL)


def _detail(part: Pixels, columns: int, rows: int) -> NDArray[np.int64]:
    """How many pixels of each cell lie on an outline; what only touches a cell from its side does not count.

    [rows, columns]
    """
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)  # [h, w]
    outline = np.zeros((rows * CELL, columns * CELL), np.bool_)
    height, width = grey.shape
    outline[:height, : width - 1] = cv2.absdiff(grey[:, 1:], grey[:, :-1]) >= EDGE if width > 1 else False
    inner = outline.reshape(rows, CELL, columns, CELL)[..., :-1]
    return np.asarray(inner.sum(axis=(1, 3)), np.int64)


def _native(pixels: Pixels, rect: Rect) -> Pixels:
    """Whole cells around ``rect`` at native resolution: moved inwards at the picture's edge, and where the picture
    is too small for that, its last row and column repeated.
    """
    height, width = pixels.shape[:2]
    wide, high = -(-rect.width // CELL) * CELL, -(-rect.height // CELL) * CELL
    left, top = max(0, min(rect.left, width - wide)), max(0, min(rect.top, height - high))
    part = pixels[top : top + high, left : left + wide]
    missing = ((0, high - part.shape[0]), (0, wide - part.shape[1]), (0, 0))
    return np.pad(part, missing, mode="edge") if part.shape != (high, wide, 3) else np.ascontiguousarray(part)


def _resized(pixels: Pixels, columns: int, rows: int) -> Pixels:
    """To whole cells; each pixel the mean of those it stands for when it gets smaller."""
    height, width = pixels.shape[:2]
    size = columns * CELL, rows * CELL
    if size == (width, height):
        return np.ascontiguousarray(pixels)
    smaller = size[0] <= width and size[1] <= height
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
