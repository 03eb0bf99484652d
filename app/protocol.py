"""The messages between the engine and whoever asks: the window, the tray, the command line.

One connection carries requests one way and events the other; every event names the request it answers. A
message is one JSON object (never pickle), validated here on both sides. Knows nothing of sockets or threads.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

PROTOCOL_VERSION = 2
MAX_QUESTION = 4_000  # characters; longer ones are refused with a clear error, never cut silently
MAX_MESSAGE = 64 * 2**20  # bytes
LONGEST = 100 * 365 * 86_400.0  # seconds; what is longer is a mistake
LARGEST_ID = 2**63 - 1
MAX_ANSWER = 20_000  # characters of an answer that a later question goes on from
MAX_TURNS = 8
MAX_SLOTS = 2_000
UNASKED = -1  # the number of a Failure that answers no request: a message that could not be read


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class Request(Message):
    id: int = Field(ge=0, description="chosen by the asker; events that answer it carry the same number")


class Hello(Request):
    """First message of a connection; refused with a Failure when the versions differ."""

    kind: Literal["hello"] = "hello"
    version: int = PROTOCOL_VERSION


class GetStatus(Request):
    kind: Literal["status"] = "status"


class Subscribe(Request):
    """A StatusEvent now, at every change, and at least once a second until cancelled."""

    kind: Literal["subscribe"] = "subscribe"


class Turn(Message):
    """A question of the same conversation, with its answer."""

    question: str = Field(max_length=MAX_QUESTION)
    answer: str = Field(max_length=MAX_ANSWER)
    asked: AwareDatetime
    moments: tuple[int, ...] = Field(default=(), max_length=100, description="what the answer cited, best first")


class Ask(Request):
    """Answered by AnswerPiece events and one AnswerDone, or a Failure."""

    kind: Literal["ask"] = "ask"
    question: str
    memory_only: bool = False
    picture: bytes | None = Field(default=None, description="an encoded picture the question is about")
    now: datetime | None = Field(default=None, description="the moment asked from, for a replayed recording")
    earlier: tuple[Turn, ...] = Field(
        default=(), max_length=MAX_TURNS, description="the conversation so far, oldest first"
    )
    picture_before: bytes | None = Field(
        default=None, description="the picture that the conversation was about, in case the question goes on from it"
    )
    follows: int | None = Field(
        default=None, ge=0, le=LARGEST_ID, description="the exchange in the history that this one goes on from"
    )


class Cancel(Request):
    """Stops the request ``target`` of this connection; it ends with Cancelled."""

    kind: Literal["cancel"] = "cancel"
    target: int


class Watch(Request):
    """Start recording. ``sources``: "screen" (as in the settings), "webcam", or a path to replay."""

    kind: Literal["watch"] = "watch"
    sources: tuple[str, ...] = ("screen",)
    fps: float | None = Field(default=None, gt=0, le=1000, description="frames a second of a replayed folder")
    attached: bool = Field(default=False, description="recording ends when this connection does")


class Stop(Request):
    """Ends recording; unlike a pause, nothing starts it again but a Watch."""

    kind: Literal["stop"] = "stop"


class Pause(Request):
    kind: Literal["pause"] = "pause"
    seconds: float | None = Field(default=None, gt=0, le=LONGEST, description="none: until resumed")


class Resume(Request):
    kind: Literal["resume"] = "resume"


class Forget(Request):
    """Deletes moments and pictures; the memory state goes back to an older snapshot or is reset.

    From ``start`` on, or the last ``last_s`` seconds (right even if the clock was set meanwhile); neither: all.
    With ``end``, only moments on screen between; with ``moments``, only these. What the memory has seen cannot be
    taken out of its middle: it goes back to before the first of them all the same.
    """

    kind: Literal["forget"] = "forget"
    start: datetime | None = None
    end: datetime | None = None
    moments: tuple[int, ...] = Field(default=(), max_length=10_000)
    last_s: float | None = Field(default=None, gt=0, le=LONGEST)


class Selection(Request):
    """Which moments: on screen between, of an application, of windows with ``window`` in their title, of a source.
    Empty: any."""

    start: datetime | None = None
    end: datetime | None = None
    application: str = ""
    window: str = ""
    source: str = ""


class GetMoments(Selection):
    """Newest first; with ``text`` the best matches first, words near in meaning included."""

    kind: Literal["moments"] = "moments"
    text: str = ""
    limit: int = Field(default=50, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=LARGEST_ID)


class GetPicture(Request):
    kind: Literal["picture"] = "picture"
    moment: int = Field(ge=0, le=LARGEST_ID)
    thumbnail: bool = False


class GetDensity(Request):
    """How much of what there was in each of ``slots`` parts of a span of time. Answered by Density."""

    kind: Literal["density"] = "density"
    start: AwareDatetime
    end: AwareDatetime
    slots: int = Field(ge=1, le=MAX_SLOTS)


class GetFound(Request):
    """Where the words of a search stand in a moment's picture. Answered by Found."""

    kind: Literal["found"] = "found"
    moment: int = Field(ge=0, le=LARGEST_ID)
    text: str


class Export(Selection):
    """Writes moments to the new folder ``folder``. Answered by Progress events and one Done; cancelling it takes
    back what was written."""

    kind: Literal["export"] = "export"
    folder: str


class GetHistory(Request):
    """What was asked and answered, newest first. Answered by History."""

    kind: Literal["history"] = "history"
    text: str = ""
    limit: int = Field(default=50, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=LARGEST_ID)


class Judge(Request):
    """The user says that an answer was wrong, or takes that back. Kept with the answer, on this machine."""

    kind: Literal["judge"] = "judge"
    exchange: int = Field(ge=0, le=LARGEST_ID)
    wrong: bool
    remark: str = Field(default="", max_length=2_000)


class ForgetHistory(Request):
    """Deletes these exchanges for good; none named: all of them."""

    kind: Literal["forget_history"] = "forget_history"
    exchanges: tuple[int, ...] | None = Field(default=None, max_length=10_000)


class GetMemory(Request):
    """What the memory holds and what it took. Answered by Memory."""

    kind: Literal["memory"] = "memory"
    known: int = Field(default=0, ge=0, le=LARGEST_ID, description="the view that the asker has already")


class GetSettings(Request):
    kind: Literal["settings"] = "settings"


class ChangeSetting(Request):
    kind: Literal["change_setting"] = "change_setting"
    name: str
    value: str


class GetWindows(Request):
    """Which of the open windows these rules would hide; None: as the settings have it. Answered by Windows."""

    kind: Literal["windows"] = "windows"
    applications: tuple[str, ...] | None = None
    titles: tuple[str, ...] | None = None
    private_browsing: bool | None = None


class GetMonitors(Request):
    kind: Literal["monitors"] = "monitors"


class GetModels(Request):
    kind: Literal["models"] = "models"


class FetchModel(Request):
    """Downloads and verifies a model: Progress, then Done. Cancelled, it goes on there the next time."""

    kind: Literal["fetch_model"] = "fetch_model"
    name: str = Field(max_length=200)
    use: bool = Field(default=False, description="answer with it from then on")


class VerifyModel(Request):
    """Compares a model's files with their checksums: Progress, then Done whose message holds what is wrong."""

    kind: Literal["verify_model"] = "verify_model"
    name: str = Field(max_length=200)


class RebuildIndex(Request):
    """Makes the timeline's full-text index anew: Progress, then Done."""

    kind: Literal["rebuild_index"] = "rebuild_index"


class Shutdown(Request):
    kind: Literal["shutdown"] = "shutdown"


AnyRequest = Annotated[
    Hello
    | GetStatus
    | Subscribe
    | Ask
    | Cancel
    | Watch
    | Stop
    | Pause
    | Resume
    | Forget
    | GetMoments
    | GetPicture
    | GetDensity
    | GetFound
    | Export
    | GetHistory
    | Judge
    | ForgetHistory
    | GetMemory
    | GetSettings
    | ChangeSetting
    | GetWindows
    | GetMonitors
    | GetModels
    | FetchModel
    | VerifyModel
    | RebuildIndex
    | Shutdown,
    Field(discriminator="kind"),
]

Recording = Literal["recording", "paused", "excluded", "stalled", "locked", "disk_full", "no_source", "idle"]


class SourceStatus(Message):
    name: str
    frames: int = 0
    last_frame_age_s: float | None = None
    last_frame_time: datetime | None = None
    finished: bool = Field(default=False, description="a recording that was fed to its end")
    trouble: str = ""


class Status(Message):
    """What the engine is doing, truthfully: ``recording`` only while frames really arrive."""

    state: Recording
    reason: str = Field(default="", description="why, in one sentence, where the state needs one")
    paused_until: datetime | None = None
    sources: tuple[SourceStatus, ...] = ()
    camera: bool = Field(default=False, description="a camera is open")
    frames_seen: int = 0
    frames_still: int = 0
    frames_excluded: int = 0
    frames_behind: int = Field(default=0, description="frames the model was too slow to see; the timeline has them")
    frames_waiting: int = Field(default=0, description="frames the model will see next")
    tokens_seen: int = 0
    state_bytes: int = 0
    last_frame_age_s: float | None = None
    unread_moments: int = Field(default=0, description="moments whose text has not been read yet")
    moments: int = 0
    disk_bytes: int = 0
    model: str = ""
    device: str = ""
    model_answers: bool = False
    pid: int = 0
    started: datetime | None = None
    last_snapshot: datetime | None = None
    notices: tuple[str, ...] = Field(default=(), description="trouble the user should know of, newest first")


class MomentInfo(Message):
    id: int
    time: datetime
    source: str
    application: str
    window: str
    text: str = ""
    picture: str | None = Field(default=None, description="path of the stored picture on this machine")
    rect: tuple[int, int, int, int] = (0, 0, 0, 0)
    by_meaning: bool = Field(default=False, description="found by a search though none of its words is there")


class Event(Message):
    id: int = Field(description="the request this answers")


class HelloEvent(Event):
    kind: Literal["hello"] = "hello"
    version: int = PROTOCOL_VERSION
    pid: int


class StatusEvent(Event):
    kind: Literal["status"] = "status"
    status: Status


class AnswerPiece(Event):
    kind: Literal["piece"] = "piece"
    text: str


class AnswerDone(Event):
    """``text`` is the whole answer and replaces the pieces."""

    kind: Literal["answer"] = "answer"
    text: str
    origin: Literal["memory", "evidence", "both", "none"]
    moments: tuple[MomentInfo, ...] = ()
    timings_ms: dict[str, float] = {}
    after: str = Field(default="", description="the earlier question that this one was taken to go on from")
    exchange: int | None = Field(default=None, description="its number in the history; none: it is not kept")


class Moments(Event):
    kind: Literal["moments"] = "moments"
    moments: tuple[MomentInfo, ...]
    total: int


class Picture(Event):
    kind: Literal["picture"] = "picture"
    data: bytes = Field(description="an encoded picture (WebP or AVIF)")
    media_type: str


class Density(Event):
    kind: Literal["density"] = "density"
    counts: dict[str, tuple[int, ...]] = Field(description="application -> moments in each part, most used first")
    sources: tuple[str, ...] = ()


class Found(Event):
    kind: Literal["found"] = "found"
    moment: int
    places: tuple[tuple[int, int, int, int], ...] = Field(description="left, top, width, height in its picture")


class ExchangeInfo(Message):
    """A question with its answer. ``before``: the question whose conversation it went on."""

    id: int
    asked: datetime
    question: str
    answer: str
    origin: Literal["memory", "evidence", "both", "none"]
    moments: tuple[MomentInfo, ...] = ()
    before: str = ""
    wrong: bool = False
    remark: str = ""


class History(Event):
    kind: Literal["history"] = "history"
    exchanges: tuple[ExchangeInfo, ...]
    total: int


class GrowthPoint(Message):
    """How far the memory was at a time."""

    time: datetime
    tokens: int
    state_bytes: int


class View(Message):
    """What the model was shown last: a line of text and encoded pictures, the overview first."""

    number: int
    time: datetime
    words: str
    pictures: tuple[bytes, ...]


class Memory(Event):
    """``points``: oldest first; the first is the memory's beginning, where that is known. Without a model, zeros.

    ``cache_bytes_per_token``: computed from the model's shape: what one token takes in the key-value cache of a
    Transformer with the same layers and heads that attends to all of the past.
    """

    kind: Literal["memory"] = "memory"
    since: datetime | None = None
    frames: int = Field(default=0, description="observations in the memory")
    tokens: int = 0
    state_bytes: int = 0
    cache_bytes_per_token: int = 0
    frames_per_second: float = Field(default=0.0, description="looked at by the gate, over the last seconds")
    points: tuple[GrowthPoint, ...] = ()
    view: View | None = Field(default=None, description="none: nothing seen, or the asker has it already")


class SettingInfo(Message):
    name: str
    value: str
    default: str
    type: str
    description: str


class Settings(Event):
    kind: Literal["settings"] = "settings"
    settings: tuple[SettingInfo, ...]


class WindowInfo(Message):
    """An open window. ``title`` is empty where the rules in force exclude it: it goes no further than the gate."""

    application: str
    title: str = ""
    rule: str = Field(default="", description="the rule that would hide it; empty: it would be recorded")


class Windows(Event):
    kind: Literal["windows"] = "windows"
    windows: tuple[WindowInfo, ...]
    listed: bool = Field(default=True, description="False: the desktop does not tell its windows")


class MonitorInfo(Message):
    name: str
    rect: tuple[int, int, int, int]  # left, top, width, height in desktop pixels
    scale: float = 1.0


class Monitors(Event):
    kind: Literal["monitors"] = "monitors"
    monitors: tuple[MonitorInfo, ...]


class ModelInfo(Message):
    """``path``: the value of the setting model.path that chooses it. ``published``: can be downloaded by name."""

    name: str
    description: str
    path: str
    present: bool
    chosen: bool
    bytes: int = 0
    published: bool = False


class Models(Event):
    kind: Literal["models"] = "models"
    models: tuple[ModelInfo, ...]


class Done(Event):
    kind: Literal["done"] = "done"
    message: str = ""
    count: int | None = None


class Progress(Event):
    kind: Literal["progress"] = "progress"
    done: float = Field(ge=0, le=1)
    message: str = ""


class Cancelled(Event):
    kind: Literal["cancelled"] = "cancelled"


class Failure(Event):
    kind: Literal["failure"] = "failure"
    message: str
    remedy: str = ""


AnyEvent = Annotated[
    HelloEvent
    | StatusEvent
    | AnswerPiece
    | AnswerDone
    | Moments
    | Picture
    | Density
    | Found
    | History
    | Memory
    | Settings
    | Windows
    | Monitors
    | Models
    | Done
    | Progress
    | Cancelled
    | Failure,
    Field(discriminator="kind"),
]

requests: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)
events: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
