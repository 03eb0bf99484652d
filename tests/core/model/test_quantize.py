"""Packed weights: close to what they stand for, smaller on disk and in memory, loaded as they are or unpacked."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.errors import WeightsError
from core.model import weights
from core.model.bundle import open_bundle, random_bundle, tiny_shape
from core.model.floors import see_operations, token_bytes
from core.model.network import InfiniteVL
from core.model.quantize import KINDS, QuantizedLinear, quantize
from core.session import AskOptions, Session
from kernels.quantized_linear import naive
from kernels.quantized_linear.naive import GROUP, Kind, pack, quantized_linear, unpack
from tests.helpers.models import embeddings, network, observation, places, relative

ERRORS: dict[Kind, float] = {"int8": 0.01, "int4": 0.11, "fp8": 0.03}  # of one matrix's products with random weights
BYTES: dict[Kind, float] = {"int8": 1, "int4": 0.5, "fp8": 1}  # a weight


def random_weights() -> torch.Tensor:
    weight = torch.randn(5, 3 * GROUP, generator=torch.Generator().manual_seed(0))
    weight[0] = 0
    return weight


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_packed_multiplies_nearly_as_before(kind: Kind) -> None:
    weight = random_weights()
    packed, scale = pack(weight, kind)
    assert packed.nbytes == weight.numel() * BYTES[kind]
    x = torch.randn(2, 3, 3 * GROUP, generator=torch.Generator().manual_seed(1))
    bias = torch.ones(5)
    assert relative(quantized_linear(x, packed, scale, bias), x @ weight.T + bias) < ERRORS[kind]
    assert unpack(packed, scale, torch.float32)[0].equal(weight[0])


@pytest.mark.parametrize("kind", ["int8", "fp8"])
def test_rows_come_back_within_half_a_step(kind: Kind) -> None:
    weight = random_weights()
    packed, scale = pack(weight, kind)
    off = (unpack(packed, scale, torch.float32) - weight).abs()
    steps = torch.ones_like(weight) if kind == "int8" else 2.0 ** (weight / scale[:, None]).abs().log2().floor() / 8
    assert bool((off <= 0.5001 * scale[:, None] * steps.clamp_min(2**-9)).all())  # fp8: 3 bits behind the first


def test_groups_of_four_bits_err_less_than_by_their_largest_weight_alone() -> None:
    weight = torch.randn(64, 8 * GROUP, generator=torch.Generator().manual_seed(0))
    packed, scale = pack(weight, "int4")
    groups = weight.view(64, -1, GROUP)
    step = groups.abs().amax(2, keepdim=True) / 7
    simple = ((groups / step).round() * step).flatten(1)
    assert relative(unpack(packed, scale, torch.float32), weight) < 0.9 * relative(simple, weight)
    assert scale.dtype == torch.bfloat16


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_network_is_smaller_and_answers_nearly_the_same(kind: Kind) -> None:
    plain, packed = network(), network()
    before, work = sum(parameter.nbytes for parameter in packed.parameters()), see_operations(packed, 16)
    saved = quantize(packed, kind)
    tensors = [*packed.parameters(), *packed.buffers()]
    assert sum(tensor.nbytes for tensor in tensors) == before - saved
    assert saved > before / 3
    assert see_operations(packed, 16) == work
    x = embeddings(50, plain.shape.hidden_size)
    with torch.inference_mode():
        ours, state = packed(x, places(50))
        theirs, _ = plain(x, places(50))
        error = relative(packed.logits(ours), plain.logits(theirs))
    assert 0 < error < 3 * ERRORS[kind]
    assert state.recurrent.dtype == torch.float32


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_twin_shares_the_rest_and_leaves_the_model_alone(kind: Kind) -> None:
    parts = random_bundle(torch.device("cpu"), torch.float32, tiny_shape())
    before = {name: tensor.clone() for name, tensor in parts.network.named_parameters()}
    twin = parts.quantized(kind)
    assert all(tensor.equal(before[name]) for name, tensor in parts.network.named_parameters())
    assert not any(isinstance(module, QuantizedLinear) for module in parts.network.modules())
    shared = twin.network.language_model.embed_tokens.weight
    assert shared.data_ptr() == parts.network.language_model.embed_tokens.weight.data_ptr()
    assert twin.fingerprint == parts.fingerprint  # a memory goes from one to the other
    stream, packed = Session(parts), Session(twin)
    for session in (stream, packed):
        session.see(observation(0))
    error = relative(packed.state.tensors()["recurrent"], stream.state.tensors()["recurrent"])
    assert 0 < error < 0.5
    assert not any(isinstance(module, QuantizedLinear) for module in twin.network.visual.modules())
    again = parts.quantized(kind).quantized("int8")  # what is packed stays as it is
    assert sum(isinstance(module, QuantizedLinear) for module in again.network.modules()) == sum(
        isinstance(module, QuantizedLinear) for module in twin.network.modules()
    )


def test_a_folder_of_packed_weights_opens_packed(tmp_path: Path) -> None:
    parts = random_bundle(torch.device("cpu"), torch.float32, tiny_shape()).quantized("fp8")
    weights.save(parts.network, tmp_path)
    parts.tokenizer.save(tmp_path / "tokenizer.json")
    for packed in (True, False):
        opened = open_bundle(tmp_path, torch.device("cpu"), torch.float32, packed=packed)
        assert any(isinstance(module, QuantizedLinear) for module in opened.network.modules()) == packed


def test_gates_decays_and_embeddings_are_never_packed() -> None:
    model = network()
    quantize(model, "int8")
    packed = {name for name, module in model.named_modules() if isinstance(module, QuantizedLinear)}
    assert packed
    assert not any(
        part in name for name in packed for part in ("a_proj", "b_proj", "conv", "embed", "norm", "visual")
    )


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_head_takes_eight_bits_whatever_the_rest_takes(kind: Kind, tied: bool, tmp_path: Path) -> None:
    plain, packed = (network(tie_word_embeddings=tied) for _ in range(2))
    quantize(packed, kind)
    assert isinstance(packed.lm_head, QuantizedLinear)
    assert packed.lm_head.weight.dtype == torch.int8
    hidden = embeddings(3, plain.shape.hidden_size)
    with torch.inference_mode():
        wanted, exact = packed.logits(hidden), plain.logits(hidden)
    assert 0 < relative(wanted, exact) < ERRORS["int8"]
    values = plain.shape.vocab_size * plain.shape.hidden_size
    assert token_bytes(plain) - token_bytes(packed) > values * 3  # a byte a value where there were four
    weights.save(packed, tmp_path)
    again, unpacked = weights.load(tmp_path, packed=True), weights.load(tmp_path)
    assert again.logits(hidden).equal(wanted)
    assert (unpacked.lm_head is None) == tied
    assert not isinstance(unpacked.lm_head, QuantizedLinear)
    assert weights.fingerprint(again) == weights.fingerprint(unpacked)


def test_a_large_matrix_is_multiplied_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    packed, scale = pack(random_weights(), "int4")
    x, bias = torch.randn(2, 3, 3 * GROUP), torch.randn(5)
    whole = quantized_linear(x, packed, scale, bias)
    monkeypatch.setattr(naive, "UNPACKED", 2 * 3 * GROUP)
    assert relative(quantized_linear(x, packed, scale, bias), whole) < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_folder_is_loaded_packed_or_unpacked(kind: Kind, tmp_path: Path) -> None:
    model = network()
    quantize(model, kind)
    weights.save(model, tmp_path)
    packed, plain = weights.load(tmp_path, packed=True), weights.load(tmp_path)
    x = embeddings(20, model.shape.hidden_size)
    with torch.inference_mode():
        outputs: list[torch.Tensor] = [each(x, places(20))[0] for each in (model, packed, plain)]
    assert outputs[1].equal(outputs[0])
    assert relative(outputs[2], outputs[0]) < 1e-6
    assert any(isinstance(module, QuantizedLinear) for module in packed.modules())
    assert not any(isinstance(module, QuantizedLinear) for module in plain.modules())


def test_a_scale_that_does_not_fit_is_named(tmp_path: Path) -> None:
    model = network()
    quantize(model, "int4")
    layer = next(module for module in model.modules() if isinstance(module, QuantizedLinear))
    layer.weight_scale = layer.weight_scale[:, :0]
    weights.save(model, tmp_path)
    for packed in (True, False):
        with pytest.raises(WeightsError, match="scale"):
            weights.load(tmp_path, packed=packed)


def test_a_session_runs_on_packed_weights() -> None:
    bundle = random_bundle(torch.device("cpu"), torch.float32, tiny_shape())
    quantize(bundle.network, "int8")
    assert isinstance(bundle.network, InfiniteVL)
    stream = Session(bundle)
    assert stream.see(observation(0)) > 0
    list(stream.ask("what?", options=AskOptions(max_tokens=3)))
    assert stream.last_answer_logprob is not None
