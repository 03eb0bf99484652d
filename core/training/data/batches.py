"""Rows put together into batches of tensors, made by worker processes; batch n is the same whoever makes it.

Pictures of different sizes are laid out in windows of the vision tower and grouped by how many windows they have, so
that the tower runs over a few dense tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from core.training.data.canvas import COLUMNS, LINES
from core.training.data.fonts import FontBook
from core.training.data.real_windows import Corpus
from core.training.data.row import IGNORE, Picture, Row
from core.training.data.rows import frames_row, reading_row, text_row
from core.training.data.screens import Drawer
from core.training.data.stream import PLAIN, Habits
from core.training.data.words import Vocabulary, is_held_out

SIDE = 4  # merged tokens a side of one attention window
WINDOW = SIDE * SIDE * 4  # patches in one window
BUCKETS = (1, 2, 4, 8, 12, 16, 24, 32, 64)  # windows of a picture, at most


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one batch is made of. ``window``: tokens that attention sees in it. ``furthest`` and ``nearest``:
    observations ago that questions about earlier ones reach back, at most and (frames alone) at least."""

    kind: str  # "reading", "frames" or "text"
    rows: int
    length: int
    furthest: int
    window: int
    nearest: int = 0


@dataclass(slots=True, eq=False)
class Pictures:
    """N pictures of at most W windows each."""

    patches: Tensor  # uint8 [N, W * WINDOW, 588]
    valid: Tensor  # bool [N, W * WINDOW]
    places: Tensor  # int64 [2, N, W * WINDOW]: row and column of a patch in its picture


@dataclass(slots=True, eq=False)
class Batch:
    recipe: Recipe
    ids: Tensor  # int64 [B, T]
    positions: Tensor  # int64 [3, B, T]
    pictures: list[Pictures]
    gather: Tensor  # int64 [n]: merged tokens among all buckets' outputs, one after another
    place: Tensor  # int64 [n]: where they go in the flattened row
    characters: Tensor  # uint8 [n, places]; IGNORE where unknown
    colours: Tensor  # uint8 [n]
    label_place: Tensor  # int64 [m]: flattened positions whose next token is to be predicted
    label: Tensor  # int64 [m]
    label_answer: Tensor  # int64 [m]: which answer it belongs to
    answer_kind: Tensor  # int64 [answers]
    answer_distance: Tensor  # int64 [answers]
    answer_size: Tensor  # int64 [answers]

    def _moved(self, move: Callable[[Tensor], Tensor]) -> Batch:
        names = [name for name in self.__slots__ if isinstance(getattr(self, name), Tensor)]
        changed: dict[str, Any] = {name: move(getattr(self, name)) for name in names}
        pictures = [Pictures(move(p.patches), move(p.valid), move(p.places)) for p in self.pictures]
        return replace(self, pictures=pictures, **changed)

    def to(self, device: torch.device) -> Batch:
        return self._moved(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        return self._moved(lambda tensor: tensor.pin_memory())


def _slots(grid: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Where each merged token of a grid lies among windows of SIDE x SIDE tokens, and how many windows there are."""
    gh, gw = grid
    across = -(-gw // SIDE)
    row, column = np.divmod(np.arange(gh * gw), gw)
    window = (row // SIDE) * across + column // SIDE
    return window * SIDE * SIDE + (row % SIDE) * SIDE + column % SIDE, across * -(-gh // SIDE)


def lay_out(pictures: list[Picture]) -> tuple[list[Pictures], np.ndarray]:
    """The pictures in buckets, and, picture by picture, where the merged tokens are among all buckets' outputs."""
    slots = [_slots(picture.grid) for picture in pictures]
    buckets: dict[int, list[int]] = {}
    for index, (_, windows) in enumerate(slots):
        size = next(bucket for bucket in BUCKETS if windows <= bucket)
        buckets.setdefault(size, []).append(index)
    out: list[Pictures] = []
    gathered: list[np.ndarray] = [np.empty(0, np.int64)] * len(pictures)
    offset = 0
    for size in sorted(buckets):
        members = buckets[size]
        patches = np.zeros((len(members), size * WINDOW, 588), np.uint8)
        valid = np.zeros((len(members), size * WINDOW), bool)
        places = np.zeros((2, len(members), size * WINDOW), np.int64)
        for n, index in enumerate(members):
            picture, (slot, _) = pictures[index], slots[index]
            at = (slot[:, None] * 4 + np.arange(4)).ravel()
            patches[n, at] = picture.patches.reshape(-1, 588)
            valid[n, at] = True
            row, column = np.divmod(np.arange(len(slot)), picture.grid[1])
            places[0, n, at] = (2 * row[:, None] + np.array([0, 0, 1, 1])).ravel()
            places[1, n, at] = (2 * column[:, None] + np.array([0, 1, 0, 1])).ravel()
            gathered[index] = offset + n * size * SIDE * SIDE + slot
        out.append(Pictures(torch.from_numpy(patches), torch.from_numpy(valid), torch.from_numpy(places)))
        offset += len(members) * size * SIDE * SIDE
    return out, np.concatenate(gathered) if gathered else np.empty(0, np.int64)


def collate(rows: list[Row], recipe: Recipe) -> Batch:
    B, T = len(rows), recipe.length
    ids = np.zeros((B, T), np.int64)
    positions = np.zeros((3, B, T), np.int64)
    pictures: list[Picture] = []
    place: list[np.ndarray] = []
    label_place: list[np.ndarray] = []
    label_answer: list[np.ndarray] = []
    answers: list[tuple[int, int, int]] = []
    for b, row in enumerate(rows):
        n = len(row.ids)
        ids[b, :n] = row.ids
        positions[:, b, :n] = np.array(row.positions).T
        for picture in row.pictures:
            pictures.append(picture)
            place.append(b * T + picture.start + np.arange(len(picture.patches)))
        for answer in row.answers:
            span = np.arange(answer.start, answer.end)
            label_place.append(b * T + span - 1)
            label_answer.append(np.full(len(span), len(answers)))
            answers.append((answer.kind, answer.distance, answer.size))
    laid_out, gather = lay_out(pictures)
    at = np.concatenate(label_place) if label_place else np.empty(0, np.int64)
    table = torch.tensor(answers, dtype=torch.int64).reshape(-1, 3)
    places = LINES * COLUMNS
    return Batch(
        recipe=recipe,
        ids=torch.from_numpy(ids),
        positions=torch.from_numpy(positions),
        pictures=laid_out,
        gather=torch.from_numpy(gather),
        place=torch.from_numpy(np.concatenate(place) if place else np.empty(0, np.int64)),
        characters=torch.from_numpy(
            np.concatenate([p.characters for p in pictures]) if pictures else np.full((0, places), IGNORE, np.uint8)
        ),
        colours=torch.from_numpy(
            np.concatenate([p.colours for p in pictures]) if pictures else np.full(0, IGNORE, np.uint8)
        ),
        label_place=torch.from_numpy(at),
        label=torch.from_numpy(ids.ravel()[at + 1]),
        label_answer=torch.from_numpy(np.concatenate(label_answer) if label_answer else np.empty(0, np.int64)),
        answer_kind=table[:, 0].contiguous(),
        answer_distance=table[:, 1].contiguous(),
        answer_size=table[:, 2].contiguous(),
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What batches are drawn from, light enough to send to a worker process."""

    fonts: tuple[Path, ...] = ()
    held_out: bool = False
    seed: int = 0
    words: Path | None = None  # a list, one a line, in place of the built-in ones; a fifth is held out
    windows: Path | None = None  # a corpus of real windows to read now and then
    framed: float = 0.0  # share of the title bars drawn as window managers draw them
    kerned: float = 0.0  # share of the fonts laid out by HarfBuzz
    habits: Habits = PLAIN
    bitmap: float = 0.0  # share of the monospaced fonts drawn small and without anti-aliasing
    alike: float = 0.0  # share of the words made of letters that are taken for one another

    def drawer(self) -> Drawer:
        listed = None
        if self.words is not None:
            found = self.words.read_text(encoding="utf-8").split()
            listed = [word for word in found if is_held_out(word) == self.held_out]
        fonts = FontBook(self.fonts, self.kerned, self.bitmap)
        return Drawer(fonts, Vocabulary(self.held_out, listed, self.alike), self.framed)

    def corpus(self) -> Corpus | None:
        return None if self.windows is None else Corpus(self.windows)

    def make(self, step: int, recipe: Recipe, drawer: Drawer, corpus: Corpus | None = None) -> Batch:
        """Batch ``step``: the same for the same seed, fonts and recipe."""
        rows = []
        for row in range(recipe.rows):
            rng = Random(f"{self.seed} {self.held_out} {step} {row}")
            if recipe.kind == "reading":
                rows.append(reading_row(rng, drawer, recipe.length, corpus=corpus, worded=self.habits.worded))
            elif recipe.kind == "frames":
                rows.append(
                    frames_row(rng, drawer, recipe.length, recipe.furthest, recipe.nearest, self.habits, corpus)
                )
            else:
                rows.append(text_row(rng, drawer, recipe.length, recipe.furthest, self.habits.worded))
        return collate(rows, recipe)


class Plan:
    """Says what each step trains on; subclasses decide. Must be light enough to send to a worker process."""

    def recipe(self, step: int) -> Recipe:
        raise NotImplementedError


class _Steps(IterableDataset[Batch]):
    def __init__(self, source: Source, plan: Plan, first: int) -> None:
        self.source, self.plan, self.first = source, plan, first

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        cv2.setNumThreads(0)
        info = get_worker_info()
        offset, stride = (info.id, info.num_workers) if info else (0, 1)
        drawer, corpus = self.source.drawer(), self.source.corpus()
        step = self.first + offset
        while True:
            yield self.source.make(step, self.plan.recipe(step), drawer, corpus)
            step += stride


def batches(source: Source, plan: Plan, first: int, workers: int, pin: bool) -> Iterator[Batch]:
    """Batches from step ``first`` on, in order, without end."""
    loader = DataLoader(
        _Steps(source, plan, first),
        batch_size=None,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=2 if workers else None,
    )
    return iter(loader)
