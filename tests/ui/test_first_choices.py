"""The first run's choices: keys that another program has are told, and nothing changes before yes."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.settings import Settings
from tests.helpers.fake_engine import FakeEngine
from ui.bridge import Bridge
from ui.first_choices import ASK, SNIP, FirstChoices
from ui.key_field import sequence, written


@pytest.mark.parametrize(
    ("combination", "portable"),
    [
        ("<ctrl>+<alt>+space", "Ctrl+Alt+Space"),
        ("<ctrl>+<shift>+f9", "Ctrl+Shift+F9"),
        ("<cmd>+s", "Meta+S"),
        ("<ctrl>+<alt>+page_up", "Ctrl+Alt+PgUp"),
        ("", ""),
    ],
)
def test_a_combination_survives_the_way_into_the_field_and_back(combination: str, portable: str) -> None:
    keys = sequence(combination)
    assert keys.toString(QKeySequence.SequenceFormat.PortableText) == portable
    assert written(keys) == combination


def test_keys_that_are_taken_are_told_as_soon_as_they_are_pressed(qtbot: QtBot, bridge: Bridge) -> None:
    tried: list[dict[str, str]] = []

    def try_keys(keys: dict[str, str]) -> str:
        tried.append(keys)
        return "Another program uses it." if keys["ask"] == "<ctrl>+k" else ""

    choices = FirstChoices(bridge, try_keys)
    qtbot.addWidget(choices)
    bridge.settings_fetched.emit(1, Settings().infos())
    choices.fields[ASK].setKeySequence(QKeySequence("Ctrl+K"))
    assert not choices.trouble.isHidden()
    assert tried[-1] == {"ask": "<ctrl>+k", "snip": "<ctrl>+<alt>+s"}
    choices.fields[ASK].setKeySequence(QKeySequence("Ctrl+L"))
    assert choices.trouble.isHidden()
    assert choices.settings == {ASK: "<ctrl>+l"}
    choices.fields[SNIP].clear()
    assert choices.settings == {ASK: "<ctrl>+l", SNIP: ""}


def test_the_keys_that_the_settings_have_are_shown_until_others_are_pressed(qtbot: QtBot, bridge: Bridge) -> None:
    choices = FirstChoices(bridge, lambda _keys: "")
    qtbot.addWidget(choices)
    choices.fields[SNIP].setKeySequence(QKeySequence("Ctrl+L"))  # before the engine has answered
    kept = Settings().changed(ASK, "<ctrl>+<shift>+f9").changed(SNIP, "<ctrl>+k")
    bridge.settings_fetched.emit(1, kept.infos())
    assert choices.fields[ASK].combination == "<ctrl>+<shift>+f9"
    assert choices.settings == {SNIP: "<ctrl>+l"}


def test_the_built_in_model_is_chosen_and_another_is_named_for_download(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge
) -> None:
    choices = FirstChoices(bridge, lambda _keys: "")
    qtbot.addWidget(choices)
    assert not choices.waiting.isHidden()  # a word until there is something to choose from
    bridge.start()
    with qtbot.waitSignal(bridge.models_fetched):
        choices.refresh()
    assert choices.waiting.isHidden()
    assert choices.models["nano"].isChecked()
    assert (choices.download, choices.settings) == ("", {})
    choices.models["infinitevl"].click()
    assert choices.download == "infinitevl"
    assert "fetch_model" not in engine.kinds()


def test_why_there_are_no_models_to_choose_from_is_told(qtbot: QtBot, bridge: Bridge) -> None:
    choices = FirstChoices(bridge, lambda _keys: "")
    qtbot.addWidget(choices)
    choices.refresh()
    bridge.failed.emit(choices.ticket, "The engine went away.", "Try again.")
    assert choices.waiting.text() == "The engine went away. Try again."
    assert choices.download == ""
