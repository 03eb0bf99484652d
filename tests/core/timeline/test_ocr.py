from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.config import TimelineConfig
from core.frame import Pixels, Rect, Window
from core.gate import Change, ChangedRegion
from core.timeline.moment import Line
from core.timeline.ocr import Reader, read_unread
from core.timeline.store import Timeline
from tests.core.timeline.views import SIZE, as_lines, at, change, drawn, frame, window


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    opened = Timeline(tmp_path, TimelineConfig())
    yield opened
    opened.close()


class Counting(Reader):
    """Gives prepared lines and notes what it was shown."""

    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self.shown = list[tuple[int, ...]]()
        self._lines = lines

    def read(self, pixels: Pixels) -> list[Line]:
        self.shown.append(pixels.shape)
        return self._lines


def test_drawn_lines_are_read_in_order(reader: Reader) -> None:
    lines = ["Reference VD-7731 is due", "second line with 42 words"]
    assert [line.text for line in reader.read(drawn(lines))] == lines


def test_light_text_on_dark_ground_is_read(reader: Reader) -> None:
    assert [line.text for line in reader.read(255 - drawn(["dark theme text 2048"]))] == ["dark theme text 2048"]


def test_a_line_read_before_is_known_wherever_it_stands(reader: Reader) -> None:
    reader.read(drawn(["a line that scrolls away"]))
    before = len(reader._known)
    (line,) = reader.read(drawn(["", "", "a line that scrolls away"]))
    assert line.text == "a line that scrolls away"
    assert len(reader._known) == before


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 900, 3), (40, 3, 3), (300, 300, 3)])
def test_pictures_without_text_give_no_lines(reader: Reader, shape: tuple[int, int, int]) -> None:
    assert reader.read(np.full(shape, 90, np.uint8)) == []


def test_unread_moments_are_read_newest_first(timeline: Timeline) -> None:
    timeline.add(change(["one"], 0))
    (second,) = timeline.add(change([*"abcdefghijklmnop"], 60))
    reader = Counting(as_lines(["something"]))
    assert read_unread(timeline, reader) == 1
    newest = timeline.get(second.id)
    assert newest is not None
    assert newest.text == "something"
    assert read_unread(timeline, reader, limit=5) == 1
    assert read_unread(timeline, reader) == 0


def test_only_the_changed_rows_are_read_and_the_rest_is_kept(timeline: Timeline) -> None:
    before = [f"line number {n}" for n in range(18)]
    (first,) = timeline.add(change(before, 0))
    timeline.set_text(first.id, as_lines(before))
    after = [*before[:9], "quite another", *before[10:]]
    (second,) = timeline.add(change(after, 30, part=Rect(0, 252, SIZE[0], 28)))
    part = timeline.unread_part(second.id)
    assert part is not None
    fresh = [Line("quite another", Rect(10, 6 + 28 * 9 - part.top, 100, 18), 0.9)]
    reader = Counting(fresh)
    read_unread(timeline, reader)
    assert reader.shown[0][0] < SIZE[1] / 2
    moment = timeline.get(second.id)
    assert moment is not None
    texts = moment.text.split("\n")
    assert "quite another" in texts
    assert "line number 9" not in texts
    assert {"line number 0", "line number 17"} <= set(texts)


def test_what_another_window_hides_is_not_its_text(timeline: Timeline) -> None:
    back = Window("mail", "mailer", 7, Rect(0, 0, *SIZE))
    front = window("dialog", "asker", Rect(0, 0, 840, 56))
    both = Change(frame(drawn(["x"]), 0, [front, back]), (ChangedRegion(Rect(0, 0, *SIZE), back),), 1.0, first=True)
    (moment,) = timeline.add(both)
    read_unread(timeline, Counting(as_lines(["of the dialog", "of it too", "own text"])))
    found = timeline.get(moment.id)
    assert found is not None
    assert found.text == "own text"


def test_a_moment_forgotten_while_it_is_read_stays_forgotten(timeline: Timeline) -> None:
    timeline.add(change(["secret"], 0))

    class Forgetting(Counting):
        def read(self, pixels: Pixels) -> list[Line]:
            timeline.forget(at(0))
            return super().read(pixels)

    read_unread(timeline, Forgetting(as_lines(["secret"])))
    assert timeline.count() == 0
    assert timeline.search("secret") == []
