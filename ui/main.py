"""The product's entry point: the desktop without arguments, the command line with them.

Imports nothing heavy itself: ``afterimage --version`` and the command line never load Qt, the desktop never torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of what ``arguments`` (the command line's by default) ask for."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        sys.stdout.write(f"afterimage {version()}\n")
        return 0
    if given:
        from app.cli import main as command_line

        return command_line(given)
    return desktop()


def desktop() -> int:
    """Runs the desktop app until it is quit."""
    if not _has_display():
        sys.stderr.write(
            "There is no display to show a window on. Set DISPLAY or WAYLAND_DISPLAY, or use the command line: "
            "`afterimage --help`.\n"
        )
        return 1
    from ui.desktop import run

    return run()


def version() -> str:
    """The version of the installed program."""
    from importlib import metadata

    return metadata.version("afterimage")


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


if __name__ == "__main__":
    sys.exit(main())
