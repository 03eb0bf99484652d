"""A few of the bench's scenes, real programs' pictures through the real reader: recall must stay as good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import TimelineConfig
from core.timeline.ocr import Reader
from core.timeline.store import Timeline
from tests.bench.recall_accuracy import fill, judge
from tests.bench.recall_scenes import DEVELOPMENT, FIXTURES

CHOSEN = tuple(scene for scene in DEVELOPMENT if scene.name in ("pytest", "flights", "dialog", "recipe"))


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timeline]:
    opened = Timeline(Path(tmp_path_factory.mktemp("timeline")), TimelineConfig())
    fill(opened, CHOSEN, FIXTURES / "development", Reader())
    yield opened
    opened.close()


def test_questions_about_real_screens_are_answered_with_the_right_moment_first(timeline: Timeline) -> None:
    results = [result for result in judge(timeline, CHOSEN) if result.ask.seen]
    wrong = [result.ask.text for result in results if not result.proven]
    assert len(results) >= 20
    assert len(wrong) <= 1, wrong


def test_questions_about_what_was_not_shown_are_refused(timeline: Timeline) -> None:
    results = [result for result in judge(timeline, CHOSEN) if not result.ask.seen]
    wrong = [result.ask.text for result in results if not result.right]
    assert len(results) >= 6
    assert len(wrong) <= 1, wrong
