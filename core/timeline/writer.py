"""Puts what was seen into the database: pictures first, then rows, each change whole or not at all.

Knows which moments are still on screen and what was stored of a place before. Every call holds the writers' lock.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from core.config import TimelineConfig
from core.frame import Frame, Pixels, Rect, Window
from core.privacy import covered_area
from core.timeline import schema
from core.timeline.connections import Connections
from core.timeline.moment import Line
from core.timeline.pictures import Pictures
from core.timeline.removal import unused
from core.timeline.rows import Open, View, by_window, hidden_parts, numbers, same_place, storable, window_id
from core.timeline.tracks import Base, Newest, Place, Places, Placing, tiles_of

if TYPE_CHECKING:
    from core.gate import Change

SEEN_EVERY = 5.0  # seconds between writes of "still on screen"
SMALL_CHANGE = 0.1  # share of a window up to which a change counts as typing
HIDDEN_SHARE = 0.97  # a window covered more than this shows nothing worth a moment
WHOLE_SHARE = 0.5  # changed share of a monitor from which a picture of all of it may be kept
WHOLE_QUALITY = 30
RECENT_PIXELS = 96 * 2**20  # bytes of unread pictures held in memory as they were captured


class Writer:
    """``config`` may be replaced at any time. Every method may raise DiskFullError; nothing is half-written then."""

    def __init__(self, connections: Connections, pictures: Pictures, config: TimelineConfig) -> None:
        self.config = config
        self._connections, self._pictures = connections, pictures
        self._writing = connections.writing
        self._places = Places()
        self._open: dict[str, dict[int, Open]] = {}
        self._written: dict[str, datetime] = {}  # source: when "still on screen" was last written
        self._whole: dict[str, datetime] = {}  # source: time of the last picture of all of it
        self._recent: OrderedDict[int, Pixels] = OrderedDict()  # unread pictures as captured, without loss

    def add(self, change: Change) -> list[int]:
        """Stores what changed; the numbers of its moments, one per changed window."""
        frame = change.frame
        with self._writing:
            self._close_vanished(frame, change.first)
            ids = [
                id
                for window, regions in by_window(change).items()
                if (id := self._add_window(change, window, regions)) is not None
            ]
            if change.share >= WHOLE_SHARE and len(frame.windows) > 1:
                self._add_whole(frame)
        return ids

    def note_seen(self, source: str, time: datetime) -> None:
        """See :meth:`core.timeline.store.Timeline.note_seen`."""
        with self._writing:
            for moment in self._open.get(source, {}).values():
                moment.seen = max(moment.seen, time)
            written = self._written.get(source)
            if written is None or abs((time - written).total_seconds()) >= SEEN_EVERY:
                self._written[source] = time
                with self._transaction() as db:
                    for id, moment in self._open.get(source, {}).items():
                        db.execute("UPDATE moment SET ended = ? WHERE id = ?", (schema.to_micros(moment.seen), id))

    def note_gone(self, source: str, time: datetime) -> None:
        """See :meth:`core.timeline.store.Timeline.note_gone`."""
        with self._writing, self._transaction() as db:
            for id, moment in self._open.pop(source, {}).items():
                self._end(db, id, min(time, moment.seen) if time >= moment.seen else moment.seen)

    def set_text(self, id: int, lines: Sequence[Line], picture: str | None = None) -> bool:
        """See :meth:`core.timeline.store.Timeline.set_text`."""
        with self._writing, self._transaction() as db:
            row = db.execute("SELECT * FROM moment WHERE id = ?", (id,)).fetchone()
            if row is None or (picture is not None and row["picture"] != picture):
                return False
            db.execute("DELETE FROM sighting WHERE moment = ?", (id,))
            kept = [line for line in lines if line.text.strip()]
            schema.add_terms(db, (line.text for line in kept))
            for ordinal, line in enumerate(kept):
                line_id = self._line_id(db, row, storable(line.text.strip()))
                db.execute(
                    "INSERT INTO sighting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (id, ordinal, line_id, line.row, *numbers(line.rect), round(line.confidence, 3)),
                )
            db.execute("UPDATE moment SET read = 1 WHERE id = ?", (id,))
            self._recent.pop(id, None)
        return True

    def recent(self, id: int) -> Pixels | None:
        """[H, W, 3] of a moment that is unread and recent, without loss; None of others."""
        with self._writing:
            return self._recent.get(id)

    def open_until(self) -> dict[str, datetime]:
        """The sources that have open moments, and when the latest of each was last seen."""
        return {
            source: max(moment.seen for moment in moments.values())
            for source, moments in self._open.items()
            if moments
        }

    def forget_places(self) -> None:
        """Nothing that was stored before may be referred to any more: pictures are gone."""
        self._places.clear()

    def forget(self, ids: Sequence[int]) -> None:
        """These moments are gone: nothing in memory refers to them, or shows what they showed."""
        self._places.clear()
        self._recent.clear()
        self._whole.clear()
        gone = set(ids)
        for source in self._open:
            self._open[source] = {id: o for id, o in self._open[source].items() if id not in gone}

    # -- inside ----------------------------------------------------------------------------------------------

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing; raises DiskFullError where there is no room."""
        return self._connections.transaction()

    def _add_window(self, change: Change, window: Window | None, regions: list[Rect]) -> int | None:
        """The moment of one changed window; None where it shows nothing of its own."""
        frame = change.frame
        rect = Rect.around(regions) if window is None else frame.local(window.rect)
        if rect.area == 0:
            return None
        covered = hidden_parts(change, window, rect)
        if covered_area(covered) >= HIDDEN_SHARE * rect.area:
            return None
        crop = np.ascontiguousarray(frame.pixels[rect.top : rect.bottom, rect.left : rect.right])
        title, application = (window.title, window.application) if window else ("", "")
        place = self._places.at(frame.source, application, rect)
        tiles = tiles_of(crop, covered)
        placing = place.place(tiles, rect.height)
        share = sum(region.intersect(rect).area for region in regions) / rect.area
        replaced = self._replaceable(place, frame.time, title, share)
        if replaced is not None and placing.base == replaced.moment:
            if placing.same:
                return replaced.moment
            placing = Placing(None, 0, rect.height)  # it would replace its own base
        view = View(frame.source, frame.time, application, title, rect, tuple(covered), crop)
        id, key = self._write(view, placing, replaced)
        place.newest = Newest(id, replaced.time if replaced else frame.time, title, key, shared=placing.same)
        if placing.base is None:
            place.remember(Base(id, tiles))
        return id

    def _write(self, view: View, placing: Placing, replaced: Newest | None) -> tuple[int, str]:
        """Picture first, then the row; the moment's id and its picture's key."""
        stored = None
        if not placing.same:
            part = view.crop[placing.top : placing.top + placing.height]
            stored = self._pictures.store(part, view.time)
        try:
            with self._transaction() as db:
                id, key = self._write_row(db, view, placing, stored, replaced)
                gone = unused(db, replaced.picture) if replaced and not replaced.shared else None
        except BaseException:
            if stored is not None:
                self._pictures.remove(stored[0])
            raise
        if gone is not None:
            self._pictures.remove(gone)
        self._open.setdefault(view.source, {})[id] = Open(view.application, view.title, view.rect, view.time)
        self._remember_pixels(id, view.crop)
        return id, key

    def _write_row(
        self,
        db: sqlite3.Connection,
        view: View,
        placing: Placing,
        stored: tuple[str, int] | None,
        replaced: Newest | None,
    ) -> tuple[int, str]:
        micros = schema.to_micros(view.time)
        if stored is not None:
            db.execute("INSERT INTO picture VALUES (?, ?, ?, 0)", (*stored, micros))
            key = stored[0]
        else:
            key = db.execute("SELECT picture FROM moment WHERE id = ?", (placing.base,)).fetchone()[0]
        base = None if placing.same else placing.base
        covered = json.dumps([numbers(rect) for rect in view.covered])
        if replaced is not None:
            db.execute(
                "UPDATE moment SET ended = ?, picture = ?, base = ?, band_top = ?, band_height = ?, covered = ? "
                "WHERE id = ?",
                (micros, key, base, placing.top, placing.height, covered, replaced.moment),
            )
            return replaced.moment, key
        for id, earlier in list(self._open.get(view.source, {}).items()):
            if same_place(earlier, view):
                del self._open[view.source][id]
                self._end(db, id, max(view.time, earlier.seen))
        cursor = db.execute(
            "INSERT INTO moment(time, ended, open, source, window, left, top, width, height, picture, base, "
            "band_top, band_height, covered, read) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                micros,
                micros,
                view.source,
                window_id(db, view),
                *numbers(view.rect),
                key,
                base,
                placing.top,
                placing.height,
                covered,
            ),
        )
        number = int(cursor.lastrowid or 0)
        if placing.same and placing.base is not None:
            self._copy_text(db, placing.base, number)
        return number, key

    def _copy_text(self, db: sqlite3.Connection, earlier: int, later: int) -> None:
        """The same picture shows the same text; it counts as read where the earlier moment was."""
        db.execute(
            "INSERT INTO sighting SELECT ?, ordinal, line, row, left, top, width, height, confidence "
            "FROM sighting WHERE moment = ?",
            (later, earlier),
        )
        db.execute("UPDATE moment SET read = (SELECT read FROM moment WHERE id = ?) WHERE id = ?", (earlier, later))

    def _replaceable(self, place: Place, time: datetime, title: str, share: float) -> Newest | None:
        """The place's newest moment where what comes now belongs to the same burst of changes."""
        newest = place.newest
        if newest is None or newest.title != title or newest.moment not in self._recent:
            return None
        age = (time - newest.time).total_seconds()
        within = self.config.burst if share <= SMALL_CHANGE else self.config.busy
        if not 0 <= age < within or self._is_read(newest.moment):
            return None
        return newest

    def _add_whole(self, frame: Frame) -> None:
        """A picture of the whole monitor, now and then, for looking at; its windows' text is read on their own."""
        last = self._whole.get(frame.source)
        if last is not None and 0 <= (frame.time - last).total_seconds() < self.config.whole_screen_interval:
            return
        key, size = self._pictures.store(frame.pixels, frame.time, WHOLE_QUALITY)
        width, height = frame.size
        micros = schema.to_micros(frame.time)
        view = View(frame.source, frame.time, "", "", Rect(0, 0, width, height), (), frame.pixels)
        try:
            with self._transaction() as db:
                db.execute("INSERT INTO picture VALUES (?, ?, ?, 0)", (key, size, micros))
                db.execute(
                    "INSERT INTO moment(time, ended, open, source, window, left, top, width, height, picture, base, "
                    "band_top, band_height, covered, read) "
                    "VALUES (?, ?, 0, ?, ?, 0, 0, ?, ?, ?, NULL, 0, ?, '[]', 1)",
                    (micros, micros, frame.source, window_id(db, view), width, height, key, height),
                )
        except BaseException:
            self._pictures.remove(key)
            raise
        self._whole[frame.source] = frame.time

    def _close_vanished(self, frame: Frame, everything: bool) -> None:
        """Ends the open moments whose window is no longer on the frame as it was."""
        shown = {(w.application, w.title, frame.local(w.rect)) for w in frame.windows}
        here = self._open.get(frame.source, {})
        gone = [
            id
            for id, moment in here.items()
            if everything or (moment.application and (moment.application, moment.title, moment.rect) not in shown)
        ]
        for id, moment in here.items():
            if id not in gone:
                moment.seen = max(moment.seen, frame.time)
        if gone:
            with self._transaction() as db:
                for id in gone:
                    self._end(db, id, here.pop(id).seen)

    def _end(self, db: sqlite3.Connection, id: int, time: datetime) -> None:
        micros = schema.to_micros(time)
        db.execute("UPDATE moment SET open = 0, ended = max(ended, ?) WHERE id = ?", (micros, id))
        db.execute(
            "UPDATE line SET last = max(last, ?) WHERE id IN (SELECT line FROM sighting WHERE moment = ?)",
            (micros, id),
        )

    def _line_id(self, db: sqlite3.Connection, moment: sqlite3.Row, text: str) -> int:
        """The line's row: a new one, or the same text in the same window with its times stretched."""
        known = db.execute("SELECT id FROM line WHERE window = ? AND text = ?", (moment["window"], text)).fetchone()
        if known is not None:
            db.execute(
                "UPDATE line SET first = min(first, ?), last = max(last, ?) WHERE id = ?",
                (moment["time"], moment["ended"], known["id"]),
            )
            return int(known["id"])
        cursor = db.execute(
            "INSERT INTO line(window, text, first, last) VALUES (?, ?, ?, ?)",
            (moment["window"], text, moment["time"], moment["ended"]),
        )
        return int(cursor.lastrowid or 0)

    def _remember_pixels(self, id: int, crop: Pixels) -> None:
        self._recent.pop(id, None)
        self._recent[id] = crop
        while len(self._recent) > 1 and sum(pixels.nbytes for pixels in self._recent.values()) > RECENT_PIXELS:
            self._recent.popitem(last=False)

    def _is_read(self, id: int) -> bool:
        row = self._connections.here.execute("SELECT read FROM moment WHERE id = ?", (id,)).fetchone()
        return row is not None and bool(row["read"])
