"""Global hotkeys: a key pressed anywhere becomes a signal. X11 by grabbing the keys, Wayland through the portal,
Windows and macOS by pynput.

All call back on a thread of their own, which crosses to the main thread as a queued signal, the bridge's way.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication

from core.errors import DisplayMissingError
from ui.listener import KeysTakenError, Listener

log = logging.getLogger(__name__)


class Hotkeys(QObject):
    """``pressed`` carries the name that ``listen`` was given for the keys."""

    pressed = Signal(str)
    _heard = Signal(str, int)  # name, number of the listener

    def __init__(self) -> None:
        super().__init__()
        self._listener: Listener | None = None
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
        if _system() is None:
            return _without()
        if len(set(keys.values())) < len(keys):
            return _tr("Two hotkeys are the same; change one of them in the settings.")
        return self._start(keys)

    def probe(self, keys: dict[str, str]) -> str:
        """What ``listen`` would say of these keys. Listens to them from then on, where they can be had.

        The portal is only asked whether it has hotkeys: it would put every key that is tried to the user.
        """
        if _system() is _portal:
            from ui.portal_keys import offered

            return "" if offered() else _without()
        trouble = self.listen(keys)
        if trouble:
            self.stop()
        return trouble

    def stop(self) -> None:
        """Stops listening. What a listener that is slow to end still hears is not told any more."""
        listener, self._listener, self._keys = self._listener, None, {}
        self._listening += 1
        if listener is not None:
            listener.stop()

    def _start(self, keys: dict[str, str]) -> str:
        calls = {combination: self._teller(name) for name, combination in keys.items()}
        try:
            listen = _system()
            self._listener = None if listen is None else listen(calls)
        except ValueError:
            return _tr("A hotkey in the settings is none: write it like <ctrl>+<alt>+space.")
        except KeysTakenError as taken:
            return _tr("Another program uses the hotkey {keys}; choose another one in the settings.").format(
                keys=taken
            )
        except DisplayMissingError:
            return _without()
        except Exception:  # of many kinds, by system: no server, no permission
            log.exception("hotkeys are not to be had")
            return _tr("The system does not let programs listen for hotkeys.")
        return ""

    def _teller(self, name: str) -> Callable[[], None]:
        return partial(self._heard.emit, name, self._listening)

    def _tell(self, name: str, listening: int) -> None:
        if listening == self._listening:
            self.pressed.emit(name)


Listen = Callable[[dict[str, Callable[[], None]]], Listener]


def _system() -> Listen | None:
    """How to listen on this desktop; None: it cannot be done."""
    platform = QGuiApplication.platformName()
    if platform.startswith("wayland"):
        return _portal
    return {"xcb": _x11, "windows": _pynput, "cocoa": _pynput}.get(platform)


def _without() -> str:
    return _tr(
        "Hotkeys of the whole desktop do not work here. Let your desktop's keyboard settings start "
        "`afterimage`: that brings the window up."
    )


def _portal(calls: dict[str, Callable[[], None]]) -> Listener:
    from ui.portal_keys import PortalKeys

    described = {combination: _tr("Afterimage: {keys}").format(keys=combination) for combination in calls}
    return PortalKeys(calls, described)


def _x11(calls: dict[str, Callable[[], None]]) -> Listener:
    from ui.x11_keys import X11Keys

    return X11Keys(calls)


def _pynput(calls: dict[str, Callable[[], None]]) -> Listener:
    from pynput import keyboard

    listener: Any = keyboard.GlobalHotKeys(calls)
    listener.start()
    listener.wait()
    ready: Listener = listener
    return ready


def normal(combination: str) -> str:
    """A combination as the listeners read it: keys with a name of several letters stand in angle brackets."""
    parts = [part.strip().lower() for part in combination.split("+")]
    return "+".join(f"<{part}>" if re.fullmatch(r"\w{2,}", part) else part for part in parts)


def _tr(source: str) -> str:
    return QCoreApplication.translate("Hotkeys", source)
