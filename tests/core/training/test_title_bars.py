"""Title bars as window managers draw them: the title readable and noted, or elided and not asked for."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from core.training.data import title_bars
from core.training.data.batches import Source
from core.training.data.canvas import CELL, Canvas, draw_theme
from core.training.data.fonts import _load
from core.training.data.screens import Drawer


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    return Source(framed=1.0).drawer()


def _bar(drawer: Drawer, seed: int, title: str, columns: int = 12) -> tuple[Canvas, int]:
    canvas = Canvas.blank(columns * CELL, 4 * CELL, draw_theme(Random(seed)))
    return canvas, title_bars.draw(drawer, Random(seed), canvas, title, 16)


def test_a_title_that_fits_is_noted_and_differs_from_its_ground(drawer: Drawer) -> None:
    for seed in range(60):
        canvas, height = _bar(drawer, seed, "ink_lid.txt")
        assert [fact.answer for fact in canvas.facts if fact.kind == "title"] == ["ink_lid.txt"]
        left, right = min(x for x, _, _ in canvas.marks), max(x for x, _, _ in canvas.marks)
        letters = canvas.pixels()[4 : height - 4, int(left) : int(right)].astype(int)
        assert np.ptp(letters.sum(-1)) > 150


def test_no_button_covers_a_title(drawer: Drawer) -> None:
    for seed in range(60):
        canvas, _ = _bar(drawer, seed, "A title of some length")
        if canvas.buttons is not None:
            assert max(x for x, _, _ in canvas.marks) < canvas.buttons


def test_a_title_that_does_not_fit_is_elided_and_no_fact(drawer: Drawer) -> None:
    title = "A title that is far too long for any bar of this width, whatever the typeface"
    for seed in range(20):
        canvas, _ = _bar(drawer, seed, title)
        assert not canvas.facts
        ((_, _, shown),) = canvas.written
        assert title_bars.ELLIPSIS in shown
        assert shown[:4] == title[:4]


def test_a_screen_whose_title_is_cut_does_not_claim_to_show_it(drawer: Drawer) -> None:
    screens = [drawer.screen(Random(seed), (8, 4), 18) for seed in range(120)]
    cut = [screen for screen in screens if any(title_bars.ELLIPSIS in line for line in screen.lines[:1])]
    assert cut
    assert not any(screen.title_drawn for screen in cut)
    for screen in screens:
        assert screen.title_drawn == any(fact.kind == "title" for fact in screen.facts)


def test_elided_text_fits_and_keeps_its_ends() -> None:
    font = _load(None, 14)
    assert font is not None
    shown = {title_bars.elided(Random(seed), "harbor_master_of_the_quay.txt", font, 120) for seed in range(20)}
    assert all(font.width(text) <= 120 for text in shown)
    assert {text.endswith(".txt") for text in shown} == {True, False}
