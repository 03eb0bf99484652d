"""From a change to what the model is shown: a line of text, an overview, and the news at native resolution.

Knows nothing of tensors. ``header`` is the single place where the line of text is framed; training uses it too.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from core.frame import Pixels

MAX_APPLICATION = 40  # characters
MAX_TITLE = 160


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What one call of ``Session.see`` takes.

    ``pictures``: uint8 [H, W, 3] RGB each, sides positive multiples of CELL; the overview first, then what changed.
    """

    time: datetime  # UTC
    header: str
    pictures: tuple[Pixels, ...]


def plain(text: str, limit: int) -> str:
    """Untrusted text as one harmless line: no control, format or unassigned characters, at most ``limit`` long."""
    kept = "".join(
        " " if unicodedata.category(c) in ("Zl", "Zp", "Zs", "Cc") else c
        for c in text[: 8 * limit]
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    line = re.sub(r" +", " ", kept).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def header(time: datetime, application: str, title: str) -> str:
    """``2026-11-22 Sun 14:05:09 | xterm | make``: local time, application, title, on one line."""
    local = time.astimezone()
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[local.weekday()]  # strftime would follow the locale
    parts = (
        f"{local:%Y-%m-%d} {day} {local:%H:%M:%S}",
        plain(application, MAX_APPLICATION),
        plain(title, MAX_TITLE),
    )
    return " | ".join(parts)
