"""SQLite connections to the timeline's database: one a thread, one writer at a time.

Knows the file and how it is opened; nothing of what is in it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.frame import utc_now
from core.timeline import schema
from core.timeline.rows import told


class Connections:
    """``writing``: the lock that every writer holds. ``notice``: what opening mended, for the user; mostly empty.

    Raises DiskFullError where there is no room, sqlite3.OperationalError where the file cannot be opened at all.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()
        self._open: dict[threading.Thread, sqlite3.Connection] = {}
        self.writing = threading.RLock()
        with told():
            first, self.notice = schema.open_database(file, utc_now())
        self._local.connection = first
        self._open[threading.current_thread()] = first

    @property
    def here(self) -> sqlite3.Connection:
        """This thread's connection; those of threads that ended are closed."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with told():
                connection = schema.connect(self._file)
            self._local.connection = connection
            with self.writing:
                for thread in [thread for thread in self._open if not thread.is_alive()]:
                    self._open.pop(thread).close()
                self._open[threading.current_thread()] = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; raises DiskFullError where there is no room."""
        db = self.here
        with told():
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def shrink(self) -> None:
        """Gives freed space back and leaves nothing of what was removed in the log file."""
        with told():
            self.here.execute("PRAGMA incremental_vacuum").fetchall()
            self.here.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Closes all of them; no thread may use them any more."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()
