"""Answers in the language of the windows: every kind, in English and German, its times as the locale writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import get_args

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from app.protocol import Said
from ui.i18n import speak
from ui.wording import answer

NOW = datetime(2026, 11, 24, 15).astimezone()
FOUND = Said(
    kind="found",
    value="24.00",
    line="Island ferry 24.00",
    application="chromium",
    title="Prices",
    source="screen:one",
    first=NOW.replace(hour=10, minute=5),
    last=NOW.replace(hour=10, minute=7),
)
GIVEN = {"first": None, "last": None, "application": "", "title": "", "source": "picture"}


@pytest.fixture(params=["en", "de"])
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    speak(qapp, request.param)
    QLocale.setDefault(QLocale({"en": "en_GB", "de": "de_DE"}[request.param]))
    yield request.param
    speak(qapp, "en")


@pytest.mark.parametrize(
    ("changes", "english", "german"),
    [
        (
            {},
            "24.00 \u2013 “Island ferry 24.00” (chromium, window “Prices”, today from 10:05 to 10:07)",
            "24.00 \u2013 „Island ferry 24.00“ (chromium, Fenster „Prices“, heute von 10:05 bis 10:07)",
        ),
        (
            {"spoken": "24 euros", "title": ""},
            "24 euros \u2013 24.00 \u2013 “Island ferry 24.00” (chromium, today from 10:05 to 10:07)",
            "24 euros \u2013 24.00 \u2013 „Island ferry 24.00“ (chromium, heute von 10:05 bis 10:07)",
        ),
        (
            {"kind": "time", "title": "", "last": FOUND.first},
            "Today at 10:05, in chromium: “Island ferry 24.00”",
            "Heute um 10:05, chromium: „Island ferry 24.00“",
        ),
        (
            {"kind": "place", "application": "", "first": NOW - timedelta(days=1, hours=2), "last": NOW},
            "In the window “Prices”, yesterday at 13:00 to today at 15:00: “Island ferry 24.00”",
            "Fenster „Prices“, gestern um 13:00 bis heute um 15:00: „Island ferry 24.00“",
        ),
        (
            {"kind": "yes", "line": "", "first": NOW - timedelta(days=3), "last": NOW - timedelta(days=3)},
            "Yes: chromium, window “Prices”, on Saturday 21 November at 15:00",
            "Ja: chromium, Fenster „Prices“, am Samstag, 21. November um 15:00",
        ),
        (
            {"kind": "place", "line": "", "application": "", "title": "", "last": FOUND.first},
            "In Screen one, today at 10:05.",
            "Bildschirm one, heute um 10:05.",
        ),
        (GIVEN, "24.00 \u2013 “Island ferry 24.00” (the picture)", "24.00 \u2013 „Island ferry 24.00“ (Bild)"),
        (
            {**GIVEN, "kind": "time", "value": ""},
            "In the picture: “Island ferry 24.00”",
            "Bild: „Island ferry 24.00“",
        ),
        (
            {"nearest": True, "value": "", "title": "", "application": "ps", "last": FOUND.first},
            "I did not see that. Nearest in meaning: “Island ferry 24.00” (ps, today at 10:05)",
            "Das habe ich nicht gesehen. Der Bedeutung nach am nächsten: „Island ferry 24.00“ (ps, heute um 10:05)",
        ),
        ({"kind": "unseen"}, "I did not see that.", "Das habe ich nicht gesehen."),
        ({"kind": "spoken", "spoken": "A fox.\nRed."}, "A fox.\nRed.", "A fox.\nRed."),
    ],
)
def test_an_answer_is_worded(language: str, changes: dict[str, object], english: str, german: str) -> None:
    assert answer("not shown", FOUND.model_copy(update=changes), NOW) == {"en": english, "de": german}[language]


@pytest.mark.parametrize("kind", get_args(Said.model_fields["kind"].annotation))
def test_every_kind_has_words_even_with_nothing_in_it(language: str, kind: str) -> None:
    assert answer("", Said.model_validate({"kind": kind}), NOW)


def test_what_was_on_the_screen_cannot_steer_the_display(language: str) -> None:
    evil = FOUND.model_copy(update={"line": "a\u202eb\x00\nc", "value": "", "title": "{0}%1<b>\x1b[2J"})
    worded = answer("", evil, NOW)
    assert not set(worded) & set("\u202e\x00\n\x1b")
    assert "{0}%1<b>" in worded


def test_text_without_data_is_shown_as_it_is(language: str) -> None:
    assert answer("An answer of an older version.", None) == "An answer of an older version."
