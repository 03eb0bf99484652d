"""The timeline: every moment that was seen, with its picture and text, on disk.

Any number of threads may use one Timeline: each gets its own connection, writing is serialised. A moment is in
the database only after its picture is on disk, and what is committed survives the process being killed.
Reading text, searching and thinning are in their own files; this one keeps the rows and the files in step.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.config import TimelineConfig
from core.errors import DiskFullError, EnvironmentTroubleError
from core.frame import Frame, Pixels, Rect, Window, utc_now
from core.privacy import covered_area
from core.timeline import history, overview, schema, search, thinning
from core.timeline.connections import Connections
from core.timeline.history import History
from core.timeline.meaning import Meaning
from core.timeline.moment import Density, Hit, Line, Moment, SeenLine, Thinned
from core.timeline.pictures import Pictures, decode, encode
from core.timeline.rows import (
    Open,
    UnreadPart,
    View,
    Where,
    by_window,
    hidden_parts,
    numbers,
    overlap,
    same_place,
    storable,
    window_id,
)
from core.timeline.tracks import Base, Newest, Place, Places, Placing, tiles_of

if TYPE_CHECKING:
    from core.gate import Change
    from core.meaning.embedding import Embedding

DATABASE = "timeline.sqlite3"
SEEN_EVERY = 5.0  # seconds between writes of "still on screen"
SMALL_CHANGE = 0.1  # share of a window up to which a change counts as typing
HIDDEN_SHARE = 0.97  # a window covered more than this shows nothing worth a moment
WHOLE_SHARE = 0.5  # changed share of a monitor from which a picture of all of it may be kept
WHOLE_QUALITY = 30
RECENT_PIXELS = 96 * 2**20  # bytes of unread pictures held in memory as they were captured
COLUMNS = (
    "m.id, m.time, m.ended, m.open, m.source, w.application, w.title, m.left, m.top, m.width, m.height, m.picture"
)
FROM = "FROM moment m JOIN window w ON w.id = m.window"


class Timeline:
    """All moments below ``folder``. ``notices``: sentences for the user about what opening found and mended."""

    def __init__(self, folder: Path, config: TimelineConfig, embedding: Embedding | None = None) -> None:
        """Opens or makes the timeline. A damaged database is set aside and rescued (see ``notices``).

        ``embedding``: what searches by meaning rest on; without it they find words only.
        Raises EnvironmentTroubleError where the folder cannot be used, DiskFullError where there is no room.
        """
        self.folder = folder
        self._config = config
        self._pictures = Pictures(folder, config.quality, config.thumbnail_side)
        self._places = Places()
        self._open: dict[str, dict[int, Open]] = {}
        self._written: dict[str, datetime] = {}  # source: when "still on screen" was last written
        self._whole: dict[str, datetime] = {}  # source: time of the last picture of all of it
        self._recent: OrderedDict[int, Pixels] = OrderedDict()  # unread pictures as captured, without loss
        try:
            self._connections = Connections(folder / DATABASE)
        except OSError as error:
            raise EnvironmentTroubleError(
                "The timeline's folder cannot be used.", "Check that it exists and belongs to you."
            ) from error
        self._writing = self._connections.writing
        self.notices: tuple[str, ...] = (self._connections.notice,) if self._connections.notice else ()
        self.history = History(self._connections)
        self.meaning = Meaning(self._connections, embedding)
        with self._transaction() as db:
            db.execute("UPDATE moment SET open = 0 WHERE open = 1")
            known = {key for (key,) in db.execute("SELECT key FROM picture")}
        self._pictures.sweep(known)

    def configure(self, config: TimelineConfig) -> None:
        """Another budget, age limit or fineness, from now on."""
        self._config = config

    # -- writing ---------------------------------------------------------------------------------------------

    def add(self, change: Change) -> list[Moment]:
        """Stores what changed: one moment per changed window, or an earlier one carried on in a burst.

        Raises DiskFullError (no room on the disk, or none left in the budget): nothing is half-written, earlier
        moments are unharmed, and the next call tries again.
        """
        frame = change.frame
        with self._writing:
            if self.disk_bytes() > self._budget * thinning.START:
                self.thin(frame.time)
                if self.disk_bytes() > self._budget:
                    raise DiskFullError(
                        "The timeline's budget is used up: recording has stopped.",
                        "Raise the budget in the settings.",
                    )
            self._close_vanished(frame, change.first)
            ids = [
                id
                for window, regions in by_window(change).items()
                if (id := self._add_window(change, window, regions)) is not None
            ]
            if change.share >= WHOLE_SHARE and len(frame.windows) > 1:
                self._add_whole(frame)
            moments = [self.get(id) for id in ids]
        return [moment for moment in moments if moment is not None]

    def note_seen(self, source: str, time: datetime) -> None:
        """A frame of ``source`` came that showed nothing new: its open moments last until ``time`` at least."""
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
        """``source`` stopped (paused, locked, lost): its open moments ended when they were last seen."""
        with self._writing, self._transaction() as db:
            for id, moment in self._open.pop(source, {}).items():
                self._end(db, id, min(time, moment.seen) if time >= moment.seen else moment.seen)

    def set_text(self, id: int, lines: Sequence[Line], picture: str | None = None) -> bool:
        """Stores what was read from a moment's picture, in reading order, boxes in the pixels of ``pixels(id)``.

        ``picture``: the key that was read; if the moment has another by now it stays unread. False where nothing
        was stored (moment gone or changed).
        """
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

    def forget(self, start: datetime | None, end: datetime | None = None) -> int:
        """Removes every moment on screen at some time in [start, end] for good; how many.

        Rows, index entries and pictures are gone and overwritten when this returns, and so are the questions and
        answers that could tell of them. None: without that bound.
        """
        clause, values = overlap(Where(start, end))
        with self._writing:
            with self._transaction() as db:
                ids = [id for (id,) in db.execute(f"SELECT m.id FROM moment m WHERE {clause}", values)]
                files = self._forget_rows(db, ids, start, end)
            self._tidy(ids, files)
        return len(ids)

    def rebuild_indexes(self, report: Callable[[float], None] = lambda _: None) -> None:
        """Makes the full-text indexes and the meaning of words anew from what was read; searches find the old indexes
        until each is done.

        ``report`` hears the share that is done before each of them, and may raise to stop there.
        """
        indexes = (*schema.SEEN_INDEXES, *schema.SAID_INDEXES)
        steps = len(indexes) + 1
        for place, index in enumerate(indexes):
            report(place / steps)
            with self._writing, self._transaction() as db:
                schema.rebuild_index(db, index)
        self.meaning.rebuild(lambda share: report((len(indexes) + share) / steps))

    def forget_moments(self, ids: Sequence[int]) -> int:
        """Removes these moments for good, as `forget` does; how many there were."""
        with self._writing:
            with self._transaction() as db:
                rows = [db.execute("SELECT id, time, ended FROM moment WHERE id = ?", (id,)).fetchone() for id in ids]
                found = [row for row in rows if row is not None]
                if not found:
                    return 0
                start, end = min(row["time"] for row in found), max(row["ended"] for row in found)
                known = [row["id"] for row in found]
                files = self._forget_rows(db, known, schema.from_micros(start), schema.from_micros(end))
            self._tidy(known, files)
        return len(known)

    def _forget_rows(
        self, db: sqlite3.Connection, ids: Sequence[int], start: datetime | None, end: datetime | None
    ) -> list[str]:
        """Removes moments and what was said of them; the keys of pictures whose files are to go after committing."""
        history.forget_with(db, ids, start, end)
        files = self._remove_rows(db, ids)
        if ids:
            schema.purge_indexes(db)
        return files

    def _tidy(self, ids: Sequence[int], files: Sequence[str]) -> None:
        """After rows were forgotten: their files go, and nothing in memory refers to them any more."""
        for key in files:
            self._pictures.remove(key)
        self._places.clear()
        self._recent.clear()
        self._whole.clear()
        self.meaning.drop()
        gone = set(ids)
        for source in self._open:
            self._open[source] = {id: o for id, o in self._open[source].items() if id not in gone}
        self._connections.shrink()
        try:
            schema.remove_damaged(self.folder / DATABASE)
        except OSError as error:
            raise EnvironmentTroubleError(
                "It is forgotten, but a damaged file from before, which may still hold it, could not be deleted.",
                f"Delete the files called timeline.damaged in {self.folder} yourself.",
            ) from error

    def thin(self, now: datetime) -> Thinned:
        """Applies the age limit and the budget, oldest first; call every few minutes."""
        with self._writing:
            before = self.disk_bytes()
            with self._transaction() as db:
                history.forget_before(db, now - timedelta(days=self._config.max_age_days))
                old = thinning.too_old(db, now, self._config.max_age_days)
                files = self._remove_rows(db, old)
                moments, pictures = len(old), len(files)
            for key in files:
                self._pictures.remove(key)
            for level in thinning.LEVELS:
                while (used := self.disk_bytes()) > self._budget * thinning.START:
                    with self._transaction() as db:
                        chosen = thinning.choose(db, level, now, used - int(self._budget * thinning.TARGET))
                        files = self._remove_rows(db, chosen) if level.rows else self._drop_pictures(db, chosen)
                    for key in files:
                        self._pictures.remove(key)
                    pictures += len(files)
                    if not level.rows:
                        break
                    moments += len(chosen)
                    self._connections.shrink()
                    if not chosen:
                        break
            if moments:
                self._connections.shrink()
                self.meaning.drop()
            if moments or pictures:
                self._places.clear()
            return Thinned(moments, pictures, max(0, before - self.disk_bytes()))

    def close(self) -> None:
        """Ends open moments and closes every connection; no thread may use the timeline any more."""
        with self._writing:
            for source in list(self._open):
                seen = [moment.seen for moment in self._open[source].values()]
                with suppress(EnvironmentTroubleError):
                    self.note_gone(source, max(seen, default=utc_now()))
            self._connections.close()

    # -- reading ---------------------------------------------------------------------------------------------

    def get(self, id: int) -> Moment | None:
        row = self._db.execute(f"SELECT {COLUMNS} {FROM} WHERE m.id = ?", (id,)).fetchone()
        return self._moment(row) if row else None

    def lines(self, id: int) -> list[SeenLine]:
        """The lines of a moment in reading order, boxes in the pixels of its picture."""
        return [
            SeenLine(
                row["text"],
                Rect(row["left"], row["top"], row["width"], row["height"]),
                row["confidence"],
                row["row"],
                schema.from_micros(row["first"]),
                schema.from_micros(row["last"]),
            )
            for row in self._db.execute(
                "SELECT l.text, l.first, l.last, s.* FROM sighting s JOIN line l ON l.id = s.line "
                "WHERE s.moment = ? ORDER BY s.ordinal",
                (id,),
            )
        ]

    def between(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        application: str | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        title: str | None = None,
        source: str | None = None,
    ) -> list[Moment]:
        """Moments on screen at some time in [start, end], newest first. ``application``: its name, case aside;
        ``title``: a part of the window's; ``source``: the screen or camera."""
        clause, values = overlap(Where(start, end, application, title, source))
        rows = self._db.execute(
            f"SELECT {COLUMNS} {FROM} WHERE {clause} ORDER BY m.time DESC, m.id DESC LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        return [self._moment(row) for row in rows.fetchall()]

    def count(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        application: str | None = None,
        *,
        title: str | None = None,
        source: str | None = None,
    ) -> int:
        """How many moments `between` would give without a limit."""
        clause, values = overlap(Where(start, end, application, title, source))
        number: int = self._db.execute(f"SELECT count(*) {FROM} WHERE {clause}", values).fetchone()[0]
        return number

    def density(self, start: datetime, end: datetime, slots: int) -> Density:
        """How many moments began in each of ``slots`` equal parts of [start, end), by application."""
        return overview.density(self._db, start, end, slots)

    def applications(self) -> list[str]:
        """The applications that have moments, by name."""
        rows = self._db.execute("SELECT DISTINCT application FROM window WHERE application != '' ORDER BY 1")
        return [name for (name,) in rows]

    def search(
        self,
        text: str,
        start: datetime | None = None,
        end: datetime | None = None,
        application: str | None = None,
        limit: int = 20,
        offset: int = 0,
        *,
        distinct: bool = False,
        meaning: bool = False,
    ) -> list[Hit]:
        """Moments whose text or title has the words of ``text``, best first, tolerant of misread characters.

        ``distinct``: of the moments of one window that match by the same lines, only the newest. ``meaning``: words
        near in meaning count too.
        """
        wanted = search.Wanted(text, Where(start, end, application), distinct)
        near = self.meaning.near if meaning else None
        found = search.find(self._db, wanted, limit + offset, near)[offset:]
        hits = []
        for match in found:
            moment = self.get(match.moment)
            if moment is not None:  # it may have been forgotten meanwhile
                lines = {line.text: line for line in self.lines(match.moment)}
                shown = tuple(lines[text] for text in match.lines if text in lines)
                hits.append(Hit(moment, shown, match.score, by_meaning=not match.score))
        return hits

    def found(self, text: str, where: Where, limit: int, *, meaning: bool = False) -> dict[int, bool]:
        """The numbers of the moments that `search` finds, best first, each with whether it was found by meaning
        alone: quicker where there are many."""
        near = self.meaning.near if meaning else None
        return {
            match.moment: not match.score for match in search.find(self._db, search.Wanted(text, where), limit, near)
        }

    def found_in(self, id: int, text: str) -> list[Rect]:
        """Where in a moment's picture the words of ``text`` stand, in its pixels: as `search` matches words."""
        return search.places(self._db, text, self.lines(id))

    def pixels(self, id: int) -> Pixels | None:
        """[H, W, 3] of the moment's window as it looked, without loss while it is unread and recent."""
        with self._writing:
            recent = self._recent.get(id)
        if recent is not None:
            return recent
        row = self._db.execute("SELECT picture, base, band_top FROM moment WHERE id = ?", (id,)).fetchone()
        if row is None or row["picture"] is None:
            return None
        data = self._pictures.load(row["picture"])
        if data is None:
            return None
        picture = decode(data)
        return picture if row["base"] is None else self._composed(row, picture)

    def picture(self, id: int) -> bytes | None:
        """The encoded picture (WebP) of the moment's window; None where it was thinned away."""
        row = self._db.execute("SELECT picture, base FROM moment WHERE id = ?", (id,)).fetchone()
        if row is None or row["picture"] is None:
            return None
        if row["base"] is None:
            return self._pictures.load(row["picture"])
        pixels = self.pixels(id)
        return None if pixels is None else encode(pixels, self._config.quality + 20)

    def thumbnail(self, id: int) -> bytes | None:
        """A small WebP of the moment's picture; None where that was thinned away."""
        row = self._db.execute("SELECT picture FROM moment WHERE id = ?", (id,)).fetchone()
        if row is None or row["picture"] is None:
            return None
        key = row["picture"]
        if self._pictures.has_thumbnail(key):
            return self._pictures.thumbnail(key, None)
        data = self._pictures.thumbnail(key, self.pixels(id))
        if data is not None:
            with suppress(EnvironmentTroubleError), self._writing, self._transaction() as db:
                db.execute("UPDATE picture SET thumbnail_bytes = ? WHERE key = ?", (len(data), key))
        return data

    def picture_path(self, id: int) -> Path | None:
        """The stored file of a moment's picture (of its changed part only, where the rest was stored before)."""
        row = self._db.execute("SELECT picture FROM moment WHERE id = ?", (id,)).fetchone()
        if row is None or row["picture"] is None:
            return None
        path = self._pictures.path(row["picture"])
        return path if path.exists() else None

    def unread(self, limit: int) -> list[Moment]:
        """Moments whose text has not been read yet, newest first."""
        rows = self._db.execute(
            f"SELECT {COLUMNS} {FROM} WHERE m.read = 0 AND m.picture IS NOT NULL ORDER BY m.id DESC LIMIT ?", (limit,)
        )
        return [self._moment(row) for row in rows.fetchall()]

    def unread_part(self, id: int) -> UnreadPart | None:
        """What of a moment is still to be read; None where the moment or its picture is gone."""
        row = self._db.execute("SELECT * FROM moment WHERE id = ?", (id,)).fetchone()
        if row is None or row["picture"] is None:
            return None
        covered = tuple(Rect(*numbers) for numbers in json.loads(row["covered"]))
        return UnreadPart(row["picture"], row["base"], row["band_top"], row["band_height"], covered)

    def is_read(self, id: int) -> bool:
        row = self._db.execute("SELECT read FROM moment WHERE id = ?", (id,)).fetchone()
        return row is not None and bool(row["read"])

    def backlog(self) -> int:
        """How many moments have not been read yet."""
        number: int = self._db.execute(
            "SELECT count(*) FROM moment WHERE read = 0 AND picture IS NOT NULL"
        ).fetchone()[0]
        return number

    def disk_bytes(self) -> int:
        """What the timeline takes on disk: pictures, thumbnails and database."""
        stored = self._db.execute("SELECT coalesce(sum(bytes + thumbnail_bytes), 0) FROM picture").fetchone()[0]
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                stored += (self.folder / (DATABASE + suffix)).stat().st_size
        return int(stored)

    # -- inside ----------------------------------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        return self._connections.here

    @property
    def _budget(self) -> int:
        return int(self._config.budget_gb * 1e9)

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing; raises DiskFullError where there is no room."""
        return self._connections.transaction()

    def _moment(self, row: sqlite3.Row) -> Moment:
        return Moment(
            row["id"],
            schema.from_micros(row["time"]),
            row["source"],
            row["application"],
            row["title"],
            Rect(row["left"], row["top"], row["width"], row["height"]),
            self._text(row["id"]),
            row["picture"],
            None if row["open"] else schema.from_micros(row["ended"]),
        )

    def _text(self, id: int) -> str:
        """Rows on lines of their own, the cells of a row parted by tabs."""
        text, row_before = list[str](), None
        for line, row in self._db.execute(
            "SELECT l.text, s.row FROM sighting s JOIN line l ON l.id = s.line WHERE s.moment = ? ORDER BY s.ordinal",
            (id,),
        ):
            if text:
                text.append("\t" if row == row_before else "\n")
            text.append(line)
            row_before = row
        return "".join(text)

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
                gone = self._unused(db, replaced.picture) if replaced and not replaced.shared else None
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
        within = self._config.burst if share <= SMALL_CHANGE else self._config.busy
        if not 0 <= age < within or self.is_read(newest.moment):
            return None
        return newest

    def _add_whole(self, frame: Frame) -> None:
        """A picture of the whole monitor, now and then, for looking at; its windows' text is read on their own."""
        last = self._whole.get(frame.source)
        if last is not None and 0 <= (frame.time - last).total_seconds() < self._config.whole_screen_interval:
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

    def _composed(self, row: sqlite3.Row, band: Pixels) -> Pixels:
        """A band of rows laid over the full picture it changed; the band alone where that is gone."""
        base = self._db.execute("SELECT picture FROM moment WHERE id = ? AND base IS NULL", (row["base"],)).fetchone()
        data = self._pictures.load(base["picture"]) if base and base["picture"] else None
        if data is None:
            return band
        whole = decode(data).copy()
        if whole.shape[1] != band.shape[1] or row["band_top"] + len(band) > len(whole):
            return band
        whole[row["band_top"] : row["band_top"] + len(band)] = band
        return whole

    def _remove_rows(self, db: sqlite3.Connection, ids: Sequence[int]) -> list[str]:
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
        return [key for key in keys if self._unused(db, key)]

    def _drop_pictures(self, db: sqlite3.Connection, ids: Sequence[int]) -> list[str]:
        """Takes the pictures from moments, which keep their text; the keys of files to go after committing."""
        keys = set()
        for id in ids:
            row = db.execute("SELECT picture FROM moment WHERE id = ?", (id,)).fetchone()
            if row and row["picture"]:
                keys.add(row["picture"])
                db.execute("UPDATE moment SET picture = NULL, read = 1 WHERE id = ?", (id,))
        return [key for key in sorted(keys) if self._unused(db, key)]

    def _unused(self, db: sqlite3.Connection, key: str) -> str | None:
        """Forgets a picture that no moment shows any more and gives its key; None while one does."""
        if db.execute("SELECT 1 FROM moment WHERE picture = ? LIMIT 1", (key,)).fetchone():
            return None
        db.execute("DELETE FROM picture WHERE key = ?", (key,))
        return key
