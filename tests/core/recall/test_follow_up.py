"""Questions that go on where the last answer ended, asked of a real timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.config import TimelineConfig
from core.errors import InputError
from core.frame import Pixels
from core.preprocess import Observation
from core.recall import Answer, Recall, Turn
from core.recall.english import UNSEEN
from core.recall.follow_up import understand_after
from core.timeline.moment import Line
from core.timeline.ocr import Reader
from core.timeline.store import Timeline
from tests.core.timeline.views import as_lines, at, change, drawn, window

DAY = 86_400
NOW = at(2 * DAY + 10_800)  # two days after the first page, at noon
OLD_PRICES = ["Harbour walk, 2 h   17.00", "Island ferry, return   22.00", "Lighthouse   5.00"]
NEW_PRICES = ["Harbour walk, 2 h   18.50", "Island ferry, return   24.00", "Lighthouse   6.00"]
MAIL = ["From: Ines Ferreira", "To: Bruno Dias", "Subject: Roof repair quotation", "The roofers want 4,180 euros."]
BUILD = ["$ make", "src/ledger.c:218: error: 'balance_cents' undeclared", "make: *** [build/ledger.o] Error 1"]
NOTE = ["Call the roofers back", "Order 12 slates"]


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    opened = Timeline(tmp_path, TimelineConfig())
    scenes = (
        (3_600, "Harbour prices", "chromium", OLD_PRICES),
        (DAY + 3_600, "Harbour prices", "chromium", NEW_PRICES),
        (2 * DAY + 600, "Inbox", "thunderbird", MAIL),
        (2 * DAY + 1_800, "make", "xterm", BUILD),
        (2 * DAY + 3_000, "notes.txt", "mousepad", NOTE),
    )
    for seconds, title, application, lines in scenes:
        (moment,) = opened.add(change([*lines, str(seconds)], seconds, window(title, application)))
        opened.set_text(moment.id, as_lines(lines))
        opened.note_seen("screen:one", at(seconds + 300))
        opened.note_gone("screen:one", at(seconds + 300))
    yield opened
    opened.close()


class Conversation:
    """Asks one question after the other; each is told what was said before."""

    def __init__(self, timeline: Timeline, session: Any = None) -> None:
        self._recall = Recall(timeline, cast("Any", session))
        self._turns: list[Turn] = []

    def ask(self, question: str, **options: Any) -> Answer:
        *_, answer = self._recall.ask(question, NOW, earlier=tuple(self._turns), **options)
        assert isinstance(answer, Answer)
        self._turns.append(Turn(question, answer.text, NOW, tuple(moment.id for moment in answer.moments)))
        return answer


@pytest.fixture
def talk(timeline: Timeline) -> Conversation:
    return Conversation(timeline)


def test_the_day_before_is_the_day_before_the_one_asked_about(talk: Conversation) -> None:
    assert "24.00" in talk.ask("What did the island ferry cost yesterday?").text
    answer = talk.ask("And the day before?")
    assert "22.00" in answer.text
    assert answer.after == "What did the island ferry cost yesterday?"
    assert "24.00" in talk.ask("and the day after?").text
    assert talk.ask("and today?").text == UNSEEN


def test_the_day_before_an_answer_that_named_no_day_is_the_day_before_what_it_showed(talk: Conversation) -> None:
    assert "24.00" in talk.ask("What did the island ferry cost?").text
    assert "22.00" in talk.ask("and the day before?").text


def test_it_is_what_the_last_answer_was_about(talk: Conversation) -> None:
    assert "4,180" in talk.ask("How much do the roofers want?").text
    answer = talk.ask("Who sent it?")
    assert "Ines Ferreira" in answer.text
    assert answer.moments[0].title == "Inbox"


@pytest.mark.parametrize("question", ["and the lighthouse?", "What about the lighthouse?"])
def test_another_thing_is_asked_for_in_the_same_way(talk: Conversation, question: str) -> None:
    assert "18.50" in talk.ask("How much was the harbour walk?").text
    assert talk.ask(question).text.startswith("6.00")
    assert talk.ask("and the island ferry?").text.startswith("24.00")


def test_another_place_is_searched_for_the_same(talk: Conversation) -> None:
    assert "18.50" in talk.ask("How much was the harbour walk?").text
    assert talk.ask("and in the terminal?").text == UNSEEN


def test_what_came_after_that_is_the_next_thing_on_the_screen(talk: Conversation) -> None:
    assert "ledger.c" in talk.ask("What was the error in the terminal?").text
    answer = talk.ask("What did I do after that?")
    assert answer.moments[0].title == "notes.txt"
    assert "ledger.c" in talk.ask("and before that?").text


def test_when_and_where_alone_are_about_the_last_answer(talk: Conversation) -> None:
    talk.ask("What was the error in the terminal?")
    assert talk.ask("Where was that?").text.startswith("In xterm")
    assert talk.ask("and when?").text.startswith("Today at 09:30")
    assert "ledger.c" in talk.ask("What was it?").text


def test_a_question_that_stands_alone_is_not_bent(talk: Conversation) -> None:
    talk.ask("What did the island ferry cost yesterday?")
    answer = talk.ask("How many slates should I order?")
    assert (answer.text.startswith("12"), answer.after) == (True, "")
    today = talk.ask("What was on my screen this morning?")
    assert today.after == ""


def test_a_question_that_only_seems_to_point_back_is_answered_by_itself(talk: Conversation) -> None:
    talk.ask("What did the island ferry cost yesterday?")
    answer = talk.ask("Was there an error about balance_cents?")
    assert ("ledger.c" in answer.text, answer.after) == (True, "")
    answer = talk.ask("And what was the error in the terminal?")
    assert "ledger.c" in answer.text
    assert "yesterday" not in answer.text


def test_another_thing_is_asked_for_at_the_same_time(talk: Conversation) -> None:
    assert "17.00" in talk.ask("How much was the harbour walk the day before yesterday?").text
    assert talk.ask("and the lighthouse?").text.startswith("5.00")
    assert talk.ask("and what did the island ferry cost?").text.startswith("22.00")
    assert talk.ask("and the roofers?").text.startswith("4,180")  # not on that day, but seen


def test_words_with_accents_are_the_questions_own() -> None:
    turn = Turn("What did the ferry cost?", "24.00", NOW, ())
    question = understand_after("and in Zürich?", NOW, [], [turn]).readings[0].question
    assert "zurich" in {term.word for term in question.terms}


def test_before_and_after_something_named_are_no_steps_from_the_last_answer() -> None:
    turn = Turn("What did the ferry cost yesterday?", "24.00", NOW, ())
    assert understand_after("What did I write two days after the meeting?", NOW, [], [turn]).after == ""


def test_without_a_turn_before_it_nothing_is_invented(talk: Conversation) -> None:
    assert talk.ask("and the day before?").after == ""


class Speaking:
    """A session that answers the same every time and notes what it was asked; it reads ``most`` characters."""

    def __init__(self, most: int = 10_000) -> None:
        self.facts = SimpleNamespace(answers=True, fixed_wordings=False)
        self.questions: list[str] = []
        self._most = most

    def ask(self, question: str, evidence: Sequence[Observation] = ()) -> Iterator[str]:
        if len(question) > self._most:
            raise InputError("The question is too long.")
        self.questions.append(question)
        return iter(["24.00"])


def test_the_model_is_told_what_was_said_before_as_far_as_it_reads(timeline: Timeline) -> None:
    session = Speaking()
    talk = Conversation(timeline, session)
    talk.ask("What did the island ferry cost yesterday?", memory_only=True)
    talk.ask("and who sold it?", memory_only=True)
    assert session.questions[0] == "What did the island ferry cost yesterday?"
    assert session.questions[1].startswith("What did the island ferry cost yesterday? 24.00")
    assert session.questions[1].endswith("and who sold it?")
    short = Speaking(most=45)
    talk = Conversation(timeline, short)
    talk.ask("What did the island ferry cost yesterday?", memory_only=True)
    talk.ask("and who sold it?", memory_only=True)
    assert short.questions[1] == "and who sold it?"


def test_steps_of_hours_are_taken_from_what_the_answer_showed() -> None:
    turn = Turn("What was the error?", "It failed.", NOW, ())
    understood = understand_after("and two hours before that?", NOW, [], [turn])
    when = understood.readings[0].question.when
    assert when.start is not None
    assert when.end is not None
    assert when.start < NOW - timedelta(hours=2) < when.end


def test_a_question_that_goes_on_about_a_picture_looks_at_it_again(timeline: Timeline) -> None:
    class Prepared(Reader):
        def read(self, pixels: Pixels) -> list[Line]:
            return as_lines(["Ticket 4471", "Gate opens 18:40", "Seat 12C"])

    picture = drawn(["a ticket"])
    recall = Recall(timeline, None, Prepared())
    *_, first = recall.ask("What is the ticket number?", NOW, picture=picture)
    assert isinstance(first, Answer)
    turn = Turn("What is the ticket number?", first.text, NOW)
    *_, second = recall.ask("and the seat?", NOW, earlier=[turn], picture_before=picture)
    assert isinstance(second, Answer)
    assert "12C" in second.text
    for question in ("What did the island ferry cost yesterday?", "and what did the island ferry cost?"):
        *_, other = recall.ask(question, NOW, earlier=[turn], picture_before=picture)
        assert isinstance(other, Answer)
        assert "24.00" in other.text
