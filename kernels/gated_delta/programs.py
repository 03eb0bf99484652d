"""The Triton kernels of the gated delta rule: chunks solved, scanned forward and backward, and tokens one by one.

See ``triton.py``, which launches them and tells the formulas. Loop bounds are run-time values, never specialised
(T = 1 would become a constant): with Triton 3.6 on Hopper, loops known to run once were inlined into code that reads
outside its memory in some shapes.
"""

import triton
import triton.language as tl


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
def solve_kernel(
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
def scan_kernel(
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
def scan_backward_kernel(
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
def chunk_backward_kernel(
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
def recurrent_kernel(
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
