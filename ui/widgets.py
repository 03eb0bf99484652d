"""Small widgets that several windows share: the recording light, a notice, a wrapping row, wrapped plain text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.presence import Light, Presence
from ui.theme import Colours, Theme, set_role

FRAME = QSize(8, 40)  # pixels of the screen that a window's frame takes about


def label(words: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label that never reads its text as markup, whatever the text is."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(words)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # Qt's own choice for it leaves out the Tab key
    return made


def tool_button(theme: Theme, icon: str, name: str, *, words: bool = False) -> QToolButton:
    """A flat button; ``name`` is its tool tip and what a screen reader says, and its text with ``words``."""
    button = QToolButton()
    button.setAccessibleName(name)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setIconSize(QSize(20, 20))
    if words:
        button.setText(name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setProperty("role", "labelled")
    else:
        button.setToolTip(name)

    def draw() -> None:
        button.setIcon(theme.icon(icon))

    follow(theme, button, draw)
    return button


def follow(theme: Theme, owner: QWidget, draw: Callable[[], None]) -> None:
    """Calls ``draw`` now and whenever the look changes, for as long as ``owner`` lives."""
    theme.changed.connect(_Follower(owner, draw).redraw)
    draw()


class _Follower(QObject):
    """A receiver that goes with its owner, and its connections with it."""

    def __init__(self, owner: QWidget, draw: Callable[[], None]) -> None:
        super().__init__(owner)
        self._draw = draw

    def redraw(self) -> None:
        self._draw()


class RecordingLight(QWidget):
    """A dot whose shape, not only its colour, says what the engine is doing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._light = Light.RESTARTING
        self.setFixedSize(18, 18)
        theme.changed.connect(self.update)

    @property
    def light(self) -> Light:
        return self._light

    def show_presence(self, presence: Presence) -> None:
        self.setAccessibleName(presence.sentence)
        if presence.light is not self._light:
            self._light = presence.light
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPoint(9, 9)
        colour = QColor(light_colour(colours, self._light))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if self._light is Light.RECORDING:
            halo = QColor(colour)
            halo.setAlphaF(0.22)
            painter.setBrush(halo)
            painter.drawEllipse(centre, 8, 8)
            painter.setBrush(colour)
            painter.drawEllipse(centre, 5, 5)
        elif self._light is Light.PAUSED:
            painter.drawRoundedRect(QRect(4, 3, 4, 12), 1.5, 1.5)
            painter.drawRoundedRect(QRect(10, 3, 4, 12), 1.5, 1.5)
        elif self._light in {Light.STALLED, Light.DISK_FULL}:
            painter.drawPolygon([QPoint(9, 1), QPoint(17, 16), QPoint(1, 16)])
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 2.5))
            if self._light is Light.RESTARTING:
                painter.drawArc(QRect(3, 3, 12, 12), 60 * 16, 270 * 16)
            else:
                painter.drawEllipse(centre, 6, 6)
            if self._light is Light.EXCLUDED:
                painter.drawLine(QPoint(5, 13), QPoint(13, 5))
        painter.end()


def light_colour(colours: Colours, light: Light) -> str:
    """The colour that goes with ``light`` in text and lights."""
    return {
        Light.RECORDING: colours.recording,
        Light.EXCLUDED: colours.shielded,
        Light.STALLED: colours.caution,
        Light.DISK_FULL: colours.caution,
        Light.RESTARTING: colours.caution,
    }.get(light, colours.calm)


class Switch(QCheckBox):
    """A check box that looks like what it is for: on or off, at once."""

    TRACK = QSize(36, 20)
    GAP = 8  # pixels before the words

    def __init__(self, theme: Theme, words: str = "") -> None:
        super().__init__(words)
        self._theme = theme
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        words = self.fontMetrics().horizontalAdvance(self.text()) + self.GAP if self.text() else 0
        return QSize(self.TRACK.width() + 4 + words, max(self.TRACK.height() + 4, self.fontMetrics().height()))

    def hitButton(self, position: QPoint) -> bool:  # noqa: N802  Qt's name
        return self.rect().contains(position)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRect(QPoint(2, (self.height() - self.TRACK.height()) // 2), self.TRACK)
        on = self.isChecked()
        painter.setPen(
            QPen(QColor(colours.text if self.hasFocus() else colours.accent if on else colours.faint), 1.5)
        )
        painter.setBrush(QColor(colours.accent if on else colours.raised))
        painter.drawRoundedRect(track, 10, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.on_accent if on else colours.muted))
        centre = QPoint(track.right() - 9 if on else track.left() + 10, track.center().y() + 1)
        painter.drawEllipse(centre, 6, 6)
        if self.text():
            painter.setPen(QColor(colours.text if self.isEnabled() else colours.faint))
            place = self.rect().adjusted(self.TRACK.width() + 2 + self.GAP, 0, 0, 0)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class Notice(QFrame):
    """A strip with a sentence and at most one button; hidden until there is something to say."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = "info"
        self._icon_colour = "calm"
        self._action: Callable[[], None] | None = None
        self._icon = QLabel()
        self._icon.setFixedSize(20, 20)
        self._words = label(wrap=True)
        self._button = QPushButton()
        self._button.clicked.connect(self._act)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        follow(theme, self, self._draw)
        self.hide()

    @property
    def words(self) -> str:
        return self._words.text()

    def say(
        self,
        words: str,
        *,
        kind: str = "calm",
        icon: str = "info",
        button: str = "",
        action: Callable[[], None] | None = None,
    ) -> None:
        """Shows ``words``; ``kind`` is calm, caution, shielded or recording."""
        self._icon_name, self._icon_colour, self._action = icon, kind, action
        self._words.setText(words)
        self.setAccessibleName(words)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        set_role(self, f"notice-{kind}")
        self._draw()
        self.show()

    def _act(self) -> None:
        if self._action is not None:
            self._action()

    def _draw(self) -> None:
        colour = getattr(self._theme.colours, self._icon_colour)
        self._icon.setPixmap(self._theme.icon(self._icon_name, colour).pixmap(20, 20))


class WrappingRow(QLayout):
    """Lays its widgets out in a row and goes on in the next where the width ends."""

    def __init__(self, spacing: int = 8) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802  Qt's name
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802  Qt's name
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802  Qt's name
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802  Qt's name
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:  # noqa: N802  Qt's name
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802  Qt's name
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802  Qt's name
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return self.minimumSize()

    def minimumSize(self) -> QSize:  # noqa: N802  Qt's name
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        x, y, row_height = rect.x(), rect.y(), 0
        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            wanted = item.sizeHint()
            if x > rect.x() and x + wanted.width() > rect.right() + 1:
                x, y, row_height = rect.x(), y + row_height + self.spacing(), 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), wanted))
            x += wanted.width() + self.spacing()
            row_height = max(row_height, wanted.height())
        return y + row_height - rect.y()


def open_at(window: QWidget, theme: Theme, width: int, height: int) -> None:
    """Gives a window its first size: ``width`` x ``height``, more with larger letters, never more than the screen."""
    window.resize(QSize(theme.scaled(width), theme.scaled(height)).boundedTo(window.screen().availableSize() - FRAME))


class PageArea(QScrollArea):
    """Scrolls a page up and down, and is never narrower than the page has to be."""

    def __init__(self, page: QWidget, smallest: QSize) -> None:
        super().__init__()
        self._page, self._smallest = page, smallest
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(page)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        needed = self._page.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(needed, 0).expandedTo(self._smallest)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        if watched is self._page and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class Column(QWidget):
    """A page's content, centred and no wider than reads well."""

    def __init__(self, widest: int) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self._inner = QWidget()
        self._inner.setMaximumWidth(widest)
        self._inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.rows = QVBoxLayout(self._inner)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 20, 0)
        row.addStretch(1)
        row.addWidget(self._inner, 1000)
        row.addStretch(1)
