"""One token through a layer on a GPU: products of one vector with a matrix, and the delta rule's step.

At one token a model is bound by reading its weights, so each kernel here reads a matrix once, at full bandwidth, and
does the small things around it on the way: the RMSNorm before, and after it the residual, SwiGLU, or the short
convolution and the gates of a Gated DeltaNet layer. A program owns whole rows of the matrix, so nothing is shared
between programs and everything can be updated in place. Five launches a layer.

Programs stay and walk over the rows, the next rows' weights always under way; all of a kernel fit the chip at once.
A vector that one kernel hands to the next lies by places: first what meets the first weight of every word, and so on,
so that no thread must pass on what it loaded. ``then`` is the matrix whose product comes next.

On Hopper and later a kernel begins while the one before still runs, loads its first weights meanwhile and then waits.
So weights, norms and delta states must not have been written by the kernel right before.

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
from kernels.one_token.product import (
    ADD,
    BFLOAT16,
    BIAS,
    CHUNK,
    FLOATS,
    FP8,
    GATED,
    HEADS,
    INT4,
    INT8,
    MIX,
    PLAIN,
    RMS,
    STORE,
    product_kernel,
)
from kernels.quantized_linear.naive import GROUP
from kernels.short_conv.triton import Row


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
        form: int = forms.get(self.values.dtype, FLOATS).value
        return form

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
class Launch:
    """How a product is cut: rows a block (two a value with GATED), words a step, programs a multiprocessor and warps
    a program. As measured, see tests/bench/RESULTS.md."""

    rows: int
    words: int
    share: int
    warps: int = 4


LAUNCHES: dict[int | tuple[int, str], Launch] = {  # by form of the weights, or by form and product
    FLOATS.value: Launch(4, 512, 4),
    BFLOAT16.value: Launch(4, 1024, 4),
    (BFLOAT16.value, "swiglu"): Launch(4, 1024, 6),
    INT8.value: Launch(4, 512, 5),
    (INT8.value, "swiglu"): Launch(4, 512, 8),
    (INT8.value, "head"): Launch(8, 512, 4),
    FP8.value: Launch(4, 512, 5),
    (FP8.value, "swiglu"): Launch(4, 512, 8),
    INT4.value: Launch(8, 512, 4),
    (INT4.value, "add"): Launch(4, 512, 4),
}
REGISTERS = 65536  # of a multiprocessor, on every card since Kepler
# Powers of two as bits, for INT8 with the weights' sign turned. An argument, as an instruction that masks and sets
# bits at once takes only one number from its own words.
POWERS = {INT8.value: 0x43800000 ^ 128 << 15, INT4.value: 0x41800000}


def launch_of(form: int, part: str) -> Launch:
    """How this product is cut with weights of this form."""
    return LAUNCHES.get((form, part)) or LAUNCHES[form]


def starts_early(form: int, device: torch.device) -> bool:
    """Whether a kernel begins while the one before it still runs, and waits inside: from Hopper on, but not in fp32,
    which is for comparison."""
    return form != FLOATS.value and device.type == "cuda" and torch.cuda.get_device_capability(device) >= (9, 0)


def registers(form: int, how: Launch, device: torch.device) -> dict[str, int]:
    """So many a thread that all programs run at once: one that had to wait for another's end would end last."""
    if form == FLOATS.value or device.type != "cuda":
        return {}
    return {"maxnreg": min(255, REGISTERS // (how.share * 32 * how.warps) // 8 * 8)}


def _launch(
    part: str, x: Tensor, w: Matrix, y: Tensor, before: int, after: int, *, norm: Tensor | None = None,
    eps: float = 0.0, extra: Tensor | None = None, parts: Tensor | None = None, heads: tuple[int, int] = (1, 0),
    mixing: tuple[Tensor, Tensor, Tensor, Tensor] | None = None, row: Row | None = None, plain: Matrix | None = None,
    spread: bool = False, places: int = 1,
) -> None:  # fmt: skip
    how, words = launch_of(w.form, part), w.words
    K, more = words.shape[1], 0 if plain is None else len(plain.values)
    N = y.numel() - more
    BN = max(1, how.rows // 2) if after == GATED.value else how.rows
    BK = max(CHUNK.value, min(how.words, triton.next_power_of_2(K)))
    wide = heads[1] // w.pair or BK  # with heads: words a head
    piece = max(CHUNK.value, triton.next_power_of_2(wide))
    BK = max(BK, piece)
    weight, tail, a_log, dt_bias = mixing or (x, x, x, x)
    row, taps = row or Row(0, 0, 0), weight.shape[1] if mixing else 2
    blocks = triton.cdiv(N, BN)
    others = triton.cdiv(more, how.warps)
    walkers = max(1, min(blocks, how.share * multiprocessors(x.device) - others))
    early = starts_early(w.form, x.device)
    second, columns = (w, 0) if plain is None else (plain, plain.words.shape[1])
    product_kernel[(walkers + others,)](
        x, words, y, x if norm is None else norm, x if extra is None else extra, x if parts is None else parts,
        x if w.scale is None else w.scale, weight, tail, a_log, dt_bias, second.words, eps, N, more, walkers,
        POWERS.get(w.form, 0), K=K, BN=BN, BK=BK, PIECE=piece, WIDE=wide, PAIR=w.pair, PARTS=heads[0], H=row.H,
        C=row.channels, HV=row.H * row.V, TAPS=taps, BT=triton.next_power_of_2(taps),
        OWN=triton.next_power_of_2(triton.cdiv(blocks, walkers) * BN) if mixing else 1, GROUP=GROUP // 8,
        BEFORE=before, AFTER=after, FORM=w.form, SCALED=w.scale is not None and w.form != INT4.value, EARLY=early,
        SPREAD=spread and w.pair > 1, PLACES=places, PLAIN_COLUMNS=columns,
        PLAIN_STEP=min(1024, max(CHUNK.value, triton.next_power_of_2(max(columns, 1)))), PLAIN_PAIR=second.pair,
        PLAIN_FORM=second.form, PLAIN_BN=how.warps, num_warps=how.warps, num_stages=1, launch_pdl=early,
        **registers(w.form, how, x.device),
    )  # fmt: skip


def normed_product(x: Tensor, norm: Tensor, eps: float, w: Matrix, bias: Tensor | None, y: Tensor) -> None:
    """y [N] = w [N, K] times RMSNorm(x [K]), plus the bias: queries, keys and values; or without one: the head."""
    part, after = ("head", STORE.value) if bias is None else ("normed", BIAS.value)
    _launch(part, x, w, y, RMS.value, after, norm=norm, eps=eps, extra=bias)


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
    _launch("mix", x, w, y, RMS.value, MIX.value, norm=norm, eps=eps, mixing=mixing, row=row, plain=gates)


def value_blocks(V: int) -> int:
    """Into how many parts :func:`delta_step` cuts a head's value columns."""
    return max(1, int(triton.next_power_of_2(V)) // 32)


def delta_step(
    y: Tensor, row: Row, state: Tensor, norm: Tensor, o: Tensor, parts: Tensor, then: Matrix, eps: float = 1e-6
) -> None:  # fmt: skip
    """The gated delta rule for one token, in place on state [H, K, V] fp32.

    y as from :func:`normed_mix`. Writes o fp32 [H V], times the output norm's weight [V] and the gate but not yet
    divided by its length, and parts fp32 [H, value_blocks(V)], the sums of squares that make up that length. o lies
    as :func:`add_product_of_heads` takes it with the matrix ``then``.
    """
    early = starts_early(then.form, y.device)
    BV = triton.next_power_of_2(row.V) // value_blocks(row.V)
    _step_kernel[(value_blocks(row.V), row.H)](
        y, state, norm, o, parts, row.K**-0.5, eps, H=row.H, K=row.K, V=row.V, BK=triton.next_power_of_2(row.K),
        BV=BV, PLACES=then.pair, EARLY=early, num_warps=4, launch_pdl=early,
    )  # fmt: skip


def add_product(x: Tensor, w: Matrix, stream: Tensor, spread: bool = False) -> None:
    """stream [N] += w [N, K] times x [K]. ``spread``: x lies by places, as :func:`normed_swiglu` writes it."""
    _launch("add", x, w, stream, PLAIN.value, ADD.value, extra=stream, spread=spread)


def add_product_of_heads(o: Tensor, parts: Tensor, eps: float, w: Matrix, stream: Tensor) -> None:
    """stream [N] += w times o, each head of o over its root mean square; o and parts from :func:`delta_step`."""
    heads, blocks = parts.shape
    _launch(
        "heads", o, w, stream, HEADS.value, ADD.value, eps=eps, extra=stream, parts=parts,
        heads=(blocks, o.numel() // heads), spread=True,
    )  # fmt: skip


def normed_swiglu(x: Tensor, norm: Tensor, eps: float, w: Matrix, y: Tensor, then: Matrix) -> None:
    """y [I] = SiLU(gate) times value, both of RMSNorm(x [K]); w: [2 I, K], gates first.

    y fp32, as :func:`add_product` takes it, spread, with the matrix ``then``.
    """
    _launch("swiglu", x, w, y, RMS.value, GATED.value, norm=norm, eps=eps, places=then.pair)


def empty(n: int, like: Tensor) -> Tensor:
    """Room for fp32 results on the device of ``like``."""
    return torch.empty(n, dtype=torch.float32, device=like.device)
