"""What an answer is, and how one made of evidence is worded: the answer first, then the line that proves it."""

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
UNSEEN = "I did not see that."
UNREAD = "I could read nothing in this picture that answers that."
LINE = 300  # characters of a quoted line
NAME = 80  # characters of a title


@dataclass(frozen=True)
class Answer:
    """``moments``: the proof, best first; with origin "none" what is nearest in meaning, if anything. ``after``: the
    earlier question that this one was taken to go on from, empty where it was taken by itself."""

    text: str
    origin: Origin
    moments: tuple[Moment, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    after: str = ""


def worded(
    question: Question,
    evidence: Evidence,
    finding: Finding,
    shown: tuple[datetime, datetime],
    now: datetime,
    *,
    meant: bool = False,
) -> str:
    """The answer in a plain sentence. ``shown``: when the line was first and last on screen; ``now``: local;
    ``meant``: it was found by words near in meaning only, so the sentence claims nothing."""
    if meant:
        nearest = f"Nearest in meaning: {_worded(question, evidence, finding, shown, now, sure=False)}"
        return " ".join((UNSEEN, nearest))
    return _worded(question, evidence, finding, shown, now, sure=True)


def _worded(
    question: Question,
    evidence: Evidence,
    finding: Finding,
    shown: tuple[datetime, datetime],
    now: datetime,
    *,
    sure: bool,
) -> str:
    moment = evidence.moment
    quote = f"“{plain(finding.line, LINE)}”" if finding.line else ""
    where = _where(moment)
    first, last = (_clock(time.astimezone(now.tzinfo), now) for time in shown)
    when = first if first == last else f"{first} to {last.removeprefix(_day(first))}"
    if question.asked is Asked.SEEN_TIME:
        return f"{_capital(when)}, in {where}" + (f": {quote}" if quote else ".")
    if question.asked is Asked.PLACE:
        return f"In {where}, {when}" + (f": {quote}" if quote else ".")
    seen = f"({where}, {when})"
    if question.asked is Asked.YES_NO and sure:  # a word that is only near is no "yes"
        return f"Yes: {quote or where} {seen if quote else when}"
    if finding.value and plain(finding.value, LINE) != plain(finding.line, LINE):
        return f"{plain(finding.value, LINE)} - {quote} {seen}"
    return f"{quote} {seen}".strip()


def _where(moment: Moment) -> str:
    application, title = plain(moment.application, NAME), plain(moment.title, NAME)
    if application and title:
        return f"{application}, window “{title}”"
    return application or (f"the window “{title}”" if title else f"{plain(moment.source, NAME)}")


def _clock(time: datetime, now: datetime) -> str:
    days = (now.date() - time.date()).days
    day = {0: "today ", 1: "yesterday "}.get(days, f"on {time:%A} {time.day} {time:%B} ")
    return f"{day}at {time:%H:%M}"


def _day(clock: str) -> str:
    return clock[: clock.rindex("at ")] + "at "


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def span(
    moments: Sequence[Moment], line_first: datetime | None, line_last: datetime | None
) -> tuple[datetime, datetime]:
    """When a line was on screen: as the timeline knows it, else as long as its moment was."""
    moment = moments[0]
    end = moment.ended or moment.time
    first = min(line_first or moment.time, moment.time)
    last = max(line_last or end, end)
    return first, last if last - first < timedelta(days=1) else end
