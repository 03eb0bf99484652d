"""Window facts in a Wayland session: from sway, which tells them; other compositors do not.

Menus and panels are in no list there, and what is opaque is not told either: so nothing counts as covering.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Iterator
from typing import Any

from core.capture.windows import MAX_TITLE
from core.capture.windows.logind import Logind
from core.capture.windows.process import process_facts
from core.errors import DisplayMissingError
from core.frame import Rect, Window

MAGIC = b"i3-ipc"
GET_OUTPUTS, GET_TREE = 3, 4
ANSWER_SECONDS = 2.0
LARGEST = 64 * 2**20  # bytes of an answer


class UntoldFacts:
    """A compositor that keeps its windows to itself: privacy rules cannot be kept there."""

    def __init__(self) -> None:
        self._logind = Logind()

    def windows(self) -> tuple[Window, ...] | None:
        """See WindowFacts; never known."""
        return None

    def locked(self) -> bool:
        return self._logind.locked()

    def scale(self) -> float:
        return 1.0

    def close(self) -> None:
        self._logind.close()


class SwayFacts:
    """Window facts from sway's socket, in the compositor's logical pixels."""

    def __init__(self, path: str | None = None) -> None:
        """``path``: $SWAYSOCK by default. Raises DisplayMissingError where nobody answers."""
        self._logind = Logind()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._socket.connect(path or os.environ["SWAYSOCK"])
        except (OSError, KeyError) as error:
            self._socket.close()
            raise DisplayMissingError("Sway does not answer.", "Start the program from a desktop session.") from error

    def windows(self) -> tuple[Window, ...] | None:
        """See WindowFacts. None once sway does not answer as it should."""
        try:
            return tuple(_leaves(self._ask(GET_TREE)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def locked(self) -> bool:
        return self._logind.locked()

    def scale(self) -> float:
        """Of the monitor that is scaled the most, which is how pictures of the whole desktop are drawn."""
        try:
            scales = [float(output["scale"]) for output in self._ask(GET_OUTPUTS) if output.get("active")]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return 1.0
        return max([scale for scale in scales if scale > 0], default=1.0)

    def close(self) -> None:
        self._socket.close()
        self._logind.close()

    def _ask(self, kind: int) -> Any:
        self._socket.sendall(MAGIC + struct.pack("=II", 0, kind))
        head = self._read(len(MAGIC) + 8)
        size, told = struct.unpack("=II", head[len(MAGIC) :])
        if head[: len(MAGIC)] != MAGIC or told != kind or size > LARGEST:
            raise ValueError("this is not sway")
        return json.loads(self._read(size))

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self._socket.recv(min(2**16, size - len(data)))
            if not piece:
                raise OSError("sway hung up")
            data += piece
        return bytes(data)


def _leaves(node: dict[str, Any]) -> Iterator[Window]:
    """The visible windows below a node of sway's tree, front to back: floating ones, the last raised first."""
    for child in reversed(node.get("floating_nodes") or ()):
        yield from _leaves(child)
    children = node.get("nodes") or ()
    for child in children:
        yield from _leaves(child)
    if not children and node.get("visible") and node.get("pid"):
        yield _window(node)


def _window(node: dict[str, Any]) -> Window:
    properties = node.get("window_properties") or {}
    pid = int(node["pid"])
    process, options = process_facts(pid)
    application = str(node.get("app_id") or properties.get("class") or process)
    others = (str(properties.get("instance") or ""), process, *options)
    place, title_bar = node["rect"], node.get("deco_rect") or {}
    above = int(title_bar.get("height", 0))
    return Window(
        title=str(node.get("name") or "")[:MAX_TITLE],
        application=application,
        pid=pid,
        rect=Rect(int(place["x"]), int(place["y"]) - above, int(place["width"]), int(place["height"]) + above),
        focused=bool(node.get("focused")),
        opaque=False,
        names=tuple(dict.fromkeys(name for name in others if name and name != application)),
    )
