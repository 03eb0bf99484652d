"""The only place where threads meet: worker threads talk to the engine, the main thread hears of it in signals.

Everything public is called on, and every signal is emitted on, the main thread. The supervisor's thread keeps the
connection and starts the engine again when it died; a small pool carries the requests.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QImage, QImageWriter

from core.errors import AfterimageError, EngineUnreachableError
from ui.i18n import engine_says
from ui.presence import Link

if TYPE_CHECKING:
    from app.client import Client
    from app.connection import Stream
    from app.paths import Paths
    from app.protocol import AnyEvent, Status, Turn
    from app.supervise import Supervisor

REQUEST_WAIT_SECONDS = 30.0  # how long a request waits for an engine that is starting
WORKERS = 6

log = logging.getLogger(__name__)

LINKS = {
    "connected": Link.CONNECTED,
    "restarting": Link.RESTARTING,
    "silent": Link.SILENT,
    "ended": Link.ENDED,
}


class Bridge(QObject):
    """Requests return a ticket at once; the signals that answer carry it. A failed request says so in ``failed``."""

    link_changed = Signal(Link, str)  # how the connection stands, and what is wrong with it
    status_changed = Signal(object)  # protocol.Status
    piece = Signal(int, str)
    answered = Signal(int, object)  # protocol.AnswerDone
    cancelled = Signal(int)
    done = Signal(int, object)  # protocol.Done
    moments_fetched = Signal(int, object)  # protocol.Moments
    settings_fetched = Signal(int, object)  # tuple[protocol.SettingInfo, ...]
    windows_fetched = Signal(int, object)  # protocol.Windows
    monitors_fetched = Signal(int, object)  # tuple[protocol.MonitorInfo, ...]
    models_fetched = Signal(int, object)  # tuple[protocol.ModelInfo, ...]
    progress = Signal(int, float, str)  # ticket, share done (0 to 1), what is being done
    density_fetched = Signal(int, object)  # protocol.Density
    found_fetched = Signal(int, object)  # protocol.Found
    history_fetched = Signal(int, object)  # protocol.History
    memory_fetched = Signal(int, object)  # protocol.Memory
    picture_fetched = Signal(int, bool, QImage)  # moment, thumbnail?, picture (null: there is none)
    failed = Signal(int, str, str)  # ticket, message, remedy

    _posted = Signal(object)  # Callable[[], None], to be called on the main thread

    def __init__(self, paths: Paths) -> None:
        super().__init__()
        self._paths = paths
        self._tickets = count(1)
        self._streams: dict[int, Stream] = {}  # questions, exports and other long work; guarded by _lock
        self._cancelled: set[int] = set()  # tickets cancelled before their stream was there; guarded by _lock
        self._lock = threading.Lock()
        self._supervisor: Supervisor | None = None
        self._reachable = threading.Condition()  # told of every change of the connection
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="engine-request")
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    # --- for the main thread ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Connects, starting an engine where none runs; ``link_changed`` and ``status_changed`` follow.

        Again after ``Link.ENDED``: starts the engine that somebody had ended.
        """
        from app.supervise import Supervisor

        if self._supervisor is not None:
            self._supervisor.stop()
        self._supervisor = Supervisor(self._paths, self._told)
        self._supervisor.start()

    def stop(self) -> None:
        """Hangs up and waits for every thread; the engine goes on. No signal comes after this."""
        self._stopping.set()
        if self._supervisor is not None:
            self._supervisor.stop()
        with self._reachable:
            self._reachable.notify_all()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def ask(
        self,
        question: str,
        *,
        picture: QImage | None = None,
        earlier: Sequence[Turn] = (),
        picture_before: QImage | None = None,
        follows: int | None = None,
    ) -> int:
        """``piece`` follows, then ``answered``, ``cancelled`` or ``failed``. ``earlier``: the conversation so far;
        ``picture_before``: the picture it was about."""

        def open_stream(client: Client) -> Stream:
            return client.ask(
                question,
                picture=None if picture is None else encoded(picture),
                earlier=tuple(earlier),
                picture_before=None if picture_before is None else encoded(picture_before),
                follows=follows,
            )

        return self._open(open_stream)

    def export(self, folder: Path, selection: Mapping[str, Any]) -> int:
        """``progress`` follows, then ``done``, ``cancelled`` or ``failed``. ``selection``: as of fetch_moments."""
        return self._open(lambda client: client.export(folder, **selection))

    def cancel(self, ticket: int) -> None:
        """Stops a question or an export; ``cancelled`` follows, unless its end was on its way already."""
        with self._lock:
            stream = self._streams.get(ticket)
            if stream is None:
                self._cancelled.add(ticket)
        if stream is not None:
            self._pool.submit(stream.cancel)

    def watch(self) -> int:
        return self._order(lambda client: client.watch())

    def pause(self, seconds: float | None = None) -> int:
        return self._order(lambda client: client.pause(seconds))

    def resume(self) -> int:
        return self._order(lambda client: client.resume())

    def forget(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        last_s: float | None = None,
        moments: tuple[int, ...] = (),
    ) -> int:
        """``progress`` may follow, then ``done``, ``cancelled`` (while it still waited) or ``failed``."""
        return self._open(lambda client: client.forgetting(start, end=end, last_s=last_s, moments=moments))

    def fetch_model(self, name: str, *, use: bool = False) -> int:
        """Downloads a model; ``progress`` follows, then ``done``, ``cancelled`` or ``failed``."""
        return self._open(lambda client: client.fetch_model(name, use=use))

    def verify_model(self, name: str) -> int:
        """``progress``, then ``done`` whose message says what is wrong."""
        return self._open(lambda client: client.verify_model(name))

    def rebuild_index(self) -> int:
        return self._open(lambda client: client.rebuild_index())

    def fetch_windows(self, applications: tuple[str, ...], titles: tuple[str, ...], *, private_browsing: bool) -> int:
        """Which open windows these rules would hide."""
        return self._request(
            lambda client: client.windows(
                applications=applications, titles=titles, private_browsing=private_browsing
            ),
            self.windows_fetched,
        )

    def fetch_monitors(self) -> int:
        return self._request(lambda client: client.monitors(), self.monitors_fetched)

    def fetch_models(self) -> int:
        return self._request(lambda client: client.models(), self.models_fetched)

    def judge(self, exchange: int, *, wrong: bool, remark: str = "") -> int:
        return self._order(lambda client: client.judge(exchange, wrong=wrong, remark=remark))

    def forget_history(self, exchanges: tuple[int, ...] | None = None) -> int:
        """Deletes these exchanges, or all of them."""
        return self._order(lambda client: client.forget_history(exchanges))

    def change_setting(self, name: str, value: str) -> int:
        return self._order(lambda client: client.change_setting(name, value))

    def fetch_settings(self) -> int:
        return self._request(lambda client: client.settings(), self.settings_fetched)

    def fetch_moments(
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
    ) -> int:
        return self._request(
            lambda client: client.moments(
                start=start,
                end=end,
                text=text,
                application=application,
                window=window,
                source=source,
                limit=limit,
                offset=offset,
            ),
            self.moments_fetched,
        )

    def fetch_density(self, start: datetime, end: datetime, slots: int) -> int:
        return self._request(lambda client: client.density(start, end, slots), self.density_fetched)

    def fetch_found(self, moment: int, text: str) -> int:
        return self._request(lambda client: client.found(moment, text), self.found_fetched)

    def fetch_history(self, text: str = "", *, limit: int = 50, offset: int = 0) -> int:
        return self._request(lambda client: client.history(text, limit=limit, offset=offset), self.history_fetched)

    def fetch_memory(self, known: int = 0) -> int:
        return self._request(lambda client: client.memory(known), self.memory_fetched)

    def fetch_picture(self, moment: int, *, thumbnail: bool) -> None:
        """``picture_fetched`` follows in any case, with a null picture where there is none."""
        self._pool.submit(self._fetch_picture, moment, thumbnail)

    def shut_engine_down(self) -> int:
        """Lets the engine save and end; ``done`` or ``failed`` follows."""
        return self._order(lambda client: client.shutdown())

    # --- worker threads ---------------------------------------------------------------------------------------

    def _order(self, call: Callable[[Client], object]) -> int:
        return self._request(call, self.done)

    def _request(self, call: Callable[[Client], object], signal: SignalInstance) -> int:
        ticket = next(self._tickets)
        self._submit(ticket, self._carry, ticket, call, signal)
        return ticket

    def _submit(self, ticket: int, work: Callable[..., None], *arguments: object) -> None:
        def ended(future: Future[None]) -> None:
            if not future.cancelled() and future.exception() is not None:
                log.error("a request of the desktop's failed", exc_info=future.exception())
                bug = AfterimageError(
                    "This could not be done because of a bug.", "Restart the program and try again."
                )
                self._post_failure(ticket, bug)

        self._pool.submit(work, *arguments).add_done_callback(ended)

    def _carry(self, ticket: int, call: Callable[[Client], object], signal: SignalInstance) -> None:
        try:
            answer = call(self._client_now())
        except AfterimageError as error:
            self._post_failure(ticket, error)
        else:
            self._post(partial(signal.emit, ticket, answer))

    def _open(self, open_stream: Callable[[Client], Stream]) -> int:
        ticket = next(self._tickets)
        self._submit(ticket, self._follow, ticket, open_stream)
        return ticket

    def _follow(self, ticket: int, open_stream: Callable[[Client], Stream]) -> None:
        try:
            stream = open_stream(self._client_now())
            with self._lock:
                self._streams[ticket] = stream
                cancelled = ticket in self._cancelled
                self._cancelled.discard(ticket)
            if cancelled:
                stream.cancel()
            for event in stream:
                self._pass_on(ticket, event)
        except AfterimageError as error:
            self._post_failure(ticket, error)
        finally:
            with self._lock:
                self._streams.pop(ticket, None)
                self._cancelled.discard(ticket)

    def _pass_on(self, ticket: int, event: AnyEvent) -> None:
        from app import protocol

        if isinstance(event, protocol.AnswerPiece):
            self._post(partial(self.piece.emit, ticket, event.text))
        elif isinstance(event, protocol.Progress):
            self._post(partial(self.progress.emit, ticket, event.done, engine_says(event.message)))
        elif isinstance(event, protocol.AnswerDone):
            self._post(partial(self.answered.emit, ticket, event))
        elif isinstance(event, protocol.Done):
            self._post(partial(self.done.emit, ticket, event))
        elif isinstance(event, protocol.Cancelled):
            self._post(partial(self.cancelled.emit, ticket))

    def _fetch_picture(self, moment: int, thumbnail: bool) -> None:
        image = QImage()
        try:
            image = decoded(self._client_now().picture(moment, thumbnail=thumbnail).data)
        except AfterimageError:
            pass  # thinned or forgotten meanwhile: the null picture says so
        finally:
            self._post(partial(self.picture_fetched.emit, moment, thumbnail, image))

    def _told(self, news: object) -> None:
        """On the supervisor's thread: a status, or how the connection stands."""
        from app.protocol import Status

        if isinstance(news, Status):
            self._post(partial(self.status_changed.emit, in_words(news)))
            return
        with self._reachable:
            self._reachable.notify_all()
        state, reason = getattr(news, "state", ""), getattr(news, "reason", "")
        self._post(partial(self.link_changed.emit, LINKS[state], engine_says(reason)))

    def _client_now(self) -> Client:
        """The client, waiting while the engine starts; raises EngineUnreachableError."""
        with self._reachable:
            self._reachable.wait_for(
                lambda: self._present() is not None or self._stopping.is_set(), timeout=REQUEST_WAIT_SECONDS
            )
        client = self._present()
        if client is None:
            raise EngineUnreachableError(
                "The engine cannot be reached.", "It is started again by itself; try again in a moment."
            )
        return client

    def _present(self) -> Client | None:
        return None if self._supervisor is None else self._supervisor.client

    # --- crossing -----------------------------------------------------------------------------------------------

    def _post_failure(self, ticket: int, error: AfterimageError) -> None:
        self._post(partial(self.failed.emit, ticket, engine_says(error.message), engine_says(error.remedy)))

    def _post(self, call: Callable[[], None]) -> None:
        self._posted.emit(call)

    def _deliver(self, call: Callable[[], None]) -> None:
        if not self._stopping.is_set():
            call()


def in_words(status: Status) -> Status:
    """``status`` with its sentences in the language of the windows."""
    told = {"reason": engine_says(status.reason), "notices": tuple(map(engine_says, status.notices))}
    return status.model_copy(update=told)


def encoded(image: QImage) -> bytes:
    """``image`` as PNG: nothing of what can be read in it is lost."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    writer.setQuality(90)  # hardly compressed, but quick
    writer.write(image)
    return bytes(data.data())


def decoded(data: bytes) -> QImage:
    """An encoded picture as an image; null where it cannot be read. Qt has no AVIF, Pillow has."""
    image = QImage.fromData(data)
    if not image.isNull():
        return image
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data)) as picture:
            rgb = picture.convert("RGB")
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return QImage()
    packed = rgb.tobytes()
    return QImage(packed, rgb.width, rgb.height, 3 * rgb.width, QImage.Format.Format_RGB888).copy()
