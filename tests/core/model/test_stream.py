"""One stream, however it is cut: whole, in frames, token by token, saved half-way, forked, far from the start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.model.network import InfiniteVL
from core.model.state import MemoryState, load_state, save_state
from tests.helpers.models import embeddings, network, places, relative

WINDOW = 24
TOKENS = 140  # more than five times round the ring
CLOSE = 2e-5
ON_GPU = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=ON_GPU)])
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(
    model: InfiniteVL, x: Tensor, cuts: Sequence[int], *, start: int = 0, in_place: bool = False
) -> tuple[Tensor, MemoryState]:
    """The hidden values of a stream fed in pieces of the lengths in ``cuts``, and its state at the end."""
    state = model.empty_state(x.shape[0])
    pieces, done = [], 0
    with torch.inference_mode():
        for length in cuts:
            part = x[:, done : done + length]
            where = places(part.shape[1], start + done, x.shape[0]).to(x.device)
            hidden, state = model(part, where, state, in_place=in_place)
            pieces.append(hidden)
            done += length
    return torch.cat(pieces, dim=1), state


def assert_same_stream(ours: tuple[Tensor, MemoryState], theirs: tuple[Tensor, MemoryState]) -> None:
    assert relative(ours[0], theirs[0]) < CLOSE
    assert ours[1].seen.equal(theirs[1].seen)
    for name in ("recurrent", "tails", "keys", "values"):
        assert relative(ours[1].tensors()[name], theirs[1].tensors()[name]) < CLOSE, name


@pytest.mark.parametrize("sinks", [0, 5])
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    "cuts",
    [[17] * 8 + [4], [1] * TOKENS, [63, 77], [64, 76], [65, 75], [23, 1, 24, 25, 67], [3, 130, 7]],
    ids=["frames", "tokens", "63", "64", "65", "around the window", "mixed"],
)
def test_a_stream_in_pieces_equals_the_whole(cuts: list[int], in_place: bool, sinks: int, device: str) -> None:
    model = network(window=WINDOW, sinks=sinks).to(device)
    x = embeddings(TOKENS, model.shape.hidden_size, batch=2).to(device)
    assert_same_stream(run(model, x, cuts, in_place=in_place), run(model, x, [TOKENS]))


@pytest.mark.parametrize("start", [10_000_000, 2**40])
def test_attention_does_not_depend_on_where_the_clock_stands(start: int, device: str) -> None:
    model = network(window=WINDOW).to(device)
    x = embeddings(TOKENS, model.shape.hidden_size).to(device)
    near, far = run(model, x, [70, 70]), run(model, x, [70, 70], start=start)
    assert relative(far[0], near[0]) < CLOSE
    assert int(far[1].clock) == start + TOKENS


def test_a_state_saved_half_way_goes_on_bit_for_bit(tmp_path: Path, device: str) -> None:
    model = network(window=WINDOW).to(device)
    x = embeddings(TOKENS, model.shape.hidden_size).to(device)
    _, half = run(model, x[:, :77], [40, 37])
    save_state(half, "{}", "model", tmp_path / "state")
    back, _ = load_state(tmp_path / "state", "model", model.empty_state())
    with torch.inference_mode():
        here, _ = model(x[:, 77:], places(TOKENS - 77, 77).to(device), half)
        there, _ = model(x[:, 77:], places(TOKENS - 77, 77).to(device), back)
    assert here.equal(there)


def test_a_fork_and_its_parent_do_not_touch_each_other(device: str) -> None:
    model = network(window=WINDOW).to(device)
    x = embeddings(TOKENS, model.shape.hidden_size).to(device)
    other = embeddings(TOKENS, model.shape.hidden_size, seed=1).to(device)
    _, parent = run(model, x[:, :60], [60])
    fork = parent.fork()
    with torch.inference_mode():
        _, parent = model(other[:, 60:], places(TOKENS - 60, 60).to(device), parent, in_place=True)
        hidden, _ = model(x[:, 60:], places(TOKENS - 60, 60).to(device), fork, in_place=True)
    assert relative(hidden, run(model, x, [60, 80])[0][:, 60:]) < CLOSE


def test_not_in_place_leaves_the_given_state_as_it_was() -> None:
    model = network(window=WINDOW)
    x = embeddings(TOKENS, model.shape.hidden_size)
    _, state = run(model, x[:, :60], [60])
    before = state.fork()
    with torch.inference_mode():
        model(x[:, 60:], places(TOKENS - 60, 60), state)
    assert all(state.tensors()[name].equal(tensor) for name, tensor in before.tensors().items())


def test_the_gradient_reaches_back_through_a_carried_state() -> None:
    model = network(window=WINDOW)
    x = embeddings(90, model.shape.hidden_size).requires_grad_()
    weight = embeddings(30, model.shape.hidden_size, seed=1)
    hidden, _ = model(x, places(90))
    (whole,) = torch.autograd.grad((hidden[:, 60:] * weight).sum(), x)
    _, state = model(x[:, :60], places(60))
    hidden, _ = model(x[:, 60:], places(30, 60), state)
    (carried,) = torch.autograd.grad((hidden * weight).sum(), x)
    assert float(whole[:, :30].abs().max()) > 0  # beyond the window: only the recurrent state leads there
    assert relative(carried, whole) < 1e-4


def test_recomputing_layers_gives_the_same_gradient() -> None:
    model = network(window=WINDOW)
    x = embeddings(40, model.shape.hidden_size).requires_grad_()
    gradients = []
    for checkpointing in (False, True):
        model.language_model.checkpointing = checkpointing
        hidden, _ = model(x, places(40))
        gradients.append(torch.autograd.grad(hidden[..., 0].sum(), x)[0])
    assert relative(gradients[1], gradients[0]) < 1e-6


def test_a_narrower_window_can_be_asked_for() -> None:
    model, narrow = network(window=WINDOW), network(window=8)
    x = embeddings(50, model.shape.hidden_size)
    with torch.inference_mode():
        ours, _ = model(x, places(50), window=8)
        theirs, _ = narrow(x, places(50))
    assert relative(ours, theirs) < CLOSE


def test_the_recurrent_memory_can_be_kept_in_half_the_bytes() -> None:
    model = network(window=WINDOW)
    x = embeddings(40, model.shape.hidden_size)
    with torch.inference_mode():
        state = model.empty_state(recurrent_dtype=torch.bfloat16)
        _, state = model(x, places(40), state)
        _, full = model(x, places(40))
    assert state.recurrent.dtype == torch.bfloat16
    assert 2 * state.recurrent.nbytes == full.recurrent.nbytes
    assert relative(state.recurrent, full.recurrent) < 1e-2


VARIANTS: list[dict[str, Any]] = [
    {"use_gate": False},
    {"use_short_conv": False},
    {"conv_bias": True},
    {"linear_layers": (True, True)},
    {"linear_layers": (False, False)},
    {"expand_v": 1.5, "num_linear_heads": 3},
    {"num_key_value_heads": 1, "conv_size": 2},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_variants_of_the_layers_stream_too(changes: dict[str, Any]) -> None:
    model = network(window=WINDOW, **changes)
    x = embeddings(60, model.shape.hidden_size)
    assert_same_stream(run(model, x, [13, 40, 7]), run(model, x, [60]))
