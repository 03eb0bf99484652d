"""Fields with something to choose behind them, and the arrow that says so.

A style sheet that gives such a field its frame takes the style's own arrow away; here it is drawn in the theme's
colour.
"""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QDateEdit, QWidget

from ui.theme import Theme

ARROW = 16  # pixels
ARROW_MARGIN = 7  # to the field's right edge


class Choice(QComboBox):
    """One of a few values."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        _paint_arrow(self, self._theme)


class DayEdit(QDateEdit):
    """A day, typed or chosen from a calendar."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setCalendarPopup(True)
        self.setDisplayFormat(self.tr("ddd d MMM yyyy"))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        _paint_arrow(self, self._theme)


def _paint_arrow(field: QWidget, theme: Theme) -> None:
    painter = QPainter(field)
    left, top = field.width() - ARROW - ARROW_MARGIN, (field.height() - ARROW) // 2
    theme.icon("down").paint(painter, QRect(left, top, ARROW, ARROW))
    painter.end()
