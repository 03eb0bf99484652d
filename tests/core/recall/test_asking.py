"""Users' wordings become those that nano was trained on; whatever else is asked stays as it is."""

from __future__ import annotations

import re

import pytest

from core.recall.asking import plainly
from core.training.data.questions import ALONE, NOW, ORDER, THEN, WHEN, WHERE

REWORDED = [
    ("whats my door code", "What was the door code?"),
    ("What's the order number?", "What was the order number?"),
    ("order number", "What was the order number?"),
    ("PIN", "What was the PIN?"),
    ("tell me the tracking number please", "What was the tracking number?"),
    ("Can you remember the seat?", "What was the seat?"),
    ("which order number did I see?", "What was the order number?"),
    ("I need the locker number again", "What was the locker number?"),
    ("What order number did I get?", "What was the order number?"),
    ("what was the xterm window called", "What was the title of the xterm window?"),
    ("what did I have open in mousepad", "What was open in mousepad?"),
    ("When did I see the Front door window?", "When did you see Front door?"),
    ("Where did I see Front door?", "In which application was Front door?"),
    ("Which application showed Front door?", "In which application was Front door?"),
    ("How expensive was the Osprey lamp?", "How much was Osprey lamp?"),
    ("How much does the Osprey lamp cost?", "How much did Osprey lamp cost?"),
    ("What error did make anchor fail with?", "What was the error in make anchor?"),
    ("what did I see first, a.txt or b.txt?", "Which came first, a.txt or b.txt?"),
]
LEFT = [
    "What is the title of the window?",
    "What is the error?",
    "What is the last line?",
    "What is the latest door code?",
    "How many Juniper wall lights are in stock?",
    "Which volume could not be backed up?",
    "Wie war der Türcode?",
    "hello",
    "?",
]


def trained(question: str) -> bool:
    """Whether a question is a training wording with something in the places of its names."""
    wordings = [w for table in (NOW, THEN, ALONE) for some in table.values() for w in some] + [*WHEN, *WHERE, *ORDER]
    return any(re.fullmatch(re.sub(r"\\\{\w\\\}", ".+", re.escape(wording)), question) for wording in wordings)


@pytest.mark.parametrize(("asked", "meant"), REWORDED)
def test_a_users_wording_becomes_a_trained_one(asked: str, meant: str) -> None:
    assert plainly(asked) == meant
    assert trained(meant)


@pytest.mark.parametrize("asked", LEFT)
def test_what_fits_no_trained_wording_stays_as_it_is(asked: str) -> None:
    assert plainly(asked) == asked


@pytest.mark.parametrize(
    "wording", [w for kind in ("value", "title", "error", "price") for w in (*THEN[kind], *ALONE.get(kind, ()))]
)
def test_a_trained_wording_stays_one(wording: str) -> None:
    assert trained(plainly(wording.format(s="seat", t="travel.txt", a="xterm")))


def test_about_a_picture_it_is_asked_in_the_present() -> None:
    assert plainly("whats my seat", here=True) == "What is the seat?"
    assert plainly("When did I see Front door?", here=True) == "When did you see Front door?"


def test_names_keep_their_letters_and_of_what_it_was_is_kept() -> None:
    assert plainly("What was my PIN of the Blue bank?") == "What was the PIN of the Blue bank?"
    assert plainly("Flight number of LH") == "What was the flight number of LH?"
