"""The straight line of remembering: understand, search, weigh, look again, answer.

Knows the timeline and the session by their faces only; owns no thread and no file.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.config import VisionBudget
from core.errors import EnvironmentTroubleError, InputError
from core.frame import Pixels, Rect
from core.preprocess import Observation, observe_picture
from core.recall.answer import Answer, Origin, Statement, span, stated
from core.recall.asking import plainly
from core.recall.english import UNSEEN, in_english
from core.recall.evidence import Evidence, Fit, by_meaning, by_words, ranked, supported
from core.recall.extract import Finding, extract
from core.recall.follow_up import Reading, Turn, Understood, understand_after
from core.recall.page import Page
from core.recall.question import Question
from core.recall.words import STOP, synonyms
from core.timeline.moment import Moment, SeenLine
from core.timeline.ocr import Reader, read_unread
from core.timeline.schema import words
from core.timeline.store import Timeline

if TYPE_CHECKING:
    from core.session import Session

CANDIDATES = 60  # moments of the search that are weighed row by row
PROOF = 5  # moments given with an answer
LOOKED_AT = 2  # moments the model sees again before it answers
NEWEST = 4  # unread moments read before answering
NOWHERE = 0.4  # weight, for where the others stand, of a word that is on no page
UNSURE = -0.5  # mean log-probability of a token; right answers about real windows had -0.1, prices made up -1.1
CATCH_UP = 3.0  # seconds spent on that at most


class Recall:
    """Answers questions from the timeline and, where there is one that can answer, with the session."""

    def __init__(
        self,
        timeline: Timeline,
        session: Session | None,
        reader: Reader | None = None,
        budget: VisionBudget | None = None,
    ) -> None:
        """``session`` None: the timeline alone answers. ``reader``: reads a picture that is asked about and the
        newest unread moments before answering. ``budget``: how much of a moment the model sees again."""
        self._timeline = timeline
        self._session = session
        self._reader = reader
        self._budget = budget or VisionBudget()

    def ask(
        self,
        question: str,
        now: datetime,
        *,
        memory_only: bool = False,
        picture: Pixels | None = None,
        earlier: Sequence[Turn] = (),
        picture_before: Pixels | None = None,
        given_up: Callable[[], bool] = lambda: False,
    ) -> Iterator[str | Answer]:
        """Pieces of the model's words as they are made; the last item is the Answer, which replaces them.

        Closing the generator cancels. ``now``: aware; its zone is the asker's where it is not UTC, else this
        machine's. ``picture``: what the question is about instead of the timeline. ``earlier``: the turns of the
        conversation before it, oldest first. ``picture_before``: what the last of them was about, looked at again if
        the question goes on from it. ``given_up``: asked between the steps of the search; once it says so
        nothing more comes. Raises InputError for an empty or over-long question.
        """
        clock = _Clock()
        local = now.astimezone() if now.utcoffset() == ZERO else now
        with clock.stage("understand"):
            understood = understand_after(question, local, self._timeline.applications(), earlier, self._timeline.get)
        if memory_only:
            yield from self._from_memory(understood, self._looked_at(picture, None, (), local), local, clock)
            return
        with clock.stage("search"):
            reading, found, meant = self._found(understood, picture, picture_before, local, given_up)
        if given_up():
            return
        asked, after = reading.question, "" if reading.alone else understood.after
        looked_at = self._looked_at(picture, picture_before, found, local)
        model = self._speaking()
        if not found and picture is not None and model is not None:
            # A model needs no text to see what the picture shows.
            yield from self._from_memory(understood, looked_at, local, clock)
            return
        if not found:
            nothing = Statement("unseen" if picture is None else "unread")
            yield Answer(in_english(nothing, local), nothing, "none", (), clock.timings, after)
            return
        best = found[0]
        with clock.stage("extract"):
            finding = extract(asked, best)
            said = stated(asked, best, finding, self._shown(best, finding), meant=meant)
            proof = self._proof(found)
        origin: Origin = "none" if meant else "evidence"
        if model is not None and model.facts.fixed_wordings:
            # A small model does not outweigh what was read: it may only confirm it, from what it remembers.
            if said.kind == "found" and not meant:
                with clock.stage("answer"):
                    spoken = "".join(self._say(understood, looked_at)).strip()
                if _says_the_same(spoken, said):
                    origin, said = "both", said if said.value else replace(said, spoken=spoken)
        elif model is not None:
            spoken = ""
            with clock.stage("answer"):
                for piece in self._say(understood, [*looked_at, *self._look_again(proof)]):
                    spoken += piece
                    yield piece
            if _supported_by(spoken, found[:PROOF]):
                origin, said = "both", replace(said, spoken=spoken.strip(), nearest=False)
        yield Answer(in_english(said, local), said, origin, proof, clock.timings, after)

    def _speaking(self) -> Session | None:
        """The session, where its model was trained to answer."""
        return self._session if self._session is not None and self._session.facts.answers else None

    def _say(self, understood: Understood, evidence: Sequence[Observation]) -> Iterator[str]:
        """The model's answer. A conversation longer than the model reads is left out, the question is not."""
        if self._session is None:
            return iter(())
        question = understood.readings[0].question.text
        if self._session.facts.fixed_wordings:  # nor does it know conversations
            return self._session.ask(plainly(question, here=bool(evidence)), evidence)
        try:
            return self._session.ask(understood.spoken, evidence)
        except InputError:
            if understood.spoken == question:
                raise
            return self._session.ask(question, evidence)

    def _guessed(self) -> bool:
        """Whether the last answer was one that a small model gives where it should say that it did not see that."""
        if self._session is None or not self._session.facts.fixed_wordings:
            return False
        sure = self._session.last_answer_logprob
        return sure is not None and sure < UNSURE

    def _from_memory(
        self, understood: Understood, evidence: Sequence[Observation], now: datetime, clock: _Clock
    ) -> Iterator[str | Answer]:
        """The session alone: what its memory state holds."""
        spoken, said = "", Statement("untrained")
        model = self._speaking()
        if model is not None:
            with clock.stage("answer"):
                for piece in self._say(understood, evidence):
                    spoken += piece
                    if not model.facts.fixed_wordings:  # of a small model's only those words that hold
                        yield piece
            spoken = "" if self._guessed() else spoken.strip()
            said = Statement("unseen") if spoken in ("", UNSEEN) else Statement("spoken", spoken)
        origin: Origin = "memory" if said.spoken else "none"
        yield Answer(in_english(said, now), said, origin, (), clock.timings, understood.after)

    # -- finding ---------------------------------------------------------------------------------------------

    def _found(
        self,
        understood: Understood,
        picture: Pixels | None,
        picture_before: Pixels | None,
        now: datetime,
        given_up: Callable[[], bool],
    ) -> tuple[Reading, list[Evidence], bool]:
        """What speaks for an answer, best first: in the picture that is asked about, else in the timeline. And
        whether it was found by meaning only."""
        if picture is not None:
            return *self._in_picture(understood.readings, picture, now), False
        if picture_before is not None and understood.after:
            reading, found = self._in_picture(understood.readings, picture_before, now)
            found = [evidence for evidence in found if supported(evidence)]
            if found:
                return reading, found, False
        return self._in_timeline(understood.readings, given_up)

    def _in_timeline(
        self, readings: Sequence[Reading], given_up: Callable[[], bool]
    ) -> tuple[Reading, list[Evidence], bool]:
        """The first reading of the question that something supports, and the supporting rows, best first: by its
        words, and where those miss, by words near in meaning (True)."""
        self._catch_up(given_up)
        for fit in (by_words, by_meaning(self._timeline.meaning.near)):
            for reading in readings:
                if given_up():
                    break
                evidence = self._supporting(reading, fit)
                if evidence:
                    return reading, evidence, fit is not by_words
        return readings[0], [], False

    def _supporting(self, reading: Reading, fit: Fit) -> list[Evidence]:
        """Supporting rows; what the question says of time and application is heeded."""
        asked = reading.question
        if reading.within:
            moments = [moment for number in reading.within if (moment := self._timeline.get(number)) is not None]
            return [e for e in self._weighed(asked, moments, fit) if supported(e)]
        when = asked.when
        bounds = [(when.start, when.end)]
        if not when.sure:
            bounds.append((None, None))
        for start, end in bounds:
            candidates = self._candidates(asked, start, end, meaning=fit is not by_words)
            evidence = [e for e in self._weighed(asked, candidates, fit) if supported(e)]
            if evidence:
                return evidence
        return []

    def _catch_up(self, given_up: Callable[[], bool]) -> None:
        """Reads the newest moments not read yet, so that what was just on screen can be found, by its meaning too."""
        if self._reader is not None:
            until = time.monotonic() + CATCH_UP
            for _ in range(NEWEST):
                if time.monotonic() > until or given_up() or not read_unread(self._timeline, self._reader):
                    break
        with suppress(EnvironmentTroubleError):  # told by who reads in the background; words are found without it
            self._timeline.meaning.embed()

    def _candidates(
        self, asked: Question, start: datetime | None, end: datetime | None, *, meaning: bool
    ) -> list[Moment]:
        text = " ".join(term.word for term in asked.terms)
        names: Sequence[str | None] = asked.applications or (None,)
        moments = dict[int, Moment]()
        for name in names:
            if text and meaning:
                hits = self._timeline.search(text, start, end, name, CANDIDATES, distinct=True, meaning=True)
                moments |= {hit.moment.id: hit.moment for hit in hits}
            elif text:
                others = " ".join(dict.fromkeys(other for term in asked.terms for other in synonyms(term.word)))
                hits = self._timeline.search(text, start, end, name, CANDIDATES, distinct=not asked.first)
                if others:
                    hits += self._timeline.search(
                        f"{text} {others}", start, end, name, CANDIDATES // 2, distinct=True
                    )
                moments |= {hit.moment.id: hit.moment for hit in hits}
            elif start is not None or end is not None or name is not None:  # "what did I do this morning?"
                moments |= {m.id: m for m in self._timeline.between(start, end, name, CANDIDATES)}
        return list(moments.values())

    def _weighed(self, asked: Question, moments: Sequence[Moment], fit: Fit) -> list[Evidence]:
        pages = [Page(moment, self._timeline.lines(moment.id)) for moment in moments]
        return ranked(asked, pages, _rarity(asked, pages, fit), fit)

    def _in_picture(
        self, readings: Sequence[Reading], picture: Pixels, now: datetime
    ) -> tuple[Reading, list[Evidence]]:
        """The picture that is asked about, read and weighed like a moment (which is never stored)."""
        if self._reader is None:
            return readings[0], []
        height, width = picture.shape[:2]
        moment = Moment(0, now, "picture", "", "", Rect(0, 0, width, height), "", None, now)
        pages = [Page(moment, self._reader.read(picture))]
        for reading in readings:
            evidence = ranked(reading.question, pages, _rarity(reading.question, pages))
            if evidence and pages[0].cells:
                return reading, evidence
        return readings[0], []

    # -- answering -------------------------------------------------------------------------------------------

    def _shown(self, evidence: Evidence, finding: Finding) -> tuple[datetime, datetime]:
        cells = [evidence.page.cells[index] for index in finding.cells]
        seen = [cell for cell in cells if isinstance(cell, SeenLine)]
        first = min((cell.first for cell in seen if cell.first), default=None)
        last = max((cell.last for cell in seen if cell.last), default=None)
        return span([evidence.moment], first, last)

    def _proof(self, found: Sequence[Evidence]) -> tuple[Moment, ...]:
        """The moments of the evidence, the answer's own first, each window's content once."""
        proof = dict[tuple[str, str, str], Moment]()
        for evidence in found:
            moment = evidence.moment
            if moment.id:
                proof.setdefault((moment.application, moment.title, moment.text[:400]), moment)
        return tuple(proof.values())[:PROOF]

    def _looked_at(
        self, picture: Pixels | None, before: Pixels | None, found: Sequence[Evidence], now: datetime
    ) -> tuple[Observation, ...]:
        """The picture that the question is about, as the model sees it; none where it is about the timeline."""
        about = picture if picture is not None else before if found and not found[0].moment.id else None
        return () if about is None else (observe_picture(about, now, "picture", "", self._budget),)

    def _look_again(self, moments: Sequence[Moment]) -> list[Observation]:
        """The best moments as the model sees them, at native resolution."""
        observations = []
        for moment in moments[:LOOKED_AT]:
            pixels = self._timeline.pixels(moment.id)
            if pixels is not None:
                observations.append(
                    observe_picture(pixels, moment.time, moment.application, moment.title, self._budget)
                )
        return observations


ZERO = timedelta(0)


class _Clock:
    """How long each stage took, in milliseconds."""

    def __init__(self) -> None:
        self.timings = dict[str, float]()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + 1000 * (time.perf_counter() - started)


def _rarity(asked: Question, pages: Sequence[Page], fit: Fit = by_words) -> dict[str, float]:
    """How much each word tells these pages apart: 1 for a word on few of them, less for one on all."""
    rarity = dict[str, float]()
    for term in asked.terms:
        having = sum(
            any(fit(term, word) >= 0.6 for word in (*(w.text for w in page.words), *page.title)) for page in pages
        )
        share = having / len(pages) if pages else 0.0
        rarity[term.word] = 0.55 + 0.45 * (1 - math.sqrt(share)) if having else NOWHERE
    return rarity


def _says_the_same(spoken: str, said: Statement) -> bool:
    """Whether the model's words are the value that was found, or where there is none, a part of the line."""
    told, line = words(spoken), words(said.line)
    if said.value:
        return told == words(said.value)
    return bool(told) and any(line[at : at + len(told)] == told for at in range(len(line)))


def _supported_by(spoken: str, evidence: Sequence[Evidence]) -> bool:
    """Whether every word of substance in the model's answer is in the evidence."""
    said = [word for word in words(spoken) if (len(word) > 2 and word not in STOP) or word.isdigit()]
    seen = {word.text for e in evidence for word in e.page.words}
    seen |= {word for e in evidence for word in e.page.title}
    return bool(said) and all(word in seen for word in said)
