"""The desktop portal: what a Wayland session lets a program do, after asking the user.

Screenshots, screen casts and global shortcuts are requests: a call, then a signal with the outcome once the user
has answered. Knows nothing of frames.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from jeepney import DBusAddress, MatchRule

from core.capture.bus import Bus, BusError, Variants
from core.errors import CaptureDeniedError, DisplayMissingError

DESKTOP = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
SCREENSHOT = "org.freedesktop.portal.Screenshot"
SCREENCAST = "org.freedesktop.portal.ScreenCast"
SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
REQUEST = "org.freedesktop.portal.Request"
SESSION = "org.freedesktop.portal.Session"
ANSWER_SECONDS = 120.0  # for the user to answer a question of the desktop's
SHOT_SECONDS = 10.0  # for a picture that needs no question
MONITORS, CURSOR_HIDDEN, UNTIL_REVOKED = 1, 1, 2  # of SelectSources: types, cursor_mode, persist_mode

REFUSED = 1  # the code of a Response: the user's no

ALLOW = "Allow it in the desktop's privacy settings, or log in to a session on Xorg."


@dataclass(frozen=True)
class CastStream:
    """One monitor of a screen cast: PipeWire's node, and where the monitor is, in logical pixels."""

    node: int
    name: str
    position: tuple[int, int]
    size: tuple[int, int]


@dataclass(frozen=True)
class Cast:
    """A screen cast that has begun. ``remote``: a file descriptor of PipeWire's, to be closed by whoever has it."""

    session: str
    streams: tuple[CastStream, ...]
    remote: int
    token: str  # spares the user the same question next time; empty: the desktop gives none


class Portal:
    """One connection to the portal. Raises DisplayMissingError where there is none."""

    def __init__(self) -> None:
        try:
            self.bus = Bus()
        except BusError as error:
            raise DisplayMissingError(
                "This Wayland desktop cannot be reached: no message bus answers.", error.remedy
            ) from error

    def close(self) -> None:
        self.bus.close()

    def version(self, interface: str) -> int:
        """Of one of the portal's interfaces; 0: this desktop does not have it."""
        try:
            return int(self.bus.property(address(interface), "version"))
        except BusError:
            return 0

    def screenshot(self) -> Path:
        """A picture of the whole desktop as a file, which is the caller's to delete.

        Raises CaptureDeniedError where the user or the desktop refuses.
        """
        with _refused("take pictures of the screen"):
            options: Variants = {"interactive": ("b", False), "modal": ("b", False)}
            outcome = self.request(SCREENSHOT, "Screenshot", "s", ("",), options, SHOT_SECONDS)
            place = urlparse(str(outcome.get("uri", ("s", ""))[1]))
        if place.scheme != "file":
            raise CaptureDeniedError("The desktop handed out no picture of the screen.", ALLOW)
        return Path(unquote(place.path))

    def cast(self, token: str = "") -> Cast:
        """Begins a screen cast of the monitors that the user chooses, or, with a token, chose before.

        Raises CaptureDeniedError where the user refuses, BusError where the desktop cannot.
        """
        session = self.session(SCREENCAST)
        wanted: Variants = {
            "types": ("u", MONITORS),
            "multiple": ("b", True),
            "cursor_mode": ("u", CURSOR_HIDDEN),
        }
        if self.version(SCREENCAST) >= 4:
            wanted["persist_mode"] = ("u", UNTIL_REVOKED)
            if token:
                wanted["restore_token"] = ("s", token)
        self.request(SCREENCAST, "SelectSources", "o", (session,), wanted)
        outcome = self.request(SCREENCAST, "Start", "os", (session, ""), {})
        streams = tuple(
            _stream(number, node, facts)
            for number, (node, facts) in enumerate(outcome.get("streams", ("", ()))[1], 1)
        )
        if not streams:
            raise CaptureDeniedError("The desktop hands out no monitor.", ALLOW)
        (remote,) = self.bus.call(address(SCREENCAST), "OpenPipeWireRemote", "oa{sv}", (session, {}))
        return Cast(session, streams, remote.to_raw_fd(), str(outcome.get("restore_token", ("s", ""))[1]))

    def session(self, interface: str) -> str:
        """A new session's object path. Raises BusError, CaptureDeniedError."""
        wanted: Variants = {"session_handle_token": ("s", _token())}
        return str(self.request(interface, "CreateSession", "", (), wanted)["session_handle"][1])

    def end(self, session: str) -> None:
        """Ends a session; the desktop takes its sign of recording away."""
        with contextlib.suppress(BusError):
            self.bus.call(DBusAddress(session, DESKTOP, SESSION), "Close")

    def request(
        self,
        interface: str,
        method: str,
        signature: str,
        body: tuple[Any, ...],
        options: Variants,
        seconds: float = ANSWER_SECONDS,
    ) -> dict[str, tuple[str, Any]]:
        """Makes a request and waits for its outcome: what the Response holds.

        Raises BusError without an answer or where it failed, CaptureDeniedError where the user said no.
        """
        token = _token()
        mine = f"{PATH}/request/{self.bus.name[1:].replace('.', '_')}/{token}"
        rule = MatchRule(type="signal", interface=REQUEST, member="Response", path=mine)
        with self.bus.hearing(rule) as following:
            self.bus.call(
                address(interface), method, f"{signature}a{{sv}}", (*body, {"handle_token": ("s", token), **options})
            )
            code, outcome = following(seconds).body
        if code == REFUSED:
            raise CaptureDeniedError("The desktop was told not to allow this.", ALLOW)
        if code:
            raise BusError(f"The desktop could not do this ({method}).")
        return dict(outcome)


def address(interface: str) -> DBusAddress:
    return DBusAddress(PATH, DESKTOP, interface)


def _stream(number: int, node: int, facts: dict[str, tuple[str, Any]]) -> CastStream:
    def said(name: str, otherwise: Any) -> Any:
        return facts[name][1] if name in facts else otherwise

    left, top = said("position", (0, 0))
    width, height = said("size", (0, 0))
    name = str(said("mapping_id", "") or said("id", "") or f"monitor-{number}")
    return CastStream(int(node), name[:100], (int(left), int(top)), (int(width), int(height)))


def _token() -> str:
    return f"afterimage{secrets.token_hex(8)}"


@contextlib.contextmanager
def _refused(what: str) -> Iterator[None]:
    try:
        yield
    except BusError as error:
        raise CaptureDeniedError(
            f"This Wayland desktop does not let programs {what}: {error.message}",
            'Install xdg-desktop-portal and its part for your desktop, or log in to a session "on Xorg".',
        ) from error
