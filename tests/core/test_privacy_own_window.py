"""The program's own windows are painted out of what it remembers, without counting as an exclusion."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from core.config import GateConfig, PrivacyRules
from core.frame import Frame, Monitor, Rect, Window
from core.gate import Change, Gate

MONITOR = Monitor("m", Rect(0, 0, 560, 280))
OWN = Window("What was the price?", "Afterimage", 7, Rect(280, 0, 280, 280), focused=True)
OTHER = Window("make", "xterm", 8, Rect(0, 0, 280, 280))


def frame(*windows: Window) -> Frame:
    pixels = np.random.default_rng(0).integers(0, 256, (280, 560, 3), dtype=np.uint8)
    return Frame(pixels, datetime(2026, 1, 1, tzinfo=UTC), 1.0, "screen:m", MONITOR, windows)


def judged(rules: PrivacyRules) -> tuple[Gate, Change]:
    gate = Gate(GateConfig(), rules)
    change = gate.judge(frame(OWN, OTHER))
    assert isinstance(change, Change)
    return gate, change


def test_own_window_is_painted_out_and_not_named() -> None:
    _, change = judged(PrivacyRules())
    assert (change.frame.pixels[:, 280:] == change.frame.pixels[0, 280]).all()
    assert [window.application for window in change.frame.windows] == ["xterm"]


def test_own_window_is_no_exclusion_to_report() -> None:
    gate, _ = judged(PrivacyRules())
    assert gate.excluded_now == ()


def test_own_window_does_not_drop_frames_where_excluded_windows_would() -> None:
    _, change = judged(PrivacyRules(mode="drop"))
    assert change.regions
