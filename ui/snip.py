"""Snip and ask: the screens as they were, dimmed; a dragged region, a clicked window or Enter chooses a part.

The pictures are taken before anything of this appears. Each screen has an overlay of its own, at its own scale.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QScreen,
)
from PySide6.QtWidgets import QWidget

from core.errors import AfterimageError
from ui.theme import Theme

SMALLEST_DRAG = 6  # logical pixels; a shorter drag is a click
DIMMED = 130  # of 255
PLATE = 190  # of 255: what stands behind the hint
MARGIN = 20  # pixels around the hint
UNCOVER_MS = 250  # until what was under a window is drawn and its fading is over; no window system tells when

log = logging.getLogger(__name__)


class Overlay(QWidget):
    """One screen. Coordinates are logical pixels of the widget; the picture has device pixels."""

    placed = Signal(QRect)  # in desktop pixels, before ``chosen``
    chosen = Signal(QImage)
    cancelled = Signal()

    def __init__(self, theme: Theme, screen: QScreen, picture: QPixmap, windows: Sequence[QRect]) -> None:
        super().__init__(
            None,
            Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.BypassWindowManagerHint
            if QGuiApplication.platformName() == "xcb"
            else Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint,
        )
        self._theme = theme
        self._picture = picture
        self._windows = windows  # front to back
        self._start: QPoint | None = None
        self._region = QRect()
        self.setWindowTitle(self.tr("Afterimage: Snip"))
        self.setAccessibleName(
            self.tr("Drag a region, click a window, or press Enter for the whole screen; Esc cancels")
        )
        self.setAccessibleDescription(self.tr("Tab marks one window after the other, Space chooses the marked one"))
        self._origin = screen.geometry().topLeft()
        self.setScreen(screen)
        self.setGeometry(screen.geometry())
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def region(self) -> QRect:
        """What would be chosen now; empty: nothing is marked."""
        return self._region

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        if event.button() is Qt.MouseButton.LeftButton:
            self._start = event.position().toPoint()
        else:
            self.cancelled.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        here = event.position().toPoint()
        if self._start is None or (here - self._start).manhattanLength() < SMALLEST_DRAG:
            self._region = self._window_at(here)
        else:
            self._region = _between(self._start, here)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        if event.button() is not Qt.MouseButton.LeftButton or self._start is None:
            return
        here = event.position().toPoint()
        if (here - self._start).manhattanLength() < SMALLEST_DRAG:
            self._region = self._window_at(here)
        else:
            self._region = _between(self._start, here)
        self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._region = self.rect()
            self._choose()
        elif event.key() == Qt.Key.Key_Space and not self._region.isEmpty():
            self._choose()

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802  Qt's name
        """Tab and its reverse mark the windows, front to back: there is nothing else here to go to."""
        here = [window.intersected(self.rect()) for window in self._windows]
        here = [window for window in here if not window.isEmpty()]
        if here:
            place = here.index(self._region) if self._region in here else (-1 if forward else 0)
            self._region = here[(place + (1 if forward else -1)) % len(here)]
            self.update()
        return True

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        del event
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._picture)
        painter.fillRect(self.rect(), QColor(0, 0, 0, DIMMED))
        if self._region.isEmpty():
            self._paint_hint(painter)
        else:
            painter.drawPixmap(QRectF(self._region), self._picture, self._in_picture(self._region))
            painter.setPen(QPen(QColor(self._theme.colours.accent), 2))
            painter.drawRect(self._region)
        painter.end()

    def _paint_hint(self, painter: QPainter) -> None:
        painter.setFont(self._theme.font(1.3))
        words = f"{self.accessibleName()}\n{self.accessibleDescription()}"
        how = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = self.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        plate = painter.boundingRect(room, int(how), words).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(0, 0, 0, PLATE))  # readable on whatever is under it
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(plate, MARGIN / 2, MARGIN / 2)
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(room, int(how), words)

    def _window_at(self, place: QPoint) -> QRect:
        for window in self._windows:
            if window.contains(place):
                return window.intersected(self.rect())
        return QRect()

    def _choose(self) -> None:
        part = self._in_picture(self._region if not self._region.isEmpty() else QRect(self.rect()))
        image = self._picture.copy(part.toAlignedRect()).toImage()
        image.setDevicePixelRatio(1)
        self.placed.emit(part.toAlignedRect().translated(self._origin))
        self.chosen.emit(image)

    def _in_picture(self, region: QRect) -> QRectF:
        """``region`` in the picture's own pixels."""
        across = self._picture.width() / max(1, self.width())
        down = self._picture.height() / max(1, self.height())
        return QRectF(region.x() * across, region.y() * down, region.width() * across, region.height() * down)


class Snip(QObject):
    """``start`` shows the overlays; then ``chosen`` with a picture, or ``cancelled``."""

    placed = Signal(QRect)  # where it is, in desktop pixels; before ``chosen``
    chosen = Signal(QImage)
    cancelled = Signal()
    failed = Signal(str)
    _fetched = Signal(QImage)  # from the thread that asks the portal

    def __init__(
        self, theme: Theme, windows: Callable[[], Sequence[QRect]] | None = None, aside: QWidget | None = None
    ) -> None:
        """``windows``: the visible windows front to back, in desktop pixels; the window system's by default.

        ``aside``: a window that steps aside meanwhile, because what it covers may be wanted; it comes back by itself
        unless a picture was chosen.
        """
        super().__init__()
        self._theme = theme
        self._windows = windows or desktop_windows
        self._aside = aside
        self._stepped_aside = False
        self._uncovering = QTimer(self, interval=UNCOVER_MS, singleShot=True)
        self._uncovering.timeout.connect(self._take)
        self.overlays: list[Overlay] = []
        self._waiting: threading.Thread | None = None
        self._fetched.connect(self._portal_answered, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Takes the pictures, then covers the screens. Does nothing while it is under way."""
        if self.overlays or self._uncovering.isActive():
            return
        if self._aside is not None and self._aside.isVisible() and not self._aside.isMinimized():
            self._stepped_aside = True
            self._aside.hide()
            self._uncovering.start()
        else:
            self._take()

    def _take(self) -> None:
        if QGuiApplication.platformName().startswith("wayland"):
            self._ask_portal()
            return
        self._cover([(screen, screen.grabWindow(0)) for screen in QGuiApplication.screens()])

    def _ask_portal(self) -> None:
        """Wayland hands pictures out through the portal alone, and may ask the user first: not on this thread."""
        if self._waiting is None:
            self._waiting = threading.Thread(target=self._fetch, name="snip-picture", daemon=True)
            self._waiting.start()

    def _fetch(self) -> None:
        from core.capture.portal import Portal
        from core.capture.wayland import picture_once

        image = QImage()
        try:
            portal = Portal()
            try:
                pixels = picture_once(portal.screenshot())
            finally:
                portal.close()
            height, width = pixels.shape[:2]
            image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        except AfterimageError as error:
            log.warning("no picture to snip from: %s", error)
        self._fetched.emit(image)

    def _portal_answered(self, image: QImage) -> None:
        self._waiting = None
        self._cover(parts(QPixmap.fromImage(image), QGuiApplication.screens()))

    def _cover(self, pictures: Sequence[tuple[QScreen, QPixmap]]) -> None:
        """Shows each screen's picture on it, dimmed."""
        if any(picture.isNull() for _screen, picture in pictures):
            self._come_back()
            self.failed.emit(
                self.tr("This desktop does not hand out pictures of the screen. Paste or drop a picture instead.")
            )
            return
        windows = self._windows()
        for screen, picture in pictures:
            overlay = Overlay(self._theme, screen, picture, [_local(window, screen) for window in windows])
            overlay.placed.connect(self.placed)
            overlay.chosen.connect(self._chosen)
            overlay.cancelled.connect(self.cancel)
            self.overlays.append(overlay)
            if QGuiApplication.platformName().startswith("wayland"):
                overlay.showFullScreen()  # where it is to be is the compositor's to say
            else:
                overlay.show()
        under = QGuiApplication.screenAt(QCursor.pos())
        front = next((o for o in self.overlays if o.screen() is under), self.overlays[0])
        front.activateWindow()
        front.setFocus()
        if QGuiApplication.platformName() == "xcb":
            front.grabKeyboard()  # overlays bypass the window manager, which would give it them otherwise

    def cancel(self) -> None:
        self._close()
        self._come_back()
        self.cancelled.emit()

    def _come_back(self) -> None:
        if self._stepped_aside and self._aside is not None:
            self._stepped_aside = False
            self._aside.show()
            self._aside.activateWindow()

    def _chosen(self, picture: QImage) -> None:
        self._stepped_aside = False
        self._close()
        self.chosen.emit(picture)

    def _close(self) -> None:
        for overlay in self.overlays:
            if QWidget.keyboardGrabber() is overlay:
                overlay.releaseKeyboard()
            overlay.hide()
            overlay.deleteLater()
        self.overlays.clear()


def parts(whole: QPixmap, screens: Sequence[QScreen]) -> list[tuple[QScreen, QPixmap]]:
    """One picture of the whole desktop cut into those of its screens."""
    desktop = QRect()
    for screen in screens:
        desktop = desktop.united(screen.geometry())
    across, down = whole.width() / max(1, desktop.width()), whole.height() / max(1, desktop.height())
    cut = []
    for screen in screens:
        place = screen.geometry().translated(-desktop.topLeft())
        part = QRectF(place.x() * across, place.y() * down, place.width() * across, place.height() * down)
        cut.append((screen, whole.copy(part.toAlignedRect())))
    return cut


def desktop_windows() -> list[QRect]:
    """The visible windows' rectangles, front to back, in desktop pixels; none where the system does not say."""
    from core.capture.windows import window_facts

    try:
        facts = window_facts()
    except AfterimageError:
        return []
    try:
        windows = facts.windows() or ()
    finally:
        facts.close()
    return [QRect(window.rect.left, window.rect.top, window.rect.width, window.rect.height) for window in windows]


def _between(one: QPoint, other: QPoint) -> QRect:
    """The rectangle with these corners, both in it."""
    return QRect(
        QPoint(min(one.x(), other.x()), min(one.y(), other.y())),
        QPoint(max(one.x(), other.x()), max(one.y(), other.y())),
    )


def _local(window: QRect, screen: QScreen) -> QRect:
    """A rectangle of desktop pixels in the logical pixels of a screen, whose origin is in desktop pixels."""
    ratio = screen.devicePixelRatio()
    corner = (window.topLeft() - screen.geometry().topLeft()) / ratio
    return QRect(corner, window.size() / ratio)
