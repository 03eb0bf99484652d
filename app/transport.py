"""How messages travel between processes of one user: a Unix socket, or a named pipe on Windows.

Frames are the standard library's (length, then bytes); the bytes are one JSON object. Both sides prove that they
can read the key file, which only this user can. Knows nothing of what messages mean.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from multiprocessing import connection as connections
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.paths import Paths
from app.protocol import MAX_MESSAGE
from core.errors import EngineUnreachableError, InputError

HANDSHAKE_SECONDS: Final = 5.0
NONCE_BYTES: Final = 32
FAMILY: Final = "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"
BACKLOG: Final = 16

M = TypeVar("M")


class ChannelClosedError(Exception):
    """The other side went away, or this side hung up."""


class BadMessageError(InputError):
    """The other side sent what is no message: too long, not JSON, or of no known kind."""


class Channel:
    """One connection. One thread may send while another receives; :meth:`hang_up` may come from any thread."""

    # Any: the library's class differs by system (Connection, PipeConnection) and is generic in what it pickles.
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._hung_up = threading.Event()
        self._closing = threading.Lock()

    def send_bytes(self, data: bytes) -> None:
        """Blocks until the other side's buffer has room; raises ChannelClosedError."""
        if len(data) > MAX_MESSAGE:
            raise BadMessageError(f"A message of {len(data)} bytes is longer than the {MAX_MESSAGE} allowed.")
        try:
            self._connection.send_bytes(data)
        except (OSError, ValueError) as error:
            raise ChannelClosedError from error

    def receive_bytes(self, most: int = MAX_MESSAGE) -> bytes:
        """Blocks for the next message; raises ChannelClosedError, also when it would be longer than ``most``."""
        try:
            data: bytes = self._connection.recv_bytes(most)
        except (EOFError, OSError, ValueError, TypeError) as error:  # TypeError: hung up between two reads
            raise ChannelClosedError from error
        return data

    def send(self, message: BaseModel) -> None:
        """Raises ChannelClosedError, or BadMessageError for text that is no Unicode."""
        try:
            data = message.model_dump_json().encode()
        except ValueError as error:  # half a surrogate pair, from a file name of other bytes
            raise BadMessageError(
                "This holds characters that cannot be sent.", "Rename it, or leave them out."
            ) from error
        self.send_bytes(data)

    def receive(self, kind: TypeAdapter[M]) -> M:
        """The next message; raises ChannelClosedError or BadMessageError (which never repeats what was sent)."""
        data = self.receive_bytes()
        try:
            return kind.validate_json(data)
        except (ValidationError, ValueError, RecursionError) as error:
            raise BadMessageError("The other side sent a message that this version does not know.") from error

    def hang_up(self) -> None:
        """Ends the connection; whoever waits in a send or a receive gets ChannelClosedError."""
        with self._closing:
            if self._hung_up.is_set():
                return
            self._hung_up.set()
            if sys.platform == "win32":
                self._connection.close()
                return
            with contextlib.suppress(OSError, ValueError), self._socket() as alike:
                alike.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Gives the file descriptor back. Only for the last thread that uses the channel."""
        self.hang_up()
        with self._closing, contextlib.suppress(OSError):
            self._connection.close()

    def same_user(self) -> bool:
        """Asks the kernel who is calling, where it tells (Linux); elsewhere the folder and the key stand guard."""
        if not sys.platform.startswith("linux"):
            return True
        try:
            with self._socket() as alike:
                facts = alike.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except (OSError, ValueError):
            return False
        _pid, uid, _gid = struct.unpack("3i", facts)
        return bool(uid == os.getuid())

    def _socket(self) -> socket.socket:
        """A second handle on the connection's socket, to be closed by the caller."""
        return socket.socket(fileno=os.dup(self._connection.fileno()))


class Door:
    """The engine's end: accepts connections of this user. Raises OSError where the address cannot be had."""

    def __init__(self, paths: Paths) -> None:
        self._address = paths.address
        if FAMILY == "AF_UNIX":
            # Only the holder of the engine's lock opens the door: a socket that lies here is a dead engine's.
            Path(self._address).unlink(missing_ok=True)
        self._key = new_key(paths.key)
        self._listener = connections.Listener(self._address, FAMILY, backlog=BACKLOG)
        if FAMILY == "AF_UNIX":
            Path(self._address).chmod(0o600)

    def accept(self) -> Channel:
        """The next caller, not yet greeted; raises OSError when the door is closed."""
        return Channel(self._listener.accept())

    def greet(self, channel: Channel) -> bool:
        """Whether the caller is this user and knows the key; hangs up otherwise. Takes at most HANDSHAKE_SECONDS."""
        try:
            if not channel.same_user():
                raise ChannelClosedError
            with _limited(channel):
                _prove_each_other(channel, self._key, mine=b"engine", theirs=b"client")
        except ChannelClosedError:
            channel.hang_up()
            return False
        return True

    def close(self) -> None:
        """Closes the door; a thread that waits in :meth:`accept` gets OSError or one last, dead channel."""
        with contextlib.suppress(OSError):
            if FAMILY == "AF_UNIX":
                connections.Client(self._address, FAMILY).close()  # wakes the thread that waits
        self._listener.close()


def dial(paths: Paths) -> Channel:
    """A greeted connection to the engine; raises EngineUnreachableError."""
    unreachable = EngineUnreachableError("No engine is running.", "Start it with `afterimage`.")
    try:
        key = paths.key.read_bytes()
        channel = Channel(connections.Client(paths.address, FAMILY))
    except OSError as error:
        raise unreachable from error
    try:
        with _limited(channel):
            _prove_each_other(channel, key, mine=b"client", theirs=b"engine")
    except ChannelClosedError as error:
        channel.close()
        raise unreachable from error
    return channel


def new_key(path: Path) -> bytes:
    """Writes a fresh key that only this user can read, whole or not at all."""
    key = secrets.token_bytes(NONCE_BYTES)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key)
    fresh.replace(path)
    return key


def _prove_each_other(channel: Channel, key: bytes, *, mine: bytes, theirs: bytes) -> None:
    """Each side sends a number and proves the key on the other's; the roles keep an echo from passing as proof."""
    own = secrets.token_bytes(NONCE_BYTES)
    channel.send_bytes(own)
    other = channel.receive_bytes(NONCE_BYTES)
    channel.send_bytes(hmac.digest(key, mine + other, "sha256"))
    proof = channel.receive_bytes(NONCE_BYTES)
    if len(other) != NONCE_BYTES or not hmac.compare_digest(proof, hmac.digest(key, theirs + own, "sha256")):
        raise ChannelClosedError


@contextlib.contextmanager
def _limited(channel: Channel) -> Iterator[None]:
    """Hangs up when the block takes longer than HANDSHAKE_SECONDS."""
    timer = threading.Timer(HANDSHAKE_SECONDS, channel.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
