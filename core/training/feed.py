"""Which batches a stage trains on: ``--data drawn:reading=0.7,frames=0.3``.

Micro-batch n is the same whatever number of processes share the work: process r of w takes n = r, r + w, ... All of
one step are of one kind, so that processes sharing a network run the same parts of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random
from typing import Any

from core.errors import InputError
from core.model.config import ModelShape
from core.training.data import framing
from core.training.data.batches import Batch, Plan, Recipe, Source, batches
from core.training.data.screens import Drawer

KINDS = ("reading", "frames", "text")
DRAWN = "drawn"


@dataclass(frozen=True)
class Mixture(Plan):
    """Each step's kind drawn by its share. ``furthest``: observations ago that are asked about, at most.
    ``accumulate``: micro-batches a step in one process."""

    shares: tuple[float, ...]  # of KINDS
    rows: int = 8
    length: int = 4096  # tokens of a row
    furthest: int = 16
    window: int = 1 << 30  # tokens attention sees; the network's own window where that is smaller
    seed: int = 0
    accumulate: int = 1

    def recipe(self, step: int) -> Recipe:
        kind = Random(f"mixture {self.seed} {step // self.accumulate}").choices(KINDS, self.shares)[0]
        return Recipe(kind, self.rows, self.length, self.furthest, self.window)


@dataclass(frozen=True)
class SharedSource(Source):
    """One process's part of a source: its micro-batch n is number ``n * of + rank`` of all."""

    rank: int = 0
    of: int = 1

    def make(self, step: int, recipe: Recipe, drawer: Drawer, *more: Any) -> Batch:
        return Source.make(self, step * self.of + self.rank, recipe, drawer, *more)


def parse_mixture(spec: str) -> tuple[float, ...]:
    """The shares in ``drawn[:KIND=SHARE,...]``; reading alone where none is given. Raises InputError."""
    source, _, wanted = spec.partition(":")
    if source != DRAWN:
        raise InputError(f"There is no source of data called {source!r}.", "Give drawn:... or conversations:FILE.")
    shares = dict.fromkeys(KINDS, 0.0)
    for part in (wanted or "reading=1").split(","):
        kind, _, share = part.partition("=")
        try:
            shares[kind.strip()] = float(share)
        except ValueError:
            raise InputError(f"{part!r} in --data is not KIND=SHARE.", "Write for example reading=0.7.") from None
    unknown = [kind for kind in shares if kind not in KINDS]
    if unknown or min(shares.values()) < 0 or not sum(shares.values()) > 0:
        raise InputError(f"--data {spec} cannot be drawn.", f"Give positive shares of {', '.join(KINDS)}.")
    return tuple(shares[kind] for kind in KINDS)


def check_vocabulary(shape: ModelShape) -> None:
    """Raise InputError for a network that does not speak the drawn rows' bytes."""
    if shape.vocab_size != framing.VOCABULARY:
        raise InputError(
            f"Drawn screens come in a vocabulary of {framing.VOCABULARY}, this model's has {shape.vocab_size}.",
            "Train it on --data conversations:FILE.jsonl.",
        )


def feed(source: Source, plan: Mixture, first: int, rank: int, of: int, workers: int, pin: bool) -> Iterator[Batch]:
    """This process's micro-batches from its ``first`` on, without end."""
    shared = SharedSource(**{each.name: getattr(source, each.name) for each in fields(source)}, rank=rank, of=of)
    return batches(shared, plan, first, workers, pin)


def source_of(fonts: list[str], words: str | None, seed: int, held_out: bool = False) -> Source:
    return Source(tuple(Path(font) for font in fonts), held_out, seed, Path(words) if words else None)


def with_kind(plan: Mixture, kind: str) -> Mixture:
    """The same, of one kind alone."""
    return replace(plan, shares=tuple(float(kind == each) for each in KINDS))
