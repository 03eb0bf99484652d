"""The settings dialog is made of what the engine declares, and changes apply live."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from app.settings import Settings, names
from tests.helpers.fake_engine import FakeEngine
from ui.bridge import Bridge
from ui.key_field import KeyField
from ui.setting_row import SettingRow, as_list, entries, readable
from ui.settings_window import SettingsWindow
from ui.theme import Theme


@pytest.fixture
def settings(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, theme: Theme) -> SettingsWindow:
    window = SettingsWindow(theme, bridge)
    qtbot.addWidget(window)
    bridge.start()
    with qtbot.waitSignal(bridge.settings_fetched):
        window.show()
    return window


def test_a_number_is_written_and_read_as_the_locale_does_it(qtbot: QtBot, theme: Theme) -> None:
    QLocale.setDefault(QLocale("de_DE"))
    (info,) = [info for info in Settings().infos() if info.name == "capture.busy_rate"]
    row = SettingRow(theme, info)
    QLocale.setDefault(QLocale.c())
    qtbot.addWidget(row)
    assert isinstance(row.editor, QLineEdit)
    assert row.editor.text() == "4,0"
    for typed in ("1,5", "1.5"):
        row.editor.setText(typed)
        with qtbot.waitSignal(row.changed) as changed:
            row.editor.editingFinished.emit()
        assert changed.args == ["capture.busy_rate", "1.5"]
    row.show_value("1.5")
    assert row.editor.text() == "1,5"


def test_every_declared_setting_has_a_row(settings: SettingsWindow) -> None:
    assert list(settings.rows) == list(names())


def test_a_switch_applies_at_once(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow) -> None:
    editor = settings.rows["privacy.memory_only"].editor
    assert isinstance(editor, QCheckBox)
    with qtbot.waitSignals([bridge.done, bridge.settings_fetched], order="strict"):
        editor.click()
    assert engine.settings.privacy.memory_only
    assert settings.rows["privacy.memory_only"].value == "true"


def test_a_refused_value_says_why_and_goes_back(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    row = settings.rows["timeline.budget_gb"]
    assert isinstance(row.editor, QLineEdit)
    row.editor.setText("minus a lot")
    with qtbot.waitSignal(bridge.failed):
        QTest.keyClick(row.editor, Qt.Key.Key_Return)
    assert row.trouble.startswith("Budget (GB) cannot be that: ")
    assert "afterimage settings" not in row.trouble
    assert row.editor.text() == row.value == row.setting.default


def test_a_choice_offers_what_is_declared(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    editor = settings.rows["desktop.theme"].editor
    assert isinstance(editor, QComboBox)
    assert [editor.itemData(index) for index in range(editor.count())] == ["system", "light", "dark"]
    with qtbot.waitSignal(bridge.done):
        QTest.keyClick(editor, Qt.Key.Key_End)
        editor.activated.emit(editor.currentIndex())
    assert engine.settings.desktop.theme == "dark"


def test_a_list_is_one_entry_a_line(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    editor = settings.rows["privacy.titles"].editor
    assert isinstance(editor, QPlainTextEdit)
    editor.setFocus()
    editor.setPlainText('bank, "savings"\n\n  doctor  ')
    with qtbot.waitSignal(bridge.done):
        settings.search.setFocus()
    assert engine.settings.privacy.titles == ('bank, "savings"', "doctor")


def test_back_to_the_default(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow) -> None:
    engine.settings = engine.settings.changed("timeline.keep_days", 7)
    with qtbot.waitSignal(bridge.settings_fetched):
        bridge.fetch_settings()
    row = settings.rows["timeline.keep_days"]
    assert row.value == "7.0"
    with qtbot.waitSignal(bridge.done):
        row.reset_button.click()
    assert engine.settings.timeline.keep_days == Settings().timeline.keep_days


def test_the_search_finds_by_name_and_by_description(settings: SettingsWindow) -> None:
    settings.search.setText("disk space pictures")
    shown = [name for name, row in settings.rows.items() if not row.isHidden()]
    assert shown == ["timeline.budget_gb"]
    settings.search.setText("")
    assert all(not row.isHidden() for row in settings.rows.values())


@pytest.mark.parametrize("lines", [[], ["a"], ['quote " and \\ back'], ["日本", "emoji 😀"], ["a, b"]])
def test_a_list_survives_the_way_there_and_back(lines: list[str]) -> None:
    assert entries(as_list(lines)) == lines


def test_what_is_no_list_has_no_entries() -> None:
    assert entries("") == []
    assert entries("3") == []
    assert entries("[unfinished") == []


def test_names_read_like_words() -> None:
    assert readable("timeline.budget_gb") == "Budget (GB)"
    assert readable("desktop.record_on_start") == "Record on start"


def test_keys_are_set_by_pressing_them(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    editor = settings.rows["desktop.hotkey_snip"].editor
    assert isinstance(editor, KeyField)
    editor.setFocus()
    with qtbot.waitSignal(bridge.done):
        QTest.keyClick(editor, Qt.Key.Key_F9, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert engine.settings.desktop.hotkey_snip == "<ctrl>+<shift>+f9"


def test_leaving_the_keys_alone_changes_nothing_however_they_are_written(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, settings: SettingsWindow
) -> None:
    engine.settings = engine.settings.changed("desktop.hotkey_ask", "Ctrl + Alt + Space")
    with qtbot.waitSignal(bridge.settings_fetched):
        bridge.fetch_settings()
    editor = settings.rows["desktop.hotkey_ask"].editor
    assert isinstance(editor, KeyField)
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert not editor.hasFocus()
    with qtbot.waitSignal(bridge.settings_fetched):
        bridge.fetch_settings()
    assert "change_setting" not in engine.kinds()


def test_few_found_settings_do_not_spread_over_the_window(qtbot: QtBot, settings: SettingsWindow) -> None:
    settings.search.setText("disk space")
    found = [row for row in settings.rows.values() if row.isVisible()]
    assert 0 < len(found) < 5
    last = found[-1]
    qtbot.waitUntil(lambda: last.mapTo(settings, last.rect().bottomLeft()).y() < settings.height() / 2)
