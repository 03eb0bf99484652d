"""Global hotkeys through pynput (X11, Windows, macOS): a key pressed anywhere becomes a signal.

pynput listens on a thread of its own; its callbacks cross to the main thread as a queued signal, the bridge's way.
"""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication

# On X11 the listening thread, a daemon, ends with the next event of the server, which may be long in coming.
GOODBYE_SECONDS = 0.2

log = logging.getLogger(__name__)


class Hotkeys(QObject):
    """``pressed`` carries the name that ``listen`` was given for the keys."""

    pressed = Signal(str)
    _heard = Signal(str, int)  # name, number of the listener

    def __init__(self) -> None:
        super().__init__()
        self._listener: Any = None
        self._keys: dict[str, str] = {}
        self._listening = 0  # counts the listeners: only the present one is believed
        self._heard.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def listen(self, keys: dict[str, str]) -> str:
        """Listens for ``keys`` (name -> "<ctrl>+<alt>+space"; empty: none) and for nothing else.

        Returns a sentence about what could not be had; empty where all is well.
        """
        keys = {name: normal(combination) for name, combination in keys.items() if combination.strip()}
        if keys == self._keys and self._listener is not None:
            return ""
        self.stop()
        self._keys = keys
        if not keys:
            return ""
        if QGuiApplication.platformName() != "xcb" and QGuiApplication.platformName() not in {"windows", "cocoa"}:
            return _tr(
                "Hotkeys of the whole desktop do not work here. Let your desktop's keyboard settings start "
                "`afterimage`: that brings the window up."
            )
        if len(set(keys.values())) < len(keys):
            return _tr("Two hotkeys are the same; change one of them in the settings.")
        return self._start(keys)

    def stop(self) -> None:
        """Stops listening. What a listener that is slow to end still hears is not told any more."""
        listener, self._listener, self._keys = self._listener, None, {}
        self._listening += 1
        if listener is not None:
            listener.stop()
            listener.join(GOODBYE_SECONDS)

    def _start(self, keys: dict[str, str]) -> str:
        try:
            from pynput import keyboard

            hotkeys = {combination: self._teller(name) for name, combination in keys.items()}
            self._listener = keyboard.GlobalHotKeys(hotkeys)
            self._listener.start()
            self._listener.wait()
        except ValueError:
            self._listener = None
            return _tr("A hotkey in the settings is none: write it like <ctrl>+<alt>+space.")
        except Exception:  # of many kinds, by system: no X record extension, no permission
            log.exception("hotkeys are not to be had")
            self._listener = None
            return _tr("The system does not let programs listen for hotkeys.")
        return ""

    def _teller(self, name: str) -> Any:
        return partial(self._heard.emit, name, self._listening)

    def _tell(self, name: str, listening: int) -> None:
        if listening == self._listening:
            self.pressed.emit(name)


def normal(combination: str) -> str:
    """A combination as pynput reads it: keys with a name of several letters stand in angle brackets."""
    parts = [part.strip().lower() for part in combination.split("+")]
    return "+".join(f"<{part}>" if re.fullmatch(r"\w{2,}", part) else part for part in parts)


def _tr(source: str) -> str:
    return QCoreApplication.translate("Hotkeys", source)
