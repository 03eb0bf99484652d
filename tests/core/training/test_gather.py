"""What a training run draws with: typefaces cut down to the letters that are drawn, and words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont

from core.errors import InputError
from core.training.data.gather import HELD, SAMPLED_LISTS, TRAIN, WHOLE_LISTS, cut_down, find_fonts, words_of

SYSTEM = Path("/usr/share/fonts/truetype/dejavu")


def test_a_typeface_cut_down_draws_its_letters_as_before_and_is_smaller(tmp_path: Path) -> None:
    (font,) = find_fonts(["DejaVuSans"], [SYSTEM])
    cut_down(font, tmp_path / font.name)
    whole, small = (ImageFont.truetype(file, 16) for file in (font, tmp_path / font.name))
    for letters in ("Invoice 4711", "ﬁ ﬂ", "Größe €"):
        assert small.getmask(letters).getbbox() == whole.getmask(letters).getbbox()
        assert bytes(small.getmask(letters)) == bytes(whole.getmask(letters))
    assert (tmp_path / font.name).stat().st_size < font.stat().st_size / 2


def test_a_typeface_that_is_not_there_is_named_with_what_to_install() -> None:
    with pytest.raises(InputError, match="Nowhere-Sans") as refused:
        find_fonts(["DejaVuSans", "Nowhere-Sans"], [SYSTEM])
    assert "apt-get install" in refused.value.remedy


def test_no_typeface_is_both_learnt_from_and_held_back() -> None:
    assert not set(TRAIN) & set(HELD)


def test_words_are_plain_and_come_once(tmp_path: Path) -> None:
    for name in (*WHOLE_LISTS, *SAMPLED_LISTS):
        (tmp_path / name).write_text("harbor\nit's\nGrüße\na\nextraordinarily\nAnna\n", encoding="utf-8")
    assert words_of(tmp_path) == ["Anna", "harbor"]


def test_a_missing_dictionary_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="american-english"):
        words_of(tmp_path)
