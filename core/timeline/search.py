"""Full-text search: which lines, and through them which moments, have the words that are looked for.

Words are searched as they are, then as their other forms (plural, "-ing"), as parts of longer words (reading
loses spaces) and as words that look alike (reading takes 0 for O, 1 for l); where it is wanted, also as words near
in meaning. Rare words count more than common ones. Works on a connection; knows nothing of pictures and of what a
question means.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from core.frame import Rect
from core.timeline import schema
from core.timeline.moment import SeenLine
from core.timeline.rows import Where, of_windows, overlap
from core.timeline.vocabulary import STOP, stem

COMMON = 2_500  # lines: a word in more lines than this is only looked for in lines found by rarer ones
LINES = 250  # best lines followed to their moments
SIGHTINGS = 4  # newest moments of a line that are looked at
VARIANTS = 12  # forms of a word that are searched
LONGEST = 24  # words of a question that are searched, rarest first
PART, ALIKE, FORM = 0.6, 0.55, 0.85  # how much a part of a word, a look-alike, another form counts
MEANT = 0.8  # how much a word near in meaning counts, times its nearness
FUSED = 60  # reciprocal rank fusion's constant, as published: how little the very first places differ
ENOUGH_ALIKE = 0.72

Near = Callable[[str], dict[str, float]]  # a folded word -> words near in meaning, and how near


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for and where."""

    text: str
    where: Where
    distinct: bool = False  # of moments of one window with the same matching lines only the newest


@dataclass(frozen=True, slots=True)
class Match:
    """A moment, its matching lines (best first) and how well it fits. ``meant``: how well words near in meaning fit,
    those that are there themselves included; ``score`` 0: it was found by meaning alone."""

    moment: int
    lines: tuple[str, ...]
    score: float
    meant: float


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question with its forms in the vocabulary: form -> how much it counts (1: as written).

    ``meant``: the same for words near in meaning."""

    word: str
    forms: dict[str, float]
    lines: int  # in about how many lines
    weight: float  # rarer words weigh more
    meant: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Weights:
    """How well the question's words matched: term -> 0 to 1, by its own forms and by words near in meaning too."""

    own: dict[str, float] = field(default_factory=dict)
    meant: dict[str, float] = field(default_factory=dict)

    def note(self, term: str, own: float, meant: float) -> None:
        if own:
            self.own[term] = max(own, self.own.get(term, 0.0))
        self.meant[term] = max(own, meant, self.meant.get(term, 0.0))

    def note_all(self, other: _Weights) -> None:
        for term, meant in other.meant.items():
            self.note(term, other.own.get(term, 0.0), meant)


@dataclass(slots=True)
class _Found:
    text: str
    window: int
    weights: _Weights = field(default_factory=_Weights)


def find(db: sqlite3.Connection, wanted: Wanted, limit: int, near: Near | None = None) -> list[Match]:
    """The moments that fit best; none for a text without words. ``near``: words near in meaning count too, and the
    order is fused from that by the words themselves and that by meaning."""
    terms = {term.word: term for term in terms_of(db, _words(wanted.text), near)}
    if not terms:
        return []
    lines = _matching_lines(db, terms, wanted)
    titles = _matching_titles(db, terms)
    best = _best(lines, terms)
    moments = _moments(db, best, titles, wanted)
    if wanted.distinct:
        moments = _distinct(moments)
    matches = [_match(id, found, titles.get(window), terms) for id, (window, found) in moments.items()]
    return (_by_words(matches) if near is None else _fused(matches))[:limit]


def _by_words(matches: Sequence[Match]) -> list[Match]:
    return sorted(matches, key=lambda match: (match.score, match.moment), reverse=True)


def _fused(matches: Sequence[Match]) -> list[Match]:
    """By reciprocal rank fusion: what stands high in the order by words, or by meaning, or best in both."""
    by_words = [match for match in _by_words(matches) if match.score]
    by_meaning = sorted(matches, key=lambda match: (match.meant, match.moment), reverse=True)
    scores = dict[int, float]()
    for order in (by_words, by_meaning):
        for rank, match in enumerate(order, 1):
            scores[match.moment] = scores.get(match.moment, 0.0) + 1 / (FUSED + rank)
    return sorted(matches, key=lambda match: (scores[match.moment], match.moment), reverse=True)


def _best(lines: dict[int, _Found], terms: dict[str, Term]) -> list[tuple[int, _Found]]:
    """The lines worth following to their moments: the best by their words, and the best of the others by meaning."""

    def score(weights: dict[str, float]) -> float:
        return _score(weights, terms)

    by_words = sorted(
        (item for item in lines.items() if item[1].weights.own),
        key=lambda item: score(item[1].weights.own),
        reverse=True,
    )[:LINES]
    taken = {id for id, _ in by_words}
    others = [item for item in lines.items() if item[0] not in taken]
    by_meaning = sorted(others, key=lambda item: (score(item[1].weights.meant), item[0]), reverse=True)[: LINES // 2]
    return by_words + by_meaning


def _score(weights: dict[str, float], terms: dict[str, Term]) -> float:
    return sum(terms[word].weight * weight for word, weight in weights.items())


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


def likeness(one: str, other: str) -> float:
    """How alike two folded words look once look-alike characters are made one, 0 to 1."""
    return SequenceMatcher(None, schema.confused(one), schema.confused(other), autojunk=False).ratio()


def terms_of(db: sqlite3.Connection, words: Sequence[str], near: Near | None = None) -> list[Term]:
    """The words with their forms in the vocabulary, rarest first; words that are nowhere have no forms."""
    total = 1 + (db.execute("SELECT max(id) FROM line").fetchone()[0] or 0)
    terms = []
    for word in dict.fromkeys(words):
        forms = _forms(db, word)
        lines = sum(number for number, _ in forms.values())
        weights = {form: weight for form, (_, weight) in forms.items()}
        meant = (
            {other: MEANT * cosine for other, cosine in near(word).items() if other not in weights} if near else {}
        )
        terms.append(Term(word, weights, lines, math.log(1 + total / (1 + lines)), meant))
    terms.sort(key=lambda term: (term.lines == 0, term.lines))
    return terms[:LONGEST]


def _words(text: str) -> list[str]:
    every = schema.words(text[:2_000])
    return [word for word in every if word not in STOP] or every


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
    present = [term for term in terms.values() if term.forms or term.meant]
    rare = [term for term in present if term.lines <= COMMON] or present[:1]
    clause, values = _line_filter(wanted)
    found = dict[int, _Found]()
    for term in rare:
        for forms, most in ((term.forms, COMMON), (term.meant, COMMON // 2)):
            if not forms:
                continue
            rows = db.execute(
                f"SELECT l.id, l.text, l.window FROM line_words f JOIN line l ON l.id = f.rowid "
                f"WHERE f.line_words MATCH ? {clause} ORDER BY f.rowid DESC LIMIT ?",
                [_quoted(forms), *values, most],
            )
            for id, text, window in rows:
                found.setdefault(id, _Found(text, window))
    known = _known(present)
    for line in found.values():
        for word in schema.words(line.text):
            for term_word, own, meant in known.get(word, ()):
                line.weights.note(term_word, own, meant)
    return found


def _known(terms: Iterable[Term]) -> dict[str, list[tuple[str, float, float]]]:
    """A word on the screen -> the terms it stands for, as a form of the word and as one near in meaning."""
    known = dict[str, list[tuple[str, float, float]]]()
    for term in terms:
        for form, weight in term.forms.items():
            known.setdefault(form, []).append((term.word, weight, 0.0))
        for form, weight in term.meant.items():
            known.setdefault(form, []).append((term.word, 0.0, weight))
    return known


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


def _matching_titles(db: sqlite3.Connection, terms: dict[str, Term]) -> dict[int, _Weights]:
    """Windows whose title or application has some of the words: window -> how well they matched."""
    titles = dict[int, _Weights]()
    known = _known(terms.values())
    for word in terms:
        known[word] = [entry for entry in known.get(word, ()) if entry[0] != word] + [(word, 1.0, 0.0)]
    rows = db.execute(
        "SELECT w.id, w.title, w.application FROM window_words f JOIN window w ON w.id = f.rowid "
        "WHERE f.window_words MATCH ? ORDER BY f.rowid DESC LIMIT ?",
        (_quoted(known), COMMON),
    ).fetchall()
    marks = ", ".join("?" * len(terms))
    rows += db.execute(
        f"SELECT id, title, application FROM window WHERE lower(application) IN ({marks})", list(terms)
    ).fetchall()
    for id, title, application in rows:
        for word in schema.words(f"{title} {application}"):
            for term, own, meant in known.get(word, ()):
                titles.setdefault(id, _Weights()).note(term, own, meant)
    return titles


def _moments(
    db: sqlite3.Connection, best: Sequence[tuple[int, _Found]], titles: dict[int, _Weights], wanted: Wanted
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
    ranked = sorted(
        titles, key=lambda window: (len(titles[window].own), len(titles[window].meant), window), reverse=True
    )[: LINES // 4]
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


def _match(id: int, found: list[_Found], title: _Weights | None, terms: dict[str, Term]) -> Match:
    """Each word counts once, where it matched best; words together in one line count more than apart."""
    ordered = sorted(
        found, key=lambda line: (_score(line.weights.own, terms), _score(line.weights.meant, terms)), reverse=True
    )
    everywhere = _Weights()
    for weights in (title, *(line.weights for line in ordered)):
        if weights is not None:
            everywhere.note_all(weights)
    total = sum(term.weight for term in terms.values()) or 1.0
    own = max((_score(line.weights.own, terms) for line in ordered), default=0.0)
    meant = max((_score(line.weights.meant, terms) for line in ordered), default=0.0)
    return Match(
        id,
        tuple(dict.fromkeys(line.text for line in ordered)),
        (_score(everywhere.own, terms) + own) / (2 * total),
        (_score(everywhere.meant, terms) + meant) / (2 * total),
    )
