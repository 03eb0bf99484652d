"""What is noted beside recorded pictures: one JSON line a picture, with its time, monitor and windows.

The file is untrusted input like any other: a line that cannot be read is left out and counted.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.capture.windows import MAX_TITLE
from core.frame import Frame, Monitor, Rect, Window

MAX_LINE = 4 * 2**20  # characters; a longer line is no description of windows
FARTHEST = 2**31  # pixels: no desktop reaches further


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one recorded picture. ``file`` or ``index`` says which it is."""

    file: str | None = None
    index: int | None = None
    time: datetime | None = None  # UTC
    monotonic: float | None = None  # seconds
    source: str | None = None  # of the frame as it was recorded
    monitor: Monitor | None = None
    windows: tuple[Window, ...] = ()


def line(frame: Frame, file: str) -> str:
    """One line for a picture stored as ``file``, without the line end; only ASCII, whatever the titles hold."""
    return json.dumps(
        {
            "file": file,
            "time": frame.time.isoformat(),
            "monotonic": frame.monotonic,
            "source": frame.source,
            "monitor": {
                "name": frame.monitor.name,
                "rect": _numbers(frame.monitor.rect),
                "scale": frame.monitor.scale,
            },
            "windows": [
                {
                    "title": window.title,
                    "application": window.application,
                    "pid": window.pid,
                    "rect": _numbers(window.rect),
                    "focused": window.focused,
                    "opaque": window.opaque,
                    "names": list(window.names),
                    "panel": window.panel,
                }
                for window in frame.windows
            ],
        }
    )


def read(path: Path) -> tuple[list[Facts], int]:
    """All facts in a file, and how many lines could not be read; nothing where there is no file."""
    try:
        lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return [], 0
    except OSError:
        return [], 1
    facts: list[Facts] = []
    unread = 0
    for text in lines:
        if not text.strip():
            continue
        try:
            facts.append(_parsed(text))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            unread += 1
    return facts, unread


def _parsed(text: str) -> Facts:
    if len(text) > MAX_LINE:
        raise ValueError("too long")
    said = json.loads(text)
    time, monotonic, monitor = said.get("time"), said.get("monotonic"), said.get("monitor")
    if monotonic is not None and not math.isfinite(float(monotonic)):
        raise ValueError("not a time")
    return Facts(
        file=None if said.get("file") is None else str(said["file"]),
        index=None if said.get("index") is None else int(said["index"]),
        time=None if time is None else _time(str(time)),
        monotonic=None if monotonic is None else float(monotonic),
        source=None if said.get("source") is None else str(said["source"]),
        monitor=None if monitor is None else _monitor(monitor),
        windows=tuple(_window(window) for window in said.get("windows") or ()),
    )


def _time(text: str) -> datetime:
    """A time without a zone is taken as UTC."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _monitor(said: dict[str, Any]) -> Monitor:
    return Monitor(str(said.get("name", "")), _rect(said["rect"]), float(said.get("scale", 1.0)))


def _window(said: dict[str, Any]) -> Window:
    pid = said.get("pid")
    return Window(
        title=str(said.get("title", ""))[:MAX_TITLE],
        application=str(said.get("application", "")),
        pid=None if pid is None else int(pid),
        rect=_rect(said["rect"]),
        focused=bool(said.get("focused", False)),
        opaque=bool(said.get("opaque", True)),
        names=tuple(str(name) for name in said.get("names") or ()),
        panel=bool(said.get("panel", False)),
    )


def _rect(said: Any) -> Rect:
    left, top, width, height = (int(number) for number in said)
    if width < 0 or height < 0 or max(abs(left), abs(top), width, height) > FARTHEST:
        raise ValueError("not a rectangle")
    return Rect(left, top, width, height)


def _numbers(rect: Rect) -> list[int]:
    return [rect.left, rect.top, rect.width, rect.height]
