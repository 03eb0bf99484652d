"""How a moment looks as a card; the answer's cards and the timeline paint with it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPainterPath, QPen, QPixmap

from app.protocol import MomentInfo
from ui import text
from ui.theme import Theme

PICTURE_SIZE = QSize(208, 117)  # 16:9
MARGIN = 10
RADIUS = 10.0
LABEL_MARGIN = 6


def card_size(theme: Theme) -> QSize:
    """The size of a card with the present font."""
    words = QFontMetrics(theme.font()).lineSpacing() + QFontMetrics(theme.font(0.88)).lineSpacing()
    return QSize(PICTURE_SIZE.width(), PICTURE_SIZE.height() + words + 2 * MARGIN)


def paint_card(
    painter: QPainter,
    theme: Theme,
    place: QRect,
    moment: MomentInfo | None,
    picture: QPixmap | None,
    *,
    loading: bool,
    under_mouse: bool,
    marked: bool,
) -> None:
    """Paints one card into ``place``. ``moment`` None: not known yet. ``picture`` None: loading, or there is none."""
    colours = theme.colours
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    outline = QPainterPath()
    outline.addRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
    painter.fillPath(outline, QColor(colours.raised if under_mouse else colours.surface))
    painter.save()
    painter.setClipPath(outline)
    above = QRect(place.topLeft(), QSize(place.width(), PICTURE_SIZE.height()))
    painter.fillRect(above, QColor(colours.raised))
    if picture is not None:
        painter.drawPixmap(above.topLeft(), picture)
    else:
        icon = theme.icon("moment" if loading else "not-seen", colours.faint)
        icon.paint(painter, QRect(above.center().x() - 14, above.center().y() - 14, 28, 28))
    painter.restore()
    if moment is not None and moment.by_meaning:
        _paint_label(painter, theme, above, QCoreApplication.translate("MomentPainter", "by meaning"))
    painter.setPen(QPen(QColor(colours.accent if marked else colours.line), 2 if marked else 1))
    painter.drawPath(outline)
    if moment is not None:
        _paint_words(painter, theme, place, moment)


def _paint_label(painter: QPainter, theme: Theme, above: QRect, words: str) -> None:
    """A label on the picture's lower left."""
    painter.setFont(theme.font(0.88))
    metrics = painter.fontMetrics()
    size = QSize(metrics.horizontalAdvance(words) + 2 * LABEL_MARGIN, metrics.lineSpacing() + LABEL_MARGIN)
    label = QRect(
        above.left() + LABEL_MARGIN, above.bottom() - LABEL_MARGIN - size.height(), size.width(), size.height()
    )
    path = QPainterPath()
    path.addRoundedRect(QRectF(label), LABEL_MARGIN, LABEL_MARGIN)
    painter.fillPath(path, QColor(theme.colours.surface))
    painter.setPen(QColor(theme.colours.text))
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, words)


def _paint_words(painter: QPainter, theme: Theme, place: QRect, moment: MomentInfo) -> None:
    colours = theme.colours
    left, width = place.x() + MARGIN, place.width() - 2 * MARGIN
    y = place.y() + PICTURE_SIZE.height() + MARGIN - 2
    bold, normal, small = theme.font(bold=True), theme.font(), theme.font(0.88)
    middle = Qt.AlignmentFlag.AlignVCenter
    time = text.moment_time(moment.time)
    painter.setFont(bold)
    metrics = painter.fontMetrics()
    line, used = metrics.lineSpacing(), metrics.horizontalAdvance(time) + 8
    painter.setPen(QColor(colours.text))
    painter.drawText(QRect(left, y, width, line), middle, time)
    painter.setFont(normal)
    painter.setPen(QColor(colours.muted))
    application = _elided(
        painter.fontMetrics(), text.place(moment.application, moment.window, moment.source), width - used
    )
    painter.drawText(QRect(left + used, y, width - used, line), middle, application)
    painter.setFont(small)
    below = QRect(left, y + line + 2, width, painter.fontMetrics().lineSpacing())
    painter.drawText(below, middle, _elided(painter.fontMetrics(), moment.window, width))


def _elided(metrics: QFontMetrics, words: str, width: int) -> str:
    return metrics.elidedText(text.title(words), Qt.TextElideMode.ElideRight, width)


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
