"""An export under way: how far it is, a button that cancels it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton

from ui import text
from ui.bridge import Bridge
from ui.theme import set_role
from ui.widgets import label

STEPS = 1000


class ExportBar(QFrame):
    """Hidden until there is an export; ``ended`` follows each, done or not."""

    ended = Signal()

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._ticket = 0
        self._words = label(wrap=True)
        self._bar = QProgressBar()
        self._bar.setRange(0, STEPS)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(160)
        self._bar.setAccessibleName(self.tr("Progress of the export"))
        self.button = QPushButton(self.tr("Cancel"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._words, 1)
        row.addWidget(self._bar)
        row.addWidget(self.button)
        self.button.clicked.connect(self._pressed)
        bridge.progress.connect(self._progressed)
        bridge.done.connect(self._done)
        bridge.cancelled.connect(self._cancelled)
        bridge.failed.connect(self._failed)
        self.hide()

    @property
    def under_way(self) -> bool:
        return self._ticket != 0

    @property
    def words(self) -> str:
        return self._words.text()

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self._bar.value() / STEPS

    def begin(self, folder: Path, selection: Mapping[str, Any]) -> None:
        """Exports what ``selection`` says to the new folder ``folder``."""
        self._bar.setValue(0)
        self._say(self.tr("Exporting to {folder}…").format(folder=text.plain(str(folder))), "calm")
        self._bar.show()
        self.button.setText(self.tr("Cancel"))
        self.show()
        self._ticket = self._bridge.export(folder, selection)

    def _pressed(self) -> None:
        if self.under_way:
            self._bridge.cancel(self._ticket)
        else:
            self.hide()

    def _progressed(self, ticket: int, done: float, _message: str) -> None:
        if ticket == self._ticket:
            self._bar.setValue(round(done * STEPS))

    def _done(self, ticket: int, answer: object) -> None:
        if ticket == self._ticket:
            folder = text.plain(str(getattr(answer, "message", "")))
            self._end(self.tr("Exported to {folder}.").format(folder=folder), "calm")

    def _cancelled(self, ticket: int) -> None:
        if ticket == self._ticket:
            self._end(self.tr("The export was cancelled; nothing of it was kept."), "calm")

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket == self._ticket:
            self._end(f"{message} {remedy}".strip(), "caution")

    def _end(self, words: str, kind: str) -> None:
        self._ticket = 0
        self._say(words, kind)
        self._bar.hide()
        self.button.setText(self.tr("Dismiss"))
        self.ended.emit()

    def _say(self, words: str, kind: str) -> None:
        self._words.setText(words)
        self.setAccessibleName(words)
        set_role(self, f"notice-{kind}")
