"""Questions and answers in the ask window, driven as a person does, against a fake engine."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.protocol import MomentInfo
from tests.helpers.ask_window import button, type_question
from tests.helpers.fake_engine import FakeEngine, Script, drawn, moment
from ui.answer import Exchange, Stage
from ui.bridge import Bridge, decoded
from ui.window import AskWindow

NOON = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


def shown_words(exchange: Exchange) -> list[str]:
    return [found.text() for found in exchange.findChildren(QLabel) if not found.isHidden()]


def test_enter_asks_and_the_answer_shows_where_it_is_from(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.script = Script(("It cost ", "18.50."), "evidence")
    with qtbot.waitSignal(bridge.answered):
        type_question(open_window, "What did it cost?")
    exchange = open_window.exchanges[0]
    assert (exchange.stage, exchange.answer, exchange.origin) == (
        Stage.DONE,
        "It cost 18.50.",
        "From what was recorded",
    )
    assert engine.asked[0].question == "What did it cost?"
    assert open_window.composer.edit.toPlainText() == ""


def test_a_quick_answer_is_not_said_to_have_taken_no_time(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    for took, shown in ((20.0, "under 0.1 s"), (840.0, "0.8 s")):
        engine.script = Script(("18.50",), "evidence", total_ms=took)
        with qtbot.waitSignal(bridge.answered):
            type_question(open_window, "What did it cost?")
        assert shown in shown_words(open_window.exchanges[-1])


@pytest.mark.parametrize(
    ("origin", "badge"),
    [
        ("memory", "From memory"),
        ("both", "From memory and what was recorded"),
        ("none", "Not seen"),
    ],
)
def test_every_origin_has_its_badge(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow, origin: str, badge: str
) -> None:
    engine.script = Script(("x",), origin)
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("?")
    assert open_window.exchanges[0].origin == badge


def test_pieces_show_while_the_answer_is_being_made(qtbot: QtBot, engine: FakeEngine, open_window: AskWindow) -> None:
    engine.script = Script(("The build ", "failed."), hold=threading.Event(), hold_after=1)
    open_window.ask("?")
    qtbot.waitUntil(lambda: open_window.exchanges[0].answer == "The build")
    assert open_window.answering


def test_escape_stops_the_answer_and_keeps_what_came(
    qtbot: QtBot, engine: FakeEngine, open_window: AskWindow
) -> None:
    engine.script = Script(("The build ", "failed."), hold=threading.Event(), hold_after=1)
    open_window.ask("?")
    qtbot.waitUntil(lambda: open_window.exchanges[0].answer == "The build")
    QTest.keyClick(open_window.composer.edit, Qt.Key.Key_Escape)
    assert open_window.exchanges[0].stage is Stage.CANCELLED
    assert not open_window.answering
    assert engine.asked[0].cancelled.wait(5)
    assert open_window.isVisible()


def test_a_new_question_cancels_the_one_before(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.script = Script(("never",), hold=threading.Event())
    open_window.ask("first?")
    qtbot.waitUntil(lambda: len(engine.asked) == 1)
    engine.script = Script(("second answer",))
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("second?")
    assert [exchange.stage for exchange in open_window.exchanges] == [Stage.CANCELLED, Stage.DONE]
    assert engine.asked[0].cancelled.wait(5)
    assert open_window.exchanges[1].answer == "second answer"


def test_a_failure_is_told_with_its_remedy(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.script = Script(failure=("No memory left.", "Close a program."))
    with qtbot.waitSignal(bridge.failed):
        open_window.ask("?")
    assert open_window.exchanges[0].answer == "No memory left. Close a program."


def test_markup_in_answers_titles_and_questions_is_shown_as_it_is(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    evil = "<img src='file:///etc/passwd'><b>bold</b>"
    engine.script = Script((evil,), "evidence", (moment(1, NOON, evil, evil),))
    with qtbot.waitSignal(bridge.answered):
        open_window.ask(evil)
    exchange = open_window.exchanges[0]
    assert exchange.answer == evil
    labels = exchange.findChildren(QLabel)
    assert labels
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)


def test_moments_show_as_cards_and_open_large(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    shown = (
        moment(1, NOON, "xterm", "make\u202e\n"),
        MomentInfo(id=2, time=NOON, source="screen:1", application="Web", window="Prices", rect=(10, 20, 100, 80)),
    )
    engine.pictures = {1: drawn("a", ["b"]), 2: drawn("c", ["d"])}
    engine.script = Script(("x",), "evidence", shown)
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("?")
    cards = open_window.exchanges[0].row.cards
    qtbot.waitUntil(lambda: all(card.has_picture() for card in cards))
    assert "xterm" in cards[0].accessibleName()
    assert cards[0].accessibleName().isprintable()

    cards[0].setFocus()
    QTest.keyClick(cards[0], Qt.Key.Key_Return)
    viewer = open_window.viewer
    assert viewer is not None
    qtbot.addWidget(viewer)
    qtbot.waitUntil(lambda: not viewer.picture().isNull())
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert viewer.moment == shown[1]
    qtbot.waitUntil(lambda: not viewer.picture().isNull())
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert viewer.moment == shown[1]
    QTest.keyClick(viewer, Qt.Key.Key_Escape)
    assert not viewer.isVisible()


def test_copy_puts_the_answer_on_the_clipboard(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.script = Script(("12 slates",), "memory")
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("?")
    button(open_window, "Copy the answer").click()
    assert QApplication.clipboard().text() == "12 slates"


def test_ask_again_asks_the_same(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow) -> None:
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("Where?")
    with qtbot.waitSignal(bridge.answered):
        button(open_window, "Ask again").click()
    assert [asked.question for asked in engine.asked] == ["Where?", "Where?"]


def test_an_answer_out_of_the_picture_itself_does_not_say_that_it_was_recorded(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.script = Script(("17:05",), "evidence")
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("When is boarding?", decoded(drawn("gate", ["B42"])))
    assert open_window.exchanges[0].origin == "Read in the picture"


def test_a_follow_up_is_asked_with_what_was_said_before(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.script = Script(("24.00",), "evidence", (moment(7, NOON, "Web", "Prices"),))
    with qtbot.waitSignal(bridge.answered):
        type_question(open_window, "What did the ferry cost yesterday?")
    engine.script = Script(("22.00",), "evidence", after="What did the ferry cost yesterday?")
    with qtbot.waitSignal(bridge.answered):
        type_question(open_window, "and the day before?")
    first, second = engine.asked
    assert first.earlier == ()
    (turn,) = second.earlier
    assert (turn.question, turn.answer, turn.moments) == ("What did the ferry cost yesterday?", "24.00", (7,))
    assert second.follows == open_window.exchanges[0].number
    assert any("What did the ferry" in words for words in shown_words(open_window.exchanges[1]))
    with qtbot.waitSignal(bridge.answered):
        open_window.exchanges[1].retried.emit()
    assert engine.asked[2].earlier == second.earlier


def test_a_new_conversation_and_a_stopped_answer_leave_nothing_to_go_on_from(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.script = Script(("never",), hold=threading.Event())
    open_window.ask("first?")
    qtbot.waitUntil(lambda: len(engine.asked) == 1)
    engine.script = Script(("second",))
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("second?")
    assert engine.asked[1].earlier == ()
    open_window.clear()
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("third?")
    assert engine.asked[2].earlier == ()


def test_an_answer_is_marked_wrong_with_a_remark_and_the_mark_is_taken_back(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("?")
    exchange = open_window.exchanges[0]
    with qtbot.waitSignal(bridge.done):
        exchange.wrong_button.click()
    assert engine.history[0].wrong
    assert exchange.remark.isVisible()
    QTest.keyClicks(exchange.remark, "it was blue")
    with qtbot.waitSignal(bridge.done):
        QTest.keyClick(exchange.remark, Qt.Key.Key_Return)
    assert engine.history[0].remark == "it was blue"
    with qtbot.waitSignal(bridge.done):
        exchange.wrong_button.click()
    assert (engine.history[0].wrong, engine.history[0].remark) == (False, "")


def test_an_answer_that_is_not_kept_cannot_be_judged(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.keeps_history = False
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("?")
    assert open_window.exchanges[0].wrong_button.isHidden()


def test_the_picture_stays_what_a_conversation_is_about_as_long_as_it_goes_on(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    picture = decoded(drawn("a", [], size=(64, 48)))
    scripts = (Script(("4471",)), Script(("12C",), after="ticket?"), Script(("24.00",)), Script(("22.00",)))
    for question, script in zip(("ticket?", "and the seat?", "ferry?", "island?"), scripts, strict=True):
        engine.script = script
        with qtbot.waitSignal(bridge.answered):
            open_window.ask(question, picture if question == "ticket?" else None)
    sent = [asked.picture_before is not None for asked in engine.asked]
    assert sent == [False, True, True, False]
