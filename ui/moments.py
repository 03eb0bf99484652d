"""The moments of one answer as cards: thumbnail, time, application, title.

An answer has a handful of them, so each is a widget; the timeline, which has thousands, has its own model.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.protocol import MomentInfo
from ui import text
from ui.pictures import Pictures
from ui.theme import Theme
from ui.widgets import WrappingRow

PICTURE_SIZE = QSize(208, 117)  # 16:9
MARGIN = 10
RADIUS = 10.0


class MomentCard(QAbstractButton):
    """One moment; pressed with the mouse, Space or Enter it wants to be seen large."""

    def __init__(self, theme: Theme, moment: MomentInfo, pictures: Pictures) -> None:
        super().__init__()
        self._theme = theme
        self.moment = moment
        self._picture: QPixmap | None = None
        self._image = pictures.thumbnail(moment.id)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._time = text.moment_time(moment.time)
        self._application = text.plain(moment.application)
        self._title = text.plain(moment.window)
        self.setAccessibleName(text.joined([self._time, self._application, self._title]))
        self.setAccessibleDescription(self.tr("Opens this moment large"))
        if self._image is None:
            pictures.ready.connect(self._arrived)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        words = QFontMetrics(self._theme.font()).lineSpacing() + QFontMetrics(self._theme.font(0.88)).lineSpacing()
        return QSize(PICTURE_SIZE.width(), PICTURE_SIZE.height() + words + 2 * MARGIN)

    def has_picture(self) -> bool:
        return self._image is not None and not self._image.isNull()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.fillPath(outline, QColor(colours.raised if self.underMouse() else colours.surface))
        painter.save()
        painter.setClipPath(outline)
        self._paint_picture(painter, QRect(0, 0, self.width(), PICTURE_SIZE.height()))
        painter.restore()
        marked = self.hasFocus() or self.isDown()
        painter.setPen(QPen(QColor(colours.accent if marked else colours.line), 2 if marked else 1))
        painter.drawPath(outline)
        self._paint_words(painter)
        painter.end()

    def _paint_picture(self, painter: QPainter, place: QRect) -> None:
        colours = self._theme.colours
        painter.fillRect(place, QColor(colours.raised))
        if self._image is None or self._image.isNull():
            icon = self._theme.icon("moment" if self._image is None else "not-seen", colours.faint)
            icon.paint(painter, QRect(place.center().x() - 14, place.center().y() - 14, 28, 28))
            return
        if self._picture is None or self._picture.devicePixelRatio() != self.devicePixelRatioF():
            self._picture = cropped(self._image, place.size(), self.devicePixelRatioF())
        painter.drawPixmap(place.topLeft(), self._picture)

    def _paint_words(self, painter: QPainter) -> None:
        colours = self._theme.colours
        width = self.width() - 2 * MARGIN
        bold, small = self._theme.font(bold=True), self._theme.font(0.88)
        y = PICTURE_SIZE.height() + MARGIN - 2
        line = QFontMetrics(bold).lineSpacing()
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        painter.drawText(QRect(MARGIN, y, width, line), Qt.AlignmentFlag.AlignVCenter, self._time)
        used = QFontMetrics(bold).horizontalAdvance(self._time) + 8
        painter.setFont(self._theme.font())
        painter.setPen(QColor(colours.muted))
        words = QFontMetrics(self._theme.font()).elidedText(
            self._application, Qt.TextElideMode.ElideRight, width - used
        )
        painter.drawText(QRect(MARGIN + used, y, width - used, line), Qt.AlignmentFlag.AlignVCenter, words)
        painter.setFont(small)
        title = QFontMetrics(small).elidedText(self._title, Qt.TextElideMode.ElideRight, width)
        below = QRect(MARGIN, y + line + 2, width, QFontMetrics(small).lineSpacing())
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, title)

    def _arrived(self, moment: int, image: QImage) -> None:
        if moment == self.moment.id:
            self._image, self._picture = image, None
            self.update()


def cropped(image: QImage, size: QSize, ratio: float) -> QPixmap:
    """``image`` filling ``size`` at device pixel ratio ``ratio``; what does not fit is cut, from the top left on.

    The top left of a window says best what it is: title, menu, headline.
    """
    pixels = size * ratio
    scaled = image.scaled(
        pixels, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    pixmap = QPixmap.fromImage(scaled.copy(0, 0, pixels.width(), pixels.height()))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class MomentRow(QWidget):
    """The cards of one answer."""

    opened = Signal(int)  # place of the moment in the answer

    def __init__(self, theme: Theme, pictures: Pictures) -> None:
        super().__init__()
        self._theme, self._pictures = theme, pictures
        self._row = WrappingRow(spacing=10)
        self.setLayout(self._row)
        self.cards: list[MomentCard] = []
        self.hide()

    def show_moments(self, moments: Sequence[MomentInfo]) -> None:
        for place, moment in enumerate(moments):
            card = MomentCard(self._theme, moment, self._pictures)
            card.clicked.connect(lambda _=False, place=place: self.opened.emit(place))
            self._row.addWidget(card)
            self.cards.append(card)
        self.setVisible(bool(self.cards))
        self.updateGeometry()
