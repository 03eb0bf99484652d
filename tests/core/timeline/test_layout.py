from __future__ import annotations

from itertools import pairwise

import numpy as np

from core.frame import Rect
from core.timeline.layout import in_rows, worth_reading
from core.timeline.moment import Line


def test_cells_of_a_row_share_its_number_in_reading_order() -> None:
    pieces = [
        Line("12.50", Rect(300, 42, 60, 20)),
        Line("Name", Rect(10, 10, 60, 20)),
        Line("Lamp", Rect(10, 40, 60, 22)),
        Line("Price", Rect(300, 11, 60, 20)),
    ]
    assert [(line.text, line.row) for line in in_rows(pieces)] == [
        ("Name", 0),
        ("Price", 0),
        ("Lamp", 1),
        ("12.50", 1),
    ]


def test_lines_below_each_other_never_share_a_row() -> None:
    pieces = [Line(str(n), Rect(10, 20 * n, 300, 22)) for n in range(6)]
    assert [line.row for line in in_rows(pieces)] == list(range(6))


def test_blank_parts_are_not_read() -> None:
    picture = np.full((600, 400, 3), 240, np.uint8)
    picture[100:120, 50:200] = 0
    picture[400:420, 80:90] = 0
    first, second = worth_reading(picture, 1200)
    assert first.contains(60, 110)
    assert second.contains(85, 410)
    assert first.bottom < second.top
    assert first.width < 200


def test_a_blank_picture_has_nothing_to_read() -> None:
    assert worth_reading(np.zeros((50, 50, 3), np.uint8), 1200) == []


def test_tall_parts_are_cut_with_an_overlap() -> None:
    picture = np.zeros((3000, 100, 3), np.uint8)
    picture[::7, 10:90] = 255
    parts = worth_reading(picture, 1200)
    assert all(part.height <= 1200 for part in parts)
    assert all(two.top < one.bottom for one, two in pairwise(parts))
    assert parts[-1].bottom == 3000
