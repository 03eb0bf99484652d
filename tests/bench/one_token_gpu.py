"""One vector times a matrix on a GPU, at the 4B model's shapes: the kernel in use and one that may replace it.

    python -m tests.bench.one_token_gpu [--kinds bf16,int8,int4,fp8] [--quick]

For each matrix of a decoder layer, in microseconds of a CUDA graph that goes round enough copies of it to defeat the
cache: the kernel in use (``kernels/one_token``), and ``resident`` with its best start parameters: its programs stay,
keep the whole input in registers and walk over the rows. Beside them the time that reading the weights takes at the
bandwidth of a large copy. Answers are compared with each other before anything is timed.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import partial

import torch
import triton
import triton.language as tl
from torch import Tensor

from core.model.floors import bandwidth_of
from kernels.device import multiprocessors
from kernels.one_token import triton as one
from kernels.one_token.triton import BYTE_ZERO, NIBBLE_ZERO, WRITTEN, Matrix
from kernels.quantized_linear.naive import GROUP, Kind, pack

SHAPES = {  # rows, columns, whether gates come first and values after them, whether the input is normalised
    "gate and up": (22016, 2048, True, True),
    "down": (2048, 11008, False, False),
    "queries, keys, values and gate": (12288, 2048, False, True),
    "out": (2048, 4096, False, False),
}
ROUND = 4e8  # bytes of copies that one measurement goes round
Launch = tuple[int, int, int, int]  # rows a step, programs a multiprocessor, warps, stages


@triton.jit
def _whole(w_ptr, scale_ptr, x, odd, n, live, k, in_k, K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
           GROUP: tl.constexpr, BITS: tl.constexpr):  # fmt: skip
    """BN whole rows times x: [BN]. In 4 bits x holds the even columns and ``odd`` the others."""
    at = n.to(tl.int64)[:, None] * K + k[None, :]
    mask = live[:, None] & in_k[None, :]
    if BITS == 4:
        w = tl.load(w_ptr + at, mask=mask, other=136).to(tl.int32)
        low = ((w & 15) | WRITTEN).to(tl.float32, bitcast=True) - NIBBLE_ZERO
        high = ((w >> 4) | WRITTEN).to(tl.float32, bitcast=True) - NIBBLE_ZERO
        sums = tl.sum(tl.reshape(low * x[None, :] + high * odd[None, :], (BN, BK // GROUP, GROUP)), axis=2)
        group = tl.arange(0, BK // GROUP)
        scale_at = n.to(tl.int64)[:, None] * (K // GROUP) + group[None, :]
        scale = tl.load(scale_ptr + scale_at, mask=live[:, None] & (group < K // GROUP)[None, :], other=0.0)
        y = tl.sum(sums * scale.to(tl.float32), axis=1)
    elif BITS == 8:
        w = tl.load(w_ptr + at, mask=mask, other=0).to(tl.uint8, bitcast=True).to(tl.int32) ^ 128
        y = tl.sum(((w | WRITTEN).to(tl.float32, bitcast=True) - BYTE_ZERO) * x[None, :], axis=1)
    else:
        y = tl.sum(tl.load(w_ptr + at, mask=mask, other=0.0).to(tl.float32) * x[None, :], axis=1)
    return y


@triton.jit(do_not_specialize=["blocks"])
def _resident_kernel(
    x_ptr, w_ptr, y_ptr, norm_ptr, scale_ptr, eps, N, blocks,
    K: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, GROUP: tl.constexpr, BITS: tl.constexpr,
    NORMED: tl.constexpr, GATED: tl.constexpr, SCALED: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Rows of w [N, K] (with GATED [2 N, K]) times x, BN at a time; K counts what is stored."""
    PAIR: tl.constexpr = 2 if BITS == 4 else 1
    k = tl.arange(0, BK)
    j = tl.arange(0, PAIR * BK)
    whole = tl.load(x_ptr + j, mask=j < PAIR * K, other=0.0).to(tl.float32)
    if NORMED:
        whole *= tl.rsqrt(tl.sum(whole * whole, axis=0) / (PAIR * K) + eps)
        whole *= tl.load(norm_ptr + j, mask=j < PAIR * K, other=0.0).to(tl.float32)
    if BITS == 4:
        x, odd = tl.split(tl.reshape(whole, (BK, 2)))
    else:
        x = whole
        odd = whole
    for block in tl.range(tl.program_id(0), blocks, tl.num_programs(0), num_stages=STAGES):
        n = block * BN + tl.arange(0, BN)
        live = n < N
        y = _whole(w_ptr, scale_ptr, x, odd, n, live, k, k < K, K, BN, BK, GROUP, BITS)
        if SCALED:
            y *= tl.load(scale_ptr + n, mask=live, other=0.0)
        if GATED:
            value = _whole(w_ptr, scale_ptr, x, odd, n + N, live, k, k < K, K, BN, BK, GROUP, BITS)
            if SCALED:
                value *= tl.load(scale_ptr + n + N, mask=live, other=0.0)
            y = y * tl.sigmoid(y) * value
        tl.store(y_ptr + n, y.to(y_ptr.dtype.element_ty), mask=live)


def resident(x: Tensor, w: Matrix, y: Tensor, norm: Tensor | None, gated: bool, how: Launch) -> None:
    rows, share, warps, stages = how
    N, K, four = y.numel(), w.values.shape[1], w.bits == 4
    blocks = triton.cdiv(N, rows)
    programs = min(blocks, share * multiprocessors(x.device))
    _resident_kernel[(programs,)](
        x, w.values, y, x if norm is None else norm, x if w.scale is None else w.scale, 1e-6, N, blocks,
        K=K, BN=rows, BK=triton.next_power_of_2(K), GROUP=GROUP // 2, BITS=w.bits, NORMED=norm is not None,
        GATED=gated, SCALED=w.scale is not None and not four, STAGES=stages, num_warps=warps,
    )  # fmt: skip


def in_use(x: Tensor, w: Matrix, y: Tensor, norm: Tensor | None, gated: bool) -> None:
    if gated and norm is not None:
        one.normed_swiglu(x, norm, 1e-6, w, y)
    elif norm is not None:
        one.normed_product(x, norm, 1e-6, w, None, y)
    else:
        y.zero_()
        one.add_product(x, w, y)


def seconds(work: Callable[[], None]) -> float:
    """Of one replay of a graph of it; median."""
    work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    times = []
    for _ in range(6):
        begun, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begun.record()
        graph.replay()
        ended.record()
        ended.synchronize()
        times.append(float(begun.elapsed_time(ended)) / 1e3)
    return statistics.median(times[1:])


def launches(columns: int, quick: bool) -> Iterator[Launch]:
    """Worth trying for rows of so many stored columns."""
    for rows, share, warps, stages in itertools.product((2, 4, 8), (2, 4, 8), (4, 8), (2, 3)):
        values = rows * triton.next_power_of_2(columns) // (32 * warps)
        if 16 <= values <= 128 and (not quick or (stages == 2 and share == 4)):
            yield rows, share, warps, stages


def measure(name: str, kind: str, bandwidth: float, quick: bool) -> str:
    N, K, gated, normed = SHAPES[name]
    torch.manual_seed(0)
    weight = torch.randn(N, K, device="cuda")
    packed: Kind | None = None if kind == "bf16" else kind  # type: ignore[assignment]
    stored = Matrix(weight.bfloat16()) if packed is None else Matrix(*pack(weight, packed))
    read = stored.values.nbytes + (0 if stored.scale is None else stored.scale.nbytes)
    copies = [Matrix(stored.values.clone(), stored.scale) for _ in range(max(2, int(ROUND / read)))]
    x = torch.randn(K, device="cuda").bfloat16()
    norm = torch.rand(K, device="cuda").bfloat16() if normed else None
    ours, theirs = (torch.zeros(N // 2 if gated else N, device="cuda") for _ in range(2))
    in_use(x, stored, theirs, norm, gated)

    def each(form: Callable[[Matrix], None]) -> float:
        def round_() -> None:
            for matrix in copies:
                form(matrix)

        try:
            return seconds(round_) / len(copies)
        except (RuntimeError, triton.errors.TritonError):  # too much shared memory, say
            return float("inf")

    tried: list[tuple[float, Launch]] = []
    for how in launches(stored.values.shape[1], quick):
        resident(x, stored, ours, norm, gated, how)
        if float((ours - theirs).norm()) > 1e-3 * float(theirs.norm()):
            return f"| {name} | {kind} | the two kernels differ with {how} |"
        tried.append((each(partial(resident, x, y=ours, norm=norm, gated=gated, how=how)), how))
    new, chosen = min(tried)
    default = one._block(stored, stored.values.shape[1])
    old = each(lambda w: in_use(x, w, theirs, norm, gated))
    floor = read / bandwidth
    return f"| {name} | {kind} | {old * 1e6:.1f} {default} | {new * 1e6:.1f} {chosen} | {floor * 1e6:.1f} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="bf16,int8,int4,fp8")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bandwidth = bandwidth_of(torch.device("cuda"))
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, copy {bandwidth / 1e12:.2f} TB/s")
    parameters = "rows, columns, warps, stages", "rows, programs, warps, stages"
    print("| matrix | weights | in use, us ({}) | resident, us ({}) | floor, us |".format(*parameters))
    print("|---|---|---|---|---|")
    with torch.inference_mode():
        for kind, name in itertools.product(options.kinds.split(","), SHAPES):
            print(measure(name, kind, bandwidth, options.quick), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
