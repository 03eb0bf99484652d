"""Which windows are on the desktop, behind one small protocol for X11, Wayland, Windows and macOS."""

from __future__ import annotations

import os
import sys
from typing import Protocol

from core.frame import Window

MAX_TITLE = 2_000  # characters kept of a title, which may be of any length


class WindowFacts(Protocol):
    """Answers from the window system. Windows may vanish at any moment; that is never an error."""

    def windows(self) -> tuple[Window, ...] | None:
        """The visible windows, front to back, rectangles in desktop pixels with their frames.

        None: the window system does not say (so privacy rules cannot be kept).
        """
        ...

    def locked(self) -> bool:
        """True while the session is locked or its screensaver is on."""
        ...

    def scale(self) -> float:
        """How much larger than at 96 dots an inch the desktop is drawn; 1.0 where points are what is counted."""
        ...

    def close(self) -> None: ...


def window_facts() -> WindowFacts:
    """The one for this system. Raises DisplayMissingError where there is no display, CaptureDeniedError where
    the system has been told not to let this program look.
    """
    if sys.platform == "win32":
        from core.capture.windows.windows import WindowsFacts

        return WindowsFacts()
    if sys.platform == "darwin":
        from core.capture.windows.macos import MacFacts

        return MacFacts()
    if os.environ.get("WAYLAND_DISPLAY"):
        from core.capture.windows.wayland import SwayFacts, UntoldFacts

        return SwayFacts() if os.environ.get("SWAYSOCK") else UntoldFacts()
    from core.capture.windows.x11 import X11Facts

    return X11Facts()
