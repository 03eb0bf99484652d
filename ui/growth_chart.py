"""The chart that makes the point: the memory's size as a flat line, beside what a Transformer's cache would be.

Draws with pyqtgraph in the theme's colours; knows no bridge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.protocol import GrowthPoint
from ui import text
from ui.theme import Theme
from ui.widgets import follow

HEADROOM = 1.15  # of the axis above the highest value
UNIT = 1000  # bytes in a kilobyte, as ui.text counts them
SHORTEST = 60.0  # seconds that the axis spans at least
SMALLEST = QSize(280, 200)
LINE = 2.5  # pixels


class SizeAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Numbers of bytes as a person reads them, in round steps of their unit."""

    def reach(self, top: float) -> None:
        """Takes the unit that suits values up to ``top``."""
        self.setScale(1 / UNIT ** int(math.log(max(top, 1.0), UNIT)))

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802  pyqtgraph's name
        del scale, spacing
        return [text.size(round(value)) for value in values]


class TimeAxis(pg.DateAxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Local times as the language of the windows writes them."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802  pyqtgraph's name
        del scale
        return [text.tick(datetime.fromtimestamp(value, UTC).astimezone(), spacing) for value in values]


class Chart(QWidget):
    """A plot over the time of day that follows the theme; nothing in it can be dragged or clicked."""

    def __init__(self, theme: Theme, name: str, left: Any = None) -> None:
        super().__init__()
        self._theme = theme
        axes = {"bottom": TimeAxis()}
        if left is not None:
            axes["left"] = left
        self.plot = pg.PlotWidget(axisItems=axes)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setAccessibleName(name)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.getAxis("left").enableAutoSIPrefix(False)
        self.setAccessibleName(name)
        self.plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setMinimumSize(SMALLEST)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.plot)
        self._curves: list[tuple[Any, str, Qt.PenStyle]] = []
        follow(theme, self, self._colour)

    def curve(self, colour: str, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> Any:
        """A line in the theme's ``colour``; give it values with ``setData(x, y)``, x in seconds since the epoch."""
        made = self.plot.plot(antialias=True)
        self._curves.append((made, colour, style))
        self._colour()
        return made

    def span(self, low: float, high: float, top: float) -> None:
        """Shows the time from ``low`` to ``high`` and values from 0 to ``top``."""
        self.plot.setXRange(low, max(high, low + SHORTEST), padding=0.01)
        self.plot.setYRange(0, max(top, 1e-9) * HEADROOM, padding=0)

    def end(self) -> None:
        """Lets go of what is drawn, before Qt is asked to destroy it: pyqtgraph's items do not survive that order."""
        self.plot.close()

    def _colour(self) -> None:
        colours = self._theme.colours
        self.plot.setBackground(QColor(colours.surface))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(QColor(colours.line))
            axis.setTextPen(QColor(colours.muted))
            axis.setTickFont(self._theme.font(0.85))
            axis.setStyle(tickLength=-4)
        self.plot.showGrid(y=True, alpha=0.12)
        for curve, colour, style in getattr(self, "_curves", []):
            width = LINE * self.devicePixelRatioF()  # pyqtgraph's pens know no scale
            curve.setPen(pg.mkPen(QColor(getattr(colours, colour)), width=width, style=style))


class GrowthChart(Chart):
    """What the memory takes, measured, and what a cache would take, computed."""

    def __init__(self, theme: Theme, name: str) -> None:
        self._sizes = SizeAxis("left")
        super().__init__(theme, name, self._sizes)
        self._cache = self.curve("faint", Qt.PenStyle.DashLine)
        self._state = self.curve("accent")

    def show_points(self, points: Sequence[GrowthPoint], cache_bytes_per_token: int) -> None:
        """``points``: oldest first."""
        times = [point.time.timestamp() for point in points]
        cache = [point.tokens * cache_bytes_per_token for point in points]
        state = [point.state_bytes for point in points]
        self._cache.setData(times, cache)
        self._state.setData(times, state)
        if times:
            top = float(max(*cache, *state, 1))
            self._sizes.reach(top)
            self.span(times[0], times[-1], top)

    def values(self) -> tuple[list[float], list[float]]:
        """The memory's and the cache's bytes, as they are drawn."""
        state, cache = self._state.getData()[1], self._cache.getData()[1]
        return ([] if state is None else list(state)), ([] if cache is None else list(cache))
