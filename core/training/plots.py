"""Draws the curves of runs side by side: ``python -m core.training.plots RUN... --out curves.png``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.training.curves import read_points

PANELS = {  # a figure of log.jsonl: its label, and whether its axis is logarithmic
    "loss": ("loss, mean of its terms", True),
    "rate": ("learning rate", False),
    "gradient_norm": ("norm of the gradient", True),
    "tokens_per_second": ("tokens a second", False),
}


def draw(folders: list[Path], file: Path) -> None:
    """Write the picture. Raises ImportError without matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    for axes, (key, (label, logarithmic)) in zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True):
        for folder in folders:
            points = read_points(folder)
            steps = [point["step"] for point in points]
            axes.plot(
                steps, [point[key] for point in points], label=folder.name, marker="." if len(points) < 3 else ""
            )
        axes.set_xlabel("step")
        axes.set_ylabel(label)
        if logarithmic:
            axes.set_yscale("log")
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.training.plots", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="folders that stages wrote")
    parser.add_argument("--out", type=Path, default=Path("curves.png"))
    options = parser.parse_args(arguments)
    draw(options.runs, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
