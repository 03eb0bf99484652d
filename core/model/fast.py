"""The decoder on a GPU, for one stream: the arithmetic of :class:`~core.model.text.Decoder` in far fewer kernels.

Projections that read the same input are laid side by side in memory and multiplied at once (the network's own
parameters become views of them: no second copy), and what lies between the products is fused. One token takes a path
of its own, bound by reading the weights. Everything a pass touches is allocated by PyTorch and indexed on the device,
so a pass can be captured in a CUDA graph (see ``replay.py``). Forward only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model.layers import GatedDeltaNet, WindowAttention
from core.model.network import HIGH_PRECISION, InfiniteVL
from core.model.proof import decoder_difference, proven
from core.model.quantize import QuantizedLinear
from core.model.state import MemoryState
from core.model.text import DecoderLayer
from kernels.gated_delta.triton import gated_delta_
from kernels.norms.triton import add_rms_norm, gated_rms_norm_of_rows, rms_norm
from kernels.one_token import triton as one
from kernels.one_token.attention import attend_step
from kernels.one_token.triton import Matrix
from kernels.rotary.naive import angles, turn_frequencies
from kernels.rotary.triton import rotate_rows_
from kernels.short_conv.triton import Row, mix, shift_tail_
from kernels.swiglu.triton import swiglu
from kernels.window_attention.triton import append_both_, attend

if TYPE_CHECKING:
    from core.model.config import ModelShape


Linear = nn.Linear | QuantizedLinear


def fits(network: InfiniteVL) -> bool:
    """Whether this network's decoder can take the fast path; otherwise the plain one serves it."""
    shape = network.shape
    named = network.language_model.named_parameters()
    dtypes = {p.dtype for name, p in named if not name.endswith(HIGH_PRECISION)}  # those are fp32 in any model
    return (
        all(_alike(group) for layer in network.language_model.layers for group in _groups(layer))
        and len(dtypes) == 1
        and all(dtype.is_floating_point for dtype in dtypes)
        and shape.use_short_conv
        and shape.use_gate
        and not shape.conv_bias
        and shape.linear_head_dim <= 128
        and shape.value_dim % shape.linear_head_dim == 0
        and (shape.value_dim % 32 == 0 or not _in_four_bits(network))
        and _in_whole_words(network, dtypes)
    )


def _in_four_bits(network: InfiniteVL) -> bool:
    """Whether there are 4-bit weights: a head's share of them must then be whole groups' halves."""
    return torch.uint8 in _packed(network)


def _in_whole_words(network: InfiniteVL, plain: set[torch.dtype]) -> bool:
    """Whether every row of weights, and a head's share of it, is whole words of 32 bits, as one token reads them."""
    shape = network.shape
    read = (shape.hidden_size, shape.intermediate_size, shape.num_attention_heads * shape.head_dim, shape.value_dim)
    weights = {dtype: max(1, 4 // dtype.itemsize) for dtype in plain | _packed(network)}
    return all(columns % weights[dtype] == 0 for columns in read for dtype in weights if dtype != torch.uint8)


def _packed(network: InfiniteVL) -> set[torch.dtype]:
    """The dtypes of the packed weights of decoder and head."""
    modules = [*network.language_model.modules(), network.lm_head]
    return {module.weight.dtype for module in modules if isinstance(module, QuantizedLinear)}


def _groups(layer: nn.Module) -> list[list[nn.Module | None]]:
    """A layer's linear modules, those together that read the same input."""
    if not isinstance(layer, DecoderLayer):
        return [[None]]
    mixer, mlp = layer.self_attn, layer.mlp
    groups: list[list[nn.Module | None]] = [[mixer.q_proj, mixer.k_proj, mixer.v_proj], [mixer.o_proj]]
    if isinstance(mixer, GatedDeltaNet):
        groups[0].append(mixer.g_proj)
        groups.append([mixer.a_proj, mixer.b_proj])
    return [*groups, [mlp.gate_proj, mlp.up_proj], [mlp.down_proj]]


def _alike(modules: Sequence[nn.Module | None]) -> bool:
    """Whether these can lie side by side: all plain, or all packed in the same way."""
    kinds = {module.weight.dtype if isinstance(module, QuantizedLinear) else type(module) for module in modules}
    return len(kinds) == 1 and (nn.Linear in kinds or all(isinstance(kind, torch.dtype) for kind in kinds))


def _head(network: InfiniteVL) -> Matrix:
    if isinstance(network.lm_head, QuantizedLinear):
        return Matrix(network.lm_head.weight, network.lm_head.weight_scale)
    return Matrix((network.lm_head or network.language_model.embed_tokens).get_parameter("weight"))


def _side_by_side(modules: Sequence[nn.Module]) -> Matrix:
    """One matrix of all these products; the modules' weights become views of it."""
    linears = [module for module in modules if isinstance(module, Linear)]
    whole = torch.cat([linear.weight.detach() for linear in linears])
    scales = [linear.weight_scale for linear in linears if isinstance(linear, QuantizedLinear)]
    start = 0
    for linear in linears:
        rows = len(linear.weight)
        linear.weight.data = whole[start : start + rows]
        start += rows
    return Matrix(whole, torch.cat(scales) if scales else None)


@dataclass(frozen=True)
class _Mlp:
    norm: Tensor
    eps: float
    gate_up: Matrix  # [2 I, hidden]
    down: Matrix


@dataclass(frozen=True)
class _Delta:
    norm: Tensor
    eps: float
    inner: Matrix  # [row.width, hidden], or without its last rows where ``gates`` has them
    gates: Matrix | None
    row: Row
    conv: Tensor  # [channels, taps]
    a_log: Tensor
    dt_bias: Tensor
    out_norm: Tensor
    out_eps: float
    out: Matrix
    mlp: _Mlp


@dataclass(frozen=True)
class _Attention:
    norm: Tensor
    eps: float
    inner: Matrix  # [(heads + 2 groups) x head_dim, hidden]
    bias: Tensor
    out: Matrix
    mlp: _Mlp


def _parts(layer: DecoderLayer, shape: ModelShape) -> _Delta | _Attention:
    norm, eps, after = layer.input_layernorm.weight, layer.input_layernorm.eps, layer.post_attention_layernorm
    gate_up = _side_by_side([layer.mlp.gate_proj, layer.mlp.up_proj])
    mlp = _Mlp(after.weight, after.eps, gate_up, _side_by_side([layer.mlp.down_proj]))
    mixer = layer.self_attn
    if isinstance(mixer, WindowAttention):
        projections = [mixer.q_proj, mixer.k_proj, mixer.v_proj]
        bias = torch.cat([projection.bias.detach() for projection in projections])
        return _Attention(norm, eps, _side_by_side(projections), bias, _side_by_side([mixer.o_proj]), mlp)
    return _delta_parts(mixer, norm, eps, mlp, shape)


def _delta_parts(mixer: GatedDeltaNet, norm: Tensor, eps: float, mlp: _Mlp, shape: ModelShape) -> _Delta:
    if mixer.g_proj is None:
        raise ValueError("the fast path needs the output gate; fits() says so")
    wide, gates = [mixer.q_proj, mixer.k_proj, mixer.v_proj, mixer.g_proj], [mixer.a_proj, mixer.b_proj]
    together = _alike([*wide, *gates])
    convs = (mixer.q_conv1d, mixer.k_conv1d, mixer.v_conv1d)
    return _Delta(
        norm=norm,
        eps=eps,
        inner=_side_by_side([*wide, *gates] if together else wide),
        gates=None if together else _side_by_side(gates),
        row=Row(shape.num_linear_heads, shape.linear_head_dim, shape.value_dim),
        conv=torch.cat([conv.weight.detach().squeeze(1) for conv in convs]),
        a_log=mixer.A_log,
        dt_bias=mixer.dt_bias,
        out_norm=mixer.o_norm.weight,
        out_eps=mixer.o_norm.eps,
        out=_side_by_side([mixer.o_proj]),
        mlp=mlp,
    )


_made: WeakKeyDictionary[InfiniteVL, FastDecoder | None] = WeakKeyDictionary()


def fast_decoder(network: InfiniteVL, state: MemoryState) -> FastDecoder | None:
    """This network's fast path, made and tried at the first call; None where network or state cannot take it, or
    where on this machine it does not compute what the plain decoder computes.

    A network that is changed later (quantised, moved) must not have been asked for before.
    """
    if network not in _made:
        make, differs = partial(FastDecoder, network), partial(decoder_difference, network)
        _made[network] = proven(make, differs) if fits(network) else None
    one_stream = state.recurrent.dtype == torch.float32 and state.keys.shape[1] == 1
    return _made[network] if one_stream else None


class FastDecoder:
    """A network's decoder for one stream at a time. Raises nothing of its own; ask :func:`fits` first."""

    def __init__(self, network: InfiniteVL) -> None:
        self.shape = shape = network.shape
        decoder = network.language_model
        with torch.inference_mode(False), torch.no_grad():
            self.layers = [_parts(layer, shape) for layer in decoder.layers if isinstance(layer, DecoderLayer)]
        self.device, self.dtype = decoder.norm.weight.device, decoder.norm.weight.dtype
        self.eight_bit_floats = torch.float8_e4m3fn in _packed(network)
        self._frequencies = turn_frequencies(shape.rope_theta, shape.head_dim).to(self.device)
        axes = [axis for axis, count in enumerate(shape.mrope_section) for _ in range(count)]
        self._axes = torch.tensor(axes, device=self.device)  # the position axis each frequency follows
        self._norm, self._norm_eps = decoder.norm.weight, decoder.norm.eps
        self._embeddings = decoder.embed_tokens.weight
        self._head = _head(network)

    def forward(
        self,
        x: Tensor,
        positions: Tensor,
        state: MemoryState,
        *,
        count: Tensor | None = None,
        wanted: bool = True,
    ) -> Tensor | None:
        """Go on with a stream by T tokens, in place. x: [T, hidden]; positions: int64 [3, T]; batch of ``state``: 1.

        ``count``: int64 [] on the device, how many of the T are no padding (None: all). Padding comes last and leaves
        no trace, so that one captured pass serves texts of different lengths.
        Returns the hidden values [T, hidden] after the last norm; None where they are not ``wanted``: then what only
        they need is left out.
        """
        T = x.shape[0]
        cos, sin = self._rotary(positions)
        counts = [0, 0]  # attention and linear layers so far
        y = rms_norm(x, self.layers[0].norm, self.layers[0].eps)
        for index, layer in enumerate(self.layers):
            linear = isinstance(layer, _Delta)
            at, last = counts[linear], index == len(self.layers) - 1
            counts[linear] += 1
            if isinstance(layer, _Delta):
                mixed = self._delta(layer, y, state.recurrent[at], state.tails[at, 0], count, last and not wanted)
            else:
                rows = layer.inner.times(y, layer.bias)  # [T, (heads + 2 groups) head_dim]
                mixed = self._attend(rows, cos, sin, state.keys[at], state.values[at], state.seen, count)
            if last and not wanted:
                break
            y, x = add_rms_norm(layer.out.times(mixed), x, layer.mlp.norm, layer.mlp.eps)
            gate, up = layer.mlp.gate_up.times(y).chunk(2, dim=-1)
            y = layer.mlp.down.times(swiglu(gate, up))
            norm = self._norm if last else self.layers[index + 1].norm
            y, x = add_rms_norm(y, x, norm, self.shape.rms_norm_eps)
        if count is not None:
            positions = positions.masked_fill(torch.arange(T, device=self.device) >= count, -1)
        state.seen.add_(T if count is None else count)
        state.clock.copy_(torch.maximum(state.clock, positions.max() + 1))
        return y if wanted else None

    def _rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin [T, head_dim / 2] of positions [3, T]."""
        turned = angles(positions.T, self._frequencies)  # [T, 3, head_dim / 2]: each axis with every frequency
        chosen = turned.gather(1, self._axes.expand(positions.shape[1], 1, -1)).squeeze(1)
        return chosen.cos(), chosen.sin()

    def _delta(
        self, layer: _Delta, y: Tensor, recurrent: Tensor, tail: Tensor, count: Tensor | None, state_only: bool
    ) -> Tensor:
        row = layer.row
        p = layer.inner.times(y)  # [T, row.width]
        if layer.gates is not None:
            p = torch.cat([p, layer.gates.times(y)], dim=1)
        q, k, v, g, beta = mix(p, row, layer.conv, tail, layer.a_log, layer.dt_bias, count)
        shift_tail_(p, tail, count)
        o = gated_delta_(q, k, v, g, beta, recurrent, row.K**-0.5)[0]  # [T, H, V]
        if state_only:
            return o
        gate = p[:, row.channels : row.channels + row.H * row.V]
        return gated_rms_norm_of_rows(o, gate, layer.out_norm, layer.out_eps).flatten(1)

    def _attend(
        self,
        rows: Tensor,
        cos: Tensor,
        sin: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        count: Tensor | None,
    ) -> Tensor:
        shape = self.shape
        H, G, D = shape.num_attention_heads, shape.num_key_value_heads, shape.head_dim
        rotate_rows_(rows, H + G, cos, sin)
        heads = rows.view(1, rows.shape[0], H + 2 * G, D)
        q, k, v = heads[:, :, :H], heads[:, :, H : H + G], heads[:, :, H + G :]
        o = attend(q, k, v, keys, values, seen, shape.window, shape.sinks, D**-0.5)
        append_both_(keys, values, k, v, seen, shape.sinks, count)
        return o.view(rows.shape[0], H * D)

    def step(self, token: Tensor, state: MemoryState) -> Tensor:
        """Go on by one token of text, in place. token: int64 [1]. Returns the logits fp32 [vocabulary]."""
        shape, hidden = self.shape, self.shape.hidden_size
        stream = F.embedding(token, self._embeddings).view(hidden).clone()
        cos, sin = self._rotary(state.clock.expand(3, 1))
        inner = one.empty(shape.intermediate_size, stream)
        counts = [0, 0]
        for layer in self.layers:
            linear = isinstance(layer, _Delta)
            at = counts[linear]
            counts[linear] += 1
            if isinstance(layer, _Delta):
                self._delta_step(layer, stream, state.recurrent[at, 0], state.tails[at, 0])
            else:
                self._attention_step(layer, stream, cos[0], sin[0], state, at)
            one.normed_swiglu(stream, layer.mlp.norm, layer.mlp.eps, layer.mlp.gate_up, inner, layer.mlp.down)
            one.add_product(inner, layer.mlp.down, stream, spread=True)
        logits = one.empty(len(self._head.values), stream)
        one.normed_product(stream, self._norm, self._norm_eps, self._head, None, logits)
        state.seen.add_(1)
        state.clock.add_(1)
        return logits

    def _attention_step(
        self, layer: _Attention, stream: Tensor, cos: Tensor, sin: Tensor, state: MemoryState, at: int
    ) -> None:
        shape = self.shape
        row = one.empty(len(layer.bias), stream)
        one.normed_product(stream, layer.norm, layer.eps, layer.inner, layer.bias, row)
        o = attend_step(
            row, cos, sin, state.keys[at, 0], state.values[at, 0], state.seen, shape.window, shape.sinks,
            shape.head_dim**-0.5, layer.out,
        )  # fmt: skip
        one.add_product(o, layer.out, stream, spread=True)

    def _delta_step(self, layer: _Delta, stream: Tensor, recurrent: Tensor, tail: Tensor) -> None:
        row = layer.row
        mixed = one.empty(row.width, stream)
        one.normed_mix(
            stream, layer.norm, layer.eps, layer.inner, layer.gates, row, layer.conv, tail, layer.a_log,
            layer.dt_bias, mixed,
        )  # fmt: skip
        o = one.empty(row.H * row.V, stream)
        squares = one.empty(row.H * one.value_blocks(row.V), stream).view(row.H, -1)
        one.delta_step(mixed, row, recurrent, layer.out_norm, o, squares, layer.out)
        one.add_product_of_heads(o, squares, layer.out_eps, layer.out, stream)
