"""The desktop as a whole: nothing is recorded before consent, and quitting leaves what it should."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.paths import Paths
from tests.helpers.fake_engine import FakeEngine, drawn, moment
from ui.bridge import Bridge
from ui.desktop import Desktop, consented
from ui.presence import Light


@pytest.fixture
def desktop(qtbot: QtBot, qapp: QApplication, paths: Paths, bridge: Bridge) -> Iterator[Desktop]:
    desktop = Desktop(qapp, paths, bridge)
    qtbot.addWidget(desktop.window)
    yield desktop
    if desktop.welcome is not None:
        desktop.welcome.close()
    desktop.window.hide()


def agree(paths: Paths, engine: FakeEngine) -> None:
    """As if the first run's question had been answered with yes long ago."""
    paths.settings.write_text("[desktop]\nconsent = true\n", encoding="utf-8")
    engine.settings = engine.settings.changed("desktop.consent", True)


def settle(qtbot: QtBot, desktop: Desktop) -> None:
    """Until the engine has carried out everything that was asked of it before."""
    with qtbot.waitSignal(desktop.bridge.settings_fetched):
        desktop.bridge.fetch_settings()


def test_nothing_is_recorded_before_consent(qtbot: QtBot, engine: FakeEngine, desktop: Desktop) -> None:
    desktop.start()
    welcome = desktop.welcome
    assert welcome is not None
    assert welcome.isVisible()
    assert not desktop.window.isVisible()
    qtbot.waitUntil(lambda: desktop.presence.can_start)
    settle(qtbot, desktop)
    for _ in range(3):
        welcome.on_button.click()
    assert "watch" not in engine.kinds()
    welcome.on_button.click()
    qtbot.waitUntil(lambda: desktop.presence.light is Light.RECORDING)
    assert engine.settings.desktop.consent
    assert desktop.window.isVisible()


@pytest.mark.parametrize("way", ["button", "close"])
def test_not_now_records_nothing_and_says_so(qtbot: QtBot, engine: FakeEngine, desktop: Desktop, way: str) -> None:
    desktop.start()
    welcome = desktop.welcome
    assert welcome is not None
    qtbot.waitUntil(lambda: desktop.presence.can_start)
    if way == "button":
        welcome.not_now_button.click()
    else:
        welcome.close()
    settle(qtbot, desktop)
    assert "watch" not in engine.kinds()
    assert not engine.settings.desktop.consent
    assert any("Nothing is recorded" in words for words in desktop.window.messages)
    assert not desktop.window.message.isHidden()


def test_a_yes_counts_before_it_is_written_down(qtbot: QtBot, engine: FakeEngine, desktop: Desktop) -> None:
    engine.change_hold = threading.Event()
    desktop.start()
    welcome = desktop.welcome
    assert welcome is not None
    for _ in range(4):  # quicker than the engine answers
        welcome.on_button.click()
    desktop.bridge.settings_fetched.emit(1, engine.settings.infos())  # as they were asked for on the way
    qtbot.waitUntil(lambda: "watch" in engine.kinds())
    assert not engine.settings.desktop.consent
    engine.change_hold.set()
    qtbot.waitUntil(lambda: engine.settings.desktop.consent)
    settle(qtbot, desktop)
    assert engine.kinds().count("watch") == 1
    assert desktop.presence.light is Light.RECORDING


def test_with_consent_recording_starts_by_itself(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths
) -> None:
    agree(paths, engine)
    desktop.start()
    assert desktop.window.isVisible()
    assert desktop.welcome is None
    qtbot.waitUntil(lambda: desktop.presence.light is Light.RECORDING)
    assert engine.kinds().count("watch") == 1


def test_the_settings_can_keep_it_from_starting(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths
) -> None:
    agree(paths, engine)
    engine.settings = engine.settings.changed("desktop.record_on_start", False)
    desktop.start()
    qtbot.waitUntil(lambda: desktop.presence.can_start)
    settle(qtbot, desktop)
    assert "watch" not in engine.kinds()


def test_a_pause_is_not_undone_by_starting_the_desktop(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths
) -> None:
    agree(paths, engine)
    engine.tell(state="paused")
    desktop.start()
    qtbot.waitUntil(lambda: desktop.presence.can_resume)
    settle(qtbot, desktop)
    assert "watch" not in engine.kinds()


def test_quitting_ends_the_engine(qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths) -> None:
    agree(paths, engine)
    desktop.start()
    qtbot.waitUntil(lambda: desktop.presence.light is Light.RECORDING)
    desktop.quit()
    qtbot.waitUntil(lambda: desktop.ended)
    assert "shutdown" in engine.kinds()


def test_quitting_leaves_a_recording_that_should_go_on(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths
) -> None:
    agree(paths, engine)
    engine.settings = engine.settings.changed("desktop.keep_recording", True)
    desktop.start()
    qtbot.waitUntil(lambda: desktop.presence.light is Light.RECORDING)
    desktop.quit()
    assert desktop.ended
    assert "shutdown" not in engine.kinds()


def test_without_a_tray_the_window_says_so(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.desktop.TRAY_EVERY_MS", 1)
    assert not desktop.tray.available
    desktop.start()
    qtbot.waitUntil(lambda: any("no tray" in words for words in desktop.window.messages))


def test_a_tray_that_comes_late_is_used_from_then_on(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.desktop.TRAY_EVERY_MS", 1)
    shown: list[bool] = []
    monkeypatch.setattr(desktop.tray, "show", lambda: shown.append(True))
    desktop.start()
    qtbot.waitUntil(lambda: any("no tray" in words for words in desktop.window.messages))
    monkeypatch.setattr(type(desktop.tray), "available", True)
    qtbot.waitUntil(lambda: bool(shown))
    settle(qtbot, desktop)
    assert shown == [True]


def test_the_oldest_moment_is_named(qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths) -> None:
    engine.add_moment(moment(1, datetime(2026, 3, 4, 9, tzinfo=UTC), "xterm", "old"), drawn("a", []))
    engine.add_moment(moment(2, datetime(2026, 3, 5, 9, tzinfo=UTC), "xterm", "new"), drawn("a", []))
    desktop.start()
    qtbot.waitUntil(lambda: engine.kinds().count("moments") == 2)
    settle(qtbot, desktop)
    engine.tell(moments=2)
    qtbot.waitUntil(lambda: "4 Mar" in desktop.window.facts)


def test_the_first_moment_is_named_as_soon_as_there_is_one(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop
) -> None:
    desktop.start()
    qtbot.waitUntil(lambda: desktop.presence.can_start)
    settle(qtbot, desktop)
    engine.add_moment(moment(1, datetime(2026, 3, 4, 9, tzinfo=UTC), "xterm", "first"), drawn("a", []))
    engine.tell(moments=1)
    qtbot.waitUntil(lambda: engine.kinds().count("moments") >= 3)
    settle(qtbot, desktop)
    engine.tell(moments=1, unread_moments=1)
    qtbot.waitUntil(lambda: "4 Mar" in desktop.window.facts)


@pytest.mark.parametrize(
    ("content", "agreed"),
    [
        (b"[desktop]\nconsent = true\n", True),
        (b"[desktop]\nconsent = false\n", False),
        (b"[desktop]\nconsent = 'true'\n", False),
        (b"desktop = 3\n", False),
        (b"not toml", False),
        (b"\xff\xfe", False),
        (b"", False),
    ],
)
def test_only_a_plain_yes_counts_as_consent(paths: Paths, content: bytes, agreed: bool) -> None:
    paths.prepare()
    paths.settings.write_bytes(content)
    assert consented(paths) is agreed


def test_what_the_first_run_chooses_becomes_the_settings(qtbot: QtBot, engine: FakeEngine, desktop: Desktop) -> None:
    desktop.start()
    welcome = desktop.welcome
    assert welcome is not None
    qtbot.waitUntil(lambda: desktop.presence.can_start)
    settle(qtbot, desktop)
    for _ in range(3):
        welcome.on_button.click()
    qtbot.waitUntil(lambda: bool(welcome.choices.models))
    welcome.choices.fields["desktop.hotkey_snip"].show_combination("<ctrl>+<shift>+s")
    welcome.choices.models["infinitevl"].click()
    assert {"change_setting", "fetch_model"}.isdisjoint(engine.kinds())
    welcome.on_button.click()
    qtbot.waitUntil(lambda: "fetch_model" in engine.kinds())
    settle(qtbot, desktop)
    assert engine.settings.desktop.hotkey_snip == "<ctrl>+<shift>+s"
    assert engine.settings.desktop.consent
    engine.work_goes_on.set()
    assert desktop.settings is not None
    desktop.settings.close()


@pytest.mark.parametrize("yes", [True, False])
def test_switching_memory_only_on_offers_to_forget_what_is_there(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths, monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    asked: list[str] = []

    def confirm(question: str, _explanation: str) -> bool:
        asked.append(question)
        return yes

    monkeypatch.setattr(desktop.controls, "confirm", confirm)
    agree(paths, engine)
    engine.tell(moments=12)
    desktop.start()
    desktop.show_settings()
    settings = desktop.settings
    assert settings is not None
    qtbot.waitUntil(lambda: bool(settings.rows))
    with qtbot.waitSignal(settings.taken):
        settings.rows["privacy.memory_only"].changed.emit("privacy.memory_only", "true")
    settle(qtbot, desktop)
    assert asked == ["Forget everything recorded so far?"]
    assert ("forget" in engine.kinds()) is yes
    settings.close()


def test_a_camera_that_is_on_is_said_in_tray_and_window(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths
) -> None:
    agree(paths, engine)
    desktop.start()
    qtbot.waitUntil(lambda: desktop.presence.light is Light.RECORDING)
    assert "camera" not in desktop.tray.words
    engine.tell(camera=True)
    qtbot.waitUntil(lambda: "camera on" in desktop.tray.words)
    assert desktop.tray.camera


def test_keys_that_another_program_has_are_told_beside_the_setting(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listen(keys: dict[str, str]) -> str:
        return "Another program uses <ctrl>+k." if "<ctrl>+k" in keys.values() else ""

    monkeypatch.setattr(desktop.hotkeys, "listen", listen)
    agree(paths, engine)
    desktop.start()
    desktop.show_settings()
    settings = desktop.settings
    assert settings is not None
    qtbot.waitUntil(lambda: bool(settings.rows))
    settings.rows["desktop.hotkey_snip"].changed.emit("desktop.hotkey_snip", "<ctrl>+k")
    qtbot.waitUntil(lambda: "Another program" in settings.rows["desktop.hotkey_snip"].trouble)
    assert settings.rows["desktop.hotkey_ask"].trouble == ""
    assert engine.settings.desktop.hotkey_snip == "<ctrl>+k"
    settings.close()


def test_keys_that_are_only_being_chosen_open_nothing(qtbot: QtBot, engine: FakeEngine, desktop: Desktop) -> None:
    desktop.start()
    desktop.hotkeys.pressed.emit("ask")
    assert not desktop.window.isVisible()
    assert desktop.welcome is not None
    desktop.welcome.close()
    desktop.window.hide()
    desktop.hotkeys.pressed.emit("ask")
    assert desktop.window.isVisible()


def test_history_and_memory_open_from_the_window(
    qtbot: QtBot, engine: FakeEngine, desktop: Desktop, bridge: Bridge
) -> None:
    bridge.start()
    with qtbot.waitSignal(bridge.history_fetched):
        desktop.window.history_wanted.emit()
    with qtbot.waitSignal(bridge.memory_fetched):
        desktop.window.memory_wanted.emit()
    assert desktop.history is not None
    assert desktop.memory is not None
    qtbot.addWidget(desktop.history)
    qtbot.addWidget(desktop.memory)


OPEN_AND_END = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from app.paths import paths_in
from ui.bridge import Bridge
from ui.desktop import Desktop
from ui.immortal import keep_singletons
keep_singletons()
application = QApplication(["test", "-platform", "offscreen"])
for _ in range(3):
    paths = paths_in(Path(sys.argv[1]))
    desktop = Desktop(application, paths, Bridge(paths))
    desktop.show_memory()
    desktop.memory.hide()
    application.processEvents()
    desktop.show_timeline()
    application.processEvents()
    desktop.bridge.stop()
    desktop.dispose()
print("ended")
"""


def test_a_desktop_with_charts_and_timeline_ends_in_order(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_AND_END, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, "ended"), ended.stderr[-500:]
