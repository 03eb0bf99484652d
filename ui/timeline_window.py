"""The timeline: a day's strip, filters, and the moments as a grid that scrolls through any number of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTime, QTimer, Signal
from PySide6.QtGui import QKeySequence, QPixmapCache, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QDateEdit,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.protocol import Density, Status
from ui import text
from ui.bridge import Bridge
from ui.controls import Controls
from ui.day_strip import SLOT_MINUTES, SLOTS, DayStrip, Legend
from ui.export_bar import ExportBar
from ui.pictures import Pictures
from ui.theme import Theme
from ui.timeline_filters import Filters
from ui.timeline_grid import CardDelegate, MomentGrid
from ui.timeline_model import TimelineModel
from ui.widgets import Notice, Switch, label, open_at

STRIP_MOMENTS = 1000  # of a search that the strip looks at; it finds no more
NEWS_MS = 3_000  # new moments are gathered for so long before they are shown
PIXMAP_CACHE_KB = 16 * 1024  # scaled thumbnails; about 170 of them at 100 %, 40 at 200 %


class TimelineWindow(QWidget):
    """``opened``: moments, the place of the one to see large, and the words to mark in it."""

    opened = Signal(object, int, str)
    asked_about = Signal(object)  # MomentInfo

    def __init__(self, theme: Theme, bridge: Bridge, pictures: Pictures, controls: Controls) -> None:
        super().__init__()
        self._bridge, self._controls = bridge, controls
        self._density: Density | None = None  # of the chosen day
        self._density_ticket = 0
        self._deleting = False
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage: Timeline"))
        open_at(self, theme, 1160, 780)
        QPixmapCache.setCacheLimit(PIXMAP_CACHE_KB)
        self.filters = Filters(theme)
        self.model = TimelineModel(bridge, pictures, self)
        self.grid = MomentGrid(self.model, CardDelegate(theme, self.model))
        self.strip = DayStrip(theme)
        self.exporting = ExportBar(bridge)
        self.notice = Notice(theme)
        self.export_button = QPushButton(self.tr("Export…"))
        self.delete_button = QPushButton(self.tr("Delete…"))
        self._legend = Legend(theme)
        self._count = label(role="small")
        self._empty = label(role="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._moments = 0  # that the engine says there are
        self._news = QTimer(self, interval=NEWS_MS, singleShot=True)
        self._news.timeout.connect(self._take_in)
        self._arrange()
        self._wire(theme)

    def _arrange(self) -> None:
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.grid)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self._count)
        below.addWidget(self._legend, 1)
        below.addWidget(self.export_button)
        below.addWidget(self.delete_button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(18, 14, 18, 12)
        rows.setSpacing(10)
        for widget in (self.filters, self.strip, self.notice, self.exporting):
            rows.addWidget(widget)
        rows.addWidget(self._pages, 1)
        rows.addLayout(below)

    def _wire(self, theme: Theme) -> None:
        self.filters.changed.connect(self.refresh)
        self.strip.went.connect(self._go)
        self.strip.chose.connect(self._choose)
        self.model.counted.connect(self._counted)
        self.model.arrived.connect(self._arrived)
        self.model.failed.connect(self._empty.setText)
        self.grid.chosen.connect(self._open)
        self.grid.asked_about.connect(self._ask_about)
        self.grid.deleted.connect(self._delete_rows)
        self.grid.selectionModel().selectionChanged.connect(self._update_buttons)
        self.grid.verticalScrollBar().valueChanged.connect(self._show_here)
        self.export_button.clicked.connect(self._export)
        self.delete_button.clicked.connect(self._delete)
        self.exporting.ended.connect(self._update_buttons)
        self._controls.told.connect(self._told)
        self._controls.forgotten.connect(self._forgotten)
        self._bridge.density_fetched.connect(self._density_fetched)
        self._bridge.status_changed.connect(self._status)
        theme.changed.connect(QPixmapCache.clear)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.search.setFocus)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Refresh), self).activated.connect(self.refresh)

    @property
    def search(self) -> QLineEdit:
        return self.filters.search

    @property
    def day(self) -> QDateEdit:
        return self.filters.day

    @property
    def all_days(self) -> Switch:
        return self.filters.all_days

    @property
    def message(self) -> str:
        """What is said in place of moments."""
        return self._empty.text() if self._pages.currentIndex() == 0 else ""

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(1160, 780)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Asks for the moments that the filters select, and for the day's density."""
        self.filters.settle()
        self.model.show(self.filters.filter)
        self.strip.setEnabled(not self.all_days.isChecked())
        self.strip.show_range(self._quarters())
        midnight = self.filters.midnight
        self._density_ticket = self._bridge.fetch_density(midnight, midnight + timedelta(days=1), SLOTS)

    def _quarters(self) -> tuple[int, int] | None:
        if self.filters.whole_day or self.all_days.isChecked():
            return None
        begin, end = self.filters.begin.time(), self.filters.end.time()
        first, last = (clock.hour() * 60 + clock.minute() for clock in (begin, end))
        return first // SLOT_MINUTES, last // SLOT_MINUTES

    # --- what came --------------------------------------------------------------------------------------------

    def _counted(self, total: int) -> None:
        self._pages.setCurrentIndex(1 if total else 0)
        wanted = self.filters.filter
        narrowed = wanted.narrowed or not self.filters.whole_day
        self._empty.setText(self.tr("Nothing matches.") if narrowed else self.tr("Nothing was recorded on this day."))
        self._count.setText(self.tr("%Ln moment(s)", None, total))
        self._update_buttons()
        if total:
            self.grid.scrollToTop()
            if wanted.narrowed:
                self.model.fetch_ahead(STRIP_MOMENTS)
        self._update_strip()

    def _arrived(self) -> None:
        if self.filters.filter.narrowed:
            self._update_strip()
        self._show_here()

    def _density_fetched(self, ticket: int, density: Density) -> None:
        if ticket == self._density_ticket:
            self._density = density
            self.filters.offer(list(density.counts), density.sources)
            self._update_strip()

    def _update_strip(self) -> None:
        """The day as the engine counted it; while something is searched for, what was found of it."""
        day = self.filters.midnight.date()
        if self.filters.filter.narrowed or self._density is None:
            self.strip.show_day(day, self.model.held())
        else:
            self.strip.show_counts(day, self._density.counts)
        self._legend.show_entries(self.strip.legend())

    def _show_here(self) -> None:
        """Marks on the strip what the grid shows first."""
        row = self.grid.top_row()
        moment = self.model.moment(row) if row >= 0 else None
        if moment is not None:
            self.strip.show_here(moment.time)

    def _status(self, status: Status) -> None:
        if status.moments != self._moments:
            self._moments = status.moments
            if not self._news.isActive():
                self._news.start()

    def _take_in(self) -> None:
        """Shows what has come since, unless the user is in the middle of something that it would move."""
        busy = self.grid.verticalScrollBar().value() or self.grid.currentIndex().isValid() or self.search.text()
        if self.isVisible() and not busy:
            self.refresh()

    # --- going somewhere ----------------------------------------------------------------------------------------

    def _go(self, when: datetime) -> None:
        """Scrolls to the newest moment at or before the end of the quarter of an hour that begins at ``when``."""
        row = self._row_before(when + timedelta(minutes=SLOT_MINUTES))
        if 0 <= row < self.model.rowCount():
            index = self.model.index(row)
            self.grid.setCurrentIndex(index)
            self.grid.scrollTo(index, QListView.ScrollHint.PositionAtTop)

    def _row_before(self, until: datetime) -> int:
        """The row of the newest moment before ``until``; as many rows are above it as moments are later."""
        wanted = self.filters.filter
        if wanted.narrowed or self._density is None or wanted.end is None:
            rows = range(min(self.model.rowCount(), STRIP_MOMENTS))
            held = ((row, self.model.moment(row)) for row in rows)
            return next((row for row, moment in held if moment is not None and moment.time < until), -1)
        width = timedelta(minutes=SLOT_MINUTES)
        first = max(0, (until - self.filters.midnight) // width)
        after = min(SLOTS, -((self.filters.midnight - wanted.end) // width))
        return sum(self.strip.density()[first:after])

    def _choose(self, first: int, last: int) -> None:
        begin, end = first * SLOT_MINUTES, (last + 1) * SLOT_MINUTES - 1
        self.filters.set_times(QTime(begin // 60, begin % 60), QTime(end // 60, end % 60))

    def _open(self, row: int) -> None:
        moment = self.model.moment(row)
        if moment is not None:
            held = self.model.held()
            self.opened.emit(held, held.index(moment), self.search.text().strip())

    def _ask_about(self, row: int) -> None:
        moment = self.model.moment(row)
        if moment is not None:
            self.asked_about.emit(moment)

    # --- deleting and exporting -----------------------------------------------------------------------------------

    def _update_buttons(self) -> None:
        """Says what the buttons would do, or why they cannot."""
        wanted, chosen = self.filters.filter, len(self.grid.rows())
        there = self.model.rowCount() > 0
        exports = there and not wanted.words and not self.exporting.under_way
        self.export_button.setEnabled(exports)
        self.export_button.setToolTip(
            self.tr("Clear the search first: a span of time is exported, with the other filters.")
            if wanted.words
            else self.tr("Pictures and text of what is selected, in a folder of your choice")
        )
        self.delete_button.setEnabled(there and (chosen > 0 or not (wanted.narrowed or wanted.start is None)))
        if chosen:
            self.delete_button.setText(self.tr("Delete {count}…").format(count=text.count(chosen)))
            self.delete_button.setToolTip(self.tr("Deletes the selected moments"))
        else:
            self.delete_button.setText(self.tr("Delete…"))
            self.delete_button.setToolTip(
                self.tr("Select moments; or clear the filters to delete a span of time.")
                if wanted.narrowed or wanted.start is None
                else self.tr("Deletes everything of the day, or of the time that is chosen above")
            )

    def _delete_rows(self, rows: list[int]) -> None:
        moments = [moment for row in rows if (moment := self.model.moment(row)) is not None]
        self._deleting = self._controls.forget_moments(moments)

    def _delete(self) -> None:
        rows, wanted = self.grid.rows(), self.filters.filter
        if rows:
            self._delete_rows(rows)
        elif wanted.start is not None and wanted.end is not None:
            self._deleting = self._controls.forget_span(wanted.start, wanted.end)

    def _told(self, words: str) -> None:
        """What came of a deletion that was ordered here is said here too."""
        if self._deleting:
            self._deleting = False
            self.notice.say(words, button=self.tr("Dismiss"), action=self.notice.hide)

    def _forgotten(self) -> None:
        QPixmapCache.clear()
        if self.isVisible():
            self.refresh()

    def _export(self) -> None:
        chosen = self.choose_folder()
        if chosen is None:
            return
        wanted = self.filters.filter
        self.exporting.begin(_unused(chosen / _name(wanted.start, wanted.end)), wanted.selection())
        self._update_buttons()

    def choose_folder(self) -> Path | None:
        """Asks where to export to; None where the user does not want to after all."""
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Export to a new folder in"), str(Path.home()))
        return Path(chosen) if chosen else None


def _name(start: datetime | None, end: datetime | None) -> str:
    """A name for the folder of an export."""
    if start is None or end is None:
        return "Afterimage"
    return f"Afterimage {start:%Y-%m-%d %H%M}-{end - timedelta(minutes=1):%H%M}"


def _unused(folder: Path) -> Path:
    """This name, or the first with a number that is not there yet."""
    number = 2
    found = folder
    while found.exists():
        found = folder.with_name(f"{folder.name} ({number})")
        number += 1
    return found
