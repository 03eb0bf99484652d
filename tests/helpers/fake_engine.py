"""An engine without capture, model or timeline that speaks the real protocol over the real transport.

Tests decide what it says: statuses, answers piece by piece, moments with drawn pictures. Nothing here waits by
itself; an answer told to hold stays where it is until it is released or cancelled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from app import protocol
from app.desk import told_windows
from app.paths import Paths
from app.protocol import MomentInfo, Status
from app.server import Reply, Server
from app.settings import Settings
from core.errors import InputError
from tests.helpers.screens import FakeSurroundings


@dataclass
class Script:
    """What comes after a question: pieces, then the end. With ``hold`` set, it waits after ``hold_after`` pieces."""

    pieces: tuple[str, ...] = ()
    origin: str = "evidence"
    moments: tuple[MomentInfo, ...] = ()
    failure: tuple[str, str] | None = None
    hold: threading.Event | None = None
    hold_after: int = 0
    total_ms: float = 840.0
    after: str = ""
    said: protocol.Said | None = None


@dataclass
class Asked:
    question: str
    picture: bytes | None
    earlier: tuple[protocol.Turn, ...] = ()
    follows: int | None = None
    picture_before: bytes | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class FakeEngine:
    """Serves ``paths`` until closed. ``requests`` holds every request, in order."""

    def __init__(self, paths: Paths, status: Status | None = None) -> None:
        paths.prepare()
        self._lock = threading.Lock()
        self._status = status or Status(state="idle", started=datetime.now(UTC), model="nano", device="cpu")
        self._subscribers: list[Reply] = []
        self._threads: list[threading.Thread] = []
        self.script = Script(pieces=("I did not see that.",), origin="none")
        self.moments: list[MomentInfo] = []  # newest first
        self.pictures: dict[int, bytes] = {}
        self.settings = Settings()
        self.surroundings = FakeSurroundings()
        self.downloaded = False  # the published model
        self.work_goes_on = threading.Event()
        self.requests: list[protocol.Request] = []
        self.asked: list[Asked] = []
        self.history: list[protocol.ExchangeInfo] = []  # newest first
        self.keeps_history = True
        self.memory = protocol.Memory(id=0)
        self.places: tuple[tuple[int, int, int, int], ...] = ()  # where searched words stand, in any moment
        self.change_hold: threading.Event | None = None  # changing a setting waits for it
        self.forget_hold: threading.Event | None = None  # forgetting waits for it, as it may for the model
        self.export_hold: threading.Event | None = None  # an export waits half-way for it
        self.export_failure: tuple[str, str] | None = None
        self._server = Server(paths, self._handle)

    def close(self) -> None:
        """Hangs up on everybody, as an engine does that is told to end, and waits for its threads."""
        self._server.close()
        for thread in self._threads:
            thread.join()

    def hang_up(self) -> None:
        """Ends every connection at once, answers under way or not."""
        self._server.close()

    def kinds(self) -> list[str]:
        """The kinds of the requests so far."""
        return [getattr(request, "kind", "") for request in self.requests]

    def tell(self, **changes: object) -> None:
        """Changes the status and reports it."""
        with self._lock:
            self._status = self._status.model_copy(update=changes)
            status, subscribers = self._status, list(self._subscribers)
        for reply in subscribers:
            reply.put(protocol.StatusEvent(id=reply.id, status=status))

    def add_moment(self, moment: MomentInfo, picture: bytes) -> None:
        self.moments.insert(0, moment)
        self.pictures[moment.id] = picture

    # --- requests ---------------------------------------------------------------------------------------------

    def _handle(self, request: protocol.AnyRequest, reply: Reply) -> None:
        self.requests.append(request)
        handlers: dict[str, Callable[..., None]] = {
            "status": self._get_status,
            "subscribe": self._subscribe,
            "ask": self._ask,
            "watch": self._watch,
            "pause": self._pause,
            "resume": self._resume,
            "forget": self._forget,
            "moments": self._moments,
            "picture": self._picture,
            "density": self._density,
            "found": self._found,
            "export": self._export,
            "history": self._history,
            "judge": self._judge,
            "forget_history": self._forget_history,
            "memory": self._memory,
            "settings": self._settings,
            "change_setting": self._change_setting,
            "windows": self._windows,
            "monitors": self._monitors,
            "models": self._models,
            "fetch_model": self._work,
            "verify_model": self._work,
            "rebuild_index": self._work,
            "shutdown": self._shutdown,
        }
        handlers[request.kind](request, reply)

    def _get_status(self, _request: protocol.GetStatus, reply: Reply) -> None:
        reply.put(protocol.StatusEvent(id=reply.id, status=self._status))

    def _subscribe(self, _request: protocol.Subscribe, reply: Reply) -> None:
        with self._lock:
            self._subscribers.append(reply)
            status = self._status
        reply.put(protocol.StatusEvent(id=reply.id, status=status))

    def _watch(self, _request: protocol.Watch, reply: Reply) -> None:
        self.tell(state="recording")
        reply.put(protocol.Done(id=reply.id))

    def _pause(self, request: protocol.Pause, reply: Reply) -> None:
        until = None if request.seconds is None else datetime.now(UTC) + timedelta(seconds=request.seconds)
        self.tell(state="paused", paused_until=until)
        reply.put(protocol.Done(id=reply.id))

    def _resume(self, _request: protocol.Resume, reply: Reply) -> None:
        self.tell(state="recording", paused_until=None)
        reply.put(protocol.Done(id=reply.id))

    def _forget(self, request: protocol.Forget, reply: Reply) -> None:
        if self.forget_hold is None:
            self._delete(request, reply)
        else:
            self._start(lambda: self._wait_and_delete(request, reply))

    def _wait_and_delete(self, request: protocol.Forget, reply: Reply) -> None:
        reply.put(protocol.Progress(id=reply.id, done=0.0, message="Waiting for the model"))
        while self.forget_hold is not None and not self.forget_hold.wait(0.01):
            if reply.cancelled.is_set():
                return
        self._delete(request, reply)

    def _delete(self, request: protocol.Forget, reply: Reply) -> None:
        start, end = request.start, request.end
        if request.last_s is not None:
            start = datetime.now(UTC) - timedelta(seconds=request.last_s)

        def goes(moment: MomentInfo) -> bool:
            if request.moments:
                return moment.id in request.moments
            return (start is None or moment.time >= start) and (end is None or moment.time <= end)

        kept = [moment for moment in self.moments if not goes(moment)]
        count = len(self.moments) - len(kept)
        self.moments = kept
        self.tell(moments=len(kept))
        reply.put(protocol.Done(id=reply.id, count=count))

    def _moments(self, request: protocol.GetMoments, reply: Reply) -> None:
        if request == protocol.GetMoments(id=request.id, limit=request.limit, offset=request.offset):
            page = tuple(self.moments[request.offset : request.offset + request.limit])
            reply.put(protocol.Moments(id=reply.id, moments=page, total=len(self.moments)))
            return
        found = [
            moment
            for moment in self._selected(request)
            if request.text.casefold() in f"{moment.text} {moment.window} {moment.application}".casefold()
        ]
        page = tuple(found[request.offset : request.offset + request.limit])
        reply.put(protocol.Moments(id=reply.id, moments=page, total=len(found)))

    def _selected(self, request: protocol.Selection) -> list[MomentInfo]:
        return [
            moment
            for moment in self.moments
            if (request.start is None or moment.time >= request.start)
            and (request.end is None or moment.time < request.end)
            and (not request.application or moment.application == request.application)
            and request.window.casefold() in moment.window.casefold()
            and (not request.source or moment.source == request.source)
        ]

    def _density(self, request: protocol.GetDensity, reply: Reply) -> None:
        counts: dict[str, list[int]] = {}
        inside = [moment for moment in self.moments if request.start <= moment.time < request.end]
        for moment in inside:
            slot = int((moment.time - request.start) / (request.end - request.start) * request.slots)
            counts.setdefault(moment.application, [0] * request.slots)[slot] += 1
        ordered = sorted(counts, key=lambda name: -sum(counts[name]))
        reply.put(
            protocol.Density(
                id=reply.id,
                counts={name: tuple(counts[name]) for name in ordered},
                sources=tuple(sorted({moment.source for moment in inside})),
            )
        )

    def _found(self, request: protocol.GetFound, reply: Reply) -> None:
        reply.put(protocol.Found(id=reply.id, moment=request.moment, places=self.places))

    def _export(self, request: protocol.Export, reply: Reply) -> None:
        self._start(lambda: self._write_out(request, reply))

    def _write_out(self, request: protocol.Export, reply: Reply) -> None:
        reply.put(protocol.Progress(id=reply.id, done=0.5))
        while self.export_hold is not None and not self.export_hold.wait(0.01):
            if reply.cancelled.is_set():
                return
        if self.export_failure is not None:
            reply.fail(*self.export_failure)
        else:
            reply.put(protocol.Done(id=reply.id, message=request.folder))

    def _history(self, request: protocol.GetHistory, reply: Reply) -> None:
        wanted = request.text.casefold().split()
        found = [
            exchange
            for exchange in self.history
            if all(word in f"{exchange.question} {exchange.answer}".casefold() for word in wanted)
        ]
        page = tuple(found[request.offset : request.offset + request.limit])
        reply.put(protocol.History(id=reply.id, exchanges=page, total=len(found)))

    def _judge(self, request: protocol.Judge, reply: Reply) -> None:
        for place, exchange in enumerate(self.history):
            if exchange.id == request.exchange:
                changes = {"wrong": request.wrong, "remark": request.remark}
                self.history[place] = exchange.model_copy(update=changes)
        reply.put(protocol.Done(id=reply.id))

    def _forget_history(self, request: protocol.ForgetHistory, reply: Reply) -> None:
        before = len(self.history)
        gone = request.exchanges
        self.history = [] if gone is None else [kept for kept in self.history if kept.id not in gone]
        reply.put(protocol.Done(id=reply.id, count=before - len(self.history)))

    def _memory(self, request: protocol.GetMemory, reply: Reply) -> None:
        view = self.memory.view
        known = view is not None and view.number == request.known
        update = {"id": reply.id, "view": None if known else view}
        reply.put(self.memory.model_copy(update=update))

    def _keep(self, request: protocol.Ask, script: Script) -> int | None:
        if not self.keeps_history:
            return None
        exchange = protocol.ExchangeInfo.model_validate(
            {
                "id": len(self.history) + 1,
                "asked": datetime.now(UTC),
                "question": request.question,
                "answer": "".join(script.pieces),
                "said": script.said,
                "origin": script.origin,
                "moments": script.moments,
                "before": script.after,
            }
        )
        self.history.insert(0, exchange)
        return exchange.id

    def _picture(self, request: protocol.GetPicture, reply: Reply) -> None:
        data = self.pictures.get(request.moment)
        if data is None:
            reply.fail("There is no picture of this moment.")
            return
        reply.put(protocol.Picture(id=reply.id, data=data, media_type="image/webp"))

    def _settings(self, _request: protocol.GetSettings, reply: Reply) -> None:
        reply.put(protocol.Settings(id=reply.id, settings=self.settings.infos()))

    def _change_setting(self, request: protocol.ChangeSetting, reply: Reply) -> None:
        if self.change_hold is None:
            self._change(request, reply)
        else:
            self._start(lambda: self._wait_and_change(request, reply))

    def _wait_and_change(self, request: protocol.ChangeSetting, reply: Reply) -> None:
        while self.change_hold is not None and not self.change_hold.wait(0.01):
            if reply.cancelled.is_set():
                return
        self._change(request, reply)

    def _change(self, request: protocol.ChangeSetting, reply: Reply) -> None:
        try:
            self.settings = self.settings.changed_by_text(request.name, request.value)
        except InputError as error:
            reply.fail(error.message, error.remedy)
            return
        reply.put(protocol.Done(id=reply.id))

    def _windows(self, request: protocol.GetWindows, reply: Reply) -> None:
        rules = self.settings.privacy_rules()
        said = request.model_dump(exclude={"id", "kind"}, exclude_none=True)
        told = told_windows(self.surroundings.windows(), rules, replace(rules, **said))
        reply.put(protocol.Windows(id=reply.id, windows=told or (), listed=told is not None))

    def _monitors(self, _request: protocol.GetMonitors, reply: Reply) -> None:
        told = tuple(
            protocol.MonitorInfo(name=m.name, rect=astuple(m.rect), scale=m.scale)
            for m in self.surroundings.monitors()
        )
        reply.put(protocol.Monitors(id=reply.id, monitors=told))

    def _models(self, _request: protocol.GetModels, reply: Reply) -> None:
        chosen = self.settings.model.path
        nano = protocol.ModelInfo(
            name="nano", description="built in: small, for every machine", path="", present=True, chosen=not chosen
        )
        large = protocol.ModelInfo(
            name="infinitevl",
            description="InfiniteVL 4B: answers in its own words; wants a GPU with 12 GB",
            path="/models/infinitevl",
            present=self.downloaded,
            chosen=chosen == "/models/infinitevl",
            published=True,
        )
        reply.put(protocol.Models(id=reply.id, models=(nano, large)))

    def _work(
        self, request: protocol.FetchModel | protocol.VerifyModel | protocol.RebuildIndex, reply: Reply
    ) -> None:
        """Half done at once; the rest when ``work_goes_on`` is set."""

        def work() -> None:
            reply.put(protocol.Progress(id=reply.id, done=0.5, message="half of it"))
            while not self.work_goes_on.wait(0.01):
                if reply.cancelled.is_set():
                    return
            self.downloaded = self.downloaded or request.kind == "fetch_model"
            reply.put(protocol.Done(id=reply.id))

        self._start(work)

    def _shutdown(self, _request: protocol.Shutdown, reply: Reply) -> None:
        reply.put(protocol.Done(id=reply.id))
        # The client waits until the connection ends; a thread of its own may close what this one serves.
        self._start(self._server.close)

    def _ask(self, request: protocol.Ask, reply: Reply) -> None:
        script = self.script  # before the test can see that it was asked, and change it for the next question
        self.asked.append(
            Asked(
                request.question,
                request.picture,
                request.earlier,
                request.follows,
                request.picture_before,
                reply.cancelled,
            )
        )
        self._start(lambda: self._answer(request, script, reply))

    def _answer(self, request: protocol.Ask, script: Script, reply: Reply) -> None:
        for place, piece in enumerate(script.pieces):
            if place == script.hold_after and not self._released(script, reply):
                return
            reply.put(protocol.AnswerPiece(id=reply.id, text=piece))
        if script.hold_after >= len(script.pieces) and not self._released(script, reply):
            return
        if script.failure is not None:
            reply.fail(*script.failure)
            return
        reply.put(
            protocol.AnswerDone.model_validate(
                {
                    "id": reply.id,
                    "text": "".join(script.pieces),
                    "said": script.said,
                    "origin": script.origin,
                    "moments": script.moments,
                    "timings_ms": {"total": script.total_ms},
                    "after": script.after,
                    "exchange": self._keep(request, script),
                }
            )
        )

    def _released(self, script: Script, reply: Reply) -> bool:
        while script.hold is not None and not script.hold.wait(0.01):
            if reply.cancelled.is_set():
                return False
        return True

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="fake-engine")
        self._threads.append(thread)
        thread.start()


def moment(number: int, when: datetime, application: str, window: str, text: str = "") -> MomentInfo:
    """A moment as the engine reports it."""
    return MomentInfo(
        id=number, time=when, source="screen:virtual", application=application, window=window, text=text
    )


INK, PAPER = (38, 40, 48), (250, 250, 248)


def drawn(title: str, lines: Sequence[str], *, dark: bool = False, size: tuple[int, int] = (1280, 720)) -> bytes:
    """A window with a title bar and lines of text, as WebP."""
    ground, ink = ((30, 31, 38), (214, 218, 224)) if dark else (PAPER, INK)
    picture = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0], 44), fill=(52, 54, 66) if dark else (226, 228, 233))
    for place, colour in enumerate(((237, 106, 94), (244, 191, 79), (97, 197, 84))):
        draw.ellipse((18 + 26 * place, 14, 34 + 26 * place, 30), fill=colour)
    draw.text((size[0] // 2, 22), title, fill=ink, font=_font(20), anchor="mm")
    for place, line in enumerate(lines):
        draw.text((36, 76 + 40 * place), line, fill=ink, font=_font(26, mono=dark))
    file = BytesIO()
    picture.save(file, "WEBP", quality=80)
    return file.getvalue()


def _font(size: int, *, mono: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype("DejaVuSansMono.ttf" if mono else "DejaVuSans.ttf", size)
    except OSError:
        return ImageFont.load_default(size)
