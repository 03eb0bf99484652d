"""What may answer a question on a page: strings of the asked kind, or whole lines. Cut out, never made up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from core.recall.page import Page, Place
from core.recall.question import Asked, Question
from core.recall.words import STOP, matching
from core.timeline.schema import fold, words

_NUMBER = r"[-+−]?\d+(?:[.,:' ]\d{3})*(?:[.,]\d+)?"
_CURRENCY = r"(?:[$€£¥₹]|USD|EUR|GBP|CHF|SEK|NOK|DKK|JPY|PLN|CAD|AUD|euros?|dollars?|pounds?|kr|Fr\.?)"
_MONTHS = (r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
           r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|"
           r"oktober|dezember)\.?")  # fmt: skip
_WEEKDAYS = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_TIME_OF_DAY = r"\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?|\d{1,2}\s?[ap]\.?m\.?|\bnoon\b|\bmidnight\b"
_DATE = (rf"(?:{_WEEKDAYS},?\s+)?\d{{1,2}}(?:st|nd|rd|th|\.)?\s+{_MONTHS}(?:,?\s+\d{{4}})?|"
         rf"(?:{_WEEKDAYS},?\s+)?{_MONTHS}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?|\d{{4}}-\d{{2}}-\d{{2}}|"
         rf"\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|\b{_WEEKDAYS}\b|\b\d{{1,2}}(?:st|nd|rd|th)\b|"
         r"\btomorrow\b|\btoday\b")  # fmt: skip
_UNIT = (r"(?:%|°\s?[CF]?|(?-i:[CFK])(?!\w)|percent|ms|µs|s|sec(?:onds?)?|min(?:utes?)?|h|hrs?|hours?|days?|"
         r"weeks?|months?|years?|[kKMGT]i?B|"
         r"bytes?|mm|cm|km|m|miles?|ft|kg|g|lbs?|l|ml|W|kW|V|mph|km/h|m/s|knots|MB/s|Mbit/s|Mbps|"
         r"fps|px|pages?|stars?|bar|psi|[hk]?Pa|tonnes?|tons?|litres?|liters?|[KMGT](?![\w]))")  # fmt: skip
_VALUES = {
    Asked.MONEY: rf"{_CURRENCY}\s?{_NUMBER}|{_NUMBER}\s?{_CURRENCY}(?!\w)|\d+[.,]\d{{2}}(?!\d)",
    Asked.COUNT: r"(?<![\w.,-])\d{1,3}(?:[,.' ]\d{3})+(?![\w-])|(?<![\w.,-])\d+(?![\w-]|[.,]\d)",
    Asked.MEASURE: rf"(?:{_NUMBER}\s?h\s+)?{_NUMBER}\s?{_UNIT}(?!\w)(?:\s\d+\s?{_UNIT}(?!\w))?|"
                   rf"\d+:\d{{2}}(?::\d{{2}})?|"
                   rf"(?<![\w.-]){_NUMBER}(?![\w-])",
    Asked.TIME: rf"(?:{_DATE})(?:,?\s+(?:at\s+)?(?:{_TIME_OF_DAY}))?|{_TIME_OF_DAY}",
    Asked.CODE: r"(?<![\w/,.])#?(?=[\w.:/-]*\d)[A-Za-z0-9](?:[\w.:/-]*[A-Za-z0-9])?(?:\s\d{2,})*(?!\w|[,.]\d)",
    Asked.FILE: r"(?:[~.]{0,2}/)?(?:[\w.+-]+/)*[\w+-]+\.[A-Za-z]\w{0,9}(?!\w)|(?:[~.]{0,2}/)[\w.+/-]+",
    Asked.ADDRESS: r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[^\s|]+|\b\d{1,3}(?:\.\d{1,3}){3}\b|"
                   r"\b(?:[\w-]+\.)+(?:com|org|net|io|de|eu|dev|app|co|uk|example|info|edu|gov)(?:/[^\s|]*)?",
    Asked.PERSON: r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.?\s+)?[A-ZÀ-ÖØ-Þ][\w’'-]+"
                  r"(?:\s+(?:[A-ZÀ-ÖØ-Þ]\.?\s+)?[A-ZÀ-ÖØ-Þ][\w’'-]+){0,2}|"
                  r"(?<=\bby )[a-z][\w.-]{2,}|(?<=@)[a-z][\w.-]{2,}|(?<=[a-z]: )[a-z][\w.-]{3,}(?=$|[\s,;)])",
}  # fmt: skip
_PATTERNS = {
    asked: re.compile(pattern, 0 if asked is Asked.PERSON else re.IGNORECASE) for asked, pattern in _VALUES.items()
}
_CLOCK = re.compile(_TIME_OF_DAY, re.IGNORECASE)
_LINES = (Asked.ANYTHING, Asked.REASON, Asked.SEEN_TIME, Asked.PLACE, Asked.YES_NO)  # a whole line answers these
_UNITS_OF = tuple(
    (frozenset(measured.split()), re.compile(unit, re.IGNORECASE))
    for measured, unit in (
        ("percent percentage full", r"%|percent"),
        ("temperature hot cold warm", r"°|\d\s?[cf]$|degrees"),
        ("weight heavy weigh weighs", r"(?:kg|g|lbs?|tonnes?|tons?|grams?|pounds?)$"),
        ("tall high height wide width far distance deep", r"(?:mm|cm|m|km|ft|feet|miles?|inch(?:es)?|in)$"),
        ("fast speed", r"(?:/s|/h|ps|mph|bps|hz)$"),
        ("pressure", r"(?:bar|psi|[hk]?pa)$"),
        ("late delay delayed duration", r"(?:ms|s|sec\w*|min\w*|h|hours?|days?)$"),
        ("long length", r"(?:ms|s|sec\w*|min\w*|h|hours?|days?|weeks?|months?|years?|mm|cm|m|km|pages?)$|:"),
        ("big large size space memory storage", r"(?:[kmgt]i?b?|bytes?)$"),
        ("strong wind", r"(?:m/s|km/h|mph|knots|kn)$"),
    )
)
_SHAPES = tuple(
    (frozenset(named.split()), re.compile(shape, re.IGNORECASE))
    for named, shape in (
        ("phone telephone mobile call telefonnummer", r"(?:\d\D?){6}"),
        ("hash commit sha", r"^[0-9a-f]{7,64}$"),
        ("version release", r"\d+(?:\.\d+)+"),
        ("port", r"^(?:\S*:)?\d{2,5}$"),
    )
)
_UNFINISHED = re.compile(r"(?:[.,]|\b[a-z]+)$")  # a line whose last name may go on below
_CAUSE = re.compile(
    r"\b(?:because|cannot|can't|could not|couldn't|unable|refused|denied|not found|no such|missing|invalid|"
    r"unexpected|undefined|unknown|timed? ?out|too (?:long|large|many|small|old|few)|out of|not enough|does not|"
    r"did not|expired|due to|reason|exceeded|conflicts?|unreachable|locked)\b|\w*(?:Error|Exception)\b|\berror: \S",
    re.IGNORECASE,
)
_CLOCK_ONLY = re.compile(r"\d{1,2}:\d{2}\s*$")
_DAY_WISH = frozenset("day date weekday month year tag datum".split())
_HOUR_WISH = frozenset("time hour uhrzeit".split())
_FULL_NAME = 0.12  # of a name of several words over a single capitalised one
_NEW = 0.1  # of a line that says something the question does not
_TITLED = re.compile(r"(?:by|from|with|dr\.?|mr\.?|mrs\.?|ms\.?|prof\.?|@)\s*$", re.IGNORECASE)
_GIVEN = re.compile(
    r"(?:\b(?:by|from|with|to|for|ask|call|ring|and|tell|dr|mr|mrs|ms|prof|author|name)\.?|[:@(])\s*$", re.IGNORECASE
)
_PROMPT = re.compile(r"(?:\S+@\S+\s*|\w+[=-])?[$#>%]\s")
_COMMANDS = frozenset("command commands type typed run ran execute executed enter entered".split())
_LABEL = re.compile(r"([^\W_]+)\s?[:=]")
_NO_NAME = re.compile(rf"by|from|to|with|on|in|at|for|since|the|{_MONTHS}|{_WEEKDAYS}", re.IGNORECASE)
_OPENS = frozenset(
    "the a an in on at it this that hello hi dear kind best regards yes no and but please i we you".split()
)


@dataclass(frozen=True, slots=True)
class Value:
    """``text``: the answer itself, empty where the whole line is; ``place``: where it stands (None: the page's title
    alone speaks of the question); ``bonus``: what speaks for it besides the words around it."""

    text: str
    place: Place | None
    bonus: float = 0.0


def values_in(question: Question, page: Page, rows: Set[int]) -> Iterator[Value]:
    """Possible answers in the given rows; whole lines besides values of the asked kind."""
    asked = {term.word for term in question.terms}
    for index, cell in enumerate(page.cells):
        if page.rows[index] not in rows:
            continue
        whole = Place(index, 0, len(cell.text))
        if question.asked in _LINES:
            yield Value("", whole, _line_bonus(question, page, whole, asked))
            continue
        text = cell.text
        unfinished = question.asked is Asked.PERSON and _UNFINISHED.search(text)
        if unfinished and (next_cell := page.below(index)) is not None:
            text = f"{text} {page.cells[next_cell].text}"
        for found in _PATTERNS[question.asked].finditer(text):
            start, value = found.start(), found[0].strip(" .,;:'\"")
            if question.asked is Asked.PERSON:
                start, value = _name_only(start, value)
            if start < len(cell.text) and value and not _repeats(value, asked) and _shaped(question, value):
                place = Place(index, start, min(found.end(), len(cell.text)))
                bonus = _bonus(question, text, start, value) + _label_bonus(question, text[:start])
                if _PROMPT.match(text):
                    bonus -= 0.12  # typed, not told
                if question.asked is Asked.MEASURE:
                    bonus = max(
                        bonus, _unit_bonus(question, f"{value} {' '.join(w.text for w in page.header(place))}")
                    )
                yield Value(value, place, bonus)
        if not _shapes(question):  # where nothing of the kind is near, the line says what there is
            yield Value("", whole, -1.0)
    if question.asked in _LINES:
        yield Value("", None)


def _line_bonus(question: Question, page: Page, place: Place, asked: Set[str]) -> float:
    """For a question that wants to know something, a line with nothing new in it is no answer."""
    if question.asked not in (Asked.ANYTHING, Asked.REASON):
        return 0.0
    new = [w for w in page.words_by_cell[place.cell] if not any(matching(a, w.text) >= 0.9 for a in asked)]
    substance = [w for w in new if w.text not in STOP and not w.text.isdigit() and len(w.text) > 1]
    digits = any(w.text.isdigit() for w in new) and not _CLOCK_ONLY.search(page.cells[place.cell].text)
    if not substance and not digits:
        return -0.4
    text = page.cells[place.cell].text
    bonus = _NEW if len(substance) >= 2 else _NEW / 2
    if _PROMPT.match(text) and not asked & _COMMANDS:
        bonus -= 0.15  # what was typed is seldom what came of it
    if question.asked is Asked.REASON and _CAUSE.search(text):
        bonus += 0.25
    labels = {fold(found[1]) for found in _LABEL.finditer(text)}
    wishes = [term.word for term in question.terms if term.wish]
    return bonus + (0.1 if any(matching(wish, label) >= 0.9 for wish in wishes for label in labels) else 0.0)


def _shaped(question: Question, value: str) -> bool:
    """Whether a code can be what is asked for at all: a telephone number is longer than "11"."""
    return all(shape.search(value) for shape in _shapes(question))


def _shapes(question: Question) -> list[re.Pattern[str]]:
    if question.asked is not Asked.CODE:
        return []
    asked = {term.word for term in question.terms}
    return [shape for named, shape in _SHAPES if asked & named]


def _label_bonus(question: Question, before: str) -> float:
    """Where a label of the question's stands right before a value: "Due: 2 December"."""
    label = re.search(r"([\w -]{2,30})[:=]\s*$", before)
    if label is None:
        return 0.0
    return 0.15 if any(matching(t.word, word) >= 0.6 for t in question.terms for word in words(label[1])) else 0.0


def _name_only(start: int, value: str) -> tuple[int, str]:
    """A name without the capitalised words around it that are none: "By", "From", months, days."""
    parts = value.split()
    while parts and _NO_NAME.fullmatch(parts[0]):
        start += len(parts.pop(0)) + 1
    while parts and _NO_NAME.fullmatch(parts[-1]):
        parts.pop()
    return start, " ".join(parts)


def _bonus(question: Question, text: str, start: int, value: str) -> float:
    if question.asked is Asked.PERSON:
        return _name_bonus(text, start, value)
    if question.asked is Asked.MONEY:
        return 0.0 if value.replace(".", "").replace(",", "").isdigit() else 0.08
    if question.asked is Asked.CODE:  # a mixture of letters and digits is more of a code than a plain number
        return 0.04 if any(c.isalpha() for c in value) and len(value) >= 4 else 0.0
    if question.asked is Asked.MEASURE:
        return _unit_bonus(question, value)
    if question.asked is Asked.TIME:
        wishes = {term.word for term in question.terms if term.wish}
        clock = _CLOCK.fullmatch(value) is not None
        return -0.3 if (clock and wishes & _DAY_WISH) or (not clock and wishes & _HOUR_WISH) else 0.0
    if question.asked is Asked.FILE:
        return 0.1 if "." in value else 0.0 if value.count("/") > 1 else -0.1
    return 0.0


def _unit_bonus(question: Question, value: str) -> float:
    """How well a value's unit fits what is measured: degrees for a temperature, kilograms for a weight."""
    asked = {term.word for term in question.terms}
    for measured, unit in _UNITS_OF:
        if asked & measured:
            return 0.25 if unit.search(value) else -0.12
    return 0.06 if not value[-1].isdigit() or ":" in value else -0.04


def _name_bonus(text: str, start: int, value: str) -> float:
    parts = value.split()
    bonus = _FULL_NAME if len(parts) >= 2 else 0.0
    if _TITLED.search(text[:start]) or re.match(r"(?:dr|mr|mrs|ms|prof)\b", value, re.IGNORECASE):
        bonus += 0.15
    if re.match(r"\s*<\S+@", text[start + len(value) :]):
        bonus += 0.15
    if value.islower():  # a user's name, perhaps
        bonus -= 0.1
    if parts[0].lower() in _OPENS:
        bonus -= 0.3
    elif len(parts) == 1 and re.match(r"\S+\s+[a-z]", text[start:]) and start == 0:
        bonus -= 0.15  # most likely only the first word of a sentence
    elif len(parts) == 1 and start > 0 and not _GIVEN.search(text[:start]):
        bonus -= 0.12  # a word in the middle of a line: a place, a product
    return bonus


def _repeats(value: str, asked: Set[str]) -> bool:
    """Whether a value only repeats the question."""
    return all(word in STOP or any(matching(a, word) >= 0.9 for a in asked) for word in words(value))
