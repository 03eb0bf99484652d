"""One question with its answer: streaming text, where it came from, the moments that prove it.

Everything is shown as plain text. Knows nothing of the bridge: the window feeds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from app.protocol import MAX_ANSWER, AnswerDone, ExchangeInfo, MomentInfo, Turn
from ui import text, wording
from ui.moment_painter import cropped
from ui.moments import MomentRow
from ui.pictures import Pictures
from ui.theme import Theme, set_role
from ui.widgets import label, tool_button

FLUSH_MS = 33  # pieces are shown at most thirty times a second, however fast they come
ABOUT_SIZE = QSize(96, 54)  # of the picture beside the question
LONGEST_REMARK = 2_000  # characters
SHORTEST_S = 0.1  # seconds that an answer is said to have taken
LONGEST_ANSWER = 20_000  # characters shown


class Stage(Enum):
    WAITING = auto()
    STREAMING = auto()
    DONE = auto()
    CANCELLED = auto()
    FAILED = auto()


class Bubble(QLabel):
    """The user's own words: as wide as they are, up to a share of the room."""

    SHARE = 0.78

    def __init__(self, words: str) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(words)
        self.setProperty("role", "question")

    def fit(self, room: int) -> None:
        """Takes at most its share of ``room`` pixels, and the height that its words need then."""
        self.ensurePolished()
        most = int(room * self.SHARE)
        self.setWordWrap(False)
        natural = self.sizeHint()
        if natural.width() <= most:
            self.setFixedSize(natural)
            return
        self.setWordWrap(True)
        self.setFixedSize(most, self.heightForWidth(most))


class Exchange(QWidget):
    """Goes through the stages of one question; every stage but the first two is final."""

    retried = Signal()
    judged = Signal(int, bool, str)  # its number in the history, whether it is wrong, what the user says of it
    opened = Signal(object, int)  # moments, place of the one to see large
    grew = Signal()

    def __init__(
        self,
        theme: Theme,
        pictures: Pictures,
        question: str,
        about: QImage | None = None,
        earlier: Sequence[Turn] = (),
        follows: int | None = None,
        picture_before: QImage | None = None,
    ) -> None:
        """``earlier``: the turns of the conversation that the question was asked after; ``follows``: the last one's
        number in the history; ``picture_before``: the picture that they were about."""
        super().__init__()
        self._theme = theme
        self.question = question
        self.about = about or QImage()
        self.earlier = tuple(earlier)
        self.follows = follows
        self.picture_before = picture_before or QImage()
        self.asked = datetime.now().astimezone()
        self.number: int | None = None  # in the history, once it is kept there
        self.stage = Stage.WAITING
        self.moments: tuple[MomentInfo, ...] = ()
        self._pieces = ""
        self._told = ""  # the answer in the engine's own words
        self._verdict = (False, "")  # as it was told last
        self._flush = QTimer(self, interval=FLUSH_MS, singleShot=True)
        self._flush.timeout.connect(self._show_pieces)

        self._question = Bubble(text.plain(question, LONGEST_ANSWER, lines=True))
        self._answer = label(self.tr("Looking back…"), "muted", wrap=True, selectable=True)
        self._answer.setAccessibleName(self.tr("Answer"))
        self._after = label(role="small", wrap=True)
        self._after.hide()
        self._badge = label(role="badge-none")
        self._badge.hide()
        self._took = label(role="small")
        self._row = MomentRow(theme, pictures)
        self._copy = tool_button(theme, "copy", self.tr("Copy the answer"))
        self._retry = tool_button(theme, "retry", self.tr("Ask again"))
        self._wrong = tool_button(theme, "wrong", self.tr("This answer is wrong"))
        self._wrong.setCheckable(True)
        self._wrong.hide()
        self._remark = QLineEdit()
        self._remark.setPlaceholderText(self.tr("What would have been right? It is kept on this computer only."))
        self._remark.setAccessibleName(self.tr("What would have been right?"))
        self._remark.setMaxLength(LONGEST_REMARK)
        self._remark.hide()
        self._tools = QWidget()
        self._arrange()

        self._row.opened.connect(lambda place: self.opened.emit(self.moments, place))
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.answer))
        self._retry.clicked.connect(self.retried)
        self._wrong.clicked.connect(self._judge)
        self._remark.editingFinished.connect(self._judge)

    def _arrange(self) -> None:
        asked = QHBoxLayout()
        asked.setSpacing(10)
        asked.addStretch(1)
        if not self.about.isNull():
            picture = label(role="picture")
            picture.setPixmap(cropped(self.about, ABOUT_SIZE, self.devicePixelRatioF()))
            picture.setAccessibleName(self.tr("The picture that was asked about"))
            asked.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        asked.addWidget(self._question, 0, Qt.AlignmentFlag.AlignTop)
        tools = QHBoxLayout(self._tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(6)
        tools.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignVCenter)
        tools.addWidget(self._took)
        tools.addStretch(1)
        tools.addWidget(self._copy)
        tools.addWidget(self._retry)
        tools.addWidget(self._wrong)
        self._tools.hide()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 8, 0, 16)
        rows.setSpacing(12)
        rows.addLayout(asked)
        rows.addWidget(self._after)
        rows.addWidget(self._answer)
        rows.addWidget(self._tools)
        rows.addWidget(self._remark)
        rows.addWidget(self._row)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        self._question.fit(self.width())

    @property
    def answer(self) -> str:
        """What the answer's label shows."""
        return self._answer.text()

    @property
    def origin(self) -> str:
        """What the badge says; empty while there is no answer."""
        return self._badge.text() if self.stage is Stage.DONE else ""

    @property
    def flushing(self) -> bool:
        """Whether pieces have come that are not shown yet."""
        return self._flush.isActive()

    @property
    def row(self) -> MomentRow:
        return self._row

    def add_piece(self, piece: str) -> None:
        if self.stage is Stage.WAITING:
            self.stage = Stage.STREAMING
        if self.stage is not Stage.STREAMING:
            return
        self._pieces += piece
        if not self._flush.isActive():
            self._flush.start()

    def finish(self, done: AnswerDone) -> None:
        self._end(Stage.DONE)
        set_role(self._answer, "answer")
        self._told = done.text
        self._answer.setText(wording.answer(done.text, done.said))
        names = {
            "memory": self.tr("From memory"),
            "evidence": self.tr("From what was recorded"),
            "both": self.tr("From memory and what was recorded"),
            "none": self.tr("Not seen"),
        }
        explanations = {
            "memory": self.tr("The model answered from what it remembers; no stored picture was looked at."),
            "evidence": self.tr("The answer comes from stored moments, shown below it."),
            "both": self.tr("What the model remembers and the stored moments both went into the answer."),
            "none": self.tr("Nothing remembered or recorded answers this."),
        }
        self._badge.setToolTip(explanations[done.origin])
        self._badge.setAccessibleDescription(explanations[done.origin])
        set_role(self._badge, f"badge-{done.origin}")
        self._badge.setText(names[done.origin])
        if done.origin == "evidence" and not done.moments and not self.about.isNull():
            self._badge.setText(self.tr("Read in the picture"))
            self._badge.setToolTip(self.tr("The answer stands in the picture that was asked about."))
            self._badge.setAccessibleDescription(self._badge.toolTip())
        self._badge.show()
        if done.timings_ms:
            seconds = done.timings_ms.get("total", sum(done.timings_ms.values())) / 1000
            took = self.tr("{seconds} s") if seconds >= SHORTEST_S else self.tr("under {seconds} s")
            self._took.setText(took.format(seconds=text.decimal(max(seconds, SHORTEST_S))))
        if done.after:
            self._after.setText(self.tr("Taken to go on from “{question}”").format(question=text.plain(done.after)))
            self._after.show()
        self.number = done.exchange
        self._wrong.setVisible(done.exchange is not None)
        self.moments = done.moments
        self._row.show_moments(done.moments)
        self.grew.emit()

    def restore(self, kept: ExchangeInfo) -> None:
        """Shows an answer from the history."""
        self.asked = kept.asked
        self.finish(
            AnswerDone(
                id=0,
                text=kept.answer,
                said=kept.said,
                origin=kept.origin,
                moments=kept.moments,
                after=kept.before,
                exchange=kept.id,
            )
        )
        self._took.setText(text.moment_time(kept.asked))
        self._wrong.setChecked(kept.wrong)
        self._remark.setText(kept.remark)
        self._remark.setVisible(kept.wrong)
        self._verdict = (kept.wrong, kept.remark)

    @property
    def picture(self) -> QImage:
        """What the answer is about; null where that is no picture."""
        return self.picture_before if self.about.isNull() and not self._after.isHidden() else self.about

    def turn(self) -> Turn | None:
        """What a later question is to know of this one, in the engine's words; None where there is no answer."""
        if self.stage is not Stage.DONE:
            return None
        return Turn(
            question=self.question,
            answer=self._told[:MAX_ANSWER],
            asked=self.asked,
            moments=tuple(moment.id for moment in self.moments),
        )

    @property
    def wrong_button(self) -> QToolButton:
        return self._wrong

    @property
    def remark(self) -> QLineEdit:
        """Where the user may say what would have been right."""
        return self._remark

    def _judge(self) -> None:
        wrong = self._wrong.isChecked()
        if wrong and self._remark.isHidden():
            self._remark.show()
            self._remark.setFocus()
            self.grew.emit()
        self._remark.setVisible(wrong)
        verdict = (wrong, self._remark.text().strip() if wrong else "")
        if self.number is not None and verdict != self._verdict:
            self._verdict = verdict
            self.judged.emit(self.number, *verdict)

    def cancel(self) -> None:
        if self._pieces:
            self._end(Stage.CANCELLED)
            self._answer.setText(text.plain(self._pieces, LONGEST_ANSWER, lines=True))
        else:
            self._end(Stage.CANCELLED)
            set_role(self._answer, "muted")
            self._answer.setText(self.tr("Stopped before an answer."))
        self._took.setText(self.tr("Stopped"))
        self._copy.setVisible(bool(self._pieces))
        self.grew.emit()

    def fail(self, message: str, remedy: str) -> None:
        self._end(Stage.FAILED)
        set_role(self._answer, "failure")
        self._answer.setText(text.plain(f"{message} {remedy}".strip(), 2000, lines=True))
        self._copy.hide()
        self.grew.emit()

    def _end(self, stage: Stage) -> None:
        self.stage = stage
        self._flush.stop()
        self._tools.show()

    def _show_pieces(self) -> None:
        set_role(self._answer, "answer")
        self._answer.setText(text.plain(self._pieces, LONGEST_ANSWER, lines=True))
        self.grew.emit()
