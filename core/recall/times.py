"""Times in questions: "this morning", "10 minutes ago", "before lunch", "on 3 November" -> when to look.

English first, the commonest German forms too. Explicit dates go through dateparser. Works in the asker's local
time; knows nothing of moments.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

LUNCH = time(12, 30)
LONGEST_AGO = timedelta(days=300)  # a date further back is taken for one that is yet to come
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
            "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "half": 0.5, "few": 4,
            "couple": 2, "einer": 1, "einem": 1, "zwei": 2, "drei": 3, "fünf": 5, "zehn": 10}  # fmt: skip
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PARTS = {  # parts of a day: from, to (hours; above 24 is the next day)
    "morning": (4, 12.5), "noon": (11.5, 13.5), "midday": (11.5, 13.5), "lunchtime": (11.5, 13.5),
    "afternoon": (12, 18), "evening": (17, 24), "night": (18, 29), "früh": (4, 12.5), "morgen": (4, 12.5),
    "vormittag": (4, 12.5), "mittag": (11.5, 13.5), "nachmittag": (12, 18), "abend": (17, 24),
}  # fmt: skip
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez"
_COUNT = r"(\d+(?:\.\d+)?|half an?|an?|a few|few|a couple of|couple of|[a-zü]+)"
_UNIT = r"(seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|sekunden?|minuten?|stunden?|tage?n?|wochen?)"
_CLOCK = r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|o'?clock|uhr)?"


@dataclass(frozen=True, slots=True)
class When:
    """What a question says about when something was on screen.

    ``start``, ``end``: aware datetimes, None for no bound. ``sure``: False where the words may as well belong to
    what was on screen ("the meeting at 3 pm"). ``rest``: the question without the words that are sure.
    """

    start: datetime | None
    end: datetime | None
    sure: bool
    rest: str


def when_in(question: str, now: datetime) -> When:
    """Reads the times out of a question. ``now``: aware; its time zone is the asker's."""
    for pattern, reading, sure in _FORMS:
        for found in pattern.finditer(question):
            span = reading(found, now)
            if span is None:
                continue
            start, end = span
            if start is not None and (start > now or start < now - LONGEST_AGO):
                continue  # what lies ahead or far back was not on screen: it belongs to what was shown
            rest = question[: found.start()] + " " + question[found.end() :] if sure else question
            return When(start, end, sure, rest)
    return When(None, None, sure=True, rest=question)


Span = tuple[datetime | None, datetime | None]
Reading = Callable[[re.Match[str], datetime], Span | None]


def _count(text: str) -> float | None:
    words = re.sub(r"\b(an?|of)\b", " ", text).split() or [text.split()[0]]
    if re.fullmatch(r"\d+(\.\d+)?", words[0]):
        return float(words[0])
    return _NUMBERS.get(words[0])


def _seconds(count: str, unit: str) -> float | None:
    number = _count(count.lower())
    letter = unit.lower()[0].replace("t", "d")
    return None if number is None else number * _UNITS[letter]


def seconds_of(count: str, unit: str) -> float:
    """ "two", "hours" -> 7200; a count that is no number is one."""
    return _seconds(count, unit) or float(_UNITS[unit.lower()[0].replace("t", "d")])


def _ago(found: re.Match[str], now: datetime) -> Span | None:
    seconds = _seconds(found[1], found[2])
    if seconds is None:
        return None
    middle, slack = now - timedelta(seconds=seconds), timedelta(seconds=max(90.0, 0.35 * seconds))
    return middle - slack, min(now, middle + slack)


def _within(found: re.Match[str], now: datetime) -> Span | None:
    seconds = _seconds(found[1] or "one", found[2])
    return None if seconds is None else (now - timedelta(seconds=seconds), now)


def _midnight(day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def _hours(day: datetime, start: float, end: float) -> Span:
    base = _midnight(day)
    return base + timedelta(hours=start), base + timedelta(hours=end)


def _day(found: re.Match[str], now: datetime) -> Span:
    """today, yesterday, the day before yesterday; with a part of the day or without."""
    word = found[1].lower()
    back = 2 if word.startswith(("the day", "vorg")) else 1 if word in ("yesterday", "gestern") else 0
    start, end = _PARTS.get((found[2] or "").lower(), (0, 24))
    return _hours(now - timedelta(days=back), start, end)


def _part(found: re.Match[str], now: datetime) -> Span:
    """this morning, tonight, last night."""
    text = found[0].lower()
    if text.startswith("last"):
        return _hours(now - timedelta(days=1), 18, 30)
    if "tonight" in text:
        return _hours(now, 17, 30)
    start, end = _PARTS[found[1].lower()]
    return _hours(now, start, end)


def _lunch(found: re.Match[str], now: datetime) -> Span:
    noon = datetime.combine(now.date(), LUNCH, now.tzinfo)
    midnight = _midnight(now)
    if now < noon:  # lunch is still to come: the day before's is meant only by what follows it
        return (midnight, now) if _is_before(found[1]) else (noon - timedelta(days=1), now)
    return (midnight, noon) if _is_before(found[1]) else (noon - timedelta(minutes=30), now)


def _is_before(word: str) -> bool:
    return word.lower() in ("before", "vor", "until", "till", "by", "bis")


def _just_now(_: re.Match[str], now: datetime) -> Span:
    return now - timedelta(minutes=10), now


def _hour(hour: str, minute: str | None, half: str | None, now: datetime) -> datetime | None:
    """The last time at which the clock showed this."""
    number = int(hour)
    half = (half or "").replace(".", "").lower()
    if half == "pm" and number < 12:
        number += 12
    if half == "am" and number == 12:
        number = 0
    if number > 23 or int(minute or 0) > 59:
        return None
    moment = now.replace(hour=number, minute=int(minute or 0), second=0, microsecond=0)
    if moment > now and not half and number < 12 and moment + timedelta(hours=12) <= now:
        return moment + timedelta(hours=12)
    return moment if moment <= now else moment - timedelta(days=1)


def _clock(found: re.Match[str], now: datetime) -> Span | None:
    word = found[1].lower()
    moment = _hour(found[2], found[3], found[4], now)
    if moment is None or not (found[3] or found[4]):
        return None
    if _is_before(word):
        return _midnight(moment), moment
    if word in ("after", "since", "seit", "nach", "from"):
        return moment, None
    slack = timedelta(minutes=10 if found[3] else 30)
    return moment - slack, moment + slack


def _between(found: re.Match[str], now: datetime) -> Span | None:
    end = _hour(found[4], found[5], found[6], now)
    start = _hour(found[1], found[2], found[3] or found[6], now)
    if start is None or end is None or not (found[2] or found[3] or found[5] or found[6]):
        return None
    return (start, end) if start <= end else (start - timedelta(days=1), end)


def _weekday(found: re.Match[str], now: datetime) -> Span:
    back = (now.weekday() - _DAYS.index(found[2].lower())) % 7 or 7
    start, end = _PARTS.get((found[3] or "").lower(), (0, 24))
    return _hours(now - timedelta(days=back), start, end)


def _week(found: re.Match[str], now: datetime) -> Span:
    monday = _midnight(now) - timedelta(days=now.weekday())
    if found[1].lower() in ("this", "diese"):
        return monday, now
    return monday - timedelta(days=7), monday


def _date(found: re.Match[str], now: datetime) -> Span | None:
    import dateparser  # half a second to load: only where a date is written

    day = dateparser.parse(
        found[1], settings={"PREFER_DATES_FROM": "past", "RELATIVE_BASE": now.replace(tzinfo=None)}
    )
    if day is None:
        return None
    return _hours(datetime.combine(day.date(), time(), now.tzinfo), 0, 24)


def _form(pattern: str, reading: Reading, sure: bool = True) -> tuple[re.Pattern[str], Reading, bool]:
    return re.compile(pattern, re.IGNORECASE), reading, sure


_PART_WORDS = "|".join(_PARTS)
_FORMS = (
    _form(rf"\b(?:about |around |some )?{_COUNT}\s+{_UNIT}\s+ago\b", _ago),
    _form(rf"\bvor (?:etwa |rund )?{_COUNT}\s+{_UNIT}\b", _ago),
    _form(rf"\b(?:in|within|during|over|for) the (?:last|past)\s+(?:{_COUNT}\s+)?{_UNIT}\b", _within),
    _form(rf"\bin den letzten\s+(?:{_COUNT}\s+)?{_UNIT}\b", _within),
    _form(r"\b(?:just now|a moment ago|a minute ago|a while ago|gerade eben)\b", _just_now),
    _form(r"\b(before|after|vor|nach|until|bis)\s+(?:the |dem |my )?(?:lunch|mittagessen|noon|midday)\b(?:\s+today)?",
          _lunch),
    _form(rf"\b(?:earlier )?(the day before yesterday|yesterday|today|vorgestern|gestern|heute)"
          rf"(?:\s+(?:in the |at )?({_PART_WORDS}))?\b", _day),
    _form(rf"\b(?:this|in the|during the|am|diesen)\s+(?:early |late )?({_PART_WORDS})\b(?! (?:of|session|shift))",
          _part),
    _form(r"\b(?:last night|tonight)\b", _part),
    _form(rf"\bbetween\s+{_CLOCK}\s+and\s+{_CLOCK}(?=\W|$)", _between),
    _form(rf"\b(at|around|about|before|after|since|until|um|gegen|seit|nach|from)\s+{_CLOCK}(?=\W|$)", _clock,
          sure=False),
    _form(rf"\b(on|last)\s+({'|'.join(_DAYS)})(?:\s+({_PART_WORDS}))?\b", _weekday, sure=False),
    _form(r"\b(last|this|letzte|diese)\s+(?:week|woche)\b", _week, sure=False),
    _form(rf"\bon\s+((?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})\w*|(?:{_MONTH})\w*\s+\d{{1,2}}(?:st|nd|rd|th)?)"
          r"(?:,?\s+\d{4})?|\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.(?:\d{4})?)", _date, sure=False),
)  # fmt: skip
