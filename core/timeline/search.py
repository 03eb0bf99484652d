"""Full-text search: which lines, and through them which moments, have the words that are looked for.

Words are searched as they are, then as their other forms (plural, "-ing"), as parts of longer words (reading
loses spaces) and as words that look alike (reading takes 0 for O, 1 for l). Rare words count more than common
ones. Works on a connection; knows nothing of pictures and of what a question means.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from core.frame import Rect
from core.timeline import schema
from core.timeline.moment import SeenLine
from core.timeline.rows import Where, of_windows, overlap

COMMON = 2_500  # lines: a word in more lines than this is only looked for in lines found by rarer ones
LINES = 250  # best lines followed to their moments
SIGHTINGS = 4  # newest moments of a line that are looked at
VARIANTS = 12  # forms of a word that are searched
LONGEST = 24  # words of a question that are searched, rarest first
PART, ALIKE, FORM = 0.6, 0.55, 0.85  # how much a part of a word, a look-alike, another form counts
ENOUGH_ALIKE = 0.72
_ENDINGS = ("ings", "ing", "ers", "ed", "es", "er", "ies", "s", "n", "en")
_STOP = frozenset(
    """a an and are as at be been but by can could did do does for from had has have he her him his how i if in
    into is it its just me my no not of on or our she so some than that the their them then there these they
    this those to up us was we were what when where which who whom whose why will with would you your about
    again any ever seen saw see show showed shown tell say said der die das ein eine und ist war im in den
    dem des von zu mit auf was wann wo wer wie welche welcher welches ich du er sie es habe hat""".split()
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for and where."""

    text: str
    where: Where
    distinct: bool = False  # of moments of one window with the same matching lines only the newest


@dataclass(frozen=True, slots=True)
class Match:
    """A moment, its matching lines (best first) and how well it fits."""

    moment: int
    lines: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question with its forms in the vocabulary: form -> how much it counts (1: as written)."""

    word: str
    forms: dict[str, float]
    lines: int  # in about how many lines
    weight: float  # rarer words weigh more


@dataclass(slots=True)
class _Found:
    text: str
    window: int
    weights: dict[str, float] = field(default_factory=dict)  # term: how well it matched

    def score(self, terms: dict[str, Term]) -> float:
        return sum(terms[word].weight * weight for word, weight in self.weights.items())


def find(db: sqlite3.Connection, wanted: Wanted, limit: int) -> list[Match]:
    """The moments that fit best; none for a text without words."""
    terms = {term.word: term for term in terms_of(db, _words(wanted.text))}
    if not terms:
        return []
    lines = _matching_lines(db, terms, wanted)
    titles = _matching_titles(db, terms)
    best = sorted(lines.items(), key=lambda item: item[1].score(terms), reverse=True)[:LINES]
    moments = _moments(db, best, titles, wanted)
    if wanted.distinct:
        moments = _distinct(moments)
    matches = [_match(id, found, titles.get(window), terms) for id, (window, found) in moments.items()]
    matches.sort(key=lambda match: (match.score, match.moment), reverse=True)
    return matches[:limit]


def places(db: sqlite3.Connection, text: str, lines: Sequence[SeenLine]) -> list[Rect]:
    """Where words of ``text``, in any form that `find` accepts, stand in these lines; in the lines' pixels.

    A line is known as one box: a word's share of it is taken by its letters, which fits what is written evenly.
    """
    forms = {form for term in terms_of(db, _words(text)) for form in (term.word, *term.forms)}
    found = []
    for line in lines:
        for start, end in schema.spans(line.text, forms):
            width, whole = line.rect.width, len(line.text)
            left, right = width * start // whole, -(-width * end // whole)
            found.append(Rect(line.rect.left + left, line.rect.top, right - left, line.rect.height))
    return found


def stem(word: str) -> str:
    """A folded word without a common ending; never shorter than three letters."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def likeness(one: str, other: str) -> float:
    """How alike two folded words look once look-alike characters are made one, 0 to 1."""
    return SequenceMatcher(None, schema.confused(one), schema.confused(other), autojunk=False).ratio()


def terms_of(db: sqlite3.Connection, words: Sequence[str]) -> list[Term]:
    """The words with their forms in the vocabulary, rarest first; words that are nowhere have no forms."""
    total = 1 + (db.execute("SELECT max(id) FROM line").fetchone()[0] or 0)
    terms = []
    for word in dict.fromkeys(words):
        forms = _forms(db, word)
        lines = sum(number for number, _ in forms.values())
        weights = {form: weight for form, (_, weight) in forms.items()}
        terms.append(Term(word, weights, lines, math.log(1 + total / (1 + lines))))
    terms.sort(key=lambda term: (term.lines == 0, term.lines))
    return terms[:LONGEST]


def _words(text: str) -> list[str]:
    every = schema.words(text[:2_000])
    return [word for word in every if word not in _STOP] or every


def _forms(db: sqlite3.Connection, word: str) -> dict[str, tuple[int, float]]:
    """Forms of a word that occur: form -> (in how many lines, how much it counts)."""
    forms = dict[str, tuple[int, float]]()

    def consider(form: str, weight: float) -> None:
        if form not in forms:
            row = db.execute("SELECT doc FROM line_vocabulary WHERE term = ?", (form,)).fetchone()
            if row is not None:
                forms[form] = (row[0], weight)

    consider(word, 1.0)
    root = stem(word)
    if len(root) >= 3 and not word.isdigit():
        upper = root + "\U0010ffff"
        rows = db.execute(
            "SELECT word FROM term WHERE word >= ? AND word < ? AND length(word) <= ? LIMIT 50",
            (root, upper, len(root) + 4),
        )
        for (form,) in rows.fetchall():
            if stem(form) == root:
                consider(form, FORM)
    if len(word) >= 4:
        for form, weight in _alike(db, word):
            if len(forms) >= VARIANTS:
                break
            consider(form, weight)
    return forms


def _alike(db: sqlite3.Connection, word: str) -> list[tuple[str, float]]:
    """Words that contain this one or look like it, best first."""
    folded = schema.confused(word)
    grams = [folded[i : i + 3] for i in range(len(folded) - 2)]
    if not grams:
        return []
    rows = db.execute(
        "SELECT t.word, t.folded FROM term_grams g JOIN term t ON t.id = g.rowid WHERE g.folded MATCH ? "
        "ORDER BY g.rank LIMIT 60",
        (" OR ".join(f'"{gram}"' for gram in dict.fromkeys(grams)),),
    ).fetchall()
    found = []
    for form, other in rows:
        if form == word:
            continue
        alike = SequenceMatcher(None, folded, other, autojunk=False).ratio()
        if other == folded:
            found.append((form, 0.9))
        elif folded in other and len(folded) >= 5:
            found.append((form, PART))
        elif alike >= ENOUGH_ALIKE and not word.isdigit():
            found.append((form, ALIKE * alike))
    found.sort(key=lambda item: -item[1])
    return found


def _quoted(forms: Iterable[str]) -> str:
    return " OR ".join('"' + form.replace('"', '""') + '"' for form in forms)


def _matching_lines(db: sqlite3.Connection, terms: dict[str, Term], wanted: Wanted) -> dict[int, _Found]:
    """Lines with the words. Words in very many lines are only checked in the lines that rarer words gave."""
    present = [term for term in terms.values() if term.forms]
    rare = [term for term in present if term.lines <= COMMON] or present[:1]
    clause, values = _line_filter(wanted)
    found = dict[int, _Found]()
    for term in rare:
        rows = db.execute(
            f"SELECT l.id, l.text, l.window FROM line_words f JOIN line l ON l.id = f.rowid "
            f"WHERE f.line_words MATCH ? {clause} ORDER BY f.rowid DESC LIMIT ?",
            [_quoted(term.forms), *values, COMMON],
        )
        for id, text, window in rows:
            found.setdefault(id, _Found(text, window))
    known = {form: (term.word, weight) for term in present for form, weight in term.forms.items()}
    for line in found.values():
        for word in schema.words(line.text):
            if word in known:
                term_word, weight = known[word]
                line.weights[term_word] = max(weight, line.weights.get(term_word, 0.0))
    return found


def _line_filter(wanted: Wanted) -> tuple[str, list[int | str]]:
    clauses, values = list[str](), list[int | str]()
    where = wanted.where
    if where.end is not None:
        clauses.append("AND l.first <= ?")
        values.append(schema.to_micros(where.end))
    if where.start is not None:
        clauses.append(
            "AND (l.last >= ? OR l.id IN (SELECT s.line FROM sighting s JOIN moment o ON o.id = s.moment "
            "WHERE o.open = 1))"
        )
        values.append(schema.to_micros(where.start))
    windows, named = of_windows(where)
    if windows:
        clauses.append(f"AND l.window IN ({windows})")
        values += named
    return " ".join(clauses), values


def _matching_titles(db: sqlite3.Connection, terms: dict[str, Term]) -> dict[int, dict[str, float]]:
    """Windows whose title or application has some of the words: window -> term -> how well it matched."""
    titles = dict[int, dict[str, float]]()
    forms = {form: (term.word, weight) for term in terms.values() for form, weight in term.forms.items()}
    forms |= {word: (word, 1.0) for word in terms}
    rows = db.execute(
        "SELECT w.id, w.title, w.application FROM window_words f JOIN window w ON w.id = f.rowid "
        "WHERE f.window_words MATCH ? ORDER BY f.rowid DESC LIMIT ?",
        (_quoted(forms), COMMON),
    ).fetchall()
    marks = ", ".join("?" * len(terms))
    rows += db.execute(
        f"SELECT id, title, application FROM window WHERE lower(application) IN ({marks})", list(terms)
    ).fetchall()
    for id, title, application in rows:
        for word in schema.words(f"{title} {application}"):
            if word in forms:
                term, weight = forms[word]
                weights = titles.setdefault(id, {})
                weights[term] = max(weight, weights.get(term, 0.0))
    return titles


def _moments(
    db: sqlite3.Connection, best: Sequence[tuple[int, _Found]], titles: dict[int, dict[str, float]], wanted: Wanted
) -> dict[int, tuple[int, list[_Found]]]:
    """moment -> (its window, its matching lines), for the best lines and for windows found by their title."""
    inside, values = overlap(wanted.where)
    moments = dict[int, tuple[int, list[_Found]]]()
    for id, found in best:
        rows = db.execute(
            f"SELECT m.id, m.window FROM sighting s JOIN moment m ON m.id = s.moment WHERE s.line = ? AND {inside} "
            "ORDER BY m.id DESC LIMIT ?",
            [id, *values, SIGHTINGS],
        )
        for moment, window in rows.fetchall():
            moments.setdefault(moment, (window, []))[1].append(found)
    ranked = sorted(titles, key=lambda window: (len(titles[window]), window), reverse=True)[: LINES // 4]
    for window in ranked:
        rows = db.execute(
            f"SELECT m.id, m.window FROM moment m WHERE m.window = ? AND {inside} ORDER BY m.time DESC LIMIT ?",
            [window, *values, SIGHTINGS],
        )
        for moment, window_id in rows.fetchall():
            moments.setdefault(moment, (window_id, []))
    return moments


def _distinct(moments: dict[int, tuple[int, list[_Found]]]) -> dict[int, tuple[int, list[_Found]]]:
    newest = dict[tuple[int, frozenset[str]], int]()
    for id, (window, found) in moments.items():
        key = (window, frozenset(line.text for line in found))
        newest[key] = max(id, newest.get(key, id))
    return {id: moments[id] for id in newest.values()}


def _match(id: int, found: list[_Found], title: dict[str, float] | None, terms: dict[str, Term]) -> Match:
    """Each word counts once, where it matched best; words together in one line count more than apart."""
    ordered = sorted(found, key=lambda line: line.score(terms), reverse=True)
    everywhere = dict[str, float](title or {})
    for line in ordered:
        for word, weight in line.weights.items():
            everywhere[word] = max(weight, everywhere.get(word, 0.0))
    total = sum(term.weight for term in terms.values()) or 1.0
    covered = sum(terms[word].weight * weight for word, weight in everywhere.items())
    together = ordered[0].score(terms) if ordered else 0.0
    return Match(id, tuple(dict.fromkeys(line.text for line in ordered)), (covered + together) / (2 * total))
