"""The memory panel shows what the engine measured, and says which line is computed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytestqt.qtbot import QtBot

from app.protocol import GrowthPoint, Memory, View
from tests.helpers.fake_engine import FakeEngine, drawn
from ui import text
from ui.bridge import Bridge
from ui.memory_panel import UNKNOWN, MemoryPanel
from ui.theme import Theme

BEGAN = datetime.now(UTC) - timedelta(hours=5, minutes=20)


def grown(hours: int) -> Memory:
    points = tuple(
        GrowthPoint(time=BEGAN + timedelta(hours=hour), tokens=100_000 * hour, state_bytes=2**20)
        for hour in range(hours + 1)
    )
    view = View(number=9, time=BEGAN, words="14:05 | xterm | make", pictures=(drawn("a", []), drawn("b", [])))
    return Memory(
        id=0,
        since=BEGAN,
        frames=420,
        tokens=100_000 * hours,
        state_bytes=2**20,
        cache_bytes_per_token=1000,
        frames_per_second=3.04,
        points=points,
        view=view,
    )


@pytest.fixture
def panel(qtbot: QtBot, bridge: Bridge, theme: Theme) -> MemoryPanel:
    panel = MemoryPanel(theme, bridge)
    qtbot.addWidget(panel)
    return panel


def test_the_memory_is_a_flat_line_beside_a_cache_that_is_computed(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, panel: MemoryPanel
) -> None:
    since = datetime.now(UTC) - timedelta(hours=5, minutes=20, seconds=5)  # counted from when the test runs
    engine.memory = grown(5).model_copy(update={"since": since})
    engine.tell(state="recording", frames_seen=1000, frames_still=730, model="nano", device="cpu")
    bridge.start()
    with qtbot.waitSignals([bridge.memory_fetched, bridge.status_changed]):
        panel.show()
    state, cache = panel.chart.values()
    assert state == [2**20] * 6
    assert cache == [1000 * 100_000 * hour for hour in range(6)]
    assert "computed" in panel.computed
    assert text.size(500_000_000) in panel.computed
    values = {name: tile.value for name, tile in panel.tiles.items()}
    assert values == {
        "remembered": "5 h 20 min",
        "frames": text.count(420),
        "tokens": text.count(500_000),
        "size": text.size(2**20),
        "rate": text.decimal(3.0),
        "unchanged": "73 %",
        "model": "nano",
        "device": "cpu",
    }
    assert panel.view.shows_picture()
    assert panel.view.words == "14:05 | xterm | make"


def test_a_view_is_fetched_once_and_goes_when_it_is_forgotten(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, panel: MemoryPanel
) -> None:
    engine.memory = grown(1)
    bridge.start()
    with qtbot.waitSignal(bridge.memory_fetched):
        panel.show()
    with qtbot.waitSignal(bridge.memory_fetched, check_params_cb=lambda _, memory: memory.view is None):
        panel.refresh()
    assert panel.view.shows_picture()
    engine.memory = Memory(id=0, state_bytes=2**20)
    with qtbot.waitSignal(bridge.memory_fetched, check_params_cb=lambda _, memory: memory.frames == 0):
        panel.refresh()
    assert not panel.view.shows_picture()
    assert panel.tiles["remembered"].value == UNKNOWN


def test_nothing_is_asked_while_it_is_not_shown(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, panel: MemoryPanel
) -> None:
    bridge.start()
    with qtbot.waitSignal(bridge.memory_fetched):
        panel.show()
    panel.hide()
    asked = engine.kinds().count("memory")
    with qtbot.waitSignal(bridge.settings_fetched):
        bridge.fetch_settings()
    assert engine.kinds().count("memory") == asked
    assert not panel.following


def test_without_a_model_it_says_so(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, panel: MemoryPanel) -> None:
    bridge.start()
    with qtbot.waitSignal(bridge.memory_fetched):
        panel.show()
    assert panel.headline == "No model is loaded."
    assert panel.computed == ""


def test_the_charts_follow_the_theme(panel: MemoryPanel, theme: Theme) -> None:
    panel.chart.show_points((), 0)
    theme.set_scheme("dark")
    try:
        dark = panel.chart.plot.backgroundBrush().color().name()
        theme.set_scheme("light")
        assert panel.chart.plot.backgroundBrush().color().name() != dark
    finally:
        theme.set_scheme("system")
