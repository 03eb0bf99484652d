"""Long work as a dialog: it shows where the work takes long, stops it, and goes with its end."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.helpers.fake_engine import FakeEngine
from ui.bridge import Bridge
from ui.controls import Controls
from ui.theme import Theme
from ui.work import WorkDialog


@pytest.fixture
def forgetting(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> Controls:
    """Controls whose last hour is being forgotten, which waits."""
    controls = Controls(theme, bridge)
    monkeypatch.setattr(controls, "confirm", lambda *_: True)
    engine.forget_hold = threading.Event()
    bridge.start()
    with qtbot.waitSignal(bridge.progress):
        controls.forget_hour.trigger()
    return controls


def dialog(qtbot: QtBot, controls: Controls) -> WorkDialog:
    """The dialog, once it has shown itself."""
    shown = controls.progress
    assert shown is not None
    qtbot.waitUntil(shown.isVisible)
    return shown


def test_forgetting_that_waits_is_shown_and_cancelled_by_key(
    qtbot: QtBot, engine: FakeEngine, forgetting: Controls
) -> None:
    shown = dialog(qtbot, forgetting)
    assert shown.labelText()
    (button,) = shown.findChildren(QPushButton)
    with qtbot.waitSignal(forgetting.told, check_params_cb=lambda words: words == "Nothing was forgotten."):
        QTest.keyClick(button, Qt.Key.Key_Space)
    assert not shown.isVisible()
    assert engine.kinds().count("forget") == 1


def test_the_dialog_goes_when_the_work_is_done(qtbot: QtBot, engine: FakeEngine, forgetting: Controls) -> None:
    shown = dialog(qtbot, forgetting)
    assert engine.forget_hold is not None
    with qtbot.waitSignals([forgetting.told, forgetting.forgotten], order="strict"):
        engine.forget_hold.set()
    assert not shown.isVisible()
