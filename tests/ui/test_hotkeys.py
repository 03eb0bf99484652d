"""Hotkeys are read as people write them, and where there are none it is said."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from ui.hotkeys import Hotkeys, normal


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<ctrl>+<alt>+space", "<ctrl>+<alt>+<space>"),
        ("Ctrl + Alt + S", "<ctrl>+<alt>+s"),
        ("<ctrl>+<shift>+<f9>", "<ctrl>+<shift>+<f9>"),
    ],
)
def test_combinations_are_read_as_people_write_them(written: str, read: str) -> None:
    assert normal(written) == read


def test_a_desktop_without_hotkeys_says_what_to_do_instead(qtbot: QtBot) -> None:
    # The offscreen platform of the tests is one.
    assert "keyboard settings" in Hotkeys().listen({"ask": "<ctrl>+<alt>+space"})


def test_no_hotkey_is_no_trouble(qtbot: QtBot) -> None:
    assert Hotkeys().listen({"ask": " "}) == ""
