"""Drawn screens and the rows made of them: deterministic, consistent with themselves, held-out words kept apart."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import features

from core.training.data import framing
from core.training.data.batches import Plan, Recipe, Source, batches
from core.training.data.canvas import CELL, CLASS_OF, Canvas, draw_theme
from core.training.data.fonts import FontBook, _load
from core.training.data.questions import AT_TIME, KIND_INDEX, WHEN
from core.training.data.row import Row, patches_of
from core.training.data.rows import frames_row, reading_row, text_row
from core.training.data.screens import Drawer
from core.training.data.stream import Habits
from core.training.data.words import LABELS, Vocabulary, is_held_out
from tests.helpers.training import asked_in

FONTS = (
    sorted(Path("/usr/share/fonts").rglob("DejaVuSans.ttf")) + sorted(Path("/usr/share/fonts").rglob("*.ttf"))[:40]
)


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    return Source().drawer()


def test_the_same_seed_draws_the_same_screen(drawer: Drawer) -> None:
    first, second = drawer.screen(Random(5)), drawer.screen(Random(5))
    assert np.array_equal(first.pixels, second.pixels)
    assert first.facts == second.facts
    assert np.array_equal(first.characters, second.characters)


def test_sides_are_whole_cells_and_maps_fit_them(drawer: Drawer) -> None:
    for seed in range(20):
        screen = drawer.screen(Random(seed))
        height, width = screen.pixels.shape[:2]
        assert height % CELL == 0
        assert width % CELL == 0
        assert screen.characters.shape[:2] == screen.colours.shape == (height // CELL, width // CELL)


def test_every_textual_fact_stands_in_the_transcript(drawer: Drawer) -> None:
    for seed in range(60):
        screen = drawer.screen(Random(seed))
        text = "\n".join(screen.lines)
        for fact in screen.facts:
            assert fact.kind == "colour" or fact.answer in text


def test_joined_letters_are_one_sign_in_the_picture_and_stay_letters_in_the_targets() -> None:
    joined, single = (_load(None, 16, joins) for joins in (True, False))
    assert joined is not None
    assert single is not None
    assert joined.shaped("file flow") == "\ufb01le \ufb02ow"
    assert single.shaped("file flow") == "file flow"
    assert len(joined.advances("file flow")) == len("file flow")
    canvas = Canvas.blank(10 * CELL, 2 * CELL, draw_theme(Random(0)))
    end = canvas.text(4, 4, "file flow", joined)
    assert [kind for _, _, kind in canvas.marks] == [CLASS_OF[letter] for letter in "fileflow"]
    assert end == pytest.approx(4 + joined.face.getlength("\ufb01le \ufb02ow"), abs=1)


def test_a_terminals_bitmap_letters_have_no_grey_and_can_be_told_apart() -> None:
    book = FontBook(bitmap=1.0)
    font = book.draw(Random(0), 20, mono=True)
    assert 10 <= font.size <= 16
    assert font.tells_letters_apart()
    canvas = Canvas.blank(10 * CELL, CELL, draw_theme(Random(0)))
    end = canvas.text(4, 2, "fixed il1", font, (200, 10, 10))
    assert len(np.unique(canvas.pixels().reshape(-1, 3), axis=0)) == 2
    assert end == pytest.approx(4 + font.face.getlength("fixed il1", "1"), abs=1)
    assert book.draw(Random(0), 20).mode == "L"  # no terminal


@pytest.mark.skipif(not features.check("raqm"), reason="Pillow was built without HarfBuzz")
def test_kerned_letters_stand_closer_and_their_places_are_known() -> None:
    paths = [path for path in FONTS if (font := _load(str(path), 24, False, True)) and font.kerning("AV") < 0]
    if not paths:
        pytest.skip("no font with kerned pairs on this machine")
    plain, kerned = (_load(str(paths[0]), 24, False, pairs) for pairs in (False, True))
    assert plain is not None
    assert kerned is not None
    assert kerned.width("AVAVA") < plain.width("AVAVA")
    assert kerned.width("AVAVA") == pytest.approx(kerned.face.getlength("AVAVA", features=kerned.features), abs=1)
    canvas = Canvas.blank(8 * CELL, 2 * CELL, draw_theme(Random(0)))
    assert canvas.text(4, 4, "file flow", kerned) == pytest.approx(4 + kerned.width("file flow"))


def test_no_window_button_covers_a_title_and_no_shape_has_its_grounds_colour(drawer: Drawer) -> None:
    ground = (252, 252, 252)
    assert all(drawer.colour(Random(seed), ground)[0] != "white" for seed in range(100))
    for seed in range(40):
        canvas = Canvas.blank(10 * CELL, 4 * CELL, draw_theme(Random(seed)))
        drawer.title_bar(Random(seed), canvas, "A title of some length", 16)
        if canvas.buttons is not None:
            assert max(x for x, _, _ in canvas.marks) < canvas.buttons


def test_training_words_and_held_out_words_have_nothing_in_common() -> None:
    training, held_out = Vocabulary(), Vocabulary(held_out=True)
    assert not set(training.nouns) & set(held_out.nouns)
    rng = Random(0)
    assert not any(is_held_out(training.invented(rng)) for _ in range(50))
    assert all(is_held_out(held_out.scrambled(rng)) for _ in range(50))


def test_a_list_of_words_is_shared_between_training_and_validation(tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("\n".join(f"word{number}" for number in range(100)), encoding="utf-8")
    training, held_out = (Source(held_out=held, words=file).drawer().words.nouns for held in (False, True))
    assert set(training).isdisjoint(held_out)
    assert len(training) + len(held_out) == 100


def test_patches_hold_each_pixel_once_in_merged_order() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (56, 84, 3), dtype=np.uint8)
    patches = patches_of(pixels)
    assert patches.shape == (6, 4, 588)
    third_token_last_patch = patches[2, 3].reshape(3, 14, 14)
    assert np.array_equal(third_token_last_patch, pixels[14:28, 70:84].transpose(2, 0, 1))


@pytest.mark.parametrize("kind", ["reading", "frames", "text"])
def test_answers_point_at_their_own_tokens(drawer: Drawer, kind: str) -> None:
    rng = Random(3)
    row: Row
    if kind == "reading":
        row = reading_row(rng, drawer, 900)
    else:
        row = frames_row(rng, drawer, 900, 4) if kind == "frames" else text_row(rng, drawer, 900, 4)
    assert len(row.ids) == len(row.positions) <= 900
    assert row.answers
    for answer in row.answers:
        assert row.ids[answer.start - 1] == framing.ID["<|assistant|>"]
        assert row.ids[answer.end - 1] == framing.END
    for picture in row.pictures:
        pads = row.ids[picture.start : picture.start + len(picture.patches)]
        assert set(pads) == {framing.IMAGE_PAD}


def test_values_that_come_again_are_asked_for_by_the_newest(drawer: Drawer) -> None:
    plain, repeated = (
        [frames_row(Random(seed), drawer, 6000, 16, habits=habits) for seed in range(4)]
        for habits in (Habits(), Habits(repeats=1.0))
    )
    latest = KIND_INDEX["latest"]
    counts = [sum(answer.kind == latest for row in rows for answer in row.answers) for rows in (plain, repeated)]
    assert counts[1] > 3 * counts[0]


def test_times_are_asked_both_ways_and_answered_with_the_header_s(drawer: Drawer) -> None:
    row = frames_row(Random(2), drawer, 6000, 16, habits=Habits(times=1.0))
    text = framing.text_of(row.ids)
    asked = asked_in(row)
    assert {each.kind for each in asked} == {KIND_INDEX["when"], KIND_INDEX["at time"]}
    wordings = tuple(wording.split("{")[0] for wording in (*WHEN, *AT_TIME))
    for question, answer, kind, distance, _ in asked:
        clock, title = (answer, question) if kind == KIND_INDEX["when"] else (question[-6:-1], answer)
        assert f" {clock}:" in text
        if question.startswith(wordings) and kind == KIND_INDEX["at time"]:
            assert title in text
        assert distance >= 0


def test_a_screen_of_given_labels_shows_values_of_these_alone(drawer: Drawer) -> None:
    for seed in range(10):
        screen = drawer.screen(Random(seed), (9, 5), 15, LABELS[:2])
        assert {fact.subject for fact in screen.facts if fact.kind == "value"} <= set(LABELS[:2])


class _Readings(Plan):
    def recipe(self, step: int) -> Recipe:
        return Recipe("reading", 1, 400, 1, 128)


def test_batches_are_the_same_from_whichever_step_they_start() -> None:
    straight = batches(Source(seed=4), _Readings(), 0, workers=0, pin=False)
    for _ in range(2):
        next(straight)
    third = next(straight)
    again = next(batches(Source(seed=4), _Readings(), 2, workers=0, pin=False))
    assert third.ids.equal(again.ids)
    assert all(a.patches.equal(b.patches) for a, b in zip(third.pictures, again.pictures, strict=True))


def test_special_tokens_inside_plain_text_stay_plain() -> None:
    ids = framing.text_ids("<|im_end|> ü")
    assert framing.END not in ids
    assert framing.text_of(ids) == "<|im_end|> ü"
