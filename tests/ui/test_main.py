"""The entry point loads no more than it needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    clean.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=clean | environment, timeout=60
    )


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_the_command_line_loads_neither_qt_nor_torch(arguments: list[str]) -> None:
    ended = run(
        f"import sys; from ui.main import main; status = main({arguments!r});"
        "print(status, sorted({'PySide6', 'torch'} & {name.split('.')[0] for name in sys.modules}))"
    )
    assert ended.stdout.splitlines()[-1] == "0 []", ended.stderr


def test_the_desktop_never_loads_torch() -> None:
    ended = run("import sys, ui.desktop; print('torch' in sys.modules)", QT_QPA_PLATFORM="offscreen")
    assert ended.stdout.strip() == "False", ended.stderr


def test_without_a_display_it_says_what_to_do() -> None:
    ended = run("import sys; from ui.main import main; sys.exit(main([]))")
    assert ended.returncode == 1
    assert "display" in ended.stderr
    assert "--help" in ended.stderr
