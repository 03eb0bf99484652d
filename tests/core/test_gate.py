"""The gate: what counts as news, when it is let through, and in which rectangles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.capture.source import Pace
from core.config import CELL, CaptureConfig, GateConfig, PrivacyRules
from core.errors import InputError
from core.frame import Pixels, Rect
from core.gate import Change, Gate, Refusal
from tests.helpers.frames import Viewer, blank, changes, frame, text, watched, window

NO_RULES = PrivacyRules(applications=(), titles=(), private_browsing=False)


def new_gate(config: GateConfig | None = None) -> Gate:
    return Gate(config or GateConfig(), NO_RULES)


def accepted(verdict: Change | Refusal) -> Change:
    assert isinstance(verdict, Change)
    return verdict


def noise(width: int, height: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


# --- what is news ---------------------------------------------------------------------------------------------------


def test_first_frame_is_all_news_window_by_window() -> None:
    front = window("editor", Rect(0, 0, 280, 420))
    change = accepted(new_gate().judge(frame(blank(), 0, [front])))
    assert change.first
    assert change.share == 1.0
    assert {region.window for region in change.regions} == {front, None}
    assert Rect.around(region.rect for region in change.regions) == Rect(0, 0, 560, 420)


def test_still_screen_is_refused() -> None:
    judged = watched(new_gate(), lambda _: blank(), 10)
    assert [verdict for _, verdict in judged[1:]] == [Refusal.STILL] * 39


def test_one_changed_digit_is_let_through_at_once_as_one_small_region() -> None:
    gate, before = new_gate(), text(blank(), 300, 200, seed=1)
    gate.judge(frame(before, 0))
    change = accepted(gate.judge(frame(text(before, 300, 200, seed=2), 0.25)))
    assert [region.rect for region in change.regions] == [Rect(280, 196, 28, 28)]
    assert not change.first
    assert change.share == pytest.approx(1 / 300)


def test_regions_lie_on_the_grid_and_end_at_the_edge() -> None:
    gate, before = new_gate(), blank(101, 90)
    gate.judge(frame(before, 0))
    after = before.copy()
    after[85:, 95:] = 0
    change = accepted(gate.judge(frame(after, 0.25)))
    assert [region.rect for region in change.regions] == [Rect(84, 84, 17, 6)]


def test_differences_too_faint_to_see_are_no_news() -> None:
    gate, before = new_gate(), blank(level=120)
    gate.judge(frame(before, 0))
    assert gate.judge(frame(before + np.uint8(6), 0.25)) is Refusal.STILL


def test_a_slow_fade_is_news_once_it_has_come_far_enough() -> None:
    judged = watched(new_gate(), lambda t: blank(level=100 + int(t * 4)), 20)
    assert len(changes(judged)) >= 3


def test_a_camera_needs_more_than_its_noise() -> None:
    gate, quiet = new_gate(), np.random.default_rng(0)
    verdicts = [
        gate.judge(frame(np.asarray(120 + quiet.normal(0, 6, (420, 560, 3)), np.uint8), t / 4, source="webcam:0"))
        for t in range(20)
    ]
    assert isinstance(verdicts[0], Change)
    assert set(verdicts[1:]) == {Refusal.STILL}


def test_new_size_and_a_long_gap_make_a_first_frame_again() -> None:
    gate = new_gate()
    gate.judge(frame(blank(), 0))
    assert accepted(gate.judge(frame(blank(280, 140), 1))).first
    assert accepted(gate.judge(frame(blank(280, 140), 100))).first


def test_a_clock_set_back_makes_a_first_frame_again() -> None:
    gate = new_gate()
    gate.judge(frame(blank(), 1000))
    assert accepted(gate.judge(frame(blank(), 3))).first


def test_sources_are_judged_apart() -> None:
    gate = new_gate()
    assert accepted(gate.judge(frame(blank(), 0, source="screen:A"))).first
    assert accepted(gate.judge(frame(blank(level=0), 0, source="screen:B"))).first
    assert gate.judge(frame(blank(), 1, source="screen:A")) is Refusal.STILL


def test_frames_that_come_too_soon_are_refused_for_their_rate() -> None:
    gate = new_gate()
    verdicts = [gate.judge(frame(noise(560, 420, n), n / 30)) for n in range(30)]
    assert verdicts.count(Refusal.RATE) >= 24
    assert 3 <= sum(isinstance(verdict, Change) for verdict in verdicts) <= 5


def test_an_empty_frame_is_no_news() -> None:
    assert new_gate().judge(frame(np.zeros((0, 100, 3), np.uint8))) is Refusal.STILL


def test_the_counts_add_up() -> None:
    gate = new_gate()
    watched(gate, lambda t: noise(560, 420, int(t)), 10)
    counts = gate.statistics
    assert counts.seen == 40 == counts.accepted + counts.still + counts.excluded + counts.rate


# --- in which rectangles --------------------------------------------------------------------------------------------


def test_a_change_across_two_windows_is_split_between_them() -> None:
    left, right = window("left", Rect(0, 0, 280, 420)), window("right", Rect(280, 0, 280, 420))
    gate = new_gate()
    gate.judge(frame(blank(), 0, [left, right]))
    after = blank()
    after[100:110, 200:360] = 0
    change = accepted(gate.judge(frame(after, 0.25, [left, right])))
    assert {(region.window, region.rect) for region in change.regions} == {
        (left, Rect(196, 84, 84, 28)),
        (right, Rect(280, 84, 84, 28)),
    }


def test_a_window_mostly_changed_is_taken_as_a_whole() -> None:
    page = window("browser", Rect(28, 28, 280, 280))
    gate = new_gate()
    gate.judge(frame(blank(), 0, [page]))
    after = blank()
    after[28:224, 28:308] = noise(280, 196, 1)
    change = accepted(gate.judge(frame(after, 0.25, [page])))
    assert [(region.rect, region.window) for region in change.regions] == [(page.rect, page)]


def test_a_newly_opened_window_is_taken_as_a_whole() -> None:
    behind = window("editor", Rect(0, 0, 560, 420))
    dialog = window("dialog", Rect(140, 140, 168, 112))
    gate = new_gate()
    gate.judge(frame(blank(), 0, [behind]))
    after = text(blank(), 150, 150, seed=1)
    change = accepted(gate.judge(frame(after, 0.25, [dialog, behind])))
    assert [(region.rect, region.window) for region in change.regions] == [(dialog.rect, dialog)]


def test_the_frontmost_window_owns_the_change() -> None:
    behind, front = window("behind", Rect(0, 0, 560, 420)), window("front", Rect(112, 112, 112, 112))
    gate = new_gate()
    gate.judge(frame(blank(), 0, [front, behind]))
    change = accepted(gate.judge(frame(text(blank(), 150, 150, seed=1), 0.25, [front, behind])))
    assert [region.window for region in change.regions] == [front]


def test_scattered_changes_become_few_rectangles() -> None:
    gate = new_gate()
    gate.judge(frame(blank(1120, 840), 0))
    after = blank(1120, 840)
    for n in range(60):
        after = text(after, (n * 371) % 1100, (n * 197) % 820, seed=n)
    change = accepted(gate.judge(frame(after, 0.25)))
    assert 1 <= len(change.regions) <= GateConfig().max_regions


def test_a_window_list_that_does_not_fit_the_frame_does_no_harm() -> None:
    odd = [window("far", Rect(-5000, -5000, 10, 10)), window("huge", Rect(-9999, -9999, 99999, 99999), "\x00\u202e")]
    gate = new_gate()
    gate.judge(frame(blank(), 0, odd))
    change = accepted(gate.judge(frame(text(blank(), 10, 10, seed=3), 0.25, odd)))
    assert change.regions[0].window == odd[1]


# --- when it is let through -----------------------------------------------------------------------------------------


def blinking(time: float) -> Pixels:
    """A cursor, on for half a second and off for half a second."""
    pixels = text(blank(), 100, 100, seed=7, width=60)
    if time % 1.0 < 0.5:
        pixels[100:114, 164:171] = 0
    return pixels


def test_a_blinking_cursor_is_let_through_once() -> None:
    assert len(changes(watched(new_gate(), blinking, 60))) == 2  # the first frame, and the other state


def test_typing_beside_a_blinking_cursor_is_not_lost() -> None:
    def picture(time: float) -> Pixels:
        pixels = blinking(time)
        return text(pixels, 172, 100, seed=5, width=6) if time >= 30 else pixels

    late = [time for time, _ in changes(watched(new_gate(), picture, 60)) if time >= 30]
    assert late
    assert late[0] == 30


@pytest.mark.parametrize(("beat", "seconds", "most"), [(1, 240, 16), (2, 240, 12), (60, 3600, 18)])
def test_a_clock_is_let_through_seldom_and_does_not_keep_the_pace_up(beat: int, seconds: float, most: int) -> None:
    gate, pace, time, accepted_at, frames = new_gate(), Pace(CaptureConfig()), 0.0, [], 0
    while time < seconds:
        verdict = gate.judge(frame(text(blank(), 500, 5, seed=int(time // beat), width=40), time))
        frames += 1
        if isinstance(verdict, Change):
            accepted_at.append(time)
        pace.note(verdict is Refusal.RATE or isinstance(verdict, Change), time)
        time += pace.wait_seconds(time) or 0.0
    assert len(accepted_at) <= most
    assert frames < seconds


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_a_slow_source_is_seen_in_full_even_where_only_little_changes(rate: float) -> None:
    judged = watched(new_gate(), lambda t: text(blank(), 300, 200, seed=int(t * rate), width=40), 100 / rate, rate)
    assert len(changes(judged)) == 100


def test_a_digit_changed_beside_a_clock_is_let_through_within_seconds() -> None:
    def picture(time: float) -> Pixels:
        pixels = text(blank(), 500, 5, seed=int(time), width=25)
        return text(pixels, 440, 5, seed=99) if time >= 60 else pixels

    late = [time for time, _ in changes(watched(new_gate(), picture, 90)) if time >= 60]
    assert late
    assert late[0] <= 62


def test_a_counter_that_stops_is_let_through_with_its_last_value() -> None:
    gate, viewer, last = new_gate(), Viewer(), text(blank(), 300, 200, seed=60, width=20)
    for time in np.arange(0, 75, 0.25):
        picture = text(blank(), 300, 200, seed=min(int(time), 60), width=20)
        viewer.see(gate.judge(frame(picture, float(time))))
    assert viewer.pixels is not None
    assert (viewer.pixels == last).all()


def test_a_value_that_goes_back_is_let_through_once_it_stays() -> None:
    def picture(time: float) -> Pixels:
        return text(blank(), 300, 200, seed=2 if 5 <= time < 8 else 1)

    assert [time for time, _ in changes(watched(new_gate(), picture, 20))] == [0, 5, 10.5]


def test_a_film_is_sampled_ever_more_seldom_but_never_forgotten() -> None:
    def picture(time: float) -> Pixels:
        pixels = blank()
        pixels[112:308, 112:448] = noise(336, 196, int(time * 1000))
        return pixels

    times = [time for time, _ in changes(watched(new_gate(), picture, 120))]
    assert times[:4] == [0, 0.25, 0.5, 0.75]
    assert len(times) < 45
    assert max(np.diff([*times, 120])) <= GateConfig().patience + 0.25


def test_text_beside_a_film_is_let_through_within_seconds() -> None:
    def picture(time: float) -> Pixels:
        pixels = blank()
        pixels[28:224, 28:308] = noise(280, 196, int(time * 1000))
        return text(pixels, 60, 240, seed=1, width=80) if time >= 60 else pixels

    gate, viewer = new_gate(), Viewer()
    for time, verdict in watched(gate, picture, 63):
        viewer.see(verdict)
        if time >= 62.5:
            assert viewer.pixels is not None
            assert (viewer.pixels[240:252, 60:140] == picture(60.0)[240:252, 60:140]).all()


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_pictures_that_each_stay_are_all_seen(rate: float) -> None:
    judged = watched(new_gate(), lambda t: noise(560, 420, int(t * rate)), 40)
    assert len(changes(judged)) == 40 * rate
    judged = watched(new_gate(), lambda t: noise(560, 420, int(t * rate)), 200, rate)
    assert len(changes(judged)) == 200 * rate


def test_a_flash_of_a_quarter_second_is_seen() -> None:
    def picture(time: float) -> Pixels:
        return text(blank(), 200, 200, seed=1, width=90, height=60) if time == 5.25 else blank()

    times = [time for time, _ in changes(watched(new_gate(), picture, 20))]
    assert times[:2] == [0, 5.25]
    assert len(times) == 3


def test_switching_between_two_known_windows_is_news_each_time() -> None:
    one, other = noise(560, 420, 1), noise(560, 420, 2)
    judged = watched(new_gate(), lambda t: one if int(t / 5) % 2 == 0 else other, 60)
    assert [time for time, _ in changes(judged)] == [5.0 * n for n in range(12)]


def test_what_was_held_back_when_a_source_ends_is_given_out() -> None:
    gate, viewer = new_gate(), Viewer()
    for n in range(121):
        viewer.see(gate.judge(frame(noise(560, 420, n), n / 4)))
    viewer.see(gate.finish("screen:test"))
    assert viewer.pixels is not None
    assert (viewer.pixels == noise(560, 420, 120)).all()
    assert gate.finish("screen:test") is None


step = st.tuples(
    st.sampled_from(["digit", "line", "block", "back", "rest"]),
    st.integers(0, 519),
    st.integers(0, 379),
    st.integers(0, 5),
    st.sampled_from([0.25, 0.25, 0.25, 0.5, 1.0, 2.0]),
)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(step, min_size=1, max_size=40))
def test_nothing_is_lost_whatever_happened_before_the_screen_came_to_rest(
    steps: list[tuple[str, int, int, int, float]],
) -> None:
    gate, viewer, pixels, time = new_gate(), Viewer(), blank(), 0.0
    viewer.see(gate.judge(frame(pixels, time)))
    past = [pixels]
    for kind, x, y, seed, pause in steps:
        time += pause
        if kind == "back":
            pixels = past[max(0, len(past) - 1 - seed)]
        elif kind != "rest":
            width, height = {"digit": (7, 12), "line": (300, 12), "block": (200, 150)}[kind]
            pixels = text(pixels, x, y, seed, width, height)
        past.append(pixels)
        viewer.see(gate.judge(frame(pixels, time)))
    for _ in range(14):  # 28 seconds at the still rate
        time += 2.0
        viewer.see(gate.judge(frame(pixels, time)))
    assert viewer.pixels is not None
    different = (np.abs(viewer.pixels.astype(np.int16) - pixels).max(axis=2) > 20).astype(np.int32)
    rows, columns = 420 // CELL, 560 // CELL
    assert different.reshape(rows, CELL, columns, CELL).sum(axis=(1, 3)).max() < 3


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), rate=st.sampled_from([1.0, 2.0, 4.0]), period=st.floats(0.1, 3.0))
def test_no_place_that_keeps_changing_waits_longer_than_patience(seed: int, rate: float, period: float) -> None:
    """A block too large for a cursor or a clock, each time with another content."""
    gate = new_gate()
    last_seen = 0.0
    for number in range(round(90 * rate)):
        time = number / rate
        pixels = text(blank(), 100, 100, seed + int(time / period), 200, 150)
        if isinstance(gate.judge(frame(pixels, time)), Change):
            last_seen = time
        assert time - last_seen <= GateConfig().patience + max(period, 1 / rate) + 0.5


def test_a_bad_title_rule_is_told_and_not_ignored() -> None:
    with pytest.raises(InputError, match="regular expression"):
        Gate(GateConfig(), PrivacyRules(titles=("(",)))


def test_a_content_known_long_ago_is_news_again_when_it_comes_back() -> None:
    gate = new_gate(GateConfig(known_for=10.0))
    quick = (1, 2, 3, 1, 2, 3)  # one place shows three characters in turn and then rests

    def picture(time: float) -> Pixels:
        shown = quick[int(time)] if time < len(quick) else (3 if time < 40 else 2)
        return text(blank(), 300, 200, seed=shown)

    late = [change for time, change in changes(watched(gate, picture, 50)) if time >= 40]
    assert [region.rect for region in late[0].regions] == [Rect(280, 196, 28, 28)]
