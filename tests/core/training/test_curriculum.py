"""What each step trains on: by the step alone, with rows long enough for what they ask, in the shares asked for."""

from __future__ import annotations

from bisect import bisect_left
from random import Random

import pytest

from core.training.curriculum import FAR, Curriculum
from core.training.data.batches import Recipe, Source
from core.training.data.questions import KIND_INDEX
from core.training.data.rows import frames_row
from core.training.data.stream import Habits
from core.training.nano import WHOLE_WINDOW


def test_the_curriculum_depends_on_the_step_alone() -> None:
    plan = Curriculum(1000)
    assert [plan.recipe(step) for step in range(50)] == [plan.recipe(step) for step in range(50)]
    assert all(plan.recipe(step).kind != "frames" for step in range(40))
    assert all(recipe.rows * recipe.length == 8 * 4096 for recipe in map(plan.recipe, range(0, 1000, 7)))


def test_streams_are_long_enough_for_the_distances_they_ask() -> None:
    drawer, plan = Source().drawer(), Curriculum(10000, rows=16)
    recipes = [plan.recipe(step) for step in range(7000, 9000)]
    farthest = max((recipe for recipe in recipes if recipe.kind == "frames"), key=lambda recipe: recipe.furthest)
    assert farthest.furthest > 200
    for seed in (1, 2):
        row = frames_row(Random(seed), drawer, farthest.length, farthest.furthest)
        assert max(answer.distance for answer in row.answers) > 0.9 * farthest.furthest


def _frames(plan: Curriculum, steps: range) -> list[Recipe]:
    return [recipe for recipe in map(plan.recipe, steps) if recipe.kind == "frames"]


def test_the_window_is_drawn_short_in_a_growing_share_where_asked() -> None:
    plan = Curriculum(10000, whole_frames=(0.9, 0.1))
    early, late = _frames(plan, range(1000, 2500)), _frames(plan, range(9000, 10000))
    shares = [sum(recipe.window == WHOLE_WINDOW for recipe in part) / len(part) for part in (early, late)]
    assert 0.65 < shares[0] < 0.85
    assert 0.07 < shares[1] < 0.25


def test_without_options_the_curriculum_is_what_it_was() -> None:
    late = _frames(Curriculum(10000), range(5000, 9000))
    assert 0.8 < sum(recipe.window == WHOLE_WINDOW for recipe in late) / len(late) < 0.9
    assert all(recipe.nearest == 0 for recipe in late)


def test_rows_that_ask_for_the_far_past_alone_come_in_their_share_and_keep_the_step_s_tokens() -> None:
    late = _frames(Curriculum(10000, rows=16, far=0.3), range(5000, 9000))
    far = [recipe for recipe in late if recipe.nearest]
    assert 0.25 < len(far) / len(late) < 0.35
    assert all(r.nearest == FAR[0] and r.rows * r.length == 16 * 4096 for r in far)
    assert {(r.rows, r.furthest) for r in far} == {(1, FAR[1]), (2, 182)}
    assert not any(r.nearest for r in _frames(Curriculum(10000, rows=16, far=0.3), range(1000, 2900)))


@pytest.mark.parametrize(("length", "furthest"), [(65536, FAR[1]), (32768, 182)])
def test_what_such_a_row_asks_lies_far_back(length: int, furthest: int) -> None:
    row = frames_row(Random(1), Source().drawer(), length, furthest, FAR[0])
    asked = [answer for answer in row.answers if answer.kind != KIND_INDEX["not seen"]]
    assert len(asked) > 80
    distances = sorted(answer.distance for answer in asked)
    assert distances[0] >= FAR[0]
    assert distances[-1] > 0.9 * furthest


def test_questions_of_any_age_reach_from_the_newest_to_the_long_past_of_streams_of_any_length() -> None:
    drawer, near, far, begins = Source().drawer(), 0, 0, []
    for seed in range(6):
        row = frames_row(Random(seed), drawer, 65536, FAR[1], FAR[0], Habits(any_age=0.7))
        asked = [answer for answer in row.answers if answer.kind != KIND_INDEX["not seen"]]
        near += sum(answer.distance <= 4 for answer in asked)
        far += sum(answer.distance >= FAR[0] for answer in asked)
        begins.append(asked[0].start)
    assert near > 100
    assert far > 100
    assert min(begins) < WHOLE_WINDOW < 36000 < max(begins)


def test_within_its_reach_a_long_stream_is_asked_again_and_again_and_for_nothing_that_has_left_it() -> None:
    drawer, furthest = Source().drawer(), []
    for seed in range(6):
        row = frames_row(Random(seed), drawer, 65536, FAR[1], FAR[0], Habits(any_age=0.6, reach=WHOLE_WINDOW))
        pictures = [picture.start for picture in row.pictures]
        asked = [answer for answer in row.answers if answer.distance]
        for answer in asked:
            now = bisect_left(pictures, answer.start) - 1
            assert answer.end - pictures[now - answer.distance] < WHOLE_WINDOW
        furthest.append(max(answer.distance for answer in asked))
        starts = sorted(answer.start for answer in asked)
        assert starts[0] < 0.5 * 65536 < 0.7 * 65536 < starts[-1]
        assert sum(answer.end - answer.start for answer in row.answers) < 0.3 * 65536
    assert max(furthest) > 220
