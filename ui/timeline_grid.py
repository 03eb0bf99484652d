"""The moments of the timeline as a wrapping grid of cards that scrolls through any number of them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QPainter, QPixmap, QPixmapCache
from PySide6.QtWidgets import QFrame, QListView, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.protocol import MomentInfo
from ui.moment_painter import PICTURE_SIZE, card_size, cropped, paint_card
from ui.theme import Theme
from ui.timeline_model import MOMENT_ROLE, TimelineModel

GAP = 12


class CardDelegate(QStyledItemDelegate):
    """Paints rows as cards; scaled pictures come from Qt's pixmap cache."""

    def __init__(self, theme: Theme, model: TimelineModel) -> None:
        super().__init__(model)
        self._theme, self._model = theme, model

    def sizeHint(  # noqa: N802  Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        del option, index
        return card_size(self._theme) + QSize(GAP, GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        moment = index.data(MOMENT_ROLE)
        picture, loading = self._picture(moment, painter.device().devicePixelRatioF())
        painter.save()
        paint_card(
            painter,
            self._theme,
            QRect(rect.topLeft(), card_size(self._theme)),
            moment,
            picture,
            loading=loading,
            under_mouse=bool(state & QStyle.StateFlag.State_MouseOver),
            marked=bool(state & QStyle.StateFlag.State_Selected),
        )
        painter.restore()

    def _picture(self, moment: MomentInfo | None, ratio: float) -> tuple[QPixmap | None, bool]:
        """The scaled picture, and whether one may still come."""
        if moment is None:
            return None, True
        key = f"moment-{moment.id}-{ratio}"
        kept = QPixmap()
        if QPixmapCache.find(key, kept):
            return kept, False
        image = self._model.thumbnail(moment)
        if image is None or image.isNull():
            return None, image is None
        pixmap = cropped(image, PICTURE_SIZE, ratio)
        QPixmapCache.insert(key, pixmap)
        return pixmap, False


class MomentGrid(QListView):
    """A wrapping list whose rows are all alike, so that a hundred thousand of them cost nothing.

    ``chosen`` carries a row to see large, ``asked_about`` one to ask about, ``deleted`` those to delete.
    """

    chosen = Signal(int)
    asked_about = Signal(int)
    deleted = Signal(object)  # list[int]

    def __init__(self, model: TimelineModel, delegate: CardDelegate) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Moments"))
        model.arrived.connect(self.viewport().update)
        model.drawn_anew.connect(lambda row: self.update(model.index(row)))
        self.activated.connect(lambda index: self.chosen.emit(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row())
        elif event.key() == Qt.Key.Key_Delete and self.rows():
            self.deleted.emit(self.rows())
        else:
            super().keyPressEvent(event)

    def rows(self) -> list[int]:
        """The selected rows, from the top."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def top_row(self) -> int:
        """The first row that can be seen; -1 where there is none."""
        return self.indexAt(QPoint(GAP, GAP)).row()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  Qt's name
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if index.isValid():
            place = self.visualRect(index).center() if by_key else event.pos()
            self.menu(index.row()).popup(self.viewport().mapToGlobal(place))

    def menu(self, row: int) -> QMenu:
        """What can be done with a row, or with all that are selected if it is one of them."""
        rows = self.rows() if row in self.rows() else [row]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open"), lambda: self.chosen.emit(row))
        menu.addAction(self.tr("Ask about this moment"), lambda: self.asked_about.emit(row))
        menu.addSeparator()
        words = self.tr("Delete…") if len(rows) == 1 else self.tr("Delete %Ln moment(s)…", None, len(rows))
        menu.addAction(words, lambda: self.deleted.emit(rows))
        return menu
