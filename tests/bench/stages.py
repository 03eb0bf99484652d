"""Every training stage on this machine, a few steps each: does it learn, does going on equal not stopping, how fast.

    python -m tests.bench.stages [--size study] [--steps 12] [--device cuda] [--compile] [--json FILE]

Teacher, layers, logits, sft and long_sft (with adapters, rows carried in chunks), each from what the one before it
left, by the commands' own code. A second run goes on from the checkpoint in the middle; its losses must be the first
run's up to ``TOLERANCE``: kernels on a GPU add in no fixed order, and a step multiplies the difference. Exit code 1
where a stage fails. Prints tokens a second (median of the steps after the first two) and the most memory held.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.training import distil, long_sft, sft, teacher
from core.training.curves import read_points
from core.training.folders import BUILT_IN
from core.training.nano import LAYERS

TOLERANCE = 0.01  # relative, of a loss after going on; 0 on a CPU


@dataclass(frozen=True)
class Stage:
    call: Callable[[list[str]], int]
    given: tuple[str, ...]  # {STAGE}: the model that stage left
    long: bool = False  # one long row instead of many short ones


STAGES = {
    "teacher": Stage(teacher.main, ("--size", "{size}", "{tower}", "--rate", "1e-3")),
    "layers": Stage(distil.main, ("layers", "--teacher", "{teacher}", "--window", "512", "--rate", "1e-3")),
    "logits": Stage(distil.main, ("logits", "--teacher", "{teacher}", "--model", "{layers}", "--rate", "5e-4")),
    "sft": Stage(sft.main, ("--model", "{logits}", "--rate", "5e-4", "--accumulate", "2", "--checkpointing")),
    "long_sft": Stage(long_sft.main, ("--model", "{sft}", "--rate", "5e-4", "--furthest", "64"), long=True),
}


def arguments(name: str, out: Path, root: Path, options: argparse.Namespace) -> list[str]:
    stage = STAGES[name]
    folders = {each: str(root / each / "model") for each in STAGES}
    given = [part.format(**folders, size=options.size, tower="--tower") for part in stage.given]
    if "--tower" in given:
        at = given.index("--tower") + 1
        given[at:at] = [str(BUILT_IN), "--train", "decoder"]
        if options.size == "smoke":  # whose tower is smaller than the one that ships
            del given[at - 1 : at + 3]
    rows, length = (1, options.long) if stage.long else (options.rows, options.length)
    data = "drawn:frames=0.5,text=0.5" if stage.long else "drawn:reading=0.4,frames=0.2,text=0.4"
    more = ["--chunk", str(max(1, options.long // 8))] if stage.long else []
    return [
        *given, *more, "--data", data, "--rows", str(rows), "--length", str(length), "--steps", str(options.steps),
        "--save-every", str(options.steps // 2), "--log-every", "1", "--workers", str(options.workers),
        "--device", options.device, "--out", str(out), *(["--compile"] if options.compile else []),
    ]  # fmt: skip


def run(name: str, command: list[str]) -> None:
    said = io.StringIO()
    with redirect_stdout(said):
        code = STAGES[name].call(command)
    if code:
        raise RuntimeError(f"{name}: {said.getvalue()}")


def measure(name: str, root: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One stage to its end, and once more from its middle; raises RuntimeError where it fails."""
    began = time.monotonic()
    straight, again = root / name, root / f"{name}-again"
    if options.device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
    run(name, arguments(name, straight, root, options))
    half = options.steps // 2
    middle = f"step-{half:08d}"
    shutil.copytree(straight / "checkpoints" / middle, again / "checkpoints" / middle)
    shutil.copy(straight / "run.json", again)
    run(name, [*arguments(name, again, root, options), "--resume"])
    points, later = read_points(straight), read_points(again)
    losses = [point["loss"] for point in points]
    apart = max(abs(a["loss"] / b["loss"] - 1) for a, b in zip(later, points[half:], strict=True))
    third = max(1, len(losses) // 3)
    return {
        "stage": name, "losses": losses, "apart": apart, "seconds": time.monotonic() - began,
        "falls": statistics.mean(losses[-third:]) < statistics.mean(losses[:third]),
        "finite": all(map(math.isfinite, losses)),
        "tokens_per_second": statistics.median(point["tokens_per_second"] for point in points[2:]),
        "gib": max(point["memory_gib"] for point in points),
    }  # fmt: skip


def main() -> int:
    on_gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stages", description=__doc__)
    parser.add_argument("--size", choices=tuple(LAYERS), default="study" if on_gpu else "smoke")
    parser.add_argument(
        "--stages", nargs="+", choices=tuple(STAGES), default=list(STAGES), help="the first few, in order"
    )
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--length", type=int, default=2048 if on_gpu else 300)
    parser.add_argument("--long", type=int, default=32768 if on_gpu else 1200, help="tokens of long_sft's row")
    parser.add_argument("--workers", type=int, default=6 if on_gpu else 0)
    parser.add_argument("--compile", action="store_true", help="with the layers fused")
    parser.add_argument("--device", default="cuda" if on_gpu else "cpu")
    parser.add_argument("--json", type=Path, help="where to keep the figures, one line a stage")
    options = parser.parse_args()
    tolerance = TOLERANCE if options.device.startswith("cuda") else 0.0
    bad = False
    print(f"{'stage':9} {'loss':>17} {'falls':>6} {'resumed':>9} {'tokens/s':>9} {'GiB':>6} {'s':>5}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.stages:
            figures = measure(name, Path(folder), options)
            bad |= not (figures["finite"] and figures["apart"] <= tolerance)
            print(
                f"{name:9} {figures['losses'][0]:8.4g} {figures['losses'][-1]:8.4g} {figures['falls']!s:>6} "
                f"{figures['apart']:9.1e} {figures['tokens_per_second']:9.0f} {figures['gib']:6.2f} "
                f"{figures['seconds']:5.1f}",
                flush=True,
            )
            if options.json:
                with options.json.open("a", encoding="utf-8") as opened:
                    opened.write(json.dumps(figures) + "\n")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
