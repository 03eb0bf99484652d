"""Questions as users type them: each is one that the app knows how to put plainly, or hands on as it stands."""

from __future__ import annotations

import re
from random import Random

import pytest

from core.recall.asking import plainly
from core.training.data import framing, wordings
from core.training.data.batches import Source
from core.training.data.canvas import Fact
from core.training.data.questions import ALONE, ORDER, THEN, WHEN, WHERE
from core.training.data.row import Row
from core.training.data.rows import frames_row, reading_row, text_row
from core.training.data.stream import Habits

NAMES = {
    "s": "door code", "t": "Harbor plan", "a": "Chromium", "x": "Front door", "y": "Parcel station",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted({*wordings.ALONE, *wordings.THEN}))
def test_what_users_type_about_a_fact_becomes_a_plain_question_or_stays_as_it_is(kind: str) -> None:
    typed = [w.format(**NAMES) for table in (wordings.ALONE, wordings.THEN) for w in table.get(kind, ())]
    fixed = {w.format(**NAMES) for table in (ALONE, THEN) for w in table.get(kind, ())}
    said = {question: plainly(question) for question in typed}
    assert [
        q for q in typed if said[q] not in fixed and not said[q].startswith("What was the ") and said[q] != q
    ] == []
    assert sum(said[q] != q for q in typed) >= len(typed) / 2


@pytest.mark.parametrize(
    ("typed", "fixed"),
    [(wordings.WHEN, WHEN), (wordings.WHERE, WHERE), (wordings.ORDER, ORDER)],
    ids=["when", "where", "order"],
)
def test_the_same_of_times_places_and_order(typed: tuple[str, ...], fixed: tuple[str, ...]) -> None:
    known = {wording.format(**NAMES) for wording in fixed}
    assert [w for w in typed if plainly(w.format(**NAMES)) not in known] == []


def test_applications_are_called_as_their_windows_call_them() -> None:
    called = {wordings.called(Random(seed), "xterm") for seed in range(20)}
    assert called == {"xterm", "XTerm"}
    fact = Fact("title", "", "Harbor plan", 0)
    asked = {wordings.typed_then(Random(seed), fact, "Harbor plan", "chromium", True) for seed in range(40)}
    assert any(question and "Chromium" in question for question in asked)


def _questions(row: Row) -> list[str]:
    found = []
    for answer in row.answers:
        before = row.ids[: answer.start - 1]
        found.append(framing.text_of(before[len(before) - before[::-1].index(framing.ID["<|user|>"]) :]))
    return found


def test_a_share_of_the_questions_of_each_kind_of_row_is_as_typed() -> None:
    drawer = Source().drawer()
    typed = Habits(worded=1.0)
    for row in (
        frames_row(Random(1), drawer, 4000, 8, habits=typed),
        reading_row(Random(1), drawer, 3000, 0.0, worded=1.0),
        text_row(Random(1), drawer, 3000, 8, 1.0),
    ):
        text = " ".join(_questions(row))
        assert re.search(r"whats |did I |tell me|my |again\?|please", text)
