"""The pace: fast while things change, slow once still, none while locked."""

from __future__ import annotations

import pytest

from core.capture.source import Pace
from core.config import CaptureConfig


def test_the_first_frame_is_due_at_once() -> None:
    assert Pace(CaptureConfig()).wait_seconds(5.0) == 0.0


def test_busy_then_ever_slower_then_the_still_interval() -> None:
    pace = Pace(CaptureConfig())
    pace.note(True, 0.0)
    assert pace.wait_seconds(0.0) == 0.25
    pace.note(False, 1.5)
    assert pace.wait_seconds(1.5) == 0.25
    pace.note(False, 6.0)
    assert pace.wait_seconds(6.0) == pytest.approx(1.25)
    pace.note(False, 60.0)
    assert pace.wait_seconds(60.0) == 2.0
    pace.note(True, 62.0)
    assert pace.wait_seconds(62.0) == 0.25


def test_time_already_spent_counts() -> None:
    pace = Pace(CaptureConfig())
    pace.note(True, 0.0)
    assert pace.wait_seconds(0.2) == pytest.approx(0.05)
    assert pace.wait_seconds(9.0) == 0.0


def test_locked_means_no_frames_until_one_is_had_again() -> None:
    pace = Pace(CaptureConfig())
    pace.note(None, 0.0)
    assert pace.wait_seconds(0.0) is None
    pace.note(True, 10.0)
    assert pace.wait_seconds(10.0) == 0.25


def test_a_clock_that_starts_again_is_no_trouble() -> None:
    pace = Pace(CaptureConfig())
    pace.note(True, 1000.0)
    pace.note(False, 3.0)
    assert pace.wait_seconds(3.0) == 0.25


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        CaptureConfig(busy_rate=0)


def test_each_source_has_its_own_rate() -> None:
    config = CaptureConfig(busy_rate=4.0, webcam_rate=0.5, rates=(("DP-1", 0.25), ("webcam:1", 2.0)))
    rates = {name: config.paced(name).busy_rate for name in ("screen:DP-1", "screen:DP-2", "webcam:0", "webcam:1")}
    assert rates == {"screen:DP-1": 0.25, "screen:DP-2": 4.0, "webcam:0": 0.5, "webcam:1": 2.0}
    slow = Pace(config.paced("screen:DP-1"))
    slow.note(True, now=10.0)
    assert slow.wait_seconds(10.0) == 4.0
