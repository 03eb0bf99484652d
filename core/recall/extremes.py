"""The row with the most or the least of something: "which process used the most memory", "the cheapest flight"."""

from __future__ import annotations

import re

from core.recall.page import Page, Place
from core.recall.question import Question
from core.recall.words import matching

_MOST = re.compile(
    r"\b(?:most|highest|largest|biggest|longest|maximum|greatest|latest|newest|fastest|heaviest|tallest|hottest|"
    r"most expensive|oldest|meisten?|höchste[rsn]?|größte[rsn]?|teuerste[rsn]?)\b",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"\b(?:least|lowest|smallest|shortest|minimum|fewest|cheapest|slowest|earliest|lightest|coldest|soonest|"
    r"wenigsten|niedrigste[rsn]?|kleinste[rsn]?|billigste[rsn]?|günstigste[rsn]?)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(r"\b(?:cheapest|expensive|teuerste|billigste|günstigste)", re.IGNORECASE)
_QUANTITY = re.compile(r"(\d+(?:[.,:]\d+)*)\s?([kKMGT]i?B?\b|[kmgt]\b)?")
_MONEY = re.compile(r"[$€£¥]")
_SCALE = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


def extreme_rows(question: Question, page: Page) -> set[int]:
    """The rows that hold the largest (smallest) number of the column the question names; none where it asks for
    nothing of the kind."""
    most = _MOST.search(question.text) is not None
    if not most and not _LEAST.search(question.text):
        return set()
    if _PRICE.search(question.text):
        most = re.search("expensive|teuerste", question.text, re.IGNORECASE) is not None
    best, rows = None, set[int]()
    for index, cell in enumerate(page.cells):
        for found in _QUANTITY.finditer(cell.text):
            if not _wanted(question, page, Place(index, found.start(), found.end())):
                continue
            value = quantity(found)
            if best is None or (value > best if most else value < best):
                best, rows = value, {page.rows[index]}
            elif value == best:
                rows.add(page.rows[index])
    return rows


def quantity(found: re.Match[str]) -> float:
    """The number as a number: 1,204 -> 1204; 1.9g -> 1.9e9; 06:35 -> minutes; 0,5 -> 0.5."""
    text = found[1]
    if ":" in text:
        parts = [float(part.replace(",", ".")) for part in text.split(":")]
        return float(sum(part * 60 ** (len(parts) - 1 - place) for place, part in enumerate(parts)))
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        text = re.sub("[.,]", "", text)
    text = text.replace(",", ".")
    number = float(text) if text.count(".") <= 1 else float(text.replace(".", ""))
    return number * _SCALE.get((found[2] or "")[:1].lower(), 1.0)


def _wanted(question: Question, page: Page, place: Place) -> bool:
    """Whether the number stands under a header that the question names, or is a price where prices are compared."""
    if _PRICE.search(question.text) and _MONEY.search(page.cells[place.cell].text):
        return True
    heads = page.header(place)
    return any(matching(term.word, word.text) >= 0.6 for term in question.terms if not term.wish for word in heads)
