"""The engine's side of the local protocol: who may ask, how much, and how answers get back.

Each connection has a thread that reads requests and one that writes events, so that a slow or hostile asker holds
up nobody but itself: what it does not read in time is bounded, and then it is hung up on. Knows nothing of what
requests do; that is the handler's.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from app import protocol
from app.paths import Paths
from app.protocol import AnyEvent, AnyRequest
from app.transport import BadMessageError, Channel, ChannelClosedError, Door
from core.errors import AfterimageError

MAX_CONNECTIONS: Final = 32
MAX_OPEN_REQUESTS: Final = 64  # of one connection, answered late: questions, subscriptions
MAX_UNSENT_BYTES: Final = 2 * protocol.MAX_MESSAGE
MAX_UNSENT_EVENTS: Final = 10_000
GOES_ON: Final = (protocol.StatusEvent, protocol.AnswerPiece, protocol.Progress)  # others end their request
JOIN_SECONDS: Final = 2.0

log = logging.getLogger(__name__)


class Reply:
    """Where the events that answer one request go. May be used from any thread, also after the asker has gone."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self.id = number
        self.cancelled = threading.Event()  # the asker cancelled or went away: nobody reads the rest

    def put(self, event: AnyEvent) -> None:
        """Queues an event; does nothing once the request is cancelled or finished."""
        self._connection.put(self, event)

    def put_last(self, event: AnyEvent) -> None:
        """Queues an event after which the request is finished, of a kind that does not tell so itself."""
        self._connection.put(self, event, last=True)

    def fail(self, message: str, remedy: str = "") -> None:
        self.put(protocol.Failure(id=self.id, message=message, remedy=remedy))

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Calls back, once and on a thread of the server's, when the asker's connection ends."""
        self._connection.when_gone(callback)


Handler = Callable[[AnyRequest, Reply], None]


class Server:
    """Listens until closed. Raises OSError where the address cannot be had."""

    def __init__(self, paths: Paths, handler: Handler) -> None:
        self._handler = handler
        self._door = Door(paths)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._thread = threading.Thread(target=self._welcome, name="door", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many askers are connected now."""
        with self._lock:
            return sum(connection.greeted for connection in self._connections)

    def close(self) -> None:
        """Says good-bye to everybody: queued events are sent where the other side reads them in time."""
        self._closing.set()
        self._door.close()
        self._thread.join(JOIN_SECONDS)
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.finish()

    def _welcome(self) -> None:
        while not self._closing.is_set():
            try:
                channel = self._door.accept()
            except OSError:
                if self._closing.is_set():
                    return
                # For example out of file descriptors: this caller is lost, the next one need not be.
                log.warning("a caller could not be let in")
                self._closing.wait(0.1)
                continue
            with self._lock:
                full = self._closing.is_set() or len(self._connections) >= MAX_CONNECTIONS
                if not full:
                    connection = Connection(channel, self._door, self._handler, self._leave)
                    self._connections.add(connection)
            if full:
                channel.close()
            else:
                connection.start()

    def _leave(self, connection: Connection) -> None:
        with self._lock:
            self._connections.discard(connection)


class Connection:
    """One asker. Its reading thread greets, reads and hands over requests; its writing thread sends events."""

    def __init__(self, channel: Channel, door: Door, handler: Handler, leave: Callable[[Connection], None]) -> None:
        self._channel = channel
        self._door = door
        self._handler = handler
        self._leave = leave
        self.greeted = False
        self._open: dict[int, Reply] = {}
        self._gone_callbacks: list[Callable[[], None]] = []
        self._unsent: deque[tuple[AnyEvent, bytes]] = deque()
        self._unsent_bytes = 0
        self._ending = False  # nothing more is queued; the writing thread ends after what is
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="asker-reads", daemon=True)
        self._writer = threading.Thread(target=self._write, name="asker-writes", daemon=True)

    def start(self) -> None:
        self._reader.start()

    def finish(self) -> None:
        """Sends what is queued, then hangs up."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if self._writer.is_alive():
            self._writer.join(JOIN_SECONDS)
        self._channel.hang_up()
        if threading.current_thread() is not self._reader:
            self._reader.join(JOIN_SECONDS)

    def when_gone(self, callback: Callable[[], None]) -> None:
        with self._changed:
            if not self._ending:
                self._gone_callbacks.append(callback)
                return
        callback()

    def put(self, reply: Reply, event: AnyEvent, *, last: bool = False) -> None:
        data = event.model_dump_json().encode()
        with self._changed:
            if self._ending or self._open.get(reply.id) is not reply:
                return
            if isinstance(event, protocol.StatusEvent):
                self._drop_older_status(event.id)
            if last or not isinstance(event, GOES_ON):
                del self._open[reply.id]
            self._unsent.append((event, data))
            self._unsent_bytes += len(data)
            self._changed.notify_all()
            too_slow = self._unsent_bytes > MAX_UNSENT_BYTES or len(self._unsent) > MAX_UNSENT_EVENTS
        if too_slow:
            log.warning("hung up on an asker that does not read its answers")
            self._channel.hang_up()

    def _drop_older_status(self, number: int) -> None:
        """A status that was not sent yet is no longer true. Called with the lock held."""
        for index, (event, data) in enumerate(self._unsent):
            if isinstance(event, protocol.StatusEvent) and event.id == number:
                del self._unsent[index]
                self._unsent_bytes -= len(data)
                return

    def _read(self) -> None:
        try:
            if not self._door.greet(self._channel):
                return
            self.greeted = True
            self._writer.start()
            if self._hello():
                while True:
                    self._take(self._channel.receive(protocol.requests))
        except ChannelClosedError:
            pass
        except BadMessageError as error:
            self._refuse(protocol.UNASKED, error.message, "Restart the program: its parts differ in version.")
        finally:
            self._end()

    def _hello(self) -> bool:
        """Whether the first message is a Hello of this version."""
        first = self._channel.receive(protocol.requests)
        if not isinstance(first, protocol.Hello) or first.version != protocol.PROTOCOL_VERSION:
            theirs = first.version if isinstance(first, protocol.Hello) else "none"
            self._refuse(
                first.id,
                f"The engine speaks version {protocol.PROTOCOL_VERSION} of the protocol, the asker {theirs}.",
                "Quit the program everywhere and start it again: an older one is still running.",
            )
            return False
        reply = Reply(self, first.id)
        with self._changed:
            self._open[first.id] = reply
        reply.put(protocol.HelloEvent(id=first.id, pid=os.getpid()))
        return True

    def _take(self, request: AnyRequest) -> None:
        if isinstance(request, protocol.Cancel):
            self._cancel(request.target)
            return
        reply = Reply(self, request.id)
        with self._changed:
            known = request.id in self._open
            full = len(self._open) >= MAX_OPEN_REQUESTS
            if not known and not full:
                self._open[request.id] = reply
        if known or full:
            # Whoever does this is no client of ours; answering under the number of another request would mislead.
            raise BadMessageError("Too many requests at once, or two of one number.")
        try:
            self._handler(request, reply)
        except AfterimageError as error:
            reply.fail(error.message, error.remedy)
        except Exception:
            log.exception("a request of kind %s failed", request.kind)
            reply.fail("The engine could not do this because of a bug.", "The log has what a report needs.")

    def _cancel(self, target: int) -> None:
        with self._changed:
            reply = self._open.get(target)
        if reply is not None:
            reply.put(protocol.Cancelled(id=target))
            reply.cancelled.set()

    def _refuse(self, number: int, message: str, remedy: str) -> None:
        reply = Reply(self, number)
        with self._changed:
            self._open[number] = reply
        reply.fail(message, remedy)

    def _end(self) -> None:
        """The last thing that the reading thread does."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            callbacks, self._gone_callbacks = self._gone_callbacks, []
            replies, self._open = list(self._open.values()), {}
        for reply in replies:
            reply.cancelled.set()
        for callback in callbacks:
            callback()
        if self._writer.is_alive():
            self._writer.join(JOIN_SECONDS)
        self._channel.hang_up()
        if self._writer.is_alive():
            self._writer.join()
        self._channel.close()
        self._leave(self)

    def _write(self) -> None:
        with contextlib.suppress(ChannelClosedError):
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._unsent or self._ending)
                    if not self._unsent:
                        return
                    _event, data = self._unsent.popleft()
                    self._unsent_bytes -= len(data)
                self._channel.send_bytes(data)
        self._channel.hang_up()
