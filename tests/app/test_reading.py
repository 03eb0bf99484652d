from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.notices import Notices
from app.reading import ReadingThread
from core.config import TimelineConfig
from core.frame import Pixels
from core.meaning.embedding import Embedding
from core.timeline.moment import Line
from core.timeline.ocr import Reader
from core.timeline.store import Timeline
from tests.core.timeline.views import as_lines, at, change, window


class Prepared(Reader):
    """Reads the same from every picture; ``wanted`` is set at the last of ``count``."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._left = count
        self.wanted = threading.Event()

    def read(self, _pixels: Pixels) -> list[Line]:
        self._left -= 1
        if self._left == 0:
            self.wanted.set()
        return as_lines(["the physician called"])


class Listening(Notices):
    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def put(self, subject: str, sentence: str) -> None:
        super().put(subject, sentence)
        self.told.set()


def opened(folder: Path, embedding: Embedding) -> Iterator[Timeline]:
    timeline = Timeline(folder, TimelineConfig(), embedding)
    for number in range(3):
        timeline.add(change([str(number) * 9], 100 * number, window(f"note {number}")))
        timeline.note_gone("screen:one", at(100 * number + 50))
    yield timeline
    timeline.close()


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    yield from opened(tmp_path, Embedding())


@pytest.fixture
def without_table(tmp_path: Path) -> Iterator[Timeline]:
    yield from opened(tmp_path, Embedding(tmp_path / "nothing"))


def test_what_is_read_can_be_found_by_its_meaning(timeline: Timeline) -> None:
    reader, notices = Prepared(3), Listening()
    reading = ReadingThread(timeline, reader, notices)
    reading.start()
    assert reader.wanted.wait(60)
    reading.stop()
    assert timeline.meaning.backlog() == 0
    assert timeline.search("doctor", meaning=True)
    assert notices.all() == ()


def test_a_missing_table_is_told_and_does_not_hold_up_reading(without_table: Timeline) -> None:
    reader, notices = Prepared(3), Listening()
    reading = ReadingThread(without_table, reader, notices)
    reading.start()
    assert reader.wanted.wait(60)
    assert notices.told.wait(60)
    reading.stop()
    assert without_table.search("physician")
    (notice,) = notices.all()
    assert "searching by meaning" in notice
