"""Scores what was on screen against a question: which row of which moment speaks of it, and how fully.

A moment's lines are taken as rows of cells; a row is judged together with what gives it meaning: the rows around
it, the header above its columns, the window's title. Knows nothing of the timeline's files or of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.recall.question import Question, Term
from core.recall.words import matching
from core.timeline.moment import Line, Moment
from core.timeline.schema import words

NEAR = (1.0, 0.62, 0.5, 0.4, 0.3)  # how much a word counts that stands this many rows away
FAR = 0.2  # elsewhere in the same moment
TITLE = 0.5  # in the window's title or the application's name
HEADER = 0.9  # at the head of the column or row
PRESENT = 0.5  # match from which a word counts as found
ENOUGH = 0.6  # share of the question's weight that has to be found


@dataclass(frozen=True, slots=True)
class Row:
    """One visual row: its cells from left to right."""

    cells: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "  ".join(cell.text for cell in self.cells)


@dataclass(slots=True)
class Page:
    """A moment as rows, with the words of each."""

    moment: Moment
    rows: list[Row]
    words: list[list[str]] = field(init=False)
    title: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.words = [words(row.text) for row in self.rows]
        self.title = words(f"{self.moment.title} {self.moment.application}")

    def header(self, row: int, cell: int) -> Line | None:
        """The cell that heads this cell's column: the topmost of the aligned ones without a gap between."""
        box = self.rows[row].cells[cell].rect
        found, reach = None, 2.2 * max(box.height, 18)
        top = box.top
        for above in range(row - 1, -1, -1):
            aligned = [c for c in self.rows[above].cells if _aligned(c.rect, box)]
            if not aligned or len(self.rows[above].cells) < 2 or top - aligned[0].rect.bottom > reach:
                break
            found, top = aligned[0], aligned[0].rect.top
        return found


def pages_of(moment: Moment, lines: Sequence[Line]) -> Page:
    rows = dict[int, list[Line]]()
    for line in lines:
        rows.setdefault(line.row, []).append(line)
    return Page(moment, [Row(tuple(rows[number])) for number in sorted(rows)])


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row that speaks of the question. ``found``: term -> how well (0 to 1, wherever in the page); ``here``: those
    in the row itself; ``covered``: share of the question's weight that was found; ``score``: for ranking."""

    page: Page
    row: int
    found: dict[str, float]
    here: dict[str, float]
    covered: float
    score: float

    @property
    def moment(self) -> Moment:
        return self.page.moment


def weigh(question: Question, page: Page, rarity: dict[str, float]) -> list[Evidence]:
    """Every row of a page that has a word of the question, or only the title has; best first.

    ``rarity``: term -> weight of its rareness, about 0.3 to 1.
    """
    terms = question.terms
    matches = [{term.word: _best(term, row) for term in terms} for row in page.words]  # per row: term -> how well
    title = {term.word: _best(term, page.title) for term in terms}
    anywhere = {
        term.word: max([title[term.word], *(match[term.word] for match in matches)], default=0.0) for term in terms
    }
    full = sum(term.weight * rarity[term.word] for term in terms) or 1.0
    evidence = list[Evidence]()
    for number in range(len(page.rows)):
        here = {word: match for word, match in matches[number].items() if match >= PRESENT}
        if not here:
            continue
        score, covered = 0.0, 0.0
        found = dict[str, float]()
        for term in terms:
            value = _located(term, number, matches, title, anywhere)
            weight = term.weight * rarity[term.word]
            score += weight * value
            if anywhere[term.word] >= PRESENT:
                covered += weight
                found[term.word] = value
        evidence.append(Evidence(page, number, found, here, covered / full, score / full))
    evidence.sort(key=lambda e: -e.score)
    return evidence


def titled(question: Question, page: Page, rarity: dict[str, float]) -> Evidence | None:
    """The page as evidence by its title alone, where no row has a word of the question."""
    found = {term.word: m for term in question.terms if (m := _best(term, page.title)) >= PRESENT}
    if not found:
        return None
    full = sum(term.weight * rarity[term.word] for term in question.terms) or 1.0
    covered = sum(term.weight * rarity[term.word] for term in question.terms if term.word in found)
    return Evidence(page, -1, found, {}, covered / full, 0.8 * covered / full)


def supported(question: Question, evidence: Evidence) -> bool:
    """Whether the evidence speaks of what was asked: every name and number, and most of the rest."""
    essentials = [term for term in question.terms if term.essential]
    if any(evidence.found.get(term.word, 0.0) < 0.3 * PRESENT for term in essentials):
        return False
    return evidence.covered >= ENOUGH


def _best(term: Term, row: Sequence[str]) -> float:
    return max((matching(term.word, word) for word in row), default=0.0)


def _located(
    term: Term,
    number: int,
    matches: Sequence[dict[str, float]],
    title: dict[str, float],
    anywhere: dict[str, float],
) -> float:
    """How well a term is found, counted by how near to the row."""
    value = max(TITLE * title[term.word], FAR * anywhere[term.word])
    for distance, near in enumerate(NEAR):
        for row in {number - distance, number + distance}:
            if 0 <= row < len(matches):
                value = max(value, near * matches[row][term.word])
    return value


def _aligned(one: object, other: object) -> bool:
    from core.frame import Rect

    assert isinstance(one, Rect)
    assert isinstance(other, Rect)
    common = min(one.right, other.right) - max(one.left, other.left)
    return common > 0.35 * min(one.width, other.width)
