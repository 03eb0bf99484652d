"""Weighs what was on screen against a question: which value or line of which moment answers it, and how fully.

A possible answer is judged by where the question's words stand around it: in its own line, its row, at the head of
its column, above it, in the window's title. An answer needs every name and number of the question near it and most
of the other words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.recall.extremes import extreme_rows
from core.recall.page import Page, Place, Word
from core.recall.question import Asked, Question, Term
from core.recall.values import Value, values_in
from core.recall.words import matching
from core.timeline.moment import Moment
from core.timeline.schema import words

PRESENT = 0.5  # match from which a word counts as found
NEAR_ENOUGH = 0.27  # nearness times match from which a word supports an answer
NAMED = 0.3  # the same for names and numbers
ENOUGH = 0.5  # share of the question's weight that has to support it
SAME_ROW = 0.9
GOES_ON = 0.95  # in the line above, whose text goes on here
HEADER = 0.92
ABOVE = (0.75, 0.62, 0.52, 0.44, 0.38, 0.34, 0.31, 0.3)  # in the same column, that many rows above
BELOW = (0.55, 0.45, 0.38, 0.33, 0.3, 0.28, 0.27, 0.27)
AROUND = (0.45, 0.38, 0.32, 0.29, 0.27, 0.25)  # elsewhere, that many rows away
ELSEWHERE = 0.2
TITLE = 0.5
BESIDE = 0.46  # a name or number that stands farther away than this
ASTRAY = 0.12  # makes the answer less likely by this
OF_ITS_KIND = 0.4  # for "phone" or "number" where a telephone number was found
KINDS = {
    Asked.CODE: frozenset("number code id identifier reference ref phone telephone nummer".split()),
    Asked.MONEY: frozenset("price cost costs fee fare much amount preis".split()),
    Asked.TIME: frozenset("time date day hour month year datum uhrzeit".split()),
    Asked.MEASURE: frozenset("temperature much long high size length weight duration".split()),
    Asked.COUNT: frozenset("many number count".split()),
    Asked.FILE: frozenset("file datei path".split()),
    Asked.PERSON: frozenset("person name".split()),
    Asked.ADDRESS: frozenset("address mail url link website".split()),
}
ECHO = 0.5  # less likely by this on a page that shows the question itself
ECHO_WORDS = 4  # words a question has to have for that
EXTREME = 0.3  # for the row with the most, where the most is asked for
PARTED = 0.85  # what lies beyond an empty space counts this much
BESIDE_MEANT = 0.5  # nearness times match from which a word supports an answer of such words: one line or row
MEANT = 0.6  # match of a word near in meaning, as of a known synonym

Fit = Callable[[Term, str], float]  # how well a word on the screen stands for one of the question, 0 to 1
Near = Callable[[str], dict[str, float]]  # a folded word -> words near in meaning, and how near


def by_words(term: Term, found: str) -> float:
    return matching(term.word, found)


def by_meaning(near: Near) -> Fit:
    """Words near in meaning stand for those of weight too. For names, numbers and what was done ("closed", "removed")
    nothing else does: the nearest word is often the opposite."""

    def fit(term: Term, found: str) -> float:
        match = matching(term.word, found)
        if match >= MEANT or term.weight == 1 or not term.strong:
            return match
        return MEANT if found in near(term.word) else match

    return fit


@dataclass(frozen=True, slots=True)
class Evidence:
    """A value or line that may answer. ``covered``: share of the question's weight found near it; ``score``: for
    ranking, higher is better; ``named``: every name and number of the question is near, and more of its other words
    of weight than are missing."""

    page: Page
    value: Value
    covered: float
    named: bool
    score: float

    @property
    def moment(self) -> Moment:
        return self.page.moment


@dataclass(frozen=True, slots=True)
class _Occurrence:
    word: Word
    match: float


def weigh(
    question: Question, page: Page, rarity: dict[str, float], most: int = 3, fit: Fit = by_words
) -> list[Evidence]:
    """The best possible answers on a page, best first. ``rarity``: term -> weight of its rareness, about 0.5 to 1."""
    judge = _Judge(question, page, rarity, fit)
    if not judge.concerned:
        return []
    evidence = [judge.judged(value) for value in values_in(question, page, judge.near())]
    evidence.sort(key=lambda e: (supported(e), e.score), reverse=True)
    return evidence[:most]


def supported(evidence: Evidence) -> bool:
    """Whether the evidence speaks of what was asked."""
    return evidence.named and evidence.covered >= ENOUGH


def _mostly(question: Question, supporting: Sequence[Term]) -> bool:
    """Whether more of the words of weight are found than missing; where there are none, at least half of the rest."""
    terms = question.terms
    strong = sum(term.strong for term in terms)
    found = sum(term.strong for term in supporting)
    if strong and question.asked in (Asked.PLACE, Asked.SEEN_TIME):
        return found >= strong - found  # "told", "complained": what it did is seldom written there
    if strong:
        return found > strong - found
    return len(supporting) >= len(terms) - len(supporting)


def _wholly(question: Question, supporting: Sequence[Term]) -> bool:
    """Whether every word of weight is found, and there is one."""
    strong = [term for term in question.terms if term.strong]
    return bool(strong) and all(term in supporting for term in strong)


def _echoes(question: Question, page: Page) -> bool:
    """Whether the question itself stands on the page: where it was typed, and answered, is not where the answer
    comes from."""
    asked = words(question.text)
    if len(asked) < ECHO_WORDS or not question.text.rstrip().endswith("?"):
        return False
    sentence = f" {' '.join(asked)} "
    return any(sentence in f" {' '.join(word.text for word in cell)} " for cell in page.words_by_cell)


def _occurrences(term: Term, page: Page, fit: Fit) -> list[_Occurrence]:
    return [_Occurrence(word, match) for word in page.words if (match := fit(term, word.text)) >= PRESENT]


class _Judge:
    """Judges the values of one page against one question."""

    def __init__(self, question: Question, page: Page, rarity: dict[str, float], fit: Fit) -> None:
        self._question, self._page, self._rarity = question, page, rarity
        self._every = fit is not by_words  # where words are only near, no other word of weight may be missing
        self._found = {term.word: _occurrences(term, page, fit) for term in question.terms}
        self._titled = {
            term.word: max((fit(term, word) for word in page.title), default=0.0) for term in question.terms
        }
        self._extreme = extreme_rows(question, page)
        self._echo = ECHO if _echoes(question, page) else 0.0

    @property
    def concerned(self) -> bool:
        """Whether any word of the question is on the page or in its title; one without words takes any page."""
        return (
            not self._question.terms
            or any(self._found.values())
            or any(match >= PRESENT for match in self._titled.values())
        )

    def near(self) -> set[int]:
        """The rows worth searching for values: those with a word of the question and their surroundings."""
        rows = {self._page.rows[o.word.cell] for occurrences in self._found.values() for o in occurrences}
        return {row + step for row in rows for step in range(-4, 9)} | (set(range(12)) if not rows else set())

    def judged(self, value: Value) -> Evidence:
        heads = set(self._page.header(value.place)) if value.place is not None else set[Word]()
        terms = self._question.terms
        near = {term.word: self._nearest(term, value, heads) for term in terms}
        located = {term.word: term.location * self._rarity[term.word] for term in terms}
        full = sum(located.values())
        score = sum(located[word] * near[word] for word in near) / full if full else 0.0
        if value.place is not None and self._page.rows[value.place.cell] in self._extreme:
            score += EXTREME
        enough_near = BESIDE_MEANT if self._every else NEAR_ENOUGH
        supporting = [term for term in terms if near[term.word] >= enough_near]
        weights = sum(term.weight for term in terms)
        covered = sum(term.weight for term in supporting) / weights if weights else 1.0
        named = all(near[term.word] >= NAMED for term in terms if term.essential)
        if any(near[term.word] < BESIDE for term in terms if term.essential):
            score -= ASTRAY
        if self._every:
            fits = named and _wholly(self._question, supporting)
        else:
            fits = named and _mostly(self._question, supporting)
        return Evidence(self._page, value, covered, fits, score + value.bonus - self._echo)

    def _nearest(self, term: Term, value: Value, heads: set[Word]) -> float:
        """How well a term is found, where it stands best for the value; a word for the value's kind is its value."""
        near = TITLE * self._titled[term.word]
        if value.text and term.word in KINDS.get(self._question.asked, ()):
            near = max(near, OF_ITS_KIND)
        for occurrence in self._found[term.word]:
            standing = _nearness(self._page, value.place, occurrence.word, heads, self._question.asked)
            near = max(near, occurrence.match * standing)
        return near


def _nearness(page: Page, place: Place | None, word: Word, heads: set[Word], asked: Asked) -> float:
    """How much a word counts for a value by how they stand to each other, 0 to 1."""
    if place is None:
        return ELSEWHERE
    if word.cell == place.cell:
        return _in_line(page.cells[place.cell].text, place, word)
    if word in heads:
        return HEADER
    if page.below(word.cell) == place.cell and page.stacked(word.cell, place.cell):
        return GOES_ON
    steps = page.rows[place.cell] - page.rows[word.cell]
    if steps == 0:
        return (SAME_ROW if asked is not Asked.PERSON else 0.7) - 0.02 * abs(place.cell - word.cell)
    away = abs(steps) - 1
    if away < len(ABOVE) and page.same_column(place.cell, word.cell):
        named_below = asked is Asked.PERSON  # a name stands over what was said
        near = (ABOVE if (steps > 0) != named_below else BELOW)[away]
        return near * PARTED if away == 0 and page.parted(place.cell, word.cell) else near
    return AROUND[away] if away < len(AROUND) else ELSEWHERE


def _in_line(text: str, place: Place, word: Word) -> float:
    """Within one line: nearer is better, before is a little better than after, across a sentence's end is worse."""
    if word.end > place.start and word.start < place.end:
        return 1.0
    before = word.end <= place.start
    between = text[word.end : place.start] if before else text[place.end : word.start]
    near = 1.0 - min(0.2, len(between) / 250) - (0.0 if before else 0.03)
    crossings = sum(between.count(mark) for mark in (". ", "; ", "! ", "? "))
    return near - 0.12 * min(2, crossings) - 0.03 * min(3, between.count(","))


def ranked(
    question: Question, pages: Sequence[Page], rarity: dict[str, float], fit: Fit = by_words
) -> list[Evidence]:
    """The best answers of all pages, best first; of equals, the newest (the first, where the question says so)."""
    evidence = [e for page in pages for e in weigh(question, page, rarity, fit=fit)]
    sign = -1 if question.first else 1
    evidence.sort(key=lambda e: (round(e.score, 2), sign * e.moment.id, e.score), reverse=True)
    return evidence
