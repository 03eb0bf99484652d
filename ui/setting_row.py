"""One setting as a row: name, description, an editor that fits its type, and the way back to the default.

Knows only what a setting says of itself; what a value means is the engine's business, and it may refuse one.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.protocol import SettingInfo
from ui import text
from ui.choice import Choice
from ui.i18n import LANGUAGES, engine_says
from ui.key_field import KeyField, sequence
from ui.theme import Theme
from ui.widgets import Switch, label, tool_button

EDITOR_WIDTH = 260
LIST_LINES = 4


class LinesEdit(QPlainTextEdit):
    """A list, one entry a line; ``committed`` when the field is left."""

    committed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * LIST_LINES + 16)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        super().focusOutEvent(event)
        self.committed.emit()


class SettingRow(QWidget):
    """``changed`` asks for a new value; ``show_value`` and ``refuse`` are the answers."""

    changed = Signal(str, str)  # name, value
    edited = Signal()  # the draft is another

    def __init__(self, theme: Theme, setting: SettingInfo) -> None:
        super().__init__()
        self._theme = theme
        self.setting = setting
        self.title = engine_says(readable(setting.name))
        self._value = setting.value
        self._trouble = label(role="failure", wrap=True)
        self._trouble.hide()
        self._reset = tool_button(theme, "retry", self.tr("Back to the default"))
        self._reset.setAccessibleName(self.tr("{setting}: back to the default").format(setting=self.title))
        self._reset.clicked.connect(lambda: self._propose(setting.default))
        self.editor, self._show, self._read = self._editor(setting.type)
        self.editor.setAccessibleName(self.title)
        self.editor.setAccessibleDescription(self._description())
        self._arrange()
        self.show_value(setting.value)

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(label(self.title, "strong"))
        words.addWidget(label(self._description(), "small", wrap=True))
        words.addWidget(self._trouble)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 10, 10)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(self.editor, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._reset, 0, Qt.AlignmentFlag.AlignVCenter)
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(policy)

    @property
    def value(self) -> str:
        """The value in force, as the engine writes it."""
        return self._value

    @property
    def draft(self) -> str:
        """What stands in the editor now, which need not be in force yet."""
        return self._read()

    @property
    def reset_button(self) -> QToolButton:
        """Hidden while the default is in force."""
        return self._reset

    @property
    def trouble(self) -> str:
        """Why the last change was refused; empty where it was not."""
        return "" if self._trouble.isHidden() else self._trouble.text()

    def matches(self, words: str) -> bool:
        """Whether every word of ``words`` stands in the setting's name or description."""
        mine = f"{self.setting.name} {self.title} {self.setting.description} {self._description()}".casefold()
        return all(word in mine for word in words.casefold().split())

    def show_value(self, value: str) -> None:
        """Shows ``value``, which is in force."""
        self._value = value
        self._trouble.hide()
        self._show(value)
        self._reset.setVisible(value != self.setting.default)

    def refuse(self, why: str) -> None:
        """Says why a change was not taken, and goes back to the value in force."""
        self.show_value(self._value)
        self.warn(why)

    def warn(self, words: str) -> None:
        """Says what is wrong with the value in force."""
        self._trouble.setText(text.plain(words, 500))
        self._trouble.show()

    def _propose(self, value: str) -> None:
        if value != self._value:
            self.changed.emit(self.setting.name, value)

    def _description(self) -> str:
        words = engine_says(self.setting.description)
        return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")

    def _editor(self, kind: str) -> tuple[QWidget, Callable[[str], None], Callable[[], str]]:
        """The editor for a type, how it shows a value and how it is read."""
        if kind == "on or off":
            return self._switch()
        if "|" in kind:
            return self._choice(kind.split("|"))
        if kind == "list of text":
            return self._list()
        if kind == "keys":
            return self._keys()
        if kind == "number":
            return self._number()
        return self._line()

    def _switch(self) -> tuple[QWidget, Callable[[str], None], Callable[[], str]]:
        switch = Switch(self._theme)

        def read() -> str:
            return "true" if switch.isChecked() else "false"

        switch.clicked.connect(lambda: self._propose(read()))
        return switch, lambda value: switch.setChecked(value == "true"), read

    def _choice(self, choices: list[str]) -> tuple[QWidget, Callable[[str], None], Callable[[], str]]:
        box = Choice(self._theme)
        for choice in choices:
            box.addItem(LANGUAGES.get(choice) or engine_says(choice.capitalize()), choice)
        box.setMinimumWidth(self._theme.scaled(EDITOR_WIDTH) // 2)  # and wider where a choice has long words

        def read() -> str:
            return str(box.currentData())

        box.activated.connect(lambda _index: self._propose(read()))
        return box, lambda value: box.setCurrentIndex(box.findData(value)), read

    def _list(self) -> tuple[QWidget, Callable[[str], None], Callable[[], str]]:
        lines = LinesEdit()
        lines.setFixedWidth(self._theme.scaled(EDITOR_WIDTH))
        lines.setPlaceholderText(self.tr("One on each line"))

        def read() -> str:
            return as_list(lines.toPlainText().splitlines())

        def commit() -> None:
            if read() != as_list(entries(self._value)):
                self._propose(read())

        lines.committed.connect(commit)
        lines.textChanged.connect(self.edited)
        return lines, lambda value: lines.setPlainText("\n".join(entries(value))), read

    def _keys(self) -> tuple[QWidget, Callable[[str], None], Callable[[], str]]:
        field = KeyField(self.title)
        field.setFixedWidth(self._theme.scaled(EDITOR_WIDTH))

        def commit() -> None:
            if field.keySequence() != sequence(self._value):  # not what is only written in another way
                self._propose(field.combination)

        field.editingFinished.connect(commit)
        return field, field.show_combination, lambda: field.combination

    def _line(self) -> tuple[QWidget, Callable[[str], None], Callable[[], str]]:
        line = QLineEdit()
        width = self._theme.scaled(EDITOR_WIDTH)
        line.setFixedWidth(width)
        line.editingFinished.connect(lambda: self._propose(line.text().strip()))
        return line, line.setText, line.text

    def _number(self) -> tuple[QWidget, Callable[[str], None], Callable[[], str]]:
        """A number as the locale writes it; the point that settings have is understood too."""
        line, sign = QLineEdit(), QLocale().decimalPoint()
        line.setFixedWidth(self._theme.scaled(EDITOR_WIDTH) // 2)

        def read() -> str:
            return line.text().strip().replace(sign, ".")

        line.editingFinished.connect(lambda: self._propose(read()))
        return line, lambda value: line.setText(value.replace(".", sign)), read


def readable(name: str) -> str:
    """``section.some_key`` as a person reads it: "Some key"; units stand in parentheses."""
    words = name.split(".")[-1].split("_")
    if words[-1] == "gb":
        words[-1] = "(GB)"
    return " ".join(words).capitalize().replace("(gb)", "(GB)")


def entries(value: str) -> list[str]:
    """The entries of a list as the engine writes it, a TOML array; none where it is no list."""
    try:
        parsed = tomllib.loads(f"value = {value}")["value"] if value else []
    except tomllib.TOMLDecodeError:
        return []
    return [str(entry) for entry in parsed] if isinstance(parsed, list) else []


def as_list(lines: list[str]) -> str:
    """Lines as a list that the engine reads; empty ones do not count. A JSON list of strings is a TOML array."""
    return json.dumps([line.strip() for line in lines if line.strip()], ensure_ascii=False)
