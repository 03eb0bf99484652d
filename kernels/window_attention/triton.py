"""Sliding-window attention over a ring and new tokens on a GPU, flash-decoding style.

The ring is split over programs, and the new tokens are one split more; a second kernel joins the parts. The number
of tokens before these, ``seen``, is read on the device: a captured graph replays correctly while the ring fills, at
and past the wrap-around. The ring's layout is that of ``naive.py``.

Forward only; where a gradient is wanted the plain form runs.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.window_attention import naive

EMPTY = tl.constexpr(-1.0e30)  # the largest score of a row that has seen no key: finite, so differences are too


@triton.jit
def _token_of_slot(slot, seen, slots, sinks):
    """Which token lies in a slot after ``seen`` tokens; negative where the slot is empty."""
    last = seen - 1
    turn = slots - sinks
    back = (last - slot) % turn
    back = tl.where(back < 0, back + turn, back)  # a remainder of its own sign
    ring = tl.where(last - back >= sinks, last - back, -1)
    return tl.where(slot < sinks, tl.where(slot < seen, slot, -1), ring)


@triton.jit
def _block(
    q, k, v, row_token, key_token, live, top, total, acc, scale, window, sinks, PRECISION: tl.constexpr
):  # fmt: skip
    """Take one block of keys into the running softmax."""
    distance = row_token[:, None] - key_token[None, :]
    visible = (distance >= 0) & ((distance < window) | (key_token[None, :] < sinks))
    visible = visible & (live & (key_token >= 0))[None, :]
    scores = tl.dot(q, tl.trans(k), input_precision=PRECISION) * scale
    scores = tl.where(visible, scores, float("-inf"))
    higher = tl.maximum(top, tl.max(scores, axis=1))
    shrink = tl.exp(top - higher)
    weights = tl.exp(scores - higher[:, None])
    total = total * shrink + tl.sum(weights, axis=1)
    acc = acc * shrink[:, None] + tl.dot(weights.to(v.dtype), v, input_precision=PRECISION)
    return higher, total, acc


@triton.jit(do_not_specialize=["T", "seen_stride"])
def _attend_kernel(
    q_ptr, k_ptr, v_ptr, past_k_ptr, past_v_ptr, seen_ptr, acc_ptr, top_ptr, total_ptr, scale,
    q_stride, k_stride, v_stride, T, slots, window, sinks, split_slots,
    G: tl.constexpr, R: tl.constexpr, D: tl.constexpr, BD: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
    PRECISION: tl.constexpr,
):  # fmt: skip
    """Rows are (token, head of the group); the splits before the last take parts of the ring, the last the new."""
    block, group, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    splits = tl.num_programs(2)
    b, g = (group // G).to(tl.int64), group % G
    r = block * BM + tl.arange(0, BM)
    d = tl.arange(0, BD)
    n = tl.arange(0, BN)
    in_d = d < D
    token = r // R
    row_live = token < T
    head = g * R + r % R
    seen = tl.load(seen_ptr)
    q_at = (b * T + token)[:, None] * q_stride + head[:, None] * D + d[None, :]
    q = tl.load(q_ptr + q_at, mask=row_live[:, None] & in_d[None, :], other=0.0)
    row_token = seen + token
    top = tl.full((BM,), EMPTY, tl.float32)
    total = tl.zeros((BM,), tl.float32)
    acc = tl.zeros((BM, BD), tl.float32)
    if split < splits - 1:
        ring = (b * G + g) * slots * D
        stop = tl.minimum(tl.minimum((split + 1) * split_slots, slots).to(tl.int64), seen).to(tl.int32)
        for start in range(split * split_slots, stop, BN):  # slots fill from the front: none past `seen` is in use
            slot = start + n
            inside = slot < stop
            at = ring + slot[:, None] * D + d[None, :]
            k = tl.load(past_k_ptr + at, mask=inside[:, None] & in_d[None, :], other=0.0).to(q.dtype)
            v = tl.load(past_v_ptr + at, mask=inside[:, None] & in_d[None, :], other=0.0).to(q.dtype)
            key_token = _token_of_slot(slot, seen, slots, sinks)
            top, total, acc = _block(
                q, k, v, row_token, key_token, inside, top, total, acc, scale, window, sinks, PRECISION
            )  # fmt: skip
    else:
        first = block * BM // R  # the block's earliest and latest tokens
        latest = tl.minimum((block * BM + BM - 1) // R, T - 1)
        begin = tl.maximum(first - window + 1, 0) // BN * BN
        begin = tl.where(seen < sinks, 0, begin)  # lasting tokens may be among the new ones
        for start in range(begin, latest + 1, BN):
            i = start + n
            inside = i < T
            at = b * T + i
            k_at = at[:, None] * k_stride + g * D + d[None, :]
            v_at = at[:, None] * v_stride + g * D + d[None, :]
            k = tl.load(k_ptr + k_at, mask=inside[:, None] & in_d[None, :], other=0.0)
            v = tl.load(v_ptr + v_at, mask=inside[:, None] & in_d[None, :], other=0.0)
            top, total, acc = _block(
                q, k, v, row_token, seen + i, inside, top, total, acc, scale, window, sinks, PRECISION
            )  # fmt: skip
    part = (split * tl.num_programs(1) + group).to(tl.int64) * (T * R) + r
    tl.store(acc_ptr + part[:, None] * D + d[None, :], acc, mask=row_live[:, None] & in_d[None, :])
    tl.store(top_ptr + part, top, mask=row_live)
    tl.store(total_ptr + part, total, mask=row_live)


@triton.jit(do_not_specialize=["T", "splits"])
def _join_kernel(
    acc_ptr, top_ptr, total_ptr, o_ptr, T, splits, G: tl.constexpr, R: tl.constexpr, D: tl.constexpr,
    BD: tl.constexpr, BS: tl.constexpr,
):  # fmt: skip
    """One row of all splits: weigh each part by its largest score."""
    row, group = tl.program_id(0), tl.program_id(1)
    s = tl.arange(0, BS)
    d = tl.arange(0, BD)
    in_d = d < D
    part = (s * tl.num_programs(1) + group).to(tl.int64) * (T * R) + row
    top = tl.load(top_ptr + part, mask=s < splits, other=EMPTY)
    total = tl.load(total_ptr + part, mask=s < splits, other=0.0)
    share = tl.exp(top - tl.max(top, axis=0))
    mask = (s < splits)[:, None] & in_d[None, :]
    acc = tl.load(acc_ptr + part[:, None] * D + d[None, :], mask=mask, other=0.0)
    o = tl.sum(acc * share[:, None], axis=0) / tl.sum(total * share, axis=0)
    b, g = group // G, group % G
    at = ((b.to(tl.int64) * T + row // R) * G + g) * R + row % R
    tl.store(o_ptr + at * D + d, o.to(o_ptr.dtype.element_ty), mask=in_d)


@triton.jit(do_not_specialize=["T"])
def _append_kernel(
    k_ptr, v_ptr, past_k_ptr, past_v_ptr, seen_ptr, k_stride, v_stride, T, slots, sinks,
    G: tl.constexpr, D: tl.constexpr, BD: tl.constexpr,
):  # fmt: skip
    """One new token of one group: its key and value into its slot, unless a later new token takes that slot."""
    token, group = tl.program_id(0), tl.program_id(1)
    b, g = (group // G).to(tl.int64), group % G
    d = tl.arange(0, BD)
    at = tl.load(seen_ptr) + token
    slot = tl.where(at < sinks, at, sinks + (at - sinks) % (slots - sinks))
    stays = (d < D) & ((at < sinks) | (token + slots - sinks >= T))
    to = (b * G + g) * slots * D + slot * D + d
    row = b * T + token
    k = tl.load(k_ptr + row * k_stride + g * D + d, mask=stays, other=0.0)
    v = tl.load(v_ptr + row * v_stride + g * D + d, mask=stays, other=0.0)
    tl.store(past_k_ptr + to, k.to(past_k_ptr.dtype.element_ty), mask=stays)
    tl.store(past_v_ptr + to, v.to(past_v_ptr.dtype.element_ty), mask=stays)


def _blocks(rows: int, groups: int, slots: int, wide: bool) -> tuple[int, int, int]:
    """Rows a program, keys a step, and parts of the ring: enough programs for the chip, no more."""
    if rows <= 16:
        BM, BN = 16, 64
    else:
        BM, BN = (32, 32) if wide else (128, 64)
    programs = triton.cdiv(rows, BM) * groups
    splits = max(1, min(triton.cdiv(256, programs), triton.cdiv(slots, 2 * BN)))
    return BM, BN, splits


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    past_k: Tensor,
    past_v: Tensor,
    seen: Tensor,
    window: int,
    sinks: int,
    scale: float,
) -> Tensor:
    """:func:`window_attention` for q [B, T, H, D], k and v [B, T, G, D] whose tokens may lie any stride apart."""
    B, T, H, D = q.shape
    G, slots = past_k.shape[1], past_k.shape[2]
    R = H // G
    wide = q.dtype == torch.float32
    BM, BN, splits = _blocks(T * R, B * G, slots, wide)
    split_slots = triton.cdiv(triton.cdiv(slots, splits), BN) * BN
    splits = triton.cdiv(slots, split_slots) + 1  # and the new tokens
    BD = max(16, triton.next_power_of_2(D))
    acc = torch.empty((splits, B * G, T * R, D), dtype=torch.float32, device=q.device)
    top = torch.empty((splits, B * G, T * R), dtype=torch.float32, device=q.device)
    total = torch.empty_like(top)
    o = torch.empty((B, T, H, D), dtype=q.dtype, device=q.device)
    _attend_kernel[(triton.cdiv(T * R, BM), B * G, splits)](
        q, k, v, past_k, past_v, seen, acc, top, total, scale, q.stride(1), k.stride(1), v.stride(1), T, slots,
        window, sinks, split_slots, G=G, R=R, D=D, BD=BD, BM=BM, BN=BN, PRECISION="tf32x3" if wide else "tf32",
        num_warps=8 if BM == 128 else 4, num_stages=1 if wide else 2,
    )  # fmt: skip
    _join_kernel[(T * R, B * G)](
        acc, top, total, o, T, splits, G=G, R=R, D=D, BD=BD, BS=triton.next_power_of_2(splits), num_warps=4
    )
    return o


def append_both_(past_k: Tensor, past_v: Tensor, k: Tensor, v: Tensor, seen: Tensor, sinks: int) -> None:
    """New tokens' keys and values [B, T, G, D], at any stride, into the ring."""
    B, T, G, D = k.shape
    _append_kernel[(T, B * G)](
        k, v, past_k, past_v, seen, k.stride(1), v.stride(1), T, past_k.shape[2], sinks,
        G=G, D=D, BD=triton.next_power_of_2(D), num_warps=1,
    )  # fmt: skip


def window_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    past_k: Tensor,
    past_v: Tensor,
    seen: Tensor,
    window: int,
    sinks: int,
    scale: float,
) -> Tensor:
    """See :func:`kernels.window_attention.naive.window_attention`."""
    tensors = (q, k, v, past_k, past_v)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return naive.window_attention(q, k, v, past_k, past_v, seen, window, sinks, scale)
    q, k, v, past_k, past_v = (tensor.contiguous() for tensor in tensors)
    return attend(q, k, v, past_k, past_v, seen, window, sinks, scale)
