"""The network's forward pass as training needs it: whole rows at once, pictures of many sizes together.

Runs over the weights of :class:`core.model.network.InfiniteVL` itself and computes the same function as its
streaming pass (a test compares both); only the layout of the work differs. Each row starts a stream; within a row
the gradient flows through the memory from end to end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.model.layers import GatedDeltaNet, SwiGLU
from core.model.network import InfiniteVL
from core.model.text import DecoderLayer
from core.model.vision import VisionBlock
from core.training.data.batches import WINDOW, Batch, Pictures
from core.training.data.canvas import CHARACTERS, COLOUR_NAMES, COLUMNS, LINES
from kernels import dispatch
from kernels.rotary.naive import angles, turn_frequencies

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the published pre-processing, per channel
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
PLACES = LINES * COLUMNS
SLOW = 1 / 1000  # of the memory, a token: a head that decays by less at a token is one that keeps


class DenseHeads(nn.Module):
    """Training only: from one merged token of the vision tower, its characters and the named colour that covers it.

    ``middle`` asks for the characters again a third of the way through the decoder, so that its layers keep what the
    tower read instead of drowning it.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.middle = nn.Linear(width, PLACES * (len(CHARACTERS) + 1))
        self.characters = nn.Linear(width, PLACES * (len(CHARACTERS) + 1))
        self.colours = nn.Linear(width, len(COLOUR_NAMES) + 1)


def _rms(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """RMSNorm in fp32, handed on in the weights' dtype."""
    return F.rms_norm(x.float(), (x.shape[-1],), weight.float(), eps).to(weight.dtype)


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x: [..., heads, D]; cos, sin: [..., D / 2]."""
    first, second = x.float().chunk(2, dim=-1)
    c, s = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return torch.cat([first * c - second * s, second * c + first * s], dim=-1).to(x.dtype)


def _swiglu(x: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)


# The parts below that torch.compile fuses see all rows of a batch as one, [1, N, ...]: batches of few long rows and
# of many short ones then have one shape, and are compiled once.


def _delta_in(
    x: Tensor, inside: Tensor, norm: Tensor, qkv: Tensor, taps: Tensor, a: Tensor, b: Tensor, gate: Tensor,
    A_log: Tensor, dt_bias: Tensor, heads: int, key_dim: int, eps: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """What the delta rule of one layer takes, from the layer's input [1, N, hidden].

    ``inside``: [steps, N, 1], 1 where the token so many steps before a token belongs to the same row, else 0.
    """
    B, T, _ = x.shape
    h = _rms(x, norm, eps)
    y = F.linear(h, qkv)
    steps = taps.shape[1]
    padded = F.pad(y, (0, 0, steps - 1, 0))
    y = padded[:, steps - 1 :] * taps[:, steps - 1]
    for ago in range(1, steps):
        tap = steps - 1 - ago
        y = y + padded[:, tap : tap + T] * inside[ago] * taps[:, tap]
    y = F.silu(y)
    keys = heads * key_dim
    q, k, v = torch.split(y, [keys, keys, y.shape[-1] - 2 * keys], dim=-1)
    q, k = (
        (t.float() * torch.rsqrt(t.float().square().sum(-1, keepdim=True) + 1e-6)).to(y.dtype)
        for t in (q.reshape(B, T, heads, key_dim), k.reshape(B, T, heads, key_dim))
    )
    g = -A_log.float().exp() * F.softplus(F.linear(h, a).float() + dt_bias.float())
    return q, k, v.reshape(B, T, heads, -1), g, F.linear(h, b).sigmoid(), F.linear(h, gate)


def _delta_out(
    x: Tensor, o: Tensor, gate: Tensor, o_norm: Tensor, proj: Tensor, norm: Tensor, mlp_gate: Tensor, mlp_up: Tensor,
    mlp_down: Tensor, o_eps: float, eps: float,
) -> Tensor:  # fmt: skip
    B, T, H, V = o.shape
    y = _rms(o, o_norm, o_eps) * F.silu(gate.view(B, T, H, V))
    x = x + F.linear(y.reshape(B, T, H * V), proj)
    return x + _swiglu(_rms(x, norm, eps), mlp_gate, mlp_up, mlp_down)


def _attention_in(
    x: Tensor, norm: Tensor, qkv: Tensor, bias: Tensor, cos: Tensor, sin: Tensor, heads: int, dim: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    B, T, _ = x.shape
    y = F.linear(_rms(x, norm, eps), qkv, bias).view(B, T, -1, dim)
    groups = (y.shape[2] - heads) // 2
    q, k, v = torch.split(y, [heads, groups, groups], dim=2)
    return _rotated(q, cos, sin), _rotated(k, cos, sin), v


def _attention_out(
    x: Tensor, o: Tensor, proj: Tensor, norm: Tensor, gate: Tensor, up: Tensor, down: Tensor, eps: float
) -> Tensor:
    x = x + F.linear(o, proj)
    return x + _swiglu(_rms(x, norm, eps), gate, up, down)


def _vision_in(
    x: Tensor, norm: Tensor, qkv: Tensor, bias: Tensor, cos: Tensor, sin: Tensor, heads: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """x: [M, width] -> q, k, v [M, heads, D]."""
    q, k, v = F.linear(_rms(x, norm, eps), qkv, bias).view(x.shape[0], 3, heads, -1).unbind(1)
    return _rotated(q, cos, sin), _rotated(k, cos, sin), v


def _vision_out(
    x: Tensor, o: Tensor, proj: Tensor, proj_bias: Tensor, norm: Tensor, gate: Tensor, gate_bias: Tensor, up: Tensor,
    up_bias: Tensor, down: Tensor, down_bias: Tensor, eps: float,
) -> Tensor:  # fmt: skip
    x = x + F.linear(o, proj, proj_bias)
    h = _rms(x, norm, eps)
    return x + F.linear(F.silu(F.linear(h, gate, gate_bias)) * F.linear(h, up, up_bias), down, down_bias)


def window_attention(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """q: [B, T, H, D], k, v: [B, T, G, D]: each token sees itself and the ``window - 1`` before it.

    On a GPU in half precision the flash kernel that PyTorch carries, which skips what no token sees. Elsewhere rows
    are cut into blocks of at least ``window`` tokens; each attends to itself and the block before it.
    """
    B, T, H, D = q.shape
    if q.is_cuda and q.dtype in (torch.bfloat16, torch.float16):
        # No public function of PyTorch hands a window on to this kernel; check_window_attention holds it to the
        # formula before each run.
        o, *_ = torch.ops.aten._flash_attention_forward(  # noqa: SLF001
            q, k, v, None, None, T, T, 0.0, True, False, window_size_left=window - 1, window_size_right=0
        )
        return cast("Tensor", o)
    k, v = (t.repeat_interleave(H // t.shape[2], dim=2) for t in (k, v))
    block = 256
    while block < window:
        block *= 2
    count = -(-T // block)
    padded = [F.pad(t, (0, 0, 0, 0, 0, count * block - T)) for t in (q, k, v)]
    qb, kb, vb = (
        t.view(B, count, block, H, D).permute(1, 0, 3, 2, 4).reshape(count, B * H, block, D) for t in padded
    )
    kk, vv = (torch.cat([F.pad(t, (0, 0, 0, 0, 0, 0, 1, 0))[:-1], t], dim=2) for t in (kb, vb))
    i = torch.arange(block, device=q.device)[:, None] + block
    j = torch.arange(2 * block, device=q.device)[None, :]
    near = (i - j >= 0) & (i - j < window)  # [block, 2 block]
    first = torch.arange(count, device=q.device)[:, None, None] > 0
    mask = near & (first | (j >= block))  # [count, block, 2 block]
    o = F.scaled_dot_product_attention(qb, kk, vv, attn_mask=mask[:, None])
    return o.view(count, B, H, block, D).permute(1, 0, 3, 2, 4).reshape(B, count * block, H, D)[:, :T]


def _inside(rows: int, length: int, steps: int, like: Tensor) -> Tensor:
    """[steps, rows * length, 1] in the dtype of ``like``; see :func:`_delta_in`."""
    place = torch.arange(length, device=like.device).repeat(rows)
    return (place >= torch.arange(steps, device=like.device)[:, None]).to(like.dtype)[..., None]


class Forward:
    """Runs batches through a network. ``compiled`` fuses the parts between the matrix products (torch.compile);
    ``delta`` is the delta rule to use, the dispatcher's by default. With ``count_writes`` each pass leaves in
    ``written`` the mean strength (beta) with which heads that decay by less than SLOW a token were written to; it
    carries a gradient."""

    def __init__(
        self,
        model: InfiniteVL,
        heads: DenseHeads,
        compiled: bool = False,
        delta: Callable[..., tuple[Tensor, Tensor]] = dispatch.gated_delta,
        count_writes: bool = False,
    ) -> None:
        self.model, self.heads, self.delta = model, heads, delta
        self.count_writes = count_writes
        self.written: Tensor | None = None
        self._writes: list[Tensor] = []
        wrap: Callable[[Callable[..., object], bool], Callable[..., object]] = (
            (lambda part, dynamic: torch.compile(part, dynamic=dynamic)) if compiled else (lambda part, _: part)
        )
        self._delta_in = cast("Callable[..., tuple[Tensor, ...]]", wrap(_delta_in, False))
        self._delta_out = cast("Callable[..., Tensor]", wrap(_delta_out, False))
        self._attention_in = cast("Callable[..., tuple[Tensor, ...]]", wrap(_attention_in, False))
        self._attention_out = cast("Callable[..., Tensor]", wrap(_attention_out, False))
        self._vision_in = cast("Callable[..., tuple[Tensor, ...]]", wrap(_vision_in, True))
        self._vision_out = cast("Callable[..., Tensor]", wrap(_vision_out, True))

    def hidden(self, batch: Batch) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Hidden values [B, T, hidden] after the last norm; the pictures' tokens [n, hidden] as the tower made them,
        and as they are a third of the way through the decoder, scaled to unit size (both None without pictures)."""
        decoder = self.model.language_model
        # the stream between layers stays fp32: bf16 rounds away what early layers wrote once later ones add much
        x = decoder.embed_tokens(batch.ids).float()
        merged = middle = None
        third = max(1, len(decoder.layers) // 3)
        if batch.pictures:
            merged = self.vision(batch.pictures)[batch.gather]
            x = x.flatten(0, 1).index_copy(0, batch.place, merged.to(x.dtype)).view_as(x)
        cos, sin = (t.flatten(0, 1)[None] for t in decoder.rotary(batch.positions))
        rows, length = batch.ids.shape
        x = x.view(1, rows * length, -1)
        inside = _inside(rows, length, self.model.shape.conv_size, decoder.embed_tokens.weight)
        window = min(batch.recipe.window, self.model.shape.window)
        self._writes = []
        for index, layer in enumerate(decoder.layers):
            x = self._layer(cast("DecoderLayer", layer), x, inside, cos, sin, rows, window)
            if merged is not None and index + 1 == third:
                middle = F.rms_norm(x[0, batch.place], (x.shape[-1],))
        self.written = torch.stack(self._writes).mean() if self._writes else None
        return _rms(x, decoder.norm.weight, decoder.norm.eps).view(rows, length, -1), merged, middle

    def _layer(
        self, layer: DecoderLayer, x: Tensor, inside: Tensor, cos: Tensor, sin: Tensor, rows: int, window: int
    ) -> Tensor:
        """x: [1, N, hidden], all ``rows`` one after another."""
        mixer, mlp = layer.self_attn, layer.mlp
        before, after = layer.input_layernorm, layer.post_attention_layernorm
        after_mixer = (after.weight, mlp.gate_proj.weight, mlp.up_proj.weight, mlp.down_proj.weight)
        if isinstance(mixer, GatedDeltaNet):
            if mixer.g_proj is None or not mixer.short_conv:
                raise NotImplementedError("training runs layers with an output gate and short convolutions")
            taps, _ = mixer._taps()  # noqa: SLF001  the same module's own way of joining its three convolutions
            qkv = torch.cat([mixer.q_proj.weight, mixer.k_proj.weight, mixer.v_proj.weight])
            q, k, v, g, beta, gate = self._delta_in(
                x, inside, before.weight, qkv, taps, mixer.a_proj.weight, mixer.b_proj.weight, mixer.g_proj.weight,
                mixer.A_log, mixer.dt_bias, mixer.heads, mixer.key_dim, before.eps,
            )  # fmt: skip
            if self.count_writes:
                self._writes.append((beta.float() * (g.detach() > -SLOW)).mean())
            parted = (t.view(rows, -1, *t.shape[2:]) for t in (q, k, v, g, beta))
            o, _ = self.delta(*parted, None, mixer.key_dim**-0.5)
            return self._delta_out(
                x,
                o.reshape(1, -1, *o.shape[2:]),
                gate,
                mixer.o_norm.weight,
                mixer.o_proj.weight,
                *after_mixer,
                mixer.o_norm.eps,
                after.eps,
            )
        parts = (mixer.q_proj, mixer.k_proj, mixer.v_proj)
        q, k, v = self._attention_in(
            x, before.weight, torch.cat([p.weight for p in parts]), torch.cat([p.bias for p in parts]), cos, sin,
            mixer.heads, mixer.head_dim, before.eps,
        )  # fmt: skip
        q, k, v = (t.view(rows, -1, *t.shape[2:]) for t in (q, k, v))
        o = window_attention(q, k, v, window).reshape(1, x.shape[1], -1)
        return self._attention_out(x, o, mixer.o_proj.weight, *after_mixer, after.eps)

    def vision(self, groups: list[Pictures]) -> Tensor:
        """All merged tokens of all groups, one after another: [windows * 16, hidden]."""
        tower = self.model.visual
        shape = tower.shape
        weight = tower.patch_embed.proj.weight.sum(2).flatten(1)  # a still picture is doubled in time
        device = weight.device
        mean = torch.tensor(MEAN, device=device).repeat_interleave(shape.patch_size**2) * 255
        deviation = torch.tensor(DEVIATION, device=device).repeat_interleave(shape.patch_size**2) * 255
        patches = torch.cat([group.patches.flatten(0, 1) for group in groups])  # [M, 588]
        x = F.linear(((patches.float() - mean) / deviation).to(weight.dtype), weight).float()
        frequencies = turn_frequencies(shape.rope_theta, shape.head_dim // 2).to(device)
        places = torch.cat([group.places.flatten(1) for group in groups], dim=1)
        turned = torch.cat([angles(places[0], frequencies), angles(places[1], frequencies)], dim=-1)
        cos, sin = turned.cos(), turned.sin()
        valid = torch.cat([group.valid.flatten() for group in groups]).view(-1, WINDOW)
        valid = valid | ~valid.any(1, keepdim=True)  # a window of padding alone may see itself
        for index, each in enumerate(tower.blocks):
            block = cast("VisionBlock", each)
            q, k, v = self._vision_in(
                x, block.norm1.weight, block.attn.qkv.weight, block.attn.qkv.bias, cos, sin, shape.num_heads,
                block.norm1.eps,
            )  # fmt: skip
            if index in shape.fullatt_block_indexes:
                o = self._whole(q, k, v, groups)
            else:
                o = _masked(_grouped(q, WINDOW), _grouped(k, WINDOW), _grouped(v, WINDOW), valid)
            mlp: SwiGLU = block.mlp
            x = self._vision_out(
                x, o.reshape(x.shape), block.attn.proj.weight, block.attn.proj.bias, block.norm2.weight,
                mlp.gate_proj.weight, mlp.gate_proj.bias, mlp.up_proj.weight, mlp.up_proj.bias,
                mlp.down_proj.weight, mlp.down_proj.bias, block.norm2.eps,
            )  # fmt: skip
        merger = tower.merger
        y: Tensor = merger.mlp(_rms(x, merger.ln_q.weight, merger.ln_q.eps).view(-1, merger.inner))
        return y

    @staticmethod
    def _whole(q: Tensor, k: Tensor, v: Tensor, groups: list[Pictures]) -> Tensor:
        """Attention over each whole picture, group by group."""
        outputs, start = [], 0
        for group in groups:
            N, P = group.valid.shape
            part = slice(start, start + N * P)
            o = _masked(_grouped(q[part], P), _grouped(k[part], P), _grouped(v[part], P), group.valid)
            outputs.append(o.flatten(0, 1))
            start += N * P
        return torch.cat(outputs)


def _grouped(x: Tensor, size: int) -> Tensor:
    """[M, heads, D] -> [M / size, size, heads, D]."""
    return x.view(-1, size, *x.shape[1:])


def _masked(q: Tensor, k: Tensor, v: Tensor, valid: Tensor) -> Tensor:
    """q, k, v: [N, L, heads, D]; keys that are not ``valid`` [N, L] are not seen. Returns the same shape."""
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    with _for_any_shape() if q.is_cuda else contextlib.nullcontext():
        o = F.scaled_dot_product_attention(q, k, v, attn_mask=valid[:, None, None, :])
    return o.transpose(1, 2)


def _for_any_shape() -> contextlib.AbstractContextManager[None]:
    """The attention kernel that needs no preparation for a new shape: cuDNN's plans one for 5 ms each time, and the
    number of pictures differs from batch to batch."""
    return sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])
