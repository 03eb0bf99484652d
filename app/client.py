"""The asking side of the local protocol: what the window, the tray and the command line talk to the engine with.

    with connect() as client:
        for event in client.ask("What was the price?"):
            ...

A client may be used from several threads; each request has a stream of its own. Knows neither Qt nor the model.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from app import protocol
from app.paths import HOME_VARIABLE, Paths, user_paths
from app.protocol import AnyEvent, Request
from app.transport import BadMessageError, Channel, ChannelClosedError, dial
from core.errors import AfterimageError, DiskFullError, EngineUnreachableError

START_SECONDS: Final = 60.0  # until an engine that was started must answer
END_SECONDS: Final = 60.0  # for saving the memory and ending; after that nobody waits for it any more
ANSWER_SECONDS: Final = 30.0  # until a request other than a question must be answered
EXIT_DISK_FULL: Final = 28  # an engine's exit status; its last words have no room either
RETRY_SECONDS: Final = 0.1
AGAIN_SECONDS: Final = 1.0  # between two starts of an engine that finds another one

# On Windows: no console window, and no Ctrl-C meant for the one who started it.
_NO_CONSOLE: Final[int] = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)

E = TypeVar("E", bound=protocol.Event)


class RequestFailedError(AfterimageError):
    """The engine could not do what was asked; ``message`` and ``remedy`` are the engine's."""


class RequestCancelledError(AfterimageError):
    """The request was cancelled before it was done."""


class Stream(Iterator[AnyEvent]):
    """The events that answer one request, until the last. Iterating raises RequestFailedError for a Failure and
    EngineUnreachableError when the engine goes away."""

    def __init__(self, client: Client, number: int) -> None:
        self._client = client
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
            self._client.cancel(self.number)

    def put(self, item: AnyEvent | AfterimageError) -> None:
        """For the client's reading thread: hands over an event, or the error that ends the stream."""
        self._events.put(item)


class Client:
    """One greeted connection to the engine. Use :func:`connect` to get one."""

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
            hello = self._one(self._open(protocol.Hello(id=next(self._numbers))), protocol.HelloEvent)
        except AfterimageError:
            self.close()
            raise
        self.engine_pid = hello.pid

    # --- what can be asked -------------------------------------------------------------------------------------

    def status(self) -> protocol.Status:
        return self._one(self._open(protocol.GetStatus(id=next(self._numbers))), protocol.StatusEvent).status

    def subscribe(self) -> Stream:
        """StatusEvents: now, at every change, at least once a second, until cancelled."""
        return self._open(protocol.Subscribe(id=next(self._numbers)))

    def ask(
        self,
        question: str,
        *,
        memory_only: bool = False,
        picture: bytes | None = None,
        now: datetime | None = None,
        earlier: tuple[protocol.Turn, ...] = (),
        picture_before: bytes | None = None,
        follows: int | None = None,
    ) -> Stream:
        """AnswerPieces, then one AnswerDone (or Cancelled). ``earlier``: the conversation so far, ``picture_before``:
        the picture it was about, ``follows``: the number of its last exchange in the history."""
        question = question.encode(errors="replace").decode()  # a terminal may hand in bytes that are no text
        return self._open(
            protocol.Ask(
                id=next(self._numbers),
                question=question,
                memory_only=memory_only,
                picture=picture,
                now=now,
                earlier=earlier,
                picture_before=picture_before,
                follows=follows,
            )
        )

    def watch(
        self, sources: tuple[str, ...] = ("screen",), *, fps: float | None = None, attached: bool = False
    ) -> protocol.Done:
        return self._done(protocol.Watch(id=next(self._numbers), sources=sources, fps=fps, attached=attached))

    def stop(self) -> protocol.Done:
        return self._done(protocol.Stop(id=next(self._numbers)))

    def pause(self, seconds: float | None = None) -> protocol.Done:
        return self._done(protocol.Pause(id=next(self._numbers), seconds=seconds))

    def resume(self) -> protocol.Done:
        return self._done(protocol.Resume(id=next(self._numbers)))

    def forget(
        self,
        start: datetime | None = None,
        *,
        end: datetime | None = None,
        last_s: float | None = None,
        moments: tuple[int, ...] = (),
    ) -> protocol.Done:
        """Deletes from ``start`` on (to ``end``), the last ``last_s`` seconds, these moments, or all; ``count`` says
        how many."""
        request = protocol.Forget(id=next(self._numbers), start=start, end=end, last_s=last_s, moments=moments)
        return self._done(request, timeout=None)

    def moments(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        text: str = "",
        application: str = "",
        window: str = "",
        source: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> protocol.Moments:
        request = protocol.GetMoments(
            id=next(self._numbers),
            start=start,
            end=end,
            text=text,
            application=application,
            window=window,
            source=source,
            limit=limit,
            offset=offset,
        )
        return self._one(self._open(request), protocol.Moments)

    def density(self, start: datetime, end: datetime, slots: int) -> protocol.Density:
        request = protocol.GetDensity(id=next(self._numbers), start=start, end=end, slots=slots)
        return self._one(self._open(request), protocol.Density)

    def found(self, moment: int, text: str) -> protocol.Found:
        return self._one(
            self._open(protocol.GetFound(id=next(self._numbers), moment=moment, text=text)), protocol.Found
        )

    def export(
        self,
        folder: Path,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        application: str = "",
        window: str = "",
        source: str = "",
    ) -> Stream:
        """Progress events, then one Done (or Cancelled)."""
        return self._open(
            protocol.Export(
                id=next(self._numbers),
                folder=str(folder),
                start=start,
                end=end,
                application=application,
                window=window,
                source=source,
            )
        )

    def history(self, text: str = "", *, limit: int = 50, offset: int = 0) -> protocol.History:
        request = protocol.GetHistory(id=next(self._numbers), text=text, limit=limit, offset=offset)
        return self._one(self._open(request), protocol.History)

    def judge(self, exchange: int, *, wrong: bool, remark: str = "") -> protocol.Done:
        return self._done(protocol.Judge(id=next(self._numbers), exchange=exchange, wrong=wrong, remark=remark))

    def forget_history(self, exchanges: tuple[int, ...] | None = None) -> protocol.Done:
        """Deletes these exchanges, or all; ``count`` is how many there were."""
        return self._done(protocol.ForgetHistory(id=next(self._numbers), exchanges=exchanges))

    def memory(self, known: int = 0) -> protocol.Memory:
        """``known``: the number of the view that the caller has already."""
        return self._one(self._open(protocol.GetMemory(id=next(self._numbers), known=known)), protocol.Memory)

    def picture(self, moment: int, *, thumbnail: bool = False) -> protocol.Picture:
        request = protocol.GetPicture(id=next(self._numbers), moment=moment, thumbnail=thumbnail)
        return self._one(self._open(request), protocol.Picture)

    def settings(self) -> tuple[protocol.SettingInfo, ...]:
        return self._one(self._open(protocol.GetSettings(id=next(self._numbers))), protocol.Settings).settings

    def change_setting(self, name: str, value: str) -> protocol.Done:
        return self._done(protocol.ChangeSetting(id=next(self._numbers), name=name, value=value))

    def windows(
        self,
        *,
        applications: tuple[str, ...] | None = None,
        titles: tuple[str, ...] | None = None,
        private_browsing: bool | None = None,
    ) -> protocol.Windows:
        """The open windows, and which of them these rules (None: those in force) would hide."""
        request = protocol.GetWindows(
            id=next(self._numbers), applications=applications, titles=titles, private_browsing=private_browsing
        )
        return self._one(self._open(request), protocol.Windows)

    def monitors(self) -> tuple[protocol.MonitorInfo, ...]:
        return self._one(self._open(protocol.GetMonitors(id=next(self._numbers))), protocol.Monitors).monitors

    def models(self) -> tuple[protocol.ModelInfo, ...]:
        return self._one(self._open(protocol.GetModels(id=next(self._numbers))), protocol.Models).models

    def fetch_model(self, name: str, *, use: bool = False) -> Stream:
        """Progress, then Done (or Cancelled)."""
        return self._open(protocol.FetchModel(id=next(self._numbers), name=name, use=use))

    def verify_model(self, name: str) -> Stream:
        """Progress, then Done whose message says what is wrong (or Cancelled)."""
        return self._open(protocol.VerifyModel(id=next(self._numbers), name=name))

    def rebuild_index(self) -> Stream:
        """Progress, then Done (or Cancelled)."""
        return self._open(protocol.RebuildIndex(id=next(self._numbers)))

    def forgetting(
        self,
        start: datetime | None = None,
        *,
        end: datetime | None = None,
        last_s: float | None = None,
        moments: tuple[int, ...] = (),
    ) -> Stream:
        """As :meth:`forget`, step by step: Progress, then Done (or Cancelled, while it still waits)."""
        number = next(self._numbers)
        return self._open(protocol.Forget(id=number, start=start, end=end, last_s=last_s, moments=moments))

    def shutdown(self) -> None:
        """Asks the engine to save and end; returns when its process is gone."""
        import psutil

        try:
            process = psutil.Process(self.engine_pid)
        except psutil.NoSuchProcess:
            return
        with contextlib.suppress(EngineUnreachableError):
            self._done(protocol.Shutdown(id=next(self._numbers)))
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(END_SECONDS)

    def cancel(self, target: int) -> None:
        """Stops the request of that number; its stream ends with Cancelled."""
        with contextlib.suppress(EngineUnreachableError):
            self._send(protocol.Cancel(id=next(self._numbers), target=target))

    # --- the connection ----------------------------------------------------------------------------------------

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


def connect(
    paths: Paths | None = None, *, start: bool = True, resume: bool = False, timeout: float = START_SECONDS
) -> Client:
    """A client of this user's engine, started first where none runs (and ``start`` allows it).

    ``resume``: an engine started here records again what a killed one was recording (see start_engine).
    Raises EngineUnreachableError or DiskFullError with what to do, RequestFailedError when the versions differ.
    """
    paths = paths or user_paths()
    with contextlib.suppress(EngineUnreachableError):
        return Client(dial(paths))
    if not start:
        raise EngineUnreachableError("No engine is running.", "Start it with `afterimage` or `afterimage watch`.")
    process, started = start_engine(paths, resume=resume), time.monotonic()
    deadline = started + timeout
    while time.monotonic() < deadline:
        with contextlib.suppress(EngineUnreachableError):
            return Client(dial(paths))
        if process.poll() == 0 and time.monotonic() >= started + AGAIN_SECONDS:
            # It found another engine, which answers soon, or was just about to end: then it is our turn again.
            process, started = start_engine(paths, resume=resume), time.monotonic()
        elif process.poll():
            if process.returncode == EXIT_DISK_FULL:
                raise DiskFullError("The engine cannot start: the disk is full.", "Free some disk space.")
            raise EngineUnreachableError(
                last_words(paths) or f"The engine ended at once (exit status {process.returncode}).",
                f"`afterimage doctor` says what is missing; the log is {paths.engine_log}.",
            )
        time.sleep(RETRY_SECONDS)
    raise EngineUnreachableError(
        f"The engine was started but has not answered within {timeout:g} seconds.",
        f"The machine may be very busy: try again. The log is {paths.engine_log}.",
    )


def start_engine(paths: Paths, *, resume: bool = False) -> subprocess.Popen[bytes]:
    """Starts an engine process of its own session, which outlives this one.

    ``resume``: after a crash, record again what the killed engine was recording. Raises EnvironmentTroubleError
    where the folders cannot be made, EngineUnreachableError where no process can be started.
    """
    paths.prepare()
    command = [sys.executable, "engine"] if getattr(sys, "frozen", False) else [sys.executable, "-m", "app.engine"]
    environment = dict(os.environ)
    if paths.home is not None:
        environment[HOME_VARIABLE] = str(paths.home)
    try:
        with paths.last_words.open("wb") as errors:
            process = subprocess.Popen(
                [*command, *(["--resume"] if resume else [])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=Path(__file__).resolve().parent.parent,
                env=environment,
                start_new_session=True,
                creationflags=_NO_CONSOLE,
            )
    except OSError as error:
        raise EngineUnreachableError(
            f"The engine could not be started: {error.strerror}.", "Free some memory or disk space and try again."
        ) from error
    # Waits for the process's end, so that none is left behind as a zombie.
    threading.Thread(target=process.wait, name="engine-process", daemon=True).start()
    return process


def last_words(paths: Paths) -> str:
    """The last line that an engine wrote to its standard error, at most 500 characters; may be empty."""
    try:
        lines = paths.last_words.read_bytes()[-4000:].decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""


def _gone() -> EngineUnreachableError:
    return EngineUnreachableError("The engine went away.", "It keeps what it remembered: try again in a moment.")
