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
from kernels.device import multiprocessors
from kernels.quantized_linear.naive import GROUP
from kernels.short_conv.triton import Row

# what comes before the product ...
PLAIN, RMS, HEADS = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
# ... and after it
STORE, BIAS, ADD, GATED, MIX = (tl.constexpr(number) for number in range(5))


# How weights are stored. Any but FLOATS are loaded as words of 32 bits, so that a register holds what was loaded.
FLOATS, BFLOAT16, INT8, FP8, INT4 = (tl.constexpr(number) for number in range(5))
CHUNK = tl.constexpr(4)  # words that a thread loads at once, and adds up before it keeps anything

# A small whole number becomes a float by writing it into the upper end of a power of two's fraction: two quick
# instructions, where a conversion takes a quarter of the rate. So INT8's and INT4's weights are read as the weight plus
# this, and this times the sum of x is taken off again.
INT8_TOO_MUCH, INT4_TOO_MUCH = tl.constexpr(256.0 + 128.0), tl.constexpr(16.0 + 8.0)
# FP8's bits at their places in a float of 32 bits are 2^-120 times the value, subnormal ones too. The vector carries
# half of that, which keeps the products where floats are normal; the sum gets the other half.
FP8_HALF = tl.constexpr(2.0**60)


@triton.jit
def _value(word, power, at: tl.constexpr, FORM: tl.constexpr):
    """The weight at this place of each word, as a float; see above."""
    if FORM == BFLOAT16:
        bits = (word << 16) if at == 0 else (word & -65536)
    elif FORM == INT8:
        bits = ((((word >> 8 * at) & 255) << 15)) ^ power
    elif FORM == FP8:
        bits = ((word << (24 - 8 * at)) >> 4) & -2014314496  # the sign, and below it seven bits: 0x87F00000
    else:
        bits = (((word >> 4 * at) & 15) << 19) | power
    return bits.to(tl.float32, bitcast=True)


@triton.jit
def _halves(x, N: tl.constexpr):
    """The values at even and at odd places."""
    return tl.split(tl.reshape(x, (N // 2, 2)))


@triton.jit
def _rows(block, r, N, BN: tl.constexpr, AFTER: tl.constexpr):
    """Which rows of the matrix a block multiplies, and which values they make; gates and values take turns."""
    if AFTER == GATED:
        n = block * BN + r // 2
        row = n + (r % 2) * N
    else:
        n = block * BN + r
        row = n
    return n, row


@triton.jit
def _weights(
    w_ptr, scale_ptr, block, step, N, K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr,
    WIDE: tl.constexpr, GROUP: tl.constexpr, AFTER: tl.constexpr, FORM: tl.constexpr, EVICT: tl.constexpr,
):  # fmt: skip
    """A block's words of weights at one step: [rows, BK]; in 4 bits also their scales [rows, BK / GROUP], or, where
    heads share groups, one a chunk."""
    ROWS: tl.constexpr = 2 * BN if AFTER == GATED else BN
    n, row = _rows(block, tl.arange(0, ROWS), N, BN, AFTER)
    i = tl.arange(0, BK)
    k = (step * (BK // PIECE) + i // PIECE) * WIDE + i % PIECE
    live = n < N
    in_k = (i % PIECE < WIDE) & (k < K)
    w = tl.load(w_ptr + row.to(tl.int64)[:, None] * K + k[None, :], mask=live[:, None] & in_k[None, :], other=0,
        eviction_policy="evict_first" if EVICT else "")
    if FORM == INT4:
        if WIDE % GROUP == 0:
            u = tl.arange(0, BK // GROUP)
            group = (step * (BK // PIECE) + u // (PIECE // GROUP)) * (WIDE // GROUP) + u % (PIECE // GROUP)
        else:
            c = tl.arange(0, BK // CHUNK) * CHUNK
            group = ((step * (BK // PIECE) + c // PIECE) * WIDE + c % PIECE) // GROUP
        at = row.to(tl.int64)[:, None] * (K // GROUP) + group[None, :]
        scale = tl.load(scale_ptr + at, mask=live[:, None] & (group < K // GROUP)[None, :], other=0.0)
    else:
        scale = 0.0
    return w, scale


@triton.jit
def _prefetch(
    w_ptr, first, begin, stride, N, K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, STEPS: tl.constexpr,
    AFTER: tl.constexpr, BYTES: tl.constexpr, THREADS: tl.constexpr, COUNT: tl.constexpr,
):  # fmt: skip
    """Ask for COUNT steps of the walk, from the one numbered ``first``, to be brought into the second-level cache."""
    ROWS: tl.constexpr = 2 * BN if AFTER == GATED else BN
    thread = tl.arange(0, THREADS)
    item = first + thread // ROWS
    step = item % STEPS
    n, row = _rows(begin + item // STEPS * stride, thread % ROWS, N, BN, AFTER)
    wanted = (thread // ROWS < COUNT) & (n < N)
    size = tl.minimum(BK, K - step * BK) * BYTES
    at = (w_ptr + row.to(tl.int64) * K + step * BK).to(tl.int64)
    tl.inline_asm_elementwise(
        "{ .reg .pred p; setp.ne.b32 p, $3, 0; @p cp.async.bulk.prefetch.L2.global [$1], $2; mov.b32 $0, 0; }",
        "=r,l,r,r", [at, size, wanted.to(tl.int32)], dtype=tl.int32, is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def _columns(step, K: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr):
    """Of the vector at one step: which columns, and whether they exist."""
    i = tl.arange(0, BK)
    j = (step * (BK // PIECE) + i // PIECE) * WIDE + i % PIECE
    return j, (i % PIECE < WIDE) & (j < K)


@triton.jit
def _places(x, BK: tl.constexpr, PAIR: tl.constexpr):
    """The columns [PAIR BK] of a vector by their places in a word: eight of [BK], the last of which may be spare."""
    if PAIR == 1:
        return x, x, x, x, x, x, x, x
    elif PAIR == 2:
        x0, x1 = _halves(x, 2 * BK)
        return x0, x1, x0, x0, x0, x0, x0, x0
    elif PAIR == 4:
        x02, x13 = _halves(x, 4 * BK)
        x0, x2 = _halves(x02, 2 * BK)
        x1, x3 = _halves(x13, 2 * BK)
        return x0, x1, x2, x3, x0, x0, x0, x0
    else:
        even, odd = _halves(x, 8 * BK)
        x04, x26 = _halves(even, 4 * BK)
        x15, x37 = _halves(odd, 4 * BK)
        x0, x4 = _halves(x04, 2 * BK)
        x2, x6 = _halves(x26, 2 * BK)
        x1, x5 = _halves(x15, 2 * BK)
        x3, x7 = _halves(x37, 2 * BK)
        return x0, x1, x2, x3, x4, x5, x6, x7


@triton.jit
def _spread(
    x_ptr, step, K: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr, PAIR: tl.constexpr,
    FORM: tl.constexpr,
):  # fmt: skip
    """The same of a vector that lies in memory by places, K columns each."""
    k, in_k = _columns(step, K, BK, PIECE, WIDE)
    x0 = tl.load(x_ptr + k, mask=in_k, other=0.0)
    x1, x2, x3, x4, x5, x6, x7 = x0, x0, x0, x0, x0, x0, x0
    if PAIR > 1:
        x1 = tl.load(x_ptr + K + k, mask=in_k, other=0.0)
    if PAIR > 2:
        x2 = tl.load(x_ptr + 2 * K + k, mask=in_k, other=0.0)
        x3 = tl.load(x_ptr + 3 * K + k, mask=in_k, other=0.0)
    if FORM == FP8:
        x0, x1, x2, x3 = x0 * FP8_HALF, x1 * FP8_HALF, x2 * FP8_HALF, x3 * FP8_HALF
    if PAIR > 4:
        x4 = tl.load(x_ptr + 4 * K + k, mask=in_k, other=0.0)
        x5 = tl.load(x_ptr + 5 * K + k, mask=in_k, other=0.0)
        x6 = tl.load(x_ptr + 6 * K + k, mask=in_k, other=0.0)
        x7 = tl.load(x_ptr + 7 * K + k, mask=in_k, other=0.0)
    return x0, x1, x2, x3, x4, x5, x6, x7


@triton.jit
def _of_heads(
    parts_ptr, step, eps, K: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr,
    PAIR: tl.constexpr, PARTS: tl.constexpr,
):  # fmt: skip
    """One over the root mean square of each chunk's head, PIECE words a head: [BK / CHUNK]."""
    HEADS_A_STEP: tl.constexpr = BK // PIECE
    head = step * HEADS_A_STEP + tl.arange(0, HEADS_A_STEP)
    at = head[:, None] * PARTS + tl.arange(0, PARTS)[None, :]
    squares = tl.load(parts_ptr + at, mask=(head * WIDE < K)[:, None], other=0.0)
    factor = tl.rsqrt(tl.sum(squares, axis=1) / (PAIR * WIDE) + eps)
    return tl.reshape(tl.broadcast_to(factor[:, None], (HEADS_A_STEP, PIECE // CHUNK)), (BK // CHUNK,))


@triton.jit
def _partial(
    w, scale, x0, x1, x2, x3, x4, x5, x6, x7, power, ROWS: tl.constexpr, BK: tl.constexpr, FORM: tl.constexpr
):  # fmt: skip
    """Products of a step's weights with x, added up as far as one thread has them: [rows, BK / CHUNK]."""
    if FORM == FLOATS:
        each = w.to(tl.float32) * x0[None, :]
    else:
        each = _value(w, power, 0, FORM) * x0[None, :] + _value(w, power, 1, FORM) * x1[None, :]
    total = x0
    if (FORM == INT8) | (FORM == FP8) | (FORM == INT4):
        each += _value(w, power, 2, FORM) * x2[None, :]
        each += _value(w, power, 3, FORM) * x3[None, :]
        total = x0 + x1 + x2 + x3
    if FORM == INT4:
        each += _value(w, power, 4, FORM) * x4[None, :]
        each += _value(w, power, 5, FORM) * x5[None, :]
        each += _value(w, power, 6, FORM) * x6[None, :]
        each += _value(w, power, 7, FORM) * x7[None, :]
        total += x4 + x5 + x6 + x7
    products = tl.sum(tl.reshape(each, (ROWS, BK // CHUNK, CHUNK)), axis=2)
    if (FORM == INT8) | (FORM == INT4):
        totals = tl.sum(tl.reshape(total, (BK // CHUNK, CHUNK)), axis=1)
        products -= (INT8_TOO_MUCH if FORM == INT8 else INT4_TOO_MUCH) * totals[None, :]
    if FORM == INT4:
        EACH: tl.constexpr = BK // CHUNK // scale.shape[1]
        scaled = tl.reshape(products, (ROWS, BK // CHUNK // EACH, EACH)) * scale.to(tl.float32)[:, :, None]
        products = tl.reshape(scaled, (ROWS, BK // CHUNK))
    return products


@triton.jit
def _gates(y, n, live, a_log_ptr, dt_ptr, H, C, HV, conv):
    """SiLU of the convolved channels and of the gate, and the decay and strength of writing."""
    swish = tl.where(n < C, conv, y)
    swish *= tl.sigmoid(swish)
    h = n - C - HV
    in_a = live & (h >= 0) & (h < H)
    a = y + tl.load(dt_ptr + h, mask=in_a, other=0.0).to(tl.float32)
    rate = tl.exp(tl.load(a_log_ptr + h, mask=in_a, other=0.0).to(tl.float32))
    decay = -rate * (tl.maximum(a, 0.0) + tl.log(1.0 + tl.exp(-tl.abs(a))))
    return tl.where(h < 0, swish, tl.where(h < H, decay, tl.sigmoid(y)))


@triton.jit
def _walk(
    x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr,
    eps, N, first, begin, stride, power,
    K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr,
    PAIR: tl.constexpr, PARTS: tl.constexpr, H: tl.constexpr, C: tl.constexpr, HV: tl.constexpr, TAPS: tl.constexpr, BT: tl.constexpr,
    GROUP: tl.constexpr, BEFORE: tl.constexpr, AFTER: tl.constexpr, FORM: tl.constexpr, SCALED: tl.constexpr,
    EARLY: tl.constexpr, SPREAD: tl.constexpr, PLACES: tl.constexpr, AHEAD: tl.constexpr, FOLLOW: tl.constexpr, LATE: tl.constexpr, EVICT: tl.constexpr, BYTES: tl.constexpr,
    THREADS: tl.constexpr,
):  # fmt: skip
    """Blocks ``begin``, ``begin + stride``, ... of BN values each."""
    ROWS: tl.constexpr = 2 * BN if AFTER == GATED else BN
    STEPS: tl.constexpr = (K + BK // PIECE * WIDE - 1) // (BK // PIECE * WIDE)
    WIDTH: tl.constexpr = BK // CHUNK
    w, group_scale = _weights(w_ptr, scale_ptr, begin, 0, N, K, BN, BK, PIECE, WIDE, GROUP, AFTER, FORM, EVICT)
    if AHEAD > 0:
        _prefetch(w_ptr, 1, begin, stride, N, K, BN, BK, STEPS, AFTER, BYTES, THREADS, AHEAD)
    j, in_j = _columns(0, PAIR * K, PAIR * BK, PAIR * PIECE, PAIR * WIDE)
    squares = tl.zeros((PAIR * BK,), tl.float32)
    if BEFORE == RMS:
        weight = tl.load(norm_ptr + j, mask=in_j, other=0.0)
    if EARLY:
        tl.extra.cuda.gdc_wait()
        if LATE == 0:
            tl.extra.cuda.gdc_launch_dependents()
    total = STEPS * (((N + BN - 1) // BN - begin + stride - 1) // stride)
    if STEPS == 1:
        if SPREAD:
            x0, x1, x2, x3, x4, x5, x6, x7 = _spread(x_ptr, 0, K, BK, PIECE, WIDE, PAIR, FORM)
        else:
            x = tl.load(x_ptr + j, mask=in_j, other=0.0).to(tl.float32)
            if BEFORE == RMS:
                squares = x * x
                x *= weight.to(tl.float32)
            if FORM == FP8:
                x *= FP8_HALF
            x0, x1, x2, x3, x4, x5, x6, x7 = _places(x, BK, PAIR)
    item = 1
    trigger = tl.maximum(total - LATE, 1)
    for block in tl.range(begin, (N + BN - 1) // BN, stride):
        n = block * BN + tl.arange(0, BN)
        live = n < N
        if SCALED:
            _, row = _rows(block, tl.arange(0, ROWS), N, BN, AFTER)
            row_scale = tl.load(scale_ptr + row, mask=row < (2 * N if AFTER == GATED else N), other=0.0)
        if (AFTER == BIAS) | (AFTER == ADD):
            extra = tl.load(extra_ptr + n, mask=live, other=0.0)
        if AFTER == MIX:
            tap = tl.arange(0, BT)[None, :]
            channel = (live & (n + first < C))[:, None]
            taps = tl.load(weight_ptr + (n + first)[:, None] * TAPS + tap, mask=channel & (tap < TAPS), other=0.0)
            old = tl.load(tail_ptr + tap * C + (n + first)[:, None], mask=channel & (tap < TAPS - 1), other=0.0)
        acc = tl.zeros((ROWS, WIDTH), tl.float32)
        for step in tl.range(0, STEPS):
            last = step + 1 == STEPS
            next_w, next_scale = _weights(
                w_ptr, scale_ptr, tl.where(last, block + stride, block), tl.where(last, 0, step + 1), N, K, BN, BK,
                PIECE, WIDE, GROUP, AFTER, FORM, EVICT,
            )  # fmt: skip
            if FOLLOW:
                _prefetch(w_ptr, item + AHEAD, begin, stride, N, K, BN, BK, STEPS, AFTER, BYTES, THREADS, 1)
            if EARLY and LATE > 0:
                if item == trigger:
                    tl.extra.cuda.gdc_launch_dependents()
            item += 1
            if STEPS > 1:
                if SPREAD:
                    x0, x1, x2, x3, x4, x5, x6, x7 = _spread(x_ptr, step, K, BK, PIECE, WIDE, PAIR, FORM)
                else:
                    j, in_j = _columns(step, PAIR * K, PAIR * BK, PAIR * PIECE, PAIR * WIDE)
                    x = tl.load(x_ptr + j, mask=in_j, other=0.0).to(tl.float32)
                    if BEFORE == RMS:
                        if block == begin:
                            squares += x * x
                        x *= tl.load(norm_ptr + j, mask=in_j, other=0.0).to(tl.float32)
                    if FORM == FP8:
                        x *= FP8_HALF
                    x0, x1, x2, x3, x4, x5, x6, x7 = _places(x, BK, PAIR)
            products = _partial(w, group_scale, x0, x1, x2, x3, x4, x5, x6, x7, power, ROWS, BK, FORM)
            if BEFORE == HEADS:
                products *= _of_heads(parts_ptr, step, eps, K, BK, PIECE, WIDE, PAIR, PARTS)[None, :]
            acc += products
            w, group_scale = next_w, next_scale
        y = tl.sum(acc, axis=1)
        if BEFORE == RMS:
            y *= tl.rsqrt(tl.sum(squares, axis=0) / (PAIR * K) + eps)
        if SCALED:
            y *= row_scale * FP8_HALF if FORM == FP8 else row_scale
        if (AFTER == BIAS) | (AFTER == ADD):
            y += extra.to(tl.float32)
        if AFTER == GATED:
            gate, value = tl.split(tl.reshape(y, (BN, 2)))
            y = gate * tl.sigmoid(gate) * value
        if AFTER == MIX:
            now = tl.where(tap < TAPS - 1, old.to(tl.float32), y[:, None])
            conv = tl.sum(now * taps.to(tl.float32), axis=1)
            # A tail's value lies on several threads: none may write before all have read.
            tl.debug_barrier()
            moved = channel & (tap > 0) & (tap < TAPS)
            to = tail_ptr + (tap - 1) * C + (n + first)[:, None]
            tl.store(to, now.to(tail_ptr.dtype.element_ty), mask=moved)
            y = _gates(y, n + first, live, a_log_ptr, dt_ptr, H, C, HV, conv)
        to = n % PLACES * (N // PLACES) + n // PLACES
        tl.store(y_ptr + to, y.to(y_ptr.dtype.element_ty), mask=live)


@triton.jit
def _product_kernel(
    x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr, plain_ptr,
    eps, N, plain_rows, walkers, power,
    K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr,
    PAIR: tl.constexpr, PARTS: tl.constexpr, H: tl.constexpr, C: tl.constexpr, HV: tl.constexpr, TAPS: tl.constexpr, BT: tl.constexpr,
    GROUP: tl.constexpr, BEFORE: tl.constexpr, AFTER: tl.constexpr, FORM: tl.constexpr, SCALED: tl.constexpr,
    EARLY: tl.constexpr, SPREAD: tl.constexpr, PLACES: tl.constexpr, AHEAD: tl.constexpr, FOLLOW: tl.constexpr, LATE: tl.constexpr, EVICT: tl.constexpr, BYTES: tl.constexpr,
    THREADS: tl.constexpr, PLAIN_COLUMNS: tl.constexpr, PLAIN_BYTES: tl.constexpr, PLAIN_STEP: tl.constexpr,
    PLAIN_PAIR: tl.constexpr, PLAIN_FORM: tl.constexpr,
):  # fmt: skip
    """The matrix [N, K] times x. With GATED the matrix is [2 N, K], gates first.

    ``walkers`` programs share the rows, BN at a time, and keep the vector where one step holds all of it. K, BK and
    PIECE count what is stored: values, or in 4 bits pairs of them. SCALED: a scale a row. ``extra`` is the bias or the
    residual; ``parts`` the partial sums of squares of each head of x (HEADS: a step is BK / PIECE heads, WIDE stored
    columns each). With MIX there may be ``plain_rows`` more in ``plain``, unpacked (PLAIN_COLUMNS > 0), which the
    programs past the walkers take.
    """
    program = tl.program_id(0)
    if PLAIN_COLUMNS > 0:
        if program >= walkers:
            _walk(
                x_ptr, plain_ptr, y_ptr + N, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr,
                dt_ptr, eps, plain_rows, N, program - walkers, tl.num_programs(0) - walkers, power, PLAIN_COLUMNS, 4,
                PLAIN_STEP, PLAIN_STEP, PLAIN_STEP, PLAIN_PAIR, PARTS, H, C, HV, TAPS, BT, GROUP, BEFORE, AFTER, PLAIN_FORM, False, EARLY,
                False, 1, 0, False, 0, EVICT, PLAIN_BYTES, THREADS,
            )  # fmt: skip
        else:
            _walk(
                x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr,
                eps, N, 0, program, walkers, power, K, BN, BK, PIECE, WIDE, PAIR, PARTS, H, C, HV, TAPS, BT, GROUP, BEFORE, AFTER,
                FORM, SCALED, EARLY, SPREAD, PLACES, AHEAD, FOLLOW, LATE, EVICT, BYTES, THREADS,
            )  # fmt: skip
    else:
        _walk(
            x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr,
            eps, N, 0, program, walkers, power, K, BN, BK, PIECE, WIDE, PAIR, PARTS, H, C, HV, TAPS, BT, GROUP, BEFORE, AFTER,
            FORM, SCALED, EARLY, SPREAD, PLACES, AHEAD, FOLLOW, LATE, EVICT, BYTES, THREADS,
        )  # fmt: skip


@triton.jit
def _step_kernel(
    y_ptr, state_ptr, norm_ptr, o_ptr, parts_ptr, scale, eps,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr, PLACES: tl.constexpr,
    EARLY: tl.constexpr,
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
    weight = tl.load(norm_ptr + x, mask=in_v, other=0.0).to(tl.float32)
    if EARLY:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()
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
    at_o = h * V + x
    tl.store(o_ptr + at_o % PLACES * (H * V // PLACES) + at_o // PLACES, o * weight * gate, mask=in_v)


@dataclass(frozen=True)
class Matrix:
    """Weights [rows, columns], plain or packed as in kernels/quantized_linear, with their scales."""

    values: Tensor
    scale: Tensor | None = None

    @property
    def form(self) -> int:
        """How the kernels here read them."""
        forms = {torch.bfloat16: BFLOAT16, torch.int8: INT8, torch.float8_e4m3fn: FP8, torch.uint8: INT4}
        return forms.get(self.values.dtype, FLOATS).value

    @property
    def words(self) -> Tensor:
        """As the kernels here load them: [rows, columns / :attr:`pair`]."""
        return self.values if self.form == FLOATS.value else self.values.view(torch.int32)

    @property
    def pair(self) -> int:
        """Columns a word."""
        return (1, 2, 4, 4, 8)[self.form]

    def times(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """x: [T, columns] -> [T, rows]: many tokens at once."""
        if self.scale is None:
            return F.linear(x, self.values, bias)
        return dispatch.quantized_linear(x, self.values, self.scale, bias)


@dataclass(frozen=True)
class How:
    """How a product is cut: rows a block (two a value with GATED), stored columns a step, warps, programs a
    multiprocessor, and steps asked for before a program may begin."""

    rows: int
    columns: int
    warps: int = 4
    share: int = 2
    ahead: int = 4
    follow: bool = False
    late: int = 0
    evict: bool = False
    regs: int | None = None


TUNED: dict[int, How] = {0: How(4, 512), 1: How(4, 1024), 2: How(8, 512), 3: How(8, 512), 4: How(16, 256)}
PDL = True
# Powers of two as bits, for INT8 with the weights' sign turned. An argument, as an instruction that masks and sets bits
# at once takes only one number from its own words.
POWERS = {INT8.value: 0x43800000 ^ 128 << 15, INT4.value: 0x41800000}


def _early(device: torch.device) -> bool:
    """Whether a kernel may start before the one before it has ended, and wait inside."""
    return PDL and device.type == "cuda" and torch.cuda.get_device_capability(device) >= (9, 0)


def _launch(
    x: Tensor, w: Matrix, y: Tensor, before: int, after: int, *, norm: Tensor | None = None,
    eps: float = 0.0, extra: Tensor | None = None, parts: Tensor | None = None, heads: tuple[int, int] = (1, 0),
    mixing: tuple[Tensor, Tensor, Tensor, Tensor] | None = None, row: Row | None = None, plain: Matrix | None = None,
    spread: bool = False, places: int = 1,
) -> None:  # fmt: skip
    how, words = TUNED[w.form], w.words
    K, more = words.shape[1], 0 if plain is None else len(plain.values)
    N = y.numel() - more
    BN = max(1, how.rows // 2) if after == GATED.value else how.rows
    wide = heads[1] // w.pair or min(how.columns, triton.next_power_of_2(K))
    piece = triton.next_power_of_2(wide)
    BK = max(min(how.columns, triton.next_power_of_2(K)), piece)
    if not heads[1]:
        wide = piece = BK
    weight, tail, a_log, dt_bias = mixing or (x, x, x, x)
    row = row or Row(0, 0, 0)
    early = _early(x.device)
    walkers = min(triton.cdiv(N, BN), how.share * multiprocessors(x.device))
    whole = wide == piece and K * words.itemsize % 16 == 0
    taps = weight.shape[1] if mixing else 2
    gates = w if plain is None else plain
    columns = 0 if plain is None else plain.words.shape[1]
    _product_kernel[(walkers + triton.cdiv(more, 4),)](
        x, words, y, x if norm is None else norm, x if extra is None else extra, x if parts is None else parts,
        x if w.scale is None else w.scale, weight, tail, a_log, dt_bias, x if plain is None else plain.words, eps, N,
        more, walkers, POWERS.get(w.form, 0), K=K, BN=BN, BK=BK, PIECE=piece, WIDE=wide, PAIR=w.pair,
        PARTS=heads[0], H=row.H, C=row.channels, HV=row.H * row.V, TAPS=taps, BT=triton.next_power_of_2(taps),
        GROUP=GROUP // 8, BEFORE=before, AFTER=after, FORM=w.form,
        SCALED=w.scale is not None and w.form != INT4.value, EARLY=early, SPREAD=spread and w.pair > 1, PLACES=places,
        AHEAD=min(how.ahead, 32 * how.warps // how.rows) if early and whole else 0,
        FOLLOW=how.follow and early and whole, LATE=how.late, EVICT=how.evict, BYTES=words.itemsize, THREADS=32 * how.warps,
        PLAIN_COLUMNS=columns, PLAIN_BYTES=gates.words.itemsize,
        PLAIN_STEP=min(1024, triton.next_power_of_2(max(columns, 1))), PLAIN_PAIR=gates.pair, PLAIN_FORM=gates.form,
        num_warps=how.warps, num_stages=1, launch_pdl=early, maxnreg=how.regs,
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
    mixing = (conv, tail, a_log, dt_bias)
    _launch(x, w, y, RMS.value, MIX.value, norm=norm, eps=eps, mixing=mixing, row=row, plain=gates)


def value_blocks(V: int) -> int:
    """Into how many parts :func:`delta_step` cuts a head's value columns."""
    return max(1, int(triton.next_power_of_2(V)) // 32)


def delta_step(
    y: Tensor, row: Row, state: Tensor, norm: Tensor, o: Tensor, parts: Tensor, places: int = 1,
    eps: float = 1e-6,
) -> None:  # fmt: skip
    """The gated delta rule for one token, in place on state [H, K, V] fp32.

    y as from :func:`normed_mix`. Writes o fp32 [H V], times the output norm's weight [V] and the gate but not yet
    divided by its length, and parts fp32 [H, value_blocks(V)], the sums of squares that make up that length.
    """
    BV = triton.next_power_of_2(row.V) // value_blocks(row.V)
    _step_kernel[(value_blocks(row.V), row.H)](
        y, state, norm, o, parts, row.K**-0.5, eps, H=row.H, K=row.K, V=row.V, BK=triton.next_power_of_2(row.K),
        BV=BV, PLACES=places, EARLY=_early(y.device), num_warps=4, launch_pdl=_early(y.device),
    )  # fmt: skip


def add_product(x: Tensor, w: Matrix, stream: Tensor, spread: bool = False) -> None:
    """stream [N] += w [N, K] times x [K]."""
    _launch(x, w, stream, PLAIN.value, ADD.value, extra=stream, spread=spread)


def add_product_of_heads(o: Tensor, parts: Tensor, eps: float, w: Matrix, stream: Tensor) -> None:
    """stream [N] += w times o, each head of o over its root mean square; o and parts from :func:`delta_step`."""
    heads, blocks = parts.shape
    _launch(
        o, w, stream, HEADS.value, ADD.value, eps=eps, extra=stream, parts=parts, heads=(blocks, o.numel() // heads),
        spread=True,
    )


def normed_swiglu(x: Tensor, norm: Tensor, eps: float, w: Matrix, y: Tensor, places: int = 1) -> None:
    """y [I] = SiLU(gate) times value, both of RMSNorm(x [K]); w: [2 I, K], gates first."""
    _launch(x, w, y, RMS.value, GATED.value, norm=norm, eps=eps, places=places)


def empty(n: int, like: Tensor) -> Tensor:
    """Room for fp32 results on the device of ``like``."""
    return torch.empty(n, dtype=torch.float32, device=like.device)
