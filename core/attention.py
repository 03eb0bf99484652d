"""How much attention each place of a picture still gets: all of it when something new appears, less the longer
it goes on moving, and almost none for a cursor that blinks or a clock that ticks.

Nothing is lost by it: what is held back is let through when it has come to rest, or after a bounded wait while it
goes on moving. Knows nothing of windows or privacy; times are seconds on the frames' own clock.

The three rules, for a group of neighbouring cells that differ from what was last let through:

1. *Clockwork*: a small place that has changed ``clock_ticks`` times at equal intervals waits for
   ``clock_interval``, or until it misses its beat.
2. *Return*: a small place that shows again a content it had a moment ago (a cursor blinking, a button hovered
   over) must stay so for ``return_settle``, longer each time it proves to be a mere flicker.
3. *Motion*: anything else is let through when two fifths of the time that its surroundings have been in motion have
   passed since the last time: at once at first, ever more seldom in a film or a scrolling log, after ``patience``
   at the latest; and when its surroundings have come to rest. What stays for half a second is no motion; a place
   that changes in such steps loses attention too, but only after a minute. Small changes close to each other
   (typing) are let through once a second. A source that gives two frames a second or fewer is looked at in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.config import CELL, GateConfig
from core.frame import Pixels
from core.grid import Cells, grown, islands

Times = NDArray[np.float64]  # [rows, columns], seconds

NEVER = -1e12  # a time before all others; finite, so that differences stay numbers
NEAR_ACROSS, NEAR_DOWN = 8, 3  # cells: motion wears out the attention for its surroundings, along lines of text most
MOTION_GAP = 0.45  # seconds: a longer rest ends a motion
MOTION_SHARE = 2.5  # a place in motion for t seconds is looked at every t / MOTION_SHARE
BUSY_SHARE = 60.0  # a place that keeps changing, with rests, for t seconds: every t / BUSY_SHARE - 1
SMALL_INTERVAL = 1.0  # seconds between two looks at small changes close to each other
MINORITY = 0.25  # the share of a group that must be worth a look for all of it to be looked at now
MINORITY_WAIT = 2.0  # seconds after which less is enough
SLOWEST_BEAT = 0.8  # seconds: what changes faster than this is motion, not clockwork
MISSED_BEAT = 1.5  # intervals without a change after which clockwork has stopped


@dataclass(slots=True, eq=False)  # one content is another only by looking alike, see _same
class _Content:
    """A content that a cell had before. ``pixels``: uint8 [h, w, 3]."""

    pixels: Pixels
    seen_at: float


class Attention:
    """The memory of one source's grid: rows x columns cells."""

    def __init__(self, config: GateConfig, rows: int, columns: int, threshold: int, pixels: int, now: float) -> None:
        self._config = config
        self._threshold, self._pixels = threshold, pixels
        shape = (rows, columns)
        self._shown_at: Times = np.full(shape, now)  # when this cell was last let through
        self._near_at: Times = np.full(shape, NEVER)  # when anything last moved around it
        self._glanced_at: Times = np.full(shape, NEVER)  # when anything around it was last let through
        self._motion_at: Times = np.full(shape, NEVER)  # since when it has been moving around it without a rest
        self._busy_at: Times = np.full(shape, NEVER)  # since when it has been moving around it without a long rest
        self._moved_at: Times = np.full(shape, NEVER)  # when this very cell last moved
        self._fresh_at: Times = np.full(shape, NEVER)  # since when it has been waiting
        self._beat: Times = np.zeros(shape)  # seconds between its last two moves
        self._ticks = np.zeros(shape, np.int32)  # how many equal intervals in a row
        self._flickers = np.zeros(shape, np.int32)  # how often a return proved to be none
        self._known: dict[tuple[int, int], list[_Content]] = {}

    def moved(self, moving: Cells, now: Pixels, shown: Pixels, time: float, step: float) -> None:
        """Notes what differs from the frame before, ``step`` seconds ago.

        ``now``, ``shown``: uint8 [H, W, 3]: the frame, and what was last let through everywhere.
        """
        real = moving.copy()
        for island in islands(moving, 1):
            if int(island.sum()) <= self._config.small:
                for cell in _each(island):
                    if self._recognises(cell, now, time) or self._same(_patch(now, cell), _patch(shown, cell)):
                        real[cell] = False
        self._keep_beat(real, time, step)
        self._flickers[moving & (time - self._moved_at > self._config.known_for)] = 0
        self._moved_at[moving] = time
        near = grown(real, NEAR_ACROSS, NEAR_DOWN)
        rested = time - self._near_at
        self._motion_at[near & (rested > MOTION_GAP)] = time
        self._busy_at[near & (rested > self._config.calm)] = time
        self._near_at[near] = time

    def choose(self, fresh: Cells, now: Pixels, time: float, step: float) -> tuple[Cells, bool]:
        """Which of the cells that differ from what was let through are to be let through now.

        The second value: whether any other is held back as motion (not merely as a cursor or a clock).
        """
        config = self._config
        waiting = fresh & (self._fresh_at > NEVER / 2)
        self._fresh_at = np.where(fresh, np.where(waiting, self._fresh_at, time), NEVER)
        busy = time - self._busy_at
        wait = np.maximum((time - self._motion_at) / MOTION_SHARE, busy / BUSY_SHARE - 1)
        wait = np.minimum(wait, config.patience) if step < MOTION_GAP else np.zeros_like(wait)
        rested = time - self._near_at >= np.clip(wait, config.settle, config.settle_longest)
        worth = fresh & ((time - self._shown_at >= wait) | rested)
        worth_if_small = rested | (time - self._glanced_at >= np.minimum(SMALL_INTERVAL, busy)) | (step >= MOTION_GAP)
        long_ago = fresh & (time - self._fresh_at >= MINORITY_WAIT)
        chosen, held = np.zeros_like(fresh), False
        for island in islands(fresh, 1):
            size = int(island.sum())
            ready = worth & island
            if size <= config.small:
                if not self._news(island, now, time, step):
                    continue
                ready &= worth_if_small
            if int(ready.sum()) >= MINORITY * size or (ready & long_ago).any():
                chosen |= island
            else:
                held = True
        return chosen, held

    def let_through(self, cells: Cells, now: Pixels, shown: Pixels, time: float) -> None:
        """Notes that these cells are being shown; ``shown``: what was shown there before."""
        self._shown_at[cells] = time
        self._glanced_at[grown(cells, NEAR_ACROSS, NEAR_DOWN)] = time
        self._fresh_at[cells] = NEVER
        for island in islands(cells, 1):
            if int(island.sum()) <= self._config.small:
                for cell in _each(island):
                    self._learn(cell, _patch(shown, cell), time)
                    self._learn(cell, _patch(now, cell), time)

    def _news(self, island: Cells, now: Pixels, time: float, step: float) -> bool:
        """Whether a small group is more than a clock's next tick or a cursor's next blink (rules 1 and 2)."""
        if self._is_clockwork(island, time, step):
            return False
        returned = [cell for cell in _each(island) if self._recognises(cell, now, time)]
        if len(returned) < int(island.sum()):
            return True
        config = self._config
        flickers = min(8, int(self._flickers[island].max()))
        needed = min(config.return_settle * 2.0**flickers, config.return_settle_longest)
        if time - float(self._moved_at[island].max()) < needed:
            return False
        self._flickers[island] += 1
        return True

    def _is_clockwork(self, island: Cells, time: float, step: float) -> bool:
        config = self._config
        if int(self._ticks[island].min()) < config.clock_ticks:
            return False
        late = time - self._moved_at[island] > MISSED_BEAT * self._beat[island] + step
        return not late.any() and time - float(self._shown_at[island].max()) < config.clock_interval

    def _keep_beat(self, real: Cells, time: float, step: float) -> None:
        """Counts equal intervals, as exactly as frames that are ``step`` apart can tell.

        Frames too far apart to show a rest between two beats tell nothing: a folder of pictures replayed at one a
        second is no clock.
        """
        interval = np.where(self._moved_at > NEVER / 2, time - self._moved_at, 0.0)
        telling = real & (interval >= 2 * step)
        equal = np.abs(interval - self._beat) <= np.maximum(0.12 * self._beat, 1.1 * step)
        slow = interval >= SLOWEST_BEAT
        ticks = np.where(slow & equal, self._ticks + 1, np.where(slow, 1, 0))
        self._ticks = np.where(telling, np.minimum(ticks, 1000), self._ticks).astype(np.int32)
        self._beat = np.where(telling, interval, self._beat)

    def _recognises(self, cell: tuple[int, int], now: Pixels, time: float) -> bool:
        contents = self._known.get(cell)
        if not contents:
            return False
        patch = _patch(now, cell)
        for content in contents:
            if self._same(content.pixels, patch):
                if time - content.seen_at > self._config.known_for:
                    contents.remove(content)
                    return False
                content.seen_at = time
                return True
        return False

    def _learn(self, cell: tuple[int, int], patch: Pixels, time: float) -> None:
        contents = [c for c in self._known.get(cell, []) if not self._same(c.pixels, patch)]
        contents.append(_Content(patch.copy(), time))
        self._known[cell] = contents[-self._config.known_contents :]
        if len(self._known) > 4096:
            self._forget(time)

    def _forget(self, time: float) -> None:
        """Drops contents not seen for long, and all when even that is not enough."""
        oldest = time - self._config.known_for
        self._known = {k: v for k, v in self._known.items() if any(c.seen_at >= oldest for c in v)}
        if len(self._known) > 2048:
            self._known.clear()

    def _same(self, one: Pixels, other: Pixels) -> bool:
        """Equal as far as a change of the cell is concerned."""
        difference = np.abs(one.astype(np.int16) - other).max(axis=2)
        return int((difference > self._threshold).sum()) < self._pixels


def _each(cells: Cells) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(cells)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _patch(pixels: Pixels, cell: tuple[int, int]) -> Pixels:
    row, column = cell
    return pixels[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
