"""What can be asked of the engine; each request says which events answer it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from app.protocol.base import (
    LARGEST_ID,
    LONGEST,
    MAX_ANSWER,
    MAX_QUESTION,
    MAX_SLOTS,
    MAX_TURNS,
    PROTOCOL_VERSION,
    Message,
)


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

requests: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)
