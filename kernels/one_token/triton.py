"""One token through a layer on a GPU: products of one vector with a matrix, and the delta rule's step.

At one token a model is bound by reading its weights, so each kernel here reads a matrix once, at full bandwidth, and
does the small things around it on the way: the RMSNorm before, and after it the residual, SwiGLU, or the short
convolution and the gates of a Gated DeltaNet layer. A program owns whole rows of the matrix, so nothing is shared
between programs and everything can be updated in place. Five launches a layer.

Sums in fp32. Forward only, one stream.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from kernels import dispatch
from kernels.quantized_linear.naive import GROUP
from kernels.short_conv.triton import Row

# what comes before the product ...
PLAIN, RMS, HEADS = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
# ... and after it
STORE, BIAS, ADD, GATED, MIX = (tl.constexpr(number) for number in range(5))


# A whole number below 2^23 becomes a float by writing it into the last bits of 2^23: two quick instructions, where a
# conversion takes a quarter of the rate.
WRITTEN = tl.constexpr(0x4B000000)
BYTE_ZERO, NIBBLE_ZERO = tl.constexpr(8388608.0 + 128.0), tl.constexpr(8388608.0 + 8.0)
CHUNK = tl.constexpr(16)  # packed bytes that a thread loads at once, and adds up before it keeps anything
VECTOR = tl.constexpr(8)  # the same of plain values


@triton.jit
def _partial(
    w_ptr, scale_ptr, x, odd, n, live, k, in_k, K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
    GROUP: tl.constexpr, BITS: tl.constexpr,
):  # fmt: skip
    """Products of one step of BN rows with x, added up as far as one thread has them: [BN, BK or BK / CHUNK].

    In 4 bits a byte holds columns 2 k and 2 k + 1, whose x are ``x`` and ``odd``, and GROUP bytes share a scale.
    """
    row = n.to(tl.int64)[:, None] * K
    mask = live[:, None] & in_k[None, :]
    if BITS == 4:
        w = tl.load(w_ptr + row + k[None, :], mask=mask, other=136).to(tl.int32)
        low = ((w & 15) | WRITTEN).to(tl.float32, bitcast=True) - NIBBLE_ZERO
        high = ((w >> 4) | WRITTEN).to(tl.float32, bitcast=True) - NIBBLE_ZERO
        sums = tl.sum(tl.reshape(low * x[None, :] + high * odd[None, :], (BN, BK // CHUNK, CHUNK)), axis=2)
        chunk = tl.min(tl.reshape(k, (BK // CHUNK, CHUNK)), axis=1)
        at = n.to(tl.int64)[:, None] * (K // GROUP) + (chunk // GROUP)[None, :]
        scale = tl.load(scale_ptr + at, mask=live[:, None] & (chunk < K)[None, :], other=0.0)
        products = sums * scale.to(tl.float32)
    elif BITS == 8:
        w = tl.load(w_ptr + row + k[None, :], mask=mask, other=0).to(tl.uint8, bitcast=True).to(tl.int32) ^ 128
        each = ((w | WRITTEN).to(tl.float32, bitcast=True) - BYTE_ZERO) * x[None, :]
        products = tl.sum(tl.reshape(each, (BN, BK // CHUNK, CHUNK)), axis=2)
    else:
        each = tl.load(w_ptr + row + k[None, :], mask=mask, other=0.0).to(tl.float32) * x[None, :]
        products = tl.sum(tl.reshape(each, (BN, BK // VECTOR, VECTOR)), axis=2)
    return products


@triton.jit
def _mixed(y, n, live, weight_ptr, tail_ptr, a_log_ptr, dt_ptr, H, C, HV, TAPS: tl.constexpr):
    """The convolution with its tail moved on, SiLU of the gate, and the decay and strength of writing."""
    channel = live & (n < C)
    conv = y * tl.load(weight_ptr + n * TAPS + TAPS - 1, mask=channel, other=0.0).to(tl.float32)
    for tap in tl.static_range(TAPS - 1):
        old = tl.load(tail_ptr + tap * C + n, mask=channel, other=0.0)
        conv += old.to(tl.float32) * tl.load(weight_ptr + n * TAPS + tap, mask=channel, other=0.0).to(tl.float32)
    # Few rows lie on many threads, several of which hold the same one: none may write before all have read.
    tl.debug_barrier()
    for tap in tl.static_range(1, TAPS - 1):
        old = tl.load(tail_ptr + tap * C + n, mask=channel, other=0.0)
        tl.debug_barrier()
        tl.store(tail_ptr + (tap - 1) * C + n, old, mask=channel)
    tl.store(tail_ptr + (TAPS - 2) * C + n, y.to(tail_ptr.dtype.element_ty), mask=channel)
    swish = tl.where(n < C, conv, y)
    swish *= tl.sigmoid(swish)
    h = n - C - HV
    in_a = live & (h >= 0) & (h < H)
    a = y + tl.load(dt_ptr + h, mask=in_a, other=0.0).to(tl.float32)
    rate = tl.exp(tl.load(a_log_ptr + h, mask=in_a, other=0.0).to(tl.float32))
    decay = -rate * (tl.maximum(a, 0.0) + tl.log(1.0 + tl.exp(-tl.abs(a))))
    return tl.where(h < 0, swish, tl.where(h < H, decay, tl.sigmoid(y)))


@triton.jit
def _input(x_ptr, norm_ptr, parts_ptr, factor, step, k, in_k, eps, LENGTH, BEFORE: tl.constexpr, PARTS: tl.constexpr):
    """The vector's values at columns k, normalised as BEFORE says."""
    x = tl.load(x_ptr + k, mask=in_k, other=0.0).to(tl.float32)
    if BEFORE == RMS:
        x *= factor * tl.load(norm_ptr + k, mask=in_k, other=0.0).to(tl.float32)
    if BEFORE == HEADS:  # a step is a head
        squares = tl.load(parts_ptr + step * PARTS + tl.arange(0, PARTS))
        x *= tl.rsqrt(tl.sum(squares, axis=0) / LENGTH + eps)
    return x


@triton.jit(do_not_specialize=["steps"])
def _product_kernel(
    x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr,
    eps, N, first, steps,
    K: tl.constexpr, BX: tl.constexpr, BN: tl.constexpr, STEP: tl.constexpr, BK: tl.constexpr, PARTS: tl.constexpr,
    H: tl.constexpr, C: tl.constexpr, HV: tl.constexpr, TAPS: tl.constexpr, GROUP: tl.constexpr,
    BEFORE: tl.constexpr, AFTER: tl.constexpr, BITS: tl.constexpr, SCALED: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """BN rows of the matrix [N, K] times x. With GATED the matrix is [2 N, K], gates first.

    K, STEP and BK count what is stored: values, or in 4 bits pairs of them. SCALED: a scale a row. ``first``: which
    row of the layer's the matrix begins at (MIX). ``extra`` is the bias or the residual; ``parts`` the partial sums
    of squares of each head of x (HEADS).
    """
    PAIR: tl.constexpr = 2 if BITS == 4 else 1
    WIDTH: tl.constexpr = BK // (VECTOR if BITS == 16 else CHUNK)
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    live = n < N
    c = tl.arange(0, BK)
    factor = 1.0
    if BEFORE == RMS:
        whole = tl.arange(0, BX)
        all_x = tl.load(x_ptr + whole, mask=whole < PAIR * K, other=0.0).to(tl.float32)
        factor = tl.rsqrt(tl.sum(all_x * all_x, axis=0) / (PAIR * K) + eps)
    acc = tl.zeros((BN, WIDTH), tl.float32)
    acc2 = tl.zeros((BN, WIDTH), tl.float32)
    for step in tl.range(0, steps, num_stages=STAGES):
        k = step * STEP + c
        in_k = (c < STEP) & (k < K)
        if BITS == 4:
            j = 2 * step * STEP + tl.arange(0, 2 * BK)
            in_j = (tl.arange(0, 2 * BK) < 2 * STEP) & (j < 2 * K)
            pairs = _input(x_ptr, norm_ptr, parts_ptr, factor, step, j, in_j, eps, 2 * STEP, BEFORE, PARTS)
            x, odd = tl.split(tl.reshape(pairs, (BK, 2)))
        else:
            x = _input(x_ptr, norm_ptr, parts_ptr, factor, step, k, in_k, eps, STEP, BEFORE, PARTS)
            odd = x
        acc += _partial(w_ptr, scale_ptr, x, odd, n, live, k, in_k, K, BN, BK, GROUP, BITS)
        if AFTER == GATED:
            acc2 += _partial(w_ptr, scale_ptr, x, odd, n + N, live, k, in_k, K, BN, BK, GROUP, BITS)
    y = tl.sum(acc, axis=1)
    value = tl.sum(acc2, axis=1)
    if SCALED:
        y *= tl.load(scale_ptr + n, mask=live, other=0.0)
        if AFTER == GATED:
            value *= tl.load(scale_ptr + n + N, mask=live, other=0.0)
    if (AFTER == BIAS) | (AFTER == ADD):
        y += tl.load(extra_ptr + n, mask=live, other=0.0).to(tl.float32)
    if AFTER == GATED:
        y = y * tl.sigmoid(y) * value
    if AFTER == MIX:
        y = _mixed(y, n + first, live, weight_ptr, tail_ptr, a_log_ptr, dt_ptr, H, C, HV, TAPS)
    tl.store(y_ptr + n, y.to(y_ptr.dtype.element_ty), mask=live)


@triton.jit
def _step_kernel(
    y_ptr, state_ptr, norm_ptr, o_ptr, parts_ptr, scale, eps,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr,
):  # fmt: skip
    """One head's block of value columns: the state read, moved on and read out; o times norm weight and gate."""
    block, h = tl.program_id(0), tl.program_id(1)
    c = tl.arange(0, BK)
    x = block * BV + tl.arange(0, BV)
    in_k = c < K
    in_v = x < V
    C: tl.constexpr = H * (2 * K + V)
    at = h * K * V + c[:, None] * V + x[None, :]
    mask = in_k[:, None] & in_v[None, :]
    S = tl.load(state_ptr + at, mask=mask, other=0.0)
    q = tl.load(y_ptr + h * K + c, mask=in_k, other=0.0)
    k = tl.load(y_ptr + H * K + h * K + c, mask=in_k, other=0.0)
    v = tl.load(y_ptr + 2 * H * K + h * V + x, mask=in_v, other=0.0)
    gate = tl.load(y_ptr + C + h * V + x, mask=in_v, other=0.0)
    decay = tl.exp(tl.load(y_ptr + C + H * V + h))
    beta = tl.load(y_ptr + C + H * V + H + h)
    q *= tl.rsqrt(tl.sum(q * q, axis=0) + eps) * scale
    k *= tl.rsqrt(tl.sum(k * k, axis=0) + eps)
    S *= decay
    u = beta * (v - tl.sum(S * k[:, None], axis=0))
    S += k[:, None] * u[None, :]
    tl.store(state_ptr + at, S, mask=mask)
    o = tl.sum(S * q[:, None], axis=0)
    tl.store(parts_ptr + h * tl.num_programs(0) + block, tl.sum(o * o, axis=0))
    weight = tl.load(norm_ptr + x, mask=in_v, other=0.0).to(tl.float32)
    tl.store(o_ptr + h * V + x, o * weight * gate, mask=in_v)


@dataclass(frozen=True)
class Matrix:
    """Weights [rows, columns], plain or packed as in kernels/quantized_linear, with their scales."""

    values: Tensor
    scale: Tensor | None = None

    @property
    def bits(self) -> int:
        """Of one weight, as the kernels here tell them apart: 16 stands for any float."""
        return {torch.uint8: 4, torch.int8: 8}.get(self.values.dtype, 16)

    def times(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """x: [T, columns] -> [T, rows]: many tokens at once."""
        if self.scale is None:
            return F.linear(x, self.values, bias)
        return dispatch.quantized_linear(x, self.values, self.scale, bias)


def _block(w: Matrix, K: int) -> tuple[int, int, int, int]:
    """Rows a program, stored columns a step, warps, stages: enough bytes in flight on every multiprocessor."""
    if w.bits == 4:
        return 8, min(512, triton.next_power_of_2(K)), 4, 2
    return 4, min(1024 // w.values.itemsize, triton.next_power_of_2(K)), 4, 3


def _launch(
    x: Tensor, w: Matrix, y: Tensor, before: int, after: int, *, norm: Tensor | None = None,
    eps: float = 0.0, extra: Tensor | None = None, parts: Tensor | None = None, heads: tuple[int, int] = (1, 0),
    mixing: tuple[Tensor, Tensor, Tensor, Tensor] | None = None, row: Row | None = None, first: int = 0,
) -> None:  # fmt: skip
    N, K, four = y.numel(), w.values.shape[1], w.bits == 4
    rows, columns, warps, stages = _block(w, K)
    step = (heads[1] // 2 if four else heads[1]) or columns  # with heads: one a step
    weight, tail, a_log, dt_bias = mixing or (x, x, x, x)
    row = row or Row(0, 0, 0)
    _product_kernel[(triton.cdiv(N, rows),)](
        x, w.values, y, x if norm is None else norm, x if extra is None else extra, x if parts is None else parts,
        x if w.scale is None else w.scale, weight, tail, a_log, dt_bias, eps, N, first, triton.cdiv(K, step),
        K=K, BX=triton.next_power_of_2(x.numel()), BN=rows, STEP=step, BK=triton.next_power_of_2(step),
        PARTS=heads[0], H=row.H, C=row.channels, HV=row.H * row.V, TAPS=weight.shape[1] if mixing else 2,
        GROUP=GROUP // 2, BEFORE=before, AFTER=after, BITS=w.bits, SCALED=w.scale is not None and not four,
        STAGES=stages, num_warps=warps,
    )  # fmt: skip


def normed_product(x: Tensor, norm: Tensor, eps: float, w: Matrix, bias: Tensor | None, y: Tensor) -> None:
    """y [N] = w [N, K] times RMSNorm(x [K]), plus the bias."""
    _launch(x, w, y, RMS.value, STORE.value if bias is None else BIAS.value, norm=norm, eps=eps, extra=bias)


def normed_mix(
    x: Tensor, norm: Tensor, eps: float, w: Matrix, gates: Matrix | None, row: Row, conv: Tensor, tail: Tensor,
    a_log: Tensor, dt_bias: Tensor, y: Tensor,
) -> None:  # fmt: skip
    """One token's row of a Gated DeltaNet layer, as :class:`Row` lays it out, ready for :func:`delta_step`.

    q, k and v are convolved and through SiLU (q and k not yet normalised), the gate through SiLU.

    w holds all rows, or all but the last 2 H, which are then ``gates``. y: fp32 [row.width]. conv: [channels, taps];
    tail: [taps - 1, channels], moved on in place.
    """
    mixing, rows = (conv, tail, a_log, dt_bias), len(w.values)
    _launch(x, w, y[:rows], RMS.value, MIX.value, norm=norm, eps=eps, mixing=mixing, row=row)
    if gates is not None:
        _launch(x, gates, y[rows:], RMS.value, MIX.value, norm=norm, eps=eps, mixing=mixing, row=row, first=rows)


def value_blocks(V: int) -> int:
    """Into how many parts :func:`delta_step` cuts a head's value columns."""
    return max(1, int(triton.next_power_of_2(V)) // 32)


def delta_step(y: Tensor, row: Row, state: Tensor, norm: Tensor, o: Tensor, parts: Tensor, eps: float = 1e-6) -> None:
    """The gated delta rule for one token, in place on state [H, K, V] fp32.

    y as from :func:`normed_mix`. Writes o fp32 [H V], times the output norm's weight [V] and the gate but not yet
    divided by its length, and parts fp32 [H, value_blocks(V)], the sums of squares that make up that length.
    """
    BV = triton.next_power_of_2(row.V) // value_blocks(row.V)
    _step_kernel[(value_blocks(row.V), row.H)](
        y, state, norm, o, parts, row.K**-0.5, eps, H=row.H, K=row.K, V=row.V, BK=triton.next_power_of_2(row.K),
        BV=BV, num_warps=4,
    )  # fmt: skip


def add_product(x: Tensor, w: Matrix, stream: Tensor) -> None:
    """stream [N] += w [N, K] times x [K]."""
    _launch(x, w, stream, PLAIN.value, ADD.value, extra=stream)


def add_product_of_heads(o: Tensor, parts: Tensor, eps: float, w: Matrix, stream: Tensor) -> None:
    """stream [N] += w times o, each head of o over its root mean square; o and parts from :func:`delta_step`."""
    heads, blocks = parts.shape
    _launch(
        o, w, stream, HEADS.value, ADD.value, eps=eps, extra=stream, parts=parts, heads=(blocks, o.numel() // heads)
    )


def normed_swiglu(x: Tensor, norm: Tensor, eps: float, w: Matrix, y: Tensor) -> None:
    """y [I] = SiLU(gate) times value, both of RMSNorm(x [K]); w: [2 I, K], gates first."""
    _launch(x, w, y, RMS.value, GATED.value, norm=norm, eps=eps)


def empty(n: int, like: Tensor) -> Tensor:
    """Room for fp32 results on the device of ``like``."""
    return torch.empty(n, dtype=torch.float32, device=like.device)
