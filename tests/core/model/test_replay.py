"""What can be shown of replayed steps without a GPU: nothing is kept that does not repeat the plain step.

The recording itself is a fake here; tests/core/test_session_gpu.py runs real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from core.model.replay import MOST_GRAPHS, MOST_SLOTS, Replays, Slot
from core.model.state import MemoryState
from tests.helpers.models import network

MODEL = network(window=8)


def advance(state: MemoryState, inputs: Sequence[Tensor]) -> Tensor:
    """A step: adds its input to the memory and moves the clock."""
    state.recurrent.add_(inputs[0])
    state.clock.add_(1)
    return inputs[0] * 2


class Recorded:
    """Stands for a captured graph: replays the step on the slot's state with the static inputs."""

    def __init__(self, slot: Slot, step: Callable[..., Tensor], inputs: list[Tensor], error: float) -> None:
        self.slot, self.step, self.inputs, self.error = slot, step, inputs, error
        self.output = inputs[0] * 0
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1
        self.output.copy_(self.step(self.slot.state, self.inputs))
        self.slot.state.recurrent.add_(self.error)


def slot_recording(
    monkeypatch: pytest.MonkeyPatch, error: float = 0.0, fails: bool = False
) -> tuple[Slot, list[Any]]:
    made: list[Any] = []

    def record(self: Slot, step: Callable[..., Tensor], inputs: Sequence[Tensor]) -> tuple[Any, list[Tensor], Tensor]:
        if fails:
            raise RuntimeError("operation not permitted when stream is capturing")
        static = [given.clone() for given in inputs]
        made.append(Recorded(self, step, static, error))
        return made[-1], static, made[-1].output

    monkeypatch.setattr(Slot, "_record", record)
    return Slot(MODEL.empty_state()), made


@pytest.mark.parametrize(("error", "fails", "replayed"), [(0.0, False, 4), (0.5, False, 1), (0.0, True, 0)])
def test_a_recording_is_used_only_if_it_repeats_the_plain_step(
    error: float, fails: bool, replayed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, made = slot_recording(monkeypatch, error, fails)
    for number in range(1, 6):
        output = slot.run("step", advance, [torch.tensor(float(number))])
        assert float(output) == 2 * number
        assert int(slot.state.clock) == number
        assert float(slot.state.recurrent.max()) == number * (number + 1) / 2
    assert sum(each.replays for each in made) == replayed


def test_the_least_recently_used_recordings_go(monkeypatch: pytest.MonkeyPatch) -> None:
    slot, _ = slot_recording(monkeypatch)
    for number in range(3 * MOST_GRAPHS):
        slot.run(number, advance, [torch.tensor(1.0)])
        slot.run("often", advance, [torch.tensor(1.0)])
    assert len(slot.known) == MOST_GRAPHS
    assert "often" in slot.known


def test_slots_are_lent_to_one_user_each_and_hold_a_copy() -> None:
    replays, state = Replays(MODEL.empty_state), MODEL.empty_state()
    state.recurrent.fill_(3.0)
    slots = [replays.borrow(state) for _ in range(MOST_SLOTS + 1)]
    assert slots[-1] is None
    first = slots[0]
    assert first is not None
    assert first.state.recurrent.equal(state.recurrent)
    assert first.state is not state
    replays.give_back(first)
    assert replays.borrow(state) is first


def test_a_slot_that_still_has_a_states_values_is_kept_for_it_and_not_filled_again() -> None:
    replays, stream, other = Replays(MODEL.empty_state), MODEL.empty_state(), MODEL.empty_state()
    slot = replays.borrow(stream)
    assert slot is not None
    slot.run("step", advance, [torch.tensor(1.0)])
    stream.copy_(slot.state)
    replays.give_back(slot, mirrored=stream)
    answer = replays.borrow(other)
    assert answer is not None
    assert answer is not slot
    replays.give_back(answer)
    slot.state.clock.fill_(7)  # shows whether the slot is filled again
    assert replays.borrow(stream) is slot
    assert int(slot.state.clock) == 7
    replays.give_back(slot, mirrored=stream)
    replays.forget(stream)
    again = replays.borrow(stream)
    assert again is not None
    assert int(again.state.clock) == int(stream.clock)
