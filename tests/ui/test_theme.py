"""The look: readable in light and dark, and complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, Qt, QTime
from PySide6.QtGui import QColor, QGuiApplication, QImage, QStyleHints
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDateEdit,
    QLineEdit,
    QPushButton,
    QTimeEdit,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ui.theme import DARK, LIGHT, Colours, Theme, line_icon, set_role

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


def test_the_systems_change_between_light_and_dark_is_followed(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = Qt.ColorScheme.Light
    monkeypatch.setattr(QStyleHints, "colorScheme", lambda _hints: scheme)  # the offscreen platform has none to set
    theme.set_scheme("system")
    for scheme in (Qt.ColorScheme.Dark, Qt.ColorScheme.Light):
        with qtbot.waitSignal(theme.changed):
            QGuiApplication.styleHints().colorSchemeChanged.emit(scheme)
        assert theme.dark is (scheme is Qt.ColorScheme.Dark)
    theme.set_scheme("dark")
    QGuiApplication.styleHints().colorSchemeChanged.emit(scheme)
    assert theme.dark  # whatever the system says
    theme.set_scheme("system")


def tool(words: str) -> QToolButton:
    button = QToolButton()
    button.setText(words)
    set_role(button, "labelled")
    return button


def combo(words: str) -> QComboBox:
    box = QComboBox()
    box.addItem(words)
    return box


@pytest.mark.parametrize(
    "made",
    [
        lambda: QPushButton("Export"),
        lambda: tool("Pause"),
        lambda: QLineEdit("words"),
        lambda: combo("All"),
        lambda: QDateEdit(QDate(2026, 3, 4)),
        lambda: QTimeEdit(QTime(14, 5)),
    ],
    ids=["button", "tool", "line", "choice", "day", "time"],
)
def test_what_cannot_be_used_now_looks_so(qtbot: QtBot, theme: Theme, made: Callable[[], QWidget]) -> None:
    page, widget = QWidget(), made()
    qtbot.addWidget(page)
    widget.setParent(page)
    widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a ring around it is no difference
    page.show()
    usable = darkest(page)
    widget.setEnabled(False)
    assert darkest(page) > usable + 30


def darkest(widget: QWidget) -> int:
    """The lightness of the words, 0 to 255: nothing in a light widget is darker."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    return min(image.pixelColor(x, y).lightness() for x in range(image.width()) for y in range(image.height()))
