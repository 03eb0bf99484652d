"""The question field: grows with what is typed, Enter sends, Shift+Enter begins a new line."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QImage, QImageReader, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from app.protocol import MAX_QUESTION
from ui.moment_painter import cropped
from ui.theme import Theme, set_role
from ui.widgets import follow, label, tool_button

MOST_LINES = 6
PICTURE_NAMES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MOST_PIXELS = 8192 * 8192  # the engine takes no larger ones


class QuestionEdit(QPlainTextEdit):
    """Plain text only: what is pasted loses its looks."""

    submitted = Signal()
    focused = Signal(bool)
    handed_in = Signal(QImage)  # a picture was pasted or dropped; null where the file is none

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

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802  Qt's name
        return source.hasImage() or _picture_file(source) != "" or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802  Qt's name
        path = _picture_file(source)
        if path:
            self.handed_in.emit(_read(path))
        elif source.hasImage():
            self.handed_in.emit(QImage(source.imageData()))
        else:
            super().insertFromMimeData(source)

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

    asked = Signal(str, QImage)  # the question, and the picture it is about (null: none)
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
        self._picture = QImage()
        self._about = QWidget()
        self._thumbnail = label(role="picture")
        self._words = label(role="small")
        self._remove = tool_button(theme, "close", self.tr("Do not ask about this picture"))
        self._arrange()

        self.edit.submitted.connect(self.submit)
        self.edit.textChanged.connect(self._update_button)
        self.edit.focused.connect(lambda has: set_role(self, "field-focused" if has else "field"))
        self.edit.handed_in.connect(self._handed_in)
        self._remove.clicked.connect(self.detach)
        self.button.clicked.connect(self._pressed)
        follow(theme, self, self._update_button)

    def _arrange(self) -> None:
        about = QHBoxLayout(self._about)
        about.setContentsMargins(4, 4, 0, 2)
        about.setSpacing(10)
        about.addWidget(self._thumbnail)
        about.addWidget(self._words, 1)
        about.addWidget(self._remove)
        self._about.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.edit, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 6, 7, 6)
        rows.setSpacing(2)
        rows.addWidget(self._about)
        rows.addLayout(row)

    @property
    def picture(self) -> QImage:
        """The picture that the next question is about; null where there is none."""
        return self._picture

    def attach(self, picture: QImage, words: str) -> None:
        """The next question is about ``picture``; ``words`` say what it is."""
        self._picture = picture
        self._thumbnail.setPixmap(cropped(picture, QSize(80, 45), self.devicePixelRatioF()))
        self._words.setText(words)
        self._about.show()
        self.edit.setPlaceholderText(self.tr("Ask about this picture"))
        self.edit.setFocus()

    def detach(self) -> None:
        self._picture = QImage()
        self._about.hide()
        self.edit.setPlaceholderText(self.tr("Ask about anything your screen showed"))

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
        picture = self._picture
        self.edit.clear()
        self.detach()
        self.asked.emit(question, picture)

    def takes(self, data: QMimeData) -> bool:
        """Whether what is dragged over the window may be a picture."""
        return data.hasImage() or any(url.isLocalFile() for url in data.urls())

    def take(self, data: QMimeData) -> None:
        """The next question is about the picture that was dropped; one that cannot be read is refused."""
        if data.hasImage() or _picture_file(data):
            self.edit.insertFromMimeData(data)
        else:
            self._handed_in(QImage())
        self.show_target(False)

    def show_target(self, over: bool) -> None:
        """Shows that what is dragged over the window would be taken."""
        set_role(self, "field-focused" if over or self.edit.hasFocus() else "field")

    def set_answering(self, answering: bool) -> None:
        self._answering = answering
        self._update_button()

    def _handed_in(self, picture: QImage) -> None:
        if picture.isNull():
            self.refused.emit(self.tr("This is no picture that can be read."))
        else:
            self.attach(picture, self.tr("About a picture you added"))

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


def _picture_file(source: QMimeData) -> str:
    """The path of the one local file that was handed in, where its name is a picture's."""
    urls = source.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return ""
    path = urls[0].toLocalFile()
    return path if path.lower().endswith(PICTURE_NAMES) else ""


def _read(path: str) -> QImage:
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.width() * size.height() > MOST_PIXELS:
        return QImage()
    return reader.read()
