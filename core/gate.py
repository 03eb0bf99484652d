"""Is this frame worth seeing? Privacy first, then rate and change.

What privacy refuses goes no further than here. Knows nothing of the model, of files or of the wall clock: time is
what the frames say (``Frame.monotonic``), so a replay is judged exactly as the live screen was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from core.attention import Attention
from core.config import GateConfig, PrivacyRules
from core.frame import Frame, Pixels, Rect, Window
from core.grid import Cells, cells_of, changed_cells, grid_shape, rect_of, same
from core.privacy import OWN, Guard, Rulebook, Verdict
from core.regions import DESKTOP, NOBODY, Owners, group, owners

PAINT = 64  # the grey level of what is painted out
EARLY = 0.8  # share of the frame interval after which the next frame is not too soon


@dataclass(frozen=True, slots=True)
class ChangedRegion:
    """A rectangle of the frame whose content is news.

    ``rect``: frame pixels, on the grid of CELL pixels, cut at the frame's edge. ``window``: the frontmost window
    there; None: the desktop.
    """

    rect: Rect
    window: Window | None


class Refusal(StrEnum):
    """Why a frame is not worth seeing."""

    STILL = "still"  # nothing new on it
    EXCLUDED = "excluded"  # privacy: see Gate.excluded_now
    RATE = "rate"  # too soon after the last one, or only places that have used up their share of attention


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A frame with news on it. ``frame`` has the excluded windows painted out and their entries removed;
    ``hidden``: where they are, in frame pixels."""

    frame: Frame
    regions: tuple[ChangedRegion, ...]  # never empty; the largest first
    share: float  # changed share of the frame's area, 0 to 1
    first: bool  # the source's first frame, or the first after a gap: the regions cover all of it
    hidden: tuple[Rect, ...] = ()


@dataclass(slots=True)
class Statistics:
    """What came of the frames so far: ``seen`` is the sum of the others."""

    seen: int = 0
    accepted: int = 0
    still: int = 0
    excluded: int = 0
    rate: int = 0


@dataclass(slots=True, eq=False)
class _Past:
    """What is remembered of a source's frames while their size stays the same."""

    frame: Frame  # the last one, as it came
    verdict: Verdict  # what privacy said of it
    current: Pixels  # its pixels with, in place of what was painted out, what was there before
    shown: Pixels  # what was last let through, everywhere; our own copy
    fresh: Cells  # cells in which these two differ
    attention: Attention


@dataclass(slots=True, eq=False)
class _Source:
    guard: Guard
    looked_at: float = float("-inf")  # when a frame was last looked at
    past: _Past | None = None


class Gate:
    """Judges the frames of any number of sources, each by its own past.

    Raises InputError when a privacy rule cannot be read.
    """

    def __init__(self, config: GateConfig, rules: PrivacyRules) -> None:
        self._config = config
        self._rules = rules
        self._book = Rulebook(rules)
        self._sources: dict[str, _Source] = {}
        self.statistics = Statistics()
        self.masked = 0  # frames in which something was painted out
        self.excluded_now: tuple[str, ...] = ()  # the rules that hid something in the last frame; never titles

    def judge(self, frame: Frame) -> Change | Refusal:
        """The news on this frame, or why it is refused. Frames of one source come in the order of their time."""
        result = self._judge(frame)
        self.statistics.seen += 1
        match result:
            case Change():
                self.statistics.accepted += 1
            case Refusal.STILL:
                self.statistics.still += 1
            case Refusal.EXCLUDED:
                self.statistics.excluded += 1
            case Refusal.RATE:
                self.statistics.rate += 1
        return result

    def finish(self, source: str) -> Change | None:
        """What was still held back when a source ended: the last frame that privacy let pass, with all its news.

        Its next frame, if there is one, is a first one.
        """
        ended = self._sources.pop(source, None)
        if ended is None or ended.past is None or not ended.past.fresh.any():
            return None
        return self._let_through(ended.past, ended.past.fresh, set())

    def forget(self, source: str | None = None) -> None:
        """Lets go of what is remembered of a source (None: of all): its next frame is a first one."""
        if source is None:
            self._sources.clear()
        else:
            self._sources.pop(source, None)

    def _judge(self, frame: Frame) -> Change | Refusal:
        if not frame.pixels.size:
            return Refusal.STILL
        source = self._sources.get(frame.source)
        if source is None:
            source = self._sources[frame.source] = _Source(Guard(self._rules, self._book))
        step = frame.monotonic - source.looked_at
        if 0 <= step < EARLY / self._config.max_rate:
            return Refusal.RATE
        source.looked_at = frame.monotonic
        verdict = source.guard.judge(frame)
        self.excluded_now = tuple(rule for rule in verdict.rules if rule != OWN)
        if verdict.refused:
            return Refusal.EXCLUDED
        self.masked += bool(verdict.hidden)
        past = source.past
        if past is None or past.shown.shape != frame.pixels.shape or not 0 <= step <= self._config.gap:
            source.past = self._begin(frame, verdict)
            return self._first(source.past, frame, verdict)
        return self._next(past, frame, verdict, step)

    def _begin(self, frame: Frame, verdict: Verdict) -> _Past:
        rows, columns = grid_shape(*frame.size)
        visible = _painted(frame.pixels, verdict.hidden)
        return _Past(
            frame=frame,
            verdict=verdict,
            current=visible,
            shown=visible.copy(),
            fresh=np.zeros((rows, columns), np.bool_),
            attention=Attention(self._config, rows, columns, *self._sensitivity(frame), frame.monotonic),
        )

    def _first(self, past: _Past, frame: Frame, verdict: Verdict) -> Change | Refusal:
        """All of the frame is news, window by window."""
        owner = _owner(frame, verdict, past.fresh.shape)
        everything = np.asarray(owner != NOBODY, np.bool_)
        regions, _ = self._regions(frame, verdict, everything, owner, {DESKTOP, *range(len(verdict.windows))})
        if not regions:
            return Refusal.EXCLUDED
        return Change(_visible(frame, verdict), regions, 1.0, first=True, hidden=verdict.hidden)

    def _next(self, past: _Past, frame: Frame, verdict: Verdict, step: float) -> Change | Refusal:
        """Only what differs from what was let through before."""
        unchanged = verdict.hidden == past.verdict.hidden and (
            frame.pixels is past.frame.pixels or same(frame.pixels, past.frame.pixels)
        )
        new = _newly_opened(verdict.windows, past.verdict.windows)
        if not unchanged:
            self._compare(past, frame, verdict, step)
        past.frame, past.verdict = frame, verdict
        if not past.fresh.any():
            return Refusal.STILL
        chosen, held = past.attention.choose(past.fresh, past.current, frame.monotonic, step)
        if not chosen.any():
            return Refusal.RATE if held else Refusal.STILL
        return self._let_through(past, chosen, new)

    def _compare(self, past: _Past, frame: Frame, verdict: Verdict, step: float) -> None:
        """Finds what moved and what is news in a frame that differs from the one before."""
        threshold, pixels = self._sensitivity(frame)
        current = _overlaid(frame.pixels, verdict.hidden, past.shown)
        moving = changed_cells(current, past.current, threshold, pixels)
        if moving.any():
            past.attention.moved(moving, current, past.shown, frame.monotonic, step)
        past.fresh = changed_cells(current, past.shown, threshold, pixels)
        past.current = current

    def _let_through(self, past: _Past, chosen: Cells, new: set[int]) -> Change:
        frame, verdict = past.frame, past.verdict
        regions, cells = self._regions(frame, verdict, chosen, _owner(frame, verdict, chosen.shape), new)
        past.attention.let_through(cells, past.current, past.shown, frame.monotonic)
        for region in regions:
            _copy(past.current, past.shown, region.rect)
        past.fresh = past.fresh & ~cells
        return Change(_visible(frame, verdict), regions, float(cells.mean()), first=False, hidden=verdict.hidden)

    def _regions(
        self, frame: Frame, verdict: Verdict, changed: Cells, owner: Owners, new: set[int]
    ) -> tuple[tuple[ChangedRegion, ...], Cells]:
        """The changed cells as rectangles of windows, and all the cells in these."""
        groups = group(changed, owner, new, self._config.whole_window, self._config.max_regions)
        covered = np.zeros(changed.shape, np.bool_)
        regions: list[ChangedRegion] = []
        for found in groups:
            rect = rect_of(found.cells, *frame.size)
            covered[cells_of(rect, *changed.shape)] = True
            regions.append(ChangedRegion(rect, None if found.owner == DESKTOP else verdict.windows[found.owner]))
        return tuple(regions), covered

    def _sensitivity(self, frame: Frame) -> tuple[int, int]:
        """How much a pixel must differ, and how many of a cell's."""
        if frame.source.startswith("webcam:"):
            return self._config.camera_threshold, self._config.camera_pixels
        return self._config.pixel_threshold, self._config.cell_pixels


def _owner(frame: Frame, verdict: Verdict, shape: tuple[int, int]) -> Owners:
    return owners([frame.local(window.rect) for window in verdict.windows], verdict.hidden, *shape)


def _newly_opened(windows: Sequence[Window], before: Sequence[Window]) -> set[int]:
    """Indices of the windows that were not there before, in place or by title."""
    places = {(w.pid, w.application, w.rect) for w in before}
    titles = {(w.pid, w.application, w.title) for w in before}
    return {
        i
        for i, w in enumerate(windows)
        if (w.pid, w.application, w.rect) not in places and (w.pid, w.application, w.title) not in titles
    }


def _painted(pixels: Pixels, hidden: Sequence[Rect]) -> Pixels:
    """The picture with the hidden rectangles in one grey; the very same array when there are none."""
    if not hidden:
        return pixels
    painted = pixels.copy()
    for rect in hidden:
        painted[rect.top : rect.bottom, rect.left : rect.right] = PAINT
    return painted


def _overlaid(pixels: Pixels, hidden: Sequence[Rect], shown: Pixels) -> Pixels:
    """The picture with what was shown before in place of what is hidden: so hiding alone is never a change."""
    if not hidden:
        return pixels
    overlaid = pixels.copy()
    for rect in hidden:
        _copy(shown, overlaid, rect)
    return overlaid


def _copy(source: Pixels, target: Pixels, rect: Rect) -> None:
    rows, columns = slice(rect.top, rect.bottom), slice(rect.left, rect.right)
    target[rows, columns] = source[rows, columns]


def _visible(frame: Frame, verdict: Verdict) -> Frame:
    """The frame as the rest of the program may have it."""
    pixels = _painted(frame.pixels, verdict.hidden)
    return replace(frame, pixels=pixels, windows=verdict.windows, unsettled=())
