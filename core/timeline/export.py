"""Writes moments into a folder of the user's: pictures, and one JSON file that says what they show.

All or nothing: the folder bears its name only once everything is in it. Knows nothing of who asked for it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from core.errors import DiskFullError, EnvironmentTroubleError, InputError
from core.timeline.moment import Moment
from core.timeline.rows import Where, numbers
from core.timeline.store import Timeline

MOMENTS = "moments.json"
PICTURES = "pictures"
PAGE = 200  # moments taken from the timeline at once


def export(timeline: Timeline, where: Where, folder: Path, made: datetime) -> Iterator[float]:
    """Writes what ``where`` selects, oldest first, to the new folder ``folder``; yields the share done, 0 to 1.

    Closing the generator takes back what was written. ``made``: aware, for the record. Raises InputError for a
    folder that is there already or a span without moments, DiskFullError, or EnvironmentTroubleError where it cannot
    be written.
    """
    if folder.exists():
        raise InputError(f"{folder.name} exists already.", "Choose another name.")
    ids = _selected(timeline, where)
    if not ids:
        raise InputError("There is nothing to export.", "Choose a span of time that has moments.")
    fresh: Path | None = None
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        (fresh / PICTURES).mkdir()
        with (fresh / MOMENTS).open("w", encoding="utf-8") as file:
            yield from _write(timeline, ids, fresh, file, made)
        fresh.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                "The disk has no room for the export: nothing of it was kept.",
                "Free some space or choose another disk.",
            ) from error
        raise EnvironmentTroubleError(
            f"The export cannot be written: {os.strerror(error.errno or 0)}.",
            "Choose a folder that you may write to.",
        ) from error
    finally:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)


def _selected(timeline: Timeline, where: Where) -> list[int]:
    """The numbers of the moments, oldest first: they stay the same while new moments come."""
    ids = list[int]()
    while True:
        page = timeline.between(
            where.start, where.end, where.application, PAGE, len(ids), title=where.title, source=where.source
        )
        ids += [moment.id for moment in page]
        if len(page) < PAGE:
            return sorted(set(ids))


def _write(timeline: Timeline, ids: list[int], folder: Path, file: TextIO, made: datetime) -> Iterator[float]:
    file.write(f'{{"made": {json.dumps(made.isoformat())}, "moments": [')
    written = 0
    for done, id in enumerate(ids, 1):
        moment = timeline.get(id)
        if moment is not None:  # it may have been forgotten meanwhile
            record = _record(timeline, moment, folder)
            file.write(("," if written else "") + "\n" + json.dumps(record, ensure_ascii=False))
            written += 1
        yield done / len(ids)
    file.write("\n]}\n")


def _record(timeline: Timeline, moment: Moment, folder: Path) -> dict[str, Any]:
    """A moment as JSON, its picture written beside it."""
    data = timeline.picture(moment.id)
    name = f"{PICTURES}/{moment.id:08d}.webp"
    if data is not None:
        (folder / name).write_bytes(data)
    return {
        "id": moment.id,
        "time": moment.time.isoformat(),
        "ended": None if moment.ended is None else moment.ended.isoformat(),
        "source": moment.source,
        "application": moment.application,
        "window": moment.title,
        "rect": numbers(moment.rect),
        "picture": None if data is None else name,
        "lines": [{"text": line.text, "rect": numbers(line.rect)} for line in timeline.lines(moment.id)],
    }
