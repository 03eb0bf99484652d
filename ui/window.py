"""The ask window: question field, the conversation, the recording light, and what is remembered.

Feeds itself from the bridge's signals; owns no thread and no engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, QTimer, Signal
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
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.protocol import MAX_TURNS, AnswerDone, ExchangeInfo, MomentInfo, Status, Turn
from ui import text
from ui.answer import Exchange, Stage
from ui.bridge import Bridge
from ui.composer import Composer
from ui.controls import Controls
from ui.pictures import Pictures
from ui.presence import Light, Presence
from ui.suggestions import Suggestions
from ui.theme import Theme
from ui.viewer import Viewer
from ui.widgets import Column, Notice, PageArea, RecordingLight, follow, label, light_colour, open_at, tool_button

MOST_EXCHANGES = 50  # older ones leave the window
COLUMN = 760  # pixels; wider lines read badly
MOST_MESSAGES = 5
SMALLEST = QSize(420, 240)  # room for the conversation
STICKY_PIXELS = 80  # this near to the end the view follows a growing answer


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
        self._under_way: tuple[int, Exchange] | None = None
        self._judging: set[int] = set()  # tickets whose failure the user should hear of
        self._viewer: Viewer | None = None
        self._asked_about: MomentInfo | None = None  # its picture is on its way
        self._follow_end = True
        self.exchanges: list[Exchange] = []
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage"))
        open_at(self, theme, 780, 720)
        self.setAcceptDrops(True)

        self.composer = Composer(theme)
        self.notice = Notice(theme)  # the engine's state, where it needs words
        self.message = Notice(theme)  # what came of something the user did
        self._build_bar()
        self._build_conversation()
        self._build_foot()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._bar)
        rows.addWidget(self._pages, 1)
        rows.addWidget(self._foot)

        self.composer.asked.connect(self.ask)
        self.composer.stopped.connect(self.cancel)
        self.composer.refused.connect(self.tell)
        controls.told.connect(self.tell)
        controls.forgotten.connect(self.clear)  # what was said may tell of what is forgotten
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self._escape)
        bridge.piece.connect(self._piece)
        bridge.answered.connect(self._answered)
        bridge.cancelled.connect(self._cancelled)
        bridge.failed.connect(self._failed)
        pictures.picture_ready.connect(self._picture_ready)

    # --- what happens -----------------------------------------------------------------------------------------

    def ask(self, question: str, picture: QImage | None = None) -> None:
        """Asks, going on from what was said; an answer that was still under way is cancelled."""
        about = None if picture is None or picture.isNull() else picture
        answered = [exchange for exchange in self.exchanges if exchange.stage is Stage.DONE]
        follows, before = (answered[-1].number, answered[-1].picture) if answered else (None, None)
        self._ask(Exchange(self._theme, self._pictures, question, about, self._turns(), follows, before))

    def _ask_again(self, exchange: Exchange) -> None:
        """The same question after the same turns."""
        self._ask(
            Exchange(
                self._theme,
                self._pictures,
                exchange.question,
                exchange.about,
                exchange.earlier,
                exchange.follows,
                exchange.picture_before,
            )
        )

    def _ask(self, exchange: Exchange) -> None:
        self.cancel()
        self._told.clear()
        self.message.hide()
        about, before = exchange.about, exchange.picture_before
        ticket = self._bridge.ask(
            exchange.question,
            picture=None if about.isNull() else about,
            earlier=exchange.earlier,
            picture_before=None if before.isNull() or not about.isNull() else before,
            follows=exchange.follows,
        )
        self._under_way = (ticket, self._add(exchange))
        self.composer.set_answering(True)

    def _turns(self) -> tuple[Turn, ...]:
        """What was asked and answered in this conversation, the newest last."""
        turns = [turn for exchange in self.exchanges if (turn := exchange.turn()) is not None]
        return tuple(turns[-MAX_TURNS:])

    def restore(self, kept: ExchangeInfo) -> None:
        """Begins a conversation with an answer from the history; the next question goes on from it."""
        self.clear()
        self._add(Exchange(self._theme, self._pictures, kept.question)).restore(kept)
        self.summon()

    def _add(self, exchange: Exchange) -> Exchange:
        exchange.retried.connect(lambda: self._ask_again(exchange))
        exchange.opened.connect(self.open_moments)
        exchange.judged.connect(self._judged)
        exchange.grew.connect(self._grown)
        self._column.rows.addWidget(exchange)
        self.exchanges.append(exchange)
        while len(self.exchanges) > MOST_EXCHANGES:
            self._remove(self.exchanges.pop(0))
        self._pages.setCurrentIndex(1)
        self._follow_end = True
        self._grown()
        return exchange

    def _judged(self, exchange: int, wrong: bool, remark: str) -> None:
        self._judging.add(self._bridge.judge(exchange, wrong=wrong, remark=remark))

    def cancel(self) -> None:
        """Stops the answer under way, at once for the eye; the engine stops as soon as it hears of it."""
        if self._under_way is None:
            return
        ticket, exchange = self._under_way
        self._under_way = None
        self._bridge.cancel(ticket)
        exchange.cancel()
        self.composer.set_answering(False)

    def clear(self) -> None:
        """Begins a new conversation."""
        self.cancel()
        while self.exchanges:
            self._remove(self.exchanges.pop())
        self._pages.setCurrentIndex(0)
        self.composer.edit.setFocus()

    def _remove(self, exchange: Exchange) -> None:
        self._column.rows.removeWidget(exchange)
        exchange.hide()
        exchange.deleteLater()

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
        """Follows the engine: light, words, what can be pressed, and a notice where something needs saying."""
        self._light.show_presence(presence)
        self._state.setText(presence.title)
        self._resume.setText(self.tr("Resume") if presence.can_resume else self.tr("Start recording"))
        stopped = presence.can_resume or presence.can_start
        going, coming = (self._pause, self._resume) if stopped else (self._resume, self._pause)
        had_keyboard = (
            going.hasFocus()
        )  # asked first: what is disabled or hidden hands it to whatever stands beside it
        self._pause.setEnabled(presence.can_pause)
        coming.show()
        if had_keyboard:
            coming.setFocus()
        going.hide()
        if presence == self._presence:
            return
        self._presence = presence
        self._colour_state()
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
        return self._light.light

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

    def _build_bar(self) -> None:
        self._bar = QFrame()
        self._bar.setProperty("role", "bar")
        self._light = RecordingLight(self._theme)
        self._state = label(role="strong")
        self._pause = tool_button(self._theme, "pause", self.tr("Pause"), words=True)
        self._pause.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._pause.setMenu(self.controls.pause_menu(self))
        self._resume = tool_button(self._theme, "play", self.tr("Resume"), words=True)
        self._resume.clicked.connect(self._resume_or_start)
        self._snip = tool_button(self._theme, "snip", self.tr("Snip and ask"))
        self._snip.clicked.connect(self.snip_wanted)
        self._timeline = tool_button(self._theme, "timeline", self.tr("Timeline"))
        self._timeline.clicked.connect(self.timeline_wanted)
        self._memory = tool_button(self._theme, "growth", self.tr("Memory"))
        self._memory.clicked.connect(self.memory_wanted)
        self._settings = tool_button(self._theme, "settings", self.tr("Settings"))
        self._settings.clicked.connect(self.settings_wanted)
        self._more = tool_button(self._theme, "more", self.tr("More"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._more_menu())
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(4)
        row.addWidget(self._light)
        row.addSpacing(4)
        row.addWidget(self._state)
        row.addStretch(1)
        for widget in (
            self._pause,
            self._resume,
            self._snip,
            self._timeline,
            self._memory,
            self._settings,
            self._more,
        ):
            row.addWidget(widget)
        follow(self._theme, self._bar, self._colour_state)

    def _more_menu(self) -> QMenu:
        # These actions are the shortcuts too: a second shortcut of the same keys would make both ambiguous.
        menu = QMenu(self)
        menu.addAction(self.tr("New conversation"), QKeySequence(QKeySequence.StandardKey.New), self.clear)
        menu.addAction(self.tr("History…"), QKeySequence("Ctrl+H"), self.history_wanted.emit)
        menu.addAction(self.tr("Timeline"), QKeySequence("Ctrl+T"), self.timeline_wanted.emit)
        menu.addAction(self.tr("Memory"), QKeySequence("Ctrl+M"), self.memory_wanted.emit)
        menu.addAction(self.tr("Settings"), QKeySequence("Ctrl+,"), self.settings_wanted.emit)
        menu.addSeparator()
        menu.addActions([self.controls.forget_ten, self.controls.forget_hour, self.controls.forget_today])
        menu.addSeparator()
        menu.addAction(self.tr("Quit"), QKeySequence("Ctrl+Q"), self.quit_wanted.emit)
        return menu

    def _build_conversation(self) -> None:
        self._column = Column(self._theme.scaled(COLUMN))
        self._column.rows.setContentsMargins(0, 12, 0, 8)
        self._column.rows.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._area = QScrollArea()
        self._area.setWidget(self._column)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName(self.tr("Conversation"))
        bar = self._area.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(lambda _low, high: bar.setValue(high) if self._follow_end else None)
        self._pages = QStackedWidget()
        suggestions = Suggestions(self._theme)
        suggestions.chosen.connect(self._suggest)
        self._pages.setMinimumSize(SMALLEST)
        begin = PageArea(suggestions, QSize())
        begin.setAccessibleName(self.tr("Questions to begin with"))
        self._pages.addWidget(begin)
        self._pages.addWidget(self._area)

    def _build_foot(self) -> None:
        self._foot = QFrame()
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
        rows = QVBoxLayout(self._foot)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(column)

    # --- answers ------------------------------------------------------------------------------------------------

    def _exchange(self, ticket: int) -> Exchange | None:
        if self._under_way is None or self._under_way[0] != ticket:
            return None
        return self._under_way[1]

    def _piece(self, ticket: int, words: str) -> None:
        exchange = self._exchange(ticket)
        if exchange is not None:
            exchange.add_piece(words)

    def _answered(self, ticket: int, answer: AnswerDone) -> None:
        exchange = self._end(ticket)
        if exchange is not None:
            exchange.finish(answer)

    def _cancelled(self, ticket: int) -> None:
        exchange = self._end(ticket)
        if exchange is not None:
            exchange.cancel()

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket in self._judging:
            self._judging.discard(ticket)
            self.tell(f"{message} {remedy}".strip())
        exchange = self._end(ticket)
        if exchange is not None:
            exchange.fail(message, remedy)

    def _end(self, ticket: int) -> Exchange | None:
        exchange = self._exchange(ticket)
        if exchange is not None:
            self._under_way = None
            self.composer.set_answering(False)
        return exchange

    @property
    def answering(self) -> bool:
        return self._under_way is not None and self._under_way[1].stage in {Stage.WAITING, Stage.STREAMING}

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
            [text.moment_time(moment.time), text.plain(moment.application), text.plain(moment.window)]
        )
        self.composer.attach(image, self.tr("About {moment}").format(moment=words))
        self.summon()

    def _suggest(self, question: str) -> None:
        self.composer.edit.setPlainText(question)
        self.composer.edit.selectAll()
        self.composer.edit.setFocus()

    def _escape(self) -> None:
        if self._under_way is not None:
            self.cancel()
        else:
            self.close()

    def _resume_or_start(self) -> None:
        if self._presence is not None and self._presence.can_start:
            self.controls.start.trigger()
        else:
            self.controls.resume.trigger()

    def _colour_state(self) -> None:
        if self._presence is not None:
            # Recording is the ordinary state: the light has the colour, the word stays calm.
            ordinary = self._presence.light is Light.RECORDING
            shade = self._theme.colours.text if ordinary else light_colour(self._theme.colours, self._presence.light)
            self._state.setStyleSheet(f"color: {shade}")

    # --- scrolling ----------------------------------------------------------------------------------------------

    def _grown(self) -> None:
        if self._follow_end:
            bar = self._area.verticalScrollBar()
            QTimer.singleShot(0, bar, lambda: bar.setValue(bar.maximum()))

    def _scrolled(self, value: int) -> None:
        self._follow_end = value >= self._area.verticalScrollBar().maximum() - STICKY_PIXELS


def _moments(number: int) -> str:
    if number == 0:
        return ""
    return QCoreApplication.translate("AskWindow", "%Ln moment(s)", None, number)
