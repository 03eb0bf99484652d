"""Measures a model as the product uses it: ``python -m core.training.evaluate --model DIR --suite quick|full``.

Free-running greedy answers through the real session, no teacher forcing. Screens are drawn with words (and, where
given, fonts) that training never used; real windows come from a captured corpus kept apart for this. Recall questions
are asked on forks while a stream goes on; beside them the same model with only the last four observations, and with
its memory zeroed, answers half of the same questions.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import torch

from core.preprocess import Observation, header
from core.session import AskOptions, Session, open_session
from core.training.data.canvas import Fact, Screen
from core.training.data.desktop import framed
from core.training.data.fonts import FontBook
from core.training.data.questions import LATEST, NOT_SEEN, ORDER, WHEN, ask_now, ask_then
from core.training.data.real_windows import Corpus
from core.training.data.screens import Drawer
from core.training.data.words import LABELS, Vocabulary

AGES = (1, 4, 16, 64, 256, 1024)
GROUPS = {"title": "title", "value": "code", "code": "code", "line starting": "line", "first line": "line",
          "last line": "line", "line number": "line", "colour": "colour"}  # fmt: skip
LINE_LENGTHS = range(10, 21)  # characters
SMALLEST = 14  # pixels: below this, reading is reported by size only
SIZES = (12, 14, 16, 18, 20)
DRAWS = 8  # screens drawn, at most, for one that is asked about
LONGEST = 48  # tokens of one answer
SECONDS = {"quick": 42.0, "full": 3600.0}
SHARES = {"reading": 0.35, "real windows": 0.15, "memory": 0.4, "updates": 0.1}  # of the time
STREAMS = {"quick": (18,), "full": (70, 20, 270, 20, 70, 1030, 20, 70, 270)}  # observations in each
POINTS = {"quick": 2, "full": 12}  # of a stream's second half, at which facts of one age are asked for
EACH = 2  # facts asked for at such a point; the baselines answer the first of them
UPDATES = 3  # times that a value is shown anew
RECENT = 4  # observations that the first baseline sees
REAL_WINDOWS = Path(__file__).parents[2] / "tests" / "fixtures" / "real_windows"
DESKTOP = (1920, 1080)  # pixels of the monitor that a real window stands on
BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def interval(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    below = 1 + z * z / count
    # rounding must not leave the share itself outside, where all or none are right
    return max(0.0, min(share, (middle - spread) / below)), min(1.0, max(share, (middle + spread) / below))


@dataclass
class Tally:
    """Right answers and all answers, by key."""

    counts: dict[str, list[int]] = field(default_factory=dict)

    def add(self, key: str, right: bool) -> None:
        pair = self.counts.setdefault(key, [0, 0])
        pair[0] += right
        pair[1] += 1

    def merge(self, counts: dict[str, list[int]]) -> None:
        for key, (right, count) in counts.items():
            pair = self.counts.setdefault(key, [0, 0])
            pair[0] += right
            pair[1] += count

    def report(self) -> dict[str, Any]:
        """Shares by key, and beside them the counts and intervals under the same keys."""
        shares = {key: round(right / count, 4) for key, (right, count) in sorted(self.counts.items())}
        by_size = {key.rsplit("_", 1)[1]: shares.pop(key) for key in list(shares) if key.startswith("size_")}
        counts = {key: count for key, (_, count) in sorted(self.counts.items())}
        spans = {
            key: [round(edge, 4) for edge in interval(right, count)]
            for key, (right, count) in sorted(self.counts.items())
        }
        return {**shares, "reading_exact_by_size": by_size, "counts": counts, "intervals": spans}


class Examiner:
    """Asks one model. ``deadline``: monotonic seconds after which nothing new is begun."""

    def __init__(self, session: Session, drawer: Drawer, rng: Random, corpus: Corpus | None = None) -> None:
        self.session, self.drawer, self.rng, self.corpus = session, drawer, rng, corpus
        self.deadline = 0.0
        self.tally = Tally()
        self.asked = dict.fromkeys(sorted(set(GROUPS.values())), 0)

    @property
    def late(self) -> bool:
        return time.monotonic() > self.deadline

    def answer(self, session: Session, question: str) -> str:
        return "".join(session.ask(question, options=AskOptions(max_tokens=LONGEST))).strip()

    def reading(self) -> None:
        """Questions about the one screen just seen; its title stands in the picture alone, not in the header."""
        for number in itertools.count():
            if self.late:
                return
            screen, groups = self._screen_with_what_was_asked_least(SIZES[number % len(SIZES)])
            session = self._fresh()
            session.see(_observation(screen, BEGIN, ""))
            for group, facts in sorted(groups.items()):
                fact = self.rng.choice(facts)
                self.asked[group] += 1
                question = ask_now(self.rng, fact)
                if question is None:
                    continue
                right = self.answer(session, question) == fact.answer
                if group == "colour":
                    self.tally.add("colour_exact", right)
                    continue
                self.tally.add(f"size_{fact.size}", right)
                if fact.size >= SMALLEST:
                    self.tally.add("reading_exact", right)
                    self.tally.add(f"reading_{group}_exact", right)

    def _screen_with_what_was_asked_least(self, size: int) -> tuple[Screen, dict[str, list[Fact]]]:
        """Of a few screens drawn, the first that has it: titles are many, codes are few, and drawing costs little."""
        wanted = min(self.asked, key=lambda group: self.asked[group])
        for _ in range(DRAWS):
            screen = self.drawer.screen(self.rng, size=size)
            groups = _groups(screen.facts)
            if wanted in groups:
                break
        return screen, groups

    def real_windows(self) -> None:
        """The title and some lines of windows of real programs on a desktop, seen as the app sees them."""
        if self.corpus is None:
            return
        for window in self.rng.sample(self.corpus.windows, len(self.corpus.windows)):
            if self.late:
                return
            screen = window.screen()
            session = self._fresh()
            session.see(framed(self.rng, screen, [], BEGIN, "", DESKTOP))
            title = next(fact for fact in screen.facts if fact.kind == "title")
            lines = [fact for fact in screen.facts if GROUPS.get(fact.kind) == "line"]
            for fact in (title, *self.rng.sample(lines, min(2, len(lines)))):
                question = ask_now(self.rng, fact)
                if question is not None:
                    right = self.answer(session, question) == fact.answer
                    self.tally.add(f"real_windows_{GROUPS[fact.kind]}_exact", right)

    def _fresh(self) -> Session:
        session = self.session.fork()
        session.reset()
        return session

    def stream(self, length: int, points: int, each: int = EACH) -> None:
        """One stream of ``length`` observations. ``each`` facts of every age that it reaches are asked for at
        ``points`` places of its second half, where the memory is about as full as at the end."""
        due = {age: _spread(max(age, length // 2), length - 1, points) for age in AGES if age < length}
        others = _spread(length // 2, length - 1, max(1, points // 2))
        screens: list[tuple[Screen, datetime]] = []
        session, clock, seen = self._fresh(), BEGIN, set[str]()
        while len(screens) < length:
            if self.late:
                return
            cells = (self.rng.randint(6, 10), self.rng.randint(3, 5))
            screen = self.drawer.screen(self.rng, cells, self.rng.choice((14, 15, 16, 18)))
            if screen.title in seen or not _memorable(screen):
                continue
            seen.add(screen.title)
            session.see(_observation(screen, clock, screen.title))
            screens.append((screen, clock))
            clock += timedelta(seconds=self.rng.choice((20, 60, 130)))
            newest = len(screens) - 1
            ages = [age for age, places in due.items() if newest in places]
            if ages:
                self._recall(session, screens, ages, each)
            if newest in others:
                self._others(session, screens, each)

    def _recall(self, session: Session, screens: list[tuple[Screen, datetime]], ages: list[int], each: int) -> None:
        recent, zeroed = self._fresh(), self._fresh()
        for screen, when in screens[-RECENT:]:
            recent.see(_observation(screen, when, screen.title))
        baselines = {"baseline_last4_": recent, "zeroed_state_": zeroed}
        for age in ages:
            screen = screens[-1 - age][0]
            facts = _memorable(screen)
            for number, fact in enumerate(self.rng.sample(facts, min(each, len(facts)))):
                question = ask_then(self.rng, fact, screen.title, screen.application, alone=False)
                if question is None or self.late:
                    continue
                asked = {"": session} | (baselines if number == 0 else {})
                for prefix, asked_one in asked.items():
                    right = self.answer(asked_one, question) == fact.answer
                    self.tally.add(f"{prefix}recall_exact_{age}", right)

    def _others(self, session: Session, screens: list[tuple[Screen, datetime]], each: int) -> None:
        """When, which came first, and what was never there."""
        for _ in range(each):
            if self.late:
                return
            (screen, when), (other, _) = sorted(self.rng.sample(screens, 2), key=lambda pair: pair[1])
            asked = self.rng.choice(WHEN).format(t=screen.title)
            self.tally.add("when_exact", self.answer(session, asked) == f"{when.astimezone():%H:%M}")
            x, y = self.rng.sample((screen.title, other.title), 2)
            asked = self.rng.choice(ORDER).format(x=x, y=y)
            self.tally.add("order_exact", self.answer(session, asked) == screen.title)
            asked = f"What was the {self.rng.choice(LABELS)} in {self.drawer.words.title(self.rng)}?"
            self.tally.add("not_seen_exact", self.answer(session, asked) == NOT_SEEN)

    def updates(self) -> None:
        """A value that is shown several times, anew each time, with other values around it: the newest counts."""
        while not self.late:
            session, clock, labels = self._fresh(), BEGIN, self.rng.sample(LABELS, 4)
            for shown in range(UPDATES):
                screen, value = self._valued(labels)
                between = [self._without(labels[0]) for _ in range(self.rng.randint(0, 3))]
                for each in (screen, *between):
                    session.see(_observation(each, clock, each.title))
                    clock += timedelta(seconds=60)
                if shown:
                    question = self.rng.choice(LATEST).format(s=labels[0])
                    self.tally.add("update_exact", self.answer(session, question) == value)

    def _valued(self, labels: list[str]) -> tuple[Screen, str]:
        """A screen that shows the first of the labels, others too, and its value."""
        while True:
            screen = self.drawer.screen(self.rng, (9, 4), 16, labels)
            for fact in screen.facts:
                if fact.kind == "value" and fact.subject == labels[0]:
                    return screen, fact.answer

    def _without(self, label: str) -> Screen:
        while True:
            screen = self.drawer.screen(self.rng, (9, 4), 16)
            if all(fact.subject != label for fact in screen.facts):
                return screen


def _spread(first: int, last: int, count: int) -> set[int]:
    """``count`` whole numbers from ``first`` to ``last``, evenly apart, or all of them; the last one always."""
    apart = max(1.0, (last - first) / max(1, count - 1))
    return {round(last - number * apart) for number in range(count) if round(last - number * apart) >= first}


def _observation(screen: Screen, when: datetime, title: str) -> Observation:
    return Observation(when, header(when, screen.application, title), (screen.pixels,))


def _groups(facts: list[Fact]) -> dict[str, list[Fact]]:
    """The titles, codes, lines of 10 to 20 characters and colours among ``facts``."""
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        group = GROUPS.get(fact.kind)
        if group and (group != "line" or len(fact.answer) in LINE_LENGTHS):
            groups.setdefault(group, []).append(fact)
    return groups


def _memorable(screen: Screen) -> list[Fact]:
    """Facts that can be asked for later by the window's title."""
    wanted = ("value", "price", "error", "first line", "colour", "command", "status")
    return [fact for fact in screen.facts if fact.kind in wanted and len(fact.answer) <= 30]


def evaluate(
    session: Session,
    drawer: Drawer,
    suite: str,
    seed: int,
    seconds: float,
    corpus: Corpus | None = None,
    parts: Sequence[str] = tuple(SHARES),
    streams: Sequence[int] = (),
) -> Tally:
    """Ask as much of a suite as ``seconds`` suffice for, each of its ``parts`` by its share of them.

    ``streams``: observations in each stream, one after another, in place of the suite's own.
    """
    examiner = Examiner(session, drawer, Random(seed), corpus)
    lengths = iter(STREAMS[suite]) if suite == "quick" and not streams else itertools.cycle(streams or STREAMS[suite])

    def memory() -> None:
        for length in lengths:
            if examiner.late:
                return
            examiner.stream(length, POINTS[suite])

    ask = {
        "reading": examiner.reading, "real windows": examiner.real_windows, "updates": examiner.updates,
        "memory": memory,
    }  # fmt: skip
    deadline = time.monotonic()
    whole = sum(SHARES[part] for part in parts)
    for part in (part for part in ask if part in parts):
        deadline += seconds * SHARES[part] / whole  # what one part leaves, the next ones have
        examiner.deadline = deadline
        ask[part]()
    return examiner.tally


@dataclass(frozen=True)
class Task:
    """What one process asks."""

    model: Path | None
    words: Path | None
    fonts: Path | None
    windows: Path | None
    suite: str
    seconds: float
    threads: int
    parts: tuple[str, ...] = tuple(SHARES)
    streams: tuple[int, ...] = ()

    def run(self, seed: int) -> dict[str, list[int]]:
        torch.set_num_threads(self.threads)
        words = self.words.read_text(encoding="utf-8").split() if self.words else None
        drawer = Drawer(FontBook([self.fonts] if self.fonts else []), Vocabulary(held_out=True, words=words))
        corpus = Corpus(self.windows) if self.windows else None
        session = open_session(self.model, "cpu")
        asked = evaluate(session, drawer, self.suite, seed, self.seconds, corpus, self.parts, self.streams)
        return asked.counts


def run(task: Task, seed: int, jobs: int) -> dict[str, Any]:
    """The report of ``jobs`` processes with seeds of their own, put together."""
    began, tally = time.monotonic(), Tally()
    if jobs == 1:
        tally.merge(task.run(seed))
    else:
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
            for counts in pool.map(task.run, range(seed * jobs, (seed + 1) * jobs)):
                tally.merge(counts)
    seconds = round(time.monotonic() - began, 1)
    return {"suite": task.suite, "seed": seed, "jobs": jobs, "seconds": seconds, **tally.report()}


def print_table(report: dict[str, Any], write: Callable[[str], object]) -> None:
    for key, count in report["counts"].items():
        low, high = report["intervals"][key]
        share = report["reading_exact_by_size"].get(key[5:]) if key.startswith("size_") else report[key]
        write(f"{key:36} {share:.3f}  [{low:.3f}, {high:.3f}]  n={count}\n")
    write(f"{report['suite']} suite, seed {report['seed']}, {report['seconds']} s\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.training.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, help="model folder; the built-in model by default")
    parser.add_argument("--suite", choices=sorted(SECONDS), default="quick")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--words", type=Path, help="a file of words, one a line, in place of the built-in ones")
    parser.add_argument("--fonts", type=Path, help="a folder of fonts in place of Pillow's own")
    parser.add_argument("--windows", type=Path, default=REAL_WINDOWS if REAL_WINDOWS.exists() else None,
                        help="a corpus of real windows; the one among the tests' fixtures by default")  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, help="more are slower for nano, unless the machine is idle")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with a seed of its own")
    parser.add_argument("--parts", nargs="+", choices=sorted(SHARES), default=list(SHARES), help="all by default")
    parser.add_argument("--streams", type=int, nargs="+", default=[],
                        help="observations in each stream of the memory part, in place of the suite's")  # fmt: skip
    parser.add_argument("--seconds", type=float, help="time limit; the suite's own by default")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    seconds = options.seconds or SECONDS[options.suite]
    task = Task(options.model, options.words, options.fonts, options.windows, options.suite, seconds, options.threads,
                tuple(options.parts), tuple(options.streams))  # fmt: skip
    report = run(task, options.seed, options.jobs)
    if options.json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        print_table(report, sys.stdout.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
