"""The picture of speed and memory over the length of context: ours flat, a Transformer's rising.

    python -m tests.bench.plot_speed ENGINE_JSON QWEN_JSON [--out docs/figures/context.png]

Reads what ``tests.bench.engine_gpu --json`` and ``tests.bench.qwen_gpu --json`` wrote on one machine; needs
matplotlib (the extra "train"). Where ours was measured at one context only, a dashed line says that the rest was not.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # no window: this writes a file

from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[2]
PANELS = {"frame": "one 448x448 frame in, ms", "token": "one token out, ms", "memory": "memory of the stream, GB"}
NAMES = {"growing": "Qwen2.5-VL-3B", "in place": "Qwen2.5-VL-3B, cache in place"}


@dataclass(frozen=True)
class Curve:
    """Figures over tokens of context: of each panel, as long as ``tokens``."""

    name: str
    tokens: list[int]
    panels: dict[str, list[float]]


def transformer_curves(report: dict[str, Any]) -> list[Curve]:
    """One curve for each kind of cache; contexts that failed are left out."""
    curves = []
    for kind, name in NAMES.items():
        rows = [row for row in report["contexts"] if row["cache"] == kind and "error" not in row]
        panels = {
            "frame": [row["frame_ms"] for row in rows],
            "token": [row["token_ms"] for row in rows],
            "memory": [row["cache_GB"] for row in rows],
        }
        if rows:
            curves.append(Curve(name, [row["tokens"] for row in rows], panels))
    return curves


def our_curve(report: dict[str, Any]) -> Curve:
    rows = report["contexts"]
    panels = {
        "frame": [row["frame_ms"] for row in rows],
        "token": [row["token_ms"] for row in rows],
        "memory": [row["memory_GB"] for row in rows],
    }
    return Curve("InfiniteVL-4B, ours", [row["tokens"] for row in rows], panels)


def draw(ours: Curve, theirs: list[Curve], device: str, out: Path) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.9), layout="constrained")
    longest = max((max(curve.tokens) for curve in theirs), default=max(ours.tokens))
    for (panel, title), axis in zip(PANELS.items(), axes, strict=True):
        for curve, colour, style in zip(theirs, ("#c2410c", "#f59e0b"), ("o-", "s-"), strict=False):
            if panel == "memory" and curve is not theirs[0]:
                continue  # both hold the same
            axis.plot([n / 1e3 for n in curve.tokens], curve.panels[panel], style, color=colour, label=curve.name)
        if len(ours.tokens) == 1:
            axis.axhline(ours.panels[panel][0], color="#1d4ed8", linestyle="--", linewidth=1)
        axis.plot([n / 1e3 for n in ours.tokens], ours.panels[panel], "D-", color="#1d4ed8", label=ours.name)
        axis.set_title(title, fontsize=11)
        axis.set_xlabel("context, thousand tokens")
        axis.set_xlim(0, longest / 1e3 * 1.03)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=9, loc="upper left")
    figure.suptitle(f"{device}, bf16, random weights", fontsize=10, x=0.995, ha="right", color="#555555")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)
    plt.close(figure)


def ratios(ours: Curve, theirs: list[Curve]) -> list[str]:
    """How many times our time theirs is, at each of their contexts, against the slowest we measured."""
    lines = ["| context | cache | frame in | token out |", "|---|---|---|---|"]
    for curve in theirs:
        for index, tokens in enumerate(curve.tokens):
            frame, token = (curve.panels[panel][index] / max(ours.panels[panel]) for panel in ("frame", "token"))
            lines.append(f"| {tokens} | {curve.name} | {frame:.1f}x | {token:.1f}x |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", type=Path)
    parser.add_argument("qwen", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "figures" / "context.png")
    options = parser.parse_args()
    engine, qwen = (json.loads(file.read_text(encoding="utf-8")) for file in (options.engine, options.qwen))
    if engine["device"] != qwen["device"]:
        parser.error(f"figures of two machines: {engine['device']} and {qwen['device']}.")
    ours, theirs = our_curve(engine), transformer_curves(qwen)
    draw(ours, theirs, engine["device"], options.out)
    print("\n".join(ratios(ours, theirs)))
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
