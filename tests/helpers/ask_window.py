"""Driving the ask window as a person does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from ui.window import AskWindow


def type_question(window: AskWindow, question: str) -> None:
    QTest.keyClicks(window.composer.edit, question)
    QTest.keyClick(window.composer.edit, Qt.Key.Key_Return)


def button(window: AskWindow, name: str) -> QAbstractButton:
    """The one visible button of that name."""
    (found,) = [
        control
        for control in window.findChildren(QAbstractButton)
        if name in (control.accessibleName(), control.text()) and control.isVisible()
    ]
    return found
