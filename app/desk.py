"""Answers the requests of the local protocol from the service. One method a kind of request.

Runs on the askers' threads; what takes long is handed to the model's thread and answered from there.
"""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from app import models, protocol
from app.paths import Paths, user_paths
from app.protocol import AnyRequest, Status
from app.recorder import Wanted
from app.records import Records, said_of
from app.server import Reply
from app.service import Service
from app.surroundings import Desktop, Surroundings
from app.work import Report, Workbench
from core.config import PrivacyRules
from core.errors import AfterimageError, InputError
from core.frame import Window, utc_now
from core.privacy import OWN, Rulebook
from core.recall import Answer, Turn

if TYPE_CHECKING:
    from core.frame import Pixels
    from core.session import Session

PUSH_EVERY: Final = 1.0  # seconds between two StatusEvents when nothing has changed
MAX_PICTURE_PIXELS: Final = 8192 * 8192

T = TypeVar("T")
log = logging.getLogger(__name__)


class Desk:
    def __init__(
        self,
        service: Service,
        shut_down: Callable[[], None],
        paths: Paths | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        """``paths`` and ``surroundings``: this user's and this machine's by default."""
        self._service = service
        self._paths = paths or user_paths()
        self._surroundings = surroundings or Desktop()
        self._workbench = Workbench()
        self._shut_down = shut_down
        self._records = Records(service)
        self._lock = threading.Lock()
        self._subscribers: list[Reply] = []
        self._pushed: Status | None = None
        self._pushed_at = 0.0
        self._answers: dict[type[Any], Callable[[Any, Reply], None]] = {
            protocol.GetStatus: self._status,
            protocol.Subscribe: self._subscribe,
            protocol.Ask: self._ask,
            protocol.Watch: self._watch,
            protocol.Stop: self._stop,
            protocol.Pause: self._pause,
            protocol.Resume: self._resume,
            protocol.Forget: self._forget,
            protocol.GetPicture: self._picture,
            protocol.GetSettings: self._settings,
            protocol.ChangeSetting: self._change_setting,
            protocol.GetWindows: self._windows,
            protocol.GetMonitors: self._monitors,
            protocol.GetModels: self._models,
            protocol.FetchModel: self._fetch_model,
            protocol.VerifyModel: self._verify_model,
            protocol.RebuildIndex: self._rebuild_index,
            protocol.Shutdown: self._shutdown,
        }
        self._answers |= self._records.answers

    def close(self) -> None:
        """Stops long work and waits for it."""
        self._workbench.close()

    def answer(self, request: AnyRequest, reply: Reply) -> None:
        """The server's handler. Raises AfterimageError for what becomes a Failure."""
        method = self._answers.get(type(request))
        if method is None:
            raise InputError(f"A {request.kind} is out of place here.")
        method(request, reply)

    def push(self) -> None:
        """Tells the subscribers what is new; called often."""
        with self._lock:
            self._subscribers = [reply for reply in self._subscribers if not reply.cancelled.is_set()]
            subscribers = list(self._subscribers)
        if not subscribers:
            return
        status, now = self._service.status(), time.monotonic()
        if self._pushed is None or _differ(status, self._pushed) or now - self._pushed_at >= PUSH_EVERY:
            self._pushed, self._pushed_at = status, now
            for reply in subscribers:
                reply.put(protocol.StatusEvent(id=reply.id, status=status))

    # --- status ------------------------------------------------------------------------------------------------

    def _status(self, _request: protocol.GetStatus, reply: Reply) -> None:
        # Its number is not open any more after one event, so that a client may ask on and on.
        reply.put_last(protocol.StatusEvent(id=reply.id, status=self._service.status()))

    def _subscribe(self, _request: protocol.Subscribe, reply: Reply) -> None:
        reply.put(protocol.StatusEvent(id=reply.id, status=self._service.status()))
        with self._lock:
            self._subscribers.append(reply)

    # --- questions ---------------------------------------------------------------------------------------------

    def _ask(self, request: protocol.Ask, reply: Reply) -> None:
        if not request.question.strip():
            raise InputError("The question is empty.", "Type one.")
        if len(request.question) > protocol.MAX_QUESTION:
            raise InputError(
                f"The question has {len(request.question):,} characters; the most is {protocol.MAX_QUESTION:,}.",
                "Shorten it.",
            )
        if request.now is not None and request.now.tzinfo is None:
            raise InputError("The time asked from lacks its time zone.")
        picture = None if request.picture is None else decode_picture(request.picture)
        before = None if request.picture_before is None else decode_picture(request.picture_before)

        def work(session: Session | None) -> None:
            if not reply.cancelled.is_set():
                pieces = self._service.assistant.ask(
                    session,
                    request.question,
                    now=request.now,
                    memory_only=request.memory_only,
                    picture=picture,
                    earlier=[Turn(**turn.model_dump()) for turn in request.earlier],
                    picture_before=before,
                    given_up=reply.cancelled.is_set,
                )
                self._stream(pieces, request, reply)

        self._when_done(self._service.mind.run(work), reply, lambda _nothing: None)

    def _stream(self, pieces: Iterator[str | Answer], request: protocol.Ask, reply: Reply) -> None:
        """Passes pieces on as they are made, until the answer is there or nobody wants it any more."""
        try:
            for piece in pieces:
                if reply.cancelled.is_set():
                    return
                if isinstance(piece, str):
                    reply.put(protocol.AnswerPiece(id=reply.id, text=piece))
                else:
                    exchange = self._records.keep(request, request.now or utc_now(), piece)
                    reply.put(self._answered(piece, exchange, reply))
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _answered(self, answer: Answer, exchange: int | None, reply: Reply) -> protocol.AnswerDone:
        return protocol.AnswerDone(
            id=reply.id,
            text=answer.text,
            said=said_of(answer),
            origin=answer.origin,
            moments=tuple(self._records.told(moment) for moment in answer.moments),
            timings_ms=answer.timings_ms,
            after=answer.after,
            exchange=exchange,
        )

    # --- recording ---------------------------------------------------------------------------------------------

    def _watch(self, request: protocol.Watch, reply: Reply) -> None:
        if not request.sources:
            raise InputError("There is nothing to watch.", "Sources are: screen, webcam, or a path.")
        future = self._service.watch(Wanted(request.sources, request.fps), owner=reply if request.attached else None)
        if request.attached:
            reply.when_gone(lambda: self._service.unwatch(owner=reply))
        self._when_done(future, reply, lambda trouble: reply.put(protocol.Done(id=reply.id, message=trouble)))

    def _stop(self, _request: protocol.Stop, reply: Reply) -> None:
        self._service.unwatch()
        reply.put(protocol.Done(id=reply.id))

    def _pause(self, request: protocol.Pause, reply: Reply) -> None:
        self._service.pause(request.seconds)
        reply.put(protocol.Done(id=reply.id))

    def _resume(self, _request: protocol.Resume, reply: Reply) -> None:
        self._service.resume()
        reply.put(protocol.Done(id=reply.id))

    def _forget(self, request: protocol.Forget, reply: Reply) -> None:
        for given in (request.start, request.end):
            if given is not None and given.tzinfo is None:
                raise InputError("The time to forget from lacks its time zone.")
        if request.start is not None and request.end is not None and request.end < request.start:
            raise InputError("The span of time ends before it begins.")
        reply.put(protocol.Progress(id=reply.id, done=0.0, message="Waiting for the model."))

        def go_on() -> bool:
            reply.put(protocol.Progress(id=reply.id, done=0.1, message="Deleting."))
            return not reply.cancelled.is_set()

        future = self._service.forget(request.start, request.last_s, go_on, end=request.end, moments=request.moments)
        self._when_done(future, reply, lambda count: reply.put(protocol.Done(id=reply.id, count=count)))

    # --- the timeline ------------------------------------------------------------------------------------------

    def _picture(self, request: protocol.GetPicture, reply: Reply) -> None:
        timeline = self._service.timeline
        data = timeline.thumbnail(request.moment) if request.thumbnail else timeline.picture(request.moment)
        if data is None:
            raise InputError("This moment has no picture any more.", "Older pictures are thinned out to save space.")
        reply.put(protocol.Picture(id=reply.id, data=data, media_type="image/webp"))

    # --- settings and the end ----------------------------------------------------------------------------------

    def _settings(self, _request: protocol.GetSettings, reply: Reply) -> None:
        reply.put(protocol.Settings(id=reply.id, settings=self._service.settings.infos()))

    def _change_setting(self, request: protocol.ChangeSetting, reply: Reply) -> None:
        self._service.change_setting(request.name, request.value)
        reply.put(protocol.Done(id=reply.id))

    # --- what there is, and long work --------------------------------------------------------------------------

    def _windows(self, request: protocol.GetWindows, reply: Reply) -> None:
        in_force = self._service.settings.privacy_rules()
        draft = {
            name: value
            for name in ("applications", "titles", "private_browsing")
            if (value := getattr(request, name)) is not None
        }
        told = told_windows(self._surroundings.windows(), in_force, replace(in_force, **draft))
        reply.put(protocol.Windows(id=reply.id, windows=told or (), listed=told is not None))

    def _monitors(self, _request: protocol.GetMonitors, reply: Reply) -> None:
        told = tuple(
            protocol.MonitorInfo(
                name=monitor.name,
                rect=(monitor.rect.left, monitor.rect.top, monitor.rect.width, monitor.rect.height),
                scale=monitor.scale,
            )
            for monitor in self._surroundings.monitors()
        )
        reply.put(protocol.Monitors(id=reply.id, monitors=told))

    def _models(self, _request: protocol.GetModels, reply: Reply) -> None:
        told = tuple(
            protocol.ModelInfo(
                name=model.name,
                description=model.description,
                path="" if model.folder is None else str(model.folder),
                present=model.present,
                chosen=model.chosen,
                bytes=model.size,
                published=model.name in models.PUBLISHED,
            )
            for model in models.models(self._paths, self._service.settings.model.path)
        )
        reply.put(protocol.Models(id=reply.id, models=told))

    def _fetch_model(self, request: protocol.FetchModel, reply: Reply) -> None:
        def work(report: Report) -> str:
            folder = models.get(self._paths, request.name, report)
            if request.use:
                self._service.change_setting("model.path", str(folder))
            return ""

        self._workbench.begin("model", reply, work)

    def _verify_model(self, request: protocol.VerifyModel, reply: Reply) -> None:
        folder = models.folder_of(self._paths, request.name)
        self._workbench.begin("model", reply, lambda report: " ".join(models.verify(folder, report).troubles))

    def _rebuild_index(self, _request: protocol.RebuildIndex, reply: Reply) -> None:
        def work(report: Report) -> str:
            self._service.timeline.rebuild_indexes(lambda share: report(share, "Making the index anew."))
            return ""

        self._workbench.begin("index", reply, work)

    def _shutdown(self, _request: protocol.Shutdown, reply: Reply) -> None:
        reply.put(protocol.Done(id=reply.id))
        self._shut_down()

    def _when_done(self, future: Future[T], reply: Reply, succeed: Callable[[T], None]) -> None:
        """Answers when the future has come, from whatever thread that is."""

        def done(future: Future[T]) -> None:
            try:
                succeed(future.result())
            except AfterimageError as error:
                reply.fail(error.message, error.remedy)
            except CancelledError:
                reply.put(protocol.Cancelled(id=reply.id))
            except Exception:
                log.exception("a request could not be answered")
                reply.fail("The engine could not do this because of a bug.", "The log has what a report needs.")

        future.add_done_callback(done)


def told_windows(
    windows: tuple[Window, ...] | None, in_force: PrivacyRules, draft: PrivacyRules
) -> tuple[protocol.WindowInfo, ...] | None:
    """What ``draft`` would do to each window; this program's own are left out. None: the windows are not known.

    The titles of those that the rules in force exclude stay here. Raises InputError for a pattern that is none.
    """
    now, then = Rulebook(in_force), Rulebook(draft)
    if windows is None:
        return None
    return tuple(
        protocol.WindowInfo(
            application=window.application,
            title="" if now.match(window) else window.title,
            rule=then.match(window) or "",
        )
        for window in windows
        if now.match(window) != OWN
    )


def decode_picture(data: bytes) -> Pixels:
    """RGB pixels of an encoded picture that somebody handed in; raises InputError."""
    import numpy as np
    from PIL import Image

    broken = InputError("The picture cannot be read.", "Use a PNG, JPEG, WebP or AVIF of a moderate size.")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                raise broken
            return np.array(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise broken from error


def _differ(one: Status, other: Status) -> bool:
    """Whether a light, a number or a sentence would change; ages alone are no news."""
    return _lasting(one) != _lasting(other)


def _lasting(status: Status) -> tuple[object, ...]:
    sources = tuple((source.name, source.finished, source.trouble) for source in status.sources)
    paused = status.paused_until is None
    percent = None if status.preparing is None else round(100 * status.preparing)
    return status.state, status.reason, sources, status.notices, status.model, status.moments, paused, percent
