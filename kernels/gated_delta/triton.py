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
from torch import Tensor

from kernels.gated_delta.programs import (
    chunk_backward_kernel,
    recurrent_kernel,
    scan_backward_kernel,
    scan_kernel,
    solve_kernel,
)

CHUNK = 64  # tokens; also the side of the triangular systems
SUB = 16  # side of the diagonal blocks that are inverted row by row
FEW = 16  # up to so many tokens go one by one where no gradient is wanted


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
    solve_kernel[(chunks, B * H)](
        k, g, beta, G, inverse, T, H=H, K=K, BK=BK, C=CHUNK, SUB=SUB, PRECISION=precision, SOLVE=solve, num_warps=4
    )
    how = launch("scan", B * H, V, q.dtype == torch.float32)
    scan_kernel[(triton.cdiv(V, how.value_block), B * H)](
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
    scan_backward_kernel[(triton.cdiv(V, how.value_block), B * H)](
        q, k, beta, G, inverse, do, ds0 if dstate is None else dstate.contiguous(), dr, dh, ds0, ctx.scale, T,
        H=H, K=K, V=V, BK=BK, BV=how.value_block, C=CHUNK, HAS_DSTATE=dstate is not None, PRECISION=precision,
        num_warps=how.warps, num_stages=how.stages,
    )  # fmt: skip
    dq, dk, dv = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
    dg = torch.empty(G.shape, dtype=torch.float32, device=q.device)
    dbeta = torch.empty_like(dg)
    how = launch("chunk_backward", B * H, V, q.dtype == torch.float32)
    chunk_backward_kernel[(triton.cdiv(T, CHUNK), B * H)](
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
    recurrent_kernel[(triton.cdiv(V, BV), B * H)](
        q, k, v, g, beta, new_state if state is None else state, o, new_state, scale, T,
        H=H, K=K, V=V, BK=triton.next_power_of_2(K), BV=BV, HAS_STATE=state is not None, num_warps=4,
    )  # fmt: skip
    return o, new_state


def gated_delta_(q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, state: Tensor, scale: float) -> Tensor:
    """The same without gradients, the new state written over ``state`` (fp32, contiguous); returns o."""
    if q.shape[1] <= FEW:
        return _recurrent(q, k, v, g, beta, state, scale, into=state)[0]
    return _forward(q, k, v, g, beta, state, scale, keep=False, into=state)[0]
