"""Histories, searches, exports and the memory's figures, asked of a running service over the real protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from app import service as service_module
from app.connection import RequestFailedError
from app.growth import MOST, Growth, Point
from app.paths import Paths
from app.protocol import AnswerDone, Cancelled, Done, Progress, Turn
from app.search import same_meaning
from core.frame import utc_now
from tests.app.test_service import Running, recording
from tests.helpers.screens import FakeScreen
from tests.helpers.sessions import NotingSession


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> NotingSession:
    session = NotingSession()
    monkeypatch.setattr("core.session.open_session", lambda model, device="auto", threads=None: session)
    monkeypatch.setattr(service_module, "FIGURES_FOR", 0.0)
    return session


@pytest.fixture
def running(paths: Paths, session: NotingSession) -> Iterator[Running]:
    """Has seen and read one window."""
    running = Running(paths, FakeScreen())
    running.screen.show("invoice number 884213", "report", "editor")
    running.client.watch()
    running.until(lambda status: recording(status) and status.unread_moments == 0 and status.tokens_seen > 0)
    running.client.stop()
    yield running
    running.end()


def ask(running: Running, question: str, *earlier: Turn, follows: int | None = None) -> AnswerDone:
    *_, last = running.client.ask(question, earlier=earlier, follows=follows)
    assert isinstance(last, AnswerDone)
    return last


def test_what_was_asked_is_kept_searched_judged_and_deleted(running: Running) -> None:
    answer = ask(running, "what was the invoice number?")
    assert answer.exchange is not None
    ask(running, "was there an umbrella?")
    everything = running.client.history()
    assert [exchange.question for exchange in everything.exchanges] == [
        "was there an umbrella?",
        "what was the invoice number?",
    ]
    (found,) = running.client.history("8842").exchanges
    assert (found.id, found.origin, found.wrong) == (answer.exchange, "evidence", False)
    assert found.moments[0].window == "report"
    assert found.said == answer.said
    assert found.said is not None
    assert "884213" in found.said.line
    running.client.judge(answer.exchange, wrong=True, remark="it is 884214")
    (found,) = running.client.history("invoice number").exchanges
    assert (found.wrong, found.remark) == (True, "it is 884214")
    assert running.client.forget_history((answer.exchange,)).count == 1
    assert running.client.history("invoice").total == 0
    with pytest.raises(RequestFailedError):
        running.client.judge(answer.exchange, wrong=True)
    assert running.client.forget_history().count == 1


def test_a_follow_up_reaches_the_recall_with_what_was_said(running: Running) -> None:
    asked = utc_now()
    first = ask(running, "what was the invoice number?")
    turn = Turn(
        question="what was the invoice number?",
        answer=first.text,
        asked=asked,
        moments=tuple(moment.id for moment in first.moments),
    )
    second = ask(running, "where was that?", turn, follows=first.exchange)
    assert "editor" in second.text
    assert second.after == "what was the invoice number?"
    assert running.client.history("where").exchanges[0].before == "what was the invoice number?"


def test_memory_only_keeps_no_history(running: Running) -> None:
    running.client.change_setting("privacy.memory_only", "true")
    assert ask(running, "what was the invoice number?").exchange is None
    assert running.client.history().total == 0


def test_forgetting_takes_the_answers_with_the_moments(running: Running) -> None:
    ask(running, "what was the invoice number?")
    (moment,) = running.client.moments().moments
    assert running.client.forget(moments=(moment.id,)).count == 1
    assert running.client.history().total == 0
    assert running.client.moments().total == 0


def test_forgetting_a_span_ends_where_it_ends(running: Running, session: NotingSession) -> None:
    (moment,) = running.client.moments().moments
    before = moment.time - timedelta(minutes=1)
    assert running.client.forget(before - timedelta(hours=1), end=before).count == 0
    assert running.client.moments().total == 1
    assert session.seen == []  # the memory went back to before the span all the same


def test_a_search_finds_words_of_the_same_meaning_after_the_words_themselves(running: Running) -> None:
    assert "error" in same_meaning("failure")
    running.screen.show("the build ended with a failure", "make", "xterm")
    running.client.watch()
    running.until(lambda status: status.moments == 2 and status.unread_moments == 0)
    (found,) = running.client.moments(text="crash").moments
    assert found.window == "make"
    assert len(running.client.found(found.id, "crash").places) == 1  # "failure" is marked
    assert running.client.found(found.id, "build failure").places != running.client.found(found.id, "crash").places
    assert running.client.moments(text="failure", window="ak").total == 1
    assert running.client.moments(text="failure", window="report").total == 0
    assert running.client.moments(source="nowhere").total == 0
    assert running.client.moments(window="REPO").total == 1


def test_what_only_its_meaning_finds_is_told_apart_and_not_marked(running: Running) -> None:
    running.screen.show("the physician called", "note", "editor")
    running.client.watch()
    meaning = running.service.timeline.meaning
    running.until(lambda status: status.moments == 2 and status.unread_moments == 0 and meaning.backlog() == 0)
    (found,) = running.client.moments(text="doctor").moments
    assert (found.window, found.by_meaning) == ("note", True)
    assert running.client.found(found.id, "doctor").places == ()
    (found,) = running.client.moments(text="physician").moments
    assert not found.by_meaning
    assert not running.client.moments().moments[0].by_meaning


def test_the_density_and_the_places_of_words_are_told(running: Running) -> None:
    (moment,) = running.client.moments().moments
    start = moment.time - timedelta(minutes=30)
    density = running.client.density(start, start + timedelta(hours=1), 4)
    assert density.counts == {"editor": (0, 0, 1, 0)}
    assert density.sources == (moment.source,)
    (place,) = running.client.found(moment.id, "884213").places
    left, _top, width, _height = place
    assert left > 0
    assert 0 < width < moment.rect[2]
    assert running.client.found(moment.id, "umbrella").places == ()
    with pytest.raises(RequestFailedError):
        running.client.density(start, start, 4)


def test_an_export_has_pictures_and_json(running: Running, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    *steps, last = running.client.export(folder)
    assert isinstance(last, Done)
    assert all(isinstance(step, Progress) for step in steps)
    (record,) = json.loads((folder / "moments.json").read_text())["moments"]
    assert record["window"] == "report"
    assert any("884213" in line["text"] for line in record["lines"])
    assert (folder / record["picture"]).read_bytes()[8:12] == b"WEBP"
    with pytest.raises(RequestFailedError):
        list(running.client.export(folder))  # it is there already
    with pytest.raises(RequestFailedError):
        list(running.client.export(tmp_path / "none", application="nobody"))
    with pytest.raises(RequestFailedError):
        list(running.client.export(Path("relative")))


def test_a_cancelled_export_leaves_nothing(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    going, cancelled = threading.Event(), threading.Event()

    def slow(*_arguments: object) -> Iterator[float]:
        from core.timeline.export import export

        steps = export(*_arguments)  # type: ignore[arg-type]  # as it was called
        try:
            for done in steps:
                going.set()
                cancelled.wait(10)
                yield done
        finally:
            steps.close()  # type: ignore[attr-defined]  # a generator

    monkeypatch.setattr("app.records.export", slow)
    stream = running.client.export(tmp_path / "out")
    assert going.wait(10)
    with pytest.raises(RequestFailedError, match="under way"):
        list(running.client.export(tmp_path / "other"))
    stream.cancel()
    *_, last = stream
    assert isinstance(last, Cancelled)
    cancelled.set()
    running.service.exports.stop()
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_the_memory_tells_its_size_and_what_it_saw_last(running: Running) -> None:
    running.service.tick()
    memory = running.client.memory()
    assert (memory.tokens, memory.state_bytes) == (10, 100)
    assert memory.points[-1].tokens == 10
    assert memory.view is not None
    assert "report" in memory.view.words
    assert memory.view.pictures[0][8:12] == b"WEBP"
    assert running.client.memory(memory.view.number).view is None
    running.client.forget()
    assert running.client.memory().view is None


def test_growth_is_spread_over_all_the_time_in_bounded_memory() -> None:
    growth = Growth()
    now = utc_now()
    for second in range(5000):
        growth.note(float(second), Point(now + timedelta(seconds=second), 10 * second, 100), 3 * second)
    points = growth.points()
    assert len(points) <= MOST
    assert points[0].tokens == 0
    assert points[-1].tokens > 49_000
    gaps = {later.tokens - earlier.tokens for earlier, later in pairwise(points)}
    assert len(gaps) == 1
    assert growth.frames_per_second == pytest.approx(3.0)
    growth.note(5000.0, Point(now, 500, 100), 15_000)
    assert max(point.tokens for point in growth.points()) <= 500


def test_without_notes_there_is_no_rate() -> None:
    growth = Growth()
    assert (growth.points(), growth.frames_per_second) == ((), 0.0)
