"""A private message bus with a desktop portal and a logind on it that do what a test says; the protocol is real."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

PORTAL = "org.freedesktop.portal"
LOGIN = "org.freedesktop.login1"
Answer = tuple[str, tuple[Any, ...]]  # signature and body
NEEDED = shutil.which("dbus-daemon")


@contextlib.contextmanager
def private_bus() -> Iterator[str]:
    """The address of a bus of its own."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert daemon.stdout is not None
    try:
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.wait()
        daemon.stdout.close()


class Service:
    """Owns a name on the bus and answers its calls on a thread; ``handle`` gives signature and body."""

    name = ""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self._connection: DBusConnection = open_dbus_connection("SESSION", enable_fds=True)
        Proxy(message_bus, self._connection).RequestName(self.name)
        self._ended, self._end = os.pipe()
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="fake-service")
        self._thread.start()

    def close(self) -> None:
        os.write(self._end, b".")
        self._thread.join()
        self._connection.close()
        os.close(self._ended)
        os.close(self._end)

    def handle(
        self, interface: str, member: str, body: tuple[Any, ...], message: Message
    ) -> tuple[str, tuple[Any, ...]]:
        """Raises KeyError for what is not there."""
        raise KeyError(member)

    def signal(self, path: str, interface: str, member: str, signature: str, body: tuple[Any, ...]) -> None:
        with self._sending:
            self._connection.send(new_signal(DBusAddress(path, self.name, interface), member, signature, body))

    def _serve(self) -> None:
        while True:
            while (message := self._next()) is not None:
                if message.header.message_type is MessageType.method_call:
                    self._answer(message)
            if self._ended in select.select([self._connection.sock, self._ended], [], [])[0]:
                return

    def _next(self) -> Message | None:
        try:
            return self._connection.receive(timeout=0)
        except TimeoutError:
            return None

    def _answer(self, message: Message) -> None:
        fields = message.header.fields
        interface, member = fields.get(HeaderFields.interface, ""), fields[HeaderFields.member]
        self.calls.append((member, message.body))
        after: list[Callable[[], None]] = []
        self._after = after
        try:
            signature, body = self.handle(interface, member, message.body, message)
            reply = new_method_return(message, signature, body)
        except KeyError:
            reply = new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", ("no such thing",))
        with self._sending:
            self._connection.send(reply)
        for work in after:
            work()

    def after_reply(self, work: Callable[[], None]) -> None:
        """Does ``work`` once the call being handled has been answered."""
        self._after.append(work)


@dataclass
class Manners:
    """What the portal does."""

    versions: dict[str, int] = field(default_factory=lambda: {"Screenshot": 2, "ScreenCast": 5, "GlobalShortcuts": 1})
    code: int = 0  # of every Response: 0 is yes, 1 the user's no
    silent: bool = False  # no Response at all
    picture: Path | None = None  # what the next screenshot shows; copied, as each is a file of its own
    uri: str | None = None  # instead of the copy's
    streams: tuple[tuple[int, dict[str, tuple[str, Any]]], ...] = ()
    token: str = "granted"


class FakePortal(Service):
    name = f"{PORTAL}.Desktop"

    def __init__(self, folder: Path) -> None:
        """``folder``: where screenshots are put."""
        self.manners = Manners()
        self.folder = folder
        self.closed: list[str] = []  # sessions
        self.remote = os.open(os.devnull, os.O_RDONLY)
        self.sessions: list[str] = []
        super().__init__()

    def close(self) -> None:
        super().close()
        os.close(self.remote)

    def activate(self, shortcut: str) -> None:
        """As if the user had pressed the keys of this shortcut."""
        self.signal(
            "/org/freedesktop/portal/desktop",
            f"{PORTAL}.GlobalShortcuts",
            "Activated",
            "osta{sv}",
            (self.sessions[-1], shortcut, 1, {}),
        )

    def handle(
        self, interface: str, member: str, body: tuple[Any, ...], message: Message
    ) -> tuple[str, tuple[Any, ...]]:
        kind = interface.rpartition(".")[2]
        if member == "Get":
            return "v", (("u", self.manners.versions[body[0].rpartition(".")[2]]),)
        if kind == "Session":
            self.closed.append(message.header.fields[HeaderFields.path])
            return "", ()
        if member == "OpenPipeWireRemote":
            return "h", (self.remote,)
        if kind not in self.manners.versions:
            raise KeyError(member)
        return "o", (self._respond(member, body, message),)

    def _respond(self, member: str, body: tuple[Any, ...], message: Message) -> str:
        options = body[-1]
        sender = message.header.fields[HeaderFields.sender][1:].replace(".", "_")
        request = f"/org/freedesktop/portal/desktop/request/{sender}/{options['handle_token'][1]}"
        outcome: dict[str, tuple[str, Any]] = {}
        if member == "CreateSession":
            token = options["session_handle_token"][1]
            self.sessions.append(f"/org/freedesktop/portal/desktop/session/{sender}/{token}")
            outcome = {"session_handle": ("s", self.sessions[-1])}
        elif member == "Start":
            outcome = {
                "streams": ("a(ua{sv})", list(self.manners.streams)),
                "restore_token": ("s", self.manners.token),
            }
        elif member == "Screenshot":
            outcome = {"uri": ("s", self._shot())}
        elif member == "BindShortcuts":
            outcome = {"shortcuts": ("a(sa{sv})", [(name, {}) for name, _ in body[1]])}
        if not self.manners.silent:
            code = self.manners.code
            self.after_reply(
                lambda: self.signal(
                    request, f"{PORTAL}.Request", "Response", "ua{sv}", (code, {} if code else outcome)
                )
            )
        return request

    def _shot(self) -> str:
        if self.manners.uri is not None or self.manners.picture is None:
            return self.manners.uri or ""
        copy = self.folder / f"Screenshot {len(self.calls)}.png"
        shutil.copyfile(self.manners.picture, copy)
        return copy.as_uri()


class FakeLogind(Service):
    name = LOGIN

    def __init__(self) -> None:
        self.facts: dict[str, bool] = {"LockedHint": False, "Active": True, "PreparingForSleep": False}
        super().__init__()

    def handle(
        self, interface: str, member: str, body: tuple[Any, ...], message: Message
    ) -> tuple[str, tuple[Any, ...]]:
        if member == "GetSessionByPID":
            return "o", ("/org/freedesktop/login1/session/_31",)
        return "v", (("b", self.facts[body[1]]),)
