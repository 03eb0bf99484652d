"""Whether systemd's logind says that this session is not to be watched: locked, not in front, or about to sleep."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from jeepney import DBusAddress

from core.capture.bus import Bus, BusError

SERVICE = "org.freedesktop.login1"
MANAGER = DBusAddress("/org/freedesktop/login1", SERVICE, "org.freedesktop.login1.Manager")
SESSION = "org.freedesktop.login1.Session"
EVERY = 1.0  # seconds between two questions
AGAIN = 60.0  # seconds until a logind that was not there is asked for again


class Logind:
    """Asked at most once in EVERY seconds. Where there is no logind nothing is locked. For one thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._next = float("-inf")
        self._bus: Bus | None = None
        self._session: DBusAddress | None = None
        self._away = False

    def locked(self) -> bool:
        """Locked, or another user's session is in front, or the machine is just going to sleep."""
        now = self._now()
        if now >= self._next:
            self._next = now + EVERY
            try:
                self._away = self._ask()
            except BusError:
                self.close()
                self._away, self._next = False, now + AGAIN
        return self._away

    def close(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus = self._session = None

    def _ask(self) -> bool:
        if self._bus is None:
            self._bus = Bus("SYSTEM")
        if self._session is None:
            self._session = self._find(self._bus)
        locked = bool(self._bus.property(self._session, "LockedHint"))
        active = bool(self._bus.property(self._session, "Active"))
        return locked or not active or bool(self._bus.property(MANAGER, "PreparingForSleep"))

    def _find(self, bus: Bus) -> DBusAddress:
        """This process's session, or, for one that the user's service manager started, the named one."""
        try:
            (path,) = bus.call(MANAGER, "GetSessionByPID", "u", (os.getpid(),))
        except BusError:
            (path,) = bus.call(MANAGER, "GetSession", "s", (os.environ.get("XDG_SESSION_ID") or "auto",))
        return DBusAddress(path, SERVICE, SESSION)
