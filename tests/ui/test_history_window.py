"""The history: what was asked is found, opened again and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.protocol import ExchangeInfo
from tests.helpers.fake_engine import FakeEngine, Script, moment
from ui.bridge import Bridge
from ui.history_window import PAGE, HistoryWindow
from ui.theme import Theme
from ui.window import AskWindow

NOON = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


def fill(engine: FakeEngine, number: int) -> None:
    """Exchanges a minute apart; number 1 is the oldest."""
    for place in range(1, number + 1):
        engine.history.insert(
            0,
            ExchangeInfo(
                id=place,
                asked=NOON + timedelta(minutes=place),
                question=f"question {place}?",
                answer=f"answer {place}",
                origin="evidence",
            ),
        )


@pytest.fixture
def history(qtbot: QtBot, bridge: Bridge, theme: Theme) -> HistoryWindow:
    window = HistoryWindow(theme, bridge)
    qtbot.addWidget(window)
    return window


def shown(qtbot: QtBot, bridge: Bridge, history: HistoryWindow) -> None:
    bridge.start()
    with qtbot.waitSignal(history.model.counted):
        history.show()


def test_pages_come_as_they_are_scrolled_to(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, history: HistoryWindow
) -> None:
    fill(engine, PAGE + 20)
    shown(qtbot, bridge, history)
    assert history.model.exchange(0).question == f"question {PAGE + 20}?"
    history.list.scrollToBottom()
    qtbot.waitUntil(lambda: history.model.rowCount() == PAGE + 20)
    assert history.model.exchange(PAGE + 19).question == "question 1?"


def test_typing_searches_questions_and_answers(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, history: HistoryWindow
) -> None:
    fill(engine, 12)
    shown(qtbot, bridge, history)
    with qtbot.waitSignal(history.model.counted, check_params_cb=lambda total: total == 1):
        QTest.keyClicks(history.search, "answer 7")
    with qtbot.waitSignal(history.model.counted, check_params_cb=lambda total: total == 0):
        history.search.setText("nowhere")
    assert history.message == "Nothing matches."


def test_one_is_opened_again_and_gone_on_from(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, history: HistoryWindow, window: AskWindow
) -> None:
    fill(engine, 2)
    cited = (moment(7, NOON, "Web", "Prices"),)
    engine.history[0] = engine.history[0].model_copy(update={"moments": cited, "wrong": True, "remark": "no"})
    history.opened.connect(window.restore)
    shown(qtbot, bridge, history)
    history.list.setCurrentIndex(history.model.index(0))
    with qtbot.waitSignal(history.opened):
        QTest.keyClick(history.list, Qt.Key.Key_Return)
    (exchange,) = window.exchanges
    assert (exchange.question, exchange.answer, exchange.moments) == ("question 2?", "answer 2", cited)
    assert exchange.wrong_button.isChecked()
    engine.script = Script(("more",))
    with qtbot.waitSignal(bridge.answered):
        window.ask("and then?")
    assert engine.asked[0].follows == 2
    assert engine.asked[0].earlier[0].asked == NOON + timedelta(minutes=2)


def test_delete_takes_the_chosen_ones_and_all_only_when_sure(
    qtbot: QtBot,
    engine: FakeEngine,
    bridge: Bridge,
    history: HistoryWindow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(engine, 3)
    shown(qtbot, bridge, history)
    assert not history.delete_button.isEnabled()
    history.list.selectionModel().select(history.model.index(1), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    with qtbot.waitSignal(history.model.counted, check_params_cb=lambda total: total == 2):
        history.list.setFocus()
        QTest.keyClick(history.list, Qt.Key.Key_Delete)
    assert [exchange.id for exchange in engine.history] == [3, 1]
    monkeypatch.setattr(history, "confirm", lambda: False)
    history.delete_all_button.click()
    assert engine.kinds().count("forget_history") == 1
    monkeypatch.setattr(history, "confirm", lambda: True)
    with qtbot.waitSignal(history.model.counted, check_params_cb=lambda total: total == 0):
        history.delete_all_button.click()
    assert "not kept" in history.message
