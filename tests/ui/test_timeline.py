"""The timeline fetches what is looked at, and finds, scrolls and opens it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, QPoint, QRect, Qt, QTime
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from app.protocol import Export
from tests.helpers.fake_engine import FakeEngine, drawn, moment
from ui.bridge import Bridge
from ui.controls import Controls
from ui.day_strip import DayStrip
from ui.pictures import Pictures
from ui.theme import Theme
from ui.timeline_model import KEPT_PAGES, MOMENT_ROLE, PAGE, Filter, TimelineModel
from ui.timeline_window import TimelineWindow
from ui.window import AskWindow

NOON = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)


def fill(engine: FakeEngine, number: int, start: datetime = NOON) -> None:
    """Moments a second apart, the oldest first: moment 0 is at ``start``."""
    for place in range(number):
        at = (start + timedelta(seconds=place)).astimezone(UTC)
        application = "xterm" if place % 2 else "Chromium"
        engine.moments.insert(0, moment(place, at, application, f"window {place}", f"line {place}"))


@pytest.fixture
def model(bridge: Bridge) -> TimelineModel:
    return TimelineModel(bridge, Pictures(bridge))


@pytest.fixture
def controls(bridge: Bridge, theme: Theme, monkeypatch: pytest.MonkeyPatch) -> Controls:
    """The user is sure of everything, unless ``sure`` says otherwise."""
    controls = Controls(theme, bridge)
    controls.sure = True  # type: ignore[attr-defined]  # the test's own
    monkeypatch.setattr(controls, "confirm", lambda *_words: controls.sure)  # type: ignore[attr-defined]  # as above
    return controls


@pytest.fixture
def timeline(qtbot: QtBot, bridge: Bridge, theme: Theme, controls: Controls) -> TimelineWindow:
    window = TimelineWindow(theme, bridge, Pictures(bridge), controls)
    qtbot.addWidget(window)
    return window


def test_rows_are_counted_at_once_and_fetched_when_looked_at(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, model: TimelineModel
) -> None:
    fill(engine, 3 * PAGE)
    bridge.start()
    with qtbot.waitSignal(model.counted):
        model.show(Filter())
    assert model.rowCount() == 3 * PAGE
    assert engine.kinds().count("moments") == 1
    far = model.index(2 * PAGE + 5)
    with qtbot.waitSignal(model.arrived):
        assert far.data(MOMENT_ROLE) is None
        assert far.data(MOMENT_ROLE) is None
    assert far.data(MOMENT_ROLE).id == PAGE - 6
    assert engine.kinds().count("moments") == 2


def test_only_so_many_pages_are_held(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, model: TimelineModel) -> None:
    fill(engine, (KEPT_PAGES + 5) * PAGE)
    bridge.start()
    with qtbot.waitSignal(model.counted):
        model.show(Filter())
    for page in range(1, KEPT_PAGES + 5):
        with qtbot.waitSignal(model.arrived):
            model.moment(page * PAGE)
    assert len(model.held()) == KEPT_PAGES * PAGE
    assert model.moment(0) is None


def test_an_answer_to_an_older_question_is_ignored(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, model: TimelineModel
) -> None:
    fill(engine, 10)
    counted: list[int] = []
    model.counted.connect(counted.append)
    model.show(Filter())
    model.show(Filter(words="window 7"))
    with qtbot.waitSignal(model.counted):
        bridge.start()
    with qtbot.waitSignal(bridge.moments_fetched, check_params_cb=lambda _, answer: answer.total == 0):
        bridge.fetch_moments(text="nowhere")
    assert counted == [1]


@pytest.mark.parametrize("busy", [False, True], ids=["looking", "choosing"])
def test_new_moments_appear_by_themselves_unless_they_would_move_what_is_chosen(
    qtbot: QtBot,
    engine: FakeEngine,
    bridge: Bridge,
    theme: Theme,
    controls: Controls,
    monkeypatch: pytest.MonkeyPatch,
    busy: bool,
) -> None:
    monkeypatch.setattr("ui.timeline_window.NEWS_MS", 1)
    timeline = TimelineWindow(theme, bridge, Pictures(bridge), controls)
    qtbot.addWidget(timeline)
    fill(engine, 4)
    bridge.start()
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 4):
        timeline.show()
    if busy:
        timeline.grid.setCurrentIndex(timeline.model.index(1))
    engine.moments.insert(0, moment(9, (NOON + timedelta(minutes=1)).astimezone(UTC), "xterm", "news"))
    with qtbot.waitSignal(timeline._news.timeout):
        engine.tell(moments=5)
    with qtbot.waitSignal(bridge.history_fetched):  # the engine answers in order
        bridge.fetch_history()
    qtbot.waitUntil(lambda: timeline.model.rowCount() == (4 if busy else 5))


def test_a_day_shows_its_moments_and_no_others(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 4)
    engine.moments.append(moment(99, (NOON - timedelta(days=1)).astimezone(UTC), "xterm", "yesterday"))
    bridge.start()
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 4):
        timeline.show()
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 1):
        timeline.day.setDate(timeline.day.date().addDays(-1))
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 5):
        timeline.all_days.setChecked(True)


def test_typing_searches_and_nothing_found_is_said(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 4)
    bridge.start()
    with qtbot.waitSignal(timeline.model.counted):
        timeline.show()
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 1):
        QTest.keyClicks(timeline.search, "window 3")
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 0):
        timeline.search.setText("nowhere to be seen")
    assert timeline.message == "Nothing matches."


def test_what_was_found_by_meaning_alone_says_so(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 2)
    engine.moments[0] = engine.moments[0].model_copy(update={"by_meaning": True})
    bridge.start()
    with qtbot.waitSignal(timeline.model.counted):
        timeline.show()
    model = timeline.model
    said = [str(model.data(model.index(row, 0))) for row in range(2)]
    assert said[0].endswith("found by meaning")
    assert "meaning" not in said[1]


def test_enter_opens_the_moment_large(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 4)
    engine.pictures = {place: drawn("t", ["x"], size=(320, 180)) for place in range(4)}
    bridge.start()
    with qtbot.waitSignal(timeline.model.counted):
        timeline.show()
    timeline.grid.setFocus()
    timeline.grid.setCurrentIndex(timeline.model.index(1))
    with qtbot.waitSignal(
        timeline.opened, check_params_cb=lambda moments, place, _words: moments[place].id == 2 and len(moments) == 4
    ):
        QTest.keyClick(timeline.grid, Qt.Key.Key_Return)


def test_the_strip_knows_when_things_happened_and_goes_there(qtbot: QtBot, theme: Theme) -> None:
    strip = DayStrip(theme)
    qtbot.addWidget(strip)
    strip.resize(960, 70)
    strip.show()
    times = [NOON, NOON + timedelta(minutes=3), NOON + timedelta(hours=2), NOON + timedelta(days=1)]
    strip.show_day(NOON.date(), [moment(place, at.astimezone(UTC), "xterm", "w") for place, at in enumerate(times)])
    assert Counter(strip.density())[0] == 94
    assert strip.density()[48:50] == [2, 0]
    assert strip.density()[56] == 1
    with qtbot.waitSignal(strip.went, check_params_cb=lambda when: when == NOON):
        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(484, 20))


def test_a_day_without_moments_says_so(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    bridge.start()
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 0):
        timeline.show()
    assert timeline.day.date() == QDate.currentDate()
    assert timeline.message == "Nothing was recorded on this day."


def test_the_strip_is_the_engines_count_of_the_whole_day(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 3 * PAGE)
    fill(engine, 1, NOON + timedelta(hours=3))
    shown(qtbot, bridge, timeline)
    assert timeline.strip.density()[48] == 3 * PAGE
    assert timeline.strip.density()[60] == 1
    assert engine.kinds().count("moments") == 1  # no page was fetched for it
    assert {name for name, _colour in timeline.strip.legend()} == {"Chromium", "xterm"}
    assert "Chromium" in timeline.strip.told_at(48)
    assert timeline.filters.application.findText("xterm") >= 0


def test_pressing_the_strip_goes_to_a_row_that_was_never_fetched(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 5)
    fill(engine, 3 * PAGE, NOON + timedelta(hours=3))
    shown(qtbot, bridge, timeline)
    timeline.strip.went.emit(NOON)
    assert timeline.grid.currentIndex().row() == 3 * PAGE
    qtbot.waitUntil(lambda: timeline.model.moment(3 * PAGE) is not None)
    first = timeline.model.moment(3 * PAGE)
    assert first is not None
    assert first.time.astimezone() == NOON + timedelta(seconds=4)
    timeline.grid.verticalScrollBar().setValue(0)
    assert timeline.strip.slot == 60  # what the grid shows first


def test_a_range_drawn_with_shift_selects_that_part_of_the_day(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 3)
    fill(engine, 4, NOON + timedelta(hours=3))
    shown(qtbot, bridge, timeline)
    strip, shift, left = timeline.strip, Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 4):
        QTest.mousePress(strip, left, shift, QPoint(strip.width() * 60 // 96 + 1, 20))
        QTest.mouseMove(strip, QPoint(strip.width() * 64 // 96 + 1, 20))
        QTest.mouseRelease(strip, left, shift, QPoint(strip.width() * 64 // 96 + 1, 20))
    assert timeline.filters.begin.time() == QTime(15, 0)
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 7):
        button_of(timeline, "The whole day").click()
    with qtbot.waitSignal(strip.chose, check_params_cb=lambda first, last: last - first == 1):
        QTest.keyClick(strip, Qt.Key.Key_Right, shift)


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [("application", "xterm", 2), ("window_title", "WINDOW 3", 1), ("source", "nowhere", 0)],
)
def test_every_filter_selects(
    qtbot: QtBot,
    engine: FakeEngine,
    bridge: Bridge,
    timeline: TimelineWindow,
    field: str,
    value: str,
    left: int,
) -> None:
    fill(engine, 4)
    shown(qtbot, bridge, timeline)
    control = getattr(timeline.filters, field)
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == left):
        control.setCurrentText(value) if field != "window_title" else control.setText(value)
    assert sum(timeline.strip.density()) == left
    assert not timeline.delete_button.isEnabled()


def test_selected_moments_are_deleted_when_the_user_is_sure(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow, controls: Controls
) -> None:
    fill(engine, 4)
    shown(qtbot, bridge, timeline)
    timeline.grid.setCurrentIndex(timeline.model.index(1))
    controls.sure = False  # type: ignore[attr-defined]  # of the fixture
    QTest.keyClick(timeline.grid, Qt.Key.Key_Delete)
    assert "forget" not in engine.kinds()
    controls.sure = True  # type: ignore[attr-defined]  # of the fixture
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 3):
        QTest.keyClick(timeline.grid, Qt.Key.Key_Delete)
    assert [moment.id for moment in engine.moments] == [3, 1, 0]
    assert "1" in timeline.notice.words


def test_a_part_of_the_day_is_deleted_and_the_rest_stays(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow, controls: Controls
) -> None:
    fill(engine, 3)
    fill(engine, 4, NOON + timedelta(hours=3))
    shown(qtbot, bridge, timeline)
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 4):
        timeline.filters.set_times(QTime(15, 0), QTime(15, 59))
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 0):
        timeline.delete_button.click()
    assert len(engine.moments) == 3


def test_the_menu_of_a_moment_asks_opens_and_deletes(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow
) -> None:
    fill(engine, 3)
    shown(qtbot, bridge, timeline)
    actions = {action.text(): action for action in timeline.grid.menu(1).actions()}
    with qtbot.waitSignal(timeline.asked_about, check_params_cb=lambda moment: moment.id == 1):
        actions["Ask about this moment"].trigger()
    with qtbot.waitSignal(timeline.opened):
        actions["Open"].trigger()
    with qtbot.waitSignal(timeline.grid.deleted, check_params_cb=lambda rows: rows == [1]):
        actions["Delete…"].trigger()


def test_an_export_shows_how_far_it_is_and_where_it_went(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow, tmp_path: Path
) -> None:
    fill(engine, 4)
    shown(qtbot, bridge, timeline)
    timeline.choose_folder = lambda: tmp_path  # type: ignore[method-assign]  # the system's own dialog
    (tmp_path / f"Afterimage {NOON:%Y-%m-%d} 0000-2359").mkdir()
    engine.export_hold = threading.Event()
    with qtbot.waitSignal(bridge.progress):
        timeline.export_button.click()
    assert timeline.exporting.share == 0.5
    assert not timeline.export_button.isEnabled()
    engine.export_hold.set()
    with qtbot.waitSignal(timeline.exporting.ended):
        pass
    assert "(2)" in timeline.exporting.words
    (request,) = [request for request in engine.requests if isinstance(request, Export)]
    assert request.start == NOON.replace(hour=0)


def test_an_export_is_cancelled_and_a_full_disk_is_told(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow, tmp_path: Path
) -> None:
    fill(engine, 4)
    shown(qtbot, bridge, timeline)
    timeline.choose_folder = lambda: tmp_path  # type: ignore[method-assign]  # the system's own dialog
    engine.export_hold = threading.Event()
    with qtbot.waitSignal(bridge.progress):
        timeline.export_button.click()
    with qtbot.waitSignal(bridge.cancelled):
        timeline.exporting.button.click()
    assert "cancelled" in timeline.exporting.words
    engine.export_hold, engine.export_failure = None, ("The disk has no room.", "Free some space.")
    with qtbot.waitSignal(timeline.exporting.ended):
        timeline.export_button.click()
    assert timeline.exporting.words == "The disk has no room. Free some space."
    timeline.exporting.button.click()
    assert timeline.exporting.isHidden()


def test_the_words_that_were_searched_are_marked_in_the_picture(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, timeline: TimelineWindow, window: AskWindow
) -> None:
    fill(engine, 2)
    engine.pictures = {place: drawn("t", ["x"], size=(320, 180)) for place in range(2)}
    engine.places = ((10, 20, 30, 12),)
    timeline.opened.connect(window.open_moments)
    shown(qtbot, bridge, timeline)
    with qtbot.waitSignal(timeline.model.counted, check_params_cb=lambda total: total == 1):
        timeline.search.setText("line 1")
    with qtbot.waitSignal(bridge.found_fetched):
        timeline.grid.chosen.emit(0)
    viewer = window.viewer
    assert viewer is not None
    qtbot.addWidget(viewer)
    assert viewer.marks == (QRect(10, 20, 30, 12),)


def test_a_moment_deleted_in_the_viewer_gives_way_to_its_neighbour(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, window: AskWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(engine, 2)
    engine.pictures = {place: drawn("t", ["x"], size=(320, 180)) for place in range(2)}
    monkeypatch.setattr(window.controls, "confirm", lambda *_words: True)
    bridge.start()
    window.open_moments(list(engine.moments), 0)
    viewer = window.viewer
    assert viewer is not None
    qtbot.addWidget(viewer)
    with qtbot.waitSignal(window.controls.forgotten):
        QTest.keyClick(viewer, Qt.Key.Key_Delete)
    assert viewer.moment is not None
    assert viewer.moment.id == 0
    with qtbot.waitSignal(window.controls.forgotten):
        viewer.delete_button.click()
    assert not viewer.isVisible()
    assert engine.moments == []


def test_asking_about_a_moment_of_the_timeline_fetches_its_picture(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, window: AskWindow
) -> None:
    fill(engine, 2)
    engine.pictures = {1: drawn("t", ["x"], size=(320, 180))}
    bridge.start()
    window.ask_about(engine.moments[0])
    qtbot.waitUntil(lambda: window.composer.picture.width() == 320)
    window.composer.detach()
    window.ask_about(engine.moments[1])
    qtbot.waitUntil(lambda: "No picture" in window.message.words)
    assert window.composer.picture.isNull()


def shown(qtbot: QtBot, bridge: Bridge, timeline: TimelineWindow) -> None:
    """Shows the window with the day's moments and its density."""
    bridge.start()
    with qtbot.waitSignals([timeline.model.counted, bridge.density_fetched]):
        timeline.show()


def button_of(window: QWidget, name: str) -> QAbstractButton:
    (found,) = [button for button in window.findChildren(QAbstractButton) if button.accessibleName() == name]
    return found
