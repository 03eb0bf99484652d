"""Whether fused kernels compute on this machine what the plain network computes: compilers for GPUs have faults.

Every layer is tried by itself, on the same input as its plain form. Through a whole network rounding adds up until it
hides a fault; in one layer a fault stands out.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor
from triton.errors import TritonError

from core.model.layers import GatedDeltaNet
from core.model.network import InfiniteVL
from core.model.state import MemoryState
from core.model.text import DecoderLayer
from core.model.vision import VisionTower, block_runs, grid_plan

if TYPE_CHECKING:
    from core.model.fast import FastDecoder
    from core.model.fast_vision import FastTower

log = logging.getLogger(__name__)

F = TypeVar("F", "FastDecoder", "FastTower")
TOKENS = 72  # the last two of them one by one: more than one chunk of the delta rule, and the way of single tokens
GRID = (10, 14)  # patches: windows of four sizes


def proven(make: Callable[[], F], differs: Callable[[F], float]) -> F | None:
    """The fused form that ``make`` builds, if ``differs`` finds it no further from the plain one than rounding is."""
    try:
        fast = make()
        with torch.inference_mode():
            difference = differs(fast)
    except TritonError as trouble:
        log.warning("The fused kernels cannot be built here (%s); the plain ones serve.", type(trouble).__name__)
        return None
    if difference > allowed(fast.dtype, fast.eight_bit_floats):
        log.warning("The fused kernels are off by %.2g here; the plain ones serve.", difference)
        return None
    return fast


def allowed(dtype: torch.dtype, eight_bit_floats: bool = False) -> float:
    """The largest relative difference that rounding explains in one layer. With weights in 8-bit floats many tokens
    at once are rounded to 8 bits as well, single ones are not."""
    if eight_bit_floats:
        return 0.08
    return {torch.float32: 1e-4, torch.bfloat16: 0.02}.get(dtype, 5e-3)


def decoder_difference(network: InfiniteVL, fast: FastDecoder) -> float:
    """The largest relative difference of logits and memory that any one layer makes; infinite where one is NaN."""
    return _worst(
        _off(found, wanted)
        for index in range(network.shape.num_hidden_layers)
        for found, wanted in _layer_pairs(network, fast, index)
    )


def _layer_pairs(network: InfiniteVL, fast: FastDecoder, index: int) -> Iterable[tuple[Tensor, Tensor]]:
    """What a decoder of this one layer gives, fast and plain: logits after the last token, and the memory."""
    decoder, layer = network.language_model, network.language_model.layers[index]
    if not isinstance(layer, DecoderLayer):
        raise TypeError("a decoder is made of decoder layers")
    ids = (torch.arange(TOKENS, device=fast.device) * 7919 % network.shape.vocab_size)[None]
    places = torch.arange(TOKENS, device=fast.device).expand(3, 1, -1)
    alone = copy.copy(fast)
    alone.layers = [fast.layers[index]]
    state = _one_layer_of(network.empty_state(), isinstance(layer.self_attn, GatedDeltaNet))
    plain = state.fork()
    together = TOKENS - 2
    alone.forward(network.embed(ids[:, :together])[0], places[:, 0, :together], state)
    for token in range(together, TOKENS):
        logits = alone.step(ids[0, token : token + 1], state)
    cos, sin = decoder.rotary(places)
    x, first, second = layer(network.embed(ids), cos, sin, plain.seen, network.shape.window, False, *_memory(plain))
    yield logits, network.logits(decoder.norm(x)[0, -1])
    yield from zip(_memory(state), (first, second), strict=True)


def _one_layer_of(state: MemoryState, linear: bool) -> MemoryState:
    """An empty memory of a decoder that has one layer, of this kind."""
    delta, attention = (1, 0) if linear else (0, 1)
    return MemoryState(
        recurrent=state.recurrent[:delta],
        tails=state.tails[:delta],
        keys=state.keys[:attention],
        values=state.values[:attention],
        seen=state.seen,
        clock=state.clock,
    )


def _memory(state: MemoryState) -> tuple[Tensor, Tensor]:
    """The two tensors of a one-layer memory."""
    return (state.recurrent[0], state.tails[0]) if len(state.recurrent) else (state.keys[0], state.values[0])


def tower_difference(tower: VisionTower, fast: FastTower) -> float:
    """The same for the vision tower: what each block alone, with the merger, makes of a random picture."""
    height, width = GRID
    weight = tower.merger.ln_q.weight
    drawn = torch.Generator().manual_seed(0)
    patches = torch.randn(1, height * width, tower.shape.patch_values, generator=drawn).to(weight.device)
    plan = grid_plan(height, width, tower.shape, weight.device)
    patches = patches[:, plan.order]
    worst = []
    for index, block in enumerate(tower.blocks):
        runs = block_runs(index, plan, tower.shape)
        x = block(tower.patch_embed(patches), plan.cos, plan.sin, runs)
        wanted = tower.merger(x)[:, plan.back]
        worst.append(_off(fast.forward(patches, height, width, only=index), wanted))
    return _worst(worst)


def _off(found: Tensor, wanted: Tensor) -> float:
    wanted = wanted.double()
    return float((found.double() - wanted).norm() / wanted.norm().clamp_min(1e-9))


def _worst(differences: Iterable[float]) -> float:
    return max((math.inf if math.isnan(difference) else difference for difference in differences), default=0.0)
