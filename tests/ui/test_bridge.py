"""Requests go out on worker threads; what comes back is heard on the main thread, in order."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.paths import Paths
from tests.helpers.fake_engine import FakeEngine, Script, drawn
from ui.bridge import Bridge, decoded
from ui.presence import Link


def always(*_: object) -> bool:
    return True


def test_connecting_says_so_and_then_tells_the_status(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    with qtbot.waitSignals(
        [bridge.link_changed, bridge.status_changed],
        order="strict",
        check_params_cbs=[lambda link, _: link is Link.CONNECTED, lambda status: status.state == "idle"],
    ):
        bridge.start()
    with qtbot.waitSignal(bridge.status_changed, check_params_cb=lambda status: status.state == "paused"):
        engine.tell(state="paused")


def test_an_answer_comes_piece_by_piece_and_then_whole(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    engine.script = Script(("The ", "price ", "was 7."), "memory")
    bridge.start()
    pieces: list[str] = []
    bridge.piece.connect(lambda _ticket, words: pieces.append(words))
    whole = "The price was 7."
    with qtbot.waitSignals(
        [bridge.piece, bridge.piece, bridge.piece, bridge.answered],
        order="strict",
        check_params_cbs=[always, always, always, lambda _ticket, answer: answer.text == whole],
    ):
        bridge.ask("What was the price?")
    assert pieces == ["The ", "price ", "was 7."]


def test_signals_come_on_the_main_thread(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    threads: list[threading.Thread] = []
    bridge.answered.connect(lambda *_: threads.append(threading.current_thread()))
    bridge.start()
    with qtbot.waitSignal(bridge.answered):
        bridge.ask("?")
    assert threads == [threading.main_thread()]


def test_a_cancelled_question_ends_as_cancelled(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    engine.script = Script(("one ", "two"), hold=threading.Event(), hold_after=1)
    bridge.start()
    with qtbot.waitSignal(bridge.piece):
        ticket = bridge.ask("?")
    with qtbot.waitSignal(bridge.cancelled, check_params_cb=lambda cancelled: cancelled == ticket):
        bridge.cancel(ticket)
    assert engine.asked[0].cancelled.wait(5)


def test_a_question_cancelled_before_it_was_sent_is_cancelled_all_the_same(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge
) -> None:
    engine.script = Script(("one",), hold=threading.Event())
    ticket = bridge.ask("?")
    bridge.cancel(ticket)
    with qtbot.waitSignal(bridge.cancelled, check_params_cb=lambda cancelled: cancelled == ticket):
        bridge.start()


def test_a_failure_brings_its_sentence_and_its_remedy(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    engine.script = Script(failure=("No memory left.", "Close a program."))
    bridge.start()
    with qtbot.waitSignal(bridge.failed) as waited:
        ticket = bridge.ask("?")
    assert waited.args == [ticket, "No memory left.", "Close a program."]


def test_a_request_made_before_the_engine_is_there_is_carried_out(qtbot: QtBot, paths: Paths, bridge: Bridge) -> None:
    ticket = bridge.pause(60)
    engine = FakeEngine(paths)
    try:
        with qtbot.waitSignal(bridge.done, check_params_cb=lambda done, _: done == ticket):
            bridge.start()
        assert engine.kinds().count("pause") == 1
    finally:
        bridge.stop()
        engine.close()


def test_an_engine_that_ends_in_order_is_not_started_again(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    bridge.start()
    with qtbot.waitSignal(bridge.status_changed):
        pass
    with qtbot.waitSignal(bridge.link_changed, check_params_cb=lambda link, _: link is Link.ENDED):
        engine.close()


def test_a_question_on_its_way_fails_when_the_engine_goes(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    engine.script = Script(("one ", "two"), hold=threading.Event(), hold_after=1)
    bridge.start()
    with qtbot.waitSignal(bridge.piece):
        ticket = bridge.ask("?")
    with qtbot.waitSignal(bridge.failed, check_params_cb=lambda failed, *_: failed == ticket):
        engine.script.hold = None
        engine.hang_up()


def test_a_picture_is_decoded_and_a_missing_one_is_null(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    engine.pictures[7] = drawn("t", ["line"], size=(320, 180))
    bridge.start()
    with qtbot.waitSignal(bridge.picture_fetched, check_params_cb=lambda moment, *_: moment == 7) as waited:
        bridge.fetch_picture(7, thumbnail=True)
    assert (waited.args[2].width(), waited.args[2].height()) == (320, 180)
    with qtbot.waitSignal(bridge.picture_fetched, check_params_cb=lambda moment, *_: moment == 8) as waited:
        bridge.fetch_picture(8, thumbnail=False)
    assert waited.args[2].isNull()


@pytest.mark.parametrize("form", ["WEBP", "AVIF", "PNG"])
def test_every_stored_form_of_picture_can_be_shown(form: str) -> None:
    file = BytesIO()
    Image.new("RGB", (33, 17), (200, 30, 40)).save(file, form)
    image = decoded(file.getvalue())
    assert (image.width(), image.height()) == (33, 17)
    assert image.pixelColor(5, 5).red() > 180


@pytest.mark.parametrize("data", [b"", b"no picture", b"RIFF\x00\x00\x00\x00WEBPVP8 "])
def test_what_is_no_picture_is_a_null_image(data: bytes) -> None:
    assert decoded(data) == QImage()


def test_an_export_tells_how_far_it_is_and_then_where_it_went(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, tmp_path: Path
) -> None:
    bridge.start()
    with qtbot.waitSignals(
        [bridge.progress, bridge.done],
        order="strict",
        check_params_cbs=[
            lambda _ticket, share, _message: share == 0.5,
            lambda _ticket, done: done.message == str(tmp_path / "out"),
        ],
    ):
        bridge.export(tmp_path / "out", {"application": "xterm"})


def test_a_judgement_reaches_the_history_and_is_read_back(qtbot: QtBot, engine: FakeEngine, bridge: Bridge) -> None:
    bridge.start()
    with qtbot.waitSignal(bridge.answered) as asked:
        bridge.ask("?")
    number = asked.args[1].exchange if asked.args else None
    assert number is not None
    bridge.done.connect(lambda *_: bridge.fetch_history("?"))
    with qtbot.waitSignals([bridge.done, bridge.history_fetched], order="strict"):
        bridge.judge(number, wrong=True, remark="no")
    assert engine.history[0].remark == "no"
