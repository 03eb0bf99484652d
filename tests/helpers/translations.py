"""Keeps the translations in step with the code: ``python3 dev.py translate`` runs it.

    python -m tests.helpers.translations [--folder FOLDER]

Writes ui/engine_texts.py (what the engine says, found in its source), lets Qt's lupdate look for every text of the
windows, and compiles the .qm files that the program loads. What was translated stays.
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import PySide6

from app.models import PUBLISHED
from app.settings import Settings
from ui.i18n import LANGUAGES
from ui.setting_row import readable

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources" / "translations"
ENGINE_TEXTS = ROOT / "ui" / "engine_texts.py"
# Files whose sentences go to a terminal, a log or a caller that is mistaken, and never to a window.
SILENT = (
    "app/bench.py",
    "app/cli.py",
    "app/doctor.py",
    "app/forgetting.py",
    "app/logs.py",
    "app/questions.py",
    "app/spoken.py",
    "app/watching.py",
    "core/capture/recording.py",
    "core/capture/replay.py",
    "core/meaning/distil.py",
    "core/measure.py",
    "core/model/pictures.py",
    "core/model/positions.py",
    "core/model/proof.py",
    "core/model/replay.py",
    "core/recall/english.py",
    "core/training/",
)
SENTENCE = re.compile(r"(?:[A-Z`{].{4,}\.|Did .*\?|[A-Z][\w ]+: \{\d\})", re.DOTALL)
# Calls whose argument at that place, or of that name, is shown as it is, sentence or not.
SHOWN_AT = {"Model": 1, "_model": 2, "report": 1}
SHOWN_AS = {"Progress": "message"}
# What pydantic says of a value that a setting does not take; app.settings leaves "Input" out.
REFUSALS = (
    "should be a valid number, unable to parse string as a number",
    "should be a valid boolean, unable to interpret input",
    "should be greater than {0}",
    "should be greater than or equal to {0}",
    "should be less than or equal to {0}",
    "should be {0} or {1}",
    "should be {0}, {1} or {2}",
    "not a regular expression: {0}",
    "a rate is written like DP-1 = 0.5, at least one frame a minute and at most 30 a second",
)
RULES = ("application {0}", "title {0}", "private browsing", "window list unreadable")
HEADER = '''"""What the engine may say in a window, as it stands in its source; {0} to {9} are values.

Made by ``python3 dev.py translate``; a change here is lost.
"""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

# fmt: off
# ruff: noqa: E501
TEXTS = (
'''


def engine_texts() -> list[str]:
    """Every text of the engine's that a window may show, sorted."""
    found = {*REFUSALS, *RULES, *(description for _repository, description in PUBLISHED.values())}
    for path in (ROOT / "ui/bridge.py", *(ROOT / "app").rglob("*.py"), *(ROOT / "core").rglob("*.py")):
        if not path.relative_to(ROOT).as_posix().startswith(SILENT):
            found.update(_texts_of(ast.parse(path.read_text(encoding="utf-8"))))
    for info in Settings().infos():
        found |= {readable(info.name), info.description}
        if "|" in info.type:
            found |= {choice.capitalize() for choice in info.type.split("|") if choice not in LANGUAGES}
    return sorted(found)


def _texts_of(tree: ast.Module) -> Iterator[str]:
    silent = set(_not_shown(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _shown(node)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in silent:
            words = _source(node)
            if SENTENCE.fullmatch(words):
                yield words


def _not_shown(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings and other bare texts, parts of longer ones, and what goes to the log."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from (part for value in node.values for part in ast.walk(value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("log.", "re.", "logging.")):
            yield from ast.walk(node)


def _shown(call: ast.Call) -> Iterator[str]:
    called = ast.unparse(call.func).rpartition(".")[2]
    place, name = SHOWN_AT.get(called), SHOWN_AS.get(called)
    values = [] if place is None else call.args[place : place + 1]
    values += [keyword.value for keyword in call.keywords if name is not None and keyword.arg == name]
    yield from (_source(value) for value in values if isinstance(value, ast.Constant | ast.JoinedStr))


def _source(node: ast.Constant | ast.JoinedStr) -> str:
    """The text with its values numbered; empty for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    words, number = "", 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            words += str(value.value)
        else:
            words += f"{{{number}}}"
            number += 1
    return words


def window_texts() -> list[tuple[str, str]]:
    """Context and text of every ``_tr`` in ui: a module's own short form, which lupdate does not know."""
    found = []
    for path in sorted((ROOT / "ui").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        context = next(
            (_context(node) for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_tr"), None
        )
        if context is not None:
            found += [
                (context, _source(call.args[0]))
                for call in ast.walk(tree)
                if isinstance(call, ast.Call)
                and ast.unparse(call.func) == "_tr"
                and isinstance(call.args[0], ast.Constant)
            ]
    return found


def _context(function: ast.FunctionDef) -> str:
    returned = function.body[-1]
    if not (isinstance(returned, ast.Return) and isinstance(returned.value, ast.Call)):
        raise ValueError("_tr is more than a call of translate")
    return str(ast.literal_eval(returned.value.args[0]))


def engine_module() -> str:
    """The source of ui/engine_texts.py."""
    lines = [f'    QT_TRANSLATE_NOOP("Engine", {_quoted(words)}),\n' for words in engine_texts()]
    return HEADER + "".join(lines) + ")\n"


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def update(folder: Path) -> None:
    """Brings the .ts files of ``folder`` up to date with the code."""
    with tempfile.TemporaryDirectory() as beside:
        marks = Path(beside, "marks.py")
        marks.write_text(
            "".join(f"translate({_quoted(context)}, {_quoted(words)})\n" for context, words in window_texts()),
            encoding="utf-8",
        )
        sources = [*(str(path) for path in sorted((ROOT / "ui").glob("*.py"))), str(marks)]
        options = ["-silent", "-no-obsolete", "-locations", "none", "-sort-messages"]
        _call("lupdate", [*options, *sources, "-ts", str(folder / "afterimage_de.ts")])
        _call("lupdate", [*options, "-pluralonly", *sources, "-ts", str(folder / "afterimage_en.ts")])


def compile_all(folder: Path) -> None:
    """Makes the .qm files beside the .ts files of ``folder``."""
    for source in sorted(folder.glob("*.ts")):
        _call("lrelease", ["-silent", str(source), "-qm", str(source.with_suffix(".qm"))])


def _call(tool: str, arguments: list[str]) -> None:
    program = shutil.which(tool, path=str(Path(PySide6.__file__).parent))
    if program is None:
        raise FileNotFoundError(f"PySide6 has no {tool}")
    subprocess.run([program, *arguments], check=True, stdin=subprocess.DEVNULL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    if folder == FOLDER:
        ENGINE_TEXTS.write_text(engine_module(), encoding="utf-8")
    update(folder)
    compile_all(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
