"""The ask window, driven as a person does, against a fake engine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.protocol import MAX_QUESTION, Status
from tests.helpers.ask_window import button, type_question
from tests.helpers.fake_engine import FakeEngine, drawn, moment
from ui.bridge import Bridge, decoded
from ui.presence import Light, Link, presence
from ui.window import AskWindow

NOON = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


def test_a_question_that_is_too_long_is_refused_and_kept(
    qtbot: QtBot, engine: FakeEngine, open_window: AskWindow
) -> None:
    open_window.composer.edit.setPlainText("x" * (MAX_QUESTION + 1))
    open_window.composer.submit()
    assert "4001" in open_window.message.words
    assert len(open_window.composer.edit.toPlainText()) == MAX_QUESTION + 1
    assert engine.asked == []


def test_the_light_and_the_words_follow_the_engine(open_window: AskWindow) -> None:
    open_window.show_presence(presence(Link.CONNECTED, Status(state="excluded", reason="Password manager")))
    assert not open_window.notice.isHidden()
    assert "Password manager" in open_window.notice.words
    open_window.show_presence(presence(Link.CONNECTED, Status(state="recording")))
    assert open_window.notice.isHidden()
    assert open_window.light is Light.RECORDING
    open_window.show_presence(presence(Link.CONNECTED, Status(state="recording", preparing=0.5)))
    assert "graphics card: 50 %" in open_window.notice.words
    assert open_window.light is Light.RECORDING
    open_window.show_presence(presence(Link.CONNECTED, Status(state="recording")))
    assert open_window.notice.isHidden()


def test_the_keyboard_goes_from_pause_to_resume_and_back(open_window: AskWindow) -> None:
    open_window.show_presence(presence(Link.CONNECTED, Status(state="recording")))
    button(open_window, "Pause").setFocus()
    open_window.show_presence(presence(Link.CONNECTED, Status(state="paused")))
    assert button(open_window, "Resume").hasFocus()
    open_window.show_presence(presence(Link.CONNECTED, Status(state="recording")))
    assert button(open_window, "Pause").hasFocus()


def test_pause_and_resume_reach_the_engine(qtbot: QtBot, engine: FakeEngine, open_window: AskWindow) -> None:
    open_window.controls.pause_quarter.trigger()
    qtbot.waitUntil(lambda: "pause" in engine.kinds())
    open_window.show_presence(presence(Link.CONNECTED, Status(state="paused")))
    button(open_window, "Resume").click()
    qtbot.waitUntil(lambda: "resume" in engine.kinds())


def test_what_is_remembered_is_said(open_window: AskWindow) -> None:
    open_window.show_since("08:12")
    open_window.show_status(Status(state="recording", moments=1, unread_moments=3, model_answers=True))
    assert open_window.facts == "Remembered since 08:12  ·  1 moment  ·  3 still to read"
    open_window.show_since("")
    open_window.show_status(Status(state="recording", model_answers=True))
    assert open_window.facts == "Nothing is remembered yet"


def test_a_moment_can_be_asked_about(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow
) -> None:
    engine.pictures = {1: drawn("a", ["b"], size=(640, 360))}
    open_window.open_moments((moment(1, NOON, "xterm", "make"),), 0)
    viewer = open_window.viewer
    assert viewer is not None
    qtbot.addWidget(viewer)
    qtbot.waitUntil(lambda: not viewer.picture().isNull())
    viewer.ask_button.click()
    assert open_window.composer.picture.width() == 640
    with qtbot.waitSignal(bridge.answered):
        type_question(open_window, "What is this?")
    sent = engine.asked[0].picture
    assert sent is not None
    assert decoded(sent).width() == 640
    assert open_window.composer.picture.isNull()


def test_a_pasted_picture_is_asked_about_and_can_be_removed(open_window: AskWindow) -> None:
    pasted = QMimeData()
    pasted.setImageData(decoded(drawn("a", [], size=(64, 48))))
    open_window.composer.edit.insertFromMimeData(pasted)
    assert open_window.composer.picture.width() == 64
    button(open_window, "Do not ask about this picture").click()
    assert open_window.composer.picture.isNull()


def test_a_dropped_file_that_is_no_picture_is_refused(open_window: AskWindow, tmp_path: Path) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(b"no picture")
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(path))])
    open_window.composer.edit.insertFromMimeData(dropped)
    assert open_window.composer.picture.isNull()
    assert "no picture" in open_window.message.words


def test_the_shortcuts_work(qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow) -> None:
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("?")
    QTest.keyClick(open_window.composer.edit, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert open_window.exchanges == []
    with qtbot.waitSignal(open_window.quit_wanted):
        QTest.keyClick(open_window.composer.edit, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)


def test_messages_come_back_one_by_one_when_dismissed(open_window: AskWindow) -> None:
    for words in ("first", "second", "first"):
        open_window.tell(words)
    assert open_window.message.words == "first"
    button(open_window, "Dismiss").click()
    assert open_window.message.words == "second"
    button(open_window, "Dismiss").click()
    assert open_window.message.isHidden()


def test_forgetting_ends_the_conversation_that_may_tell_of_it(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, open_window: AskWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with qtbot.waitSignal(bridge.answered):
        open_window.ask("What was the secret?")
    monkeypatch.setattr(open_window.controls, "confirm", lambda *_words: True)
    with qtbot.waitSignal(open_window.controls.forgotten):
        open_window.controls.forget_hour.trigger()
    assert open_window.exchanges == []
    assert "Forgotten" in open_window.message.words


def test_a_picture_dropped_anywhere_on_the_window_is_asked_about(open_window: AskWindow) -> None:
    dropped = QMimeData()
    dropped.setImageData(decoded(drawn("a", [], size=(64, 48))))
    drop(open_window, dropped)
    assert open_window.composer.picture.width() == 64
    drop(open_window, words := QMimeData())
    assert not words.hasImage()
    assert open_window.composer.picture.width() == 64


def test_a_file_dropped_on_the_window_that_is_no_picture_is_refused(open_window: AskWindow, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(tmp_path / "notes.txt"))])
    drop(open_window, dropped)
    assert open_window.composer.picture.isNull()
    assert "no picture" in open_window.message.words


def drop(window: AskWindow, data: QMimeData) -> None:
    """Drags ``data`` over the window and lets go, where the window would take it."""
    point, action = QPointF(20, 20), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(point, action, data, left, none)
    over.ignore()
    window.dragEnterEvent(over)
    if over.isAccepted():
        window.dropEvent(QDropEvent(point, action, data, left, none))
