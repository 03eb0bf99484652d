"""One connection to the engine: requests go out, and the events that answer each come back on a stream of its own.

May be used from several threads. Knows neither what can be asked (app.client) nor how an engine is started.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self, TypeVar

from app import protocol
from app.protocol import AnyEvent, Request
from app.transport import BadMessageError, Channel, ChannelClosedError
from core.errors import AfterimageError, EngineUnreachableError

ANSWER_SECONDS: Final = 30.0  # until a request other than a question must be answered

E = TypeVar("E", bound=protocol.Event)


class RequestFailedError(AfterimageError):
    """The engine could not do what was asked; ``message`` and ``remedy`` are the engine's."""


class RequestCancelledError(AfterimageError):
    """The request was cancelled before it was done."""


class Stream(Iterator[AnyEvent]):
    """The events that answer one request, until the last. Iterating raises RequestFailedError for a Failure and
    EngineUnreachableError when the engine goes away."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self._events: queue.SimpleQueue[AnyEvent | AfterimageError] = queue.SimpleQueue()
        self.number = number
        self.finished = False

    def __next__(self) -> AnyEvent:
        if self.finished:
            raise StopIteration
        return self.next_event()

    def next_event(self, timeout: float | None = None) -> AnyEvent:
        """The next event; raises TimeoutError after ``timeout`` seconds without one."""
        try:
            item = self._events.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(item, AfterimageError):
            self.finished = True
            raise item
        if not isinstance(item, protocol.StatusEvent | protocol.AnswerPiece | protocol.Progress):
            self.finished = True
        if isinstance(item, protocol.Failure):
            raise RequestFailedError(item.message, item.remedy)
        return item

    def cancel(self) -> None:
        """Asks the engine to stop; the stream then ends with a Cancelled event. May come from any thread."""
        if not self.finished:
            self._connection.cancel(self.number)

    def put(self, item: AnyEvent | AfterimageError) -> None:
        """For the connection's reading thread: hands over an event, or the error that ends the stream."""
        self._events.put(item)


class Connection:
    """A greeted connection. ``closed`` is set once it has ended, from either side."""

    def __init__(self, channel: Channel) -> None:
        """Says hello; raises EngineUnreachableError, or RequestFailedError when the versions differ."""
        self._channel = channel
        self._numbers = itertools.count(1)
        self._streams: dict[int, Stream] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._lost: EngineUnreachableError | None = None
        self.closed = threading.Event()
        self._reader = threading.Thread(target=self._read, name="engine-events", daemon=True)
        self._reader.start()
        try:
            hello = self._one(self._open(protocol.Hello(id=self._number())), protocol.HelloEvent)
        except AfterimageError:
            self.close()
            raise
        self.engine_pid = hello.pid

    def cancel(self, target: int) -> None:
        """Stops the request of that number; its stream ends with Cancelled."""
        with contextlib.suppress(EngineUnreachableError):
            self._send(protocol.Cancel(id=self._number(), target=target))

    def close(self) -> None:
        """Hangs up; every open stream ends with EngineUnreachableError."""
        self._channel.hang_up()
        if threading.current_thread() is not self._reader:
            self._reader.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _number(self) -> int:
        """The next request's number."""
        return next(self._numbers)

    def _done(self, request: Request, timeout: float | None = ANSWER_SECONDS) -> protocol.Done:
        return self._one(self._open(request), protocol.Done, timeout)

    def _one(self, stream: Stream, kind: type[E], timeout: float | None = ANSWER_SECONDS) -> E:
        """The next event that is not progress, which must be of ``kind``."""
        try:
            event = stream.next_event(timeout)
            while isinstance(event, protocol.Progress):
                event = stream.next_event(timeout)
        except TimeoutError:
            stream.cancel()
            raise EngineUnreachableError(
                f"The engine has not answered for {timeout:g} seconds.", "See `afterimage doctor`, or restart it."
            ) from None
        if isinstance(event, protocol.Cancelled):
            raise RequestCancelledError("The request was cancelled.")
        if not isinstance(event, kind):
            raise EngineUnreachableError("The engine answered with something else.", "Restart the program.")
        with self._lock:
            self._streams.pop(stream.number, None)
        return event

    def _open(self, request: Request) -> Stream:
        stream = Stream(self, request.id)
        with self._lock:
            if self._lost is not None:
                raise self._lost
            self._streams[request.id] = stream
        try:
            self._send(request)
        except AfterimageError:
            with self._lock:
                self._streams.pop(request.id, None)
            raise
        return stream

    def _send(self, request: Request) -> None:
        try:
            with self._sending:
                self._channel.send(request)
        except ChannelClosedError as error:
            raise _gone() from error

    def _read(self) -> None:
        """The reading thread: hands each event to the stream it belongs to, until the connection ends."""
        reason = _gone()
        try:
            while True:
                event = self._channel.receive(protocol.events)
                if event.id == protocol.UNASKED and isinstance(event, protocol.Failure):
                    reason = EngineUnreachableError(event.message, event.remedy)  # and then the engine hangs up
                with self._lock:
                    stream = self._streams.get(event.id)
                    if not isinstance(event, protocol.StatusEvent | protocol.AnswerPiece | protocol.Progress):
                        self._streams.pop(event.id, None)
                if stream is not None:
                    stream.put(event)
        except ChannelClosedError:
            pass
        except BadMessageError as error:
            reason = EngineUnreachableError(
                error.message, "Restart the program: its parts are of different versions."
            )
        finally:
            with self._lock:
                self._lost = reason
                streams = list(self._streams.values())
                self._streams.clear()
            for stream in streams:
                stream.put(reason)
            self._channel.hang_up()
            with self._sending:  # nobody writes to a file descriptor that may soon be another file's
                self._channel.close()
            self.closed.set()


def _gone() -> EngineUnreachableError:
    return EngineUnreachableError("The engine went away.", "It keeps what it remembered: try again in a moment.")
