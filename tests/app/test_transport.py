import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import protocol, transport
from app.paths import Paths
from app.transport import BadMessageError, Channel, ChannelClosedError, Door, dial
from core.errors import EngineUnreachableError


@pytest.fixture
def door(paths: Paths) -> Iterator[Door]:
    door = Door(paths)
    yield door
    door.close()


class Host:
    """Accepts one caller on a thread of its own."""

    def __init__(self, door: Door) -> None:
        self.channel: Channel | None = None
        self.welcome = False
        self._door = door
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        self.channel = self._door.accept()
        self.welcome = self._door.greet(self.channel)

    def done(self) -> Channel:
        self._thread.join()
        assert self.channel is not None
        return self.channel


def test_a_caller_with_the_key_is_welcome_and_messages_go_both_ways(paths: Paths, door: Door) -> None:
    host = Host(door)
    caller = dial(paths)
    channel = host.done()
    assert host.welcome
    caller.send(protocol.Ask(id=1, question="what?\0\u202e€"))
    assert channel.receive(protocol.requests) == protocol.Ask(id=1, question="what?\0\u202e€")
    channel.send(protocol.Done(id=1))
    assert caller.receive(protocol.events) == protocol.Done(id=1)
    caller.close()
    channel.close()


def test_only_this_user_can_reach_socket_and_key(paths: Paths, door: Door) -> None:
    for path in (Path(paths.address), paths.key):
        assert path.stat().st_mode & 0o077 == 0
    assert paths.runtime.stat().st_mode & 0o077 == 0


def test_a_caller_with_another_key_is_refused(paths: Paths, door: Door) -> None:
    paths.key.write_bytes(b"0" * 32)
    host = Host(door)
    with pytest.raises(EngineUnreachableError):
        dial(paths)
    host.done().close()
    assert not host.welcome


def test_an_echo_of_our_own_challenge_is_no_proof(paths: Paths, door: Door) -> None:
    host = Host(door)
    with socket.socket(socket.AF_UNIX) as echo:
        echo.connect(paths.address)
        with contextlib.suppress(OSError):
            while data := echo.recv(4096):
                echo.sendall(data)
    host.done().close()
    assert not host.welcome


def test_a_caller_that_says_nothing_is_dropped_in_time(
    paths: Paths, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_SECONDS", 0.05)
    host = Host(door)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(paths.address)
        host.done().close()
    assert not host.welcome


def test_a_false_engine_that_says_nothing_is_not_waited_for(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_SECONDS", 0.05)
    paths.key.write_bytes(b"0" * 32)
    with socket.socket(socket.AF_UNIX) as false:
        false.bind(paths.address)
        false.listen()
        with pytest.raises(EngineUnreachableError):
            dial(paths)


def test_a_socket_left_by_a_dead_engine_is_replaced(paths: Paths) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(paths.address)
    with pytest.raises(EngineUnreachableError):
        dial(paths)
    door = Door(paths)
    host = Host(door)
    dial(paths).close()
    host.done().close()
    door.close()


@pytest.mark.parametrize(
    "data", [b"", b"no json", b"[1]", b'{"kind": "status"}', b'{"kind": "eval", "id": 1}', b"[" * 10**5]
)
def test_what_is_no_message_is_refused_without_repeating_it(paths: Paths, door: Door, data: bytes) -> None:
    host = Host(door)
    caller = dial(paths)
    channel = host.done()
    caller.send_bytes(data)
    with pytest.raises(BadMessageError) as caught:
        channel.receive(protocol.requests)
    assert "eval" not in str(caught.value)
    caller.close()
    channel.close()


def test_a_message_that_announces_too_much_ends_the_connection_before_it_is_read(paths: Paths, door: Door) -> None:
    host = Host(door)
    caller = dial(paths)
    channel = host.done()
    caller.send_bytes(b"x" * 1000)
    with pytest.raises(ChannelClosedError):
        channel.receive_bytes(999)
    with pytest.raises(BadMessageError):
        caller.send_bytes(bytes(protocol.MAX_MESSAGE + 1))
    caller.close()
    channel.close()


def test_hanging_up_wakes_a_thread_that_waits(paths: Paths, door: Door) -> None:
    host = Host(door)
    caller = dial(paths)
    channel = host.done()
    outcome: list[type[BaseException]] = []

    def wait() -> None:
        try:
            caller.receive_bytes()
        except ChannelClosedError as error:
            outcome.append(type(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    caller.hang_up()
    waiting.join()
    assert outcome == [ChannelClosedError]
    caller.close()
    channel.close()


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="needs another user to call as")
def test_another_user_is_refused_even_where_the_folder_is_open(paths: Paths, door: Door) -> None:
    for folder in (*paths.runtime.parents, paths.runtime):
        if folder.is_relative_to("/tmp/pytest-of-root"):
            folder.chmod(0o755)
    Path(paths.address).chmod(0o666)
    host = Host(door)
    child = os.fork()
    if child == 0:  # the other user
        os.setuid(65534)
        code = 1
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
            caller.connect(paths.address)
            code = 0 if caller.recv(100) == b"" else 2
        os._exit(code)
    channel = host.done()
    assert not host.welcome
    channel.close()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
