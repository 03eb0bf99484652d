"""Every window without a mouse, without eyes, and with large letters, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAccessible, QFont, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollArea,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.protocol import GrowthPoint, Memory, View
from tests.helpers.fake_engine import FakeEngine, Script, drawn, moment
from ui.answer import Stage
from ui.bridge import Bridge
from ui.controls import Controls
from ui.day_strip import DayStrip
from ui.first_choices import FirstChoices
from ui.history_window import HistoryWindow
from ui.i18n import speak
from ui.memory_panel import MemoryPanel
from ui.pictures import Pictures
from ui.presence import Link, presence
from ui.settings_window import SettingsWindow
from ui.snip import Overlay
from ui.theme import ORDINARY_POINTS, Theme
from ui.timeline_window import TimelineWindow
from ui.viewer import Viewer
from ui.welcome import Welcome
from ui.widgets import FRAME, open_at
from ui.window import AskWindow
from ui.work import WorkDialog

W = TypeVar("W", bound=QWidget)

PRESSES = 400  # of Tab; more than any window has controls
LARGE = 18.0  # points
COMPOUND = (QComboBox, QAbstractSpinBox, QKeySequenceEdit)  # a field inside has its parent's focus
INTERACTIVE = (QAbstractButton, QLineEdit, QPlainTextEdit, QAbstractItemView, DayStrip, *COMPOUND)


@dataclass
class Desk:
    """What windows are made of, over the fake engine."""

    qtbot: QtBot
    theme: Theme
    engine: FakeEngine
    bridge: Bridge
    controls: Controls
    pictures: Pictures

    def show(self, window: W) -> W:
        self.qtbot.addWidget(window)
        window.show()
        return window


@pytest.fixture
def desk(qtbot: QtBot, theme: Theme, engine: FakeEngine, bridge: Bridge) -> Desk:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    for number in range(1, 4):
        picture = drawn("notes.txt", ("Call Ines about the roof",))
        at = noon + timedelta(minutes=number)
        engine.add_moment(moment(number, at, "Mousepad", "notes.txt", "Call Ines about the roof"), picture)
    bridge.start()
    return Desk(qtbot, theme, engine, bridge, Controls(theme, bridge), Pictures(bridge))


def conversation(desk: Desk) -> QWidget:
    """An answer with moments that was marked wrong, a message, and a picture to ask about next."""
    window = desk.show(AskWindow(desk.theme, desk.bridge, desk.controls, desk.pictures))
    window.show_presence(presence(Link.CONNECTED, desk.engine._status))
    desk.engine.script = Script(("Call Ines.",), "evidence", tuple(desk.engine.moments))
    window.ask("What was in the note?")
    desk.qtbot.waitUntil(lambda: window.exchanges[-1].stage is Stage.DONE)
    window.exchanges[-1].wrong_button.click()
    window.tell("Forgotten.")
    picture = QImage(64, 64, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.gray)
    window.composer.attach(picture, "About a picture you added")
    window.composer.edit.setPlainText("Why?")
    return window


def first_question(desk: Desk) -> QWidget:
    window = desk.show(AskWindow(desk.theme, desk.bridge, desk.controls, desk.pictures))
    window.show_presence(presence(Link.CONNECTED, desk.engine._status))
    return window


def welcome(desk: Desk, page: int) -> QWidget:
    choices = FirstChoices(desk.bridge, lambda _keys: "Another program uses these keys.")
    window = desk.show(Welcome(desk.theme, "/home/ines/.local/share/afterimage", choices))
    for _ in range(page):
        window.on_button.click()
    if page == 3:
        desk.qtbot.waitUntil(lambda: bool(window.choices.models))
    return window


def settings(desk: Desk) -> QWidget:
    window = desk.show(SettingsWindow(desk.theme, desk.bridge))
    desk.qtbot.waitUntil(lambda: bool(window.rows and window.models.buttons and window.sources.switches))
    desk.qtbot.waitUntil(lambda: window.rules.list.topLevelItemCount() > 0)
    return window


def timeline(desk: Desk) -> QWidget:
    window = desk.show(TimelineWindow(desk.theme, desk.bridge, desk.pictures, desk.controls))
    window.all_days.click()
    desk.qtbot.waitUntil(window.grid.isVisible)
    window.all_days.click()
    desk.qtbot.waitUntil(window.grid.isVisible)
    return window


def history(desk: Desk) -> QWidget:
    conversation(desk).close()
    window = desk.show(HistoryWindow(desk.theme, desk.bridge))
    desk.qtbot.waitUntil(window.list.isVisible)
    window.list.setCurrentIndex(window.model.index(0))
    return window


def viewer(desk: Desk) -> QWidget:
    window = Viewer(desk.theme, desk.bridge, desk.pictures, desk.controls)
    desk.qtbot.addWidget(window)
    window.open(desk.engine.moments, 1)
    desk.qtbot.waitUntil(lambda: not window.picture().isNull())
    return window


def memory(desk: Desk) -> QWidget:
    now = datetime.now(UTC)
    points = tuple(
        GrowthPoint(time=now - timedelta(hours=hours), tokens=10**6 - hours, state_bytes=2**27) for hours in (2, 1)
    )
    desk.engine.memory = Memory(
        id=0,
        since=now - timedelta(hours=2),
        frames=5210,
        tokens=10**6,
        state_bytes=2**27,
        cache_bytes_per_token=36_864,
        frames_per_second=3.4,
        points=points,
        view=View(number=1, time=now, words="xterm | make", pictures=(desk.engine.pictures[1],)),
    )
    window = MemoryPanel(desk.theme, desk.bridge)
    window.destroyed.connect(window.chart.end)
    desk.show(window)
    desk.qtbot.waitUntil(window.view.shows_picture)
    return window


def work(desk: Desk) -> QWidget:
    return desk.show(WorkDialog("Afterimage", desk.bridge, 10**6))


Opened = Callable[[Desk], QWidget]
WINDOWS: dict[str, Opened] = {
    "conversation": conversation,
    "first question": first_question,
    "welcome 1": lambda desk: welcome(desk, 0),
    "welcome 2": lambda desk: welcome(desk, 1),
    "welcome 3": lambda desk: welcome(desk, 2),
    "welcome 4": lambda desk: welcome(desk, 3),
    "settings": settings,
    "timeline": timeline,
    "history": history,
    "viewer": viewer,
    "memory": memory,
    "work": work,
}
every_window = pytest.mark.parametrize("opened", WINDOWS.values(), ids=WINDOWS)


def controls_of(window: QWidget) -> list[QWidget]:
    """The controls that somebody can use now, each once: not the parts that one is made of."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and widget.isEnabled() and _is_control(widget)
    ]


def _is_control(widget: QWidget) -> bool:
    if isinstance(widget, QHeaderView) or isinstance(widget.parentWidget(), COMPOUND):
        return False
    if isinstance(widget, QToolButton) and isinstance(widget.parentWidget(), QLineEdit):
        return False  # clears the field, as its keys do
    if isinstance(widget, QLabel):
        return bool(widget.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByKeyboard)
    return isinstance(widget, INTERACTIVE)


def reached_by_tab(window: QWidget) -> list[QWidget]:
    """Where the focus goes, press by press, until it is where it began."""
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    seen: list[QWidget] = []
    for _ in range(PRESSES):
        target = QApplication.focusWidget() or window
        QTest.keyClick(target, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is None or (now in seen and now is seen[0] and len(seen) > 1):
            break
        if now not in seen:
            seen.append(now)
    return seen


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.accessibleName()!r} in {type(widget.parentWidget()).__name__}"


def spoken(widget: QWidget) -> str:
    """What a screen reader says of it first."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return "" if interface is None else interface.text(QAccessible.Text.Name)


@every_window
def test_every_control_is_reached_by_tab(desk: Desk, opened: Opened) -> None:
    window = opened(desk)
    reached = reached_by_tab(window)
    groups = {button.group() for button in reached if isinstance(button, QRadioButton)}
    missed = [control for control in controls_of(window) if not any(_is_at(control, place) for place in reached)]
    assert [
        described(control)
        for control in missed
        if not (isinstance(control, QRadioButton) and control.group() in groups)  # the arrows go on from one
    ] == []


def _is_at(control: QWidget, place: QWidget) -> bool:
    return control is place or control.focusProxy() is place or control.isAncestorOf(place)


@every_window
def test_every_control_has_a_name_for_screen_readers(desk: Desk, opened: Opened) -> None:
    window = opened(desk)
    stops = [place for place in reached_by_tab(window) if not isinstance(place.parentWidget(), COMPOUND)]
    assert [described(widget) for widget in {*controls_of(window), *stops} if not spoken(widget).strip()] == []


@pytest.fixture(params=["en", "de"])
def language(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[str]:
    yield speak(qapp, request.param)
    speak(qapp, "en")


@pytest.fixture
def large_font(qapp: QApplication, theme: Theme) -> Iterator[None]:
    before = QFont(qapp.font())
    font = QFont(before)
    font.setPointSizeF(LARGE)
    qapp.setFont(font)
    theme.refresh()
    yield
    qapp.setFont(before)
    theme.refresh()


def cut_off(window: QWidget) -> list[str]:
    """Labels, buttons and boxes with less room than their words need, and what lies outside of the window."""
    found = [
        f"{box.accessibleName()!r}: {box.width()} of {box.sizeHint().width()} pixels"
        for box in window.findChildren(QComboBox)
        if box.isVisible() and not box.isEditable() and box.width() < box.sizeHint().width()
    ]
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QLabel | QAbstractButton) or not widget.text():
            continue
        if isinstance(widget, QToolButton) and widget.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly:
            continue
        wraps = isinstance(widget, QLabel) and widget.wordWrap()
        needed = widget.heightForWidth(widget.width()) if wraps else widget.sizeHint().width()
        there = widget.height() if wraps else widget.width()
        if there < needed:
            found.append(f"{widget.text()!r}: {there} of {needed} pixels")
        elif _outside(widget, window):
            found.append(f"{widget.text()!r} lies outside")
    return found


def _outside(widget: QWidget, window: QWidget) -> bool:
    """Whether its right edge is beyond that of the window, or of the page that scrolls it."""
    ancestor = widget.parentWidget()
    while ancestor is not None and not isinstance(ancestor, QScrollArea):
        ancestor = ancestor.parentWidget()
    frame = window if ancestor is None else ancestor.viewport()
    return widget.mapTo(window, widget.rect().topRight()).x() > frame.mapTo(window, frame.rect().topRight()).x()


def assert_nothing_cut_off(desk: Desk, window: QWidget) -> None:
    """A layout needs a few rounds of events until wrapped words have their height."""

    def whole() -> None:
        assert cut_off(window) == []

    desk.qtbot.waitUntil(whole, timeout=2000)


@every_window
def test_nothing_is_cut_off_in_either_language(desk: Desk, opened: Opened, language: str) -> None:
    assert_nothing_cut_off(desk, opened(desk))


@every_window
def test_large_letters_are_not_cut_off(desk: Desk, opened: Opened, language: str, large_font: None) -> None:
    assert_nothing_cut_off(desk, opened(desk))


@every_window
def test_nothing_is_cut_off_in_the_smallest_window(desk: Desk, opened: Opened, language: str) -> None:
    window = opened(desk)
    window.resize(window.minimumSize())
    assert_nothing_cut_off(desk, window)


def test_letters_follow_the_system_while_a_window_is_open(desk: Desk, qapp: QApplication) -> None:
    window, before = first_question(desk), QFont(qapp.font())
    (headline,) = [label for label in window.findChildren(QLabel) if label.property("role") == "headline"]
    small = headline.fontMetrics().height()
    larger = QFont(before)
    larger.setPointSizeF(LARGE)
    try:
        qapp.setFont(larger)
        desk.qtbot.waitUntil(lambda: headline.fontMetrics().height() > 1.5 * small)
        assert_nothing_cut_off(desk, window)
    finally:
        qapp.setFont(before)
        desk.qtbot.waitUntil(lambda: headline.fontMetrics().height() == small)


def test_windows_open_larger_with_larger_letters_as_far_as_the_screen_has_room(
    desk: Desk, theme: Theme, large_font: None
) -> None:
    room = QApplication.primaryScreen().availableSize() - FRAME
    assert theme.scaled(100) == round(100 * LARGE / ORDINARY_POINTS)
    window = QWidget()
    desk.qtbot.addWidget(window)
    open_at(window, theme, 200, 300)
    assert window.size() == QSize(theme.scaled(200), theme.scaled(300))
    open_at(window, theme, 200, 3000)
    assert window.size() == QSize(theme.scaled(200), room.height())


@every_window
def test_no_window_opens_larger_than_the_screen(desk: Desk, opened: Opened) -> None:
    room = QApplication.primaryScreen().availableSize()
    size = opened(desk).size()
    assert size.boundedTo(room) == size


def test_the_overlay_says_what_to_do(desk: Desk) -> None:
    screen = QApplication.primaryScreen()
    overlay = desk.show(Overlay(desk.theme, screen, screen.grabWindow(0), []))
    assert "Esc" in spoken(overlay)
