"""What a window's process is called."""

from __future__ import annotations

import psutil

from core.frame import PRIVATE_OPTIONS


def process_facts(pid: int | None) -> tuple[str, list[str]]:
    """A process's name, and those of its options that make a browser browse privately."""
    if pid is None:
        return "", []
    try:
        process = psutil.Process(pid)
        return str(process.name()), [option for option in process.cmdline() if option in PRIVATE_OPTIONS]
    except (psutil.Error, ValueError, OverflowError):
        return "", []
