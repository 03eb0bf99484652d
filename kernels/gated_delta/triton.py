"""The gated delta rule on a GPU: chunked, forward and backward, in Triton.

A chunk of 64 tokens is solved with matrix products; a program for each (batch, head, block of value columns)
carries the state from chunk to chunk, forward and, for the gradients, backward. With G the running sum of the
log decay inside a chunk and S the state before it:

    R = beta (V - e^G K S)              what the state does not predict yet
    U = (I + A)^-1 R                    A[t,i] = beta_t e^(G_t - G_i) k_t.k_i  for i < t
    O = e^G Q S + P U                   P[t,i] = e^(G_t - G_i) q_t.k_i         for i <= t
    S' = e^(G_last) S + (e^(G_last - G) K)^T U

Decays appear only as e^(later - earlier), at most 1, so nothing overflows however strong the decay. The carried
state and all sums are fp32; operands of the matrix products have the inputs' precision (bf16, or fp32 multiplied
in full).

This file does not know how q and k were normalised, nor what a layer is. Which implementation runs is decided in
``kernels/dispatch.py``.
"""

from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

CHUNK = 64  # tokens; also the side of the triangular systems
SUB = 16  # side of the diagonal blocks that are inverted row by row
# Loop bounds are run-time values, never specialised (T = 1 would become a constant): with Triton 3.6 on Hopper, loops
# known to run once were inlined into code that reads outside its memory in some shapes.
FEW = 16  # up to so many tokens go one by one where no gradient is wanted


@triton.jit
def _inverse_of_unit_lower(A, C: tl.constexpr, SUB: tl.constexpr, SOLVE: tl.constexpr):
    """(I + A)^-1 for strictly lower triangular A [C, C], by blocks of SUB rows.

    The diagonal blocks by substitution, all at once; then, with D the diagonal blocks and N = D^-1 (I + A - D),
    (I + N)^-1 D^-1 = (I - N)(I + N^2) D^-1 exactly, since N^4 = 0 with four blocks. A power series over single
    rows would be shorter, but its terms grow without bound when keys repeat; here they do not.
    """
    NB: tl.constexpr = C // SUB
    block_r = tl.arange(0, NB)[:, None, None, None]
    block_c = tl.arange(0, NB)[None, None, :, None]
    A4 = tl.reshape(A, (NB, SUB, NB, SUB))
    X = -tl.sum(tl.where(block_r == block_c, A4, 0.0), axis=2)  # [NB, SUB, SUB], the diagonal blocks, negated
    Xt = tl.permute(X, (0, 2, 1))
    rows = tl.arange(0, SUB)[None, :, None]
    columns = tl.arange(0, SUB)[None, None, :]
    for i in range(1, SUB):
        coefficients = tl.sum(tl.where(columns == i, Xt, 0.0), axis=2)  # [NB, SUB]: row i of each block
        row = tl.sum(coefficients[:, :, None] * X, axis=1)
        X += tl.where(rows == i, row[:, None, :], 0.0)
    X += tl.where(rows == columns, 1.0, 0.0)
    D = tl.reshape(tl.where(block_r == block_c, X[:, :, None, :], 0.0), (C, C))
    r = tl.arange(0, C)
    below = (r[:, None] // SUB) > (r[None, :] // SUB)
    N = tl.dot(D, tl.where(below, A, 0.0), input_precision=SOLVE)
    M = tl.dot(N, N, input_precision=SOLVE)
    Y = D + tl.dot(M, D, input_precision=SOLVE)
    return Y - tl.dot(N, Y, input_precision=SOLVE)


@triton.jit
def _decays(late, early, wanted):
    """e^(late - early) for the wanted pairs of two sums of log decays, 0 for the others: [rows, columns]."""
    difference = tl.where(wanted, late[:, None] - early[None, :], float("-inf"))
    return tl.exp(difference.to(tl.float32))


@triton.jit(do_not_specialize=["T"])
def _solve_kernel(
    k_ptr, g_ptr, beta_ptr, G_ptr, inv_ptr, T, H: tl.constexpr, K: tl.constexpr, BK: tl.constexpr, C: tl.constexpr,
    SUB: tl.constexpr, PRECISION: tl.constexpr, SOLVE: tl.constexpr,
):  # fmt: skip
    """For one chunk of one head: G, and the inverse of I + A. Both are all that depends on K alone."""
    n, bh = tl.program_id(0), tl.program_id(1)
    head = (bh // H).to(tl.int64) * T * H + bh % H  # index of [b, 0, h] in [B, T, H]
    r = tl.arange(0, C)
    c = tl.arange(0, BK)
    t = n * C + r
    live = t < T
    at = head + t * H
    g = tl.load(g_ptr + at, mask=live, other=0.0).to(tl.float32)
    beta = tl.load(beta_ptr + at, mask=live, other=0.0).to(tl.float32)
    k = tl.load(k_ptr + at[:, None] * K + c[None, :], mask=live[:, None] & (c[None, :] < K), other=0.0)
    G = tl.cumsum(g.to(G_ptr.dtype.element_ty), axis=0)
    tl.store(G_ptr + at, G, mask=live)
    decay = _decays(G, G, r[:, None] > r[None, :])
    A = tl.dot(k, tl.trans(k), input_precision=PRECISION) * decay * beta[:, None]
    inverse = _inverse_of_unit_lower(A, C, SUB, SOLVE)
    tl.store(inv_ptr + at[:, None] * C + r[None, :], inverse.to(inv_ptr.dtype.element_ty), mask=live[:, None])


@triton.jit(do_not_specialize=["T"])
def _scan_kernel(
    q_ptr, k_ptr, v_ptr, beta_ptr, G_ptr, inv_ptr, s0_ptr, o_ptr, u_ptr, h_ptr, s1_ptr, scale, T,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr, C: tl.constexpr,
    HAS_STATE: tl.constexpr, KEEP: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """The state [BK, BV] through all chunks of one head; writes o, and with KEEP what the gradients need."""
    bv, bh = tl.program_id(0), tl.program_id(1)
    head = (bh // H).to(tl.int64) * T * H + bh % H
    r = tl.arange(0, C)
    c = tl.arange(0, BK)
    x = bv * BV + tl.arange(0, BV)
    in_k = c < K
    in_v = x < V
    state_at = bh.to(tl.int64) * K * V + c[:, None] * V + x[None, :]
    in_state = in_k[:, None] & in_v[None, :]
    S = tl.zeros((BK, BV), tl.float32)
    if HAS_STATE:
        S += tl.load(s0_ptr + state_at, mask=in_state, other=0.0)
    chunks = tl.cdiv(T, C)
    for n in range(chunks):
        t = n * C + r
        live = t < T
        at = head + t * H
        rows_k = at[:, None] * K + c[None, :]
        rows_v = at[:, None] * V + x[None, :]
        in_rows_k = live[:, None] & in_k[None, :]
        in_rows_v = live[:, None] & in_v[None, :]
        q = tl.load(q_ptr + rows_k, mask=in_rows_k, other=0.0)
        k = tl.load(k_ptr + rows_k, mask=in_rows_k, other=0.0)
        v = tl.load(v_ptr + rows_v, mask=in_rows_v, other=0.0)
        inverse = tl.load(inv_ptr + at[:, None] * C + r[None, :], mask=live[:, None], other=0.0)
        beta = tl.load(beta_ptr + at, mask=live, other=0.0).to(tl.float32)
        last = tl.minimum(n * C + C, T) - 1
        G = tl.load(G_ptr + head + tl.minimum(t, last) * H)  # past the end: as the last token, so exp stays <= 1
        G_last = tl.load(G_ptr + head + last * H)
        Sx = S.to(k.dtype)
        if KEEP:
            h_at = (bh.to(tl.int64) * chunks + n) * K * V + c[:, None] * V + x[None, :]
            tl.store(h_ptr + h_at, Sx, mask=in_state)
        KS = tl.dot(k, Sx, input_precision=PRECISION)
        R = beta[:, None] * (v.to(tl.float32) - tl.exp(G.to(tl.float32))[:, None] * KS)
        U = tl.dot(inverse, R.to(k.dtype), input_precision=PRECISION)
        Ux = U.to(k.dtype)
        if KEEP:
            tl.store(u_ptr + rows_v, Ux, mask=in_rows_v)
        decay = _decays(G, G, r[:, None] >= r[None, :])
        P = tl.dot(q, tl.trans(k), input_precision=PRECISION) * decay
        QS = tl.dot(q, Sx, input_precision=PRECISION)
        out = tl.exp(G.to(tl.float32))[:, None] * QS + tl.dot(P.to(k.dtype), Ux, input_precision=PRECISION)
        tl.store(o_ptr + rows_v, (scale * out).to(o_ptr.dtype.element_ty), mask=in_rows_v)
        late = (tl.exp((G_last - G).to(tl.float32))[:, None] * U).to(k.dtype)
        S = tl.exp(G_last.to(tl.float32)) * S + tl.dot(tl.trans(k), late, input_precision=PRECISION)
    tl.store(s1_ptr + state_at, S, mask=in_state)


@triton.jit(do_not_specialize=["T"])
def _scan_backward_kernel(
    q_ptr, k_ptr, beta_ptr, G_ptr, inv_ptr, do_ptr, ds1_ptr, dr_ptr, dh_ptr, ds0_ptr, scale, T,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr, C: tl.constexpr,
    HAS_DSTATE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """The state's gradient through all chunks, last first; writes it as each chunk receives it (dh), and dR."""
    bv, bh = tl.program_id(0), tl.program_id(1)
    head = (bh // H).to(tl.int64) * T * H + bh % H
    r = tl.arange(0, C)
    c = tl.arange(0, BK)
    x = bv * BV + tl.arange(0, BV)
    in_k = c < K
    in_v = x < V
    state_at = bh.to(tl.int64) * K * V + c[:, None] * V + x[None, :]
    in_state = in_k[:, None] & in_v[None, :]
    dS = tl.zeros((BK, BV), tl.float32)
    if HAS_DSTATE:
        dS += tl.load(ds1_ptr + state_at, mask=in_state, other=0.0)
    chunks = tl.cdiv(T, C)
    for i in range(chunks):
        n = chunks - 1 - i
        t = n * C + r
        live = t < T
        at = head + t * H
        rows_k = at[:, None] * K + c[None, :]
        rows_v = at[:, None] * V + x[None, :]
        in_rows_k = live[:, None] & in_k[None, :]
        in_rows_v = live[:, None] & in_v[None, :]
        q = tl.load(q_ptr + rows_k, mask=in_rows_k, other=0.0)
        k = tl.load(k_ptr + rows_k, mask=in_rows_k, other=0.0)
        do = tl.load(do_ptr + rows_v, mask=in_rows_v, other=0.0)
        inverse = tl.load(inv_ptr + at[:, None] * C + r[None, :], mask=live[:, None], other=0.0)
        beta = tl.load(beta_ptr + at, mask=live, other=0.0).to(tl.float32)
        last = tl.minimum(n * C + C, T) - 1
        G = tl.load(G_ptr + head + tl.minimum(t, last) * H)
        G_last = tl.load(G_ptr + head + last * H)
        dSx = dS.to(k.dtype)
        h_at = (bh.to(tl.int64) * chunks + n) * K * V + c[:, None] * V + x[None, :]
        tl.store(dh_ptr + h_at, dSx, mask=in_state)
        upper = tl.trans(_decays(G, G, r[:, None] >= r[None, :]))
        Pt = tl.dot(k, tl.trans(q), input_precision=PRECISION) * upper * scale  # P transposed: [i, t]
        dU = tl.dot(Pt.to(k.dtype), do, input_precision=PRECISION)
        dU += tl.exp((G_last - G).to(tl.float32))[:, None] * tl.dot(k, dSx, input_precision=PRECISION)
        dR = tl.dot(tl.trans(inverse), dU.to(k.dtype), input_precision=PRECISION)
        tl.store(dr_ptr + rows_v, dR.to(dr_ptr.dtype.element_ty), mask=in_rows_v)
        early = ((scale * tl.exp(G.to(tl.float32)))[:, None] * do.to(tl.float32)).to(k.dtype)
        dS = tl.exp(G_last.to(tl.float32)) * dS + tl.dot(tl.trans(q), early, input_precision=PRECISION)
        dS -= tl.dot(
            tl.trans(k), ((beta * tl.exp(G.to(tl.float32)))[:, None] * dR).to(k.dtype), input_precision=PRECISION
        )
    tl.store(ds0_ptr + state_at, dS, mask=in_state)


@triton.jit(do_not_specialize=["T", "columns"])
def _chunk_backward_kernel(
    q_ptr, k_ptr, v_ptr, beta_ptr, G_ptr, u_ptr, h_ptr, do_ptr, dr_ptr, dh_ptr,
    dq_ptr, dk_ptr, dv_ptr, dg_ptr, dbeta_ptr, scale, T, columns,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr, C: tl.constexpr,
    PRECISION: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    """The gradients of q, k, v, g and beta in one chunk, from the states and gradients at its two ends.

    The gradient of A is -dR U^T: the inverse itself needs no differentiation.
    """
    n, bh = tl.program_id(0), tl.program_id(1)
    head = (bh // H).to(tl.int64) * T * H + bh % H
    r = tl.arange(0, C)
    c = tl.arange(0, BK)
    t = n * C + r
    live = t < T
    at = head + t * H
    in_k = c < K
    rows_k = at[:, None] * K + c[None, :]
    in_rows_k = live[:, None] & in_k[None, :]
    chunks = tl.cdiv(T, C)
    h_base = (bh.to(tl.int64) * chunks + n) * K * V
    beta = tl.load(beta_ptr + at, mask=live, other=0.0).to(tl.float32)
    last = tl.minimum(n * C + C, T) - 1
    G = tl.load(G_ptr + head + tl.minimum(t, last) * H)
    G_last = tl.load(G_ptr + head + last * H)

    dQS = tl.zeros((C, BK), tl.float32)  # do S^T
    dKS = tl.zeros((C, BK), tl.float32)  # dR S^T
    dKU = tl.zeros((C, BK), tl.float32)  # U dS'^T
    dP = tl.zeros((C, C), tl.float32)
    dA = tl.zeros((C, C), tl.float32)
    dbeta = tl.zeros((C,), tl.float32)
    carried = tl.zeros((BK,), tl.float32)  # <S, dS'>, summed over value columns
    for first in range(0, columns, BV):
        x = first + tl.arange(0, BV)
        in_v = x < V
        rows_v = at[:, None] * V + x[None, :]
        in_rows_v = live[:, None] & in_v[None, :]
        in_state = in_k[:, None] & in_v[None, :]
        h = tl.load(h_ptr + h_base + c[:, None] * V + x[None, :], mask=in_state, other=0.0)
        dh = tl.load(dh_ptr + h_base + c[:, None] * V + x[None, :], mask=in_state, other=0.0)
        v = tl.load(v_ptr + rows_v, mask=in_rows_v, other=0.0).to(tl.float32)
        do = tl.load(do_ptr + rows_v, mask=in_rows_v, other=0.0)
        u = tl.load(u_ptr + rows_v, mask=in_rows_v, other=0.0)
        dr = tl.load(dr_ptr + rows_v, mask=in_rows_v, other=0.0)
        dQS += tl.dot(do, tl.trans(h), input_precision=PRECISION)
        dKS += tl.dot(dr, tl.trans(h), input_precision=PRECISION)
        dKU += tl.dot(u, tl.trans(dh), input_precision=PRECISION)
        dP += tl.dot(do, tl.trans(u), input_precision=PRECISION)
        dA -= tl.dot(dr, tl.trans(u), input_precision=PRECISION)
        carried += tl.sum(h.to(tl.float32) * dh.to(tl.float32), axis=1)
        drf = dr.to(tl.float32)
        dbeta += tl.sum(drf * v, axis=1)
        tl.store(dv_ptr + rows_v, (beta[:, None] * drf).to(dv_ptr.dtype.element_ty), mask=in_rows_v)

    q = tl.load(q_ptr + rows_k, mask=in_rows_k, other=0.0)
    k = tl.load(k_ptr + rows_k, mask=in_rows_k, other=0.0)
    qf = q.to(tl.float32)
    kf = k.to(tl.float32)
    decay = _decays(G, G, r[:, None] >= r[None, :])
    strict = tl.where(r[:, None] > r[None, :], decay, 0.0)
    dP *= decay * scale
    dA *= strict
    from_p = dP * tl.dot(q, tl.trans(k), input_precision=PRECISION)
    from_a = dA * tl.dot(k, tl.trans(k), input_precision=PRECISION)
    dbeta += tl.sum(from_a, axis=1)
    from_a *= beta[:, None]
    dA *= beta[:, None]
    both = from_p + from_a
    if WIDE:
        # a pair (t, i) matters to the decays after i up to t; added up as such, nothing cancels
        after = tl.where(r[:, None] <= r[None, :], 1.0, 0.0)  # [s, t]
        spanned = tl.where(r[:, None] > r[None, :], tl.dot(after, both, input_precision=PRECISION), 0.0)
        dg = tl.sum(spanned, axis=1)
        dG = tl.zeros((C,), tl.float32)
    else:  # the same in sums and differences: exact enough beside bf16
        dG = tl.sum(both, axis=1) - tl.sum(both, axis=0)
        dg = tl.zeros((C,), tl.float32)

    eG = tl.exp(G.to(tl.float32))
    dPx = dP.to(k.dtype)
    dAx = dA.to(k.dtype)
    dQS *= (scale * eG)[:, None]
    dG += tl.sum(dQS * qf, axis=1)
    dq = dQS + tl.dot(dPx, k, input_precision=PRECISION)
    tl.store(dq_ptr + rows_k, dq.to(dq_ptr.dtype.element_ty), mask=in_rows_k)

    dKS *= -eG[:, None]
    through_read = tl.sum(dKS * kf, axis=1)
    dbeta += through_read
    dG += beta * through_read
    dKU *= tl.exp((G_last - G).to(tl.float32))[:, None]
    through_write = tl.sum(dKU * kf, axis=1)
    kept = tl.exp(G_last.to(tl.float32)) * tl.sum(carried, axis=0)
    if WIDE:
        dg += tl.cumsum(through_write, axis=0) - through_write
        dG += tl.where(t == last, kept, 0.0)
    else:
        dG -= through_write
        dG += tl.where(t == last, tl.sum(through_write, axis=0) + kept, 0.0)
    dk = beta[:, None] * dKS + dKU
    dk += tl.dot(tl.trans(dPx), q, input_precision=PRECISION)
    dk += tl.dot(dAx, k, input_precision=PRECISION) + tl.dot(tl.trans(dAx), k, input_precision=PRECISION)
    tl.store(dk_ptr + rows_k, dk.to(dk_ptr.dtype.element_ty), mask=in_rows_k)
    tl.store(dbeta_ptr + at, dbeta, mask=live)
    tl.store(dg_ptr + at, dg + tl.cumsum(dG, axis=0, reverse=True), mask=live)


@triton.jit(do_not_specialize=["T"])
def _recurrent_kernel(
    q_ptr, k_ptr, v_ptr, g_ptr, beta_ptr, s0_ptr, o_ptr, s1_ptr, scale, T,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr, HAS_STATE: tl.constexpr,
):  # fmt: skip
    """Token by token, the formula itself: for a handful of tokens, where a chunk would be mostly padding."""
    bv, bh = tl.program_id(0), tl.program_id(1)
    head = (bh // H).to(tl.int64) * T * H + bh % H
    c = tl.arange(0, BK)
    x = bv * BV + tl.arange(0, BV)
    in_k = c < K
    in_v = x < V
    state_at = bh.to(tl.int64) * K * V + c[:, None] * V + x[None, :]
    in_state = in_k[:, None] & in_v[None, :]
    S = tl.zeros((BK, BV), tl.float32)
    if HAS_STATE:
        S += tl.load(s0_ptr + state_at, mask=in_state, other=0.0)
    for t in range(T):
        at = head + t * H
        q = tl.load(q_ptr + at * K + c, mask=in_k, other=0.0).to(tl.float32)
        k = tl.load(k_ptr + at * K + c, mask=in_k, other=0.0).to(tl.float32)
        v = tl.load(v_ptr + at * V + x, mask=in_v, other=0.0).to(tl.float32)
        S *= tl.exp(tl.load(g_ptr + at).to(tl.float32))
        u = tl.load(beta_ptr + at).to(tl.float32) * (v - tl.sum(S * k[:, None], axis=0))
        S += k[:, None] * u[None, :]
        o = tl.sum(S * q[:, None], axis=0) * scale
        tl.store(o_ptr + at * V + x, o.to(o_ptr.dtype.element_ty), mask=in_v)
    tl.store(s1_ptr + state_at, S, mask=in_state)


@dataclass(frozen=True)
class Launch:
    """How a kernel is started: value columns a program, warps, and stages of prefetching."""

    value_block: int
    warps: int
    stages: int


def _least(wide: bool) -> int:
    """The smallest side of a tile. Tiles of 16 fp32 columns made Triton 3.6 read outside its memory on Hopper."""
    return 32 if wide else 16


def launch(kernel: str, heads: int, V: int, wide: bool) -> Launch:
    """The start parameters of ``scan``, ``scan_backward`` or ``chunk_backward``, for heads = B x H.

    ``wide`` is fp32, whose tiles take twice the registers. Small blocks make more programs, up to the number of
    multiprocessors; larger ones repeat less work.
    """
    limit = 32 if wide else 64
    block = min(limit, max(_least(wide), triton.next_power_of_2(V)))
    if kernel == "chunk_backward":
        return Launch(block, 8, 2)
    while block > 32 and heads * triton.cdiv(V, block) < 128:
        block //= 2
    return Launch(block, 8 if wide else 4, 1 if wide else 2)


def _precisions(dtype: torch.dtype) -> tuple[str, str]:
    """How matrix products are multiplied: of the inputs, and inside the triangular solve.

    fp32 in three tf32 products, as exact as fp32 sums to a few units in the last place.
    """
    return ("tf32x3", "tf32x3") if dtype == torch.float32 else ("tf32", "tf32")


class _GatedDelta(torch.autograd.Function):
    """Forward keeps the inverse, U and the state before each chunk; backward is two kernels."""

    @staticmethod
    def forward(ctx, q, k, v, g, beta, state, scale):
        o, new_state, saved = _forward(q, k, v, g, beta, state, scale, keep=True)
        ctx.save_for_backward(q, k, v, beta, *saved)
        ctx.scale, ctx.has_state, ctx.g_dtype = scale, state is not None, g.dtype
        return o, new_state

    @staticmethod
    def backward(ctx, do, dstate):
        return _backward(ctx, do, dstate)


def _forward(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    g: Tensor,
    beta: Tensor,
    state: Tensor | None,
    scale: float,
    keep: bool,
    into: Tensor | None = None,
) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    B, T, H, K = q.shape
    V = v.shape[-1]
    chunks = triton.cdiv(T, CHUNK)
    BK = max(_least(q.dtype == torch.float32), triton.next_power_of_2(K))
    precision, solve = _precisions(q.dtype)
    sums = torch.float64 if q.dtype == torch.float32 else torch.float32  # long sums lose fp32's last digits
    G = torch.empty((B, T, H), dtype=sums, device=q.device)
    inverse = torch.empty((B, T, H, CHUNK), dtype=q.dtype, device=q.device)
    o = torch.empty_like(v)
    new_state = torch.empty((B, H, K, V), dtype=torch.float32, device=q.device) if into is None else into
    u = torch.empty_like(v) if keep else o
    h = torch.empty((B, H, chunks, K, V), dtype=q.dtype, device=q.device) if keep else o
    _solve_kernel[(chunks, B * H)](
        k, g, beta, G, inverse, T, H=H, K=K, BK=BK, C=CHUNK, SUB=SUB, PRECISION=precision, SOLVE=solve, num_warps=4
    )
    how = launch("scan", B * H, V, q.dtype == torch.float32)
    _scan_kernel[(triton.cdiv(V, how.value_block), B * H)](
        q, k, v, beta, G, inverse, new_state if state is None else state, o, u, h, new_state, scale, T,
        H=H, K=K, V=V, BK=BK, BV=how.value_block, C=CHUNK, HAS_STATE=state is not None, KEEP=keep,
        PRECISION=precision, num_warps=how.warps, num_stages=how.stages,
    )  # fmt: skip
    return o, new_state, (G, inverse, u, h)


def _backward(ctx: Any, do: Tensor | None, dstate: Tensor | None) -> tuple[Tensor | None, ...]:
    q, k, v, beta, G, inverse, u, h = ctx.saved_tensors
    B, T, H, K = q.shape
    V = v.shape[-1]
    BK = max(_least(q.dtype == torch.float32), triton.next_power_of_2(K))
    precision, _ = _precisions(q.dtype)
    do = torch.zeros_like(v) if do is None else do.to(v.dtype).contiguous()
    dr, dh = torch.empty_like(v), torch.empty_like(h)
    ds0 = torch.empty((B, H, K, V), dtype=torch.float32, device=q.device)
    how = launch("scan_backward", B * H, V, q.dtype == torch.float32)
    _scan_backward_kernel[(triton.cdiv(V, how.value_block), B * H)](
        q, k, beta, G, inverse, do, ds0 if dstate is None else dstate.contiguous(), dr, dh, ds0, ctx.scale, T,
        H=H, K=K, V=V, BK=BK, BV=how.value_block, C=CHUNK, HAS_DSTATE=dstate is not None, PRECISION=precision,
        num_warps=how.warps, num_stages=how.stages,
    )  # fmt: skip
    dq, dk, dv = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
    dg = torch.empty(G.shape, dtype=torch.float32, device=q.device)
    dbeta = torch.empty_like(dg)
    how = launch("chunk_backward", B * H, V, q.dtype == torch.float32)
    _chunk_backward_kernel[(triton.cdiv(T, CHUNK), B * H)](
        q, k, v, beta, G, u, h, do, dr, dh, dq, dk, dv, dg, dbeta, ctx.scale, T, V,
        H=H, K=K, V=V, BK=BK, BV=how.value_block, C=CHUNK, PRECISION=precision,
        WIDE=q.dtype == torch.float32, num_warps=how.warps, num_stages=how.stages,
    )  # fmt: skip
    return dq, dk, dv, dg.to(ctx.g_dtype), dbeta.to(beta.dtype), ds0 if ctx.has_state else None, None


def gated_delta(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    g: Tensor,
    beta: Tensor,
    state: Tensor | None,
    scale: float,
) -> tuple[Tensor, Tensor]:
    """Reads and writes the delta-rule memory for T tokens; differentiable in every tensor, the state included.

    q, k [B, T, H, K], v [B, T, H, V] of one dtype (bf16, fp16 or fp32); g [B, T, H] log decay (<= 0), beta
    [B, T, H]; state [B, H, K, V] fp32 or None for an empty memory. Returns o [B, T, H, V] in v's dtype and the
    new state, fp32. K at most 128. The given state is not changed.
    """
    if not (q.dtype == k.dtype == v.dtype):
        raise TypeError(f"q, k and v must share one dtype, not {q.dtype}, {k.dtype} and {v.dtype}")
    if q.shape[-1] > 128:
        raise ValueError(f"key dimension {q.shape[-1]} is more than the 128 these kernels hold in registers")
    state = None if state is None else state.float().contiguous()
    q, k, v, g, beta = (x.contiguous() for x in (q, k, v, g, beta))
    inputs = (q, k, v, g, beta) if state is None else (q, k, v, g, beta, state)
    if torch.is_grad_enabled() and any(x.requires_grad for x in inputs):
        o, new_state = _GatedDelta.apply(q, k, v, g, beta, state, scale)
    elif q.shape[1] <= FEW:
        o, new_state = _recurrent(q, k, v, g, beta, state, scale)
    else:
        o, new_state, _ = _forward(q, k, v, g, beta, state, scale, keep=False)
    return o, new_state


def _recurrent(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    g: Tensor,
    beta: Tensor,
    state: Tensor | None,
    scale: float,
    into: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    B, T, H, K = q.shape
    V = v.shape[-1]
    o = torch.empty_like(v)
    new_state = torch.empty((B, H, K, V), dtype=torch.float32, device=q.device) if into is None else into
    BV = min(32, triton.next_power_of_2(V))
    _recurrent_kernel[(triton.cdiv(V, BV), B * H)](
        q, k, v, g, beta, new_state if state is None else state, o, new_state, scale, T,
        H=H, K=K, V=V, BK=triton.next_power_of_2(K), BV=BV, HAS_STATE=state is not None, num_warps=4,
    )  # fmt: skip
    return o, new_state


def gated_delta_(q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, state: Tensor, scale: float) -> Tensor:
    """The same without gradients, the new state written over ``state`` (fp32, contiguous); returns o."""
    if q.shape[1] <= FEW:
        return _recurrent(q, k, v, g, beta, state, scale, into=state)[0]
    return _forward(q, k, v, g, beta, state, scale, keep=False, into=state)[0]
