"""One token's attention over the ring on a GPU: two launches between the products of a layer.

The first turns query and key by their rotary angles, attends over one block of the ring's slots a program, and
writes the new key and value into their slot; the second joins the blocks' parts (flash-decoding). What ``window`` and
``sinks`` let the token see is decided by age, as in ``kernels/window_attention/triton.py``, from ``seen`` on the
device.

In a full ring the slot that is written is the oldest one, which this very token may still see. Only one program reads
that slot, so that program writes it, after it has read.

Both begin while the kernel before still runs, see ``triton.py``: the ring, ``seen`` and the angles are read before
that one ends.

Sums in fp32. Forward only, one stream.
"""

from dataclasses import dataclass

import triton
import triton.language as tl
from torch import Tensor

from kernels.one_token.triton import Matrix, empty, starts_early

EMPTY = tl.constexpr(-1.0e30)  # the largest score of a block in which no key is seen: finite, so differences are too
LOG2E = 1.4426950408889634


@triton.jit
def _attend_kernel(
    row_ptr, cos_ptr, sin_ptr, past_k_ptr, past_v_ptr, seen_ptr, acc_ptr, top_ptr, total_ptr, scale,
    slots, window, sinks,
    G: tl.constexpr, R: tl.constexpr, D: tl.constexpr, BD: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
    PRECISION: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """A block of BN slots for the R heads of a group. ``scale`` holds the factor log2(e)."""
    split, g = tl.program_id(0), tl.program_id(1)
    splits = tl.num_programs(0)
    r, n, d = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BD)
    live, in_d = r < R, d < D
    HALF: tl.constexpr = D // 2
    other = tl.where(d < HALF, d + HALF, d - HALF)  # its partner in the rotation
    angle = tl.where(d < HALF, d, d - HALF)

    seen = tl.load(seen_ptr)
    slot = split * BN + n
    stop = tl.minimum(seen, slots).to(tl.int32)  # slots fill from the front: none past `seen` is in use
    ring = g.to(tl.int64) * slots * D
    inside = (slot < stop)[:, None] & in_d[None, :]
    at = ring + slot[:, None] * D + d[None, :]
    # values first: the compiler then asks for all before it touches any
    v = tl.load(past_v_ptr + at, mask=inside, other=0.0)
    k = tl.load(past_k_ptr + at, mask=inside, other=0.0)
    cos = tl.load(cos_ptr + angle, mask=in_d, other=0.0)
    sin = tl.load(sin_ptr + angle, mask=in_d, other=0.0)
    sin = tl.where(d < HALF, -sin, sin)
    turn = tl.maximum(slots - sinks, 1)
    newest = tl.where(seen > sinks, sinks + (seen - 1 - sinks) % turn, 0).to(tl.int32)  # its slot
    back = newest - slot
    age = tl.where(back < 0, back + turn, back) + 1  # in tokens before the new one
    visible = (slot < stop) & ((slot < sinks) | (age < window))
    free = tl.where(seen < sinks, seen, sinks + (seen - sinks) % turn).to(tl.int32)  # the new token's slot
    mine = tl.minimum(free // BN, splits - 1) == split
    if EARLY:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()

    q_at = row_ptr + (g * R + r)[:, None] * D
    mask = live[:, None] & in_d[None, :]
    q = tl.load(q_at + d[None, :], mask=mask, other=0.0)
    partner = tl.load(q_at + other[None, :], mask=mask, other=0.0)
    new_at = row_ptr + (G * R + g) * D
    new_k = tl.load(new_at + d, mask=in_d, other=0.0) * cos
    new_k += tl.load(new_at + other, mask=in_d, other=0.0) * sin
    new_v = tl.load(new_at + G * D + d, mask=in_d, other=0.0)
    q = (q * cos[None, :] + partner * sin[None, :]).to(k.dtype)
    new_k, new_v = new_k.to(k.dtype), new_v.to(v.dtype)  # as they are in the ring
    new = tl.sum(q.to(tl.float32) * new_k.to(tl.float32)[None, :], axis=1) * scale  # [BM]
    new = tl.where(mine, new, EMPTY)

    scores = tl.dot(q, tl.trans(k), input_precision=PRECISION) * scale  # [BM, BN]
    scores = tl.where(visible[None, :], scores, float("-inf"))
    top = tl.maximum(tl.max(scores, axis=1), new)
    weights = tl.exp2(scores - top[:, None])
    new = tl.where(mine, tl.exp2(new - top), 0.0)
    total = tl.sum(weights, axis=1) + new
    acc = tl.dot(weights.to(v.dtype), v, input_precision=PRECISION)  # [BM, BD]
    acc += new[:, None] * new_v.to(tl.float32)[None, :]
    part = (g * R + r) * splits + split
    tl.store(acc_ptr + part[:, None] * D + d[None, :], acc, mask=mask)
    tl.store(top_ptr + part, top, mask=live)
    tl.store(total_ptr + part, total, mask=live)

    # The slot's old key and value lie on several threads: none may write before all have read.
    tl.debug_barrier()
    stays = in_d & mine & (free < slots)
    tl.store(past_k_ptr + ring + free * D + d, new_k, mask=stays)
    tl.store(past_v_ptr + ring + free * D + d, new_v, mask=stays)


@triton.jit
def _join_kernel(
    acc_ptr, top_ptr, total_ptr, o_ptr, splits,
    D: tl.constexpr, BD: tl.constexpr, BS: tl.constexpr, VALUES: tl.constexpr, PLACES: tl.constexpr,
    EARLY: tl.constexpr,
):  # fmt: skip
    """BD columns of one head: all blocks' parts, each weighed by its largest score."""
    h = tl.program_id(1)
    s, d = tl.arange(0, BS), tl.program_id(0) * BD + tl.arange(0, BD)
    present, in_d = s < splits, d < D
    if EARLY:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()
    part = h * splits + s
    top = tl.load(top_ptr + part, mask=present, other=EMPTY)
    total = tl.load(total_ptr + part, mask=present, other=0.0)
    at = acc_ptr + part[:, None] * D + d[None, :]
    acc = tl.load(at, mask=present[:, None] & in_d[None, :], other=0.0)
    share = tl.exp2(top - tl.max(top, axis=0))
    o = tl.sum(acc * share[:, None], axis=0) / tl.sum(total * share, axis=0)
    at_o = h * D + d
    tl.store(o_ptr + at_o % PLACES * (VALUES // PLACES) + at_o // PLACES, o, mask=in_d)


@dataclass(frozen=True)
class Launch:
    """How one token's attention is cut: slots a program, and its warps."""

    keys: int
    warps: int


LAUNCHES = {2: Launch(128, 8), 4: Launch(32, 4)}  # by bytes of a key's number
JOINED = 4096  # numbers of the parts that one program joins


def attend_step(
    row: Tensor, cos: Tensor, sin: Tensor, past_k: Tensor, past_v: Tensor, seen: Tensor, window: int, sinks: int,
    scale: float, then: Matrix,
) -> Tensor:  # fmt: skip
    """Attention of one token, whose key and value go into the ring.

    row: fp32 [(H + 2 G) D], its queries, keys and values, not yet turned; cos, sin: fp32 [D / 2]; past_k, past_v:
    [G, slots, D], written in place; seen: int64 [] tokens before this one; window, sinks, scale: as in
    :func:`kernels.window_attention.naive.window_attention`.

    Returns fp32 [H D] as :func:`kernels.one_token.triton.add_product` takes it, spread, with the matrix ``then``.
    """
    G, slots, D = past_k.shape
    R = len(row) // (G * D) - 2  # heads of a group
    how = LAUNCHES[past_k.element_size()]
    splits = max(1, triton.cdiv(slots, how.keys))
    early = starts_early(then.form, row.device)
    acc = empty(G * R * splits * D, row)
    top, total = empty(G * R * splits, row), empty(G * R * splits, row)
    BM = max(16, triton.next_power_of_2(R))
    BD = max(16, triton.next_power_of_2(D))
    _attend_kernel[(splits, G)](
        row, cos, sin, past_k, past_v, seen, acc, top, total, scale * LOG2E, slots, window, sinks,
        G=G, R=R, D=D, BD=BD, BM=BM, BN=how.keys,
        PRECISION="tf32x3" if past_k.element_size() == 4 else "tf32", EARLY=early, num_warps=how.warps, num_stages=1,
        launch_pdl=early,
    )  # fmt: skip
    o = empty(G * R * D, row)
    BS = triton.next_power_of_2(splits)
    columns = max(4, min(32, JOINED // BS))
    _join_kernel[(triton.cdiv(D, columns), G * R)](
        acc, top, total, o, splits, D=D, BD=columns, BS=BS, VALUES=G * R * D, PLACES=then.pair, EARLY=early,
        num_warps=4, launch_pdl=early,
    )  # fmt: skip
    return o
