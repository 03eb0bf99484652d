"""Privacy rules: no pixel and no title of an excluded window passes the gate, whatever lies over or under it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import GateConfig, PrivacyRules
from core.frame import Pixels, Rect, Window
from core.gate import Change, Gate, Refusal
from core.privacy import PRIVATE, UNLISTED, Rulebook, covered_area, without
from tests.helpers.frames import blank, frame, text, window

SECRET = (255, 0, 255)
RULES = PrivacyRules(applications=("vault*",), titles=("bank",), private_browsing=True)


def draw(windows: tuple[Window, ...], width: int = 400, height: int = 300) -> Pixels:
    """Windows painted back to front, each by its name in one colour, the excluded ones in SECRET; a window that is
    not opaque lets every other pixel column through.
    """
    pixels = np.full((height, width, 3), 30, np.uint8)
    for shown in reversed(windows):
        r = shown.rect.intersect(Rect(0, 0, width, height))
        colour = (
            SECRET
            if shown.application == "Vault" or "bank" in shown.title
            else (40, 160 + 10 * shown.rect.top % 90, 60)
        )
        columns = slice(r.left, r.right) if shown.opaque else slice(r.left, r.right, 2)
        pixels[r.top : r.bottom, columns] = colour
    return pixels


def secret_pixels(change: Change) -> int:
    return int((change.frame.pixels == SECRET).all(axis=2).sum())


windows_on_screen = st.lists(
    st.builds(
        Window,
        title=st.sampled_from(["notes", "my bank", "code"]),
        application=st.sampled_from(["Editor", "Vault", "Browser"]),
        pid=st.integers(1, 3),
        rect=st.builds(Rect, st.integers(-60, 380), st.integers(-60, 280), st.integers(1, 300), st.integers(1, 250)),
        opaque=st.sampled_from([True, True, False]),
    ),
    max_size=5,
).map(tuple)


@settings(max_examples=150, deadline=None)
@given(scenes=st.lists(windows_on_screen, min_size=1, max_size=6), pause=st.sampled_from([0.25, 0.5, 1.0, 5.0]))
def test_no_pixel_of_an_excluded_window_passes(scenes: list[tuple[Window, ...]], pause: float) -> None:
    gate = Gate(GateConfig(), RULES)
    for number, scene in enumerate(scenes):
        verdict = gate.judge(frame(draw(scene), number * pause, scene))
        if isinstance(verdict, Change):
            assert secret_pixels(verdict) == 0
            named = [*verdict.frame.windows, *(region.window for region in verdict.regions if region.window)]
            assert all(w.application != "Vault" and "bank" not in w.title for w in named)


@settings(max_examples=100, deadline=None)
@given(before=windows_on_screen, after=windows_on_screen, late=st.booleans())
def test_no_pixel_passes_when_windows_change_while_the_picture_is_taken(
    before: tuple[Window, ...], after: tuple[Window, ...], late: bool
) -> None:
    gate = Gate(GateConfig(), RULES)
    unsettled = before if before != after else ()
    verdict = gate.judge(frame(draw(after if late else before), 0, after, unsettled=unsettled))
    if isinstance(verdict, Change):
        assert secret_pixels(verdict) == 0
        assert not verdict.frame.unsettled


@settings(max_examples=60, deadline=None)
@given(scene=windows_on_screen)
def test_what_is_hidden_is_never_a_change(scene: tuple[Window, ...]) -> None:
    gate = Gate(GateConfig(), RULES)
    first = gate.judge(frame(draw(scene), 0, scene))
    again = draw(scene)
    again[(again == SECRET).all(axis=2)] = (254, 9, 250)  # the excluded windows show something else
    again[(again == SECRET).all(axis=2)] = (1, 2, 3)
    later = gate.judge(frame(again, 0.25, scene))
    assert not isinstance(first, Change) or later in (Refusal.STILL, Refusal.EXCLUDED)


def test_dropping_refuses_the_whole_frame_and_says_by_which_rule() -> None:
    gate = Gate(GateConfig(), replace(RULES, mode="drop"))
    vault = window("Vault", Rect(10, 10, 50, 50))
    assert gate.judge(frame(draw((vault,)), 0, [vault])) is Refusal.EXCLUDED
    assert gate.excluded_now == ("application vault*",)


def test_a_covered_vault_hides_nothing() -> None:
    gate = Gate(GateConfig(), RULES)
    cover = window("Editor", Rect(0, 0, 400, 300))
    verdict = gate.judge(frame(draw((cover,)), 0, [cover, window("Vault", Rect(50, 50, 90, 90))]))
    assert isinstance(verdict, Change)
    assert gate.excluded_now == ()
    assert verdict.frame.windows == (cover,)


def test_hiding_and_showing_again_is_no_news_about_what_was_there_before() -> None:
    gate = Gate(GateConfig(), RULES)
    page = window("Editor", Rect(0, 0, 400, 300))
    vault = window("Vault", Rect(112, 112, 84, 84))
    plain = text(blank(400, 300), 130, 130, seed=1, width=60)
    assert isinstance(gate.judge(frame(plain, 0, [page])), Change)
    covered = plain.copy()
    covered[112:196, 112:196] = SECRET
    assert gate.judge(frame(covered, 1, [vault, page])) is Refusal.STILL
    assert gate.judge(frame(plain, 2, [page])) is Refusal.EXCLUDED  # it may still be fading
    assert gate.judge(frame(plain, 4, [page])) is Refusal.STILL


def test_a_retitled_window_stays_hidden_for_a_moment() -> None:
    gate = Gate(GateConfig(), RULES)
    tab, next_tab = (window("Browser", Rect(0, 0, 200, 300), title) for title in ("my bank", "news"))
    assert isinstance(gate.judge(frame(draw((tab,)), 0, [tab])), Change)
    verdict = gate.judge(frame(draw((tab,)), 0.25, [next_tab]))  # the title changes before the picture does
    assert not isinstance(verdict, Change) or secret_pixels(verdict) == 0
    assert isinstance(gate.judge(frame(draw((next_tab,)), 2, [next_tab])), Change)


def test_a_closed_vault_may_fade_out_unseen() -> None:
    gate = Gate(GateConfig(), RULES)
    vault = window("Vault", Rect(10, 10, 80, 80))
    gate.judge(frame(draw((vault,)), 0, [vault]))
    assert gate.judge(frame(draw((vault,)), 0.25, [])) is Refusal.EXCLUDED
    assert isinstance(gate.judge(frame(draw(()), 1.5, [])), Change)


def test_an_unreadable_window_list_refuses_frames_unless_there_are_no_rules_or_it_is_allowed() -> None:
    strict = Gate(GateConfig(), RULES)
    assert strict.judge(frame(blank(), 0, listed=False)) is Refusal.EXCLUDED
    assert strict.excluded_now == (UNLISTED,)
    no_rules = PrivacyRules(applications=(), private_browsing=False)
    assert isinstance(Gate(GateConfig(), no_rules).judge(frame(blank(), 0, listed=False)), Change)
    allowed = replace(RULES, allow_unlisted=True)
    assert isinstance(Gate(GateConfig(), allowed).judge(frame(blank(), 0, listed=False)), Change)


def test_windows_on_another_part_of_the_desktop_are_found_in_the_frames_own_pixels() -> None:
    gate = Gate(GateConfig(), RULES)
    vault = window("Vault", Rect(1920 + 10, 10, 80, 80))
    verdict = gate.judge(frame(draw((replace(vault, rect=Rect(10, 10, 80, 80)),)), 0, [vault], origin=(1920, 0)))
    assert isinstance(verdict, Change)
    assert secret_pixels(verdict) == 0


@pytest.mark.parametrize(
    ("application", "names"),
    [("KeePassXC", ()), ("1Password", ()), ("x", ("bitwarden.exe",)), ("BITWARDEN", ()), ("Bit\u200bwarden", ())],
)
def test_password_managers_are_excluded_by_default(application: str, names: tuple[str, ...]) -> None:
    assert Rulebook(PrivacyRules()).match(window(application, Rect(0, 0, 9, 9), names=names)) is not None


@pytest.mark.parametrize("application", ["XTerm", "Chromium", "secretary", "Password hints", ""])
def test_other_applications_are_not(application: str) -> None:
    assert Rulebook(PrivacyRules()).match(window(application, Rect(0, 0, 9, 9))) is None


@pytest.mark.parametrize(
    "title",
    [
        "Example Domain - Chromium (Incognito)",
        "New Incognito Tab - Google Chrome (Incognito)",
        "Example — Mozilla Firefox Private Browsing",
        "Beispiel — Mozilla Firefox (Privater Modus)",
        "News - [InPrivate] - Microsoft\u200b Edge",
        "Exemple — Mozilla Firefox (navigation privée)",
        "x - Brave (Private)",
    ],
)
def test_private_browsing_is_known_by_its_title(title: str) -> None:
    assert Rulebook(PrivacyRules()).match(window("Browser", Rect(0, 0, 9, 9), title)) == PRIVATE


@pytest.mark.parametrize(
    "title",
    ["How private browsing works - Mozilla Firefox", "Private Eye magazine", "incognito.py - Editor", "inbox"],
)
def test_pages_about_private_browsing_are_not(title: str) -> None:
    assert Rulebook(PrivacyRules()).match(window("Browser", Rect(0, 0, 9, 9), title)) is None


def test_private_browsing_is_known_by_the_option_its_process_was_started_with() -> None:
    browser = window("Chromium", Rect(0, 0, 9, 9), "hello - Chromium", names=("chromium", "--incognito"))
    assert Rulebook(PrivacyRules()).match(browser) == PRIVATE
    assert Rulebook(PrivacyRules(private_browsing=False)).match(browser) is None


@given(title=st.text(max_size=300), application=st.text(max_size=50))
def test_any_title_can_be_asked_about(title: str, application: str) -> None:
    Rulebook(RULES).match(window(application, Rect(0, 0, 9, 9), title))


rects = st.builds(Rect, st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 9), st.integers(0, 9))


@given(one=rects, other=rects)
def test_what_is_left_of_a_rectangle_is_exactly_what_is_not_covered(one: Rect, other: Rect) -> None:
    def points(rect: Rect) -> set[tuple[int, int]]:
        return {(x, y) for x in range(rect.left, rect.right) for y in range(rect.top, rect.bottom)}

    parts = without(one, other)
    assert set().union(*(points(part) for part in parts)) == points(one) - points(other)
    assert covered_area([one, other]) == len(points(one) | points(other))
