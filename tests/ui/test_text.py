"""Untrusted titles become one harmless line; numbers and times read as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from ui import text
from ui.i18n import speak


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("notes.txt", "notes.txt"),
        ("two\nlines\tand tabs", "two lines and tabs"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("\u2066isolated\u2069 \u200fmark\u200e", "isolated mark"),
        ("bell\x07 null\x00 escape\x1b[31m", "bell null escape[31m"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("זום - פגישה", "זום - פגישה"),
        ("", ""),
    ],
)
def test_a_title_is_one_line_that_cannot_steer_the_display(title: str, shown: str) -> None:
    assert text.plain(title) == shown


@given(st.text(alphabet=st.characters(), max_size=2000))
def test_nothing_in_any_title_is_a_control_or_format_character(title: str) -> None:
    shown = text.plain(title)
    assert len(shown) <= 300
    assert shown.isprintable()


def test_an_answer_keeps_its_line_breaks_and_nothing_else() -> None:
    assert text.plain("one\r\ntwo\x00\n\nthree", lines=True) == "one \ntwo\n\nthree"


def test_a_long_title_ends_in_an_ellipsis() -> None:
    assert text.plain("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_times_name_the_day_only_where_it_is_another() -> None:
    now = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
    today = text.moment_time(now - timedelta(minutes=5), now)
    assert text.moment_time(now - timedelta(days=1, minutes=5), now) == f"Yesterday {today}"
    assert text.moment_time(now - timedelta(days=1, minutes=5), now, inside=True) == f"yesterday {today}"
    assert text.moment_time(now - timedelta(days=8, minutes=5), now).startswith("12 May")
    assert "2025" in text.moment_time(now - timedelta(days=365), now)


@pytest.mark.parametrize(
    ("language", "marks"),
    [("en", ["14:05:09", "14:05", "Tue 4", "Mar 2025"]), ("de", ["14:05:09", "14:05", "Di. 4.", "März 2025"])],
)
def test_an_axis_says_times_in_the_language_of_the_windows(
    qapp: QApplication, language: str, marks: list[str]
) -> None:
    speak(qapp, language)
    QLocale.setDefault(QLocale({"en": "en_GB", "de": "de_DE"}[language]))
    at = datetime(2025, 3, 4, 14, 5, 9).astimezone()
    assert [text.tick(at, spacing) for spacing in (10, 3_600, 86_400, 30 * 86_400)] == marks
    speak(qapp, "en")


def test_a_source_is_called_as_a_person_calls_it() -> None:
    names = ("screen:DP-1", "screen:screen", "webcam:0", "webcam:2", "replay:day.mp4", "other")
    assert [text.source(name) for name in names] == [
        "Screen DP-1",
        "Screen",
        "Camera",
        "Camera 2",
        "day.mp4",
        "other",
    ]


def test_a_moment_of_no_window_is_named_after_its_screen() -> None:
    assert text.place("xterm", "make", "screen:DP-1") == "xterm"
    assert text.place("", "", "screen:DP-1") == "Screen DP-1"


def test_a_size_counts_as_the_settings_and_the_command_line_do() -> None:
    assert text.size(20_000_000_000) == "20.0 GB"
    assert text.size(1_536) == "1.5 kB"


def test_large_numbers_are_grouped_also_where_the_system_has_no_language(qapp: QApplication) -> None:
    speak(qapp, "en")
    assert text.count(1_163_419) == "1,163,419"
    speak(qapp, "de")
    assert text.count(1_163_419) == "1.163.419"
    speak(qapp, "en")
