"""The timeline's database file: opening it, its tables, and rescuing what is left of a damaged one.

Times are whole microseconds since 1970 in UTC. Ids only grow: they give the true order of events where the
clock was set back. Knows nothing of pictures or searching.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlite_utils
from sqlite_utils.migrations import Migrations

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BUSY_SECONDS = 10.0
RESCUE_STRETCH = 32  # keys read at once from a damaged file: what one bad page can hide
WORDS_OF = "tokenize='unicode61 remove_diacritics 2'"
RESCUE_GUESS = 500_000  # keys tried where the damaged file does not tell its highest
_WORD = re.compile(r"[^\W_]+")
_CONFUSED = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b", "2": "z", "9": "g"})

# What is copied, in this order, out of a damaged file. The search indexes are built anew from these.
TABLES = ("window", "picture", "moment", "line", "sighting", "exchange", "citation")

_schema = Migrations("timeline")


def to_micros(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def fold(text: str) -> str:
    """Lower case without diacritics, as the word index sees text."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of a text in order, folded: runs of letters and digits."""
    return _WORD.findall(fold(text))


def spans(text: str, wanted: Collection[str]) -> list[tuple[int, int]]:
    """Where in ``text`` one of these folded words stands: first character and the one after the last."""
    return [found.span() for found in _WORD.finditer(text) if fold(found[0]) in wanted]


def confused(word: str) -> str:
    """A folded word with the characters that reading mixes up made one: 0/o, 1/l/i, 5/s, 8/b, 2/z, 9/g, rn/m."""
    return word.replace("rn", "m").translate(_CONFUSED)


def _first(db: sqlite_utils.Database) -> None:
    db["window"].create({"id": int, "application": str, "title": str}, pk="id")
    db["window"].create_index(["application", "title"], unique=True)
    db["picture"].create({"key": str, "bytes": int, "time": int, "thumbnail_bytes": int}, pk="key")
    db.execute(
        """CREATE TABLE moment (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL, ended INTEGER NOT NULL, open INTEGER NOT NULL,
            source TEXT NOT NULL, window INTEGER NOT NULL REFERENCES window(id),
            left INTEGER NOT NULL, top INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            picture TEXT, base INTEGER, band_top INTEGER NOT NULL, band_height INTEGER NOT NULL,
            covered TEXT NOT NULL, read INTEGER NOT NULL)"""
    )
    db.execute("CREATE INDEX moment_time ON moment(time)")
    db.execute("CREATE INDEX moment_window ON moment(window, time)")
    db.execute("CREATE INDEX moment_picture ON moment(picture)")
    db.execute("CREATE INDEX moment_base ON moment(base) WHERE base IS NOT NULL")
    db.execute("CREATE INDEX moment_unread ON moment(id) WHERE read = 0")
    db.execute("CREATE INDEX moment_open ON moment(source) WHERE open = 1")
    db["line"].create({"id": int, "window": int, "text": str, "first": int, "last": int}, pk="id")
    db["line"].create_index(["window", "text"], unique=True)
    db.execute(
        """CREATE TABLE sighting (
            moment INTEGER NOT NULL, ordinal INTEGER NOT NULL, line INTEGER NOT NULL, row INTEGER NOT NULL,
            left INTEGER NOT NULL, top INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            confidence REAL NOT NULL, PRIMARY KEY (moment, ordinal)) WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX sighting_line ON sighting(line)")
    # The vocabulary, once more with look-alike characters made one: searched by trigrams for parts of words
    # and for words that were read wrongly. A trigram index over all text would be many times larger.
    db["term"].create({"id": int, "word": str, "folded": str}, pk="id")
    db["term"].create_index(["word"], unique=True)
    create_indexes(db.conn)


_schema(name="1 moments, lines and their indexes")(_first)


def _second(db: sqlite_utils.Database) -> None:
    db.execute(
        """CREATE TABLE exchange (
            id INTEGER PRIMARY KEY AUTOINCREMENT, asked INTEGER NOT NULL,
            question TEXT NOT NULL, answer TEXT NOT NULL, origin TEXT NOT NULL, follows INTEGER,
            wrong INTEGER NOT NULL, remark TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX exchange_asked ON exchange(asked)")
    db.execute(
        "CREATE TABLE citation (exchange INTEGER NOT NULL, place INTEGER NOT NULL, moment INTEGER NOT NULL, "
        "PRIMARY KEY (exchange, place)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX citation_moment ON citation(moment)")
    _create_index(db.conn, "exchange_words", "exchange", ("question", "answer"), WORDS_OF)


_schema(name="2 questions and answers")(_second)


def _third(db: sqlite_utils.Database) -> None:
    # Which words are near in meaning is found by these codes; NULL: to be made (core.timeline.meaning).
    db.execute("ALTER TABLE term ADD COLUMN code BLOB")
    db.execute("CREATE INDEX term_uncoded ON term(id) WHERE code IS NULL")
    db["embedding"].create({"version": str})


_schema(name="3 the meaning of words")(_third)


def _fourth(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE exchange ADD COLUMN said TEXT NOT NULL DEFAULT ''")


_schema(name="4 what answers say, as data")(_fourth)


def create_indexes(connection: sqlite3.Connection) -> None:
    """The full-text indexes over what was on the screen, with the triggers that keep them equal to their tables."""
    for index, table, column, options in (
        ("line_words", "line", "text", WORDS_OF),
        ("window_words", "window", "title", WORDS_OF),
        ("term_grams", "term", "folded", "tokenize='trigram', detail='full'"),
    ):
        _create_index(connection, index, table, (column,), options)
    connection.execute("CREATE VIRTUAL TABLE line_vocabulary USING fts5vocab('line_words', 'row')")


def _create_index(
    connection: sqlite3.Connection, index: str, table: str, columns: tuple[str, ...], options: str
) -> None:
    names = ", ".join(columns)
    new, old = (", ".join(f"{which}.{column}" for column in columns) for which in ("new", "old"))
    connection.execute(
        f"CREATE VIRTUAL TABLE {index} USING fts5({names}, content='{table}', content_rowid='id', {options})"
    )
    connection.execute(
        f"CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN "
        f"INSERT INTO {index}(rowid, {names}) VALUES (new.id, {new}); END"
    )
    connection.execute(
        f"CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN "
        f"INSERT INTO {index}({index}, rowid, {names}) VALUES ('delete', old.id, {old}); END"
    )
    with suppress(sqlite3.OperationalError):  # before SQLite 3.42 `purge_indexes` does it instead
        connection.execute(f"INSERT INTO {index}({index}, rank) VALUES ('secure-delete', 1)")


SEEN_INDEXES = ("line_words", "window_words", "term_grams")
SAID_INDEXES = ("exchange_words",)


def rebuild_index(connection: sqlite3.Connection, index: str) -> None:
    """Makes a full-text index anew from the table it belongs to."""
    connection.execute(f"INSERT INTO {index}({index}) VALUES ('rebuild')")


def purge_indexes(connection: sqlite3.Connection, indexes: Iterable[str] = SEEN_INDEXES) -> None:
    """Rewrites these full-text indexes so that nothing of deleted text is left in them."""
    for index in indexes:
        connection.execute(f"INSERT INTO {index}({index}) VALUES ('optimize')")


def add_terms(connection: sqlite3.Connection, texts: Iterable[str]) -> None:
    """Puts the words of ``texts`` into the vocabulary."""
    known = {word for text in texts for word in words(text)}
    connection.executemany(
        "INSERT OR IGNORE INTO term(word, folded) VALUES (?, ?)", [(word, confused(word)) for word in sorted(known)]
    )


def connect(file: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; transactions are begun explicitly."""
    connection = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded by new files only
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing committed
    connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA wal_autocheckpoint = 256")  # pages: the log stays near one megabyte
    connection.execute("PRAGMA journal_size_limit = 1048576")
    return connection


def open_database(file: Path, now: datetime) -> tuple[sqlite3.Connection, str]:
    """The database, made or brought up to date, and a notice for the user (empty where all is well).

    A damaged file is kept beside it under a dated name; every row that SQLite can still read is copied over.
    Raises sqlite3.OperationalError where the file cannot be opened at all (locked, no permission).
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        return _prepared(file), ""
    try:
        connection = connect(file)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return _rescue(file, now)
    try:
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
            _schema.apply(sqlite_utils.Database(connection))
            return connection, ""
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError:
        pass  # the check itself fell over the damage
    connection.close()
    return _rescue(file, now)


def remove_damaged(file: Path) -> None:
    """Removes the damaged files that were kept beside ``file``: what is in them cannot be forgotten one by one."""
    for aside in file.parent.glob(f"{file.stem}.damaged-*"):
        aside.unlink(missing_ok=True)


def _prepared(file: Path) -> sqlite3.Connection:
    connection = connect(file)
    _schema.apply(sqlite_utils.Database(connection))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # the tables would lie in the log a second time
    return connection


def _rescue(file: Path, now: datetime) -> tuple[sqlite3.Connection, str]:
    aside = file.with_name(f"{file.stem}.damaged-{now:%Y%m%d-%H%M%S}{file.suffix}")
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    connection = _prepared(file)
    saved = {table: _copy(aside, connection, table) for table in TABLES}
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM sighting WHERE moment NOT IN (SELECT id FROM moment)")
    connection.execute("DELETE FROM sighting WHERE line NOT IN (SELECT id FROM line)")
    connection.execute(
        "INSERT OR IGNORE INTO window(id, application, title) SELECT DISTINCT window, '', '?' || window "
        "FROM moment WHERE window NOT IN (SELECT id FROM window)"
    )
    connection.execute("DELETE FROM citation WHERE exchange NOT IN (SELECT id FROM exchange)")
    # A moment whose lines are gone is read again from its picture.
    connection.execute(
        "UPDATE moment SET read = 0 WHERE picture IS NOT NULL AND id NOT IN (SELECT moment FROM sighting)"
    )
    add_terms(connection, (row[0] for row in connection.execute("SELECT text FROM line")))
    connection.execute("COMMIT")
    return connection, (
        f"The timeline's file was damaged. {saved['moment']} moments and {saved['line']} lines of text were "
        f"recovered; the damaged file was kept as {aside.name} until something is forgotten."
    )


def _copy(damaged: Path, target: sqlite3.Connection, table: str) -> int:
    """Copies the rows of a table that can still be read; how many."""
    columns = f"SELECT name FROM pragma_table_info('{table}')"
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(damaged)) as source:
        source.text_factory = lambda raw: raw.decode("utf-8", "replace")
        there = set(source.execute(columns))  # a file of an older version lacks the newest
        names = [row[0] for row in target.execute(columns) if tuple(row) in there]
        select = f"SELECT {', '.join(names)} FROM {table} NOT INDEXED"
        insert = f"INSERT OR IGNORE INTO {table}({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        target.execute("BEGIN IMMEDIATE")
        for row in _readable(source, table, names[0], select):
            with suppress(sqlite3.IntegrityError):  # a torn row: the others are still good
                target.execute(insert, row)
        target.execute("COMMIT")
    copied: int = target.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return copied


def _readable(source: sqlite3.Connection, table: str, key: str, select: str) -> Iterator[tuple[object, ...]]:
    """Every row that can be read: whole, else by stretches of the key so that a bad page hides only its own."""
    try:
        yield from source.execute(select)
    except sqlite3.DatabaseError:
        pass
    else:
        return
    if table == "picture":  # its key is not a number: from the far end as far as it goes
        with suppress(sqlite3.DatabaseError):
            yield from source.execute(f"{select} ORDER BY {key} DESC")
        return
    for start in range(0, _highest(source, table, key) + 1, RESCUE_STRETCH):
        with suppress(sqlite3.DatabaseError):
            yield from source.execute(f"{select} WHERE {key} BETWEEN ? AND ?", (start, start + RESCUE_STRETCH - 1))


def _highest(source: sqlite3.Connection, table: str, key: str) -> int:
    for question in (
        f"SELECT max({key}) FROM {table}",
        "SELECT seq FROM sqlite_sequence WHERE name = 'moment'",
    ):
        with suppress(sqlite3.DatabaseError):
            row = source.execute(question).fetchone()
            if row and row[0] is not None:
                return int(row[0])
    return RESCUE_GUESS
