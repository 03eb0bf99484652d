"""The ask window: question field, the conversation, the recording light, and what is remembered.

Puts the parts together and follows the engine; owns no thread and no engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.protocol import ExchangeInfo, MomentInfo, Status
from ui import text
from ui.answer import Exchange
from ui.bridge import Bridge
from ui.composer import Composer
from ui.controls import Controls
from ui.conversation import COLUMN, Conversation
from ui.pictures import Pictures
from ui.presence import Light, Presence
from ui.suggestions import Suggestions
from ui.theme import Theme
from ui.viewer import Viewer
from ui.widgets import Column, Notice, PageArea, label, open_at
from ui.window_bar import WindowBar

MOST_MESSAGES = 5
SMALLEST = QSize(420, 240)  # room for the conversation


class AskWindow(QWidget):
    """One conversation. ``settings_wanted``, ``timeline_wanted`` and their like ask for the other windows."""

    settings_wanted = Signal()
    timeline_wanted = Signal()
    history_wanted = Signal()
    memory_wanted = Signal()
    snip_wanted = Signal()
    quit_wanted = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, bridge: Bridge, controls: Controls, pictures: Pictures) -> None:
        super().__init__()
        self._theme, self._bridge, self._pictures = theme, bridge, pictures
        self.controls = controls
        self._presence: Presence | None = None
        self._since = ""
        self._told: list[str] = []  # sentences that were not dismissed yet, the newest last
        self._viewer: Viewer | None = None
        self._asked_about: MomentInfo | None = None  # its picture is on its way
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage"))
        open_at(self, theme, 780, 720)
        self.setAcceptDrops(True)

        self.composer = Composer(theme)
        self.notice = Notice(theme)  # the engine's state, where it needs words
        self.message = Notice(theme)  # what came of something the user did
        self._bar = WindowBar(theme, controls)
        self._conversation = Conversation(theme, bridge, pictures)
        self._pages = QStackedWidget()
        self._arrange()

        self.composer.asked.connect(self.ask)
        self.composer.stopped.connect(self.cancel)
        self.composer.refused.connect(self.tell)
        controls.told.connect(self.tell)
        controls.forgotten.connect(self.clear)  # what was said may tell of what is forgotten
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self._escape)
        pictures.picture_ready.connect(self._picture_ready)
        self._connect_parts()

    def _connect_parts(self) -> None:
        self._conversation.answering_changed.connect(self._answering_changed)
        self._conversation.added.connect(lambda: self._pages.setCurrentIndex(1))
        self._conversation.opened.connect(self.open_moments)
        self._conversation.told.connect(self.tell)
        self._bar.new_wanted.connect(self.clear)
        self._bar.settings_wanted.connect(self.settings_wanted)
        self._bar.timeline_wanted.connect(self.timeline_wanted)
        self._bar.history_wanted.connect(self.history_wanted)
        self._bar.memory_wanted.connect(self.memory_wanted)
        self._bar.snip_wanted.connect(self.snip_wanted)
        self._bar.quit_wanted.connect(self.quit_wanted)

    # --- what happens -----------------------------------------------------------------------------------------

    def ask(self, question: str, picture: QImage | None = None) -> None:
        """Asks, going on from what was said; an answer that was still under way is cancelled."""
        self._conversation.ask(question, picture)

    def cancel(self) -> None:
        """Stops the answer under way, at once for the eye; the engine stops as soon as it hears of it."""
        self._conversation.cancel()

    def clear(self) -> None:
        """Begins a new conversation."""
        self._conversation.clear()
        self._pages.setCurrentIndex(0)
        self.composer.edit.setFocus()

    def restore(self, kept: ExchangeInfo) -> None:
        """Begins a conversation with an answer from the history; the next question goes on from it."""
        self._conversation.restore(kept)
        self.summon()

    @property
    def exchanges(self) -> list[Exchange]:
        """The conversation, the oldest first."""
        return self._conversation.exchanges

    @property
    def answering(self) -> bool:
        return self._conversation.answering

    def _answering_changed(self, answering: bool) -> None:
        self.composer.set_answering(answering)
        if answering:
            self._told.clear()
            self.message.hide()

    def tell(self, words: str) -> None:
        """Shows a sentence until it is dismissed; the one before it comes back then."""
        self._told = [*(told for told in self._told if told != words), words][-MOST_MESSAGES:]
        self.message.say(words, button=self.tr("Dismiss"), action=self._dismiss)

    @property
    def messages(self) -> tuple[str, ...]:
        """The sentences that were not dismissed yet, the newest last."""
        return tuple(self._told)

    def _dismiss(self) -> None:
        self.message.hide()
        self._told.pop()
        if self._told:
            self.tell(self._told[-1])

    def show_presence(self, presence: Presence) -> None:
        """Follows the engine: the bar, and a notice where something needs saying."""
        self._bar.show_presence(presence)
        if presence == self._presence:
            return
        self._presence = presence
        if presence.light is Light.RECORDING or not presence.detail:
            if presence.preparing:
                self.notice.say(presence.preparing, kind="calm", icon="info")
            else:
                self.notice.hide()
            return
        kinds = {
            Light.EXCLUDED: ("shielded", "shield"),
            Light.STALLED: ("caution", "warning"),
            Light.DISK_FULL: ("caution", "warning"),
            Light.RESTARTING: ("caution", "retry"),
            Light.PAUSED: ("calm", "pause"),
            Light.LOCKED: ("calm", "lock"),
        }
        kind, icon = kinds.get(presence.light, ("calm", "info"))
        self.notice.say(presence.detail, kind=kind, icon=icon)

    def show_status(self, status: Status) -> None:
        self._facts.setText(
            text.joined(
                [
                    self.tr("Remembered since {time}").format(time=self._since) if self._since else "",
                    _moments(status.moments),
                    self.tr("{count} still to read").format(count=text.count(status.unread_moments))
                    if status.unread_moments
                    else "",
                    "" if status.model_answers else self.tr("answers come from recorded text"),
                ]
            )
            or self.tr("Nothing is remembered yet")
        )

    def show_since(self, since: str) -> None:
        """``since``: the time of the oldest moment, in words; empty while there is none."""
        self._since = since

    @property
    def light(self) -> Light:
        return self._bar.light

    @property
    def facts(self) -> str:
        """The line under the field."""
        return self._facts.text()

    def say_no_tray(self) -> None:
        """The desktop has no tray: the window has the same controls, and says so once."""
        self.tell(self.tr("This desktop has no tray, so everything is here: pause, forget and quit are in the menu."))

    def summon(self) -> None:
        """Brings the window up with the cursor in the field."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()
        self.composer.edit.setFocus()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(780, 720)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self.composer.edit.setFocus()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:  # changeEvent does not hear of it
            self._theme.refresh()
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802  Qt's name
        if self.composer.takes(event.mimeData()):
            self.composer.show_target(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802  Qt's name
        self.composer.show_target(False)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802  Qt's name
        self.composer.take(event.mimeData())
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  Qt's name
        self.cancel()
        event.accept()
        self.closed.emit()

    # --- parts ------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        suggestions = Suggestions(self._theme)
        suggestions.chosen.connect(self._suggest)
        self._pages.setMinimumSize(SMALLEST)
        begin = PageArea(suggestions, QSize())
        begin.setAccessibleName(self.tr("Questions to begin with"))
        self._pages.addWidget(begin)
        self._pages.addWidget(self._conversation)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._bar)
        rows.addWidget(self._pages, 1)
        rows.addWidget(self._foot())

    def _foot(self) -> QWidget:
        foot = QFrame()
        self._facts = label(self.tr("Nothing is remembered yet"), "small")
        self._facts.setAccessibleName(self.tr("What is remembered"))
        hint = label(self.tr("Enter asks  ·  Esc stops"), "small")
        line = QHBoxLayout()
        line.setContentsMargins(6, 0, 6, 0)
        line.addWidget(self._facts, 1)
        line.addWidget(hint)
        column = Column(self._theme.scaled(COLUMN))
        column.rows.setContentsMargins(0, 4, 0, 12)
        column.rows.setSpacing(8)
        column.rows.addWidget(self.notice)
        column.rows.addWidget(self.message)
        column.rows.addWidget(self.composer)
        column.rows.addLayout(line)
        rows = QVBoxLayout(foot)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(column)
        return foot

    # --- moments ------------------------------------------------------------------------------------------------

    def open_moments(self, moments: Sequence[MomentInfo], place: int, words: str = "") -> None:
        """Shows one of ``moments`` large, with ``words`` marked in it; the others are its neighbours."""
        if self._viewer is None:
            self._viewer = Viewer(self._theme, self._bridge, self._pictures, self.controls)
            self._viewer.asked_about.connect(self._ask_about)
        self._viewer.open(moments, place, words)

    def ask_about(self, moment: MomentInfo) -> None:
        """The next question is about ``moment``, once its picture is there."""
        self._asked_about = moment
        self._pictures.fetch(moment.id)

    def _picture_ready(self, moment: int, image: QImage) -> None:
        wanted = self._asked_about
        if wanted is None or wanted.id != moment:
            return
        self._asked_about = None
        if image.isNull():
            self.tell(self.tr("No picture is kept of this moment."))
            self.summon()
        else:
            self._ask_about(wanted, image)

    @property
    def viewer(self) -> Viewer | None:
        """The window that shows moments large, once one was opened."""
        return self._viewer

    def _ask_about(self, moment: MomentInfo, image: QImage) -> None:
        words = text.joined(
            [text.moment_time(moment.time, inside=True), text.plain(moment.application), text.plain(moment.window)]
        )
        self.composer.attach(image, self.tr("About {moment}").format(moment=words))
        self.summon()

    def _suggest(self, question: str) -> None:
        self.composer.edit.setPlainText(question)
        self.composer.edit.selectAll()
        self.composer.edit.setFocus()

    def _escape(self) -> None:
        if self.answering:
            self.cancel()
        else:
            self.close()


def _moments(number: int) -> str:
    if number == 0:
        return ""
    return QCoreApplication.translate("AskWindow", "%Ln moment(s)", None, number)
