"""The timeline fetches what is looked at, and finds, scrolls and opens it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QDate, QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.helpers.fake_engine import FakeEngine, drawn, moment
from ui.bridge import Bridge
from ui.day_strip import DayStrip
from ui.pictures import Pictures
from ui.theme import Theme
from ui.timeline_model import KEPT_PAGES, MOMENT_ROLE, PAGE, Filter, TimelineModel
from ui.timeline_window import TimelineWindow

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
def timeline(qtbot: QtBot, bridge: Bridge, theme: Theme) -> TimelineWindow:
    window = TimelineWindow(theme, bridge, Pictures(bridge))
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
        timeline.opened, check_params_cb=lambda moments, place: moments[place].id == 2 and len(moments) == 4
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
