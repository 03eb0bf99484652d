"""CUDA graphs of the steps that recur: captured at their second use, replayed from then on.

A captured graph is bound to the memory it was captured on. So a slot owns a state of its own, into which a session's
state is copied and from which it is copied back: two copies of a state are little beside a step. Everything that
moves on (ring, counters, clock) lives on the device, so one graph serves before, at and past the wrap-around.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor

from core.model.state import MemoryState

MOST_GRAPHS = 16  # a slot's; the least recently used goes first
MOST_SLOTS = 2  # an answer and the stream that goes on meanwhile

T = TypeVar("T")  # what a step returns
Step = Callable[[MemoryState, Sequence[Tensor]], T]  # moves the state on in place


@dataclass(eq=False)
class _Captured:
    graph: Any  # torch.cuda.CUDAGraph, which has no types
    inputs: list[Tensor]
    output: Any


@dataclass(eq=False)
class Slot:
    """A state with the graphs that were captured on it."""

    state: MemoryState
    graphs: OrderedDict[Hashable, _Captured | None] = field(default_factory=OrderedDict)
    pool: Any = None

    def run(self, key: Hashable, step: Step[T], inputs: Sequence[Tensor]) -> T:
        """Do a step on this slot's state. Equal keys promise the same step with inputs of the same shapes.

        The output belongs to the graph: use it before the next step.
        """
        if key not in self.graphs:  # the first time: plainly, which also compiles what there is to compile
            output = step(self.state, inputs)
            self._keep(key, None)
            return output
        captured = self.graphs[key] or self._capture(step, inputs)
        self._keep(key, captured)
        for static, given in zip(captured.inputs, inputs, strict=True):
            static.copy_(given)
        captured.graph.replay()
        replayed: T = captured.output
        return replayed

    def _capture(self, step: Step[Any], inputs: Sequence[Tensor]) -> _Captured:
        """Record the step; nothing is computed yet."""
        if self.pool is None:
            self.pool = torch.cuda.graph_pool_handle()
        static = [given.clone() for given in inputs]
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, capture_error_mode="thread_local"):
            output = step(self.state, static)
        return _Captured(graph, static, output)

    def _keep(self, key: Hashable, captured: _Captured | None) -> None:
        self.graphs[key] = captured
        self.graphs.move_to_end(key)
        while len(self.graphs) > MOST_GRAPHS:
            self.graphs.popitem(last=False)


class Replays:
    """The slots of one network, each lent to one user at a time."""

    def __init__(self, make_state: Callable[[], MemoryState]) -> None:
        self._make_state = make_state
        self._free: list[Slot] = []
        self._made = 0

    def borrow(self, state: MemoryState) -> Slot | None:
        """A slot that holds a copy of ``state``; None where all are in use. Give it back."""
        if self._free:
            slot = self._free.pop()
        elif self._made < MOST_SLOTS:
            slot = Slot(self._make_state())
            self._made += 1
        else:
            return None
        slot.state.copy_(state)
        return slot

    def give_back(self, slot: Slot) -> None:
        self._free.append(slot)
