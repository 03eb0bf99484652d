"""The questions and answers of one conversation, one below the other: asked, streamed, cancelled, judged.

Feeds itself from the bridge's signals. Knows nothing of the field that questions are typed into.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFrame, QScrollArea

from app.protocol import MAX_TURNS, AnswerDone, ExchangeInfo, Turn
from ui.answer import Exchange, Stage
from ui.bridge import Bridge
from ui.pictures import Pictures
from ui.theme import Theme
from ui.widgets import Column

MOST_EXCHANGES = 50  # older ones leave the window
COLUMN = 760  # pixels; wider lines read badly
STICKY_PIXELS = 80  # this near to the end the view follows a growing answer


class Conversation(QScrollArea):
    """``answering_changed``: whether an answer is under way; ``added``: there is one exchange more."""

    answering_changed = Signal(bool)
    added = Signal()
    opened = Signal(object, int)  # moments, place of the one to see large
    told = Signal(str)  # a sentence for the user

    def __init__(self, theme: Theme, bridge: Bridge, pictures: Pictures) -> None:
        super().__init__()
        self._theme, self._bridge, self._pictures = theme, bridge, pictures
        self._under_way: tuple[int, Exchange] | None = None
        self._judging: set[int] = set()  # tickets whose failure the user should hear of
        self._follow_end = True
        self.exchanges: list[Exchange] = []
        self._column = Column(theme.scaled(COLUMN))
        self._column.rows.setContentsMargins(0, 12, 0, 8)
        self._column.rows.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidget(self._column)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Conversation"))
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(lambda _low, high: bar.setValue(high) if self._follow_end else None)
        bridge.piece.connect(self._piece)
        bridge.answered.connect(self._answered)
        bridge.cancelled.connect(self._cancelled)
        bridge.failed.connect(self._failed)

    def ask(self, question: str, picture: QImage | None = None) -> None:
        """Asks, going on from what was said; an answer that was still under way is cancelled."""
        about = None if picture is None or picture.isNull() else picture
        answered = [exchange for exchange in self.exchanges if exchange.stage is Stage.DONE]
        follows, before = (answered[-1].number, answered[-1].picture) if answered else (None, None)
        self._ask(Exchange(self._theme, self._pictures, question, about, self._turns(), follows, before))

    def _ask_again(self, exchange: Exchange) -> None:
        """The same question after the same turns."""
        self._ask(
            Exchange(
                self._theme,
                self._pictures,
                exchange.question,
                exchange.about,
                exchange.earlier,
                exchange.follows,
                exchange.picture_before,
            )
        )

    def _ask(self, exchange: Exchange) -> None:
        self.cancel()
        about, before = exchange.about, exchange.picture_before
        ticket = self._bridge.ask(
            exchange.question,
            picture=None if about.isNull() else about,
            earlier=exchange.earlier,
            picture_before=None if before.isNull() or not about.isNull() else before,
            follows=exchange.follows,
        )
        self._under_way = (ticket, self._add(exchange))
        self.answering_changed.emit(True)

    def _turns(self) -> tuple[Turn, ...]:
        """What was asked and answered in this conversation, the newest last."""
        turns = [turn for exchange in self.exchanges if (turn := exchange.turn()) is not None]
        return tuple(turns[-MAX_TURNS:])

    def restore(self, kept: ExchangeInfo) -> None:
        """Begins a conversation with an answer from the history; the next question goes on from it."""
        self.clear()
        self._add(Exchange(self._theme, self._pictures, kept.question)).restore(kept)

    def _add(self, exchange: Exchange) -> Exchange:
        exchange.retried.connect(lambda: self._ask_again(exchange))
        exchange.opened.connect(self.opened)
        exchange.judged.connect(self._judged)
        exchange.grew.connect(self._grown)
        self._column.rows.addWidget(exchange)
        self.exchanges.append(exchange)
        while len(self.exchanges) > MOST_EXCHANGES:
            self._remove(self.exchanges.pop(0))
        self._follow_end = True
        self.added.emit()
        self._grown()
        return exchange

    def _judged(self, exchange: int, wrong: bool, remark: str) -> None:
        self._judging.add(self._bridge.judge(exchange, wrong=wrong, remark=remark))

    def cancel(self) -> None:
        """Stops the answer under way, at once for the eye; the engine stops as soon as it hears of it."""
        if self._under_way is None:
            return
        ticket, exchange = self._under_way
        self._under_way = None
        self._bridge.cancel(ticket)
        exchange.cancel()
        self.answering_changed.emit(False)

    def clear(self) -> None:
        """Begins a new conversation."""
        self.cancel()
        while self.exchanges:
            self._remove(self.exchanges.pop())

    def _remove(self, exchange: Exchange) -> None:
        self._column.rows.removeWidget(exchange)
        exchange.hide()
        exchange.deleteLater()

    @property
    def answering(self) -> bool:
        return self._under_way is not None and self._under_way[1].stage in {Stage.WAITING, Stage.STREAMING}

    # --- what the engine answers ------------------------------------------------------------------------------

    def _exchange(self, ticket: int) -> Exchange | None:
        if self._under_way is None or self._under_way[0] != ticket:
            return None
        return self._under_way[1]

    def _piece(self, ticket: int, words: str) -> None:
        exchange = self._exchange(ticket)
        if exchange is not None:
            exchange.add_piece(words)

    def _answered(self, ticket: int, answer: AnswerDone) -> None:
        exchange = self._end(ticket)
        if exchange is not None:
            exchange.finish(answer)

    def _cancelled(self, ticket: int) -> None:
        exchange = self._end(ticket)
        if exchange is not None:
            exchange.cancel()

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket in self._judging:
            self._judging.discard(ticket)
            self.told.emit(f"{message} {remedy}".strip())
        exchange = self._end(ticket)
        if exchange is not None:
            exchange.fail(message, remedy)

    def _end(self, ticket: int) -> Exchange | None:
        exchange = self._exchange(ticket)
        if exchange is not None:
            self._under_way = None
            self.answering_changed.emit(False)
        return exchange

    # --- scrolling ----------------------------------------------------------------------------------------------

    def _grown(self) -> None:
        if self._follow_end:
            bar = self.verticalScrollBar()
            QTimer.singleShot(0, bar, lambda: bar.setValue(bar.maximum()))

    def _scrolled(self, value: int) -> None:
        self._follow_end = value >= self.verticalScrollBar().maximum() - STICKY_PIXELS
