from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.config import TimelineConfig
from core.errors import InputError
from core.frame import Pixels, Rect
from core.meaning.embedding import Embedding
from core.preprocess import Observation
from core.recall import MAX_QUESTION, Answer, Recall, Statement
from core.recall.english import UNREAD, UNSEEN, in_english
from core.timeline.moment import Line
from core.timeline.ocr import Reader
from core.timeline.store import Timeline
from tests.core.timeline.views import as_lines, at, change, drawn, window

NOW = at(7200)
TABLE = [["Lamp", "Height", "Price", "In stock"], ["Marlow desk lamp", "42 cm", "$64.90", "17"],
         ["Osprey floor lamp", "158 cm", "$213.50", "4"]]  # fmt: skip
BUILD = ["$ cmake --build build", "[ 14%] Building anchor.cpp.o",
         "src/tide_table.cpp:218:17: error: no matching function for call to 'interpolate_swell'",
         "make: *** [all] Error 2"]  # fmt: skip
DIALOG = ["Backup of volume TANGO-7 stopped.", "", "The disk is read-only (code 0x5E12)."]


class Speaking:
    """A session that answers with a given text and notes what it was shown."""

    def __init__(self, text: str, answers: bool = True) -> None:
        self.facts = SimpleNamespace(answers=answers)
        self.shown = list[Sequence[Observation]]()
        self._text = text

    def ask(self, question: str, evidence: Sequence[Observation] = ()) -> Iterator[str]:
        self.shown.append(evidence)
        yield from self._text.partition(" ")


class Prepared(Reader):
    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self._lines = lines

    def read(self, pixels: Pixels) -> list[Line]:
        return self._lines


def table() -> list[Line]:
    return [
        Line(text, Rect(10 + 200 * column, 100 + 34 * row, 9 * len(text), 22), 0.99, row)
        for row, cells in enumerate(TABLE)
        for column, text in enumerate(cells)
    ]


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    opened = Timeline(tmp_path, TimelineConfig())
    scenes = (
        ("build harbor", "xterm", BUILD, as_lines(BUILD)),
        ("Catalogue - Chromium", "chromium", ["t"], table()),
        ("Backup monitor", "xmessage", DIALOG, as_lines(DIALOG)),
    )
    for number, (title, application, shown, lines) in enumerate(scenes):
        (moment,) = opened.add(change([*shown, str(number) * 12], 600 * number, window(title, application)))
        opened.set_text(moment.id, lines)
        opened.note_seen("screen:one", at(600 * number + 120))
    yield opened
    opened.close()


def ask(timeline: Timeline, question: str, **options: Any) -> Answer:
    session = options.pop("session", None)
    *_, answer = Recall(timeline, cast("Any", session)).ask(question, NOW, **options)
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("question", "expected", "application"),
    [
        ("What error did the build fail with?", "interpolate_swell", "xterm"),
        ("How much does the Osprey floor lamp cost?", "$213.50 - ", "chromium"),
        ("How many Marlow desk lamps are in stock?", "17 - ", "chromium"),
        ("How high is the Osprey lamp?", "158 cm - ", "chromium"),
        ("Which lamp is the cheapest?", "Marlow", "chromium"),
        ("What was the error code of the backup?", "0x5E12 - ", "xmessage"),
        ("Which application showed the message about TANGO-7?", "In xmessage", "xmessage"),
        ("When did I see that TANGO-7 stopped?", "Today at", "xmessage"),
        ("Did I see a backup that stopped?", "Yes", "xmessage"),
    ],
)
def test_answers_begin_with_what_was_asked_and_prove_it(
    timeline: Timeline, question: str, expected: str, application: str
) -> None:
    answer = ask(timeline, question)
    assert expected in answer.text
    assert answer.origin == "evidence"
    assert answer.moments[0].application == application
    assert answer.timings_ms


@pytest.mark.parametrize(
    "question",
    [
        "What was the price of the Heron ceiling lamp?",
        "how much was the heron ceiling lamp",
        "What did the doctor say about my knee?",
        "Which application showed the tax form?",
        "What was the error code of the printer?",
    ],
)
def test_what_was_not_seen_is_said(timeline: Timeline, question: str) -> None:
    answer = ask(timeline, question)
    assert (answer.text, answer.origin, answer.moments) == (UNSEEN, "none", ())


@pytest.fixture
def meaning(tmp_path: Path) -> Iterator[Timeline]:
    """Two pages in other words than they are asked about, in a timeline that searches by meaning."""
    opened = Timeline(tmp_path, TimelineConfig(), Embedding())
    pages = (("Results", ["Your physician is on holiday until 3 June"]), ("Offers", ["Sofa, grey, 150 EUR"]))
    for number, (title, texts) in enumerate(pages):
        (moment,) = opened.add(change([*texts, str(number) * 9], 600 * number, window(title, "chromium")))
        opened.set_text(moment.id, as_lines(texts))
        opened.note_seen("screen:one", at(600 * number + 120))
    yield opened
    opened.close()


def test_where_the_words_miss_the_nearest_in_meaning_is_offered_and_nothing_claimed(meaning: Timeline) -> None:
    answer = ask(meaning, "How much was the couch?")
    assert answer.text.startswith(f"{UNSEEN} Nearest in meaning: 150 EUR - “Sofa, grey, 150 EUR” (chromium")
    assert answer.origin == "none"
    assert [moment.title for moment in answer.moments] == ["Offers"]
    answer = ask(meaning, "Was the doctor on holiday?")
    assert "“Your physician is on holiday until 3 June”" in answer.text
    assert "Yes" not in answer.text


def test_where_the_words_are_there_meaning_has_no_part(meaning: Timeline) -> None:
    answer = ask(meaning, "How much was the sofa?")
    assert answer.text.startswith("150 EUR - ")
    assert answer.origin == "evidence"


@pytest.mark.parametrize(
    "question",
    [
        "How much was the Couch Deluxe?",  # a name
        "Was the couch cancelled?",  # what was done
        "How much was the couch with the piano?",  # another word of weight is nowhere
        "Which doctor did I see in the terminal?",
        "What did the couch cost 3 days ago?",
    ],
)
def test_names_deeds_times_and_places_are_not_taken_for_something_near(meaning: Timeline, question: str) -> None:
    answer = ask(meaning, question)
    assert (answer.text, answer.origin, answer.moments) == (UNSEEN, "none", ())


def test_the_named_application_and_time_are_heeded(timeline: Timeline) -> None:
    assert ask(timeline, "Which error did I see in the terminal?").moments[0].application == "xterm"
    assert ask(timeline, "What lamp did I see in the terminal?").origin == "none"
    assert ask(timeline, "What error did I see 2 hours ago?").moments[0].application == "xterm"


def test_where_the_question_was_typed_is_not_the_proof(timeline: Timeline) -> None:
    question = "How much does the Osprey floor lamp cost?"
    texts = [f'$ afterimage ask "{question}"', "$213.50 - Osprey floor lamp 158 cm $213.50 4"]
    (asking,) = timeline.add(change([*texts, "ask"], 6500, window("shell", "xterm")))
    timeline.set_text(asking.id, as_lines(texts))
    assert ask(timeline, question).moments[0].application == "chromium"


def test_the_newest_of_several_values_is_the_answer(timeline: Timeline) -> None:
    (later,) = timeline.add(change(["fresh" * 3], 6000, window("Catalogue - Chromium", "chromium")))
    newer = [Line("$199.00", line.rect, 0.99, line.row) if line.text == "$213.50" else line for line in table()]
    timeline.set_text(later.id, newer)
    answer = ask(timeline, "How much does the Osprey floor lamp cost?")
    assert answer.text.startswith("$199.00")
    assert answer.moments[0].id == later.id


def test_the_models_words_come_before_the_answer_and_evidence_comes_as_data_alone(timeline: Timeline) -> None:
    question = "What is the error code of the backup?"
    spoken = list(Recall(timeline, cast("Any", Speaking("code 0x5E12"))).ask(question, NOW))
    assert "".join(str(piece) for piece in spoken[:-1]) == "code 0x5E12"
    (answer,) = Recall(timeline, None).ask(question, NOW)
    assert isinstance(answer, Answer)
    assert answer.text == in_english(answer.said, NOW)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How high is the Osprey lamp?", ("found", "158 cm", "chromium")),
        ("What error did the build fail with?", ("found", "", "xterm")),
        ("Which application showed the message about TANGO-7?", ("place", "", "xmessage")),
        ("When did I see that TANGO-7 stopped?", ("time", "", "xmessage")),
        ("Did I see a backup that stopped?", ("yes", "", "xmessage")),
    ],
)
def test_what_is_said_comes_as_data_for_any_language(
    timeline: Timeline, question: str, said: tuple[str, str, str]
) -> None:
    answer = ask(timeline, question).said
    assert (answer.kind, answer.value, answer.application) == said
    assert answer.line
    assert answer.first is not None
    assert answer.last is not None
    assert at(0) <= answer.first <= answer.last <= NOW


def test_a_windows_title_is_no_proof_beside_itself(timeline: Timeline) -> None:
    title = "Harbour tide notes"
    (moment,) = timeline.add(change([title, "x"], 6800, window(title, "gedit")))
    timeline.set_text(moment.id, as_lines([title]))
    answer = ask(timeline, "Which application showed the harbour tide notes?")
    assert (answer.said.kind, answer.said.title, answer.said.line) == ("place", title, "")


def test_a_days_times_are_told_in_the_askers_zone() -> None:
    said = Statement("time", application="xterm", line="done", first=at(0), last=at(60))
    hour_east = timezone(timedelta(hours=1))
    assert in_english(said, (NOW + timedelta(days=1)).astimezone(hour_east)) == (
        "Yesterday at 10:00 to 10:01, in xterm: “done”"
    )
    over_midnight = replace(said, kind="yes", last=at(16 * 3600))
    assert in_english(over_midnight, NOW) == "Yes: “done” (xterm, today at 09:00 to on Saturday 21 November at 01:00)"


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_is_refused(timeline: Timeline, question: str) -> None:
    with pytest.raises(InputError, match="empty"):
        ask(timeline, question)


def test_an_over_long_question_is_refused_with_the_limit(timeline: Timeline) -> None:
    with pytest.raises(InputError, match=f"{MAX_QUESTION:,}"):
        ask(timeline, "why " * 25_000)


@pytest.mark.parametrize(
    "question", ["?", "🦉🦉", "\u202eabc", "x\x00y", "WAS IST DAS", "'" * 50, "a" * MAX_QUESTION, "\ud800"]
)
def test_any_other_question_gets_an_answer(timeline: Timeline, question: str) -> None:
    assert isinstance(ask(timeline, question), Answer)


def test_a_model_that_cannot_answer_is_not_asked(timeline: Timeline) -> None:
    session = Speaking("nonsense", answers=False)
    assert ask(timeline, "What was the error code of the backup?", session=session).origin == "evidence"
    assert session.shown == []
    answer = ask(timeline, "What was the error code?", session=session, memory_only=True)
    assert answer.origin == "none"
    assert "cannot answer" in answer.text


def test_memory_only_asks_the_session_alone(timeline: Timeline) -> None:
    session = Speaking("from memory")
    answer = ask(timeline, "What was it?", session=session, memory_only=True)
    assert (answer.origin, answer.moments) == ("memory", ())
    assert session.shown == [()]


def test_a_models_answer_counts_only_when_the_evidence_has_it(timeline: Timeline) -> None:
    question = "What was the error code of the backup?"
    right = ask(timeline, question, session=Speaking("code 0x5E12"))
    assert right.origin == "both"
    assert "0x5E12" in right.text
    wrong = ask(timeline, question, session=Speaking("code 0xBEEF"))
    assert wrong.origin == "evidence"
    assert "BEEF" not in wrong.text


def test_the_model_sees_the_best_moments_again(timeline: Timeline) -> None:
    session = Speaking("0x5E12")
    ask(timeline, "What was the error code of the backup?", session=session)
    assert "xmessage" in session.shown[0][0].header


def test_a_question_about_a_picture_is_answered_from_it(timeline: Timeline) -> None:
    reader = Prepared(as_lines(["Gate: B42", "Boarding 17:05"]))
    *_, answer = Recall(timeline, None, reader).ask("When is boarding?", NOW, picture=drawn(["x"]))
    assert isinstance(answer, Answer)
    assert "17:05" in answer.text
    assert answer.moments == ()


def test_a_picture_without_text_is_told_as_unread_and_goes_on_from_nothing(timeline: Timeline) -> None:
    *_, answer = Recall(timeline, None, Prepared([])).ask("What is this?", NOW, picture=drawn([]))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.origin) == (UNREAD, "none")


@pytest.mark.parametrize("read", [["Gate: B42", "Boarding 17:05"], []], ids=["with text", "without text"])
def test_the_model_sees_the_picture_that_is_asked_about(timeline: Timeline, read: list[str]) -> None:
    session = Speaking("A boarding pass")
    recall = Recall(timeline, cast("Any", session), Prepared(as_lines(read)))
    *_, answer = recall.ask("When is boarding?", NOW, picture=drawn(read))
    assert isinstance(answer, Answer)
    (shown,) = session.shown
    assert "picture" in shown[0].header
    assert answer.origin == ("evidence" if read else "memory")


def test_moments_not_read_yet_are_read_before_answering(timeline: Timeline) -> None:
    timeline.add(change(["unread"], 7000, window("letter", "writer")))
    reader = Prepared(as_lines(["The parcel is at locker 88"]))
    *_, answer = Recall(timeline, None, reader).ask("Which locker is the parcel at?", NOW + timedelta(minutes=1))
    assert isinstance(answer, Answer)
    assert "locker 88" in answer.text


def test_a_question_given_up_reads_no_more_and_answers_nothing(timeline: Timeline) -> None:
    timeline.add(change(["unread"], 7000, window("letter", "writer")))
    reader = Prepared(as_lines(["The parcel is at locker 88"]))
    answers = Recall(timeline, None, reader).ask("Which locker is the parcel at?", NOW, given_up=lambda: True)
    assert list(answers) == []
    assert timeline.backlog() == 1
