"""Speed of the gated delta rule's Triton kernels on the present GPU; run by hand.

    python -m tests.bench.gated_delta_gpu [--sweep] [--json FILE] [--prepare I/N]

Times are medians of graph replays where launches would hide the kernels, of plain calls for the backward pass.
``--sweep`` tries start parameters (value block, warps, stages); ``--prepare I/N`` only compiles every N-th of those,
so that several processes can fill Triton's cache before the sweep. Where fla-core is installed its chunked forward is
timed beside ours. Errors against float64 are printed as ours/plain PyTorch's in the same precision. The floor counts
each input read and each output written once, at this machine's copy bandwidth.
"""

import argparse
import importlib.util
import itertools
import json
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import triton
from torch import Tensor
from triton.testing import do_bench, do_bench_cudagraph

from kernels.gated_delta import triton as ours
from tests.kernels.gated_delta_cases import Case, errors

SHAPES = {  # B, T, H, K, V
    "nano, training": (8, 4096, 6, 64, 128),
    "4B, one token": (1, 1, 16, 128, 256),
    "4B, 256 tokens": (1, 256, 16, 128, 256),
    "4B, 2640 tokens": (1, 2640, 16, 128, 256),
}


def draw(B: int, T: int, H: int, K: int, V: int) -> list[Tensor]:
    q, k = (F.normalize(torch.randn(B, T, H, K, device="cuda"), dim=-1).bfloat16() for _ in range(2))
    v = torch.randn(B, T, H, V, device="cuda").bfloat16()
    g = -0.1 * torch.rand(B, T, H, device="cuda")
    beta = torch.rand(B, T, H, device="cuda")
    return [q, k, v, g, beta, torch.randn(B, H, K, V, device="cuda")]


def bandwidth() -> float:
    """Bytes a second of a large copy on the device, reads and writes counted."""
    source = torch.randint(0, 255, (2**31,), dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / (plain(lambda: target.copy_(source)) / 1e3)


def graphed(call: Callable[[], object]) -> float:
    return float(do_bench_cudagraph(call, rep=20, return_mode="median"))


def plain(call: Callable[[], object]) -> float:
    return float(do_bench(call, warmup=10, rep=40, return_mode="median"))


def backward_call(inputs: list[Tensor]) -> Callable[[], object]:
    """The backward pass alone, as a call that can be repeated."""
    q, k, v, g, beta, state = inputs
    o, new_state, saved = ours._forward(q, k, v, g, beta, state, 0.125, keep=True)
    context = types.SimpleNamespace(
        saved_tensors=(q, k, v, beta, *saved), scale=0.125, has_state=True, g_dtype=torch.float32
    )
    do, dstate = torch.randn_like(o), torch.randn_like(new_state)
    return lambda: ours._backward(context, do, dstate)


def measure(shape: tuple[int, int, int, int, int], speed: float) -> dict[str, float]:
    T = shape[1]
    inputs = draw(*shape)
    q, k, v, g, beta, state = inputs
    traffic = sum(x.nbytes for x in inputs) + v.nbytes + state.nbytes
    found = {"forward_floor_ms": traffic / speed * 1e3}
    with torch.no_grad():
        found["forward_ms"] = graphed(lambda: ours.gated_delta(q, k, v, g, beta, state, 0.125))
        found["forward_ungraphed_ms"] = plain(lambda: ours.gated_delta(q, k, v, g, beta, state, 0.125))
        if T > ours.FEW:
            found["forward_kept_ms"] = graphed(lambda: ours._forward(q, k, v, g, beta, state, 0.125, keep=True))
            found["backward_ms"] = plain(backward_call(inputs))
    if importlib.util.find_spec("fla") is not None:
        from fla.ops.gated_delta_rule import chunk_gated_delta_rule, fused_recurrent_gated_delta_rule

        other = chunk_gated_delta_rule if T > ours.FEW else fused_recurrent_gated_delta_rule
        with torch.no_grad():
            call = partial(other, q, k, v, g=g, beta=beta, scale=0.125, initial_state=state, output_final_state=True)
            o, end = call()
            mine, my_end = ours.gated_delta(q, k, v, g, beta, state, 0.125)
            found["fla_forward_ms"] = plain(call)
            found["fla_forward_graphed_ms"] = graphed(call)
            found["difference_from_fla"] = float((o.float() - mine.float()).norm() / mine.float().norm())
            found["state_difference_from_fla"] = float((end - my_end).norm() / my_end.norm())
    return found


def sweep(prepare: tuple[int, int] | None) -> list[dict[str, Any]]:
    """Every start parameter of every kernel, at nano's training shape and at the 4B's frame."""
    usual = ours.launch
    rows: list[dict[str, Any]] = []
    grid = itertools.product(
        ("scan", "scan_backward", "chunk_backward"),
        ("nano, training", "4B, 256 tokens"),
        (16, 32, 64, 128),
        (4, 8),
        (1, 2, 3),
    )
    for index, (changed, name, block, warps, stages) in enumerate(grid):
        if prepare is not None and index % prepare[1] != prepare[0]:
            continue
        if "4B" in name and (changed != "scan" or block == 128):
            continue
        inputs = draw(*SHAPES[name])

        def chosen(kernel: str, heads: int, V: int, wide: bool) -> ours.Launch:
            return ours.Launch(block, warps, stages) if kernel == changed else usual(kernel, heads, V, wide)  # noqa: B023

        ours.launch = chosen
        row: dict[str, Any] = {"kernel": changed, "shape": name, "block": block, "warps": warps, "stages": stages}
        try:
            if changed == "scan":
                q, k, v, g, beta, state = inputs
                call: Callable[[], object] = partial(
                    ours._forward, q, k, v, g, beta, state, 0.125, keep="nano" in name
                )
            else:
                call = backward_call(inputs)
            call()
            torch.cuda.synchronize()
            if prepare is None:
                row["ms"] = graphed(call)
        except triton.runtime.errors.OutOfResources as trouble:
            row["failed"] = str(trouble)[:80]
        finally:
            ours.launch = usual
        rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--prepare")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    if options.prepare:
        part, parts = options.prepare.split("/")
        sweep((int(part), int(parts)))
        return 0
    report: dict[str, Any] = {
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "triton": triton.__version__,
        "bandwidth_TB_s": bandwidth() / 1e12,
    }
    print(json.dumps(report))
    report["shapes"] = {name: measure(shape, report["bandwidth_TB_s"] * 1e12) for name, shape in SHAPES.items()}
    for name, found in report["shapes"].items():
        print(name, {key: float(f"{value:.3g}") for key, value in found.items()}, flush=True)
    cases = [
        Case(2, 512, 6, 64, 128, dtype, decay)
        for dtype in (torch.bfloat16, torch.float32)
        for decay in (0.02, 1.0, 30.0)
    ] + [
        Case(1, 300, 3, 128, 256, torch.bfloat16, 0.1),
        Case(1, 256, 2, 64, 128, torch.bfloat16, 0.0, same_keys=True),
    ]
    report["errors"] = {}
    for case in cases:
        found, plain_pytorch = errors(ours.gated_delta, case, "cuda")
        report["errors"][str(case)] = {"ours": found, "plain": plain_pytorch}
        print(case, " ".join(f"{name} {found[name]:.1e}/{plain_pytorch[name]:.1e}" for name in found), flush=True)
    if options.sweep:
        report["sweep"] = sweep(None)
        for row in sorted(report["sweep"], key=lambda row: (row["kernel"], row["shape"], row.get("ms", 1e9))):
            print(" ".join(f"{value:.4f}" if isinstance(value, float) else str(value) for value in row.values()))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
