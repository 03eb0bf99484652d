"""The timeline: a day's strip, a search, and the moments as a grid that scrolls through any number of them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QDate, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPainter, QPixmap, QPixmapCache, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QDateEdit,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.protocol import MomentInfo
from ui import text
from ui.bridge import Bridge
from ui.day_strip import DayStrip
from ui.moment_painter import PICTURE_SIZE, card_size, cropped, paint_card
from ui.pictures import Pictures
from ui.theme import Theme
from ui.timeline_model import MOMENT_ROLE, Filter, TimelineModel
from ui.widgets import Switch, label, tool_button

GAP = 12
TYPING_PAUSE_MS = 250  # a search begins when nothing was typed for so long
STRIP_MOMENTS = 2000  # of a day that the strip looks at; a busy day has about a thousand
PIXMAP_CACHE_KB = 32 * 1024  # scaled thumbnails; about 340 of them at 100 %, 85 at 200 %


class CardDelegate(QStyledItemDelegate):
    """Paints rows as cards; scaled pictures come from Qt's pixmap cache."""

    def __init__(self, theme: Theme, model: TimelineModel) -> None:
        super().__init__(model)
        self._theme, self._model = theme, model

    def sizeHint(  # noqa: N802  Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        del option, index
        return card_size(self._theme) + QSize(GAP, GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        moment = index.data(MOMENT_ROLE)
        picture, loading = self._picture(moment, painter.device().devicePixelRatioF())
        painter.save()
        paint_card(
            painter,
            self._theme,
            QRect(rect.topLeft(), card_size(self._theme)),
            moment,
            picture,
            loading=loading,
            under_mouse=bool(state & QStyle.StateFlag.State_MouseOver),
            marked=bool(state & QStyle.StateFlag.State_Selected),
        )
        painter.restore()

    def _picture(self, moment: MomentInfo | None, ratio: float) -> tuple[QPixmap | None, bool]:
        """The scaled picture, and whether one may still come."""
        if moment is None:
            return None, True
        key = f"moment-{moment.id}-{ratio}"
        kept = QPixmap()
        if QPixmapCache.find(key, kept):
            return kept, False
        image = self._model.thumbnail(moment)
        if image is None or image.isNull():
            return None, image is None
        pixmap = cropped(image, PICTURE_SIZE, ratio)
        QPixmapCache.insert(key, pixmap)
        return pixmap, False


class MomentGrid(QListView):
    """A wrapping list whose rows are all alike, so that a hundred thousand of them cost nothing."""

    chosen = Signal(int)

    def __init__(self, model: TimelineModel, delegate: CardDelegate) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Moments"))
        model.arrived.connect(self.viewport().update)
        model.drawn_anew.connect(lambda row: self.update(model.index(row)))
        self.activated.connect(lambda index: self.chosen.emit(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)


class TimelineWindow(QWidget):
    """``opened``: moments and the place of the one to see large."""

    opened = Signal(object, int)

    def __init__(self, theme: Theme, bridge: Bridge, pictures: Pictures) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage: Timeline"))
        self.setMinimumSize(560, 420)
        self.resize(1160, 780)
        QPixmapCache.setCacheLimit(PIXMAP_CACHE_KB)
        self.model = TimelineModel(bridge, pictures, self)
        self.grid = MomentGrid(self.model, CardDelegate(theme, self.model))
        self.strip = DayStrip(theme)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search what was on the screen"))
        self.search.setAccessibleName(self.tr("Search what was on the screen"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(QAction(theme.icon("search"), "", self), QLineEdit.ActionPosition.LeadingPosition)
        self.application = QLineEdit()
        self.application.setPlaceholderText(self.tr("Application"))
        self.application.setAccessibleName(self.tr("Application"))
        self.application.setClearButtonEnabled(True)
        self.application.setMaximumWidth(180)
        self.day = QDateEdit(QDate.currentDate())
        self.day.setCalendarPopup(True)
        self.day.setAccessibleName(self.tr("Day"))
        self.all_days = Switch(theme, self.tr("All days"))
        self._before = tool_button(theme, "back", self.tr("The day before"))
        self._after = tool_button(theme, "forward", self.tr("The day after"))
        self._count = label(role="small")
        self._empty = label(role="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._arrange()

        self._typing = QTimer(self, interval=TYPING_PAUSE_MS, singleShot=True)
        self._typing.timeout.connect(self.refresh)
        self.search.textChanged.connect(self._typing.start)
        self.application.textChanged.connect(self._typing.start)
        self.day.dateChanged.connect(self.refresh)
        self.all_days.toggled.connect(self.refresh)
        self._before.clicked.connect(lambda: self.day.setDate(self.day.date().addDays(-1)))
        self._after.clicked.connect(lambda: self.day.setDate(self.day.date().addDays(1)))
        self.strip.went.connect(self._go)
        self.model.counted.connect(self._counted)
        self.model.arrived.connect(self._update_strip)
        self.model.failed.connect(self._empty.setText)
        self.grid.chosen.connect(self._open)
        theme.changed.connect(QPixmapCache.clear)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.search.setFocus)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Refresh), self).activated.connect(self.refresh)

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.search, 1)
        top.addWidget(self.application)
        for widget in (self._before, self.day, self._after, self.all_days):
            top.addWidget(widget)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.grid)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(18, 14, 18, 10)
        rows.setSpacing(10)
        rows.addLayout(top)
        rows.addWidget(self.strip)
        rows.addWidget(self._pages, 1)
        rows.addWidget(self._count)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(1160, 780)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Asks for the moments that day, search and application select."""
        self._typing.stop()
        every_day = self.all_days.isChecked()
        for widget in (self.day, self._before, self._after, self.strip):
            widget.setEnabled(not every_day)
        midnight = datetime.combine(self._date(), time.min).astimezone()
        self.model.show(
            Filter(
                start=None if every_day else midnight,
                end=None if every_day else midnight + timedelta(days=1),
                application=self.application.text().strip(),
                words=self.search.text().strip(),
            )
        )

    @property
    def message(self) -> str:
        """What is said in place of moments."""
        return self._empty.text() if self._pages.currentIndex() == 0 else ""

    def _counted(self, total: int) -> None:
        self._pages.setCurrentIndex(1 if total else 0)
        searched = self.search.text().strip() or self.application.text().strip()
        self._empty.setText(self.tr("Nothing matches.") if searched else self.tr("Nothing was recorded on this day."))
        self._count.setText(
            self.tr("{count} moments").format(count=text.count(total)) if total != 1 else self.tr("1 moment")
        )
        self._update_strip()
        if total:
            self.grid.scrollToTop()
            self.model.fetch_ahead(STRIP_MOMENTS)

    def _update_strip(self) -> None:
        self.strip.show_day(self._date(), self.model.held())

    def _go(self, when: datetime) -> None:
        """Scrolls to the newest moment at or before the end of the quarter of an hour that begins at ``when``."""
        until = when + timedelta(minutes=15)
        for row in range(self.model.rowCount()):
            moment = self.model.moment(row)
            if moment is None:
                break
            if moment.time < until:
                index = self.model.index(row)
                self.grid.setCurrentIndex(index)
                self.grid.scrollTo(index, QListView.ScrollHint.PositionAtTop)
                break

    def _open(self, row: int) -> None:
        moment = self.model.moment(row)
        if moment is not None:
            held = self.model.held()
            self.opened.emit(held, held.index(moment))

    def _date(self) -> date:
        day = self.day.date()
        return date(day.year(), day.month(), day.day())
