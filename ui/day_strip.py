"""The day as a strip: where moments are, a colour for each application; a scrubber, a way to choose a range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.protocol import MomentInfo
from ui import text
from ui.theme import Theme

SLOT_MINUTES = 15
SLOTS = 24 * 60 // SLOT_MINUTES
HUES = (238, 24, 158, 330, 196, 46, 280, 98)  # of the applications, most used first
BAR_HEIGHT = 44
NAMED = 6  # applications in the legend


class DayStrip(QWidget):
    """``went`` carries the start of the quarter of an hour that was pressed or dragged to; ``chose`` the first and
    the last quarter of a range that was drawn with Shift."""

    went = Signal(datetime)
    chose = Signal(int, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._day = date.min
        self._slots: list[Counter[str]] = [Counter() for _ in range(SLOTS)]
        self._hues: dict[str, int] = {}
        self._slot = -1
        self._anchor = -1  # where a range began that is being drawn
        self._range: tuple[int, int] | None = None  # quarters chosen, both included
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("The day"))
        self.setAccessibleDescription(
            self.tr("Left and right choose a time, Enter goes there; with Shift they choose a range")
        )
        theme.changed.connect(self.update)

    def show_day(self, day: date, moments: Sequence[MomentInfo]) -> None:
        """The density of ``moments`` on ``day``, local time."""
        slots: list[Counter[str]] = [Counter() for _ in range(SLOTS)]
        for moment in moments:
            local = moment.time.astimezone()
            if local.date() == day:
                slots[(local.hour * 60 + local.minute) // SLOT_MINUTES][moment.application] += 1
        self._show(day, slots)

    def show_counts(self, day: date, counts: Mapping[str, Sequence[int]]) -> None:
        """The density as the engine counted it: application -> moments in each quarter of an hour of ``day``."""
        slots: list[Counter[str]] = [Counter() for _ in range(SLOTS)]
        for application, numbers in counts.items():
            for slot, number in zip(slots, numbers, strict=False):
                if number:
                    slot[application] = number
        self._show(day, slots)

    def _show(self, day: date, slots: list[Counter[str]]) -> None:
        self._day, self._slots = day, slots
        together = sum(slots, Counter[str]())
        names = [name for name, _count in together.most_common()]
        self._hues = {name: HUES[place % len(HUES)] for place, name in enumerate(names)}
        self.update()

    def show_range(self, chosen: tuple[int, int] | None) -> None:
        """Marks the quarters of an hour that are selected; None: all of them are."""
        self._range = chosen
        self.update()

    def show_here(self, when: datetime) -> None:
        """Marks the time that is looked at."""
        local = when.astimezone()
        slot = (local.hour * 60 + local.minute) // SLOT_MINUTES if local.date() == self._day else -1
        if slot != self._slot:
            self._slot = slot
            self.update()

    @property
    def slot(self) -> int:
        """The quarter of an hour that is marked; -1 for none."""
        return self._slot

    def density(self) -> list[int]:
        """Moments in each quarter of an hour."""
        return [sum(slot.values()) for slot in self._slots]

    def legend(self) -> list[tuple[str, QColor]]:
        """The most used applications with their colours."""
        return [(name, _shade(hue)) for name, hue in list(self._hues.items())[:NAMED] if name]

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(600, BAR_HEIGHT + self.fontMetrics().height() + 6)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(200, self.sizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        self._slot = self._slot_at(event.position().toPoint())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = self._slot
            self._draw_range()
        else:
            self._go()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        slot = self._slot_at(event.position().toPoint())
        if slot == self._slot or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        self._slot = slot
        if self._anchor >= 0:
            self._draw_range()
        else:
            self._go()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        del event
        if self._anchor >= 0:
            self._anchor = -1
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if extends and self._anchor < 0:
                self._anchor = max(0, self._slot)
            self._slot = max(0, min(SLOTS - 1, self._slot + (1 if event.key() == Qt.Key.Key_Right else -1)))
            if extends:
                self._draw_range()
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._slot >= 0:
            self._go()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() == Qt.Key.Key_Shift and self._anchor >= 0:
            self._anchor = -1
            self._choose()
        super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.told_at(self._slot_at(event.pos())), self)
            return True
        return super().event(event)

    def told_at(self, slot: int) -> str:
        """What there is in a quarter of an hour, in words."""
        minutes = slot * SLOT_MINUTES
        parts = [f"{text.plain(name, 40)} {text.count(number)}" for name, number in self._slots[slot].most_common()]
        return text.joined([f"{minutes // 60:02d}:{minutes % 60:02d}", *parts])

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRect(0, 0, self.width(), BAR_HEIGHT), 8, 8)
        if self._range is not None:
            first, last = self._range
            painter.setBrush(QColor(colours.accent_soft))
            painter.drawRect(QRect(self._x(first), 0, self._x(last + 1) - self._x(first), BAR_HEIGHT))
        most = max(1, *self.density())
        for place, slot in enumerate(self._slots):
            outside = self._range is not None and not self._range[0] <= place <= self._range[1]
            painter.setOpacity(0.35 if outside else 1.0)
            self._paint_slot(painter, place, slot, most)
        painter.setOpacity(1.0)
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
            painter.setBrush(_shade(self._hues[application]))
            painter.drawRect(QRect(left, bottom - height, max(1, right - left - 1), height))
            bottom -= height

    def _x(self, slot: int) -> int:
        return slot * self.width() // SLOTS

    def _slot_at(self, place: QPoint) -> int:
        return max(0, min(SLOTS - 1, place.x() * SLOTS // max(1, self.width())))

    def _draw_range(self) -> None:
        self.show_range((min(self._anchor, self._slot), max(self._anchor, self._slot)))

    def _choose(self) -> None:
        if self._range is not None:
            self.chose.emit(*self._range)

    def _go(self) -> None:
        self.update()
        midnight = datetime.combine(self._day, time.min).astimezone()
        self.went.emit(midnight + timedelta(minutes=self._slot * SLOT_MINUTES))


class Legend(QWidget):
    """The strip's colours with the applications they stand for, as far as there is room."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entries: list[tuple[str, QColor]] = []
        theme.changed.connect(self.update)

    def show_entries(self, entries: Sequence[tuple[str, QColor]]) -> None:
        self._entries = list(entries)
        self.setAccessibleName(text.joined(text.plain(name, 40) for name, _shade in entries))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(120, self.fontMetrics().height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(0.88))
        metrics, x = painter.fontMetrics(), 0
        for name, shade in self._entries:
            words = text.plain(name, 24)
            wide = 16 + metrics.horizontalAdvance(words)
            if x + wide > self.width():
                break
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            painter.drawRoundedRect(QRect(x, (self.height() - 10) // 2, 10, 10), 2, 2)
            painter.setPen(QColor(self._theme.colours.muted))
            place = QRect(x + 15, 0, wide, self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, words)
            x += wide + 14
        painter.end()


def _shade(hue: int) -> QColor:
    return QColor.fromHsl(hue, 110, 150)
