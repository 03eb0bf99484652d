"""What selects moments: words, day, time of day, application, window and source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QDate, QSignalBlocker, Qt, QTime, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QTimeEdit, QVBoxLayout, QWidget

from ui import text
from ui.choice import DayEdit
from ui.theme import Theme
from ui.timeline_model import Filter
from ui.widgets import Switch, follow, label, tool_button

TYPING_PAUSE_MS = 250  # a search begins when nothing was typed for so long
FIRST, LAST = QTime(0, 0), QTime(23, 59)


class Filters(QWidget):
    """``changed`` follows every change, once when somebody types or turns a wheel."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search what was on the screen"))
        self.search.setAccessibleName(self.tr("Search what was on the screen"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(QAction(theme.icon("search"), "", self), QLineEdit.ActionPosition.LeadingPosition)
        self.day = DayEdit(theme)
        self.day.setDate(QDate.currentDate())
        self.day.setAccessibleName(self.tr("Day"))
        self.all_days = Switch(theme, self.tr("All days"))
        self.begin, self.end = self._time(FIRST, self.tr("From")), self._time(LAST, self.tr("Until"))
        self.application = self._choice(theme, self.tr("Any application"), self.tr("Application"))
        self.source = self._choice(theme, self.tr("Any source"), self.tr("Source"))
        self.window_title = QLineEdit()
        self.window_title.setPlaceholderText(self.tr("Window title"))
        self.window_title.setAccessibleName(self.tr("Window title"))
        self.window_title.setClearButtonEnabled(True)
        self._before = tool_button(theme, "back", self.tr("The day before"))
        self._after = tool_button(theme, "forward", self.tr("The day after"))
        self._whole_day = tool_button(theme, "close", self.tr("The whole day"))
        self._sources: dict[str, str] = {}  # as they are listed -> as the engine calls them
        self._arrange()

        self._typing = QTimer(self, interval=TYPING_PAUSE_MS, singleShot=True)
        self._typing.timeout.connect(self.changed)
        for field in (self.search, self.window_title):
            field.textChanged.connect(self._typing.start)
        for choice in (self.application, self.source):
            choice.currentTextChanged.connect(self._typing.start)
        for clock in (self.begin, self.end):
            clock.timeChanged.connect(self._typing.start)
        self.day.dateChanged.connect(self._changed)
        self.all_days.toggled.connect(self._changed)
        self._before.clicked.connect(lambda: self.day.setDate(self.day.date().addDays(-1)))
        self._after.clicked.connect(lambda: self.day.setDate(self.day.date().addDays(1)))
        self._whole_day.clicked.connect(lambda: self.set_times(FIRST, LAST))

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.search, 1)
        for widget in (self._before, self.day, self._after, self.all_days):
            top.addWidget(widget)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.application, 3)
        below.addWidget(self.window_title, 3)
        below.addWidget(self.source, 2)
        below.addWidget(label(self.tr("from"), "muted"))
        below.addWidget(self.begin)
        below.addWidget(label(self.tr("until"), "muted"))
        below.addWidget(self.end)
        below.addWidget(self._whole_day)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        rows.addLayout(top)
        rows.addLayout(below)

    @property
    def filter(self) -> Filter:
        """What is selected now. The last minute counts whole."""
        start = end = None
        if not self.all_days.isChecked():
            midnight = self.midnight
            start = midnight + timedelta(minutes=_minutes(self.begin.time()))
            end = midnight + timedelta(minutes=_minutes(self.end.time()) + 1)
        return Filter(
            start=start,
            end=end,
            application=self.application.currentText().strip(),
            window=self.window_title.text().strip(),
            source=self._sources.get(source := self.source.currentText().strip(), source),
            words=self.search.text().strip(),
        )

    @property
    def midnight(self) -> datetime:
        """The beginning of the chosen day, local time."""
        day = self.day.date()
        return datetime.combine(date(day.year(), day.month(), day.day()), time.min).astimezone()

    @property
    def whole_day(self) -> bool:
        """Whether no part of the day is left out."""
        return self.begin.time() == FIRST and self.end.time() == LAST

    def set_times(self, begin: QTime, end: QTime) -> None:
        """Selects a part of the day; one that ends before it begins is turned round."""
        begin, end = min(begin, end), max(begin, end)
        blockers = [QSignalBlocker(self.begin), QSignalBlocker(self.end)]
        self.begin.setTime(begin)
        self.end.setTime(end)
        del blockers
        self._changed()

    def offer(self, applications: Sequence[str], sources: Sequence[str]) -> None:
        """What the boxes list; what is typed in them stays."""
        self._sources = {text.source(name): name for name in sources}
        for box, names in ((self.application, applications), (self.source, tuple(self._sources))):
            typed = box.currentText()
            blocker = QSignalBlocker(box)
            box.clear()
            box.addItems(["", *(text.plain(name) for name in names if name)])
            box.setCurrentText(typed)
            del blocker

    def _changed(self) -> None:
        self._typing.stop()
        every_day = self.all_days.isChecked()
        for widget in (self.day, self._before, self._after, self.begin, self.end):
            widget.setEnabled(not every_day)
        self._whole_day.setEnabled(not every_day and not self.whole_day)
        self.changed.emit()

    def settle(self) -> None:
        """Takes what was just typed as it is, without waiting for more."""
        self._typing.stop()
        self._whole_day.setEnabled(not self.all_days.isChecked() and not self.whole_day)

    def _time(self, value: QTime, name: str) -> QTimeEdit:
        field = QTimeEdit(value)
        field.setDisplayFormat("HH:mm")
        field.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        field.setAccessibleName(name)
        return field

    def _choice(self, theme: Theme, nothing: str, name: str) -> QComboBox:
        """A box to choose from or type in; empty means any."""
        box = QComboBox()
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setAccessibleName(name)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field = box.lineEdit()
        if field is not None:
            field.setPlaceholderText(nothing)
            field.setAccessibleName(name)
            choose = field.addAction(theme.icon("down"), QLineEdit.ActionPosition.TrailingPosition)
            choose.triggered.connect(box.showPopup)
            follow(theme, box, lambda: choose.setIcon(theme.icon("down")))
        return box


def _minutes(clock: QTime) -> int:
    return clock.hour() * 60 + clock.minute()
