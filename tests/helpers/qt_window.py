"""Shows windows of Qt widgets one after another: a line of JSON on stdin each, answered by a line once it is painted.

A program of its own (``python -m tests.helpers.qt_window``) for ``tests.helpers.real_windows``, which makes up the
text.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QStyleFactory,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)


def palette(dark: bool) -> QPalette:
    """Qt's own light palette, or a dark one."""
    chosen = QPalette()
    if dark:
        roles = QPalette.ColorRole
        for role in (roles.Window, roles.Button, roles.AlternateBase):
            chosen.setColor(role, QColor(45, 45, 48))
        chosen.setColor(roles.Base, QColor(30, 30, 32))
        for role in (roles.WindowText, roles.Text, roles.ButtonText):
            chosen.setColor(role, QColor(235, 235, 235))
    return chosen


def _plain(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _width(text: str) -> int:
    """Pixels that a widget needs for a text, with its margins."""
    return QFontMetrics(QApplication.font()).horizontalAdvance(text) + 24


def _form(content: dict[str, Any]) -> QWidget:
    body = QWidget()
    layout = QFormLayout(body)
    for label, value in content["fields"]:
        field = QLineEdit(value) if content["boxed"] else _plain(value)
        field.setMinimumWidth(_width(value))
        layout.addRow(_plain(f"{label}:"), field)
    return body


def _dialog(content: dict[str, Any]) -> QWidget:
    body = QWidget()
    layout = QVBoxLayout(body)
    for line in content["lines"]:
        layout.addWidget(_plain(line))
    buttons = QDialogButtonBox.StandardButton
    layout.addWidget(QDialogButtonBox(buttons.Ok | buttons.Cancel))
    return body


def _list(content: dict[str, Any]) -> QWidget:
    body = QListWidget()
    body.addItems(content["lines"])
    body.setMinimumWidth(max(map(_width, content["lines"])))
    return body


def _text(content: dict[str, Any]) -> QWidget:
    body = QPlainTextEdit("\n".join(content["lines"]))
    body.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    body.setMinimumWidth(max(map(_width, content["lines"])))
    return body


def _table(content: dict[str, Any]) -> QWidget:
    body = QTableWidget(len(content["fields"]), 2)
    body.horizontalHeader().hide()
    body.verticalHeader().hide()
    body.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    for row, cells in enumerate(content["fields"]):
        for column, text in enumerate(cells):
            body.setItem(row, column, QTableWidgetItem(text))
    return body


LAYOUTS = {"form": _form, "dialog": _dialog, "list": _list, "text": _text, "table": _table}


def show(content: dict[str, Any]) -> QWidget:
    """The window of one content, painted."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("a QApplication must be made first")
    application.setStyle(QStyleFactory.create(content["style"]))
    application.setPalette(palette(content["dark"]))
    font = QFont(content["font"])
    font.setPixelSize(content["size"])
    font.setBold(content["bold"])
    application.setFont(font)
    window = QWidget()
    window.setWindowTitle(content["title"])
    layout = QVBoxLayout(window)
    layout.addWidget(LAYOUTS[content["layout"]](content))
    window.resize(content["width"], content["height"])
    window.show()
    QTest.qWaitForWindowExposed(window)
    focused = application.focusWidget()
    if focused is not None:
        focused.clearFocus()  # no caret between the letters
    application.processEvents()
    return window


def main() -> int:
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    for line in sys.stdin:
        window = show(json.loads(line))
        print("shown", window.width(), window.height(), flush=True)
        if sys.stdin.readline().strip() != "next":
            break
        window.close()
        window.deleteLater()
        application.processEvents()
    return 0


if __name__ == "__main__":
    sys.exit(main())
