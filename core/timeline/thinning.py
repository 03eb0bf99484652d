"""Which moments have to give way when the timeline is too old or too large. Chooses only; removes no file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.timeline import schema

START = 0.95  # share of the budget from which it is thinned, so that it is never passed in between
TARGET = 0.9  # share left afterwards, so that it need not run again at once
FRESH = timedelta(hours=1)  # pictures younger than this go only when nothing else helps
MINUTE = 60_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Level:
    """One step of thinning. ``keep``: of a minute's pictures in one window the last ("minute"), that of every
    tenth minute ("tenth"), or none. ``rows``: whole moments go, not only their pictures."""

    keep: str
    fresh_too: bool = False
    rows: bool = False


LEVELS = (
    Level("minute"),
    Level("tenth"),
    Level("none"),
    Level("none", fresh_too=True),
    Level("none", fresh_too=True, rows=True),
)


def too_old(db: sqlite3.Connection, now: datetime, days: float) -> list[int]:
    """The moments that ended longer than ``days`` ago."""
    limit = schema.to_micros(now - timedelta(days=days))
    return [id for (id,) in db.execute("SELECT id FROM moment WHERE ended < ? AND open = 0", (limit,))]


def choose(db: sqlite3.Connection, level: Level, now: datetime, excess: int) -> list[int]:
    """Moments to thin at this level, oldest first, until about ``excess`` bytes are freed."""
    if level.rows:
        return _oldest(db)
    limit = schema.to_micros(now if level.fresh_too else now - FRESH)
    rows = db.execute(
        "SELECT m.id, m.time, m.window, m.base, p.bytes + p.thumbnail_bytes AS size, m.picture FROM moment m "
        "JOIN picture p ON p.key = m.picture WHERE m.time <= ? ORDER BY m.time, m.id",
        (limit,),
    ).fetchall()
    kept = _kept(rows, level.keep)
    chosen, freed, counted = list[int](), 0, set[str]()
    for row in rows:
        if freed >= excess:
            break
        if row["id"] not in kept:
            chosen.append(row["id"])
            freed += 0 if row["picture"] in counted else row["size"]
            counted.add(row["picture"])
    return chosen


def settle_lines(db: sqlite3.Connection, lines: Sequence[int]) -> None:
    """After moments were removed: lines seen nowhere any more go, with words only they had; others' times shrink."""
    lost = list[str]()
    for line in lines:
        first, last = db.execute(
            "SELECT min(m.time), max(m.ended) FROM sighting s JOIN moment m ON m.id = s.moment WHERE s.line = ?",
            (line,),
        ).fetchone()
        if first is None:
            lost += schema.words(db.execute("SELECT text FROM line WHERE id = ?", (line,)).fetchone()[0])
            db.execute("DELETE FROM line WHERE id = ?", (line,))
        else:
            db.execute("UPDATE line SET first = ?, last = ? WHERE id = ?", (first, last, line))
    for word in sorted(set(lost)):
        quoted = '"' + word.replace('"', '""') + '"'
        if not db.execute("SELECT 1 FROM line_words WHERE line_words MATCH ? LIMIT 1", (quoted,)).fetchone():
            db.execute("DELETE FROM term WHERE word = ?", (word,))


def _oldest(db: sqlite3.Connection) -> list[int]:
    """The oldest tenth of all moments."""
    total = db.execute("SELECT count(*) FROM moment").fetchone()[0]
    rows = db.execute("SELECT id FROM moment ORDER BY time, id LIMIT ?", (max(1, total // 10),))
    return [id for (id,) in rows]


def _kept(rows: Sequence[sqlite3.Row], keep: str) -> set[int]:
    """The moments that keep their pictures, with the full pictures that theirs are based on."""
    if keep == "none":
        return set()
    last = {(row["window"], row["time"] // MINUTE): row for row in rows}
    survivors = [row for (_, minute), row in last.items() if keep == "minute" or minute % 10 == 0]
    return {row["id"] for row in survivors} | {row["base"] for row in survivors if row["base"] is not None}
