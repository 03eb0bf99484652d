"""What was asked before: searched, opened again, and deleted.

A list whose rows are fetched by the page, so that years of questions cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QPainter, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.protocol import ExchangeInfo, History
from ui import text, wording
from ui.bridge import Bridge
from ui.theme import Theme
from ui.widgets import Notice, label, open_at

PAGE = 100
TYPING_PAUSE_MS = 250  # a search begins when nothing was typed for so long
SHOWN = 300  # characters of an answer in the list
PADDING = 10

EXCHANGE_ROLE = int(Qt.ItemDataRole.UserRole)
Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """Newest first. ``counted`` follows every ``show``."""

    counted = Signal(int)
    failed = Signal(str)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._words = ""
        self._exchanges: list[ExchangeInfo] = []
        self._total = 0
        self._ticket = 0
        self._afresh = True
        bridge.history_fetched.connect(self._fetched)
        bridge.failed.connect(self._failed)

    def show(self, words: str) -> None:
        """Begins anew with what has ``words`` in it."""
        self._words, self._afresh = words, True
        self._ticket = self._bridge.fetch_history(words, limit=PAGE)

    def exchange(self, row: int) -> ExchangeInfo:
        return self._exchanges[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008  Qt's name and default
        return 0 if parent.isValid() else len(self._exchanges)

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802  Qt's name
        return not parent.isValid() and len(self._exchanges) < self._total and self._ticket == 0

    def fetchMore(self, parent: Index) -> None:  # noqa: N802  Qt's name
        del parent
        self._ticket = self._bridge.fetch_history(self._words, limit=PAGE, offset=len(self._exchanges))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        exchange = self._exchanges[index.row()]
        if role == EXCHANGE_ROLE:
            return exchange
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return text.joined([text.moment_time(exchange.asked), text.plain(exchange.question), _answer(exchange)])
        return None

    def _fetched(self, ticket: int, history: History) -> None:
        if ticket != self._ticket:
            return
        self._ticket = 0
        if self._afresh:
            self._afresh = False
            self.beginResetModel()
            self._exchanges, self._total = list(history.exchanges), history.total
            self.endResetModel()
            self.counted.emit(self._total)
            return
        first = len(self._exchanges)
        self._total = history.total if history.exchanges else first
        if history.exchanges:
            self.beginInsertRows(QModelIndex(), first, first + len(history.exchanges) - 1)
            self._exchanges += history.exchanges
            self.endInsertRows()

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket == self._ticket:
            self._ticket = 0
            self.failed.emit(f"{message} {remedy}".strip())


class RowDelegate(QStyledItemDelegate):
    """Question, answer and when, on three lines; a mark where the user said that it was wrong."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802  Qt's name
        del index
        lines = option.fontMetrics.lineSpacing()
        return QSize(200, 3 * lines + 2 * PADDING + 6)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        exchange: ExchangeInfo = index.data(EXCHANGE_ROLE)
        colours, state = self._theme.colours, option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = option.rect.adjusted(2, 3, -2, -3)
        chosen, over = state & QStyle.StateFlag.State_Selected, state & QStyle.StateFlag.State_MouseOver
        painter.setPen(QColor(colours.accent if chosen else colours.line))
        painter.setBrush(QColor(colours.raised if over else colours.surface))
        painter.drawRoundedRect(place, 8, 8)
        inside = place.adjusted(PADDING + 4, PADDING - 2, -PADDING - 4, -PADDING + 2)
        rows = (
            (self._theme.font(bold=True), colours.text, text.plain(exchange.question)),
            (self._theme.font(), colours.text, _answer(exchange)),
            (self._theme.font(0.88), colours.muted, self._about(exchange)),
        )
        for font, colour, words in rows:
            painter.setFont(font)
            metrics = painter.fontMetrics()
            painter.setPen(QColor(colour))
            elided = metrics.elidedText(words, Qt.TextElideMode.ElideRight, inside.width())
            painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, elided)
            inside.setTop(inside.top() + metrics.lineSpacing() + 1)
        painter.restore()

    def _about(self, exchange: ExchangeInfo) -> str:
        return text.joined(
            [
                text.moment_time(exchange.asked),
                self.tr("after “{question}”").format(question=text.plain(exchange.before, 80))
                if exchange.before
                else "",
                self.tr("you said this was wrong") if exchange.wrong else "",
                text.plain(exchange.remark, 80),
            ]
        )


class HistoryList(QListView):
    """``chosen`` carries the row to open, ``deleted`` the rows to delete."""

    chosen = Signal(int)
    deleted = Signal(object)

    def __init__(self, model: HistoryModel, delegate: RowDelegate) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Questions and answers"))
        self.activated.connect(lambda index: self.chosen.emit(index.row()))

    def rows(self) -> list[int]:
        """The selected rows, from the top."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row())
        elif event.key() == Qt.Key.Key_Delete and self.rows():
            self.deleted.emit(self.rows())
        else:
            super().keyPressEvent(event)


class HistoryWindow(QWidget):
    """``opened`` carries the exchange that should be seen in the ask window."""

    opened = Signal(object)  # protocol.ExchangeInfo

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._deleting: set[int] = set()
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage: History"))
        open_at(self, theme, 720, 640)
        self.model = HistoryModel(bridge, self)
        self.list = HistoryList(self.model, RowDelegate(theme, self))
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search what you asked and what was answered"))
        self.search.setAccessibleName(self.tr("Search the history"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(QAction(theme.icon("search"), "", self), QLineEdit.ActionPosition.LeadingPosition)
        self.notice = Notice(theme)
        self._count = label(role="small")
        self._empty = label(role="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.delete_button = QPushButton(self.tr("Delete"))
        self.delete_all_button = QPushButton(self.tr("Delete all…"))
        self._pages = QStackedWidget()
        self._arrange()

        self._typing = QTimer(self, interval=TYPING_PAUSE_MS, singleShot=True)
        self._typing.timeout.connect(self.refresh)
        self.search.textChanged.connect(self._typing.start)
        self.model.counted.connect(self._counted)
        self.model.failed.connect(self._say)
        self.list.chosen.connect(lambda row: self.opened.emit(self.model.exchange(row)))
        self.list.deleted.connect(self._delete)
        self.list.selectionModel().selectionChanged.connect(self._update_buttons)
        self.delete_button.clicked.connect(lambda: self._delete(self.list.rows()))
        self.delete_all_button.clicked.connect(self._delete_all)
        bridge.done.connect(self._done)
        bridge.failed.connect(self._failed)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.search.setFocus)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Refresh), self).activated.connect(self.refresh)

    def _arrange(self) -> None:
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.list)
        below = QHBoxLayout()
        below.addWidget(self._count, 1)
        below.addWidget(self.delete_button)
        below.addWidget(self.delete_all_button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(18, 14, 18, 12)
        rows.setSpacing(10)
        rows.addWidget(self.search)
        rows.addWidget(self.notice)
        rows.addWidget(self._pages, 1)
        rows.addLayout(below)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self.refresh()
        self.search.setFocus()

    def refresh(self) -> None:
        self._typing.stop()
        self.model.show(self.search.text().strip())

    @property
    def message(self) -> str:
        """What is said in place of questions."""
        return self._empty.text() if self._pages.currentIndex() == 0 else ""

    def confirm(self) -> bool:
        """Asks before everything is deleted; No is the default."""
        answer = QMessageBox.warning(
            self,
            self.tr("Afterimage: History"),
            self.tr("Delete every question and answer? What your screen showed stays in the timeline."),
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer is QMessageBox.StandardButton.Yes

    def _counted(self, total: int) -> None:
        self._pages.setCurrentIndex(1 if total else 0)
        self._empty.setText(
            self.tr("Nothing matches.")
            if self.search.text().strip()
            else self.tr("Nothing was asked yet. In memory-only mode, questions and answers are not kept.")
        )
        self._count.setText(self.tr("%Ln question(s)", None, total))
        self._update_buttons()

    def _update_buttons(self) -> None:
        self.delete_button.setEnabled(bool(self.list.rows()))
        self.delete_all_button.setEnabled(self.model.rowCount() > 0)

    def _delete(self, rows: Sequence[int]) -> None:
        numbers = tuple(self.model.exchange(row).id for row in rows)
        self._deleting.add(self._bridge.forget_history(numbers))

    def _delete_all(self) -> None:
        if self.confirm():
            self._deleting.add(self._bridge.forget_history())

    def _done(self, ticket: int, _answer: object) -> None:
        if ticket in self._deleting:
            self._deleting.discard(ticket)
            self.refresh()

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket in self._deleting:
            self._deleting.discard(ticket)
            self._say(f"{message} {remedy}".strip())

    def _say(self, words: str) -> None:
        self.notice.say(words, kind="caution", icon="warning", button=self.tr("Dismiss"), action=self.notice.hide)


def _answer(exchange: ExchangeInfo) -> str:
    """The beginning of its answer."""
    return text.plain(wording.answer(exchange.answer, exchange.said), SHOWN)
