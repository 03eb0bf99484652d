"""Draws what is recalled against how long ago it was: ``python -m core.training.plot_recall REPORT... --out FILE``.

A report is what ``core.training.evaluate --json`` writes; several, of other seeds, are counted together. Beside the
recall stand its baselines: the same questions with the last observations alone, and with the memory zeroed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.training.evaluate import RECENT, Tally, interval

SERIES = {  # prefix of a report's keys: label, colour, marker
    "": ("after the whole stream", "#1f6fb2", "o"),
    "baseline_last4_": (f"after the last {RECENT} observations alone", "#c8742a", "s"),
    "zeroed_state_": ("with nothing seen (memory zeroed)", "#777777", "^"),
}
ASIDE = 0.04  # of an octave: so that intervals beside each other stay apart


@dataclass(frozen=True, slots=True)
class Point:
    """Recall of what was ``age`` observations ago; ``low`` and ``high`` bound it by 95 %."""

    age: int
    share: float
    low: float
    high: float
    count: int


def read_reports(files: list[Path]) -> Tally:
    """All answers of the reports together. Raises InputError for a file that is none."""
    tally = Tally()
    for file in files:
        try:
            report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            counts = {key: count for key, count in report["counts"].items() if key in report}
            tally.merge({key: [round(report[key] * count), count] for key, count in counts.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{file} is no report of evaluate ({error}).", "Write one with --json.") from error
    return tally


def points(tally: Tally, prefix: str) -> list[Point]:
    """The recall under one prefix, nearest first."""
    found = []
    for key, (right, count) in tally.counts.items():
        if match := re.fullmatch(rf"{prefix}recall_exact_(\d+)", key):
            found.append(Point(int(match[1]), right / count, *interval(right, count), count))
    return sorted(found, key=lambda point: point.age)


def draw(tally: Tally, file: Path) -> None:
    """Write the picture. Raises InputError where nothing was recalled, ImportError without matplotlib."""
    from matplotlib.figure import Figure

    asked = points(tally, "")
    if not asked:
        raise InputError("The reports hold no recall.", "Give the suite more seconds: it asks that last.")
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for place, (prefix, (label, colour, marker)) in enumerate(SERIES.items()):
        shown = points(tally, prefix)
        shares = [point.share for point in shown]
        below = [point.share - point.low for point in shown]
        above = [point.high - point.share for point in shown]
        at = [point.age * 2 ** (ASIDE * (place - 1)) for point in shown]
        axes.errorbar(at, shares, (below, above), label=label, color=colour, marker=marker, capsize=3, lw=1.5)
    axes.set_xscale("log", base=2)
    axes.set_xticks([point.age for point in asked], [f"{point.age}\nn={point.count}" for point in asked])
    axes.set_xlabel("observations ago, and answers counted")
    axes.set_ylabel("answers that are exactly right")
    axes.set_ylim(-0.03, 1.03)
    axes.grid(alpha=0.3)
    axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.training.plot_recall", description=__doc__)
    parser.add_argument("reports", nargs="+", type=Path, help="files that evaluate --json wrote")
    parser.add_argument("--out", type=Path, default=Path("recall.png"))
    options = parser.parse_args(arguments)
    try:
        draw(read_reports(options.reports), options.out)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
