"""The question field: grows with what is typed, Enter sends, Shift+Enter begins a new line."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QToolButton

from app.protocol import MAX_QUESTION
from ui.theme import Theme, set_role
from ui.widgets import follow

MOST_LINES = 6


class QuestionEdit(QPlainTextEdit):
    """Plain text only: what is pasted loses its looks."""

    submitted = Signal()
    focused = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._grow())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        super().focusOutEvent(event)
        self.focused.emit(False)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  Qt's name
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._grow()

    def _grow(self) -> None:
        # A plain text document counts its height in lines, wrapped ones included.
        lines = max(1, round(self.document().size().height()))
        line = QFontMetrics(self.font()).lineSpacing()
        margins = 2 * round(self.document().documentMargin())
        self.setFixedHeight(min(lines, MOST_LINES) * line + margins + 2)
        overflow = lines > MOST_LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if overflow else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if self.verticalScrollBarPolicy() != policy:
            self.setVerticalScrollBarPolicy(policy)


class Composer(QFrame):
    """The field with its button, which asks, or stops the answer under way."""

    asked = Signal(str)
    stopped = Signal()
    refused = Signal(str)  # a sentence: why the question cannot be sent

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._answering = False
        self.setProperty("role", "field")
        self.edit = QuestionEdit()
        self.edit.setPlaceholderText(self.tr("Ask about anything your screen showed"))
        self.edit.setAccessibleName(self.tr("Question"))
        self.button = QToolButton()
        self.button.setProperty("role", "send")
        self.button.setIconSize(QSize(20, 20))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 7, 6)
        row.setSpacing(8)
        row.addWidget(self.edit, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)

        self.edit.submitted.connect(self.submit)
        self.edit.textChanged.connect(self._update_button)
        self.edit.focused.connect(lambda has: set_role(self, "field-focused" if has else "field"))
        self.button.clicked.connect(self._pressed)
        follow(theme, self, self._update_button)

    def submit(self) -> None:
        """Sends what is typed, if it is a question; the field is empty afterwards."""
        question = self.edit.toPlainText().strip()
        if not question:
            return
        if len(question) > MAX_QUESTION:
            self.refused.emit(
                self.tr("The question has {length} characters; at most {most} can be asked at once.").format(
                    length=len(question), most=MAX_QUESTION
                )
            )
            return
        self.edit.clear()
        self.asked.emit(question)

    def set_answering(self, answering: bool) -> None:
        self._answering = answering
        self._update_button()

    def _pressed(self) -> None:
        if self._answering and not self.edit.toPlainText().strip():
            self.stopped.emit()
        else:
            self.submit()

    def _update_button(self) -> None:
        empty = not self.edit.toPlainText().strip()
        stops = self._answering and empty
        name = self.tr("Stop the answer") if stops else self.tr("Ask")
        self.button.setAccessibleName(name)
        self.button.setToolTip(name)
        self.button.setEnabled(stops or not empty)
        shade = self._theme.colours.on_accent if self.button.isEnabled() else self._theme.colours.faint
        self.button.setIcon(self._theme.icon("stop" if stops else "send", shade))
