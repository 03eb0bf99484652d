"""A row under way: what it has shown so far, and the questions that can be asked about it.

Where windows are seen again, questions are about them as they were seen last. Knows nothing of torch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from core.preprocess import Observation, header
from core.training.data import framing, wordings
from core.training.data.canvas import CELL, Fact, Screen
from core.training.data.desktop import framed
from core.training.data.live_desktop import LiveDesktop
from core.training.data.questions import (
    AT_TIME,
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
from core.training.data.row import Row
from core.training.data.screens import Drawer
from core.training.data.wordings import handed_on, typed_now, typed_then, typed_unseen
from core.training.data.words import LABELS

KIND_WEIGHTS = {  # how often a fact is asked of the screen that shows it, beside others of that screen
    "title": 3.0, "value": 3.0, "price": 2.0, "error": 3.0, "command": 2.0, "line after": 0.25, "line number": 0.5,
    "line starting": 0.6, "colour": 0.7,
}  # fmt: skip
LONGEST_TRANSCRIPT = 200  # characters
LONGEST_RECALL = 80  # the same of an earlier screen
OFTEN_RECALLED = ("value", "title", "price", "error", "code", "first line", "command", "status", "colour")
QUESTION = 100  # tokens, with its answer, at most but for the longest
TRIES = 3  # to find an observation of a desktop that told something


@dataclass(frozen=True, slots=True)
class Habits:
    """How streams of frames depart from the plainest ones, as shares between 0 and 1."""

    repeats: float = 0.0  # of the streams: few labels come again and again, so that only the newest value counts
    times: float = 0.0  # of the questions about earlier screens: what was when, either way round
    desktops: float = 0.0  # of the streams: one desktop on which windows open and change
    worded: float = 0.0  # of the questions: as users word them
    any_age: float = 0.0  # of the questions about earlier screens: the newest as likely as the long past
    reach: int = 0  # tokens: nothing further back is asked for, and long streams go on after questions; 0: no limit


PLAIN = Habits()


@dataclass(slots=True)
class Told:
    """An observation of the stream as far as questions need it."""

    index: int
    start: int  # of its tokens in the row
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
        self.begun = 0  # where in the row the newest observation starts
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
        if not self._begin(len(before) + screen.colours.size + 2 + len(after)):
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
        if not self._begin(len(before) + cells + len(after)):
            return False
        self.row.text(before)
        for picture in seen.pictures:
            self.row.picture(picture, None, None)
        self.row.text(after)
        return True

    def read(self, body: str, title: str, application: str, facts: list[Fact], timed: bool) -> bool:
        """Add one observation that is text alone; ``timed``: the text says when it was."""
        ids = framing.seen_before(body)
        if not self._begin(len(ids)):
            return False
        self.row.text(ids)
        self._tell(title, application, facts, [], timed)
        return True

    def _begin(self, tokens: int) -> bool:
        """Note where an observation of so many tokens starts; False where the row has no room for it."""
        if tokens > self.row.room:
            return False
        self.begun = len(self.row.ids)
        return True

    def _tell(self, title: str, application: str, facts: list[Fact], lines: list[str], timed: bool = True) -> None:
        index = len(self.told)
        self.told.append(Told(index, self.begun, title, application, self.time if timed else None, facts, lines))
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
        furthest = min(furthest, now - self._oldest_within_reach())
        nearest = min(nearest, furthest)
        if habits.any_age and rng.random() < habits.any_age:
            nearest = 0
            told = self.told[now - self._any_age(min(now, furthest))]
        else:
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

    def _oldest_within_reach(self) -> int:
        """The index of the first observation that an answer given now may rest on."""
        if not self.habits.reach:
            return 0
        first = len(self.row.ids) + QUESTION - self.habits.reach
        return min(bisect_left(self.told, first, key=lambda told: told.start), len(self.told) - 1)

    def _any_age(self, furthest: int) -> int:
        """Observations ago, 0 to ``furthest``, evenly on a logarithmic scale."""
        return int((furthest + 1) ** self.rng.random()) - 1

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
