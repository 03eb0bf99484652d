"""What was asked and answered: kept beside the moments, searched, judged by the user, and forgotten with them.

Knows the tables ``exchange`` and ``citation``; nothing of how answers are made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.timeline import schema
from core.timeline.connections import Connections
from core.timeline.rows import storable

LONGEST_REMARK = 2_000  # characters


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer. ``moments``: what it cites and is still there, best first. ``before``: the question
    whose conversation it went on, empty for none. ``wrong``: the user said so, ``remark`` in these words. ``said``:
    the answer as data, as it was handed in, for whoever words it anew."""

    id: int
    asked: datetime
    question: str
    answer: str
    origin: str
    moments: tuple[int, ...] = ()
    before: str = ""
    wrong: bool = False
    remark: str = ""
    said: str = ""


class History:
    """Any number of threads may use one; every method may raise DiskFullError where it writes."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def keep(
        self,
        asked: datetime,
        question: str,
        answer: str,
        origin: str,
        moments: Sequence[int] = (),
        follows: int | None = None,
        said: str = "",
    ) -> int:
        """Stores an exchange; its number. ``follows``: the number of the one whose conversation it goes on. ``said``:
        what the answer says, as data, which only comes back: searched is ``answer``."""
        with self._connections.writing, self._connections.transaction() as db:
            cursor = db.execute(
                "INSERT INTO exchange(asked, question, answer, origin, follows, wrong, remark, said) "
                "VALUES (?, ?, ?, ?, ?, 0, '', ?)",
                (schema.to_micros(asked), storable(question), storable(answer), origin, follows, storable(said)),
            )
            number = int(cursor.lastrowid or 0)
            db.executemany(
                "INSERT INTO citation VALUES (?, ?, ?)", [(number, place, id) for place, id in enumerate(moments)]
            )
        return number

    def judge(self, id: int, wrong: bool, remark: str = "") -> bool:
        """Notes that an answer was wrong, or takes that back; False where it is not kept any more."""
        with self._connections.writing, self._connections.transaction() as db:
            cursor = db.execute(
                "UPDATE exchange SET wrong = ?, remark = ? WHERE id = ?",
                (int(wrong), storable(remark[:LONGEST_REMARK]), id),
            )
        return cursor.rowcount > 0

    def find(self, text: str = "", limit: int = 50, offset: int = 0) -> list[Exchange]:
        """Those with all the words of ``text`` (or words that begin so) in question or answer, newest first."""
        clause, values = _matching(text)
        rows = self._connections.here.execute(
            "SELECT e.*, coalesce(b.question, '') AS before FROM exchange e LEFT JOIN exchange b ON b.id = e.follows "
            f"WHERE {clause} ORDER BY e.id DESC LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        return [self._exchange(row) for row in rows.fetchall()]

    def count(self, text: str = "") -> int:
        """How many `find` would give without a limit."""
        clause, values = _matching(text)
        number: int = self._connections.here.execute(
            f"SELECT count(*) FROM exchange e WHERE {clause}", values
        ).fetchone()[0]
        return number

    def remove(self, ids: Sequence[int] | None = None) -> int:
        """Removes these, or all of them, for good; how many."""
        with self._connections.writing:
            with self._connections.transaction() as db:
                if ids is None:
                    ids = [id for (id,) in db.execute("SELECT id FROM exchange")]
                count = _remove(db, ids)
            self._connections.shrink()
        return count

    def _exchange(self, row: sqlite3.Row) -> Exchange:
        cited = self._connections.here.execute(
            "SELECT c.moment FROM citation c JOIN moment m ON m.id = c.moment WHERE c.exchange = ? ORDER BY c.place",
            (row["id"],),
        )
        return Exchange(
            row["id"],
            schema.from_micros(row["asked"]),
            row["question"],
            row["answer"],
            row["origin"],
            tuple(id for (id,) in cited.fetchall()),
            row["before"],
            bool(row["wrong"]),
            row["remark"],
            row["said"],
        )


def forget_with(db: sqlite3.Connection, moments: Sequence[int], start: datetime | None, end: datetime | None) -> int:
    """Removes what could tell of forgotten moments; how many. In the caller's transaction.

    That is what cites one of ``moments``, what was asked between ``start`` and ``end``, and what was answered after
    ``start`` without a moment to show for it: the memory it came from may have held what is forgotten.
    """
    clauses, values = ["(e.id IN (SELECT exchange FROM temp.told))"], list[int]()
    db.execute("CREATE TEMP TABLE IF NOT EXISTS told(exchange INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM told")
    db.executemany(
        "INSERT OR IGNORE INTO told SELECT exchange FROM citation WHERE moment = ?", [(id,) for id in moments]
    )
    since = 0 if start is None else schema.to_micros(start)
    if end is None:
        clauses.append("e.asked >= ?")
        values.append(since)
    else:
        clauses.append("e.asked BETWEEN ? AND ?")
        clauses.append("(e.asked >= ? AND (e.origin != 'evidence' OR e.id NOT IN (SELECT exchange FROM citation)))")
        values += [since, schema.to_micros(end), since]
    rows = db.execute(f"SELECT e.id FROM exchange e WHERE {' OR '.join(clauses)}", values)
    return _remove(db, [id for (id,) in rows.fetchall()])


def forget_before(db: sqlite3.Connection, time: datetime) -> int:
    """Removes what was asked before ``time``; how many. In the caller's transaction."""
    rows = db.execute("SELECT id FROM exchange WHERE asked < ?", (schema.to_micros(time),))
    return _remove(db, [id for (id,) in rows.fetchall()])


def _remove(db: sqlite3.Connection, ids: Sequence[int]) -> int:
    count = 0
    for id in ids:
        db.execute("DELETE FROM citation WHERE exchange = ?", (id,))
        count += db.execute("DELETE FROM exchange WHERE id = ?", (id,)).rowcount
    if count:
        schema.purge_indexes(db, schema.SAID_INDEXES)
    return count


def _matching(text: str) -> tuple[str, list[str]]:
    found = schema.words(text)
    if not found:
        return ("0" if text.strip() else "1"), []
    query = " ".join(f'"{word}"*' for word in found)
    return "e.id IN (SELECT rowid FROM exchange_words WHERE exchange_words MATCH ?)", [query]
