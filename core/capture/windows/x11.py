"""Window facts from an X server, by the freedesktop standard where it is kept and by the core protocol where not.

The server tells of every change, so a desktop at rest costs one round trip a question. Any window may vanish
between two requests: its requests then fail, and it is left out. Knows nothing of pixels.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ewmh import EWMH
from Xlib import X, display, error
from Xlib.ext import res, screensaver

from core.capture.windows import MAX_TITLE
from core.capture.windows.logind import Logind
from core.capture.windows.process import process_facts
from core.errors import CaptureDeniedError, DisplayMissingError
from core.frame import Rect, Window

VANISHED = (error.XError, error.BadWindow, error.BadDrawable)
BROKEN = (error.ConnectionClosedError, OSError)
COMPOUND_CHARSETS = {
    **{b"-" + letter: f"iso8859_{n}" for n, letter in ((1, b"A"), (2, b"B"), (3, b"C"), (4, b"D"), (5, b"L"))},
    **{b"-" + letter: f"iso8859_{n}" for n, letter in ((6, b"G"), (7, b"F"), (8, b"H"), (9, b"M"), (15, b"b"))},
    b"%G": "utf-8",
    b"%@": "latin-1",
}
GENERIC_CLASSES = {"", "python3", "python", "java", "electron", "wine", "sun-awt-x11-xframepeer"}


@dataclass(frozen=True, slots=True)
class _Client:
    """What a program says of its window."""

    title: str
    application: str
    names: tuple[str, ...]
    pid: int | None
    transient_for: int | None
    background: bool  # the desktop itself, as some file managers draw it
    panel: bool
    see_through: bool
    margins: tuple[int, int, int, int]  # left, right, top, bottom: a shadow that is part of the window


@dataclass(frozen=True, slots=True)
class _Top:
    """A child of the root window: a frame, or a window that asked for none."""

    client: int
    rect: Rect
    popup: bool
    alpha: bool
    shaped: bool


class X11Facts:
    """Window facts of one X display (``name``; None: $DISPLAY)."""

    def __init__(self, name: str | None = None) -> None:
        try:
            self._display = display.Display(name)
        except (error.DisplayError, error.XauthError, OSError) as trouble:
            raise DisplayMissingError(
                "There is no screen to watch: no X display answers.",
                "Start the program from a desktop session, or with a virtual screen (python3 dev.py run --virtual).",
            ) from trouble
        self._display.set_error_handler(lambda *_: None)  # late errors are about windows that are gone
        self._root = self._display.screen().root
        if self._is_wayland():
            self._display.close()
            raise CaptureDeniedError(
                "This is a Wayland session, which does not let programs watch the screen through X.",
                'Log out and choose a session "on Xorg", or use --source with a recording.',
            )
        self._ewmh = EWMH(self._display, self._root)
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask | X.PropertyChangeMask)
        self._clients: dict[int, _Client] = {}
        self._tops: dict[int, _Top | None] = {}
        self._last: tuple[Window, ...] | None = None
        self._logind = Logind()

    def windows(self) -> tuple[Window, ...] | None:
        """See WindowFacts. None once the connection to the X server is lost."""
        try:
            if self._news() or self._last is None:
                self._last = tuple(self._read())
        except VANISHED:
            self._last = None  # the root itself failed: do not trust what was known
        except BROKEN:
            return None
        return self._last

    def locked(self) -> bool:
        """True while a screensaver program is on or logind says that the session is locked.

        The server's own blanking is neither: it comes after minutes without input, also while somebody watches.
        """
        with contextlib.suppress(*VANISHED, *BROKEN, AttributeError):
            saver = self._root.screensaver_query_info()
            if saver.state == screensaver.StateOn and saver.kind == screensaver.KindExternal:
                return True
        return self._logind.locked()

    def scale(self) -> float:
        """From the Xft.dpi resource, which desktops set to what they draw at."""
        with contextlib.suppress(*VANISHED, *BROKEN):
            found = re.search(r"^Xft\.dpi:\s*([0-9.]+)\s*$", self._text(self._root, "RESOURCE_MANAGER"), re.MULTILINE)
            with contextlib.suppress(ValueError):
                dpi = float(found[1]) if found else 96.0
                return dpi / 96.0 if 24 <= dpi <= 960 else 1.0
        return 1.0

    def close(self) -> None:
        self._logind.close()
        with contextlib.suppress(*VANISHED, *BROKEN):
            self._display.close()
        self._display.display.socket.close()  # which python-xlib leaves open when the server is gone

    def _is_wayland(self) -> bool:
        """Whether this X server only shows X programs inside a Wayland session: older ones tell by their monitors."""
        if self._display.query_extension("XWAYLAND") is not None:
            return True
        with contextlib.suppress(AttributeError, *VANISHED):  # servers without RandR
            monitors = self._root.xrandr_get_monitors().monitors
            return any(self._display.get_atom_name(monitor.name).startswith("XWAYLAND") for monitor in monitors)
        return False

    def _news(self) -> bool:
        """Drops what is out of date; True when anything is."""
        self._display.sync()  # all that happened before this moment is in the queue after it
        news = False
        for _ in range(self._display.pending_events()):
            event = self._display.next_event()
            changed = getattr(event, "window", None)
            if event.type == X.PropertyNotify:
                if event.window != self._root:
                    self._clients.pop(event.window.id, None)
                elif event.atom != self._atom("_NET_ACTIVE_WINDOW"):
                    continue
            elif changed is not None:
                self._tops.pop(changed.id, None)
                parent = getattr(event, "parent", None)
                if parent is not None:
                    self._tops.pop(parent.id, None)
                if event.type == X.DestroyNotify:
                    self._clients.pop(changed.id, None)
            news = True
        return news

    def _read(self) -> Iterator[Window]:
        """The windows front to back, popups named after the window they belong to."""
        stack = [window.id for window in reversed(self._root.query_tree().children)]
        tops = [top for top in map(self._top, stack) if top is not None]
        self._tops = {key: top for key, top in self._tops.items() if key in set(stack)}
        known = {top.client: client for top in tops if (client := self._client(top.client)) is not None}
        self._clients = {key: client for key, client in self._clients.items() if key in known}
        focused = self._focused(tops)
        composited = self._composited()
        size = self._root.get_geometry()
        screen = Rect(0, 0, size.width, size.height)
        for top in tops:
            client = known.get(top.client)
            if client is None or client.background:
                continue
            if top.popup:
                client = _owned(client, known, focused)
            rect, clear = top.rect, top.shaped
            if composited:  # only then are shadows and glass more than what a program says it would like
                rect = _without_margins(rect, client.margins)
                clear |= client.see_through or (top.alpha and not any(client.margins))
            if not rect.intersect(screen).area:  # programs park helpers beyond the edge
                continue
            yield Window(
                title=client.title,
                application=client.application,
                pid=client.pid,
                rect=rect,
                focused=top.client == focused,
                opaque=not clear,
                names=client.names,
                panel=client.panel,
            )

    def _top(self, window_id: int) -> _Top | None:
        if window_id not in self._tops:
            try:
                self._tops[window_id] = self._read_top(window_id)
            except VANISHED:
                self._tops[window_id] = None
        return self._tops[window_id]

    def _read_top(self, window_id: int) -> _Top | None:
        """None for what cannot be seen: unmapped windows and those that only take input."""
        window = self._display.create_resource_object("window", window_id)
        attributes = window.get_attributes()
        if attributes.map_state != X.IsViewable or attributes.win_class == X.InputOnly:
            return None
        shape = geometry = window.get_geometry()
        shaped = False
        with contextlib.suppress(AttributeError, *VANISHED):  # servers without the SHAPE extension
            window.shape_select_input(1)
            shaped = bool(window.shape_query_extents().bounding_shaped)
        client = self._find_client(window, depth=3)
        if client is not None and client.id != window_id:
            shape = client.get_geometry()
        border = 2 * geometry.border_width
        return _Top(
            client=window_id if client is None else client.id,
            rect=Rect(geometry.x, geometry.y, geometry.width + border, geometry.height + border),
            popup=bool(attributes.override_redirect) and client is None,
            alpha=shape.depth == 32,
            shaped=shaped,
        )

    def _find_client(self, window: Any, depth: int) -> Any | None:
        """The window in or below ``window`` that a window manager has taken care of; None: there is none."""
        if window.get_property(self._atom("WM_STATE"), X.AnyPropertyType, 0, 0) is not None:
            return window
        if depth:
            for child in window.query_tree().children:
                with contextlib.suppress(*VANISHED):
                    if (found := self._find_client(child, depth - 1)) is not None:
                        return found
        return None

    def _client(self, window_id: int) -> _Client | None:
        if window_id not in self._clients:
            try:
                self._clients[window_id] = self._read_client(window_id)
            except VANISHED:
                return None
        return self._clients[window_id]

    def _read_client(self, window_id: int) -> _Client:
        window = self._display.create_resource_object("window", window_id)
        # First, so that no later change is missed; its end too, because the server gives out its number again.
        window.change_attributes(event_mask=X.PropertyChangeMask | X.StructureNotifyMask)
        title = self._text(window, "_NET_WM_NAME") or self._text(window, "WM_NAME")
        instance, class_name = ([*self._text(window, "WM_CLASS").split("\0"), "", ""])[:2]
        pid = self._pid(window)
        process, options = process_facts(pid)
        application = class_name if class_name.lower() not in GENERIC_CLASSES else instance or process or class_name
        transient = self._numbers(window, "WM_TRANSIENT_FOR")
        types = self._numbers(window, "_NET_WM_WINDOW_TYPE")
        opacity = self._numbers(window, "_NET_WM_WINDOW_OPACITY")
        margins = self._numbers(window, "_GTK_FRAME_EXTENTS")
        others = (name for name in (instance, class_name, process, *options) if name and name != application)
        return _Client(
            title=title[:MAX_TITLE],
            application=application,
            names=tuple(dict.fromkeys(others)),
            pid=pid,
            transient_for=transient[0] if transient else None,
            background=self._atom("_NET_WM_WINDOW_TYPE_DESKTOP") in types,
            panel=self._atom("_NET_WM_WINDOW_TYPE_DOCK") in types,
            see_through=bool(opacity) and opacity[0] < 0xFFFFFFFF,
            margins=(margins[0], margins[1], margins[2], margins[3]) if len(margins) == 4 else (0, 0, 0, 0),
        )

    def _focused(self, tops: list[_Top]) -> int | None:
        """The focused client: as the window manager says, or where the keyboard goes when there is none."""
        with contextlib.suppress(*VANISHED, IndexError):
            active = self._ewmh.getActiveWindow()
            if active is not None:
                return int(active.id)
        clients = {top.client for top in tops}
        with contextlib.suppress(*VANISHED, AttributeError):  # the focus may also be "none" or "the pointer's"
            window = self._display.get_input_focus().focus
            while window.id != self._root.id:
                if window.id in clients:
                    return int(window.id)
                window = window.query_tree().parent
        return None

    def _composited(self) -> bool:
        selection = self._atom(f"_NET_WM_CM_S{self._display.get_default_screen()}")
        return bool(self._display.get_selection_owner(selection) != X.NONE)

    def _pid(self, window: Any) -> int | None:
        """As the server knows it, which cannot be wrong; as the program says, on older servers."""
        with contextlib.suppress(AttributeError, *VANISHED):
            answer = self._display.res_query_client_ids([{"client": window.id, "mask": res.LocalClientPIDMask}])
            for found in answer.ids:
                if found.value and int(found.value[0]) > 0:
                    return int(found.value[0])
        said = self._numbers(window, "_NET_WM_PID")
        return said[0] if said else None

    def _atom(self, name: str) -> int:
        return int(self._display.get_atom(name))

    def _text(self, window: Any, name: str) -> str:
        """A text property, UTF-8 where it can be and Latin-1 where not; empty where there is none."""
        found = window.get_full_property(self._atom(name), X.AnyPropertyType)
        if found is None:
            return ""
        value = found.value if isinstance(found.value, bytes) else str(found.value).encode()
        return _compound_text(value) if b"\x1b" in value else _decoded(value)

    def _numbers(self, window: Any, name: str) -> list[int]:
        found = window.get_full_property(self._atom(name), X.AnyPropertyType)
        return [] if found is None or isinstance(found.value, bytes | str) else [int(v) for v in found.value]


def _owned(popup: _Client, known: dict[int, _Client], focused: int | None) -> _Client:
    """A menu or tooltip under the name of its owner, so that rules for the owner hold for it too.

    The owner: the window it says it belongs to, the focused one of the same process, another of the same
    process, or, when it says nothing of itself, the focused window.
    """
    active = known.get(focused) if focused is not None else None
    candidates = [
        known.get(popup.transient_for) if popup.transient_for is not None else None,
        active,
        *known.values(),
    ]
    same = [c for c in candidates if c is not None and c is not popup and c.application]
    said = known.get(popup.transient_for) if popup.transient_for is not None else None
    owner = said or next((c for c in same if popup.pid is not None and c.pid == popup.pid), None)
    if owner is None and not popup.application:
        owner = active
    if owner is None or owner is popup:
        return popup
    names = tuple(dict.fromkeys((*popup.names, popup.application, *owner.names)))
    return replace(popup, title=owner.title or popup.title, application=owner.application, names=names)


def _decoded(value: bytes, charset: str = "utf-8") -> str:
    try:
        return value.decode(charset)
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _compound_text(value: bytes) -> str:
    """X's own mixture of encodings, as programs without UTF-8 titles set it: escape sequences switch between them."""
    text, charset = "", "utf-8"
    for piece in re.split(rb"(\x1b(?:%[G@]|[-()][A-Za-z]|\$[()-][A-Za-z]))", value):
        if piece.startswith(b"\x1b"):
            charset = COMPOUND_CHARSETS.get(piece[1:], charset)
        else:
            text += _decoded(piece, charset)
    return text


def _without_margins(rect: Rect, margins: tuple[int, int, int, int]) -> Rect:
    left, right, above, below = margins
    return Rect(
        rect.left + left, rect.top + above, max(0, rect.width - left - right), max(0, rect.height - above - below)
    )
