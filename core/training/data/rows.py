"""Rows of token ids, each one stream of a fixed length: observations with questions between them.

Three kinds. ``reading``: questions about the screen just seen. ``frames``: questions about screens up to some
distance ago. ``text``: the same with facts in plain text and no picture, dense. Knows nothing of torch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np

from core.preprocess import Observation, header
from core.training.data import framing, wordings
from core.training.data.desktop import framed
from core.training.data.live_desktop import LiveDesktop
from core.training.data.questions import (
    AT_TIME,
    KIND_INDEX,
    LATEST,
    NOT_SEEN,
    NOW_TIME,
    ORDER,
    READ_ALL,
    READ_FIRST,
    RECALL_ALL,
    RECALL_FIRST,
    WHEN,
    WHERE,
    ask_now,
    ask_then,
)
from core.training.data.real_windows import Corpus
from core.training.data.screens import CELL, COLUMNS, LINES, Drawer, Fact, Screen
from core.training.data.wordings import handed_on, typed_now, typed_then, typed_unseen
from core.training.data.words import APPLICATIONS, LABELS

PATCH = CELL // 2
KIND_WEIGHTS = {  # how often a fact is asked of the screen that shows it, beside others of that screen
    "title": 3.0, "value": 3.0, "price": 2.0, "error": 3.0, "command": 2.0, "line after": 0.25, "line number": 0.5,
    "line starting": 0.6, "colour": 0.7,
}  # fmt: skip
LONGEST_TRANSCRIPT = 200  # characters
LONGEST_RECALL = 80  # the same of an earlier screen
DESKTOP_SHARE = 0.25  # of the screens that are read: shown on a whole monitor
REAL_SHARE = 0.7  # of those: real windows
OFTEN_RECALLED = ("value", "title", "price", "error", "code", "first line", "command", "status", "colour")
TRIES = 3  # to find an observation of a desktop that told something
IGNORE = 255  # a cell without a target for the dense losses


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``patches``: uint8 [gh * gw, 4, 588], merged token by merged token. ``start``: its first pad in the row."""

    patches: np.ndarray
    grid: tuple[int, int]  # rows and columns of merged tokens
    characters: np.ndarray  # uint8 [gh * gw, LINES * COLUMNS]
    colours: np.ndarray  # uint8 [gh * gw]
    start: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer's tokens stand: ids[start : end] are to be predicted. ``distance``: observations ago."""

    start: int
    end: int
    kind: int
    distance: int
    size: int


@dataclass(slots=True, eq=False)
class Row:
    length: int
    ids: list[int] = field(default_factory=list)
    positions: list[tuple[int, int, int]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    next_position: int = 0

    @property
    def room(self) -> int:
        return self.length - len(self.ids)

    def text(self, ids: list[int]) -> None:
        self.ids.extend(ids)
        start = self.next_position
        self.positions.extend((start + i,) * 3 for i in range(len(ids)))
        self.next_position = start + len(ids)

    def picture(self, pixels: np.ndarray, characters: np.ndarray | None, colours: np.ndarray | None) -> None:
        gh, gw = pixels.shape[0] // CELL, pixels.shape[1] // CELL
        self.text([framing.VISION_START])
        start = self.next_position
        count = gh * gw
        blank = np.full((count, LINES * COLUMNS), IGNORE, np.uint8)
        self.pictures.append(
            Picture(
                patches_of(pixels),
                (gh, gw),
                blank if characters is None else characters.reshape(count, -1),
                blank[:, 0] if colours is None else colours.reshape(count),
                len(self.ids),
            )
        )
        self.ids.extend([framing.IMAGE_PAD] * count)
        self.positions.extend((start, start + row, start + column) for row in range(gh) for column in range(gw))
        self.next_position = start + max(gh, gw)
        self.text([framing.VISION_END])

    def ask(self, question: str, answer: str, kind: str, distance: int, size: int = 0) -> bool:
        """Add a question with its answer where there is room for both."""
        asked, answered = framing.question_ids(question), framing.answer_ids(answer)
        if len(asked) + len(answered) > self.room:
            return False
        self.text(asked)
        start = len(self.ids)
        self.text(answered)
        self.answers.append(Answer(start, len(self.ids), KIND_INDEX[kind], distance, size))
        return True


def patches_of(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> [tokens, 4, 588]: merged token by merged token, a patch as channel, row, column."""
    gh, gw = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    parts = pixels.reshape(gh, 2, PATCH, gw, 2, PATCH, 3)  # [gh, my, py, gw, mx, px, c]
    return np.ascontiguousarray(parts.transpose(0, 3, 1, 4, 6, 2, 5)).reshape(gh * gw, 4, 3 * PATCH * PATCH)


@dataclass(frozen=True, slots=True)
class Habits:
    """How streams of frames depart from the plainest ones, as shares between 0 and 1."""

    repeats: float = 0.0  # of the streams: few labels come again and again, so that only the newest value counts
    times: float = 0.0  # of the questions about earlier screens: what was when, either way round
    desktops: float = 0.0  # of the streams: one desktop on which windows open and change
    worded: float = 0.0  # of the questions: as users word them


PLAIN = Habits()


@dataclass(slots=True)
class Told:
    """An observation of the stream as far as questions need it."""

    index: int
    title: str
    application: str
    time: datetime | None  # None where the observation does not say it
    facts: list[Fact]
    lines: list[str]


def _start_time(rng: Random) -> datetime:
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(4 * 365 * 86400))


class Stream:
    """A row under way and what it has told so far."""

    def __init__(self, rng: Random, drawer: Drawer, length: int, habits: Habits = PLAIN) -> None:
        self.rng, self.drawer, self.habits = rng, drawer, habits
        self.row = Row(length)
        self.told: list[Told] = []
        self.time = _start_time(rng)
        self.subjects: defaultdict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)  # window, answer
        self.lasting = False  # windows are seen again and change
        self.drawn: set[str] = set()  # labels on the screen, told or not
        self.newest: dict[str, tuple[str, int]] = {}  # label -> value, observation
        self.titles: defaultdict[str, list[int]] = defaultdict(list)  # title -> observations
        self.applications: defaultdict[str, list[int]] = defaultdict(list)

    def see(self, screen: Screen, titled: bool) -> bool:
        """Add one observation of a single picture; False where the row has no room for it."""
        titled = titled or not screen.title_drawn  # questions name it: it must stand somewhere
        line = header(self.time, screen.application, screen.title if titled else "")
        before, after = framing.seen_before(line), framing.seen_after()
        if len(before) + screen.colours.size + 2 + len(after) > self.row.room:
            return False
        self.row.text(before)
        self.row.picture(screen.pixels, screen.characters, screen.colours)
        self.row.text(after)
        self._tell(screen.title, screen.application, screen.facts, screen.lines)
        return True

    def see_on_desktop(self, screen: Screen, titled: bool) -> bool:
        """The same, but of a window on a whole monitor with others behind it, framed as the app frames it."""
        rng = self.rng
        titled = titled or not screen.title_drawn
        behind = [self.drawer.screen(rng) for _ in range(rng.choice((0, 0, 1, 2)))]
        seen = framed(rng, screen, behind, self.time, screen.title if titled else "")
        if not self._observe(seen):
            return False
        self._tell(screen.title, screen.application, screen.facts, screen.lines)
        return True

    def see_step(self, desktop: LiveDesktop) -> bool:
        """The next change of a desktop."""
        step = desktop.step(self.rng, self.time)
        self.drawn |= desktop.drawn
        if not self._observe(step.observation):
            return False
        self._tell(step.title, step.application.lower(), step.facts, step.lines)
        return True

    def _observe(self, seen: Observation) -> bool:
        before, after = framing.seen_before(seen.header), framing.seen_after()
        cells = sum(picture.shape[0] * picture.shape[1] // CELL**2 + 2 for picture in seen.pictures)
        if len(before) + cells + len(after) > self.row.room:
            return False
        self.row.text(before)
        for picture in seen.pictures:
            self.row.picture(picture, None, None)
        self.row.text(after)
        return True

    def read(self, body: str, title: str, application: str, facts: list[Fact], timed: bool) -> bool:
        """Add one observation that is text alone; ``timed``: the text says when it was."""
        ids = framing.seen_before(body)
        if len(ids) > self.row.room:
            return False
        self.row.text(ids)
        self._tell(title, application, facts, [], timed)
        return True

    def _tell(self, title: str, application: str, facts: list[Fact], lines: list[str], timed: bool = True) -> None:
        index = len(self.told)
        self.told.append(Told(index, title, application, self.time if timed else None, facts, lines))
        self.titles[title].append(index)
        self.applications[application].append(index)
        for fact in facts:
            self.subjects[fact.kind, fact.subject].add((title, fact.answer))
            if fact.kind == "value":
                self.newest[fact.subject] = (fact.answer, index)
        self.time += timedelta(seconds=self.rng.choice((1, 3, 10, 20, 40, 60, 90, 130, 240)))

    def ask_present(self, most: int) -> None:
        """Up to ``most`` questions about the newest observation, each kind by its weight."""
        facts = list(self.told[-1].facts)
        weights = [KIND_WEIGHTS.get(fact.kind, 1.0) for fact in facts]
        given: set[str] = set()
        for _ in range(min(most, len(facts))):
            at = self.rng.choices(range(len(facts)), weights)[0]
            fact = facts.pop(at)
            weights.pop(at)
            question = (typed_now(self.rng, fact) if self._typed() else None) or ask_now(self.rng, fact)
            if question and not any(fact.answer in answer or answer in fact.answer for answer in given):
                given.add(fact.answer)  # an answer that stands in the text already need not be read
                self.row.ask(question, fact.answer, fact.kind, 0, fact.size)

    def ask_all(self, screen: Screen) -> None:
        """Have the screen read out, as many lines from the top as are worth one answer."""
        count = _worth_reading(screen.lines, LONGEST_TRANSCRIPT)
        if not count:
            return
        fixed = READ_ALL if count == len(screen.lines) else READ_FIRST
        text = "\n".join(screen.lines[:count])
        self.row.ask(self.rng.choice(fixed).format(n=count), text, "transcript", 0)

    def _typed(self) -> bool:
        """Whether the next question is worded as users do; draws nothing where none is."""
        return bool(self.habits.worded) and self.rng.random() < self.habits.worded

    def _wording(self, fixed: Sequence[str], typed: Sequence[str], **names: str) -> str:
        """One of the fixed wordings, or one as users type it, with ``names`` in it."""
        if self._typed():
            return handed_on(self.rng, self.rng.choice(typed).format(**names))
        return self.rng.choice(fixed).format(**names)

    def ask_past(self, furthest: int, nearest: int = 0) -> None:
        """One question about an observation between ``nearest`` and ``furthest`` ago (0: the newest), as far as the
        stream reaches back."""
        rng, habits = self.rng, self.habits
        now = len(self.told) - 1
        told = self._pick(furthest, nearest)
        distance = now - told.index
        if habits.times and rng.random() < habits.times:
            self.ask_time(told, nearest)
            return
        draw = rng.random()
        if draw < 0.09:
            self.ask_unseen()
        elif draw < 0.2 and told.time:
            self.ask_when(told)
        elif draw < 0.22 and told.application:
            self.row.ask(self._wording(WHERE, wordings.WHERE, t=told.title), told.application, "where", distance)
        elif draw < 0.3 and distance:
            other = self.told[rng.randint(told.index + 1, now)]
            self.ask_order(told.title, other.title)
        elif draw < 0.34 and self._newest(told) is told and (lines := [x for x in told.lines if x != told.title]):
            count = _worth_reading(lines, LONGEST_RECALL)
            fixed = RECALL_ALL if count == len(lines) else RECALL_FIRST
            question = rng.choice(fixed).format(t=told.title, n=count)
            self.row.ask(question, "\n".join(lines[:count]), "transcript", distance)
        else:
            self.ask_fact(told, nearest)

    def _pick(self, furthest: int, nearest: int) -> Told:
        """An observation so long ago; where windows change, rather one that told something."""
        now = len(self.told) - 1
        for _ in range(TRIES if self.lasting else 1):
            told = self.told[self.rng.randint(max(0, now - furthest), max(0, now - nearest))]
            if told.facts:
                break
        return told

    def _newest(self, told: Told) -> Told:
        """The newest observation of the window with that title: what a question that names it is about."""
        return self.told[self.titles[told.title][-1]]

    def _as_last_told(self, fact: Fact, told: Told) -> tuple[Fact, Told]:
        """The fact as its window showed it last, and the observation that did."""
        for index in reversed(self.titles[told.title]):
            for each in self.told[index].facts:
                if (each.kind, each.subject) == (fact.kind, fact.subject):
                    return each, self.told[index]
        return fact, told

    def ask_when(self, told: Told) -> None:
        """When a window was seen; one that was seen again, when last."""
        newest = self._newest(told)
        if time := _clock(newest.time):
            question = self._wording(WHEN, wordings.WHEN, t=told.title)
            self.row.ask(question, time, "when", len(self.told) - 1 - newest.index)

    def ask_order(self, *titles: str) -> None:
        """Which of two windows was seen first, where they are two."""
        first, second = sorted(self.titles[title][0] for title in titles)
        x, y = self.rng.sample(titles, 2)
        if first != second:
            question = self._wording(ORDER, wordings.ORDER, x=x, y=y)
            self.row.ask(question, self.told[first].title, "order", len(self.told) - 1 - first)

    def ask_time(self, told: Told, nearest: int = 0) -> None:
        """When an observation was, and often its neighbour, so that one cannot do for the other; or what was seen at
        its time, where that names but one; or, of the newest, the time itself."""
        rng, now = self.rng, len(self.told) - 1
        clock = _clock(told.time)
        draw = rng.random()
        if draw < 0.2 and not nearest and (newest := _clock(self.told[-1].time)):
            self.row.ask(rng.choice(NOW_TIME), newest, "when", 0)
        elif draw < 0.45 and clock and sum(_clock(other.time) == clock for other in self.told) == 1:
            self.row.ask(rng.choice(AT_TIME).format(c=clock), told.title, "at time", now - told.index)
        else:
            beside = self.told[max(0, told.index - 1)]
            for each in (told, beside) if rng.random() < 0.5 else (told,):
                self.ask_when(each)

    def ask_fact(self, told: Told, nearest: int = 0) -> None:
        """One question about something that an earlier observation showed; where its window showed that again, as it
        was last."""
        rng, now = self.rng, len(self.told) - 1
        facts = [fact for fact in told.facts if fact.kind != "title"]
        newest = self.told[self.applications[told.application][-1]]
        named = len(self.applications[told.application]) == 1
        if self.lasting:  # titles stand in each header: asked less often where there is something else
            named = newest.title == told.title and (not facts or rng.random() < 0.4)
        if named:
            facts.append(Fact("title", "", told.title, 0))
        if not facts:
            return
        kinds = sorted({fact.kind for fact in facts})
        weights = [3.0 if kind in OFTEN_RECALLED else 1.0 for kind in kinds]
        kind = rng.choices(kinds, weights)[0]
        fact = rng.choice([fact for fact in facts if fact.kind == kind])
        fact, told = (fact, newest) if kind == "title" else self._as_last_told(fact, told)
        count = len(self.subjects[fact.kind, fact.subject])
        if fact.kind == "value" and rng.random() < 0.5 and count > 1:
            value, index = self.newest[fact.subject]
            if now - index >= nearest:
                question = self._wording(LATEST, wordings.LATEST, s=fact.subject)
                self.row.ask(question, value, "latest", now - index)
                return
        asked = typed_then(rng, fact, told.title, told.application, count == 1) if self._typed() else None
        asked = asked or ask_then(rng, fact, told.title, told.application, count == 1)
        if asked:
            self.row.ask(asked, fact.answer, fact.kind, now - told.index, fact.size)

    def ask_unseen(self) -> None:
        """One question about what the stream never showed: an unknown window, or a known one that lacks it."""
        rng, words = self.rng, self.drawer.words
        title = words.title(rng)
        unseen = [label for label in LABELS if ("value", label) not in self.subjects and label not in self.drawn]
        label = rng.choice(unseen or ["lottery number"])
        told = rng.choice(self.told)
        if self._typed():
            self.row.ask(typed_unseen(rng, label, told.title, words.title(rng)), NOT_SEEN, "not seen", 0)
            return
        question = rng.choice(
            (f"What was the {label}?", f"Which {label} did you see?", rng.choice(WHEN).format(t=title),
             f"What was the first line in {title}?", f"What was the {rng.choice(LABELS)} in {title}?",
             f"What was the {rng.choice(LABELS)} in {title}?", f"What was the {label} in {told.title}?",
             f"How much did {words.word(rng)}{words.invented(rng)} cost?")
        )  # fmt: skip
        self.row.ask(question, NOT_SEEN, "not seen", 0)


def _clock(time: datetime | None) -> str:
    """The time of day as questions and answers have it; "" where it is not known."""
    return f"{time.astimezone():%H:%M}" if time else ""


def _worth_reading(lines: list[str], most: int) -> int:
    """How many lines from the top have together at most ``most`` characters; at least one, where there is any."""
    count, size = 0, 0
    while count < len(lines) and (count == 0 or size + len(lines[count]) <= most):
        size += len(lines[count]) + 1
        count += 1
    return count


def reading_row(
    rng: Random,
    drawer: Drawer,
    length: int,
    transcripts: float = 0.45,
    corpus: Corpus | None = None,
    habits: Habits = PLAIN,
) -> Row:
    """Screens one after another, each followed by questions about it; a share of them is read out in full instead.

    Some stand on a whole desktop; most of those are real windows where there is a corpus.
    """
    stream = Stream(rng, drawer, length, habits)
    while stream.row.room > 150:
        titled = rng.random() < 0.15
        if rng.random() < DESKTOP_SHARE and stream.row.room > 600:
            real = corpus is not None and rng.random() < REAL_SHARE
            screen = corpus.draw(rng) if real and corpus is not None else drawer.screen(rng)
            seen = stream.see_on_desktop(screen, titled)
        else:
            cells = (rng.randint(10, 22), rng.randint(7, 11)) if rng.random() < 0.15 else None
            screen = drawer.screen(rng, cells)
            seen = stream.see(screen, titled)
        if not seen:
            break
        if rng.random() < transcripts:
            stream.ask_all(screen)  # and nothing else, which could be copied from it instead of read
        else:
            stream.ask_present(rng.randint(2, 7))
        if rng.random() < 0.06:
            stream.ask_past(1)
    return stream.row


def frames_row(
    rng: Random,
    drawer: Drawer,
    length: int,
    furthest: int,
    nearest: int = 0,
    habits: Habits = PLAIN,
    corpus: Corpus | None = None,
) -> Row:
    """Small screens; after each, questions about earlier ones up to ``furthest`` ago.

    Some streams are silent first and questioned at the end, as in use: from where ``furthest`` is reached. With
    ``nearest`` all are, and every question is about an observation at least so long ago, as far as the row holds
    more than that. A share of the others shows one desktop on which windows open and change.
    """
    stream = Stream(rng, drawer, length, habits)
    labels = rng.sample(LABELS, rng.randint(3, 8)) if habits.repeats and rng.random() < habits.repeats else None
    quiet = rng.random() < 0.5 or nearest > 0
    share = rng.uniform(0.55, 0.8)
    desktop = None
    if habits.desktops and not nearest and rng.random() < habits.desktops:
        stream.lasting = True
        desktop = LiveDesktop(rng, drawer, corpus, labels)
    while stream.row.room > 150:
        if quiet and len(stream.row.ids) > length * share and len(stream.told) > nearest:
            break
        if not (_see_small(stream, labels) if desktop is None else stream.see_step(desktop)):
            break
        if not quiet:
            for _ in range(rng.choice((1, 1, 2))):
                stream.ask_past(furthest)
        elif not nearest and rng.random() < 0.1:
            stream.ask_past(furthest)
    while stream.row.room > 60:
        stream.ask_past(furthest, nearest)
    return stream.row


def _see_small(stream: Stream, labels: Sequence[str] | None) -> bool:
    """One small screen by itself; False where there is no room."""
    rng = stream.rng
    size = rng.choice((13, 14, 14, 15, 15, 16, 16, 18, 20))
    cells = (rng.randint(6, 10), rng.randint(2, 5))
    screen = stream.drawer.screen(rng, cells, size, labels if labels and rng.random() < 0.6 else None)
    return stream.see(screen, rng.random() < 0.85)


def text_row(rng: Random, drawer: Drawer, length: int, furthest: int, habits: Habits = PLAIN) -> Row:
    """Facts in plain text, one or a few an observation, and dense questions about them.

    In a third of the streams few labels come up again and again, so that the newest value counts.
    """
    stream = Stream(rng, drawer, length, habits)
    labels = rng.sample(LABELS, rng.randint(2, 8)) if rng.random() < 0.33 else LABELS
    quiet = rng.random() < 0.4
    share = rng.uniform(0.4, 0.7)
    while stream.row.room > 120:
        if quiet and len(stream.row.ids) > length * share:
            break
        if not _read_something(stream, labels):
            break
        if not quiet:
            for _ in range(rng.choice((1, 1, 2))):
                stream.ask_past(furthest)
    while stream.row.room > 60:
        stream.ask_past(furthest)
    return stream.row


def _read_something(stream: Stream, labels: Sequence[str]) -> bool:
    """One observation of text: a header, a labelled value or what somebody wrote; False where there is no room."""
    rng, words = stream.rng, stream.drawer.words
    title, application = words.title(rng), rng.choice(APPLICATIONS)
    label = rng.choice(labels)
    value = words.value(rng, label)
    draw = rng.random()
    if draw < 0.3:
        return stream.read(header(stream.time, application, title), title, application, [], True)
    if draw < 0.8:
        return stream.read(f"{title}: {label} {value}", title, "", [Fact("value", label, value, 0)], False)
    name, line = rng.choice(words.first_names), words.sentence(rng)
    return stream.read(f"{title}: {name} wrote: {line}", title, "", [Fact("said", name, line, 0)], False)
