"""What the engine answers and reports; every event names the request that it answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from app.protocol.base import PROTOCOL_VERSION, Message
from app.protocol.facts import (
    ExchangeInfo,
    GrowthPoint,
    ModelInfo,
    MomentInfo,
    MonitorInfo,
    Said,
    SettingInfo,
    Status,
    View,
    WindowInfo,
)


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
    """``text`` is the whole answer in English and replaces the pieces; ``said`` is the same as data."""

    kind: Literal["answer"] = "answer"
    text: str
    said: Said | None = Field(default=None, description="none: the text is all there is")
    origin: Literal["memory", "evidence", "both", "none"]
    moments: tuple[MomentInfo, ...] = ()
    timings_ms: dict[str, float] = Field(default_factory=dict)
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


class History(Event):
    kind: Literal["history"] = "history"
    exchanges: tuple[ExchangeInfo, ...]
    total: int


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


class Settings(Event):
    kind: Literal["settings"] = "settings"
    settings: tuple[SettingInfo, ...]


class Windows(Event):
    kind: Literal["windows"] = "windows"
    windows: tuple[WindowInfo, ...]
    listed: bool = Field(default=True, description="False: the desktop does not tell its windows")


class Monitors(Event):
    kind: Literal["monitors"] = "monitors"
    monitors: tuple[MonitorInfo, ...]


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

events: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
