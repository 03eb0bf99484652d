"""Long work as the user sees it: how far it is and how to stop it, as a strip in a window or as a small dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QProgressDialog, QPushButton, QVBoxLayout

from ui import text
from ui.bridge import Bridge
from ui.i18n import engine_says
from ui.widgets import label

STEPS = 1000
PATIENCE_MS = 700  # work that is done sooner needs no dialog


class WorkStrip(QFrame):
    """Follows one piece of work at a time; hidden while there is none. ``ended`` says how it went."""

    ended = Signal(bool, str)  # well?, a sentence or nothing

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._ticket = 0
        self._words = label(role="small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.stop_button = QPushButton(self.tr("Cancel"))
        self.stop_button.clicked.connect(lambda: bridge.cancel(self._ticket))
        rows = QVBoxLayout()
        rows.addWidget(self._words)
        rows.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(16)
        row.addLayout(rows, 1)
        row.addWidget(self.stop_button)
        bridge.progress.connect(self._progress)
        bridge.done.connect(self._done)
        bridge.cancelled.connect(self._cancelled)
        bridge.failed.connect(self._failed)
        self.hide()

    @property
    def busy(self) -> bool:
        return bool(self._ticket)

    def follow(self, ticket: int, words: str) -> None:
        """Shows the work with this ticket, called ``words`` until it says more."""
        self._ticket = ticket
        self._words.setText(words)
        self.bar.setAccessibleName(words)
        self.stop_button.setAccessibleName(self.tr("Cancel: {work}").format(work=words))
        self.bar.setValue(0)
        self.show()

    def _progress(self, ticket: int, share: float, words: str) -> None:
        if ticket == self._ticket:
            self.bar.setValue(round(share * STEPS))
            told = self.tr("{share} %  ·  {work}").format(share=round(100 * share), work=text.plain(words, 200))
            self._words.setText(told)

    def _done(self, ticket: int, answer: object) -> None:
        self._end(ticket, well=True, words=engine_says(str(getattr(answer, "message", ""))))

    def _cancelled(self, ticket: int) -> None:
        self._end(ticket, well=False, words="")

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        self._end(ticket, well=False, words=f"{message} {remedy}".strip())

    def _end(self, ticket: int, *, well: bool, words: str) -> None:
        if ticket and ticket == self._ticket:
            self._ticket = 0
            self.hide()
            self.ended.emit(well, text.plain(words, 500))


class WorkDialog(QProgressDialog):
    """Appears by itself where the work takes longer than a moment, and goes with its end."""

    def __init__(self, title: str, bridge: Bridge, ticket: int) -> None:
        super().__init__()
        self._bridge, self._ticket = bridge, ticket
        self.setWindowTitle(title)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.setMinimumDuration(PATIENCE_MS)
        self.setRange(0, STEPS)
        self.setLabelText(self.tr("Waiting for the engine."))
        self.setCancelButtonText(self.tr("Cancel"))
        self.setAutoClose(False)
        self.setAutoReset(False)
        self.canceled.connect(self._stop)
        bridge.progress.connect(self._progress)
        bridge.done.connect(self._over)
        bridge.cancelled.connect(self._over)
        bridge.failed.connect(self._over)
        self.setValue(0)
        self.setMinimumSize(self.sizeHint())

    def _progress(self, ticket: int, share: float, words: str) -> None:
        if ticket == self._ticket:
            self.setLabelText(text.plain(words, 200))
            self.setValue(min(STEPS - 1, round(share * STEPS)))

    def _stop(self) -> None:
        if self._ticket:
            self._bridge.cancel(self._ticket)

    def _over(self, ticket: int, *_rest: object) -> None:
        if ticket == self._ticket:
            self._ticket = 0
            self.reset()
            self.hide()
            self.deleteLater()
