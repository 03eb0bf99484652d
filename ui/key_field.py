"""A field that takes a combination of keys by pressing it, written as the settings write one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QKeySequenceEdit

MODIFIERS = {
    Qt.KeyboardModifier.ControlModifier: "<ctrl>",
    Qt.KeyboardModifier.AltModifier: "<alt>",
    Qt.KeyboardModifier.ShiftModifier: "<shift>",
    Qt.KeyboardModifier.MetaModifier: "<cmd>",
}
NAMES = {
    "return": "enter",
    "ins": "insert",
    "del": "delete",
    "pgup": "page_up",
    "pgdown": "page_down",
    "escape": "esc",
}
LONGEST = "<ctrl>+<alt>+<shift>+<space>"
MARGINS = 50  # pixels: the field's own, and the button that clears it
QT_NAMES = {"<cmd>": "Meta", "<super>": "Meta", "<win>": "Meta"} | {ours: qt for qt, ours in NAMES.items()}


class KeyField(QKeySequenceEdit):
    """One combination; ``keySequenceChanged`` tells of a new one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setMaximumSequenceLength(1)
        self.setClearButtonEnabled(True)
        self.setAccessibleName(name)
        longest = sequence(LONGEST).toString(QKeySequence.SequenceFormat.NativeText)  # keys have long names in German
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(longest) + MARGINS)

    @property
    def combination(self) -> str:
        """As in the settings: ``<ctrl>+<alt>+space``; empty where there is none."""
        return written(self.keySequence())

    def show_combination(self, combination: str) -> None:
        self.setKeySequence(sequence(combination))


def written(keys: QKeySequence) -> str:
    """The first combination of ``keys`` as the settings write it."""
    if keys.isEmpty():
        return ""
    pressed = keys[0]  # type: ignore[index]  # which Qt's stubs leave out
    held = [name for modifier, name in MODIFIERS.items() if pressed.keyboardModifiers() & modifier]
    key = QKeySequence(pressed.key()).toString(QKeySequence.SequenceFormat.PortableText).lower()
    return "+".join([*held, NAMES.get(key, key)])


def sequence(combination: str) -> QKeySequence:
    """A combination of the settings for Qt; empty for what is none."""
    parts = [part.strip().lower() for part in combination.split("+") if part.strip()]
    named = [QT_NAMES.get(part, QT_NAMES.get(part.strip("<>"), part.strip("<>"))) for part in parts]
    return QKeySequence("+".join(named), QKeySequence.SequenceFormat.PortableText)
