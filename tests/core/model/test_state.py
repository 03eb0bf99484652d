"""What one stream remembers can be moved on in place and taken back, bit for bit."""

from __future__ import annotations

import pytest
import torch

from core.model.state import MemoryState
from tests.helpers.models import embeddings, network, places

WINDOW = 24


@pytest.mark.parametrize("sinks", [0, 3])
@pytest.mark.parametrize(("seen", "tokens"), [(5, 7), (40, 7), (40, WINDOW), (40, 60)])
def test_tokens_written_in_place_can_be_taken_back(seen: int, tokens: int, sinks: int) -> None:
    model = network(window=WINDOW, sinks=sinks)
    x = embeddings(seen + tokens, model.shape.hidden_size)
    with torch.inference_mode():
        _, state = model(x[:, :seen], places(seen), in_place=False)
        before = state.fork()
        take_back = state.before(tokens, sinks)
        model(x[:, seen:], places(tokens, seen), state, in_place=True)
        assert not same(state, before)
        take_back()
    assert same(state, before)


def same(one: MemoryState, other: MemoryState) -> bool:
    return all(tensor.equal(other.tensors()[name]) for name, tensor in one.tensors().items())
