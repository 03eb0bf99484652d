"""What the engine tells of itself and of what it holds: the parts that events are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from app.protocol.base import Message

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
    preparing: float | None = Field(
        default=None, ge=0, le=1, description="share done of preparing the graphics card; none: not under way"
    )
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


class Said(Message):
    """What an answer says, for a window to word in its language; see core.recall.Statement for the kinds.

    ``first``, ``last``: when ``line`` was on screen; none for a picture that was asked about.
    """

    kind: Literal["found", "yes", "place", "time", "spoken", "unseen", "unread", "untrained"]
    spoken: str = Field(default="", description="the model's words, before the rest")
    value: str = Field(default="", description="the answer itself; empty where the line is the answer")
    line: str = Field(default="", description="as it stood on the screen")
    application: str = ""
    title: str = ""
    source: str = ""
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None
    nearest: bool = Field(default=False, description="found by words near in meaning only: nothing is claimed")


class ExchangeInfo(Message):
    """A question with its answer. ``before``: the question whose conversation it went on."""

    id: int
    asked: datetime
    question: str
    answer: str
    said: Said | None = Field(default=None, description="as of AnswerDone; none for what an older version kept")
    origin: Literal["memory", "evidence", "both", "none"]
    moments: tuple[MomentInfo, ...] = ()
    before: str = ""
    wrong: bool = False
    remark: str = ""


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


class SettingInfo(Message):
    name: str
    value: str
    default: str
    type: str
    description: str


class WindowInfo(Message):
    """An open window. ``title`` is empty where the rules in force exclude it: it goes no further than the gate."""

    application: str
    title: str = ""
    rule: str = Field(default="", description="the rule that would hide it; empty: it would be recorded")


class MonitorInfo(Message):
    name: str
    rect: tuple[int, int, int, int]  # left, top, width, height in desktop pixels
    scale: float = 1.0


class ModelInfo(Message):
    """``path``: the value of the setting model.path that chooses it. ``published``: can be downloaded by name."""

    name: str
    description: str
    path: str
    present: bool
    chosen: bool
    bytes: int = 0
    published: bool = False
