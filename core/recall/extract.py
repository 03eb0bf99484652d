"""Takes the answer out of the evidence: the shortest string that answers, and the line that proves it.

Never makes words up: every value is cut out of what was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.recall.evidence import PRESENT, Evidence
from core.recall.question import Asked, Question
from core.recall.words import STOP, matching
from core.timeline.schema import fold, words

_NUMBER = r"[-+−]?\d+(?:[.,:' ]\d{3})*(?:[.,]\d+)?"
_CURRENCY = r"(?:[$€£¥₹]|USD|EUR|GBP|CHF|SEK|NOK|DKK|JPY|PLN|CAD|AUD|euros?|dollars?|pounds?|kr|Fr\.?)"
_MONTHS = (r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
           r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|oktober|dezember)\.?")  # fmt: skip
_WEEKDAYS = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_TIME_OF_DAY = r"\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?|\d{1,2}\s?[ap]\.?m\.?|\bnoon\b|\bmidnight\b"
_DATE = (rf"(?:{_WEEKDAYS},?\s+)?\d{{1,2}}(?:st|nd|rd|th|\.)?\s+{_MONTHS}(?:,?\s+\d{{4}})?|"
         rf"(?:{_WEEKDAYS},?\s+)?{_MONTHS}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?|\d{{4}}-\d{{2}}-\d{{2}}|"
         rf"\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|\b{_WEEKDAYS}\b|\btomorrow\b|\btoday\b")  # fmt: skip
_UNIT = (r"(?:%|°\s?[CF]?|percent|ms|µs|s|sec(?:onds?)?|min(?:utes?)?|h|hrs?|hours?|days?|weeks?|months?|years?|[kKMGT]i?B|"
         r"bytes?|mm|cm|km|m|miles?|ft|kg|g|lbs?|l|ml|W|kW|V|mph|km/h|MB/s|Mbit/s|Mbps|fps|px|pages?|stars?)")  # fmt: skip
_VALUES = {
    Asked.MONEY: rf"{_CURRENCY}\s?{_NUMBER}|{_NUMBER}\s?{_CURRENCY}(?!\w)|\d+[.,]\d{{2}}(?!\d)",
    Asked.COUNT: r"(?<![\w.,-])\d{1,3}(?:[,.' ]\d{3})+(?![\w-])|(?<![\w.,-])\d+(?![\w-]|[.,]\d)",
    Asked.MEASURE: rf"(?:{_NUMBER}\s?h\s+)?{_NUMBER}\s?{_UNIT}(?!\w)(?:\s\d+\s?{_UNIT}(?!\w))?|\d+:\d{{2}}(?::\d{{2}})?",
    Asked.TIME: rf"(?:{_DATE})(?:,?\s+(?:at\s+)?(?:{_TIME_OF_DAY}))?|{_TIME_OF_DAY}",
    Asked.CODE: r"(?<![\w/])#?(?=[\w.:/-]*\d)[A-Za-z0-9](?:[\w.:/-]*[A-Za-z0-9])?(?:\s\d{2,})*(?!\w)",
    Asked.FILE: r"(?:[~.]{0,2}/)?(?:[\w.+-]+/)*[\w+-]+\.[A-Za-z]\w{0,9}(?!\w)|(?:[~.]{0,2}/)[\w.+/-]+",
    Asked.ADDRESS: r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[^\s|]+|\b\d{1,3}(?:\.\d{1,3}){3}\b|"
                   r"\b(?:[\w-]+\.)+(?:com|org|net|io|de|eu|dev|app|co|uk|example|info|edu|gov)(?:/[^\s|]*)?",
    Asked.PERSON: r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.?\s+)?[A-ZÀ-ÖØ-Þ][\w’'-]+(?:\s+(?:[A-ZÀ-ÖØ-Þ]\.?\s+)?[A-ZÀ-ÖØ-Þ][\w’'-]+){0,2}",
}  # fmt: skip
_PATTERNS = {
    asked: re.compile(pattern, 0 if asked is Asked.PERSON else re.IGNORECASE) for asked, pattern in _VALUES.items()
}
_AROUND = 3  # rows above and below that may hold the value


@dataclass(frozen=True, slots=True)
class Finding:
    """``value``: the answer itself (empty where the line is the answer); ``line``: the row that shows it."""

    value: str
    line: str
    sure: float  # 0 to 1


def extract(question: Question, evidence: Evidence) -> Finding:
    """The answer in a piece of evidence; the row itself where nothing shorter stands out."""
    line = _line(evidence, evidence.row)
    if question.asked not in _PATTERNS:
        return _labelled(question, evidence) or Finding("", line, 0.5)
    best = max(_candidates(question, evidence), key=lambda c: c.score, default=None)
    if best is None:
        return Finding("", line, 0.2)
    return Finding(best.value, _line(evidence, best.row), min(1.0, best.score / 2))


@dataclass(frozen=True, slots=True)
class _Candidate:
    value: str
    row: int
    score: float


def _candidates(question: Question, evidence: Evidence) -> Iterator[_Candidate]:
    """Strings of the asked kind near the evidence, scored by what heads, precedes and surrounds them."""
    page, pattern = evidence.page, _PATTERNS[question.asked]
    asked_words = {term.word for term in question.terms}
    first, last = max(0, evidence.row - _AROUND), min(len(page.rows) - 1, evidence.row + _AROUND)
    for number in range(first, last + 1):
        for index, cell in enumerate(page.rows[number].cells):
            header = page.header(number, index)
            for found in pattern.finditer(cell.text):
                value = found[0].strip(" .,;:")
                if not value or _is_asked(value, asked_words):
                    continue
                score = 1.0 - 0.3 * abs(number - evidence.row)
                score += 1.5 * _headed(question, header.text if header else "")
                score += _beside(question, cell.text, found.start(), found.end())
                if index and number == evidence.row:
                    score += 0.6 * _headed(question, page.rows[number].cells[index - 1].text)
                if number != evidence.row and number > 0:
                    score += 0.5 * _headed(question, page.rows[number - 1].text)
                yield _Candidate(value, number, score)


def _is_asked(value: str, asked: set[str]) -> bool:
    """Whether a value only repeats the question."""
    return all(any(matching(a, word) >= 0.9 for a in asked) or word in STOP for word in words(value))


def _headed(question: Question, text: str) -> float:
    """How well a header or label speaks of what is asked, 0 to 1."""
    if not text:
        return 0.0
    label = words(text)
    hits = [max((matching(t.word, w) for w in label), default=0.0) * (1.2 if t.wish else 1.0) for t in question.terms]
    return min(1.0, max(hits, default=0.0)) if max(hits, default=0.0) >= PRESENT else 0.0


def _beside(question: Question, text: str, start: int, end: int) -> float:
    """How near words of the question stand to a value in its own cell: before it (a label) rather than after."""
    best = 0.0
    for found in re.finditer(r"[^\W_]+", text):
        word = fold(found[0])
        match = max((matching(term.word, word) * (1.3 if term.wish else 1.0) for term in question.terms), default=0.0)
        if match < PRESENT or (found.start() < end and found.end() > start):
            continue
        away = start - found.end() if found.end() <= start else found.start() - end
        side = 1.0 if found.end() <= start else 0.8
        best = max(best, match * side / (1 + away / 12))
    return best


def _labelled(question: Question, evidence: Evidence) -> Finding | None:
    """The value of "label: value", or of the column a question's word heads, where the rest fits the row."""
    page, number = evidence.page, evidence.row
    if number < 0:
        return None
    row = page.rows[number]
    if len(row.cells) < 2:
        return None
    wishes = [term for term in question.terms if term.wish] or list(question.terms)
    for index, cell in enumerate(row.cells):
        header = page.header(number, index)
        if header is None or not header.text:
            continue
        if any(matching(term.word, word) >= 0.9 for term in wishes for word in words(header.text)):
            asked = {term.word for term in question.terms}
            if not _is_asked(cell.text, asked):
                return Finding(cell.text, _line(evidence, number), 0.8)
    return None


def _line(evidence: Evidence, number: int) -> str:
    """The row, with the next one where it only announces it."""
    if number < 0:
        return ""
    rows = evidence.page.rows
    text = rows[number].text
    if text.rstrip().endswith(":") and number + 1 < len(rows):
        text = f"{text} {rows[number + 1].text}"
    return text


def shortened(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def without_controls(texts: Sequence[str]) -> str:
    """Untrusted text for one line: control and direction characters removed."""
    joined = " ".join(texts)
    return "".join(c if c.isprintable() else " " for c in joined if not 0x202A <= ord(c) <= 0x2069 or ord(c) > 0x206F)
