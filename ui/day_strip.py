"""The day as a strip: where moments are, in a colour for each application; pressing it goes to that time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.protocol import MomentInfo
from ui.theme import Theme

SLOT_MINUTES = 15
SLOTS = 24 * 60 // SLOT_MINUTES
HUES = (238, 24, 158, 330, 196, 46, 280, 98)  # of the applications, most used first
BAR_HEIGHT = 44


class DayStrip(QWidget):
    """``went`` carries the start of the quarter of an hour that was pressed."""

    went = Signal(datetime)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._day = date.min
        self._slots: list[Counter[str]] = [Counter() for _ in range(SLOTS)]
        self._hues: dict[str, int] = {}
        self._slot = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("The day"))
        self.setAccessibleDescription(self.tr("Left and right choose a time, Enter goes there"))
        theme.changed.connect(self.update)

    def show_day(self, day: date, moments: Sequence[MomentInfo]) -> None:
        """The density of ``moments`` on ``day``, local time."""
        self._day = day
        self._slots = [Counter() for _ in range(SLOTS)]
        for moment in moments:
            local = moment.time.astimezone()
            if local.date() == day:
                self._slots[(local.hour * 60 + local.minute) // SLOT_MINUTES][moment.application] += 1
        together = sum(self._slots, Counter())
        names = [name for name, _count in together.most_common()]
        self._hues = {name: HUES[place % len(HUES)] for place, name in enumerate(names)}
        self.update()

    def density(self) -> list[int]:
        """Moments in each quarter of an hour."""
        return [sum(slot.values()) for slot in self._slots]

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(600, BAR_HEIGHT + self.fontMetrics().height() + 6)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(200, self.sizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        self._slot = max(0, min(SLOTS - 1, int(event.position().x() * SLOTS / max(1, self.width()))))
        self._go()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._slot = max(0, min(SLOTS - 1, self._slot + (1 if event.key() == Qt.Key.Key_Right else -1)))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._slot >= 0:
            self._go()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRect(0, 0, self.width(), BAR_HEIGHT), 8, 8)
        most = max(1, *self.density())
        for place, slot in enumerate(self._slots):
            self._paint_slot(painter, place, slot, most)
        if 0 <= self._slot < SLOTS:
            painter.setBrush(QColor(colours.accent))
            painter.drawRect(QRect(self._x(self._slot), 0, 2, BAR_HEIGHT))
        painter.setPen(QColor(colours.muted))
        painter.setFont(self._theme.font(0.8))
        for hour in range(0, 24, 3):
            below = QRect(self._x(hour * 60 // SLOT_MINUTES) + 2, BAR_HEIGHT + 2, 60, self.fontMetrics().height())
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"{hour:02d}:00")
        painter.end()

    def _paint_slot(self, painter: QPainter, place: int, slot: Counter[str], most: int) -> None:
        left, right = self._x(place), self._x(place + 1)
        bottom = BAR_HEIGHT
        for application, number in slot.most_common():
            # The square root lets a quiet hour be seen beside a busy one.
            height = max(2, round((BAR_HEIGHT - 6) * (number / most) ** 0.5 * number / sum(slot.values())))
            shade = QColor.fromHsl(self._hues[application], 110, 150)
            painter.setBrush(shade)
            painter.drawRect(QRect(left, bottom - height, max(1, right - left - 1), height))
            bottom -= height

    def _x(self, slot: int) -> int:
        return slot * self.width() // SLOTS

    def _go(self) -> None:
        self.update()
        midnight = datetime.combine(self._day, time.min).astimezone()
        self.went.emit(midnight + timedelta(minutes=self._slot * SLOT_MINUTES))
