"""What every test of the desktop needs: a fake engine, a bridge to it, and no thread or window left behind."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.paths import Paths, paths_in
from tests.helpers.fake_engine import FakeEngine
from ui.bridge import Bridge
from ui.controls import Controls
from ui.i18n import speak
from ui.immortal import keep_singletons
from ui.pictures import Pictures
from ui.theme import Theme
from ui.window import AskWindow

keep_singletons()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The offscreen platform has no window manager and says so whenever a window is raised.
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support (raise|propagateSizeHints)"))


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Fails a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    gc.collect()
    left = [thread for thread in threading.enumerate() if thread not in before and not isinstance(thread, Idle)]
    for thread in left:
        thread.join(5)
    assert not [thread.name for thread in left if thread.is_alive()]


Idle = threading._DummyThread  # what Qt's own threads look like to Python


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return paths_in(tmp_path)


@pytest.fixture(autouse=True)
def _the_engines_process_is_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who shuts a fake engine down waits for its process to end: that is the test's, and goes on."""
    monkeypatch.setattr("app.client.END_SECONDS", 0.01)


@pytest.fixture
def engine(paths: Paths) -> Iterator[FakeEngine]:
    engine = FakeEngine(paths)
    yield engine
    engine.close()


@pytest.fixture(scope="session", autouse=True)
def _english(qapp: QApplication) -> None:
    """Whatever the system speaks: tests read English."""
    speak(qapp, "en")


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp)


@pytest.fixture
def bridge(qtbot: QtBot, paths: Paths) -> Iterator[Bridge]:
    """A bridge to whatever serves ``paths``. A test that starts it without a fake engine would start a real one."""
    bridge = Bridge(paths)
    yield bridge
    bridge.stop()


@pytest.fixture
def window(qtbot: QtBot, theme: Theme, bridge: Bridge) -> AskWindow:
    window = AskWindow(theme, bridge, Controls(theme, bridge), Pictures(bridge))
    qtbot.addWidget(window)
    return window


@pytest.fixture
def open_window(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, window: AskWindow) -> AskWindow:
    bridge.start()
    window.show()
    qtbot.waitExposed(window)
    window.composer.edit.setFocus()
    return window
