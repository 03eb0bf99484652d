"""Global hotkeys in a Wayland session, through the desktop portal: the desktop asks the user and keeps the keys.

A thread waits for them and calls back on itself. The desktop may give other keys than those wished for; its own
settings show which. Knows nothing of Qt.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
from collections.abc import Callable, Mapping

from jeepney import HeaderFields, MatchRule, Message, MessageType

from core.capture.bus import BusError
from core.capture.portal import SHORTCUTS, Portal
from core.errors import AfterimageError, DisplayMissingError

MODIFIERS = {
    "<ctrl>": "CTRL",
    "<alt>": "ALT",
    "<shift>": "SHIFT",
    "<cmd>": "LOGO",
    "<super>": "LOGO",
    "<win>": "LOGO",
}
KEYS = {"enter": "Return", "esc": "Escape", "backspace": "BackSpace", "page_up": "Prior", "page_down": "Next"}

STOP_SECONDS = 2.0

log = logging.getLogger(__name__)


class PortalKeys:
    """``calls``: combination -> what to call, on the listening thread. ``described``: what the desktop shows of each.

    Raises DisplayMissingError where the portal has no shortcuts, ValueError for a combination that is none. Binding
    happens on the thread, because the user may be asked; a no is noted in the log.
    """

    def __init__(self, calls: Mapping[str, Callable[[], None]], described: Mapping[str, str]) -> None:
        self._wanted = [
            (keys, {"description": ("s", words), "preferred_trigger": ("s", trigger(keys))})
            for keys, words in described.items()
        ]
        self._calls = dict(calls)
        self._portal = Portal()
        if not self._portal.version(SHORTCUTS):
            self._portal.close()
            raise DisplayMissingError("This desktop's portal has no global shortcuts.")
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._listen, name="hotkeys", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Gives the keys back. A question that the desktop still shows is not waited for."""
        os.write(self._end, b".")
        self._thread.join(STOP_SECONDS)
        if not self._thread.is_alive():
            os.close(self._ended)
            os.close(self._end)

    def _listen(self) -> None:
        session = ""
        try:
            session = self._portal.session(SHORTCUTS)
            self._portal.request(SHORTCUTS, "BindShortcuts", "oa(sa{sv})s", (session, self._wanted, ""), {})
            self._follow(session)
        except AfterimageError as error:
            log.warning("no hotkeys: %s", error)
        finally:
            if session:
                with contextlib.suppress(BusError):
                    self._portal.end(session)
            self._portal.close()

    def _follow(self, session: str) -> None:
        with self._portal.bus.hearing(MatchRule(type="signal", interface=SHORTCUTS, member="Activated")):
            while True:
                while (message := self._portal.bus.pending()) is not None:
                    self._hear(message, session)
                if self._ended in select.select([self._portal.bus.fileno(), self._ended], [], [])[0]:
                    return

    def _hear(self, message: Message, session: str) -> None:
        fields = message.header.fields
        if message.header.message_type is not MessageType.signal or fields.get(HeaderFields.member) != "Activated":
            return
        if fields.get(HeaderFields.interface) == SHORTCUTS and message.body[0] == session:
            call = self._calls.get(message.body[1])
            if call is not None:
                call()


def offered() -> bool:
    """Whether this desktop's portal has global shortcuts."""
    try:
        portal = Portal()
    except DisplayMissingError:
        return False
    try:
        return portal.version(SHORTCUTS) > 0
    finally:
        portal.close()


def trigger(combination: str) -> str:
    """``<ctrl>+<alt>+<space>`` as the portal writes it: ``CTRL+ALT+space``. Raises ValueError for none."""
    *modifiers, key = combination.split("+")
    name = key.strip("<>")
    if not modifiers or not name or any(modifier not in MODIFIERS for modifier in modifiers):
        raise ValueError(f"{combination} is no combination of keys")
    return "+".join([*(MODIFIERS[modifier] for modifier in modifiers), KEYS.get(name, name)])
