"""A drawn desktop over a while: windows open, grow, turn to something else, come to the front and close.

Each step that changes the picture is framed by the app's own code: ``core.grid`` finds what changed, ``core.regions``
joins it window by window, ``core.preprocess`` makes the observation. Knows nothing of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

import numpy as np

from core.config import GateConfig
from core.frame import Frame, Monitor, Pixels, Rect, Window
from core.gate import Change, ChangedRegion
from core.grid import changed_cells, grid_shape, rect_of
from core.preprocess import Observation, bare, observe, shown
from core.regions import DESKTOP, group, owners
from core.training.data.canvas import CELL, Fact
from core.training.data.desktop import BUDGET, background
from core.training.data.live_windows import LiveWindow, Pane, Still
from core.training.data.real_windows import Corpus
from core.training.data.screens import Drawer
from core.training.data.words import LABELS

MONITORS = ((1280, 720), (1366, 768), (1600, 900), (1920, 1080), (1920, 1080))
MOST_WINDOWS = 5
REAL_SHARE = 0.25  # of the windows that open, where there is a corpus
LIVE_SHARE = 0.6  # of the others
GATE = GateConfig()


@dataclass(frozen=True, slots=True)
class Step:
    """What one change of the desktop shows: the observation, and what is told of the window that it names."""

    observation: Observation
    title: str
    application: str
    facts: list[Fact]
    lines: list[str]


@dataclass(slots=True, eq=False)
class _Placed:
    pane: Pane
    left: int
    top: int

    @property
    def rect(self) -> Rect:
        height, width = self.pane.pixels.shape[:2]
        return Rect(self.left, self.top, width, height)


class LiveDesktop:
    """One desktop of a fixed size. ``corpus``: captured windows to open among drawn ones; ``labels``: of values."""

    def __init__(
        self, rng: Random, drawer: Drawer, corpus: Corpus | None = None, labels: Sequence[str] | None = None
    ) -> None:
        self._drawer, self._corpus, self._labels = drawer, corpus, labels or LABELS
        self._width, self._height = rng.choice(MONITORS)
        self._empty = background(rng, self._width, self._height)
        self._pixels = self._empty.copy()
        self._windows: list[_Placed] = []  # front to back
        self.drawn: set[str] = set()  # labels of the values drawn so far, whether the app looked at them or not

    def step(self, rng: Random, time: datetime) -> Step:
        """The next change that shows something, as the app frames it."""
        while True:
            made = self._framed(time, *self._happen(rng))
            if made is not None:
                return made

    def _happen(self, rng: Random) -> tuple[Rect, _Placed | None, _Placed | None]:
        """Let something happen; returns where, the window that has the focus after it, and the one that opened."""
        live = [placed for placed in self._windows if isinstance(placed.pane, LiveWindow)]
        turning = [placed for placed in live if isinstance(placed.pane, LiveWindow) and placed.pane.turns]
        behind = [placed for placed in self._windows[1:] if self._is_covered(placed)]
        full = len(self._windows) >= MOST_WINDOWS
        weights = {
            "open": 4 * (not full), "grow": 5 * bool(live), "turn": 1.2 * bool(turning), "raise": 1.5 * bool(behind),
            "close": bool(self._windows) + 2 * full,
        }  # fmt: skip
        event = rng.choices(tuple(weights), tuple(weights.values()))[0]
        if event == "open":
            placed = self._opened(rng)
            self._windows.insert(0, placed)
            return placed.rect, placed, placed
        if event == "close":
            placed = self._windows.pop(0 if rng.random() < 0.7 else -1)
            return placed.rect, self._windows[0] if self._windows else None, None
        if event == "raise":
            placed = rng.choice(behind)
            self._to_front(placed)
            return placed.rect, placed, None
        chosen = live if event == "grow" else turning
        placed = next((each for each in chosen if rng.random() < 0.6), chosen[0])
        pane = placed.pane
        if isinstance(pane, LiveWindow):
            (pane.grow if event == "grow" else pane.turn)(rng)
        if event == "grow" and rng.random() < 0.2:
            return placed.rect, self._windows[0], None  # in the background, while another has the focus
        self._to_front(placed)
        return placed.rect, placed, None

    def _opened(self, rng: Random) -> _Placed:
        """A new window somewhere on the desktop; a dialog over the window in front."""
        pane: Pane
        if self._corpus is not None and rng.random() < REAL_SHARE:
            pane = Still(self._corpus.draw(rng))
        elif rng.random() < LIVE_SHARE:
            pane = LiveWindow(rng, self._drawer, self._labels)
        elif self._windows and rng.random() < 0.4:
            size = rng.choice((13, 14, 15, 16))
            pane = Still(self._drawer.screen(rng, (rng.randint(6, 11), rng.randint(3, 6)), size, self._labels))
            over = self._windows[0].rect.centre
            height, width = pane.pixels.shape[:2]
            return self._placed(pane, over[0] - width // 2, over[1] - height // 2)
        else:
            pane = Still(self._drawer.screen(rng))
        height, width = pane.pixels.shape[:2]
        left, top = (rng.randint(0, max(0, a - b)) for a, b in ((self._width, width), (self._height, height)))
        return self._placed(pane, left, top)

    def _placed(self, pane: Pane, left: int, top: int) -> _Placed:
        """As near to that place as the desktop allows."""
        height, width = pane.pixels.shape[:2]
        return _Placed(pane, max(0, min(left, self._width - width)), max(0, min(top, self._height - height)))

    def _to_front(self, placed: _Placed) -> None:
        self._windows.remove(placed)
        self._windows.insert(0, placed)

    def _is_covered(self, placed: _Placed) -> bool:
        front = self._windows[: self._windows.index(placed)]
        return any(other.rect.intersect(placed.rect).area for other in front)

    def _framed(self, time: datetime, where: Rect, focused: _Placed | None, opened: _Placed | None) -> Step | None:
        """What the app makes of the change inside ``where``; None where nothing to be seen changed."""
        columns = slice(where.left // CELL, -(-min(where.right, self._width) // CELL))
        rows = slice(where.top // CELL, -(-min(where.bottom, self._height) // CELL))
        area = Rect(
            columns.start * CELL, rows.start * CELL, (columns.stop - columns.start) * CELL,
            (rows.stop - rows.start) * CELL,
        ).intersect(Rect(0, 0, self._width, self._height))  # fmt: skip
        before = self._part(self._pixels, area).copy()
        self._compose(area)
        for placed in self._windows:
            self.drawn |= placed.pane.labels()
        changed = np.zeros(grid_shape(self._width, self._height), np.bool_)
        after = np.ascontiguousarray(self._part(self._pixels, area))
        changed[rows, columns] = changed_cells(after, before, GATE.pixel_threshold, GATE.cell_pixels)
        if not changed.any():
            return None
        windows = tuple(
            Window(p.pane.title, p.pane.application, None, p.rect, focused=p is focused) for p in self._windows
        )
        new = {index for index, placed in enumerate(self._windows) if placed is opened}
        owner = owners([placed.rect for placed in self._windows], (), *changed.shape)
        regions = tuple(
            ChangedRegion(
                rect_of(found.cells, self._width, self._height),
                None if found.owner == DESKTOP else windows[found.owner],
            )
            for found in group(changed, owner, new, GATE.whole_window, GATE.max_regions)
        )
        monitor = Monitor("drawn", Rect(0, 0, self._width, self._height))
        frame = Frame(self._pixels, time, 0.0, "screen:drawn", monitor, windows=windows)
        change = Change(frame, regions, float(changed.mean()), first=False)
        return None if bare(change) else self._told(change)

    def _told(self, change: Change) -> Step | None:
        """The observation, and what it shows of the window in its header: of the focused one where it changed, else
        of the one that changed most. None where there is no window."""
        windows = [region.window for region in change.regions if region.window is not None]
        active = change.frame.active
        named = active if active in windows or not windows else windows[0]
        if named is None:
            return None
        index = change.frame.windows.index(named)
        placed = self._windows[index]
        parts = [(rect.moved(-placed.left, -placed.top), scale) for rect, scale in shown(change, BUDGET)]
        covered = [other.rect.moved(-placed.left, -placed.top) for other in self._windows[:index]]
        pane = placed.pane
        facts, lines = pane.facts(parts, covered), pane.lines(parts, covered)
        return Step(observe(change, BUDGET), pane.title, pane.application, facts, lines)

    def _compose(self, area: Rect) -> None:
        """Draw what lies in ``area`` again, from the back to the front."""
        self._part(self._pixels, area)[:] = self._part(self._empty, area)
        for placed in reversed(self._windows):
            common = placed.rect.intersect(area)
            if common.area:
                source = self._part(placed.pane.pixels, common.moved(-placed.left, -placed.top))
                self._part(self._pixels, common)[:] = source

    @staticmethod
    def _part(pixels: Pixels, rect: Rect) -> Pixels:
        return pixels[rect.top : rect.bottom, rect.left : rect.right]
