"""What every system's listener for global hotkeys is, and the trouble it may tell of. Knows no system."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Listens from its making on, and calls back on a thread of its own."""

    def stop(self) -> None: ...


class KeysTakenError(Exception):
    """Another program has this combination; the argument is the combination."""
