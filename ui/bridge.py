"""The only place where threads meet: worker threads talk to the engine, the main thread hears of it in signals.

Everything public is called on, and every signal is emitted on, the main thread. One thread keeps the connection
and its subscription (and starts the engine again when it died); a small pool carries the requests. The client is
imported on the first of these threads, so that the window is there before the protocol is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QImage

from core.errors import AfterimageError, EngineUnreachableError
from ui.presence import Link

if TYPE_CHECKING:
    from app.client import Client, Stream

Connect = Callable[[bool], "Client"]  # whether this is a restart after the engine went away

SILENT_SECONDS = 3.0  # a subscription reports at least once a second
REQUEST_WAIT_SECONDS = 30.0  # how long a request waits for an engine that is starting
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)  # between attempts to start an engine that does not stay up
LONGEST_GOODBYE_SECONDS = 3.0  # an engine that is just starting does not hold up the end of the desktop
WORKERS = 6


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
    picture_fetched = Signal(int, bool, QImage)  # moment, thumbnail?, picture (null: there is none)
    failed = Signal(int, str, str)  # ticket, message, remedy

    _posted = Signal(object)  # Callable[[], None], to be called on the main thread

    def __init__(self, connect: Connect | None = None) -> None:
        super().__init__()
        self._connect = connect or _connect
        self._tickets = count(1)
        self._streams: dict[int, Stream] = {}  # questions under way; guarded by _lock
        self._cancelled: set[int] = set()  # tickets cancelled before their stream was there; guarded by _lock
        self._lock = threading.Lock()
        self._client: Client | None = None  # guarded by _reachable
        self._reachable = threading.Condition()
        self._stopping = threading.Event()
        self._leaving = threading.Event()  # the engine was told to end: it is not started again
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="engine-request")
        self._keeper = threading.Thread(target=self._keep_connected, name="engine-link", daemon=True)
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    # --- for the main thread ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Connects, starting an engine where none runs; ``link_changed`` and ``status_changed`` follow."""
        self._keeper.start()

    def stop(self) -> None:
        """Hangs up and waits for every thread; the engine goes on. No signal comes after this."""
        self._stopping.set()
        with self._reachable:
            client, self._client = self._client, None
            self._reachable.notify_all()
        if client is not None:
            client.close()
        if self._keeper.ident is not None:
            self._keeper.join(LONGEST_GOODBYE_SECONDS)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def ask(self, question: str, *, picture: bytes | None = None) -> int:
        """``piece`` follows, then ``answered``, ``cancelled`` or ``failed``."""
        ticket = next(self._tickets)
        self._pool.submit(self._ask, ticket, question, picture)
        return ticket

    def cancel(self, ticket: int) -> None:
        """Stops a question; ``cancelled`` follows, unless its answer was on its way already."""
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

    def forget(self, *, start: datetime | None = None, last_s: float | None = None) -> int:
        return self._order(lambda client: client.forget(start, last_s=last_s))

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
        limit: int = 50,
        offset: int = 0,
    ) -> int:
        return self._request(
            lambda client: client.moments(
                start=start, end=end, text=text, application=application, limit=limit, offset=offset
            ),
            self.moments_fetched,
        )

    def fetch_picture(self, moment: int, *, thumbnail: bool) -> None:
        """``picture_fetched`` follows in any case, with a null picture where there is none."""
        self._pool.submit(self._fetch_picture, moment, thumbnail)

    def shut_engine_down(self) -> int:
        """Lets the engine save and end, and does not start it again; ``done`` or ``failed`` follows."""
        self._leaving.set()
        return self._order(lambda client: client.shutdown())

    # --- worker threads ---------------------------------------------------------------------------------------

    def _order(self, call: Callable[[Client], object]) -> int:
        return self._request(call, self.done)

    def _request(self, call: Callable[[Client], object], signal: SignalInstance) -> int:
        ticket = next(self._tickets)
        self._pool.submit(self._carry, ticket, call, signal)
        return ticket

    def _carry(self, ticket: int, call: Callable[[Client], object], signal: SignalInstance) -> None:
        try:
            answer = call(self._client_now())
        except AfterimageError as error:
            self._post_failure(ticket, error)
        else:
            self._post(partial(signal.emit, ticket, answer))

    def _ask(self, ticket: int, question: str, picture: bytes | None) -> None:
        from app import protocol

        try:
            stream = self._client_now().ask(question, picture=picture)
            with self._lock:
                self._streams[ticket] = stream
                cancelled = ticket in self._cancelled
                self._cancelled.discard(ticket)
            if cancelled:
                stream.cancel()
            for event in stream:
                if isinstance(event, protocol.AnswerPiece):
                    self._post(partial(self.piece.emit, ticket, event.text))
                elif isinstance(event, protocol.AnswerDone):
                    self._post(partial(self.answered.emit, ticket, event))
                elif isinstance(event, protocol.Cancelled):
                    self._post(partial(self.cancelled.emit, ticket))
        except AfterimageError as error:
            self._post_failure(ticket, error)
        finally:
            with self._lock:
                self._streams.pop(ticket, None)
                self._cancelled.discard(ticket)

    def _fetch_picture(self, moment: int, thumbnail: bool) -> None:
        image = QImage()
        try:
            image = decoded(self._client_now().picture(moment, thumbnail=thumbnail).data)
        except AfterimageError:
            pass  # thinned or forgotten meanwhile: the null picture says so
        finally:
            self._post(partial(self.picture_fetched.emit, moment, thumbnail, image))

    def _keep_connected(self) -> None:
        restart, attempt = False, 0
        while not self._stopping.is_set():
            try:
                client = self._connect(restart)
            except AfterimageError as error:
                trouble = str(error)
                self._post_link(Link.LOST if attempt > 1 else Link.RESTARTING, trouble)
            else:
                attempt = -1 if self._serve(client) else attempt
                client.close()
                if self._stopping.is_set() or self._leaving.is_set():
                    return
                restart = True
                self._post_link(Link.RESTARTING, "")
            attempt += 1
            self._stopping.wait(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])

    def _serve(self, client: Client) -> bool:
        """Hands on statuses until the connection ends; True when at least one came."""
        from app import protocol

        with self._reachable:
            if self._stopping.is_set():
                return False
            self._client = client
            self._reachable.notify_all()
        link, served = Link.STARTING, False
        try:
            stream = client.subscribe()
            while not stream.finished:
                try:
                    event = stream.next_event(SILENT_SECONDS)
                except TimeoutError:
                    link = Link.SILENT
                    self._post_link(link, "")
                    continue
                if isinstance(event, protocol.StatusEvent):
                    served = True
                    if link is not Link.CONNECTED:
                        link = Link.CONNECTED
                        self._post_link(link, "")
                    self._post(partial(self.status_changed.emit, event.status))
        except AfterimageError:
            pass  # the engine went away: the caller starts it again
        finally:
            with self._reachable:
                self._client = None
        return served

    def _client_now(self) -> Client:
        """The client, waiting while the engine starts; raises EngineUnreachableError."""
        with self._reachable:
            self._reachable.wait_for(
                lambda: self._client is not None or self._stopping.is_set(), timeout=REQUEST_WAIT_SECONDS
            )
            if self._client is None:
                raise EngineUnreachableError(
                    "The engine cannot be reached.", "It is started again by itself; try again in a moment."
                )
            return self._client

    # --- crossing -----------------------------------------------------------------------------------------------

    def _post_link(self, link: Link, trouble: str) -> None:
        self._post(partial(self.link_changed.emit, link, trouble))

    def _post_failure(self, ticket: int, error: AfterimageError) -> None:
        self._post(partial(self.failed.emit, ticket, error.message, error.remedy))

    def _post(self, call: Callable[[], None]) -> None:
        self._posted.emit(call)

    def _deliver(self, call: Callable[[], None]) -> None:
        if not self._stopping.is_set():
            call()


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


def _connect(restart: bool) -> Client:
    """A client of this user's engine; after a crash the engine goes on recording what it recorded."""
    from app.client import connect, start_engine
    from app.paths import user_paths

    paths = user_paths()
    if restart:
        start_engine(paths, resume=True)
    return connect(paths)
