"""The desktop app as a user starts it, with one addition: it keeps writing down what its widgets show.

    python -m tests.helpers.watched_desktop FILE

A test presses real keys on the virtual screen and reads FILE. Nothing else differs from ``ui.desktop.run``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

import ui.desktop
from ui.desktop import Desktop

EVERY_MS = 100


def shown(desktop: Desktop) -> dict[str, Any]:
    """What a person would see now."""
    window, timeline = desktop.window, desktop.timeline
    return {
        "welcome": desktop.welcome is not None and desktop.welcome.isVisible(),
        "page": desktop.welcome.page if desktop.welcome is not None else -1,
        "ready": desktop.welcome is not None and desktop.welcome.on_button.hasFocus(),
        "window": window.isVisible(),
        "overlays": len(desktop.snip.overlays),
        "about": [window.composer.picture.width(), window.composer.picture.height()],
        "typing": window.composer.edit.hasFocus(),
        "light": str(window.light),
        "tray": str(desktop.tray.light),
        "facts": window.facts,
        "timeline": timeline.model.rowCount() if timeline is not None and timeline.isVisible() else -1,
        "exchanges": [
            {
                "question": exchange.question,
                "stage": exchange.stage.name,
                "answer": exchange.answer,
                "origin": exchange.origin,
                "pictured": all(card.has_picture() for card in exchange.row.cards),
                "cards": [card.accessibleName() for card in exchange.row.cards if card.has_picture()],
            }
            for exchange in window.exchanges
        ],
    }


class WatchedDesktop(Desktop):
    """Writes down what it shows, whole or not at all, ten times a second."""

    def start(self) -> None:
        super().start()
        file = Path(sys.argv[1])
        timer = QTimer(self, interval=EVERY_MS)

        def write() -> None:
            fresh = file.with_suffix(".new")
            fresh.write_text(json.dumps(shown(self)), encoding="utf-8")
            fresh.replace(file)

        timer.timeout.connect(write)
        timer.start()
        write()


def main() -> int:
    ui.desktop.Desktop = WatchedDesktop  # type: ignore[misc]  # the one thing that differs
    status = ui.desktop.run()
    if QApplication.topLevelWidgets():
        sys.stderr.write("windows were left behind\n")
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
