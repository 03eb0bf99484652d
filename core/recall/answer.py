"""What an answer is, as data. Which words say it is for whoever shows it: core.recall.english, ui.wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from core.preprocess import plain
from core.recall.evidence import Evidence
from core.recall.extract import Finding
from core.recall.question import Asked, Question
from core.timeline.moment import Moment

Origin = Literal["memory", "evidence", "both", "none"]
Kind = Literal["found", "yes", "place", "time", "spoken", "unseen", "unread", "untrained"]
LINE = 300  # characters of a quoted line
NAME = 80  # characters of a title


@dataclass(frozen=True, slots=True)
class Statement:
    """What an answer says. ``kind``: what was asked for and found, or why nothing is said:

    found: a value or a line; yes: that it was seen; place: where; time: when; spoken: the model's words alone;
    unseen: nothing of it was seen; unread: nothing of it is in the picture asked about; untrained: the model in use
    cannot answer from its memory. ``spoken``: the model's words, before the rest. ``value``: the answer itself, empty
    where the line is the answer; ``line``: as it stood on the screen. ``application``, ``title``, ``source``: where.
    ``first``, ``last``: when the line was on screen; None for a picture that is asked about. ``nearest``: found by
    words near in meaning only, so nothing is claimed.
    """

    kind: Kind
    spoken: str = ""
    value: str = ""
    line: str = ""
    application: str = ""
    title: str = ""
    source: str = ""
    first: datetime | None = None
    last: datetime | None = None
    nearest: bool = False


@dataclass(frozen=True)
class Answer:
    """``text``: what is said, in English, as programs, the history's search and later questions are told it.

    ``moments``: the proof, best first; with origin "none" what is nearest in meaning, if anything. ``after``: the
    earlier question that this one was taken to go on from, empty where it was taken by itself.
    """

    text: str
    said: Statement
    origin: Origin
    moments: tuple[Moment, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    after: str = ""


_KINDS: dict[Asked, Kind] = {Asked.SEEN_TIME: "time", Asked.PLACE: "place", Asked.YES_NO: "yes"}


def stated(
    question: Question, evidence: Evidence, finding: Finding, shown: tuple[datetime, datetime], *, meant: bool = False
) -> Statement:
    """What the evidence says. ``shown``: when the line was first and last on screen. ``meant``: it was found by words
    near in meaning only."""
    moment = evidence.moment
    line, value = plain(finding.line, LINE), plain(finding.value, LINE)
    first, last = shown if moment.id else (None, None)
    kind = _KINDS.get(question.asked, "found")
    if meant and kind == "yes":  # a word that is only near is no "yes"
        kind = "found"
    if kind != "found" and line == plain(moment.title, LINE):
        line = ""  # where it was says the same
    return Statement(
        kind=kind,
        value="" if value == line else value,
        line=line,
        application=plain(moment.application, NAME),
        title=plain(moment.title, NAME),
        source=plain(moment.source, NAME),
        first=first,
        last=last,
        nearest=meant,
    )


def span(
    moments: Sequence[Moment], line_first: datetime | None, line_last: datetime | None
) -> tuple[datetime, datetime]:
    """When a line was on screen: as the timeline knows it, else as long as its moment was."""
    moment = moments[0]
    end = moment.ended or moment.time
    first = min(line_first or moment.time, moment.time)
    last = max(line_last or end, end)
    return first, last if last - first < timedelta(days=1) else end
