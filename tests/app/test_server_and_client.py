"""Both sides of the protocol against each other, and against askers that do not play by it."""

import queue
import socket
import threading
from collections.abc import Iterator

import pytest

from app import protocol, server, transport
from app.client import Client, connect
from app.connection import RequestFailedError
from app.paths import Paths
from app.protocol import AnyRequest, Status
from app.server import Reply, Server
from app.transport import ChannelClosedError, dial
from core.errors import EngineUnreachableError, InputError


class Handler:
    """Keeps what it was asked; answers what the test wants answered."""

    def __init__(self) -> None:
        self.asked: queue.SimpleQueue[tuple[AnyRequest, Reply]] = queue.SimpleQueue()

    def __call__(self, request: AnyRequest, reply: Reply) -> None:
        if isinstance(request, protocol.Pause):
            raise InputError("Not now.", "Later.")
        if isinstance(request, protocol.Resume):
            raise ZeroDivisionError("the title of a window")
        if isinstance(request, protocol.GetStatus):
            reply.put_last(protocol.StatusEvent(id=reply.id, status=Status(state="idle")))
        else:
            self.asked.put((request, reply))


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def running(paths: Paths, handler: Handler) -> Iterator[Server]:
    running = Server(paths, handler)
    yield running
    running.close()


@pytest.fixture
def client(paths: Paths, running: Server) -> Iterator[Client]:
    with connect(paths, start=False) as client:
        yield client


def test_without_an_engine_the_client_says_what_to_do(paths: Paths) -> None:
    with pytest.raises(EngineUnreachableError) as caught:
        connect(paths, start=False)
    assert "afterimage" in caught.value.remedy


def test_pieces_stream_and_the_answer_ends_the_request(client: Client, handler: Handler) -> None:
    stream = client.ask("what?")
    request, reply = handler.asked.get()
    assert isinstance(request, protocol.Ask)
    for text in ("a", "b"):
        reply.put(protocol.AnswerPiece(id=reply.id, text=text))
    reply.put(protocol.AnswerDone(id=reply.id, text="ab", origin="memory"))
    reply.put(protocol.AnswerPiece(id=reply.id, text="after the end"))
    events = list(stream)
    assert [event.kind for event in events] == ["piece", "piece", "answer"]


def test_requests_of_one_connection_do_not_wait_for_each_other(client: Client, handler: Handler) -> None:
    stream = client.ask("slow")
    _, reply = handler.asked.get()
    assert client.status().state == "idle"
    assert client.status().state == "idle"
    reply.put(protocol.AnswerDone(id=reply.id, text="", origin="none"))
    assert [event.kind for event in stream] == ["answer"]


def test_cancelling_ends_the_stream_at_once_and_tells_the_one_who_answers(client: Client, handler: Handler) -> None:
    stream = client.ask("long")
    _, reply = handler.asked.get()
    stream.cancel()
    assert [event.kind for event in stream] == ["cancelled"]
    reply.cancelled.wait()
    reply.put(protocol.AnswerPiece(id=reply.id, text="nobody reads this"))
    assert client.status().state == "idle"


def test_a_refusal_is_raised_with_its_remedy(client: Client) -> None:
    with pytest.raises(RequestFailedError) as caught:
        client.pause()
    assert (caught.value.message, caught.value.remedy) == ("Not now.", "Later.")


def test_a_bug_in_one_answer_is_told_without_what_it_quotes(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RequestFailedError) as caught:
        client.resume()
    assert "window" not in str(caught.value)
    assert client.status().state == "idle"
    assert len(caplog.records) == 1


def test_streams_end_when_the_engine_goes_away(client: Client, running: Server, handler: Handler) -> None:
    stream = client.ask("what?")
    handler.asked.get()
    running.close()
    with pytest.raises(EngineUnreachableError):
        next(stream)
    with pytest.raises(EngineUnreachableError):
        client.status()


def test_whoever_answers_learns_that_the_asker_is_gone(paths: Paths, running: Server, handler: Handler) -> None:
    gone = threading.Event()
    client = connect(paths, start=False)
    client.ask("what?")
    _, reply = handler.asked.get()
    reply.when_gone(gone.set)
    client.close()
    gone.wait()
    reply.cancelled.wait()
    late = threading.Event()
    reply.when_gone(late.set)
    assert late.is_set()


def test_another_version_is_refused_with_both_versions_named(paths: Paths, running: Server) -> None:
    channel = dial(paths)
    channel.send(protocol.Hello(id=0, version=protocol.PROTOCOL_VERSION + 1))
    event = channel.receive(protocol.events)
    assert isinstance(event, protocol.Failure)
    assert str(protocol.PROTOCOL_VERSION + 1) in event.message
    with pytest.raises(ChannelClosedError):
        channel.receive(protocol.events)
    channel.close()


def test_a_request_before_the_hello_is_refused(paths: Paths, running: Server, handler: Handler) -> None:
    channel = dial(paths)
    channel.send(protocol.Shutdown(id=0))
    assert isinstance(channel.receive(protocol.events), protocol.Failure)
    channel.close()
    assert handler.asked.empty()


def test_an_asker_that_sends_rubbish_loses_its_connection_and_no_other(paths: Paths, client: Client) -> None:
    channel = dial(paths)
    channel.send(protocol.Hello(id=0))
    channel.receive(protocol.events)
    channel.send_bytes(b"rubbish")
    assert isinstance(channel.receive(protocol.events), protocol.Failure)
    with pytest.raises(ChannelClosedError):
        channel.receive(protocol.events)
    channel.close()
    assert client.status().state == "idle"


def test_an_asker_that_does_not_read_is_hung_up_on_and_holds_nobody_up(
    paths: Paths, client: Client, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_UNSENT_BYTES", 100_000)
    channel = dial(paths)
    channel.send(protocol.Hello(id=0))
    channel.send(protocol.Ask(id=1, question="what?"))
    _, reply = handler.asked.get()
    while not reply.cancelled.is_set():
        reply.put(protocol.AnswerPiece(id=1, text="x" * 10_000))
    assert client.status().state == "idle"
    channel.close()


def test_only_the_newest_status_waits_for_a_slow_asker(paths: Paths, running: Server, handler: Handler) -> None:
    channel = dial(paths)
    channel.send(protocol.Hello(id=0))
    channel.send(protocol.Subscribe(id=1))
    _, reply = handler.asked.get()
    sent = 3000
    for number in range(sent):
        reply.put(protocol.StatusEvent(id=1, status=Status(state="idle", frames_seen=number, reason="x" * 500)))
    received: list[int] = []
    while not received or received[-1] < sent - 1:
        event = channel.receive(protocol.events)
        if isinstance(event, protocol.StatusEvent):
            received.append(event.status.frames_seen)
    assert received == sorted(received)
    assert len(received) < sent
    channel.close()


def test_too_many_requests_or_two_of_one_number_end_the_connection(paths: Paths, running: Server) -> None:
    for numbers in ([1, 1], list(range(1, server.MAX_OPEN_REQUESTS + 2))):
        channel = dial(paths)
        channel.send(protocol.Hello(id=0))
        channel.receive(protocol.events)
        for number in numbers:
            channel.send(protocol.Ask(id=number, question="?"))
        assert isinstance(channel.receive(protocol.events), protocol.Failure)
        with pytest.raises(ChannelClosedError):
            channel.receive(protocol.events)
        channel.close()


def test_more_callers_than_allowed_are_turned_away_and_a_place_becomes_free(
    paths: Paths, running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    first, second = connect(paths, start=False), connect(paths, start=False)
    with pytest.raises(EngineUnreachableError):
        Client(dial(paths))
    first.close()
    while running.connections > 1:
        pass
    third = connect(paths, start=False)
    assert third.status().state == "idle"
    second.close()
    third.close()


def test_callers_that_never_greet_hold_nobody_up(
    paths: Paths, running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_SECONDS", 0.3)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(5)]
    for one in silent:
        one.connect(paths.address)
    with connect(paths, start=False) as client:
        assert client.status().state == "idle"
    for one in silent:
        assert len(one.recv(100)) >= 0
        one.close()


def test_closing_sends_what_is_queued_first(paths: Paths, handler: Handler) -> None:
    running = Server(paths, handler)
    client = connect(paths, start=False)
    stream = client.ask("last")
    _, reply = handler.asked.get()
    reply.put(protocol.AnswerDone(id=reply.id, text="good-bye", origin="none"))
    running.close()
    assert [event.kind for event in stream] == ["answer"]
    client.close()
