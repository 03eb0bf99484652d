"""The fast decoder against the plain one: same hidden values, same memory, however a stream is cut."""

import dataclasses

import pytest
import torch
from torch import Tensor

from core.model.config import ModelShape, VisionShape
from core.model.network import InfiniteVL
from core.model.quantize import quantize
from core.model.state import MemoryState
from kernels.quantized_linear.naive import Kind
from tests.kernels.exact import error
from tests.kernels.triton_device import DEVICE, skip_without_triton

skip_without_triton()

from core.model.fast import FastDecoder, fast_decoder, fits  # noqa: E402 - only where Triton is

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

SHAPE = ModelShape(
    vision=VisionShape(depth=1, hidden_size=32, intermediate_size=32, num_heads=2, out_hidden_size=64),
    vocab_size=90,
    hidden_size=64,
    intermediate_size=96,
    linear_layers=(False, True, True, False, True),
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    window=24,
    mrope_section=(2, 3, 3),
    num_linear_heads=3,
    linear_head_dim=16,
)


def network(shape: ModelShape = SHAPE) -> InfiniteVL:
    torch.manual_seed(0)
    made = InfiniteVL(shape).to(DEVICE).eval().requires_grad_(False)
    for parameter in made.parameters():
        if parameter.dim() == 1:
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def text_positions(start: int, T: int) -> Tensor:
    return (start + torch.arange(T, device=DEVICE)).expand(3, T)


def assert_same_memory(found: MemoryState, wanted: MemoryState) -> None:
    assert int(found.seen) == int(wanted.seen)
    assert int(found.clock) == int(wanted.clock)
    for name in ("recurrent", "tails", "keys", "values"):
        assert error(getattr(found, name), getattr(wanted, name)) < 1e-5, name


@pytest.mark.parametrize("sinks", [0, 4])
def test_a_stream_in_pieces_equals_the_plain_decoder(sinks: int) -> None:
    shape = dataclasses.replace(SHAPE, sinks=sinks)
    plain = network(shape)
    fast = FastDecoder(network(shape))
    state, wanted_state = plain.empty_state(), plain.empty_state()
    start = 0
    for T in (2, 19, 1, 33):
        x = plain.embed(torch.randint(0, shape.vocab_size, (1, T), device=DEVICE))
        positions = text_positions(start, T)
        positions = torch.stack([positions[0], positions[1] // 2, positions[2] // 3 + 5])
        wanted, wanted_state = plain(x, positions[:, None], wanted_state)
        found = fast.forward(x[0], positions, state)
        assert found is not None
        assert error(found, wanted[0]) < 1e-5
        assert_same_memory(state, wanted_state)
        start = int(state.clock)


def test_padding_leaves_no_trace() -> None:
    plain, padded = network(), FastDecoder(network())
    state, wanted_state = plain.empty_state(), plain.empty_state()
    for T, room in ((5, 8), (2, 33), (20, 20)):  # the second one is padded beyond the window
        ids = torch.randint(0, SHAPE.vocab_size, (1, T), device=DEVICE)
        filled = torch.cat([ids, ids.new_zeros(1, room - T)], dim=1)
        start, count = int(state.clock), torch.tensor(T, device=DEVICE)
        wanted, wanted_state = plain(ids, text_positions(start, T)[:, None], wanted_state)
        found = padded.forward(plain.embed(filled)[0], text_positions(start, room), state, count=count)
        assert found is not None
        assert error(found[:T], wanted[0]) < 1e-5
        assert_same_memory(state, wanted_state)


def test_single_tokens_give_the_plain_decoders_logits_past_the_window() -> None:
    plain, fast = network(), FastDecoder(network())
    state, wanted_state = plain.empty_state(), plain.empty_state()
    ids = torch.randint(0, SHAPE.vocab_size, (1, 22), device=DEVICE)
    _, wanted_state = plain(ids, text_positions(0, 22)[:, None], wanted_state)
    fast.forward(plain.embed(ids)[0], text_positions(0, 22), state)
    for token in (5, 17, 3, 80):
        one = torch.tensor([token], device=DEVICE)
        hidden, wanted_state = plain(one[None], wanted_state.clock.expand(3, 1, 1), wanted_state)
        assert error(fast.step(one, state), plain.logits(hidden[0, -1])) < 1e-5
        assert_same_memory(state, wanted_state)


@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_packed_weights_give_what_the_plain_packed_network_gives(kind: Kind) -> None:
    shape = dataclasses.replace(SHAPE, linear_layers=(False, True), num_linear_heads=4, num_key_value_heads=4)
    plain, packed = network(shape), network(shape)
    assert quantize(plain, kind) > 0
    quantize(packed, kind)
    assert fits(packed)
    fast = FastDecoder(packed)
    state, wanted_state = plain.empty_state(), plain.empty_state()
    ids = torch.randint(0, shape.vocab_size, (1, 9), device=DEVICE)
    _, wanted_state = plain(ids, text_positions(0, 9)[:, None], wanted_state)
    fast.forward(plain.embed(ids)[0], text_positions(0, 9), state)
    for token in (5, 17):
        one = torch.tensor([token], device=DEVICE)
        hidden, wanted_state = plain(one[None], wanted_state.clock.expand(3, 1, 1), wanted_state)
        assert error(fast.step(one, state), plain.logits(hidden[0, -1])) < 1e-5
        assert_same_memory(state, wanted_state)


def test_leaving_out_the_hidden_values_leaves_the_memory_the_same() -> None:
    plain = network()
    fast = FastDecoder(plain)
    x = torch.randn(20, SHAPE.hidden_size, device=DEVICE)
    whole, short = plain.empty_state(), plain.empty_state()
    assert fast.forward(x, text_positions(0, 20), whole) is not None
    assert fast.forward(x, text_positions(0, 20), short, wanted=False) is None
    assert_same_memory(short, whole)


def test_the_plain_network_works_as_before_on_the_weights_laid_side_by_side() -> None:
    plain, shared = network(), network()
    FastDecoder(shared)
    ids = torch.randint(0, SHAPE.vocab_size, (1, 5), device=DEVICE)
    wanted, _ = plain(ids, text_positions(0, 5)[:, None])
    found, _ = shared(ids, text_positions(0, 5)[:, None])
    assert torch.equal(found, wanted)
    assert set(shared.state_dict()) == set(plain.state_dict())


def test_shapes_it_cannot_serve_are_left_to_the_plain_decoder() -> None:
    assert fits(network())
    assert not fits(network(dataclasses.replace(SHAPE, use_gate=False)))
    assert not fits(network(dataclasses.replace(SHAPE, conv_bias=True)))
    assert not fits(network(dataclasses.replace(SHAPE, expand_v=1.5)))
    narrow_heads = network(dataclasses.replace(SHAPE, linear_head_dim=8, num_linear_heads=8))
    quantize(narrow_heads, "int4")
    assert not fits(narrow_heads)
    broken_words = network(dataclasses.replace(SHAPE, intermediate_size=98))
    quantize(broken_words, "int8")
    assert not fits(broken_words)


def test_it_serves_where_it_agrees_with_the_plain_decoder_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = dataclasses.replace(SHAPE, linear_layers=(False, True))
    good, bad = network(shape), network(shape)
    assert fast_decoder(good, good.empty_state()) is not None
    assert fast_decoder(good, good.empty_state(batch=2)) is None
    step = FastDecoder.step
    monkeypatch.setattr(FastDecoder, "step", lambda *given: step(*given) * 1.01)
    assert fast_decoder(bad, bad.empty_state()) is None
