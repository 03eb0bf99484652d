"""The look: readable in light and dark, and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.theme import DARK, LIGHT, Colours, Theme, line_icon

ROOT = Path(__file__).resolve().parents[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2, from 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shade = QColor(colour)
    whole = (shade.redF(), shade.greenF(), shade.blueF())
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in whole]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(colours: Colours) -> None:
    for ground in (colours.window, colours.surface, colours.raised):
        assert contrast(colours.text, ground) >= 7
        assert contrast(colours.muted, ground) >= 4.5
    for ink, ground in (
        (colours.on_accent, colours.accent),
        (colours.accent, colours.accent_soft),
        (colours.shielded, colours.shielded_soft),
        (colours.calm, colours.calm_soft),
        (colours.recording, colours.window),
        (colours.caution, colours.window),
    ):
        assert contrast(ink, ground) >= 4.5, (ink, ground)


def test_every_icon_that_is_named_is_there(qtbot: QtBot) -> None:
    there = {path.stem for path in (ROOT / "resources" / "icons").glob("*.svg")}
    named: set[str] = set()
    for path in (ROOT / "ui").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'(?:tool_button\([\w.]+, |\.icon\(|icon=)"([\w-]+)"', source))
    assert named
    assert named <= there
    for name in there:
        assert not line_icon(name, "#123456", "#999999").pixmap(20, 20).isNull()


def test_a_change_of_the_look_reaches_the_application(qtbot: QtBot, qapp: QApplication, theme: Theme) -> None:
    theme.set_scheme("light")
    with qtbot.waitSignal(theme.changed):
        theme.set_scheme("dark")
    assert theme.dark
    assert qapp.palette().window().color() == QColor(DARK.window)
    with qtbot.waitSignal(theme.changed):
        theme.set_scheme("light")
    with qtbot.assertNotEmitted(theme.changed):
        theme.set_scheme("light")
    assert qapp.palette().window().color() == QColor(LIGHT.window)
