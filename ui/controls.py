"""What can be done to the recording: one set of actions, used by the tray's menu and by the window's.

Knows the bridge; asks before anything is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from app.protocol import MomentInfo
from ui import text
from ui.bridge import Bridge
from ui.presence import Presence
from ui.theme import Theme
from ui.work import WorkDialog

QUARTER_HOUR = 15 * 60.0
HOUR = 60 * 60.0


class Controls(QObject):
    """Owns the actions; ``follow`` greys out what the engine's state does not allow."""

    forgotten = Signal()  # moments were deleted
    told = Signal(str)  # a sentence for the user: done, or why not

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme, self._bridge = theme, bridge
        self._running = True
        self._orders: set[int] = set()  # tickets whose failure the user should hear of
        self._forgetting: set[int] = set()  # of them, those whose success is worth a word
        self.pause_quarter = self._action(
            self.tr("Pause for 15 minutes"), "pause", lambda: bridge.pause(QUARTER_HOUR)
        )
        self.pause_hour = self._action(self.tr("Pause for 1 hour"), "pause", lambda: bridge.pause(HOUR))
        self.pause = self._action(self.tr("Pause until resumed"), "pause", bridge.pause)
        self.resume = self._action(self.tr("Resume recording"), "play", bridge.resume)
        self.start = self._action(self.tr("Start recording"), "play", self._start)
        self.forget_ten = self._action(
            self.tr("Forget the last 10 minutes…"), "trash", lambda: self._forget(self.tr("the last 10 minutes"), 600)
        )
        self.forget_hour = self._action(
            self.tr("Forget the last hour…"), "trash", lambda: self._forget(self.tr("the last hour"), HOUR)
        )
        self.forget_today = self._action(self.tr("Forget today…"), "trash", self._forget_today)
        self.progress: WorkDialog | None = None  # of the newest forgetting
        bridge.done.connect(self._done)
        bridge.cancelled.connect(self._cancelled)
        bridge.failed.connect(self._failed)
        theme.changed.connect(self._draw)
        self._draw()

    def pause_menu(self, parent: QWidget | None = None) -> QMenu:
        menu = QMenu(self.tr("Pause"), parent)
        menu.addActions([self.pause_quarter, self.pause_hour, self.pause])
        return menu

    def forget_menu(self, parent: QWidget | None = None) -> QMenu:
        menu = QMenu(self.tr("Forget"), parent)
        menu.addActions([self.forget_ten, self.forget_hour, self.forget_today])
        return menu

    def follow(self, presence: Presence) -> None:
        for action in (self.pause_quarter, self.pause_hour, self.pause):
            action.setEnabled(presence.can_pause)
        self._running = presence.can_ask
        self.resume.setVisible(presence.can_resume)
        self.start.setVisible(presence.can_start)
        for action in (self.forget_ten, self.forget_hour, self.forget_today):
            action.setEnabled(presence.can_ask)

    def forget_moments(self, moments: Sequence[MomentInfo]) -> bool:
        """Deletes these moments, if the user is sure; whether that was ordered."""
        if not moments:
            return False
        first = text.moment_time(min(moment.time for moment in moments), inside=True)
        number = len(moments)
        question = (
            self.tr("Delete this moment?") if number == 1 else self.tr("Delete these %Ln moment(s)?", None, number)
        )
        return self._order_forget(
            question, first, lambda: self._bridge.forget(moments=tuple(moment.id for moment in moments))
        )

    def forget_span(self, start: datetime, end: datetime) -> bool:
        """Deletes what was on the screen between, if the user is sure; whether that was ordered."""
        first, last = text.moment_time(start, inside=True), text.moment_time(end, inside=True)
        question = self.tr("Delete everything from {start} to {end}?").format(start=first, end=last)
        return self._order_forget(question, first, lambda: self._bridge.forget(start=start, end=end))

    def _order_forget(self, question: str, first: str, order: Callable[[], int]) -> bool:
        explanation = self.tr(
            "The pictures, their text and the answers that show them are deleted. The model cannot unlearn single "
            "moments: its memory goes back to before {time}, and what it saw after that is only in the timeline "
            "then. This cannot be undone."
        ).format(time=first)
        if not self.confirm(question, explanation):
            return False
        self._orders.add(self._remembered(order()))
        return True

    def confirm(self, question: str, explanation: str) -> bool:
        """Asks before deleting; No is the default."""
        box = QMessageBox(QMessageBox.Icon.Warning, self.tr("Afterimage: Forget"), question)
        box.setInformativeText(explanation)
        yes = box.addButton(self.tr("Forget"), QMessageBox.ButtonRole.DestructiveRole)
        no = box.addButton(QMessageBox.StandardButton.Cancel)
        no.setIcon(QIcon())  # some styles put one on this button only
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        box.exec()
        return box.clickedButton() is yes

    def _start(self) -> int:
        if not self._running:
            self._bridge.start()
        return self._bridge.watch()

    def _forget(self, span: str, seconds: float) -> int | None:
        return self._remembered(self._bridge.forget(last_s=seconds)) if self._sure(span) else None

    def _forget_today(self) -> int | None:
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        return self._remembered(self._bridge.forget(start=midnight)) if self._sure(self.tr("today")) else None

    def _sure(self, span: str) -> bool:
        return self.confirm(
            self.tr("Forget {span}?").format(span=span),
            self.tr(
                "Moments, pictures and text of that time are deleted, and the model's memory goes back to before it. "
                "This cannot be undone."
            ),
        )

    def offer_to_forget(self) -> None:
        """Nothing more is kept on disk from now on: what is there already may go too."""
        explanation = self.tr(
            "From now on no pictures and no text are kept. Moments, pictures, text and the memory from before are "
            "still on this computer, and can be deleted now. This cannot be undone."
        )
        if self.confirm(self.tr("Forget everything recorded so far?"), explanation):
            self._orders.add(self._remembered(self._bridge.forget()))

    def _remembered(self, ticket: int) -> int:
        """Shows how far it is where it takes long, and how to stop it."""
        self._forgetting.add(ticket)
        self.progress = WorkDialog(self.tr("Afterimage: Forget"), self._bridge, ticket)
        return ticket

    def _done(self, ticket: int, answer: object) -> None:
        self._orders.discard(ticket)
        if ticket not in self._forgetting:
            return
        self._forgetting.discard(ticket)
        deleted = getattr(answer, "count", None)
        if deleted is None:
            self.told.emit(self.tr("Forgotten."))
        else:
            self.told.emit(self.tr("Forgotten. %Ln moment(s) deleted.", None, deleted))
        self.forgotten.emit()

    def _cancelled(self, ticket: int) -> None:
        if ticket in self._forgetting:
            self._orders.discard(ticket)
            self._forgetting.discard(ticket)
            self.told.emit(self.tr("Nothing was forgotten."))

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket in self._orders:
            self._orders.discard(ticket)
            self._forgetting.discard(ticket)
            self.told.emit(f"{message} {remedy}".strip())

    def _action(self, words: str, icon: str, order: Callable[[], int | None]) -> QAction:
        action = QAction(words, self)
        action.setData(icon)

        def run() -> None:
            ticket = order()
            if ticket is not None:
                self._orders.add(ticket)

        action.triggered.connect(run)
        return action

    def _draw(self) -> None:
        for action in self.findChildren(QAction):
            action.setIcon(self._theme.icon(str(action.data())))
