"""Puts the answer into a finding: the string that answers, and the line that proves it."""

from __future__ import annotations

from dataclasses import dataclass

from core.recall.evidence import Evidence
from core.recall.page import Page
from core.recall.question import Asked, Question

_ENDS = (".", "!", "?", ":", ";", "…", ")", "'", '"')


@dataclass(frozen=True, slots=True)
class Finding:
    """``value``: the answer itself (empty where the line is the answer); ``line``: the row that shows it, with what
    it goes on with; ``cells``: the indexes of the cells it was taken from."""

    value: str
    line: str
    cells: tuple[int, ...]


def extract(question: Question, evidence: Evidence) -> Finding:
    """The answer in a piece of evidence."""
    page, value = evidence.page, evidence.value
    if value.place is None:
        return Finding("", "", ())
    cell = value.place.cell
    row = page.rows[cell]
    members = page.members[row]
    if len(members) > 1 and _table_like(page, row):
        line = page.row_text(row)
        text = value.text or (page.cells[cell].text if question.asked is Asked.ANYTHING else "")
        more = _going_on(page, cell)
        if more:
            line = f"{line}  {' '.join(page.cells[index].text for index in more)}"
            if not value.text:
                text = " ".join(page.cells[index].text for index in (cell, *more))
        return Finding(text, line, tuple(members))
    more = _going_on(page, cell) if not value.text or page.cells[cell].text.endswith(":") else ()
    line = " ".join(page.cells[index].text for index in (cell, *more))
    if len(members) > 1 and not more:
        line = page.row_text(row)
    return Finding(value.text, line, (cell, *more))


def _table_like(page: Page, row: int) -> bool:
    """Whether the row is one of several with cells side by side."""
    return any(
        0 <= other < len(page.members) and len(page.members[other]) > 1
        for other in (row - 1, row + 1, row - 2, row + 2)
    )


def _going_on(page: Page, cell: int) -> tuple[int, ...]:
    """The cell below, where this one's text does not end: a label before its value, a line that was wrapped."""
    text = page.cells[cell].text.rstrip()
    following = page.below(cell)
    if following is None or (text.endswith(_ENDS) and not text.endswith((":", "Dr."))):
        return ()
    fewer = len(page.members[page.rows[following]]) < len(page.members[page.rows[cell]])
    if len(page.members[page.rows[cell]]) > 1 and not fewer and not page.stacked(cell, following):
        return ()  # the next row of a table
    box, next_box = page.cells[cell].rect, page.cells[following].rect
    short = len(text.split()) <= 4 and len(page.members[page.rows[cell]]) > 1
    full = box.width >= 0.8 * max(next_box.width, 12 * box.height)
    return (following,) if short or full or text.endswith((":", ",", "-")) else ()
