"""The moments of one answer as cards: thumbnail, time, application, title.

An answer has a handful of them, so each is a widget; the timeline, which has thousands, has its own model.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.protocol import MomentInfo
from ui import text
from ui.moment_painter import PICTURE_SIZE, card_size, cropped, paint_card
from ui.pictures import Pictures
from ui.theme import Theme
from ui.widgets import WrappingRow


class MomentCard(QAbstractButton):
    """One moment; pressed with the mouse, Space or Enter it wants to be seen large."""

    def __init__(self, theme: Theme, moment: MomentInfo, pictures: Pictures) -> None:
        super().__init__()
        self._theme = theme
        self.moment = moment
        self._pixmap: QPixmap | None = None
        self._image = pictures.thumbnail(moment.id)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(
            text.joined(
                [
                    text.moment_time(moment.time),
                    text.place(moment.application, moment.window, moment.source),
                    text.plain(moment.window),
                ]
            )
        )
        self.setAccessibleDescription(self.tr("Opens this moment large"))
        if self._image is None:
            pictures.ready.connect(self._arrived)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return card_size(self._theme)

    def has_picture(self) -> bool:
        return self._image is not None and not self._image.isNull()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        painter = QPainter(self)
        paint_card(
            painter,
            self._theme,
            self.rect(),
            self.moment,
            self._picture(),
            loading=self._image is None,
            under_mouse=self.underMouse(),
            marked=self.hasFocus() or self.isDown(),
        )
        painter.end()

    def _picture(self) -> QPixmap | None:
        if self._image is None or self._image.isNull():
            return None
        if self._pixmap is None or self._pixmap.devicePixelRatio() != self.devicePixelRatioF():
            self._pixmap = cropped(self._image, PICTURE_SIZE, self.devicePixelRatioF())
        return self._pixmap

    def _arrived(self, moment: int, image: QImage) -> None:
        if moment == self.moment.id:
            self._image, self._pixmap = image, None
            self.update()


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
