"""What makes this product different, made visible: what the model sees now, and a memory that does not grow.

Asks the bridge once a second while it is on the screen. Figures are measured, but for the one line that says that
it is computed.
"""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.protocol import Memory, Status, View
from ui import text
from ui.bridge import Bridge, decoded
from ui.growth_chart import GrowthChart
from ui.theme import Theme
from ui.viewer import Canvas
from ui.widgets import PageArea, label, open_at

EVERY_MS = 1000
MOST_REGIONS = 4  # that the model is shown beside the overview
COLUMNS = 4
WIDEST = 13  # digits that a tile has room for
PART_HEIGHT = 72  # pixels
SMALLEST = QSize(560, 480)
UNKNOWN = "—"  # in place of a figure


class Tile(QFrame):
    """One figure with its name; ``explain`` says how it is meant."""

    def __init__(self, name: str, explanation: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._name = name
        self._value = label(UNKNOWN, "figure")
        self.setToolTip(explanation)
        self.setAccessibleDescription(explanation)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 9, 12, 9)
        rows.setSpacing(1)
        rows.addWidget(label(name, "small"))
        rows.addWidget(self._value)

    @property
    def value(self) -> str:
        return self._value.text()

    def show_value(self, words: str) -> None:
        self._value.setText(words)
        # a figure is shown whole; a long model name is cut rather than pushing the others aside
        most = self._value.fontMetrics().horizontalAdvance("0" * WIDEST)
        self._value.setMinimumWidth(min(self._value.sizeHint().width(), most))
        self.setAccessibleName(f"{self._name}: {words}")


class ModelView(QWidget):
    """The pictures of one observation: the overview, and below it what had changed, at native resolution."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._words = label(role="small", wrap=True)
        self._overview = Canvas(theme)
        self._overview.setAccessibleName(self.tr("Overview as the model sees it"))
        self._overview.show_words(self.tr("Nothing was seen since the engine started."))
        self._regions = [Canvas(theme) for _ in range(MOST_REGIONS)]
        self._parts = QWidget()
        self._parts.setFixedHeight(PART_HEIGHT)
        self._parts.hide()
        parts = QHBoxLayout(self._parts)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(6)
        for region in self._regions:
            region.setAccessibleName(self.tr("A part that had changed"))
            region.hide()
            parts.addWidget(region, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        rows.addWidget(self._overview, 1)
        rows.addWidget(self._parts)
        rows.addWidget(self._words)
        self.setMinimumHeight(3 * PART_HEIGHT)

    def show_view(self, view: View) -> None:
        pictures = [decoded(data) for data in view.pictures]
        if pictures:
            self._overview.show_image(pictures[0], pictures[0].rect())
        for place, region in enumerate(self._regions):
            shown = place + 1 < len(pictures)
            if shown:
                region.show_image(pictures[place + 1], pictures[place + 1].rect())
            region.setVisible(shown)
        self._parts.setVisible(len(pictures) > 1)
        self._words.setText(text.plain(view.words))

    def clear(self) -> None:
        self._overview.show_words(self.tr("Nothing was seen since the engine started."))
        self._parts.hide()
        self._words.clear()

    @property
    def words(self) -> str:
        return self._words.text()

    def shows_picture(self) -> bool:
        return not self._overview.image().isNull()


class MemoryPanel(QWidget):
    """Follows the engine while it is shown."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._ticket = 0
        self._known = 0
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage: Memory"))
        open_at(self, theme, 980, 760)
        self._headline = label(self.tr("The memory"), "headline", wrap=True)
        self._measured = label(role="strong", wrap=True)
        self._computed = label(role="muted", wrap=True)
        self.chart = GrowthChart(theme, self.tr("Size of the memory over time"))
        self.view = ModelView(theme)
        self.tiles = self._tiles()
        self._arrange()

        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        bridge.memory_fetched.connect(self._fetched)
        bridge.status_changed.connect(self._status)
        bridge.failed.connect(self._failed)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)

    def _tiles(self) -> dict[str, Tile]:
        return {
            "remembered": Tile(
                self.tr("Remembered"), self.tr("How far back the memory reaches: since the first frame it holds.")
            ),
            "frames": Tile(self.tr("Frames seen"), self.tr("Changes of the screen that the model was shown.")),
            "tokens": Tile(self.tr("Tokens seen"), self.tr("Pieces of pictures and text that the model took in.")),
            "size": Tile(self.tr("Size of the memory"), self.tr("Measured; it is the same however much was seen.")),
            "rate": Tile(self.tr("Frames a second"), self.tr("Looked at over the last ten seconds.")),
            "unchanged": Tile(
                self.tr("Skipped as unchanged"),
                self.tr("Share of the frames that showed nothing new, since the engine started."),
            ),
            "model": Tile(self.tr("Model"), self.tr("What sees and remembers.")),
            "device": Tile(self.tr("Runs on"), self.tr("Where the model is computed.")),
        }

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(8)
        for place, tile in enumerate(self.tiles.values()):
            grid.addWidget(tile, place // COLUMNS, place % COLUMNS)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)
        chart = self._card(self.tr("Size over time"), self._measured, self._computed, self.chart)
        view = self._card(self.tr("What the model saw last"), self.view)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(chart, 3)
        below.addWidget(view, 2)
        page = QWidget()
        page.setProperty("role", "page")
        rows = QVBoxLayout(page)
        rows.setContentsMargins(20, 16, 20, 16)
        rows.setSpacing(12)
        rows.addWidget(self._headline)
        rows.addLayout(grid)
        rows.addLayout(below, 1)
        area = PageArea(page, SMALLEST)
        area.setAccessibleName(self.tr("The memory"))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def _card(self, name: str, *widgets: QWidget) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        rows = QVBoxLayout(card)
        rows.setContentsMargins(14, 12, 14, 12)
        rows.setSpacing(6)
        rows.addWidget(label(name, "heading"))
        for widget in widgets:
            rows.addWidget(widget, 0 if isinstance(widget, QLabel) else 1)
        return card

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(980, 760)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def refresh(self) -> None:
        """Asks for the present figures, unless an answer is still on its way."""
        if self._ticket == 0:
            self._ticket = self._bridge.fetch_memory(self._known)

    @property
    def following(self) -> bool:
        """Whether it asks for the figures from time to time."""
        return self._timer.isActive()

    @property
    def refreshing(self) -> bool:
        """Whether an answer is on its way."""
        return self._ticket != 0

    @property
    def headline(self) -> str:
        return self._headline.text()

    @property
    def computed(self) -> str:
        """The sentence about what a Transformer's cache would take."""
        return self._computed.text()

    def _fetched(self, ticket: int, memory: Memory) -> None:
        if ticket != self._ticket:
            return
        self._ticket = 0
        size = text.size(memory.state_bytes)
        cache = text.size(memory.tokens * memory.cache_bytes_per_token)
        has_model = memory.state_bytes > 0
        self._headline.setText(self._sentence(memory) if has_model else self.tr("No model is loaded."))
        self._measured.setText(self.tr("This memory, measured: {size}").format(size=size) if has_model else "")
        self._computed.setText(
            self.tr(
                "A Transformer's cache by now, computed from this model's own shape: {cache} ({each} a token)"
            ).format(cache=cache, each=text.size(memory.cache_bytes_per_token))
            if has_model
            else ""
        )
        self.chart.show_points(memory.points, memory.cache_bytes_per_token)
        tiles = self.tiles
        tiles["remembered"].show_value(text.duration(_seconds(memory)) if memory.since else UNKNOWN)
        tiles["frames"].show_value(text.count(memory.frames))
        tiles["tokens"].show_value(text.count(memory.tokens))
        tiles["size"].show_value(size if has_model else UNKNOWN)
        tiles["rate"].show_value(text.decimal(memory.frames_per_second))
        if memory.view is not None:
            self._known = memory.view.number
            self.view.show_view(memory.view)
        elif memory.frames == 0:
            self.view.clear()

    def _sentence(self, memory: Memory) -> str:
        size = text.size(memory.state_bytes)
        if memory.since is None:
            return self.tr("The memory takes {size}, and never more.").format(size=size)
        return self.tr("The memory reaches back to {time} in {size}, and never takes more.").format(
            time=text.moment_time(memory.since, inside=True), size=size
        )

    def _status(self, status: Status) -> None:
        seen = status.frames_seen
        self.tiles["unchanged"].show_value(
            self.tr("{share} %").format(share=round(100 * status.frames_still / seen)) if seen else UNKNOWN
        )
        self.tiles["model"].show_value(text.plain(status.model) or UNKNOWN)
        self.tiles["device"].show_value(text.plain(status.device) or UNKNOWN)

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket == self._ticket:
            self._ticket = 0
            self._headline.setText(f"{message} {remedy}".strip())


def _seconds(memory: Memory) -> float:
    return 0.0 if memory.since is None else max(0.0, (datetime.now(UTC) - memory.since).total_seconds())
