"""Turns what the engine reports into text that is safe and pleasant to show.

Window titles and recognised text come from whatever was on the screen: they may hold control characters,
marks that reverse the reading direction, or a megabyte of anything. They pass through :func:`plain` before a
widget sees them. Knows no widgets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QTime

_KEPT_LINE_BREAKS = "\n"
_LIMIT = 300  # characters of a title; longer ones are elided by the widget anyway


def plain(text: str, limit: int = _LIMIT, *, lines: bool = False) -> str:
    """``text`` with nothing in it that could steer the display: one line, or several with ``lines``.

    Control, format (direction marks, zero-width) and unassigned characters go; so do lone surrogates and private
    use. At most ``limit`` characters come back, the last of them an ellipsis where something was cut.
    """
    kept = []
    for character in text[: limit * 4]:
        if lines and character in _KEPT_LINE_BREAKS:
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
        elif unicodedata.category(character)[0] != "C":
            kept.append(character)
    joined = "".join(kept)
    joined = joined.strip() if lines else " ".join(joined.split())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


@lru_cache(maxsize=2048)
def title(words: str) -> str:
    """:func:`plain` for what is painted again and again while somebody scrolls."""
    return plain(words)


def moment_time(when: datetime, now: datetime | None = None, *, inside: bool = False) -> str:
    """The local time of a moment as short as it can be said: "14:05", "Yesterday 14:05", "12 Nov 14:05".

    ``inside``: in the middle of a sentence, where a word has no capital.
    """
    local = when.astimezone()
    today = (now or datetime.now().astimezone()).astimezone().date()
    if local.date() == today:
        return clock(local)
    if local.date() == today - timedelta(days=1):
        words = _tr("yesterday {time}") if inside else _tr("Yesterday {time}")
        return words.format(time=clock(local))
    pattern = _tr("d MMM") if local.year == today.year else _tr("d MMM yyyy")
    return f"{QLocale().toString(QDate(local.year, local.month, local.day), pattern)} {clock(local)}"


def clock(local: datetime) -> str:
    """Hours and minutes as the locale writes them: "14:05"."""
    return QLocale().toString(_qt_time(local).time(), QLocale.FormatType.ShortFormat)


def tick(local: datetime, spacing: float) -> str:
    """A time on an axis whose marks are ``spacing`` seconds apart: "14:05:30", "14:05", "Tue 4", "Mar 2025"."""
    date = QDate(local.year, local.month, local.day)
    if spacing >= 28 * 86_400:
        return QLocale().toString(date, _tr("MMM yyyy"))
    if spacing >= 86_400:
        return QLocale().toString(date, _tr("ddd d"))
    return clock(local) if spacing >= 60 else QLocale().toString(_qt_time(local).time(), "HH:mm:ss")


def day(local: datetime, now: datetime) -> str:
    """The day in full, with the year where it is not this one: "Tuesday 4 March 2025"."""
    pattern = _tr("dddd d MMMM") if local.year == now.year else _tr("dddd d MMMM yyyy")
    return QLocale().toString(QDate(local.year, local.month, local.day), pattern)


def exact_time(when: datetime) -> str:
    """The local date and time to the second, as the user's locale writes it."""
    return QLocale().toString(_qt_time(when.astimezone()), _tr("dddd d MMMM yyyy, HH:mm:ss"))


def count(number: int) -> str:
    """``number`` with the locale's thousands separators."""
    return QLocale().toString(number)


def decimal(number: float) -> str:
    """``number`` with one decimal place, as the locale writes it."""
    return QLocale().toString(number, "f", 1)


def size(octets: int) -> str:
    """A number of bytes as a person reads it, in thousands as in the settings and on the command line: "1.4 GB"."""
    return QLocale().formattedDataSize(octets, 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def duration(seconds: float) -> str:
    """A length of time as short as it can be said: "40 s", "12 min", "5 h 20 min", "3 d 4 h"."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return _tr("{seconds} s").format(seconds=int(seconds))
    if minutes < 60:
        return _tr("{minutes} min").format(minutes=minutes)
    if minutes < 24 * 60:
        return _tr("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)
    return _tr("{days} d {hours} h").format(days=count(minutes // 1440), hours=minutes % 1440 // 60)


def source(name: str) -> str:
    """A screen, camera or recording as a person calls it: "Screen DP-1", "Camera"; else by its own name."""
    kind, _, own = plain(name).partition(":")
    if kind == "screen":
        return _tr("Screen {name}").format(name=own) if own not in {"", "screen"} else _tr("Screen")
    if kind == "webcam":
        return _tr("Camera {name}").format(name=own) if own not in {"", "0"} else _tr("Camera")
    return own if kind == "replay" and own else plain(name)


def place(application: str, window: str, source_name: str) -> str:
    """Where a moment was seen: its application; the screen or camera where it is of no window."""
    return title(application) if application or window else source(source_name)


def joined(parts: Iterable[str]) -> str:
    """The non-empty parts with a middle dot between them."""
    return "  ·  ".join(part for part in parts if part)


def listed(parts: Iterable[str]) -> str:
    """The non-empty parts with commas between them."""
    return ", ".join(part for part in parts if part)


def _qt_time(local: datetime) -> QDateTime:
    return QDateTime(
        QDate(local.year, local.month, local.day),
        QTime(local.hour, local.minute, local.second, local.microsecond // 1000),
    )


def _tr(source: str) -> str:
    return QCoreApplication.translate("Text", source)
