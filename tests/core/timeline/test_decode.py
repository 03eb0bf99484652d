from __future__ import annotations

import numpy as np
import pytest

from core.timeline.decode import Glyph, cells_of, glyphs_of, ink_of, settle_lookalikes, widest_gap

ALPHABET = ["blank", "a", "b", "0", "O"]


def spread(text: str, pitch: float = 10.0) -> list[Glyph]:
    return [Glyph(c, (i + 0.5) * pitch, 0.99) for i, c in enumerate(text)]


def ink_for(text: str, pitch: int = 10) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    ink = np.zeros(len(text) * pitch, bool)
    for i, c in enumerate(text):
        if c != " ":
            ink[i * pitch + 1 : (i + 1) * pitch - 1] = True
    return ink


def test_repeated_steps_are_one_character_and_blanks_part_two() -> None:
    best = [1, 1, 0, 1, 2, 0]
    probabilities = np.full((len(best), len(ALPHABET)), 0.01, np.float32)
    for step, character in enumerate(best):
        probabilities[step, character] = 0.9
    assert "".join(g.text for g in glyphs_of(probabilities, ALPHABET, 60)) == "aab"


def test_a_doubtful_zero_inside_a_word_is_the_letter() -> None:
    doubtful = Glyph("0", 45, 0.65, (("O", 0.26),))
    word = [*spread("TANG"), doubtful, *[Glyph(c, 55 + 10 * i, 0.9) for i, c in enumerate("-7")]]
    assert "".join(g.text for g in settle_lookalikes(word)) == "TANGO-7"


def test_a_doubtful_letter_inside_a_number_is_the_digit() -> None:
    doubtful = Glyph("O", 15, 0.6, (("0", 0.3),))
    assert "".join(g.text for g in settle_lookalikes([Glyph("4", 5, 0.9), doubtful, Glyph("7", 25, 0.9)])) == "407"


def test_a_sure_zero_beside_letters_stays() -> None:
    assert "".join(g.text for g in settle_lookalikes(spread("eth0"))) == "eth0"


@pytest.mark.parametrize(
    ("read", "meant"),
    [("Ox5E12", "0x5E12"), ("0xFFO0", "0xFF00"), ("ox7f", "0x7f"), ("Oxbed", "Oxbed"), ("Ox", "Ox")],
)
def test_a_hexadecimal_number_begins_with_a_zero(read: str, meant: str) -> None:
    assert "".join(g.text for g in settle_lookalikes(spread(read))) == meant


def test_a_lost_space_is_restored_from_the_gap() -> None:
    shown = "make all now"
    read = [g for g in spread(shown) if g.text != " "]
    (cell,) = cells_of(read, ink_for(shown), height=20)
    assert cell.text == shown


def test_no_space_is_put_before_punctuation_or_beside_an_underscore() -> None:
    shown = "tmp angle ."
    read = [*spread("tmp"), Glyph("_", 35, 0.9), *[Glyph(c, 45 + 10 * i, 0.9) for i, c in enumerate("angle")]]
    read.append(Glyph(".", 105, 0.9))
    (cell,) = cells_of(read, ink_for(shown), height=20)
    assert cell.text == "tmp_angle."


def test_a_wide_gap_parts_two_cells() -> None:
    shown = "Price      12.50"
    read = [g for g in spread(shown) if g.text != " "]
    cells = cells_of(read, ink_for(shown), height=20)
    assert [cell.text for cell in cells] == ["Price", "12.50"]
    assert cells[1].left >= 100


def test_ink_is_found_on_dark_and_on_light_ground() -> None:
    for ground, colour in ((250, 10), (12, 240)):
        picture = np.full((20, 30, 3), ground, np.uint8)
        picture[5:15, 10:14] = colour
        assert np.flatnonzero(ink_of(picture)).tolist() == [10, 11, 12, 13]


def test_the_widest_gap_between_two_characters() -> None:
    ink = np.array([True] * 5 + [False] * 3 + [True] * 2 + [False] * 6 + [True] * 4)
    assert widest_gap(ink, 2, 18)[0] == 6
