"""Global hotkeys on X11: just these keys are grabbed from the server; nothing else that is typed is seen here.

A thread waits for them and calls back on itself. Knows nothing of Qt.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable, Mapping

from Xlib import XK, X, display, error

from ui.listener import KeysTakenError

MODIFIERS = {
    "<ctrl>": X.ControlMask,
    "<shift>": X.ShiftMask,
    "<alt>": X.Mod1Mask,
    "<cmd>": X.Mod4Mask,
    "<super>": X.Mod4Mask,
    "<win>": X.Mod4Mask,
}
KEYS = {"enter": "Return", "esc": "Escape", "backspace": "BackSpace", "page_up": "Prior", "page_down": "Next"}
LOCKS = (0, X.LockMask, X.Mod2Mask, X.LockMask | X.Mod2Mask)  # caps and num lock do not stop a hotkey
HELD = X.ControlMask | X.ShiftMask | X.Mod1Mask | X.Mod4Mask


class X11Keys:
    """``keys``: combination such as ``<ctrl>+<alt>+<space>`` -> what to call, on the listening thread.

    Raises ValueError for a combination that is none, KeysTakenError, and Xlib's errors where there is no server.
    """

    def __init__(self, keys: Mapping[str, Callable[[], None]]) -> None:
        wanted = {combination: _parse(combination) for combination in keys}
        self._display = display.Display()
        self._calls: dict[tuple[int, int], Callable[[], None]] = {}
        self._ended, self._end = os.pipe()
        try:
            for combination, (held, keysym) in wanted.items():
                self._grab(combination, held, keysym)
                self._calls[self._display.keysym_to_keycode(keysym), held] = keys[combination]
        except BaseException:
            self._close()
            raise
        self._thread = threading.Thread(target=self._listen, name="hotkeys")
        self._thread.start()

    def stop(self) -> None:
        """Lets go of the keys; returns when the thread has ended."""
        os.write(self._end, b".")
        self._thread.join()
        self._close()

    def _grab(self, combination: str, held: int, keysym: int) -> None:
        keycode = self._display.keysym_to_keycode(keysym)
        if not keycode:
            raise ValueError(f"no key of this keyboard makes {combination}")
        taken = error.CatchError(error.BadAccess)
        for lock in LOCKS:
            root = self._display.screen().root
            root.grab_key(keycode, held | lock, False, X.GrabModeAsync, X.GrabModeAsync, onerror=taken)
        self._display.sync()
        if taken.get_error() is not None:
            raise KeysTakenError(combination)

    def _listen(self) -> None:
        with contextlib.suppress(error.ConnectionClosedError, OSError):  # the server went away, and the desktop too
            while True:
                while self._display.pending_events():
                    event = self._display.next_event()
                    call = self._calls.get((event.detail, event.state & HELD)) if event.type == X.KeyPress else None
                    if call is not None:
                        call()
                if self._ended in select.select([self._display, self._ended], [], [])[0]:
                    return

    def _close(self) -> None:
        """The server lets go of the keys with the connection."""
        with contextlib.suppress(error.ConnectionClosedError, OSError):
            self._display.close()
        self._display.display.socket.close()  # which python-xlib leaves open when the server is gone
        os.close(self._ended)
        os.close(self._end)


def _parse(combination: str) -> tuple[int, int]:
    """Modifier mask and keysym; raises ValueError for what is no combination."""
    *modifiers, key = combination.split("+")
    unknown = [modifier for modifier in modifiers if modifier not in MODIFIERS]
    name = key.strip("<>")
    keysym = XK.string_to_keysym(KEYS.get(name, name)) or XK.string_to_keysym(name.capitalize())
    if unknown or not modifiers or not keysym:
        raise ValueError(f"{combination} is no combination of keys")
    held = 0
    for modifier in modifiers:
        held |= MODIFIERS[modifier]
    return held, keysym
