"""What the model is shown: sizes, budgets, native pixels, and a header that is always one harmless line."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import CELL, GateConfig, PrivacyRules, VisionBudget
from core.frame import Pixels, Rect
from core.gate import Change, ChangedRegion, Gate
from core.preprocess import (
    MAX_APPLICATION,
    MAX_TITLE,
    bare,
    header,
    observe,
    observe_picture,
    overview_size,
    plain,
    shown,
)
from tests.helpers.frames import blank, frame, text, window

TIME = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)


def page(width: int, height: int, lines: Rect) -> Pixels:
    """A white page with lines of text-like detail in one rectangle."""
    pixels = blank(width, height)
    for top in range(lines.top, lines.bottom - 12, 20):
        pixels = text(pixels, lines.left, top, top, lines.width, 12)
    return pixels


def change(pixels: Pixels, *rects: Rect) -> Change:
    return Change(frame(pixels), tuple(ChangedRegion(rect, None) for rect in rects), 0.5, first=False)


def tokens(picture: Pixels) -> int:
    height, width = picture.shape[:2]
    assert height % CELL == 0 < height
    assert width % CELL == 0 < width
    return int(height * width // CELL**2)


def test_overview_first_then_the_region_at_native_resolution() -> None:
    pixels = page(1920, 1080, Rect(280, 280, 168, 84))
    overview, region = observe(change(pixels, Rect(280, 280, 168, 84)), VisionBudget()).pictures
    assert overview.shape == (224, 392, 3)
    assert (region == pixels[280:364, 280:448]).all()


def test_only_empty_desktop_outside_every_window_is_bare() -> None:
    empty, written, rect = blank(600, 400), page(600, 400, Rect(100, 100, 200, 60)), Rect(84, 84, 224, 84)
    assert bare(change(empty, rect, Rect(0, 0, 28, 28)))
    assert not bare(change(written, Rect(0, 0, 28, 28), rect))
    owned = Change(frame(empty), (ChangedRegion(rect, window("viewer", rect, "a page")),), 0.5, first=False)
    assert not bare(owned)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    places=st.lists(st.tuples(*(st.floats(0, 1) for _ in range(4))), min_size=1, max_size=6),
    overview=st.integers(1, 160),
    region=st.integers(0, 300),
    most=st.integers(0, 5),
)
def test_pictures_are_whole_cells_and_keep_the_budget(
    width: int,
    height: int,
    places: list[tuple[float, ...]],
    overview: int,
    region: int,
    most: int,
) -> None:
    pixels = blank(width, height)
    rects = [
        Rect(int(x * (width - 1)), int(y * (height - 1)), int(w * width) + 1, int(h * height) + 1).intersect(
            Rect(0, 0, width, height)
        )
        for x, y, w, h in places
    ]
    first, *others = observe(change(pixels, *rects), VisionBudget(overview, region, most)).pictures
    assert tokens(first) <= overview
    assert sum(tokens(other) for other in others) <= region
    assert len(others) <= most
    assert all(picture.dtype == np.uint8 and picture.flags.c_contiguous for picture in (first, *others))


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (2560, 1440), (3440, 1440), (1280, 1024), (1366, 768)])
def test_the_overview_keeps_the_aspect_of_usual_screens(size: tuple[int, int]) -> None:
    columns, rows = overview_size(*size, 128)
    assert 96 <= columns * rows <= 128
    assert columns / rows == pytest.approx(size[0] / size[1], rel=0.05)


def test_extreme_shapes_have_an_overview_too() -> None:
    assert overview_size(10_000, 20, 128) == (128, 1)
    assert overview_size(1, 100_000, 128) == (1, 128)
    assert overview_size(1, 1, 1) == (1, 1)


def test_a_large_region_is_shown_where_its_text_is_and_at_full_size() -> None:
    lines = Rect(600, 500, 500, 200)
    pixels = page(1920, 1080, lines)
    _, part = observe(change(pixels, Rect(0, 0, 1920, 1080)), VisionBudget()).pictures
    assert tokens(part) <= 256
    ink = int((pixels == 0).all(axis=2).sum())
    assert int((part == 0).all(axis=2).sum()) > 0.9 * ink


def test_a_slightly_too_large_region_is_scaled_down_whole() -> None:
    pixels = page(1920, 1080, Rect(0, 0, 560, 420))
    _, part = observe(change(pixels, Rect(0, 0, 560, 420)), VisionBudget()).pictures
    assert tokens(part) <= 256
    assert part.shape[1] / part.shape[0] == pytest.approx(560 / 420, rel=0.05)


def test_what_is_shown_of_a_change_is_told() -> None:
    pixels = page(1920, 1080, Rect(900, 600, 500, 120))
    budget = VisionBudget()
    for rect in (Rect(280, 280, 168, 84), Rect(0, 0, 560, 420), Rect(0, 0, 1920, 1080)):
        news = change(pixels, rect)
        _, part = observe(news, budget).pictures
        ((where, scale),) = shown(news, budget)
        assert where.intersect(rect) == where
        assert part.shape[1] / where.width == pytest.approx(scale, rel=0.05)
        assert (scale < 1) == (rect.width == 560)
    assert shown(change(page(280, 168, Rect(20, 20, 90, 60)), Rect(0, 0, 28, 28)), budget) == ()


def test_a_changed_word_is_shown_in_its_line_and_not_beyond_its_window() -> None:
    pixels = text(blank(1120, 560), 60, 230, 1, 500, 12)
    terminal = window("xterm", Rect(28, 28, 800, 500))
    change_in_window = Change(
        frame(pixels, 0, [terminal]), (ChangedRegion(Rect(308, 224, 28, 28), terminal),), 0.1, first=False
    )
    _, line = observe(change_in_window, VisionBudget()).pictures
    assert line.shape[:2] == (28, 560 - 56)
    assert (line == pixels[224:252, 56:560]).all()
    narrow = window("dialog", Rect(280, 200, 100, 100))
    change_in_dialog = Change(
        frame(pixels, 0, [narrow]), (ChangedRegion(Rect(308, 224, 28, 28), narrow),), 0.1, first=False
    )
    _, part = observe(change_in_dialog, VisionBudget()).pictures
    assert part.shape[:2] == (28, 392 - 280)


def test_letters_are_not_cut_at_the_edge_of_a_cell() -> None:
    pixels = blank(1120, 560)
    pixels[215:232, 300:310] = 0
    _, line = observe(change(pixels, Rect(280, 224, 28, 28)), VisionBudget()).pictures
    assert line.shape[0] == 56
    assert (line[:, :, 0] == 0).sum() == 17 * 10


def test_small_regions_leave_their_share_to_large_ones() -> None:
    pixels = page(1920, 1080, Rect(0, 300, 1900, 700))
    _, large, small = observe(change(pixels, Rect(0, 280, 1904, 700), Rect(28, 28, 56, 28)), VisionBudget()).pictures
    assert tokens(small) == 2
    assert tokens(large) > 230


def test_a_region_at_the_edge_is_native_all_the_same() -> None:
    pixels = text(blank(1920, 1080), 1905, 1070, 1, 15, 10)
    _, part = observe(change(pixels, Rect(1904, 1064, 16, 16)), VisionBudget()).pictures
    assert (part == pixels[1052:1080, 1892:1920]).all()


def test_a_picture_seen_in_full_is_not_repeated() -> None:
    assert len(observe_picture(blank(112, 56), TIME, "a", "b", VisionBudget()).pictures) == 1


def test_observing_is_deterministic() -> None:
    seen = [observe_picture(page(1920, 1080, Rect(0, 0, 1900, 1000)), TIME, "a", "b", VisionBudget()) for _ in "12"]
    assert all((one == other).all() for one, other in zip(seen[0].pictures, seen[1].pictures, strict=True))


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        observe_picture(np.zeros((0, 5, 3), np.uint8), TIME, "", "", VisionBudget())


def test_the_header_names_the_focused_window_when_it_changed_and_else_the_one_that_changed_most() -> None:
    typed = window("xterm", Rect(0, 0, 280, 420), "make", focused=True)
    other = window("browser", Rect(280, 0, 280, 420), "prices")
    gate = Gate(GateConfig(), PrivacyRules())
    first = gate.judge(frame(blank(), 0, [typed, other]))
    assert isinstance(first, Change)
    assert observe(first, VisionBudget()).header.endswith(" | xterm | make")
    elsewhere = gate.judge(frame(text(blank(), 400, 100, 1), 0.25, [typed, other]))
    assert isinstance(elsewhere, Change)
    assert observe(elsewhere, VisionBudget()).header.endswith(" | browser | prices")


def test_the_header_is_local_time_application_and_title(monkeypatch: pytest.MonkeyPatch) -> None:
    local = TIME.astimezone()
    assert header(TIME, "XTerm", "make") == f"{local:%Y-%m-%d} Mon {local:%H:%M:%S} | xterm | make"


@given(application=st.text(), title=st.text(max_size=2000))
def test_the_header_is_one_short_harmless_line_whatever_the_title(application: str, title: str) -> None:
    line = header(TIME, application, title)
    assert len(line) <= 23 + 6 + MAX_APPLICATION + MAX_TITLE
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in line)
    line.encode()


def test_plain_text_keeps_what_can_be_read() -> None:
    assert plain("  Grüße,\n\t世界 \u202e\x1b[31m! ", 50) == "Grüße, 世界 [31m!"
    assert plain("x" * 100, 10) == "xxxxxxxxx…"
