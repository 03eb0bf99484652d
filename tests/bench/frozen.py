"""Builds the frozen program and starts it outside the source tree: ``--version``, ``doctor``, and a replay of real
pictures through gate, reader, timeline and the built-in model, with a question afterwards.

    python -m tests.bench.frozen [--reuse]

Prints the build's seconds, its size and the start-up time; exits with 1 where the program does not start.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests" / "fixtures" / "recall" / "spine"
PROGRAM = ROOT / "dist" / "afterimage" / ("afterimage.exe" if os.name == "nt" else "afterimage")


def build() -> float:
    started = time.monotonic()
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "build.spec"]
    subprocess.run(command, cwd=ROOT, check=True)
    return time.monotonic() - started


def start(*arguments: str) -> tuple[int, str, float]:
    """Runs the frozen program in an empty folder with a home of its own: exit code, output, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AFTERIMAGE_HOME": str(Path(folder, "home"))}
        for name in ("PYTHONPATH", "VIRTUAL_ENV"):
            environment.pop(name, None)
        started = time.monotonic()
        result = subprocess.run(
            [PROGRAM, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return result.returncode, result.stdout + result.stderr, time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reuse", action="store_true", help="check the program that the last build left")
    if not parser.parse_args().reuse:
        print(f"built in {build():.0f} s")
    size = sum(file.stat().st_size for file in PROGRAM.parent.rglob("*") if file.is_file() and not file.is_symlink())
    print(f"size {size / 1e6:.0f} MB")
    failed = False
    replay = ("replay", str(PICTURES), "--json")
    commands = (
        (("--version",), (0,), r"\d"),
        (("doctor",), (0, 1), "packages"),
        (replay, (0,), r'"tokens": [1-9]'),  # the model saw them
        ((*replay, "--ask", "How much is the tent?"), (0,), r"279\.50"),
    )
    for arguments, accepted, wanted in commands:
        code, output, seconds = start(*arguments)
        good = code in accepted and "Traceback" not in output and re.search(wanted, output) is not None
        failed = failed or not good
        print(f"afterimage {' '.join(arguments)}: exit {code} after {seconds:.1f} s {'ok' if good else 'FAILED'}")
        print("    " + output.strip().replace("\n", "\n    "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
