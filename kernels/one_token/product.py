"""The kernel of one token's products on a GPU: how words of weights become numbers, and programs that walk over rows.

See ``triton.py``, which launches it.
"""

import triton
import triton.language as tl

# what comes before the product ...
PLAIN, RMS, HEADS = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
# ... and after it
STORE, BIAS, ADD, GATED, MIX = (tl.constexpr(number) for number in range(5))


# How weights are stored. Any but FLOATS are loaded as words of 32 bits, so that a register holds what was loaded.
FLOATS, BFLOAT16, INT8, FP8, INT4 = (tl.constexpr(number) for number in range(5))
CHUNK = tl.constexpr(4)  # words that a thread loads at once, and adds up before it keeps anything

# A small whole number becomes a float by writing it into the upper end of a power of two's fraction: two quick
# instructions, where a conversion takes a quarter of the rate. So INT8's and INT4's weights are read as the weight
# plus this, and this times the sum of x is taken off again.
# Of four bits, one shift serves two weights: the second lies below the first and counts a sixteenth, for which the
# vector makes up. That costs a few bits of the sum's precision: 1e-5 of it instead of 1e-6.
INT8_TOO_MUCH, INT4_TOO_MUCH = tl.constexpr(256.0 + 128.0), tl.constexpr(16.0 + 8.0)
INT4_BELOW, INT4_BELOW_TOO_MUCH = tl.constexpr(16.0), tl.constexpr(16.0 + 8.0 / 16.0)
# FP8's bits at their places in a float of 32 bits are 2^-120 times the value, subnormal ones too. The vector carries
# half of that, which keeps the products where floats are normal; the sum gets the other half.
FP8_HALF = tl.constexpr(2.0**60)


@triton.jit
def _to_fraction(word, at: tl.constexpr):
    """Four bits of each word at the upper end of a float's fraction, and the four before them below."""
    return word << (19 - 4 * at) if at < 5 else word >> (4 * at - 19)


@triton.jit
def _value(word, power, at: tl.constexpr, FORM: tl.constexpr):
    """The weight at this place of each word, as a float; see above."""
    if FORM == BFLOAT16:
        bits = (word << 16) if at == 0 else (word & -65536)
    elif FORM == INT8:
        bits = (((word >> 8 * at) & 255) << 15) ^ power
    elif FORM == FP8:
        bits = ((word << (24 - 8 * at)) >> 4) & -2014314496  # the sign, and below it seven bits: 0x87F00000
    elif at % 2 == 1:
        bits = (_to_fraction(word, at) & 0x780000) | power
    else:
        bits = (_to_fraction(word, at + 1) & 0x78000) | power
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
    WIDE: tl.constexpr, GROUP: tl.constexpr, AFTER: tl.constexpr, FORM: tl.constexpr,
):  # fmt: skip
    """A block's words of weights at one step: [rows, BK]; in 4 bits also their scales [rows, BK / GROUP], or, where
    heads share groups, one a chunk."""
    ROWS: tl.constexpr = 2 * BN if AFTER == GATED else BN
    n, row = _rows(block, tl.arange(0, ROWS), N, BN, AFTER)
    i = tl.arange(0, BK)
    k = (step * (BK // PIECE) + i // PIECE) * WIDE + i % PIECE
    live = n < N
    in_k = (i % PIECE < WIDE) & (k < K)
    w = tl.load(
        w_ptr + row.to(tl.int64)[:, None] * K + k[None, :],
        mask=live[:, None] & in_k[None, :],
        other=0,
        eviction_policy="evict_first",
    )
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
def _columns(step, K: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr):
    """Of the vector at one step: which columns, and whether they exist."""
    i = tl.arange(0, BK)
    j = (step * (BK // PIECE) + i // PIECE) * WIDE + i % PIECE
    return j, (i % PIECE < WIDE) & (j < K)


@triton.jit
def _places(x, BK: tl.constexpr, PAIR: tl.constexpr):
    """The columns [PAIR BK] of a vector by their places in a word: eight of [BK], the last of which may be spare."""
    if PAIR == 1:
        x0, x1, x2, x3, x4, x5, x6, x7 = x, x, x, x, x, x, x, x
    elif PAIR == 2:
        x0, x1 = _halves(x, 2 * BK)
        x2, x3, x4, x5, x6, x7 = x0, x0, x0, x0, x0, x0
    elif PAIR == 4:
        x02, x13 = _halves(x, 4 * BK)
        x0, x2 = _halves(x02, 2 * BK)
        x1, x3 = _halves(x13, 2 * BK)
        x4, x5, x6, x7 = x0, x0, x0, x0
    else:
        even, odd = _halves(x, 8 * BK)
        x04, x26 = _halves(even, 4 * BK)
        x15, x37 = _halves(odd, 4 * BK)
        x0, x4 = _halves(x04, 2 * BK)
        x2, x6 = _halves(x26, 2 * BK)
        x1, x5 = _halves(x15, 2 * BK)
        x3, x7 = _halves(x37, 2 * BK)
        x0, x2, x4, x6 = x0 * INT4_BELOW, x2 * INT4_BELOW, x4 * INT4_BELOW, x6 * INT4_BELOW
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
        x0, x2, x4, x6 = x0 * INT4_BELOW, x2 * INT4_BELOW, x4 * INT4_BELOW, x6 * INT4_BELOW
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
        if FORM == INT8:
            total *= INT8_TOO_MUCH
    if FORM == INT4:
        each += _value(w, power, 4, FORM) * x4[None, :]
        each += _value(w, power, 5, FORM) * x5[None, :]
        each += _value(w, power, 6, FORM) * x6[None, :]
        each += _value(w, power, 7, FORM) * x7[None, :]
        total = (x1 + x3 + x5 + x7) * INT4_TOO_MUCH + (x0 + x2 + x4 + x6) * INT4_BELOW_TOO_MUCH
    products = tl.sum(tl.reshape(each, (ROWS, BK // CHUNK, CHUNK)), axis=2)
    if (FORM == INT8) | (FORM == INT4):
        totals = tl.sum(tl.reshape(total, (BK // CHUNK, CHUNK)), axis=1)
        products -= totals[None, :]
    if FORM == INT4:
        EACH: tl.constexpr = BK // CHUNK // scale.shape[1]
        scaled = tl.reshape(products, (ROWS, BK // CHUNK // EACH, EACH)) * scale.to(tl.float32)[:, :, None]
        products = tl.reshape(scaled, (ROWS, BK // CHUNK))
    return products


@triton.jit
def _mix(
    y_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr, N, first, begin, stride, H, C, HV, BN: tl.constexpr,
    TAPS: tl.constexpr, BT: tl.constexpr, OWN: tl.constexpr,
):  # fmt: skip
    """What the program's own rows of products become, all at once, a thread each: channels are convolved and go
    through SiLU, gates through SiLU, and the last ones become decays and strengths of writing. The tail moves on."""
    r = tl.arange(0, OWN)
    n = (begin + r // BN * stride) * BN + r % BN
    live = n < N
    c = n + first  # in the whole row
    channel = live & (c < C)
    h = c - C - HV
    in_a = live & (h >= 0) & (h < H)
    dt = tl.load(dt_ptr + h, mask=in_a, other=0.0).to(tl.float32)
    rate = tl.exp(tl.load(a_log_ptr + h, mask=in_a, other=0.0).to(tl.float32))
    tap = tl.arange(0, BT)[None, :]
    mask = channel[:, None] & (tap < TAPS)
    taps = tl.load(weight_ptr + c[:, None] * TAPS + tap, mask=mask, other=0.0).to(tl.float32)
    old = tl.load(tail_ptr + tap * C + c[:, None], mask=mask & (tap < TAPS - 1), other=0.0).to(tl.float32)
    y = tl.load(y_ptr + n, mask=live, other=0.0)
    now = tl.where(tap < TAPS - 1, old, y[:, None])
    conv = tl.sum(now * taps, axis=1)
    # A tail's value lies on several threads: none may write before all have read.
    tl.debug_barrier()
    to = tail_ptr + (tap - 1) * C + c[:, None]
    tl.store(to, now.to(tail_ptr.dtype.element_ty), mask=mask & (tap > 0))
    swish = tl.where(c < C, conv, y)
    swish *= tl.sigmoid(swish)
    a = y + dt
    decay = -rate * (tl.maximum(a, 0.0) + tl.log(1.0 + tl.exp(-tl.abs(a))))
    y = tl.where(h < 0, swish, tl.where(h < H, decay, tl.sigmoid(y)))
    tl.store(y_ptr + n, y, mask=live)


@triton.jit
def _walk(  # noqa: C901 - nearly all choices are the compiler's
    x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr,
    eps, N, first, begin, stride, power,
    K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr,
    PAIR: tl.constexpr, PARTS: tl.constexpr, H: tl.constexpr, C: tl.constexpr, HV: tl.constexpr,
    TAPS: tl.constexpr, BT: tl.constexpr, OWN: tl.constexpr, GROUP: tl.constexpr, BEFORE: tl.constexpr,
    AFTER: tl.constexpr, FORM: tl.constexpr, SCALED: tl.constexpr, EARLY: tl.constexpr, SPREAD: tl.constexpr,
    PLACES: tl.constexpr,
):  # fmt: skip
    """Blocks ``begin``, ``begin + stride``, ... of BN values each."""
    ROWS: tl.constexpr = 2 * BN if AFTER == GATED else BN
    STEPS: tl.constexpr = (K + BK // PIECE * WIDE - 1) // (BK // PIECE * WIDE)
    WIDTH: tl.constexpr = BK // CHUNK
    w, group_scale = _weights(w_ptr, scale_ptr, begin, 0, N, K, BN, BK, PIECE, WIDE, GROUP, AFTER, FORM)
    j, in_j = _columns(0, PAIR * K, PAIR * BK, PAIR * PIECE, PAIR * WIDE)
    squares = tl.zeros((PAIR * BK,), tl.float32)
    if BEFORE == RMS:
        weight = tl.load(norm_ptr + j, mask=in_j, other=0.0)
    if EARLY:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()
    if SPREAD:
        x0, x1, x2, x3, x4, x5, x6, x7 = _spread(x_ptr, 0, K, BK, PIECE, WIDE, PAIR, FORM)
    elif STEPS == 1:
        x = tl.load(x_ptr + j, mask=in_j, other=0.0).to(tl.float32)
        if BEFORE == RMS:
            squares = x * x
            x *= weight.to(tl.float32)
        if FORM == FP8:
            x *= FP8_HALF
        x0, x1, x2, x3, x4, x5, x6, x7 = _places(x, BK, PAIR)
    for block in tl.range(begin, (N + BN - 1) // BN, stride):
        n = block * BN + tl.arange(0, BN)
        live = n < N
        if SCALED:
            _, row = _rows(block, tl.arange(0, ROWS), N, BN, AFTER)
            row_scale = tl.load(scale_ptr + row, mask=row < (2 * N if AFTER == GATED else N), other=0.0)
        if (AFTER == BIAS) | (AFTER == ADD):
            extra = tl.load(extra_ptr + n, mask=live, other=0.0)
        acc = tl.zeros((ROWS, WIDTH), tl.float32)
        for step in tl.range(0, STEPS):
            last = step + 1 == STEPS
            next_w, next_scale = _weights(
                w_ptr, scale_ptr, tl.where(last, block + stride, block), tl.where(last, 0, step + 1), N, K, BN, BK,
                PIECE, WIDE, GROUP, AFTER, FORM,
            )  # fmt: skip
            if STEPS > 1:
                if SPREAD:
                    n0, n1, n2, n3, n4, n5, n6, n7 = _spread(
                        x_ptr, tl.where(last, 0, step + 1), K, BK, PIECE, WIDE, PAIR, FORM
                    )
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
            if (STEPS > 1) & SPREAD:
                x0, x1, x2, x3, x4, x5, x6, x7 = n0, n1, n2, n3, n4, n5, n6, n7
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
        to = n % PLACES * (N // PLACES) + n // PLACES
        tl.store(y_ptr + to, y.to(y_ptr.dtype.element_ty), mask=live)
    if AFTER == MIX:
        tl.debug_barrier()  # what one thread wrote another reads
        _mix(y_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr, N, first, begin, stride, H, C, HV, BN, TAPS, BT, OWN)


@triton.jit
def product_kernel(
    x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr,
    plain_ptr, eps, N, plain_rows, walkers, power,
    K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PIECE: tl.constexpr, WIDE: tl.constexpr,
    PAIR: tl.constexpr, PARTS: tl.constexpr, H: tl.constexpr, C: tl.constexpr, HV: tl.constexpr,
    TAPS: tl.constexpr, BT: tl.constexpr, OWN: tl.constexpr, GROUP: tl.constexpr, BEFORE: tl.constexpr,
    AFTER: tl.constexpr, FORM: tl.constexpr, SCALED: tl.constexpr, EARLY: tl.constexpr, SPREAD: tl.constexpr,
    PLACES: tl.constexpr, PLAIN_COLUMNS: tl.constexpr, PLAIN_STEP: tl.constexpr, PLAIN_PAIR: tl.constexpr,
    PLAIN_FORM: tl.constexpr, PLAIN_BN: tl.constexpr,
):  # fmt: skip
    """The matrix [N, K] times x. With GATED the matrix is [2 N, K], gates first.

    ``walkers`` programs share the rows, BN at a time, OWN at the most, and keep the vector where one step holds all
    of it. K, BK, PIECE and WIDE count words of PAIR columns. SCALED: a scale a row. ``extra`` is the bias or the
    residual; ``parts`` the partial sums of squares of each head of x (HEADS: a step is BK / PIECE heads of WIDE
    words). With MIX there may be ``plain_rows`` more in ``plain``, unpacked (PLAIN_COLUMNS > 0), which the first
    programs take.

    SPREAD: x lies by places, as a word has them: all columns 0, PAIR, 2 PAIR ... first. PLACES: so does y.
    EARLY: begins while the kernel before still runs; up to gdc_wait() only what that does not write may be read.
    """
    program = tl.program_id(0)
    others = tl.num_programs(0) - walkers
    if PLAIN_COLUMNS > 0:
        if program < others:
            _walk(
                x_ptr, plain_ptr, y_ptr + N, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr,
                a_log_ptr, dt_ptr, eps, plain_rows, N, program, others, power, PLAIN_COLUMNS, PLAIN_BN, PLAIN_STEP,
                PLAIN_STEP, PLAIN_STEP, PLAIN_PAIR, PARTS, H, C, HV, TAPS, BT, PLAIN_BN, GROUP, BEFORE, AFTER,
                PLAIN_FORM, False, EARLY, False, 1,
            )  # fmt: skip
        else:
            _walk(
                x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr,
                dt_ptr, eps, N, 0, program - others, walkers, power, K, BN, BK, PIECE, WIDE, PAIR, PARTS, H, C, HV,
                TAPS, BT, OWN, GROUP, BEFORE, AFTER, FORM, SCALED, EARLY, SPREAD, PLACES,
            )  # fmt: skip
    else:
        _walk(
            x_ptr, w_ptr, y_ptr, norm_ptr, extra_ptr, parts_ptr, scale_ptr, weight_ptr, tail_ptr, a_log_ptr, dt_ptr,
            eps, N, 0, program - others, walkers, power, K, BN, BK, PIECE, WIDE, PAIR, PARTS, H, C, HV, TAPS, BT, OWN,
            GROUP, BEFORE, AFTER, FORM, SCALED, EARLY, SPREAD, PLACES,
        )  # fmt: skip
