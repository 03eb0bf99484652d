"""Small batches and networks for tests of the training stages."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from core.model.network import InfiniteVL
from core.training import nano
from core.training.data import framing
from core.training.data.batches import Batch, Recipe, Source
from core.training.data.row import Row
from core.training.student import fresh_network, inherit, student_shape, teacher_shape

WHOLE = 1 << 30


@lru_cache
def drawn(kind: str = "reading", length: int = 300, number: int = 0, rows: int = 1, window: int = WHOLE) -> Batch:
    source = Source(seed=3)
    return source.make(number, Recipe(kind, rows, length, 4, window), source.drawer())


def teacher(seed: int = 0) -> InfiniteVL:
    return fresh_network(teacher_shape(nano.nano_shape("smoke")), seed)


def student(source: InfiniteVL, share: Fraction = Fraction(1, 4), window: int = 128) -> InfiniteVL:
    network = fresh_network(student_shape(source.shape, share, window), 1)
    inherit(network, source)
    return network


def with_window(batch: Batch, window: int) -> Batch:
    return replace(batch, recipe=replace(batch.recipe, window=window))


class Asked(NamedTuple):
    question: str
    answer: str
    kind: int
    distance: int
    start: int  # ids of the row before the answer


def asked_in(row: Row) -> list[Asked]:
    """Every question of a row, as text, with its answer."""
    found = []
    for answer in row.answers:
        before = row.ids[: answer.start - 1]
        start = len(before) - before[::-1].index(framing.ID["<|user|>"])
        question, text = framing.text_of(before[start:]), framing.text_of(row.ids[answer.start : answer.end])
        found.append(Asked(question, text, answer.kind, answer.distance, answer.start))
    return found
