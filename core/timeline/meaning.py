"""Which words on the screen are near in meaning to a word: a vector for each word of the vocabulary.

A sentence's vector in a static table is the sum of its words', so a line can only be near a question where one of its
words is near one of the question's: knowing the near words finds every such line through the word index, with all of
its filters. (Lines' own vectors beside that brought no more searches of `tests.bench.meaning` to the first five.) A
word's code, the signs of its vector (32 bytes), is kept in its own row and goes with it when the last line that shows
the word goes. Codes choose candidates; the table itself judges them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from core.errors import EnvironmentTroubleError
from core.meaning.embedding import Embedding
from core.timeline.connections import Connections
from core.timeline.vocabulary import CLOSED_CLASSES, STOP, stem

BATCH: Final = 512  # words given their vectors in one transaction
CANDIDATES: Final = 256  # words whose codes agree best, which are compared in full
MOST: Final = 12  # near words of one word
NEAR: Final = 0.42  # cosine from which a word is near
SHORTEST: Final = 3  # letters of a word that may have a meaning of its own
LONGEST: Final = 24
NONE: Final = b""  # the code of a word without a meaning of its own: numbers, parts, what was misread beyond words
REMEMBERED: Final = 500  # words whose near words are kept at hand
WORDS64: Final = 4  # 64-bit words of a code: 256 dimensions

Codes = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]


class Meaning:
    """For any thread. ``embedding`` None: nothing is near anything."""

    def __init__(self, connections: Connections, embedding: Embedding | None) -> None:
        self._connections = connections
        self._embedding = embedding
        self._making = threading.Lock()  # one at a time gives codes; not the writers' lock, for it computes
        self._lock = threading.Lock()
        self._codes: Codes | None = None
        self._near: dict[str, dict[str, float]] = {}
        self._settled = False  # whether the stored codes are known to be of this table

    def near(self, word: str) -> dict[str, float]:
        """The folded words of the vocabulary near in meaning to a folded word, with their cosines; not its own forms.

        Empty for numbers, stop words, and colours, days and the like, where the nearest word says something else;
        and where the table is damaged, which `embed` tells of.
        """
        if self._embedding is None or not _meaningful(word) or word in CLOSED_CLASSES or word in STOP:
            return {}
        db = self._connections.here  # before the lock: who opens a connection may have to wait for a writer
        with self._lock:
            if word not in self._near:
                if len(self._near) >= REMEMBERED:
                    self._near.clear()
                try:
                    self._near[word] = self._nearest(db, word, self._embedding)
                except EnvironmentTroubleError:
                    return {}
            return self._near[word]

    def embed(self, limit: int = BATCH) -> int:
        """Gives up to ``limit`` words of the vocabulary their codes; how many got one.

        Raises EnvironmentTroubleError where the table is damaged, DiskFullError where there is no room.
        """
        if self._embedding is None:
            return 0
        with self._making:
            return self._embed(self._embedding, limit)

    def backlog(self) -> int:
        """How many words have no code yet; 0 without a table."""
        if self._embedding is None:
            return 0
        number: int = self._connections.here.execute("SELECT count(*) FROM term WHERE code IS NULL").fetchone()[0]
        return number

    def rebuild(self, report: Callable[[float], None]) -> None:
        """Makes all codes anew. ``report`` hears the share done before each batch and may raise to stop there."""
        if self._embedding is None:
            return
        with self._connections.writing, self._connections.transaction() as db:
            db.execute("UPDATE term SET code = NULL")
        self.drop()
        total = max(1, self.backlog())
        while (left := self.backlog()) > 0:
            report(max(0.0, 1 - left / total))
            self.embed(4 * BATCH)

    def drop(self) -> None:
        """Lets go of what is held in memory: words of the vocabulary were forgotten."""
        with self._lock:
            self._codes = None
            self._near.clear()

    def _embed(self, embedding: Embedding, limit: int) -> int:
        self._settle(embedding)
        unknown = self._connections.here.execute("SELECT id, word FROM term WHERE code IS NULL LIMIT ?", (limit,))
        rows = unknown.fetchall()
        if not rows:
            return 0
        vectors = embedding.vectors([row["word"] if _meaningful(row["word"]) else "" for row in rows])  # [N, D]
        signs = np.packbits(vectors > 0, axis=1)  # [N, D / 8]
        known = np.any(vectors, axis=1).tolist()
        kept = [code.tobytes() if meant else NONE for code, meant in zip(signs, known, strict=True)]
        with self._connections.writing, self._connections.transaction() as db:
            # By the word too: it may have gone meanwhile, and its number may be another word's.
            db.executemany(
                "UPDATE term SET code = ? WHERE id = ? AND word = ?",
                [(code, row["id"], row["word"]) for code, row in zip(kept, rows, strict=True)],
            )
        with self._lock:
            self._near.clear()
            if self._codes is not None:
                fresh = [(row["id"], code) for row, code in zip(rows, kept, strict=True) if code]
                (ids, codes), (more_ids, more_codes) = self._codes, _arrays(fresh)
                self._codes = np.concatenate((ids, more_ids)), np.concatenate((codes, more_codes))
        return len(rows)

    def _settle(self, embedding: Embedding) -> None:
        """Codes of another table than this one are dropped, to be made again."""
        if self._settled:
            return
        version = embedding.version
        known = self._connections.here.execute("SELECT version FROM embedding").fetchone()
        if known is None or known["version"] != version:
            with self._connections.writing, self._connections.transaction() as db:
                db.execute("UPDATE term SET code = NULL WHERE code IS NOT NULL")
                db.execute("DELETE FROM embedding")
                db.execute("INSERT INTO embedding VALUES (?)", (version,))
        self._settled = True

    def _nearest(self, db: sqlite3.Connection, word: str, embedding: Embedding) -> dict[str, float]:
        if self._codes is None:
            self._codes = _loaded(db)
        ids, codes = self._codes
        if not len(ids):
            return {}
        vector = embedding.vectors([word])[0]  # [D]
        if not vector.any():
            return {}
        own: npt.NDArray[np.uint64] = np.packbits(vector > 0).view(np.uint64)
        differing = np.bitwise_count(codes ^ own).sum(axis=1, dtype=np.int16)
        chosen = ids[np.argpartition(differing, min(CANDIDATES, len(ids)) - 1)[:CANDIDATES]]
        marks = ", ".join("?" * len(chosen))
        found = [text for (text,) in db.execute(f"SELECT word FROM term WHERE id IN ({marks})", chosen.tolist())]
        if not found:
            return {}
        cosines = embedding.vectors(found) @ vector
        root = stem(word)
        near = {
            other: float(cosine)
            for other, cosine in zip(found, cosines, strict=True)
            if cosine >= NEAR and other != word and stem(other) != root and other not in STOP | CLOSED_CLASSES
        }
        best = sorted(near, key=lambda other: near[other], reverse=True)[:MOST]
        return {other: near[other] for other in best}


def _meaningful(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and word.isalpha()


def _loaded(db: sqlite3.Connection) -> Codes:
    return _arrays(db.execute("SELECT id, code FROM term WHERE length(code) > 0").fetchall())


def _arrays(rows: Sequence[tuple[int, bytes]] | Sequence[sqlite3.Row]) -> Codes:
    """The numbers [N] and codes [N, D / 64] of words with their codes as stored."""
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    codes = np.frombuffer(b"".join(row[1] for row in rows), np.uint64)
    return ids, codes.reshape(len(rows), WORDS64)
