"""The parts both towers are made of: RMSNorm, SwiGLU, and the two kinds of token mixer.

Attributes carry the checkpoint's names. Nothing a stream remembers lives here: it comes in and goes out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model.config import ModelShape
from core.model.state import Past, Tail
from kernels import dispatch


class RMSNorm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return dispatch.rms_norm(x, self.weight, self.eps)


class SwiGLU(nn.Module):
    def __init__(self, width: int, inner: int, bias: bool) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=bias)
        self.up_proj = nn.Linear(width, inner, bias=bias)
        self.down_proj = nn.Linear(inner, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down_proj(dispatch.swiglu(self.gate_proj(x), self.up_proj(x)))
        return y


class WindowAttention(nn.Module):
    """Attention over a sliding window, with rotary positions and grouped keys and values."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.heads, self.groups, self.head_dim = shape.num_attention_heads, shape.num_key_value_heads, shape.head_dim
        self.sinks = shape.sinks
        self.q_proj = nn.Linear(shape.hidden_size, self.heads * self.head_dim)
        self.k_proj = nn.Linear(shape.hidden_size, self.groups * self.head_dim)
        self.v_proj = nn.Linear(shape.hidden_size, self.groups * self.head_dim)
        self.o_proj = nn.Linear(self.heads * self.head_dim, shape.hidden_size, bias=False)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, past: Past, seen: Tensor, window: int, in_place: bool
    ) -> tuple[Tensor, Past]:
        """x: [B, T, hidden]; cos, sin: [B, T, head_dim / 2]; ``seen``: int64 [] tokens before these."""
        B, T, _ = x.shape
        q = dispatch.rotate(self.q_proj(x).view(B, T, self.heads, self.head_dim), cos, sin)
        k = dispatch.rotate(self.k_proj(x).view(B, T, self.groups, self.head_dim), cos, sin)
        v = self.v_proj(x).view(B, T, self.groups, self.head_dim)
        keys, values = past
        o = dispatch.window_attention(q, k, v, keys, values, seen, window, self.sinks, self.head_dim**-0.5)
        if in_place:
            dispatch.append_(keys, k, seen, self.sinks)
            dispatch.append_(values, v, seen, self.sinks)
        else:
            past = dispatch.append(keys, k, seen, self.sinks), dispatch.append(values, v, seen, self.sinks)
        return self.o_proj(o.reshape(B, T, -1)), past


class ShortConv(nn.Module):
    """Holds one short convolution's taps under the checkpoint's name; :class:`GatedDeltaNet` applies them."""

    def __init__(self, channels: int, taps: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 1, taps).uniform_(-(taps**-0.5), taps**-0.5))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None


class GatedDeltaNet(nn.Module):
    """The linear layer: short convolutions, the gated delta rule, a gated norm."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.heads, self.key_dim, self.value_dim = shape.num_linear_heads, shape.linear_head_dim, shape.value_dim
        keys, values = self.heads * self.key_dim, self.heads * self.value_dim
        self.widths = [keys, keys, values]
        self.q_proj = nn.Linear(shape.hidden_size, keys, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, keys, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, values, bias=False)
        self.a_proj = nn.Linear(shape.hidden_size, self.heads, bias=False)
        self.b_proj = nn.Linear(shape.hidden_size, self.heads, bias=False)
        self.A_log = nn.Parameter(torch.empty(self.heads).uniform_(1, 16).log())
        # softplus(dt_bias) lies between 0.001 and 0.1, evenly on a log scale
        step = torch.exp(torch.empty(self.heads).uniform_(-6.9, -2.3))
        self.dt_bias = nn.Parameter(step + torch.log(-torch.expm1(-step)))
        self.short_conv = shape.use_short_conv
        if shape.use_short_conv:
            self.q_conv1d = ShortConv(keys, shape.conv_size, shape.conv_bias)
            self.k_conv1d = ShortConv(keys, shape.conv_size, shape.conv_bias)
            self.v_conv1d = ShortConv(values, shape.conv_size, shape.conv_bias)
        self.g_proj = nn.Linear(shape.hidden_size, values, bias=False) if shape.use_gate else None
        self.delta = dispatch.gated_delta  # training may put another in its place
        self.o_norm = RMSNorm(self.value_dim, shape.norm_eps)
        self.o_proj = nn.Linear(values, shape.hidden_size, bias=False)

    def forward(self, x: Tensor, recurrent: Tensor, tail: Tail) -> tuple[Tensor, Tensor, Tail]:
        """x: [B, T, hidden]; recurrent: [B, H, K, V] fp32; tail: [B, taps - 1, channels]. Returns (y, both anew)."""
        B, T, _ = x.shape
        qkv = torch.cat([self.q_proj(x), self.k_proj(x), self.v_proj(x)], dim=-1)  # [B, T, channels]
        if self.short_conv:
            taps, bias = self._taps()
            qkv, tail = dispatch.short_conv(qkv, taps.to(qkv.dtype), bias, tail)  # they differ in mixed precision
        else:
            qkv = F.silu(qkv)
        q, k, v = torch.split(qkv, self.widths, dim=-1)
        q = dispatch.l2_norm(q.reshape(B, T, self.heads, self.key_dim))
        k = dispatch.l2_norm(k.reshape(B, T, self.heads, self.key_dim))
        v = v.reshape(B, T, self.heads, self.value_dim)
        beta = self.b_proj(x).sigmoid()  # [B, T, H]
        g = -self.A_log.float().exp() * F.softplus(self.a_proj(x).float() + self.dt_bias.float())
        o, recurrent = self.delta(q, k, v, g, beta, recurrent, self.key_dim**-0.5)
        if self.g_proj is None:
            o = self.o_norm(o)
        else:
            o = dispatch.gated_rms_norm(o, self.g_proj(x).view_as(o), self.o_norm.weight, self.o_norm.eps)
        return self.o_proj(o.reshape(B, T, -1)), recurrent, tail

    def _taps(self) -> tuple[Tensor, Tensor | None]:
        """The three convolutions as one over all channels: weight [channels, taps], bias [channels] or None."""
        convs = (self.q_conv1d, self.k_conv1d, self.v_conv1d)
        weight = torch.cat([conv.weight.squeeze(1) for conv in convs])
        biases: list[Tensor] = [conv.bias for conv in convs if conv.bias is not None]
        return weight, torch.cat(biases) if biases else None
