"""Snip and ask: what is chosen is what the screen showed before the overlay came, pixel for pixel."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPixmap, QScreen
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.snip import Overlay, Snip
from ui.theme import Theme


@pytest.fixture
def picture() -> QPixmap:
    """A screen of two device pixels a logical one: red, with a green window at 20, 10 of 30 x 40 logical pixels."""
    screen = QGuiApplication.primaryScreen()
    size = screen.geometry().size() * 2
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    for y in range(20, 100):
        for x in range(40, 100):
            image.setPixelColor(x, y, QColor("green"))
    return QPixmap.fromImage(image)


@pytest.fixture
def overlay(qtbot: QtBot, theme: Theme, picture: QPixmap) -> Overlay:
    overlay = Overlay(theme, QGuiApplication.primaryScreen(), picture, [QRect(20, 10, 30, 40)])
    qtbot.addWidget(overlay)
    overlay.show()
    return overlay


def colours(image: QImage) -> set[str]:
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def test_a_clicked_window_is_chosen_to_the_pixel(qtbot: QtBot, overlay: Overlay) -> None:
    with qtbot.waitSignal(overlay.chosen) as waited:
        QTest.mouseClick(overlay, Qt.MouseButton.LeftButton, pos=QPoint(30, 20))
    image = waited.args[0]
    assert (image.width(), image.height()) == (60, 80)
    assert colours(image) == {QColor("green").name()}


def test_a_dragged_region_is_chosen_whichever_way_it_is_dragged(qtbot: QtBot, overlay: Overlay) -> None:
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    QTest.mouseMove(overlay, QPoint(120, 100))
    with qtbot.waitSignal(overlay.chosen) as waited:
        QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, pos=QPoint(100, 90))
    image = waited.args[0]
    assert abs(image.width() - 2 * 101) <= 2
    assert abs(image.height() - 2 * 61) <= 2
    assert colours(image) == {QColor("red").name()}


def test_enter_chooses_the_whole_screen(qtbot: QtBot, overlay: Overlay, picture: QPixmap) -> None:
    with qtbot.waitSignal(overlay.chosen) as waited:
        QTest.keyClick(overlay, Qt.Key.Key_Return)
    assert waited.args[0].size() == picture.size()


@pytest.mark.parametrize("way", ["key", "button"])
def test_escape_and_the_right_button_cancel(qtbot: QtBot, overlay: Overlay, way: str) -> None:
    with qtbot.waitSignal(overlay.cancelled):
        if way == "key":
            QTest.keyClick(overlay, Qt.Key.Key_Escape)
        else:
            QTest.mouseClick(overlay, Qt.MouseButton.RightButton, pos=QPoint(5, 5))


def test_a_desktop_that_gives_no_picture_is_told(qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    snip = Snip(theme, list)
    screen = QGuiApplication.primaryScreen()
    monkeypatch.setattr(type(screen), "grabWindow", lambda *_: QPixmap())
    with qtbot.waitSignal(snip.failed, check_params_cb=lambda words: "Paste" in words):
        snip.start()
    assert snip.overlays == []


def test_windows_are_marked_and_chosen_by_key(qtbot: QtBot, theme: Theme, picture: QPixmap) -> None:
    first, second = QRect(20, 10, 30, 40), QRect(100, 50, 60, 20)
    overlay = Overlay(theme, QGuiApplication.primaryScreen(), picture, [first, second, QRect(9000, 0, 5, 5)])
    qtbot.addWidget(overlay)
    overlay.show()
    marked = []
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        QTest.keyClick(overlay, key)
        marked.append(overlay.region)
    assert marked == [first, second, first, second]
    places: list[QRect] = []
    images: list[QImage] = []
    overlay.placed.connect(places.append)
    overlay.chosen.connect(images.append)
    with qtbot.waitSignals([overlay.placed, overlay.chosen], order="strict"):
        QTest.keyClick(overlay, Qt.Key.Key_Space)
    (place,), (image,) = places, images
    assert (image.width(), image.height()) == (120, 40)
    assert place == QRect(200, 100, 120, 40)


def test_the_pictures_are_taken_before_anything_covers_the_screen(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    snip = Snip(theme, list)
    open_then: list[int] = []

    def grab(screen: QScreen, *_: int) -> QPixmap:
        open_then.append(len(snip.overlays))
        return QPixmap(screen.geometry().size())

    monkeypatch.setattr(QScreen, "grabWindow", grab)
    snip.start()
    assert open_then == [0] * len(QGuiApplication.screens())
    assert len(snip.overlays) == len(QGuiApplication.screens())
    with qtbot.waitSignal(snip.cancelled):
        snip.cancel()


@pytest.mark.parametrize("end", ["chosen", "cancelled", "failed"])
def test_the_own_window_is_not_in_the_picture_and_comes_back_unless_one_was_chosen(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    covered: list[bool] = []

    def grab(screen: QScreen, *_: int) -> QPixmap:
        covered.append(window.isVisible())
        return QPixmap() if end == "failed" else QPixmap(screen.geometry().size())

    monkeypatch.setattr(QScreen, "grabWindow", grab)
    snip = Snip(theme, list, aside=window)
    with qtbot.waitSignal({"chosen": snip.chosen, "cancelled": snip.cancelled, "failed": snip.failed}[end]):
        snip.start()
        snip.start()  # pressed twice
        if end != "failed":
            qtbot.waitUntil(lambda: bool(snip.overlays))
            key = Qt.Key.Key_Return if end == "chosen" else Qt.Key.Key_Escape
            QTest.keyClick(snip.overlays[0], key)
    assert covered == [False] * len(QGuiApplication.screens())
    assert window.isVisible() is (end != "chosen")
