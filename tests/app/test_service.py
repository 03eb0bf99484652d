"""The service on the real timeline, gate, reader and protocol; only the screen and the model are stand-ins."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from app import service as service_module
from app.client import Client, connect
from app.connection import RequestFailedError
from app.desk import Desk
from app.paths import Paths
from app.protocol import MAX_QUESTION, AnswerDone, Status, StatusEvent
from app.server import Server
from app.service import Service
from app.spoken import status_lines
from core.errors import InputError, WeightsError
from core.frame import utc_now
from tests.helpers.screens import FakeScreen, FakeSurroundings
from tests.helpers.sessions import NotingSession


class Running:
    """An engine without its process; time passes when the test says so."""

    def __init__(self, paths: Paths, screen: FakeScreen, *, resume: bool = False) -> None:
        self.screen = screen
        self.service = Service(paths, screen, threading.Event())
        self.shut_down = threading.Event()
        self.desk = Desk(self.service, self.shut_down.set, paths, FakeSurroundings())
        self.service.start(resume=resume)
        self.server = Server(paths, self.desk.answer)
        self.client: Client = connect(paths, start=False)

    def until(self, condition: Callable[[Status], bool]) -> Status:
        """Ticks until the status is as wanted; the test's own time limit ends the wait."""
        while not condition(status := self.client.status()):
            self.service.tick()
            self.desk.push()
        return status

    def end(self, *, in_order: bool = True) -> None:
        if in_order:
            self.service.end_in_order()
        self.client.close()
        self.desk.close()
        self.server.close()
        self.service.stop()


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> NotingSession:
    session = NotingSession()
    monkeypatch.setattr("core.session.open_session", lambda model, device="auto", threads=None: session)
    monkeypatch.setattr(service_module, "FIGURES_FOR", 0.0)
    monkeypatch.setattr(service_module, "DISK_EVERY", 0.0)
    monkeypatch.setattr(service_module, "RECOVER_EVERY", 0.01)
    return session


@pytest.fixture
def running(paths: Paths, session: NotingSession) -> Iterator[Running]:
    running = Running(paths, FakeScreen())
    yield running
    running.end()


def test_a_graphics_card_being_prepared_is_told_step_by_step(
    paths: Paths, session: NotingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, go_on = threading.Event(), threading.Event()

    def prepare(_session: NotingSession, report: Callable[[float], None]) -> None:
        for share in (0.25, 0.5):
            report(share)
            told.set()
            go_on.wait()
            go_on.clear()

    monkeypatch.setattr("core.preparation.prepare", prepare)
    running = Running(paths, FakeScreen())
    try:
        for share in (0.25, 0.5):
            told.wait()
            status = running.until(lambda status, share=share: status.preparing == share)  # type: ignore[misc]
            assert (status.state, status.model) == ("idle", "")
            assert f"preparing the graphics card, {share:.0%} done" in "\n".join(status_lines(status, utc_now()))
            go_on.set()
        assert running.until(lambda status: bool(status.model)).preparing is None
    finally:
        go_on.set()
        running.end()


def recording(status: Status) -> bool:
    return status.state == "recording" and status.moments > 0


def answer_to(client: Client, question: str) -> AnswerDone:
    *_, last = client.ask(question)
    assert isinstance(last, AnswerDone)
    return last


def test_what_was_shown_is_seen_noted_read_and_found(running: Running, session: NotingSession) -> None:
    running.screen.show("invoice number 884213", "report", "editor")
    running.client.watch()
    status = running.until(lambda status: recording(status) and status.unread_moments == 0 and status.tokens_seen > 0)
    assert "report" in session.seen[0]
    assert status.model == "noting"
    answer = answer_to(running.client, "what was the invoice number?")
    assert "884213" in answer.text
    assert answer.moments[0].window == "report"
    assert answer.moments[0].picture is not None
    assert Path(answer.moments[0].picture).is_file()
    assert running.client.picture(answer.moments[0].id).data[8:12] == b"WEBP"
    assert running.client.moments(text="invoice").total == 1
    assert running.client.moments(text="umbrella").total == 0
    with pytest.raises(RequestFailedError):
        running.client.picture(10**9)


def test_a_pause_ends_by_itself_and_no_frame_comes_while_it_lasts(running: Running) -> None:
    running.client.watch()
    running.until(recording)
    running.client.pause()
    frames = running.client.status().frames_seen
    status = running.until(lambda status: status.state == "paused")
    assert (status.frames_seen, status.paused_until) == (frames, None)
    running.client.pause(0.2)
    assert running.client.status().paused_until is not None
    status = running.until(recording)
    assert status.frames_seen > frames


def test_forgetting_takes_moments_pictures_memory_and_snapshots(
    running: Running, session: NotingSession, paths: Paths
) -> None:
    running.screen.show("a secret")
    running.client.watch()
    running.until(lambda status: recording(status) and status.tokens_seen > 0)
    running.client.stop()
    running.service.mind.reopen(lambda _report: session)  # saves
    running.until(lambda status: status.last_snapshot is not None)
    assert list(paths.snapshots.rglob("*.state"))
    done = running.client.forget(last_s=600)
    assert done.count == 1
    assert running.client.status().moments == 0
    assert session.seen == []
    assert not list(paths.snapshots.rglob("*.state"))
    assert not list((paths.timeline / "pictures").rglob("*.webp"))


def test_forgetting_since_a_time_keeps_what_was_before(running: Running) -> None:
    running.client.watch()
    running.until(recording)
    running.client.stop()
    assert running.client.forget(utc_now() + timedelta(hours=1)).count == 0
    assert running.client.status().moments == 1


def test_a_question_of_a_hundred_thousand_characters_is_refused_and_the_next_answered(running: Running) -> None:
    for question in ("x" * 100_000, "why? " * 20_000, "", "   "):
        with pytest.raises(RequestFailedError) as caught:
            list(running.client.ask(question))
        assert caught.value.remedy
    answer_to(running.client, ("was there anything? " * MAX_QUESTION)[:MAX_QUESTION])


@pytest.mark.parametrize(
    "title", ["a\0b\x1b[2Jc", "\u202egnp.exe", "\ud800 half", "x" * 50_000, "", "🙂\U0010ffff", "' OR 1=1 --", "<b>"]
)
def test_titles_of_any_characters_are_kept_shown_and_searched(running: Running, title: str) -> None:
    running.screen.show("plain words", title, title)
    running.client.watch()
    running.until(recording)
    moments = running.client.moments()
    assert moments.total == 1
    running.client.moments(
        text=title[:100].encode(errors="ignore").decode(), application=moments.moments[0].application
    )
    answer_to(running.client, "which window was open?")


def test_pages_of_a_search_belong_together_and_forgotten_moments_leave_them(running: Running) -> None:
    for number in range(3):
        running.screen.show(f"apple {number}", f"apple {number}")
        running.client.watch()
        running.until(lambda status, number=number: status.moments > number)  # type: ignore[misc]  # the loop's number
        running.client.stop()
    running.until(lambda status: status.unread_moments == 0)
    pages = [running.client.moments(text="apple", limit=1, offset=offset) for offset in range(4)]
    assert [page.total for page in pages] == [3, 3, 3, 3]
    assert [len(page.moments) for page in pages] == [1, 1, 1, 0]
    assert len({page.moments[0].id for page in pages[:3]}) == 3
    running.client.forget()
    assert running.client.moments(text="apple").moments == ()


@pytest.mark.parametrize("text", ['"', "a AND", "*", "(((", "\0", "NEAR(", "-" * 300, "ü̈" * 50])
def test_search_words_of_any_kind_are_no_error(running: Running, text: str) -> None:
    assert running.client.moments(text=text).total == 0


def test_a_damaged_database_is_set_aside_told_and_recording_goes_on(paths: Paths, session: NotingSession) -> None:
    first = Running(paths, FakeScreen())
    first.client.watch()
    first.until(recording)
    first.end()
    for name in ("timeline.sqlite3", "timeline.sqlite3-wal"):
        if (paths.timeline / name).exists():
            (paths.timeline / name).write_bytes(os.urandom(20_000))
    second = Running(paths, FakeScreen())
    try:
        assert second.client.status().notices
        second.client.watch()
        second.until(recording)
    finally:
        second.end()


def test_too_little_free_space_stops_recording_and_it_goes_on_by_itself(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.client.watch()
    running.until(recording)
    usage = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(path)._replace(free=1000))
    status = running.until(lambda status: status.state == "disk_full")
    assert status.reason
    running.until(lambda status: bool(status.notices))
    monkeypatch.setattr(shutil, "disk_usage", usage)
    running.until(recording)
    running.until(lambda status: not status.notices)


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can mount a small disk")
def test_a_really_full_disk_stops_recording_loses_nothing_and_it_goes_on_by_itself(
    paths: Paths, session: NotingSession
) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(paths.data)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine allows no mounts")
    try:
        filler = paths.data / "filler"
        paths.settings.write_text("[engine]\nkeep_free_gb = 0.0\n[capture]\nbusy_rate = 30.0\n")
        running = Running(paths, FakeScreen())
        try:
            running.client.watch()
            running.until(recording)
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            running.screen.noisy = True
            full = running.until(lambda status: status.state == "disk_full")
            kept = running.client.moments(limit=1000)
            assert kept.total >= 1
            assert full.reason
            filler.unlink()
            running.until(lambda status: recording(status) and status.moments > kept.total)
            ids = {moment.id for moment in running.client.moments(limit=1000).moments}
            assert {moment.id for moment in kept.moments} <= ids
        finally:
            running.end()
    finally:
        subprocess.run(["umount", "--lazy", str(paths.data)], check=True)


def test_settings_edited_by_hand_are_taken_up_and_excluded_windows_stay_out(running: Running, paths: Paths) -> None:
    running.screen.show("top secret", "diary of a user", "diary")
    paths.settings.write_text("[privacy]\napplications = ['diary']\nmode = 'drop'\n")
    running.until(lambda status: running.service.settings.privacy.mode == "drop")
    running.client.watch()
    status = running.until(lambda status: status.state == "excluded")
    assert "diary of" not in status.model_dump_json()
    assert (status.moments, status.tokens_seen) == (0, 0)
    running.client.change_setting("privacy.applications", "")
    running.until(recording)


def test_a_smaller_budget_stops_recording_at_once_and_a_larger_one_lets_it_go_on(running: Running) -> None:
    running.client.watch()
    running.until(recording)
    running.client.change_setting("timeline.budget_gb", "0.0000001")
    running.screen.noisy = True
    running.until(lambda status: status.state == "disk_full")
    running.client.change_setting("timeline.budget_gb", "1")
    running.until(recording)


def test_a_broken_settings_file_is_told(running: Running, paths: Paths) -> None:
    paths.settings.write_text("[privacy")
    status = running.until(lambda status: bool(status.notices))
    assert "set aside" in status.notices[0] or "kept as" in status.notices[0]


def test_a_wrong_setting_is_refused_with_a_hint(running: Running) -> None:
    with pytest.raises(RequestFailedError) as caught:
        running.client.change_setting("privacy.titels", "x")
    assert "privacy.titles" in caught.value.remedy


def test_memory_only_leaves_nothing_in_the_timeline(running: Running, session: NotingSession) -> None:
    running.client.change_setting("privacy.memory_only", "on")
    running.client.watch()
    status = running.until(lambda status: status.tokens_seen > 0)
    assert status.moments == 0
    assert session.seen


def test_subscribers_hear_of_changes(running: Running) -> None:
    stream = running.client.subscribe()
    first = next(stream)
    assert isinstance(first, StatusEvent)
    assert first.status.state == "idle"
    running.client.watch()
    running.until(recording)
    running.desk.push()
    states = []
    while "recording" not in states:
        event = stream.next_event(10)
        assert isinstance(event, StatusEvent)
        states.append(event.status.state)
    stream.cancel()
    assert [event.kind for event in stream][-1] == "cancelled"


def test_an_attached_recording_ends_with_its_connection(running: Running, paths: Paths) -> None:
    with connect(paths, start=False) as other:
        other.watch(attached=True)
        running.until(recording)
    running.until(lambda status: status.state == "idle")


def test_an_attached_recording_that_was_replaced_outlives_its_connection(running: Running, paths: Paths) -> None:
    with connect(paths, start=False) as other:
        other.watch(attached=True)
        running.client.watch()
        other.close()
        running.until(lambda status: running.server.connections == 1)
    running.until(recording)


def test_a_killed_engines_recording_is_taken_up_only_when_asked(paths: Paths, session: NotingSession) -> None:
    first = Running(paths, FakeScreen())
    first.client.watch()
    first.until(recording)
    first.end(in_order=False)
    again = Running(paths, FakeScreen(), resume=True)
    again.until(recording)
    again.end(in_order=False)
    last = Running(paths, FakeScreen())
    assert last.client.status().state == "idle"
    last.end()


def test_a_clock_set_back_never_lengthens_a_pause(
    paths: Paths, session: NotingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Running(paths, FakeScreen())
    first.client.pause(600)
    first.end(in_order=False)
    real = utc_now
    monkeypatch.setattr(service_module, "utc_now", lambda: real() - timedelta(hours=5))
    second = Running(paths, FakeScreen())
    until = second.client.status().paused_until
    assert until is not None
    assert until - (real() - timedelta(hours=5)) <= timedelta(seconds=600)
    second.end()


def test_forgetting_the_last_minutes_after_the_clock_was_set_forward_takes_what_was_seen_then(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.service.tick()
    running.client.watch()
    running.until(recording)
    running.client.stop()
    real = utc_now
    monkeypatch.setattr(service_module, "utc_now", lambda: real() + timedelta(hours=5))
    running.service.tick()
    assert running.client.forget(last_s=600).count == 1


def test_without_a_model_the_timeline_still_answers_and_the_reason_is_told(
    paths: Paths, session: NotingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(model: Path | None, device: str = "auto", threads: int | None = None) -> None:
        raise WeightsError("config.json is missing.", "Download it again.")

    monkeypatch.setattr("core.session.open_session", missing)
    running = Running(paths, FakeScreen("order 5512 was shipped"))
    try:
        running.client.watch()
        running.until(lambda status: recording(status) and status.unread_moments == 0)
        assert "5512" in answer_to(running.client, "which order was shipped?").text
        assert "config.json" in running.client.status().notices[0]
    finally:
        running.end()


def test_numbers_and_times_beyond_all_bounds_are_refused_and_the_engine_goes_on(running: Running) -> None:
    beyond: list[Callable[[Client], object]] = [
        lambda client: client.pause(1e300),
        lambda client: client.pause(float("inf")),
        lambda client: client.pause(-1),
        lambda client: client.forget(last_s=1e300),
        lambda client: client.forget(utc_now(), end=utc_now() - timedelta(hours=1)),
        lambda client: client.moments(limit=10**9),
        lambda client: client.moments(offset=10**30),
        lambda client: client.picture(10**30),
        lambda client: client.picture(-1),
        lambda client: client.watch((), fps=1e300),
    ]
    for ask in beyond:
        with pytest.raises((ValidationError, RequestFailedError)):
            ask(running.client)
    naive = datetime(2026, 3, 2)  # noqa: DTZ001 - that is the point
    for refused in (
        lambda: running.client.moments(start=naive),
        lambda: running.client.forget(naive),
        lambda: list(running.client.ask("what?", now=naive)),
    ):
        with pytest.raises(RequestFailedError, match="time zone"):
            refused()
    edge = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    assert running.client.moments(start=edge[0], end=edge[1]).total == 0
    assert running.client.moments(start=edge[1], end=edge[0]).total == 0
    assert running.client.forget(edge[1]).count == 0
    running.service.tick()
    running.desk.push()
    assert running.client.status().state == "idle"


def test_a_question_of_bytes_that_are_no_text_is_asked_all_the_same(running: Running) -> None:
    answer_to(running.client, "what was \udcff there?")
    with pytest.raises(InputError):
        running.client.watch(("/no\udcfftext",))


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"RIFF\x10\0\0\0WEBPVP8 "])
def test_a_picture_that_cannot_be_read_is_refused(running: Running, data: bytes) -> None:
    with pytest.raises(RequestFailedError, match="picture cannot be read"):
        list(running.client.ask("what is this?", picture=data))


def test_the_index_is_made_anew_with_progress_and_searches_go_on(running: Running, session: NotingSession) -> None:
    running.screen.show("invoice number 884213")
    running.client.watch()
    running.until(lambda status: recording(status) and status.unread_moments == 0)
    events = list(running.client.rebuild_index())
    assert [event.kind for event in events] == ["progress"] * (len(events) - 1) + ["done"]
    assert len(events) > 1
    assert running.client.moments(text="invoice").total == 1


def test_forgetting_can_be_cancelled_while_it_waits_for_the_model(running: Running, session: NotingSession) -> None:
    running.client.watch()
    running.until(lambda status: recording(status) and status.tokens_seen > 0)
    running.client.stop()
    free = threading.Event()
    busy = running.service.mind.run(lambda _session: free.wait(20))
    stream = running.client.forgetting()
    assert next(stream).kind == "progress"
    stream.cancel()
    assert [event.kind for event in stream][-1] == "cancelled"
    free.set()
    assert busy.result()
    running.service.mind.run(lambda _session: None).result()
    assert running.client.status().moments > 0
    events = list(running.client.forgetting())
    assert [event.kind for event in events][-1] == "done"
    assert running.client.status().moments == 0


def test_switching_memory_only_on_ends_what_the_timeline_has_of_the_screen(running: Running) -> None:
    running.client.watch()
    running.until(recording)
    running.client.change_setting("privacy.memory_only", "on")
    (moment,) = running.service.timeline.between()
    ended = moment.ended
    frames = running.client.status().frames_seen
    running.until(lambda status: status.frames_seen > frames + 2)
    (moment,) = running.service.timeline.between()
    assert moment.ended == ended
