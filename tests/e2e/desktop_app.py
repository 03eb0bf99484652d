"""The running desktop app for end-to-end tests: its process, its screen, what its widgets show, its engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

from app.client import connect
from app.paths import Paths
from tests.helpers.desktop import VirtualDesktop, wait_until

PATIENCE = 90.0  # seconds; generous, because a test machine may be busy


@dataclass
class App:
    """The running app: its process, its screen, and the file that says what it shows."""

    desktop: VirtualDesktop
    paths: Paths
    process: Popen[bytes]
    file: Path

    def shown(self) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return told

    def wait(self, condition: Callable[[dict[str, Any]], object], what: str, seconds: float = PATIENCE) -> None:
        try:
            wait_until(lambda: condition(self.shown()), seconds, what)
        except TimeoutError as error:
            error.add_note(f"shown: {self.shown()}")
            raise

    def engine(self) -> int:
        with connect(self.paths, start=False) as client:
            return client.engine_pid

    def read(self, title: str) -> bool:
        """Whether the text of a window with that title stands in the timeline."""
        with connect(self.paths, start=False) as client:
            found = client.moments(window=title, limit=1).moments
            return bool(found) and bool(found[0].text)

    def unread(self) -> int:
        with connect(self.paths, start=False) as client:
            status = client.status()
            return status.unread_moments if status.moments else 1


def on_page(page: int, now: dict[str, Any]) -> bool:
    """Whether that page of the first run is shown and its button has the keyboard."""
    return bool(now["ready"]) and now["page"] == page


def agree(app: App) -> None:
    """Goes through the first run's pages by key and waits for recording."""
    app.desktop.focus(app.desktop.wait_for_window("Afterimage: Welcome"))
    for page in range(4):
        app.wait(partial(on_page, page), f"page {page}")
        app.desktop.press("space")
    app.wait(lambda now: now.get("light") == "recording", "recording after consent")


def put_away(app: App) -> None:
    """Closes the ask window by key; the app stays in the tray."""
    app.desktop.focus(app.desktop.wait_for_window("^Afterimage$"))
    app.desktop.press("Escape")
    app.wait(lambda now: not now["window"], "the window's going to the tray")


def ask(app: App, question: str) -> dict[str, Any]:
    """Brings the window up with the global hotkey, types a question; what the widgets show of its answer."""
    before = len(app.shown()["exchanges"])
    app.desktop.press("ctrl+alt+space")
    app.wait(lambda now: now["window"] and now["typing"], "the window with the cursor in the field")
    app.desktop.type(question)
    app.desktop.press("Return")

    def answered(now: dict[str, Any]) -> bool:
        exchanges = now["exchanges"]
        return len(exchanges) == before + 1 and exchanges[-1]["stage"] == "DONE" and exchanges[-1]["pictured"]

    app.wait(answered, f"an answer to {question!r} with its pictures")
    shown: dict[str, Any] = app.shown()["exchanges"][-1]
    assert shown["question"] == question
    return shown
