"""The settings' panels: rules tried on the open windows, monitors chosen by switch, long work that can be stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from tests.helpers.fake_engine import FakeEngine
from ui.bridge import Bridge
from ui.settings_window import SettingsWindow
from ui.theme import Theme


@pytest.fixture
def settings(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, theme: Theme) -> Iterator[SettingsWindow]:
    window = SettingsWindow(theme, bridge)
    qtbot.addWidget(window)
    bridge.start()
    with qtbot.waitSignals([bridge.settings_fetched, bridge.monitors_fetched, bridge.models_fetched]):
        window.show()
    qtbot.waitUntil(lambda: window.rules.list.topLevelItemCount() == 3)
    yield window
    engine.work_goes_on.set()
    window.hide()


def listed(settings: SettingsWindow) -> dict[str, tuple[str, str]]:
    """Application -> title and what happens, as shown."""
    tree = settings.rules.list
    items = [tree.topLevelItem(place) for place in range(tree.topLevelItemCount())]
    return {item.text(0): (item.text(1), item.text(2)) for item in items if item is not None}


def choose(settings: SettingsWindow, application: str) -> None:
    tree = settings.rules.list
    (place,) = [p for p, name in enumerate(listed(settings)) if name == application]
    item = tree.topLevelItem(place)
    assert item is not None
    tree.setCurrentItem(item)


def test_the_open_windows_show_what_the_rules_do_to_them(settings: SettingsWindow) -> None:
    assert listed(settings) == {
        "KeePassXC": ("", "Hidden by: application keepass*"),
        "Firefox": ("Statement - My Bank", "Recorded"),
        "Mousepad": ("notes.txt", "Recorded"),
    }


def test_what_happens_is_not_cut_where_there_is_little_room(qtbot: QtBot, settings: SettingsWindow) -> None:
    tree = settings.rules.list
    settings.resize(settings.minimumSizeHint())
    qtbot.waitUntil(lambda: tree.header().length() <= tree.viewport().width())
    assert tree.columnWidth(2) >= tree.sizeHintForColumn(2)


def test_a_rule_shows_what_it_would_hide_while_it_is_typed(
    qtbot: QtBot, engine: FakeEngine, settings: SettingsWindow
) -> None:
    editor = settings.rows["privacy.titles"].editor
    assert isinstance(editor, QPlainTextEdit)
    editor.setPlainText(r"\bbank\b")
    qtbot.waitUntil(lambda: listed(settings)["Firefox"][1] == r"Hidden by: title \bbank\b")
    assert engine.settings.privacy.titles == ()
    editor.setPlainText("(")
    qtbot.waitUntil(lambda: "not a regular expression" in settings.rules.trouble.text())


def test_a_chosen_windows_application_is_excluded(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    choose(settings, "KeePassXC")
    assert not settings.rules.exclude_application.isEnabled()
    choose(settings, "Mousepad")
    with qtbot.waitSignals([bridge.done, bridge.settings_fetched], order="strict"):
        settings.rules.exclude_application.click()
    assert engine.settings.privacy.applications[-1] == "Mousepad"
    qtbot.waitUntil(lambda: listed(settings)["Mousepad"] == ("", "Hidden by: application Mousepad"))


def test_a_chosen_windows_title_is_excluded_as_it_is_and_not_as_a_pattern(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    choose(settings, "Mousepad")
    with qtbot.waitSignal(bridge.done):
        settings.rules.exclude_title.click()
    assert engine.settings.privacy.titles == (r"^notes\.txt$",)


def test_a_monitor_switched_off_leaves_the_others_chosen(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    first, second = settings.sources.switches.values()
    assert first.isChecked()
    assert "200 %" in second.text()
    with qtbot.waitSignals([bridge.done, bridge.settings_fetched], order="strict"):
        first.click()
    assert list(engine.settings.capture.monitors) == ["eDP-1"]
    second.click()
    assert second.isChecked()
    assert "has to stay on" in settings.sources.words.text()
    with qtbot.waitSignals([bridge.done, bridge.settings_fetched], order="strict"):
        first.click()
    assert not engine.settings.capture.monitors


def test_a_region_is_taken_from_the_screen_and_given_up_again(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    with qtbot.waitSignals([bridge.done, bridge.settings_fetched], order="strict"):
        settings.sources.snip.placed.emit(QRect(10, 20, 300, 200))
    assert engine.settings.capture.region == (10, 20, 300, 200)
    qtbot.waitUntil(lambda: "300" in settings.sources.words.text())
    with qtbot.waitSignals([bridge.done, bridge.settings_fetched], order="strict"):
        settings.sources.whole.click()
    assert engine.settings.capture.region is None


def test_a_download_shows_how_far_it_is_and_can_be_used_after_it(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    models = settings.models
    with qtbot.waitSignal(bridge.progress):
        models.buttons["infinitevl", "get"].click()
    assert models.work.bar.value() == models.work.bar.maximum() / 2
    assert not models.buttons["infinitevl", "get"].isEnabled()
    with qtbot.waitSignals([bridge.done, bridge.models_fetched], order="strict"):
        engine.work_goes_on.set()
    assert models.work.isHidden()
    qtbot.waitUntil(lambda: ("infinitevl", "use") in models.buttons)  # an earlier look at the models may come first
    assert "All is well" in models.words.text()


def test_a_download_is_cancelled_by_its_button(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    models = settings.models
    with qtbot.waitSignal(bridge.progress):
        models.buttons["infinitevl", "get"].click()
    with qtbot.waitSignals([bridge.cancelled, bridge.models_fetched], order="strict"):
        models.work.stop_button.click()
    assert "Cancelled" in models.words.text()
    assert models.buttons["infinitevl", "get"].isEnabled()


@pytest.mark.parametrize("to_the_end", [True, False])
def test_a_model_is_verified_with_progress_and_may_be_left_half_verified(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow, to_the_end: bool
) -> None:
    models = settings.models
    engine.downloaded = True
    models.refresh()
    qtbot.waitUntil(lambda: ("infinitevl", "verify") in models.buttons)
    with qtbot.waitSignal(bridge.progress):
        models.buttons["infinitevl", "verify"].click()
    assert models.work.bar.value() == models.work.bar.maximum() / 2
    with qtbot.waitSignals([bridge.done if to_the_end else bridge.cancelled, bridge.models_fetched], order="strict"):
        if to_the_end:
            engine.work_goes_on.set()
        else:
            models.work.stop_button.click()
    assert models.words.text() == ("All is well." if to_the_end else "Cancelled; not every file was looked at.")
    assert engine.downloaded


def test_the_index_is_rebuilt_by_its_button(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    engine.work_goes_on.set()

    with qtbot.waitSignals([bridge.progress, bridge.done], order="strict"):
        settings.index.button.click()
    assert settings.index.button.isEnabled()
    assert "rebuild_index" in engine.kinds()


def test_the_search_finds_the_panels_too(settings: SettingsWindow) -> None:
    settings.search.setText("monitors region")
    assert settings.sources.isVisible()
    assert not settings.rules.isVisible()
    settings.search.setText("")
    assert settings.rules.isVisible()
