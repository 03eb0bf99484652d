"""From a layer's projections to what the gated delta rule reads, in one pass on a GPU.

A Gated DeltaNet layer projects each token to one row: queries, keys, values, output gate, decay and writing strength
side by side. Here the short convolutions, SiLU, the L2 norms and both gates are done on those rows at once. Forward
only. It does not know the rows' projections, nor the state.
"""

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor


@dataclass(frozen=True)
class Row:
    """What lies where in a token's row: q [H K], k [H K], v [H V], gate [H V], a [H], b [H]."""

    H: int
    K: int
    V: int

    @property
    def channels(self) -> int:
        """Those that go through the convolution."""
        return self.H * (2 * self.K + self.V)

    @property
    def width(self) -> int:
        return self.channels + self.H * (self.V + 2)


@triton.jit(do_not_specialize=["T"])
def _mix_kernel(
    p_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr, q_ptr, k_ptr, v_ptr, g_ptr, beta_ptr, count_ptr, stride, T, eps,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, TAPS: tl.constexpr, BT: tl.constexpr, BK: tl.constexpr,
    BH: tl.constexpr, COUNTED: tl.constexpr,
):  # fmt: skip
    """A program does K channels (one head's queries or keys, or part of its values) of BT tokens; the last does the
    gates."""
    block, part = tl.program_id(0), tl.program_id(1)
    t = block * BT + tl.arange(0, BT)
    live = t < T
    C: tl.constexpr = H * (2 * K + V)
    if part < C // K:
        c = tl.arange(0, BK)
        in_c = c < K
        channel = part * K + c
        y = tl.zeros((BT, BK), tl.float32)
        for tap in tl.static_range(TAPS):
            source = t + (tap - TAPS + 1)
            now = (live & (source >= 0))[:, None] & in_c[None, :]
            before = (source < 0)[:, None] & in_c[None, :]
            x = tl.load(p_ptr + source.to(tl.int64)[:, None] * stride + channel[None, :], mask=now, other=0.0)
            old = tl.load(tail_ptr + (source + TAPS - 1)[:, None] * C + channel[None, :], mask=before, other=0.0)
            w = tl.load(weight_ptr + channel * TAPS + tap, mask=in_c, other=0.0).to(tl.float32)
            y += (x.to(tl.float32) + old.to(tl.float32)) * w[None, :]
        y *= tl.sigmoid(y)
        row = t.to(tl.int64)[:, None]
        mask = live[:, None] & in_c[None, :]
        if part < 2 * H:
            y *= tl.rsqrt(tl.sum(y * y, axis=1) + eps)[:, None]
            key = row * (H * K) + channel[None, :]
            if part < H:
                tl.store(q_ptr + key, y.to(q_ptr.dtype.element_ty), mask=mask)
            else:
                tl.store(k_ptr + key - H * K, y.to(k_ptr.dtype.element_ty), mask=mask)
        else:
            value = row * (H * V) + (channel - 2 * H * K)[None, :]
            tl.store(v_ptr + value, y.to(v_ptr.dtype.element_ty), mask=mask)
    else:
        h = tl.arange(0, BH)
        in_h = h < H
        present = live[:, None] & in_h[None, :]
        gates = t.to(tl.int64)[:, None] * stride + (C + H * V) + h[None, :]
        a = tl.load(p_ptr + gates, mask=present, other=0.0).to(tl.float32)
        b = tl.load(p_ptr + gates + H, mask=present, other=0.0).to(tl.float32)
        a += tl.load(dt_ptr + h, mask=in_h, other=0.0).to(tl.float32)[None, :]
        rate = tl.exp(tl.load(a_log_ptr + h, mask=in_h, other=0.0).to(tl.float32))
        softplus = tl.maximum(a, 0.0) + tl.log(1.0 + tl.exp(-tl.abs(a)))
        decay, strength = -rate[None, :] * softplus, tl.sigmoid(b)
        if COUNTED:  # padding: nothing fades, nothing is written
            counts = (t < tl.load(count_ptr))[:, None]
            decay, strength = tl.where(counts, decay, 0.0), tl.where(counts, strength, 0.0)
        to = t.to(tl.int64)[:, None] * H + h[None, :]
        tl.store(g_ptr + to, decay, mask=present)
        tl.store(beta_ptr + to, strength, mask=present)


@triton.jit(do_not_specialize=["T"])
def _shift_kernel(
    p_ptr, tail_ptr, count_ptr, stride, T, C, TAPS: tl.constexpr, BC: tl.constexpr, COUNTED: tl.constexpr
):  # fmt: skip
    """The last TAPS - 1 inputs of each channel become its tail, older ones first, in place."""
    if COUNTED:
        T = tl.load(count_ptr).to(tl.int32)
    c = tl.program_id(0) * BC + tl.arange(0, BC)
    in_c = c < C
    for i in tl.static_range(TAPS - 1):  # entry i moves down or comes from the rows; later entries are still old
        source = T + i - (TAPS - 1)
        new = tl.load(p_ptr + source.to(tl.int64) * stride + c, mask=in_c & (source >= 0), other=0.0)
        old = tl.load(tail_ptr + (i + T) * C + c, mask=in_c & (source < 0), other=0.0)
        tl.store(tail_ptr + i * C + c, tl.where(source >= 0, new, old.to(new.dtype)), mask=in_c)


def mix(
    p: Tensor, row: Row, weight: Tensor, tail: Tensor, a_log: Tensor, dt_bias: Tensor, count: Tensor | None = None,
    eps: float = 1e-6,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """p: [T, row.width], one stream's tokens. weight: [channels, taps]; tail: [taps - 1, channels] inputs before.
    ``count``: int64 [], how many of the T are no padding; None: all.

    Returns q, k [1, T, H, K] (convolved, SiLU, L2-normalised), v [1, T, H, V], g and beta fp32 [1, T, H]. V must be a
    multiple of K. The tail stays as it is: :func:`shift_tail_` moves it on, once all of this has been read.
    """
    T, H, K, V = p.shape[0], row.H, row.K, row.V
    q = torch.empty((1, T, H, K), dtype=p.dtype, device=p.device)
    k, v = torch.empty_like(q), torch.empty((1, T, H, V), dtype=p.dtype, device=p.device)
    g = torch.empty((1, T, H), dtype=torch.float32, device=p.device)
    beta = torch.empty_like(g)
    BT = 16
    _mix_kernel[(triton.cdiv(T, BT), row.channels // K + 1)](
        p, weight, tail, a_log, dt_bias, q, k, v, g, beta, p if count is None else count, p.stride(0), T, eps,
        H=H, K=K, V=V, TAPS=weight.shape[1], BT=BT, BK=triton.next_power_of_2(K), BH=triton.next_power_of_2(H),
        COUNTED=count is not None, num_warps=4,
    )  # fmt: skip
    return q, k, v, g, beta


def shift_tail_(p: Tensor, tail: Tensor, count: Tensor | None = None) -> None:
    """Make ``tail`` [taps - 1, channels] the last inputs after the rows p [T, at least channels], or after the first
    ``count`` of them, int64 []."""
    C = tail.shape[1]
    _shift_kernel[(triton.cdiv(C, 256),)](
        p, tail, p if count is None else count, p.stride(0), p.shape[0], C,
        TAPS=tail.shape[0] + 1, BC=256, COUNTED=count is not None,
    )  # fmt: skip
