"""Windows captured from real programs, with their text: a corpus as training and evaluation read it.

A corpus is a folder of pictures and ``windows.jsonl``, one window a line: ``file``, ``program``, ``application``,
``title``, ``lines`` from the top, ``fields`` (labels with values, where the lines are made of such) and ``size`` of
the text in pixels. ``python -m core.training.data.real_windows capture --out DIR --split train --count N`` makes one,
from a checkout with the packages xvfb, openbox, xterm, chromium and mousepad installed: the programs that show the
windows are the tests' helpers, since core knows no user interface.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from core.errors import InputError
from core.training.data.canvas import Fact, Screen, line_facts
from core.training.data.words import LABELS

LIST = "windows.jsonl"
BY_NAME = {label[0].upper() + label[1:]: label for label in LABELS}
WITH_MENU = ("mousepad",)  # what they show begins with "File Edit ...": "the first line" would not name one
NO_CELLS = np.empty((0, 0), np.uint8)


@dataclass(frozen=True, slots=True)
class RealWindow:
    """One captured window."""

    file: Path
    program: str
    application: str
    title: str
    lines: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    size: int

    def screen(self) -> Screen:
        """The window as the makers of rows take it: whole pixels, no dense targets."""
        with Image.open(self.file) as image:
            pixels = np.asarray(image.convert("RGB"))
        facts = [Fact("title", "", self.title, self.size), *line_facts(list(self.lines), self.size)]
        if self.program in WITH_MENU:
            facts = [fact for fact in facts if fact.kind != "first line"]
        facts += [Fact("value", BY_NAME.get(name, name), value, self.size) for name, value in self.fields]
        lines = [self.title, *self.lines]
        return Screen(pixels, self.title, self.application, True, facts, NO_CELLS, NO_CELLS, lines)


class Corpus:
    """The windows of one folder. Raises InputError where there are none or a line is broken."""

    def __init__(self, folder: Path) -> None:
        self.windows = tuple(_read(folder))
        if not self.windows:
            raise InputError(f"{folder} holds no windows: capture some, or name another folder")

    def draw(self, rng: Random) -> Screen:
        return rng.choice(self.windows).screen()


def _read(folder: Path) -> list[RealWindow]:
    try:
        lines = (folder / LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise InputError(f"{folder} is no corpus of windows: it has no {LIST}") from error
    windows = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            window = RealWindow(
                folder / entry["file"], entry["program"], entry["application"], entry["title"], tuple(entry["lines"]),
                tuple((name, value) for name, value in entry["fields"]), int(entry["size"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"line {number} of {folder / LIST} describes no window: {error}") from error
        windows.append(window)
    return windows


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] != "capture":
        sys.stderr.write("usage: python -m core.training.data.real_windows capture --out DIR [--help]\n")
        return 2
    root = Path(__file__).parents[3]
    if not (root / "tests" / "helpers" / "real_windows.py").exists():
        sys.stderr.write("capturing needs a checkout of the project: the installed package has no tests/helpers\n")
        return 2
    return subprocess.call([sys.executable, "-m", "tests.helpers.real_windows", *given[1:]], cwd=root)


if __name__ == "__main__":
    sys.exit(main())
