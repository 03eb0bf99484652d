"""Drawn desktops over a while: framed as the app frames them, and nothing told that an observation does not show."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest

from core.frame import Rect
from core.preprocess import header
from core.training.data import framing
from core.training.data.batches import Recipe, Source
from core.training.data.canvas import CELL, Fact
from core.training.data.live_desktop import LiveDesktop, Step
from core.training.data.live_windows import LiveWindow, Still, value_of
from core.training.data.questions import KIND_INDEX, NOT_SEEN
from core.training.data.rows import frames_row
from core.training.data.screens import Drawer
from core.training.data.stream import Habits, Stream
from core.training.data.words import LABELS, Vocabulary
from tests.helpers.training import asked_in

TIME = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
DESKTOPS = Habits(desktops=1.0)


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    return Source(framed=0.5).drawer()


def _steps(drawer: Drawer, seed: int, count: int = 12) -> list[Step]:
    rng = Random(seed)
    desktop = LiveDesktop(rng, drawer)
    return [desktop.step(rng, TIME) for _ in range(count)]


def _whole(window: LiveWindow | Still) -> Rect:
    return Rect(0, 0, window.pixels.shape[1], window.pixels.shape[0])


def test_each_step_is_an_overview_of_one_size_and_the_news_beside_it(drawer: Drawer) -> None:
    for seed in range(4):
        steps = _steps(drawer, seed)
        assert len({step.observation.pictures[0].shape for step in steps}) == 1
        for step in steps:
            assert step.observation.header == header(TIME, step.application, step.title)
            news = step.observation.pictures[1:]
            assert news
            assert sum(picture.shape[0] * picture.shape[1] for picture in news) <= 256 * CELL**2
        # most of what happens is smaller than the window it happens in
        assert any(picture.shape[0] <= 4 * CELL for step in steps for picture in step.observation.pictures[1:])


def test_the_same_seed_makes_the_same_desktop(drawer: Drawer) -> None:
    for one, other in zip(_steps(drawer, 5), _steps(drawer, 5), strict=True):
        assert (one.title, one.facts, one.lines) == (other.title, other.facts, other.lines)
        pairs = zip(one.observation.pictures, other.observation.pictures, strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)


def test_a_part_of_a_window_tells_what_stands_in_it_alone(drawer: Drawer) -> None:
    window = next(w for w in (LiveWindow(Random(n), drawer, LABELS) for n in range(99)) if w.kind == "message")
    everything = window.facts([(_whole(window), 1.0)], ())
    bar = Rect(0, 0, window.pixels.shape[1], 40)
    assert {fact.kind for fact in window.facts([(bar, 1.0)], ())} <= {"title", "colour"}
    below = Rect(0, 20, window.pixels.shape[1], window.pixels.shape[0] - 20)
    assert {fact.kind for fact in everything} - {"title", "colour"} == {
        fact.kind for fact in window.facts([(below, 1.0)], ())
    } - {"title", "colour"}
    assert window.facts([(_whole(window), 1.0)], [_whole(window)]) == []  # behind another
    assert all(fact.size == 0 for fact in window.facts([(_whole(window), 0.5)], ()))  # too small to be read


def test_a_still_window_tells_nothing_where_its_edge_is_missing(drawer: Drawer) -> None:
    window = Still(drawer.screen(Random(3)))
    assert window.facts([(_whole(window), 1.0)], ())
    assert window.lines([(_whole(window), 1.0)], ()) == window.screen.lines
    part = Rect(0, 0, window.pixels.shape[1], window.pixels.shape[0] - 1)
    assert window.facts([(part, 1.0)], ()) == []
    assert window.lines([(part, 1.0)], ()) == []


def test_a_window_that_grows_keeps_its_bar_and_shows_its_newest_line(drawer: Drawer) -> None:
    for seed in range(30):
        window = LiveWindow(Random(seed), drawer, LABELS)
        before = window.pixels
        for number in range(12):
            window.grow(Random(number))
        assert np.array_equal(before[:10, :60], window.pixels[:10, :60])
        assert not np.array_equal(before, window.pixels)
        if window.kind == "terminal":
            kinds = {fact.kind for fact in window.facts([(_whole(window), 1.0)], ())}
            assert "last line" in kinds
            assert "first line" not in kinds or len(window.lines([(_whole(window), 1.0)], ())) > 12


def test_values_are_written_as_their_labels_want() -> None:
    rng, words = Random(0), Vocabulary()
    assert any(value.count(".") == 2 for value in (value_of(rng, words, "version") for _ in range(20)))
    assert any(" " in value_of(rng, words, "due date") for _ in range(20))


def test_streams_of_a_desktop_ask_for_what_it_showed(drawer: Drawer) -> None:
    kinds = set[int]()
    for seed in range(5):
        row = frames_row(Random(seed), drawer, 8000, 16, habits=DESKTOPS)
        assert len(row.ids) == len(row.positions) <= 8000
        assert len(row.answers) > 5
        sizes = {picture.grid for picture in row.pictures}
        assert len(sizes) > 3
        kinds |= {answer.kind for answer in row.answers}
        for _, answer, kind, _, start in asked_in(row):
            told = framing.text_of(row.ids[:start])
            if kind in (KIND_INDEX["title"], KIND_INDEX["order"], KIND_INDEX["where"]):
                assert answer in told
            if kind == KIND_INDEX["not seen"]:
                assert answer == NOT_SEEN
    assert {KIND_INDEX[kind] for kind in ("value", "title", "when", "order", "not seen")} <= kinds


def test_a_window_that_came_again_is_asked_for_as_it_was_last(drawer: Drawer) -> None:
    stream = Stream(Random(0), drawer, 9000)
    stream.lasting = True
    for title, line in (("Log", "one"), ("Other", ""), ("Log", "two")):
        stream._tell(title, title.lower(), [Fact("last line", "", line, 14)] if line else [], [])
    for _ in range(20):
        stream.ask_fact(stream.told[0])
    stream.ask_when(stream.told[0])
    asked = asked_in(stream.row)
    assert {each.answer for each in asked[:-1]} == {"two", "Log"}
    assert {answer.distance for answer in stream.row.answers} == {0}
    assert asked[-1].answer == f"{stream.told[2].time.astimezone():%H:%M}" if stream.told[2].time else False


def test_of_two_windows_the_one_that_was_there_before_came_first(drawer: Drawer) -> None:
    stream = Stream(Random(0), drawer, 900)
    for title in ("Log", "Other", "Log"):
        stream._tell(title, "xterm", [], [])
    stream.ask_order("Log", "Log")
    assert not stream.row.answers
    stream.ask_order("Other", "Log")
    (asked,) = asked_in(stream.row)
    assert asked.answer == "Log"
    assert stream.row.answers[0].distance == 2


def test_plain_streams_stay_as_they_were_without_the_options() -> None:
    recipe = Recipe("frames", 1, 3000, 8, 128)
    plain, again = (Source(seed=2, habits=habits) for habits in (Habits(), Habits(desktops=0.0, worded=0.0)))
    assert plain.make(0, recipe, plain.drawer()).ids.equal(again.make(0, recipe, again.drawer()).ids)


def test_streams_that_look_far_back_hold_single_windows(drawer: Drawer) -> None:
    """A desktop takes a row's room four times as fast."""
    row = frames_row(Random(1), drawer, 4000, 30, 20, DESKTOPS)
    assert all(picture.grid[0] * picture.grid[1] <= 50 for picture in row.pictures)
