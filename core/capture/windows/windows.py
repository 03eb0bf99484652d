"""Window facts on Windows, through PyWinCtl. Thin, because no test can reach it elsewhere."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import psutil
import pywinctl

from core.capture.windows import MAX_TITLE
from core.frame import Rect, Window

DESKTOP_READ = 0x0001  # the access right asked for when probing the input desktop
CURRENT_SESSION, WTS_CONNECT_STATE, WTS_DISCONNECTED = 0xFFFFFFFF, 8, 4  # of WTSQuerySessionInformation
SHELL = {"Progman", "WorkerW"}  # titles of the desktop's own windows


class WindowsFacts:
    """Window facts of the present Windows session."""

    def windows(self) -> tuple[Window, ...] | None:
        """See WindowFacts; EnumWindows, which PyWinCtl walks, goes from front to back."""
        try:
            active = pywinctl.getActiveWindow()
            return tuple(self._visible(None if active is None else active.getHandle()))
        except OSError:
            return None

    def locked(self) -> bool:
        """True while the secure desktop (lock screen, consent prompt) has the input, which we may not open, and while
        nobody is connected to this session (a remote desktop that was left)."""
        user32: Any = ctypes.CDLL("user32")  # 64-bit Windows has one calling convention only
        desktop = user32.OpenInputDesktop(0, False, DESKTOP_READ)
        if not desktop:
            return True
        user32.CloseDesktop(desktop)
        return _disconnected()

    def scale(self) -> float:
        """Of the whole system; Windows may scale single monitors otherwise."""
        user32: Any = ctypes.CDLL("user32")
        return float(user32.GetDpiForSystem()) / 96.0

    def close(self) -> None:
        """Nothing is held open."""

    def _visible(self, active: int | None) -> Iterator[Window]:
        for window in pywinctl.getAllWindows():
            found = _window(window, active)
            if found is not None:
                yield found


def _window(window: Any, active: int | None) -> Window | None:
    """None for a window that is hidden, minimised, the desktop's own, or gone since it was listed."""
    try:
        if not window.isVisible or window.isMinimized or window.title in SHELL:
            return None
        left, top, right, bottom = window.rect
        pid = int(window.getPID())
        process = psutil.Process(pid).name()
        application = str(window.getAppName() or process)
        return Window(
            title=str(window.title)[:MAX_TITLE],
            application=application.removesuffix(".exe"),
            pid=pid,
            rect=Rect(left, top, right - left, bottom - top),
            focused=window.getHandle() == active,
            names=(process,),
        )
    except (OSError, psutil.Error, AttributeError, TypeError, ValueError):
        return None


def _disconnected() -> bool:
    """Whether Windows says that no console and no remote desktop shows this session."""
    wtsapi32: Any = ctypes.CDLL("wtsapi32")
    state, size = ctypes.c_void_p(), ctypes.c_ulong()
    if not wtsapi32.WTSQuerySessionInformationW(
        None, CURRENT_SESSION, WTS_CONNECT_STATE, ctypes.byref(state), ctypes.byref(size)
    ):
        return False
    told = ctypes.cast(state, ctypes.POINTER(ctypes.c_int)).contents.value
    wtsapi32.WTSFreeMemory(state)
    return told == WTS_DISCONNECTED
