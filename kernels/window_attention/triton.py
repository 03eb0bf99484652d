"""Sliding-window attention over a ring and new tokens on a GPU.

Few rows are bound by the latency of reading the ring, so it is split over programs and a second kernel joins the
parts (flash-decoding); many rows fill the chip by themselves, and each program goes through the ring and the new
tokens alone. The number of tokens before these, ``seen``, is read on the device: a captured graph replays correctly
while the ring fills, at and past the wrap-around. The ring's layout is that of ``naive.py``.

Inside, keys are told apart by their age in tokens before the first new one: 32 bits, however long the stream.

Forward only; where a gradient is wanted the plain form runs.
"""

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.device import multiprocessors
from kernels.window_attention import naive

EMPTY = tl.constexpr(-1.0e30)  # the largest score of a row that has seen no key: finite, so differences are too
NEVER, ALWAYS = tl.constexpr(1 << 30), tl.constexpr(-(1 << 30))  # ages out of and within every window
LOG2E = 1.4426950408889634


@triton.jit
def _take(q, k, v, visible, top, total, acc, scale, PRECISION: tl.constexpr):
    """Take one block of keys into the running softmax, whose exponents are of two."""
    scores = tl.dot(q, tl.trans(k), input_precision=PRECISION)
    scores = tl.where(visible, scores, float("-inf"))
    higher = tl.maximum(top, tl.max(scores, axis=1) * scale)
    shrink = tl.exp2(top - higher)
    weights = tl.exp2(scores * scale - higher[:, None])
    total = total * shrink + tl.sum(weights, axis=1)
    acc = tl.dot(weights.to(v.dtype), v, acc * shrink[:, None], input_precision=PRECISION)
    return higher, total, acc


@triton.jit(do_not_specialize=["T"])
def _attend_kernel(
    q_ptr, k_ptr, v_ptr, past_k_ptr, past_v_ptr, seen_ptr, o_ptr, acc_ptr, top_ptr, total_ptr, scale,
    q_stride, k_stride, v_stride, T, slots, window, sinks, split_slots,
    G: tl.constexpr, R: tl.constexpr, D: tl.constexpr, BD: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
    WHOLE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Rows are (token, head of the group). A split takes its part of the ring; the last one the new tokens as well.

    ``scale`` holds the factor log2(e). With WHOLE there is one split, and the result is final.
    """
    block, group, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
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
    top = tl.full((BM,), EMPTY, tl.float32)
    total = tl.zeros((BM,), tl.float32)
    acc = tl.zeros((BM, BD), tl.float32)

    ring = (b * G + g) * slots * D
    turn = tl.maximum(slots - sinks, 1)
    newest = tl.where(seen > sinks, sinks + (seen - 1 - sinks) % turn, 0).to(tl.int32)  # its slot
    stop = tl.minimum(tl.minimum((split + 1) * split_slots, slots).to(tl.int64), seen).to(tl.int32)
    within = window - token
    for start in range(split * split_slots, stop, BN):  # slots fill from the front: none past `seen` is in use
        slot = start + n
        inside = (slot < stop)[:, None] & in_d[None, :]
        at = ring + slot[:, None] * D + d[None, :]
        k = tl.load(past_k_ptr + at, mask=inside, other=0.0).to(q.dtype)
        v = tl.load(past_v_ptr + at, mask=inside, other=0.0).to(q.dtype)
        back = newest - slot
        age = tl.where(slot < sinks, ALWAYS, tl.where(back < 0, back + turn, back) + 1)
        age = tl.where(slot < stop, age, NEVER)
        visible = age[None, :] < within[:, None]
        top, total, acc = _take(q, k, v, visible, top, total, acc, scale, PRECISION)

    if split == tl.num_programs(2) - 1:
        first = block * BM // R  # the block's earliest and latest tokens
        latest = tl.minimum((block * BM + BM - 1) // R, T - 1)
        lasting = tl.maximum(sinks - seen, 0).to(tl.int32)  # so many of the new tokens stay for ever
        begin = tl.where(lasting > 0, 0, tl.maximum(first - window + 1, 0) // BN * BN)
        for start in range(begin, latest + 1, BN):
            i = start + n
            inside = (i < T)[:, None] & in_d[None, :]
            at = b * T + i
            k_at = at[:, None] * k_stride + g * D + d[None, :]
            v_at = at[:, None] * v_stride + g * D + d[None, :]
            k = tl.load(k_ptr + k_at, mask=inside, other=0.0)
            v = tl.load(v_ptr + v_at, mask=inside, other=0.0)
            distance = token[:, None] - i[None, :]
            visible = (distance >= 0) & ((distance < window) | (i < lasting)[None, :])
            top, total, acc = _take(q, k, v, visible, top, total, acc, scale, PRECISION)

    mask = row_live[:, None] & in_d[None, :]
    if WHOLE:
        o_at = ((b * T + token) * (G * R) + head)[:, None] * D + d[None, :]
        tl.store(o_ptr + o_at, (acc / total[:, None]).to(o_ptr.dtype.element_ty), mask=mask)
    else:
        part = (split * tl.num_programs(1) + group).to(tl.int64) * (T * R) + r
        tl.store(acc_ptr + part[:, None] * D + d[None, :], acc, mask=mask)
        tl.store(top_ptr + part, top, mask=row_live)
        tl.store(total_ptr + part, total, mask=row_live)


@triton.jit(do_not_specialize=["T", "splits"])
def _join_kernel(
    acc_ptr, top_ptr, total_ptr, o_ptr, T, splits, G: tl.constexpr, R: tl.constexpr, D: tl.constexpr,
    BD: tl.constexpr, BS: tl.constexpr, BR: tl.constexpr,
):  # fmt: skip
    """BR rows of all splits: weigh each part by its largest score."""
    group = tl.program_id(1)
    row = tl.program_id(0) * BR + tl.arange(0, BR)
    s = tl.arange(0, BS)
    d = tl.arange(0, BD)
    live = row < T * R
    part = (s[:, None] * tl.num_programs(1) + group).to(tl.int64) * (T * R) + row[None, :]  # [BS, BR]
    present = (s < splits)[:, None] & live[None, :]
    top = tl.load(top_ptr + part, mask=present, other=EMPTY)
    total = tl.load(total_ptr + part, mask=present, other=0.0)
    share = tl.exp2(top - tl.max(top, axis=0)[None, :])
    mask = present[:, :, None] & (d < D)[None, None, :]
    acc = tl.load(acc_ptr + part[:, :, None] * D + d[None, None, :], mask=mask, other=0.0)
    o = tl.sum(acc * share[:, :, None], axis=0)  # [BR, BD]
    o = o / tl.sum(tl.where(live[None, :], total * share, 1.0), axis=0)[:, None]
    b, g = group // G, group % G
    at = ((b.to(tl.int64) * T + row // R) * G + g) * R + row % R
    tl.store(
        o_ptr + at[:, None] * D + d[None, :], o.to(o_ptr.dtype.element_ty), mask=live[:, None] & (d < D)[None, :]
    )


@triton.jit(do_not_specialize=["T"])
def _append_kernel(
    k_ptr, v_ptr, past_k_ptr, past_v_ptr, seen_ptr, count_ptr, k_stride, v_stride, T, slots, sinks,
    G: tl.constexpr, D: tl.constexpr, BD: tl.constexpr, COUNTED: tl.constexpr,
):  # fmt: skip
    """One new token of one group: its key and value into its slot, unless a later new token takes that slot."""
    count = T
    if COUNTED:
        count = tl.load(count_ptr).to(tl.int32)
    token, group = tl.program_id(0), tl.program_id(1)
    b, g = (group // G).to(tl.int64), group % G
    d = tl.arange(0, BD)
    at = tl.load(seen_ptr) + token
    slot = tl.where(at < sinks, at, sinks + (at - sinks) % (slots - sinks))
    stays = (d < D) & (token < count) & ((at < sinks) | (token + slots - sinks >= count))
    to = (b * G + g) * slots * D + slot * D + d
    row = b * T + token
    k = tl.load(k_ptr + row * k_stride + g * D + d, mask=stays, other=0.0)
    v = tl.load(v_ptr + row * v_stride + g * D + d, mask=stays, other=0.0)
    tl.store(past_k_ptr + to, k.to(past_k_ptr.dtype.element_ty), mask=stays)
    tl.store(past_v_ptr + to, v.to(past_v_ptr.dtype.element_ty), mask=stays)


@dataclass(frozen=True)
class Launch:
    """How the rows are cut: rows a program, keys a step, parts of the ring, warps and stages of prefetching."""

    rows: int
    keys: int
    splits: int
    warps: int
    stages: int


def launch(rows: int, groups: int, slots: int, wide: bool, multiprocessors: int) -> Launch:
    """For ``rows`` (token, head of a group) in each of ``groups``; ``wide`` is fp32."""
    if rows <= 16:
        BM, BN, warps, stages = 16, 64, 4, 2
    elif wide:
        BM, BN, warps, stages = 32, 32, 4, 1
    else:
        BM, BN, warps, stages = 128, 64, 8, 3
    programs = triton.cdiv(rows, BM) * groups
    splits = max(1, min(multiprocessors // programs, triton.cdiv(slots, BN)))
    return Launch(BM, BN, splits, warps, stages)


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
    how = launch(T * R, B * G, slots, wide, multiprocessors(q.device))
    split_slots = triton.cdiv(triton.cdiv(slots, how.splits), how.keys) * how.keys
    splits = max(1, triton.cdiv(slots, split_slots)) if slots else 1
    BD = max(16, triton.next_power_of_2(D))
    o = torch.empty((B, T, H, D), dtype=q.dtype, device=q.device)
    whole = splits == 1
    acc = o if whole else torch.empty((splits, B * G, T * R, D), dtype=torch.float32, device=q.device)
    top = o if whole else torch.empty((splits, B * G, T * R), dtype=torch.float32, device=q.device)
    total = o if whole else torch.empty_like(top)
    _attend_kernel[(triton.cdiv(T * R, how.rows), B * G, splits)](
        q, k, v, past_k, past_v, seen, o, acc, top, total, scale * LOG2E, q.stride(1), k.stride(1), v.stride(1), T,
        slots, window, sinks, split_slots, G=G, R=R, D=D, BD=BD, BM=how.rows, BN=how.keys, WHOLE=whole,
        PRECISION="tf32x3" if wide else "tf32", num_warps=how.warps, num_stages=how.stages,
    )  # fmt: skip
    if not whole:
        BS = triton.next_power_of_2(splits)
        BR = max(1, min(16, 32 // BS, triton.next_power_of_2(T * R)))
        _join_kernel[(triton.cdiv(T * R, BR), B * G)](
            acc, top, total, o, T, splits, G=G, R=R, D=D, BD=BD, BS=BS, BR=BR, num_warps=4
        )
    return o


def append_both_(
    past_k: Tensor, past_v: Tensor, k: Tensor, v: Tensor, seen: Tensor, sinks: int, count: Tensor | None = None
) -> None:
    """New tokens' keys and values [B, T, G, D], at any stride, into the ring; only the first ``count``, int64 []."""
    B, T, G, D = k.shape
    _append_kernel[(T, B * G)](
        k, v, past_k, past_v, seen, seen if count is None else count, k.stride(1), v.stride(1), T, past_k.shape[2],
        sinks, G=G, D=D, BD=triton.next_power_of_2(D), COUNTED=count is not None, num_warps=1,
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
