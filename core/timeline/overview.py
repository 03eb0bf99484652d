"""The timeline seen from afar: how much of what there was when.

Works on a connection; knows nothing of pictures or text.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from core.timeline import schema
from core.timeline.moment import Density


def density(db: sqlite3.Connection, start: datetime, end: datetime, slots: int) -> Density:
    """How many moments began in each of ``slots`` equal parts of [start, end), by application."""
    first, after = schema.to_micros(start), schema.to_micros(end)
    rows = db.execute(
        "SELECT w.application, (m.time - ?) * ? / ?, count(*) FROM moment m JOIN window w ON w.id = m.window "
        "WHERE m.time >= ? AND m.time < ? GROUP BY 1, 2",
        (first, slots, after - first, first, after),
    )
    counts = dict[str, list[int]]()
    for application, slot, number in rows.fetchall():
        counts.setdefault(application, [0] * slots)[slot] += number
    ordered = sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))
    sources = db.execute("SELECT DISTINCT source FROM moment WHERE time >= ? AND time < ? ORDER BY 1", (first, after))
    return Density({name: tuple(parts) for name, parts in ordered}, tuple(name for (name,) in sources))
