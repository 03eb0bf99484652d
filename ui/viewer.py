"""One moment, large: the stored picture, when and where it was, and the way to its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.protocol import Found, MomentInfo
from ui import text
from ui.bridge import Bridge
from ui.controls import Controls
from ui.pictures import Pictures
from ui.theme import Theme
from ui.widgets import label, open_at, tool_button

MARK, MARK_LINE = QColor(255, 214, 10, 90), QColor(214, 150, 0)  # a marker pen's, on light and dark pictures alike


class Canvas(QWidget):
    """Paints a picture fitted to its size or pixel for pixel, its moment's rectangle outlined, words marked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._image = QImage()
        self._outline = QRect()
        self._marks: tuple[QRect, ...] = ()
        self._words = ""
        self.whole_size = False
        theme.changed.connect(self.update)

    def show_words(self, words: str) -> None:
        self._image, self._words, self._marks = QImage(), words, ()
        self._fit()

    def show_image(self, image: QImage, outline: QRect) -> None:
        self._image = image
        # An outline only helps where the picture shows more than the moment's window.
        inside = image.rect().contains(outline) and outline.size() != image.size() and not outline.isEmpty()
        self._outline = outline if inside else QRect()
        self._fit()

    def mark(self, places: Sequence[QRect]) -> None:
        """Marks these places of the picture, in its pixels."""
        self._marks = tuple(places)
        self.update()

    @property
    def marks(self) -> tuple[QRect, ...]:
        return self._marks

    def set_whole_size(self, whole: bool) -> None:
        self.whole_size = whole
        self._fit()

    def image(self) -> QImage:
        return self._image

    def _fit(self) -> None:
        ratio = self.devicePixelRatioF()
        whole = self.whole_size and not self._image.isNull()
        self.setMinimumSize(self._image.size() / ratio if whole else QSize(0, 0))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.colours.raised))
        if self._image.isNull():
            painter.setPen(QColor(self._theme.colours.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words)
            painter.end()
            return
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        scale = self._scale()
        size = QSize(round(self._image.width() * scale), round(self._image.height() * scale))
        corner = QPoint((self.width() - size.width()) // 2, (self.height() - size.height()) // 2)
        painter.drawImage(QRect(corner, size), self._image)
        for place in self._marks:
            painter.setPen(QPen(MARK_LINE, 1.5))
            painter.setBrush(MARK)
            painter.drawRoundedRect(_scaled(place, corner, scale).adjusted(-2, -1, 2, 1), 3, 3)
        if not self._outline.isEmpty():
            painter.setPen(QPen(QColor(self._theme.colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(_scaled(self._outline, corner, scale), 4, 4)
        painter.end()

    def _scale(self) -> float:
        if self.whole_size:
            return 1 / self.devicePixelRatioF()
        fitted = min(self.width() / self._image.width(), self.height() / self._image.height())
        return min(fitted, 2.0)


def _scaled(place: QRect, corner: QPoint, scale: float) -> QRectF:
    """A place of the picture where it is painted."""
    return QRectF(
        corner.x() + place.x() * scale, corner.y() + place.y() * scale, place.width() * scale, place.height() * scale
    )


class Viewer(QWidget):
    """A window of its own; Left and Right go through ``moments``, Delete deletes one, Esc closes."""

    asked_about = Signal(object, QImage)  # MomentInfo, its picture

    def __init__(self, theme: Theme, bridge: Bridge, pictures: Pictures, controls: Controls) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._bridge, self._pictures, self._controls = bridge, pictures, controls
        self._moments: Sequence[MomentInfo] = ()
        self._place = 0
        self._searched = ""  # words to mark
        self._deleting: MomentInfo | None = None
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage: Moment"))
        open_at(self, theme, 1040, 720)

        self._when = label(role="heading")
        self._where = label(role="muted")
        self._back = tool_button(theme, "back", self.tr("Previous moment"))
        self._forward = tool_button(theme, "forward", self.tr("Next moment"))
        self._zoom = tool_button(theme, "zoom", self.tr("Show every pixel"))
        self._zoom.setCheckable(True)
        self._delete = tool_button(theme, "trash", self.tr("Delete this moment"))
        self._ask = QPushButton(self.tr("Ask about this moment"))
        self._canvas = Canvas(theme)
        self._area = QScrollArea()
        self._area.setWidget(self._canvas)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setAccessibleName(self.tr("Picture of the moment"))
        self._arrange()

        self._back.clicked.connect(lambda: self._step(-1))
        self._forward.clicked.connect(lambda: self._step(1))
        self._zoom.toggled.connect(self._canvas.set_whole_size)
        self._ask.clicked.connect(lambda: self.asked_about.emit(self._moments[self._place], self._canvas.image()))
        self._delete.clicked.connect(self._ask_to_delete)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        bridge.found_fetched.connect(self._found)
        controls.forgotten.connect(self._forgotten)
        pictures.picture_ready.connect(self._arrived)

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._when)
        words.addWidget(self._where)
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 12, 12, 12)
        bar.setSpacing(6)
        bar.addLayout(words, 1)
        for widget in (self._ask, self._zoom, self._delete, self._back, self._forward):
            bar.addWidget(widget)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(bar)
        rows.addWidget(self._area, 1)

    def open(self, moments: Sequence[MomentInfo], place: int, words: str = "") -> None:
        """Shows one of ``moments``; where ``words`` stand in a picture they are marked."""
        self._moments, self._place, self._searched = moments, place, words
        self._show()
        self.show()
        self.raise_()
        self.activateWindow()
        self._area.setFocus()

    @property
    def moment(self) -> MomentInfo | None:
        return self._moments[self._place] if self._moments else None

    @property
    def marks(self) -> tuple[QRect, ...]:
        """The places of the picture that are marked."""
        return self._canvas.marks

    @property
    def delete_button(self) -> QAbstractButton:
        return self._delete

    @property
    def ask_button(self) -> QPushButton:
        return self._ask

    def picture(self) -> QImage:
        return self._canvas.image()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() == Qt.Key.Key_Left:
            self._step(-1)
        elif event.key() == Qt.Key.Key_Right:
            self._step(1)
        elif event.key() == Qt.Key.Key_Delete:
            self._ask_to_delete()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        self._zoom.toggle()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        self._elide()

    def _step(self, by: int) -> None:
        place = self._place + by
        if 0 <= place < len(self._moments):
            self._place = place
            self._show()

    def _show(self) -> None:
        moment = self._moments[self._place]
        self._when.setText(text.exact_time(moment.time))
        self._elide()
        self._back.setEnabled(self._place > 0)
        self._forward.setEnabled(self._place + 1 < len(self._moments))
        self._ask.setEnabled(False)
        self._canvas.show_words(self.tr("Loading…"))
        self._pictures.fetch(moment.id)

    def _elide(self) -> None:
        moment = self.moment
        if moment is None:
            return
        found = self.tr("found by meaning: none of the searched words is here") if moment.by_meaning else ""
        words = text.joined(
            [found, text.plain(moment.application), text.plain(moment.window), text.source(moment.source)]
        )
        room = max(120, self.width() - self._ask.width() - 180)
        self._where.setText(self._where.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room))
        self._where.setAccessibleName(words)

    def _arrived(self, moment: int, image: QImage) -> None:
        shown = self.moment
        if shown is None or shown.id != moment:
            return
        if image.isNull():
            self._canvas.show_words(self.tr("No picture is kept of this moment."))
            return
        self._canvas.show_image(image, QRect(*shown.rect))
        self._ask.setEnabled(True)
        if self._searched:
            self._bridge.fetch_found(moment, self._searched)

    def _found(self, _ticket: int, found: Found) -> None:
        shown = self.moment
        if shown is not None and shown.id == found.moment and not self._canvas.image().isNull():
            self._canvas.mark([QRect(*place) for place in found.places])

    def _ask_to_delete(self) -> None:
        shown = self.moment
        if shown is not None and self._controls.forget_moments([shown]):
            self._deleting = shown

    def _forgotten(self) -> None:
        """The moment that was to be deleted is gone: its neighbour takes its place."""
        if self._deleting is None:
            return
        self._moments = [moment for moment in self._moments if moment is not self._deleting]
        self._deleting = None
        self._place = min(self._place, len(self._moments) - 1)
        if self._moments:
            self._show()
        else:
            self._canvas.show_words("")
            self.close()
