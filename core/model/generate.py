"""An answer's tokens, one after another, from a state that is used up on the way.

On a GPU the recurring steps are replayed from captured graphs, and the next token is under way before the one before
it has reached the host. Knows nothing of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from core.model.network import InfiniteVL
from core.model.replay import Slot
from core.model.sampling import next_token
from core.model.state import MemoryState
from core.model.steps import read_step, takes_padding

PADDED = (32, 64, 128, 256)  # a question's tokens are filled up to one of these: few graphs serve all lengths


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; see :func:`core.model.sampling.next_token`."""

    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    generator: torch.Generator | None = None

    @property
    def is_plain(self) -> bool:
        """Always the likeliest token: then the choice is part of the captured step."""
        return self.temperature <= 0 and self.repetition_penalty == 1.0

    def choose(self, logits: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """The next token and its log-probability, scalars on the device. ``before``: int64 [n], the answer so far."""
        return next_token(logits, self.temperature, self.top_p, self.repetition_penalty, before, self.generator)


class Generation:
    """One answer under way. ``state`` is moved on in place; with a ``slot`` it is that slot's."""

    def __init__(
        self, network: InfiniteVL, state: MemoryState, slot: Slot | None, sampling: Sampling, most: int
    ) -> None:
        self._network, self._state, self._slot, self._sampling = network, state, slot, sampling
        device = state.seen.device
        self.answer = torch.empty(most, dtype=torch.int64, device=device)
        self.logprobs = torch.zeros(most, device=device)
        self._arrived = (
            torch.empty(most, dtype=torch.int64, pin_memory=True) if device.type == "cuda" else self.answer
        )
        self._events: dict[int, torch.cuda.Event] = {}
        self._padded = slot is not None and takes_padding(network, state)

    def begin(self, ids: Sequence[int]) -> None:
        """Read these tokens and choose the first one of the answer. Raises for what the device cannot do."""
        *whole, rest = _pieces(ids) if self._padded else [list(ids)]
        for piece in whole:
            self._run(read_step, "read", self._inputs(piece))
        self._choose(0, self._inputs(rest))

    def go_on(self, count: int) -> None:
        """Choose token number ``count`` after the one before it."""
        self._choose(count, [self.answer[None, count - 1 : count]])

    def number(self, count: int) -> int:
        """Token number ``count``, waited for."""
        event = self._events.pop(count, None)
        if event is not None:
            event.synchronize()
        return int(self._arrived[count])

    def _choose(self, count: int, inputs: list[Tensor]) -> None:
        if self._sampling.is_plain:
            token, logprob = self._run(_read_and_choose, "plain", inputs)
        else:
            logits = self._run(read_step, "read", inputs)
            token, logprob = self._sampling.choose(logits, self.answer[:count])
        self.answer[count] = token
        self.logprobs[count] = logprob
        if self._arrived is not self.answer:
            self._arrived[count].copy_(token, non_blocking=True)
            self._events[count] = torch.cuda.current_stream().record_event()

    def _run(self, step: Any, name: str, inputs: list[Tensor]) -> Any:
        """Do a step, replayed where there is a slot. What it returns is to be used before the next one."""
        step = partial(step, self._network, in_place=True)
        if self._slot is None:
            return step(self._state, inputs)
        return self._slot.run((name, *(tuple(tensor.shape) for tensor in inputs)), step, inputs)

    def _inputs(self, ids: list[int]) -> list[Tensor]:
        """A question's tokens on the device: as they are, or filled up, with how many they are."""
        device = self.answer.device
        if not self._padded:
            return [torch.tensor([ids], device=device)]
        room = next(size for size in PADDED if len(ids) <= size)
        return [torch.tensor([ids + [0] * (room - len(ids))], device=device), torch.tensor(len(ids), device=device)]


def _read_and_choose(
    network: InfiniteVL, state: MemoryState, inputs: Sequence[Tensor], *, in_place: bool
) -> tuple[Tensor, Tensor]:
    logits = read_step(network, state, inputs, in_place=in_place)
    return Sampling().choose(logits, logits.new_empty(0, dtype=torch.int64))


def _pieces(ids: Sequence[int]) -> Iterator[list[int]]:
    """At most the longest padded length each."""
    for start in range(0, len(ids), PADDED[-1]):
        yield list(ids[start : start + PADDED[-1]])
