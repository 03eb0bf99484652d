from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.timeline.pictures import Pictures, decode, encode
from tests.core.timeline.views import drawn

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return Pictures(tmp_path, quality=45, thumbnail_side=100)


def test_text_is_kept_without_loss() -> None:
    screen = drawn(["some text", "and more"])
    assert np.array_equal(decode(encode(screen, 45)), screen)


def test_photographs_are_kept_small() -> None:
    photograph = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    assert len(encode(photograph, 45)) < photograph.nbytes / 3


def test_pictures_are_kept_by_day_and_never_overwrite_each_other(pictures: Pictures) -> None:
    one, _ = pictures.store(drawn(["one"]), NOW)
    two, _ = pictures.store(drawn(["two"]), NOW)
    assert one != two
    assert one.startswith("2026-11-20/")
    assert pictures.load(one) != pictures.load(two)


def test_thumbnails_are_apart_and_go_with_their_picture(pictures: Pictures, tmp_path: Path) -> None:
    key, _ = pictures.store(drawn(["one"]), NOW)
    assert pictures.thumbnail(key, drawn(["one"])) is not None
    assert pictures.has_thumbnail(key)
    pictures.remove(key)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize("key", ["../../etc/passwd", "2026-11-20/../x", "", "2026-11-20/zz", "/2026-11-20/ab"])
def test_keys_that_lead_elsewhere_are_refused(pictures: Pictures, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        pictures.load(key)
