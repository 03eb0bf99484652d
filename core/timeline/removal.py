"""Removes moments and pictures from the database with what only they hold. In the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from core.timeline import thinning


def remove_rows(db: sqlite3.Connection, ids: Sequence[int]) -> list[str]:
    """Removes moments with what only they hold; the keys of pictures whose files are to go after committing."""
    if not ids:
        return []
    db.execute("CREATE TEMP TABLE IF NOT EXISTS gone(id INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM gone")
    db.executemany("INSERT OR IGNORE INTO gone VALUES (?)", [(id,) for id in ids])
    keys = [
        key
        for (key,) in db.execute(
            "SELECT DISTINCT picture FROM moment WHERE picture IS NOT NULL AND id IN (SELECT id FROM gone)"
        )
    ]
    touched = [
        line for (line,) in db.execute("SELECT DISTINCT line FROM sighting WHERE moment IN (SELECT id FROM gone)")
    ]
    db.execute("DELETE FROM sighting WHERE moment IN (SELECT id FROM gone)")
    db.execute("DELETE FROM moment WHERE id IN (SELECT id FROM gone)")
    thinning.settle_lines(db, touched)
    db.execute("DELETE FROM window WHERE id NOT IN (SELECT window FROM moment)")
    db.execute("DELETE FROM gone")
    return [key for key in keys if unused(db, key)]


def drop_pictures(db: sqlite3.Connection, ids: Sequence[int]) -> list[str]:
    """Takes the pictures from moments, which keep their text; the keys of files to go after committing."""
    keys = set()
    for id in ids:
        row = db.execute("SELECT picture FROM moment WHERE id = ?", (id,)).fetchone()
        if row and row["picture"]:
            keys.add(row["picture"])
            db.execute("UPDATE moment SET picture = NULL, read = 1 WHERE id = ?", (id,))
    return [key for key in sorted(keys) if unused(db, key)]


def unused(db: sqlite3.Connection, key: str) -> str | None:
    """Forgets a picture that no moment shows any more and gives its key; None while one does."""
    if db.execute("SELECT 1 FROM moment WHERE picture = ? LIMIT 1", (key,)).fetchone():
        return None
    db.execute("DELETE FROM picture WHERE key = ?", (key,))
    return key
