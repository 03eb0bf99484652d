"""Understands a question that goes on where the last one ended: "and the day before?", "who sent it?".

Takes the turns before it and gives the ways it can be read, the likeliest first. Knows no timeline: what it needs
of a moment it is handed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.recall.question import Asked, Question, Term, understand
from core.recall.times import When, seconds_of
from core.timeline.moment import Moment
from core.timeline.schema import words

MOST_TURNS = 6  # of the conversation, the newest
SOON = timedelta(hours=1)  # how far "after that" reaches where nothing says what is looked for
JUST = timedelta(microseconds=1)  # what ends as "that" begins is not before it
QUOTED = 200  # characters of an answer that the model is reminded of
_TIME_ONLY = 3  # words beside a time up to which a question is nothing but the time

_GOES_ON = re.compile(
    r"^\W*(?:and|or|but|also|then|und|oder|aber|auch)\b(?:\s+(?:what|how)\s+about\b)?|"
    r"^\W*(?:what|how)\s+about\b|^\W*was ist mit\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|he|him|his|she|her|those|these|that|this|there|ones?|"
    r"ihn|ihm|ihr|dort|davon|dazu|darin|dieser?s?|jene[rs]?)\b",
    re.IGNORECASE,
)
_UNIT = r"(minutes?|hours?|days?|weeks?|minuten?|stunden?|tage?n?|wochen?)"
_STEP = re.compile(
    rf"\b(?:the|an?|one|two|three|four|five|six|(\d+)|eine[nr]?|der|am)\s+{_UNIT}\s+"
    r"(?:(earlier|later)\b|(before|after|davor|danach)(?:\s+that\b|(?=\W*$|\s*[,;?])))",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"\b(?:on |in )?the (previous|next|following) (day|week|hour)\b|"
    r"\b(?:just |right |shortly )?(before|after) (?:that|then|this|it)\b|"
    r"\b(earlier|later|before|afterwards|davor|danach|vorher|nachher)\W*$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^\W*(?:what|which|who|whom|whose|when|where|why|how|did|do|does|was|were|is|are|had|has|have|can|could|"
    r"wer|wie|wo|wann|warum|welche[rsmn]?|hat|habe|ist|war)\b",
    re.IGNORECASE,
)
_WHERE_OR_WHEN = re.compile(
    r"^\W*(?:and |but |und )?(where|when|wo|wann)"
    r"(?:\s+(?:was|is|were|war|did i see|did i read)\s+(?:that|this|it|they|das|es))?\W*$",
    re.IGNORECASE,
)
_PLACES = frozenset({"where", "wo"})
_BACK = frozenset({"before", "earlier", "previous", "davor", "vorher"})


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer. ``asked``: aware; ``moments``: what the answer cited, best first."""

    question: str
    answer: str
    asked: datetime
    moments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a question. ``within``: the moments it is about; none: all there are. ``alone``: as if nothing
    had been asked before it."""

    question: Question
    within: tuple[int, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """``readings``: at least one, the likeliest first. ``after``: the question it goes on from, empty where it stands
    alone. ``spoken``: what the model is asked, the turn before with it."""

    readings: tuple[Reading, ...]
    after: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class _Before:
    """The turn before, understood."""

    question: Question
    turn: Turn
    seen: Moment | None  # what its answer rests on


def understand_after(
    text: str,
    now: datetime,
    present: Sequence[str],
    earlier: Sequence[Turn] = (),
    moment: Callable[[int], Moment | None] = lambda _id: None,
) -> Understood:
    """Reads a question in the light of the turns before it.

    ``now``: aware, in the asker's zone; ``present``: the timeline's applications; ``moment``: gives one by number.
    Raises InputError as `understand` does.
    """
    before: _Before | None = None
    for turn in earlier[-MOST_TURNS:]:
        if turn.question.strip():
            asked = understand(turn.question, turn.asked.astimezone(now.tzinfo), present)
            linked = _linked(asked, before, now) if before is not None else ()
            seen = next((found for number in turn.moments if (found := moment(number)) is not None), None)
            before = _Before(linked[0].question if linked else asked, turn, seen)
    asked = understand(text, now, present)
    readings = _linked(asked, before, now) if before is not None else ()
    if before is None or not readings:
        return Understood((Reading(asked, alone=True),), spoken=asked.text)
    turn = before.turn
    return Understood(readings, turn.question, f"{turn.question} {turn.answer[:QUOTED]} {asked.text}")


def _linked(asked: Question, before: _Before, now: datetime) -> tuple[Reading, ...]:
    """The readings of a question that goes on from ``before``; none where it stands on its own."""
    when, rest = _relative(asked, before, now)
    bare = _GOES_ON.sub(" ", rest)
    goes_on = bare != rest
    points_back = _POINTS_BACK.search(bare) is not None
    own = _terms_beside(asked, rest)
    strong = any(term.strong for term in own)
    moved = when is not asked.when
    only_a_time = _bounded(when) and not own and len(bare.split()) <= _TIME_ONLY
    says_nothing = not own and not _bounded(when) and (not goes_on or _WHERE_OR_WHEN.match(asked.text) is not None)
    if not (goes_on or moved or only_a_time or points_back or says_nothing):
        return ()
    told = before.question
    if says_nothing or (points_back and not only_a_time and not (goes_on and strong)):
        return _about_the_same(asked, before, when, own)
    if strong:
        terms = _together(own, tuple(_softened(term) if term.strong else term for term in told.terms))
    elif own and asked.asked is not Asked.ANYTHING:
        terms = _together(own, tuple(term for term in told.terms if term.strong))
    elif own or goes_on or only_a_time:
        terms = _together(own, told.terms)
    else:  # "what did I do after that?"
        return (Reading(replace(asked, terms=(), when=when, first=True)),)
    asks = _ASKS.match(bare) is not None
    question = replace(
        asked,
        asked=told.asked if asked.asked is Asked.ANYTHING and not asks else asked.asked,
        terms=terms,
        when=when if _bounded(when) else told.when,
        applications=asked.applications or told.applications,
        first=asked.first or (told.first and not moved),
    )
    readings = [Reading(question)]
    if strong:  # another thing may have been on the screen at another time, elsewhere
        readings.append(Reading(replace(question, when=when, applications=asked.applications)))
        if asks:
            readings.append(Reading(asked, alone=True))
    return tuple(readings)


def _about_the_same(asked: Question, before: _Before, when: When, own: tuple[Term, ...]) -> tuple[Reading, ...]:
    """Readings of "who sent it?": in what the last answer rests on, then anywhere, then without the last turn."""
    told, moments = before.question, before.turn.moments
    place_or_time = _WHERE_OR_WHEN.match(asked.text)
    if place_or_time is not None:  # it was on the screen there, and then
        asked = replace(asked, asked=Asked.PLACE if place_or_time[1].lower() in _PLACES else Asked.SEEN_TIME)
    subject = tuple(term for term in told.terms if term.strong)
    moved = when is not asked.when
    here = replace(asked, terms=_together(own, subject), when=when, applications=asked.applications)
    soft = replace(here, terms=_together(_weighty(own), tuple(_softened(term) for term in subject)))
    wide = replace(
        here, when=when if _bounded(when) else told.when, applications=asked.applications or told.applications
    )
    anywhere = replace(wide, when=When(None, None, sure=True, rest=""), applications=asked.applications)
    readings = (
        [Reading(wide)] if moved or not moments else [Reading(here, moments), Reading(soft, moments), Reading(wide)]
    )
    readings.append(Reading(anywhere if not moved else wide))
    if any(term.strong for term in own):
        readings.append(Reading(replace(asked, when=when), alone=True))
    return tuple(dict.fromkeys(readings))


def _terms_beside(asked: Question, rest: str) -> tuple[Term, ...]:
    """The question's own terms, without the words of the time it names."""
    beside = set(words(rest))
    return tuple(term for term in asked.terms if term.word in beside)


def _together(own: tuple[Term, ...], more: tuple[Term, ...]) -> tuple[Term, ...]:
    known = {term.word for term in own}
    return own + tuple(term for term in more if term.word not in known)


def _softened(term: Term) -> Term:
    """A term that still tells where to look, and is not missed where it is not found."""
    return replace(term, weight=0.05, location=0.25, essential=False, wish=False, strong=0.0)


def _weighty(own: tuple[Term, ...]) -> tuple[Term, ...]:
    if any(term.strong for term in own):
        return own
    return tuple(replace(term, weight=0.5, location=1.0) for term in own)


def _bounded(when: When) -> bool:
    return when.start is not None or when.end is not None


def _relative(asked: Question, before: _Before, now: datetime) -> tuple[When, str]:
    """The time that a question names by the turn before it, else its own; and the question without these words."""
    text = asked.when.rest
    if _bounded(asked.when) and asked.when.sure:
        return asked.when, text
    start, end, is_span = _anchor(before, now)
    found = _STEP.search(text)
    if found is not None:
        seconds = seconds_of(found[1] or found[0].split()[0], found[2])
        span = _stepped(start, end, is_span, seconds, found[2], found[3] or found[4])
    else:
        found = _BESIDE.search(text)
        if found is None:
            return asked.when, text
        word = next(part for part in (found[1], found[3], found[4]) if part)
        if found[2]:
            span = _stepped(start, end, is_span, seconds_of("one", found[2]), found[2], word)
        elif word.lower() in _BACK:
            span = (None, start - JUST)
        else:
            span = (end + JUST, min(now, end + SOON))
    rest = text[: found.start()] + " " + text[found.end() :]
    return When(span[0], span[1], sure=True, rest=rest), rest


def _anchor(before: _Before, now: datetime) -> tuple[datetime, datetime, bool]:
    """The time that the turn before was about: from, until, and whether the user named it."""
    when = before.question.when
    if when.start is not None and when.end is not None:
        return when.start, when.end, True
    if before.seen is not None:
        start = before.seen.time.astimezone(now.tzinfo)
        return start, (before.seen.ended or before.seen.time).astimezone(now.tzinfo), False
    asked = before.turn.asked.astimezone(now.tzinfo)
    return asked, asked, False


def _stepped(
    start: datetime, end: datetime, is_span: bool, seconds: float, unit: str, side: str
) -> tuple[datetime | None, datetime | None]:
    """The time so many seconds before or after an anchor: a named span moves as it is, else whole days are meant."""
    sign = -1 if side.lower() in _BACK else 1
    by = timedelta(seconds=sign * seconds)
    if unit[0].lower() in "mhs":  # minutes, hours
        middle, slack = (start if sign < 0 else end) + by, timedelta(seconds=max(90.0, 0.35 * seconds))
        return middle - slack, middle + slack
    if is_span:
        return start + by, end + by
    day = (start + by).replace(hour=0, minute=0, second=0, microsecond=0)
    return day, day + timedelta(days=7 if unit[0].lower() == "w" else 1)
