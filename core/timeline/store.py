"""The timeline: every moment that was seen, with its picture and text, on disk.

Any number of threads may use one Timeline: each gets its own connection, writing is serialised. A moment is in
the database only after its picture is on disk, and what is committed survives the process being killed.
Writing, reading text, searching and thinning are in their own files; this one is what all of it is used through, and
keeps the rows and the files in step where something is removed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import TimelineConfig
from core.errors import DiskFullError, EnvironmentTroubleError
from core.frame import Pixels, Rect
from core.timeline import history, overview, removal, schema, search, thinning
from core.timeline.connections import Connections
from core.timeline.history import History
from core.timeline.meaning import Meaning
from core.timeline.moment import Density, Hit, Line, Moment, SeenLine, Thinned
from core.timeline.pictures import Pictures, decode, encode
from core.timeline.rows import UnreadPart, Where, overlap
from core.timeline.writer import Writer

if TYPE_CHECKING:
    from core.gate import Change
    from core.meaning.embedding import Embedding

DATABASE = "timeline.sqlite3"
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
        try:
            self._connections = Connections(folder / DATABASE)
        except OSError as error:
            raise EnvironmentTroubleError(
                "The timeline's folder cannot be used.", "Check that it exists and belongs to you."
            ) from error
        self._writing = self._connections.writing
        self.notices: tuple[str, ...] = (self._connections.notice,) if self._connections.notice else ()
        self._writer = Writer(self._connections, self._pictures, config)
        self.history = History(self._connections)
        self.meaning = Meaning(self._connections, embedding)
        with self._transaction() as db:
            db.execute("UPDATE moment SET open = 0 WHERE open = 1")
            known = {key for (key,) in db.execute("SELECT key FROM picture")}
        self._pictures.sweep(known)

    def configure(self, config: TimelineConfig) -> None:
        """Another budget, age limit or fineness, from now on."""
        self._config = self._writer.config = config

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
            moments = [self.get(id) for id in self._writer.add(change)]
        return [moment for moment in moments if moment is not None]

    def note_seen(self, source: str, time: datetime) -> None:
        """A frame of ``source`` came that showed nothing new: its open moments last until ``time`` at least."""
        self._writer.note_seen(source, time)

    def note_gone(self, source: str, time: datetime) -> None:
        """``source`` stopped (paused, locked, lost): its open moments ended when they were last seen."""
        self._writer.note_gone(source, time)

    def set_text(self, id: int, lines: Sequence[Line], picture: str | None = None) -> bool:
        """Stores what was read from a moment's picture, in reading order, boxes in the pixels of ``pixels(id)``.

        ``picture``: the key that was read; if the moment has another by now it stays unread. False where nothing
        was stored (moment gone or changed).
        """
        return self._writer.set_text(id, lines, picture)

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
        files = removal.remove_rows(db, ids)
        if ids:
            schema.purge_indexes(db)
        return files

    def _tidy(self, ids: Sequence[int], files: Sequence[str]) -> None:
        """After rows were forgotten: their files go, and nothing in memory refers to them any more."""
        for key in files:
            self._pictures.remove(key)
        self._writer.forget(ids)
        self.meaning.drop()
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
                files = removal.remove_rows(db, old)
                moments, pictures = len(old), len(files)
            for key in files:
                self._pictures.remove(key)
            for level in thinning.LEVELS:
                while (used := self.disk_bytes()) > self._budget * thinning.START:
                    with self._transaction() as db:
                        chosen = thinning.choose(db, level, now, used - int(self._budget * thinning.TARGET))
                        files = removal.remove_rows(db, chosen) if level.rows else removal.drop_pictures(db, chosen)
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
                self._writer.forget_places()
            return Thinned(moments, pictures, max(0, before - self.disk_bytes()))

    def close(self) -> None:
        """Ends open moments and closes every connection; no thread may use the timeline any more."""
        with self._writing:
            for source, seen in self._writer.open_until().items():
                with suppress(EnvironmentTroubleError):
                    self.note_gone(source, seen)
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
        recent = self._writer.recent(id)
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
