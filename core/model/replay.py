"""CUDA graphs of the steps that recur: captured and proven at their second use, replayed from then on.

A captured graph is bound to the memory it was captured on. So a slot owns a state of its own, into which a session's
state is copied and from which it is copied back: two copies of a state are little beside a step. Everything that
moves on (ring, counters, clock) lives on the device, so one graph serves before, at and past the wrap-around.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import ReferenceType, ref

import torch
from torch import Tensor

from core.model.state import MemoryState

log = logging.getLogger(__name__)

MOST_GRAPHS = 24  # a slot's; the least recently used goes first
MOST_SLOTS = 2  # an answer and the stream that goes on meanwhile

T = TypeVar("T")  # what a step returns
Step = Callable[[MemoryState, Sequence[Tensor]], T]  # moves the state on in place


@dataclass(eq=False)
class _Known:
    """A step that was done before. ``graph`` None: not captured yet, or (``plain``) never to be."""

    plain: bool = False
    graph: Any = None  # torch.cuda.CUDAGraph, which has no types
    inputs: list[Tensor] = field(default_factory=list)
    output: Any = None


@dataclass(eq=False)
class Slot:
    """A state with the graphs that were captured on it."""

    state: MemoryState
    known: OrderedDict[Hashable, _Known] = field(default_factory=OrderedDict)
    pool: Any = None
    mirrored: ReferenceType[MemoryState] | None = None  # whose values ``state`` still has

    def mirrors(self, state: MemoryState) -> bool:
        return self.mirrored is not None and self.mirrored() is state

    def run(self, key: Hashable, step: Step[T], inputs: Sequence[Tensor]) -> T:
        """Do a step on this slot's state. Equal keys promise the same step with inputs of the same shapes.

        The output belongs to the graph: use it before the next step.
        """
        if key not in self.known:  # the first time: plainly, which also compiles what there is to compile
            self.known[key] = _Known()
            while len(self.known) > MOST_GRAPHS:
                self.known.popitem(last=False)
            return step(self.state, inputs)
        self.known.move_to_end(key)
        known = self.known[key]
        if known.plain:
            return step(self.state, inputs)
        if known.graph is None:
            return self._capture(known, step, inputs)
        for static, given in zip(known.inputs, inputs, strict=True):
            static.copy_(given)
        known.graph.replay()
        replayed: T = known.output
        return replayed

    def _capture(self, known: _Known, step: Step[T], inputs: Sequence[Tensor]) -> T:
        """Do the step plainly, record it, and keep the recording only if its replay does the very same."""
        before = self.state.fork()
        output = step(self.state, inputs)
        after = self.state.fork()
        known.plain = True  # until it is proven
        try:
            graph, static, recorded = self._record(step, inputs)
            self.state.copy_(before)
            graph.replay()
            if _agree(self.state, after):
                known.plain, known.graph, known.inputs, known.output = False, graph, static, recorded
            else:
                log.warning("A captured step does not repeat the plain one on this device; it stays plain.")
        except RuntimeError as error:  # no room for it, or something in the step cannot be captured here
            log.warning("A step cannot be captured on this device; it stays plain: %s", error)
        self.state.copy_(after)
        return output

    def _record(self, step: Step[T], inputs: Sequence[Tensor]) -> tuple[Any, list[Tensor], T]:
        """Record the step on this slot's state; nothing is computed yet."""
        if self.pool is None:
            self.pool = torch.cuda.graph_pool_handle()
        static = [given.clone() for given in inputs]
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, capture_error_mode="thread_local"):
            output = step(self.state, static)
        return graph, static, output


def _agree(ours: MemoryState, theirs: MemoryState) -> bool:
    """Whether two states are the same but for the order of additions."""
    for mine, other in zip(ours.tensors().values(), theirs.tensors().values(), strict=True):
        if mine.dtype == torch.int64:
            if not mine.equal(other):
                return False
        elif mine.numel() and not float((mine - other).float().norm()) <= 1e-3 * float(other.float().norm()):
            return False
    return True


class Replays:
    """The slots of one network, each lent to one user at a time."""

    def __init__(self, make_state: Callable[[], MemoryState]) -> None:
        self._make_state = make_state
        self._free: list[Slot] = []
        self._made = 0

    def borrow(self, state: MemoryState) -> Slot | None:
        """A slot that holds a copy of ``state``; None where all are in use. Give it back."""
        slot = self._fitting(state)
        if slot is None:
            return None
        if not slot.mirrors(state):
            slot.state.copy_(state)
        slot.mirrored = None
        return slot

    def give_back(self, slot: Slot, mirrored: MemoryState | None = None) -> None:
        """``mirrored``: the state that has the same values as the slot's and will change only through a slot: it
        need not be copied when it is borrowed for again."""
        slot.mirrored = None if mirrored is None else ref(mirrored)
        self._free.append(slot)

    def forget(self, state: MemoryState) -> None:
        """This state was changed otherwise: no slot mirrors it any more."""
        for slot in self._free:
            if slot.mirrors(state):
                slot.mirrored = None

    def _fitting(self, state: MemoryState) -> Slot | None:
        """The free slot that has these values; else one that nobody counts on, a new one, or any."""
        self._free.sort(key=lambda slot: (not slot.mirrors(state), slot.mirrored is not None))
        if self._free and (self._free[0].mirrors(state) or self._free[0].mirrored is None):
            return self._free.pop(0)
        if self._made < MOST_SLOTS:
            slot = Slot(self._make_state())
            self._made += 1
            return slot
        return self._free.pop(0) if self._free else None
