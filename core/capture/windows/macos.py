"""Window facts on macOS, through the window server's own list (Quartz, which PyWinCtl brings).

Thin, because no test can reach it elsewhere. Rectangles are in points; the screen source scales them.
"""

from __future__ import annotations

from typing import Any

import Quartz
from AppKit import NSWorkspace

from core.capture.windows import MAX_TITLE
from core.errors import CaptureDeniedError
from core.frame import Rect, Window

MENU_LAYERS = range(101)  # ordinary windows are on layer 0, panels and menus up to 100; above: the cursor, the dock


class MacFacts:
    """Window facts of the present login session."""

    def __init__(self) -> None:
        if not Quartz.CGPreflightScreenCaptureAccess():
            Quartz.CGRequestScreenCaptureAccess()
            raise CaptureDeniedError(
                "macOS does not let this program record the screen.",
                "Allow it under System Settings > Privacy & Security > Screen Recording, and start it again.",
            )

    def windows(self) -> tuple[Window, ...] | None:
        """See WindowFacts; the window server lists front to back."""
        options = Quartz.kCGWindowListOptionOnScreenOnly | Quartz.kCGWindowListExcludeDesktopElements
        listed = Quartz.CGWindowListCopyWindowInfo(options, Quartz.kCGNullWindowID)
        if listed is None:
            return None
        front = NSWorkspace.sharedWorkspace().frontmostApplication()
        front_pid = None if front is None else int(front.processIdentifier())
        windows: list[Window] = []
        for facts in listed:
            if int(facts.get("kCGWindowLayer", 0)) not in MENU_LAYERS:
                continue
            pid = int(facts.get("kCGWindowOwnerPID", 0))
            focused = pid == front_pid and not any(window.focused for window in windows)
            windows.append(_window(facts, pid, focused))
        return tuple(windows)

    def locked(self) -> bool:
        """True at the lock screen, and where this process has no login session."""
        session = Quartz.CGSessionCopyCurrentDictionary()
        return session is None or bool(session.get("CGSSessionScreenIsLocked", False))

    def scale(self) -> float:
        """One: the screen source sees how many pixels each point has."""
        return 1.0

    def close(self) -> None:
        """Nothing is held open."""


def _window(facts: Any, pid: int, focused: bool) -> Window:
    bounds = facts["kCGWindowBounds"]
    return Window(
        title=str(facts.get("kCGWindowName") or "")[:MAX_TITLE],
        application=str(facts.get("kCGWindowOwnerName") or ""),
        pid=pid,
        rect=Rect(round(bounds["X"]), round(bounds["Y"]), round(bounds["Width"]), round(bounds["Height"])),
        focused=focused,
        opaque=float(facts.get("kCGWindowAlpha", 1.0)) >= 1.0,
    )
