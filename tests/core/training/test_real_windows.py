"""A corpus of captured windows: what is read of it, how it stands on a desktop, and what a broken one says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from core.errors import InputError
from core.training.data.batches import Recipe, Source
from core.training.data.canvas import CELL
from core.training.data.desktop import framed
from core.training.data.real_windows import LIST, Corpus

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ENTRY = {
    "file": "one.webp", "program": "qt", "application": "ledger", "title": "Harbor dues",
    "lines": ["Order number: 48213", "Total: $7.50"], "fields": [["Order number", "48213"], ["Total", "$7.50"]],
    "size": 15,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    colours = np.random.default_rng(0).integers(0, 256, (120, 300, 3), dtype=np.uint8)
    Image.fromarray(colours).save(tmp_path / "one.webp", lossless=True)
    (tmp_path / LIST).write_text(json.dumps(ENTRY) + "\n", encoding="utf-8")
    return tmp_path


def test_a_window_comes_with_its_facts(folder: Path) -> None:
    screen = Corpus(folder).draw(Random(0))
    asked = {(fact.kind, fact.subject): fact.answer for fact in screen.facts}
    assert asked["title", ""] == "Harbor dues"
    assert asked["value", "order number"] == "48213"
    assert asked["last line", ""] == "Total: $7.50"
    assert screen.lines[0] == "Harbor dues"


def test_below_a_menu_no_line_is_called_the_first(folder: Path) -> None:
    (folder / LIST).write_text(json.dumps(ENTRY | {"program": "mousepad"}) + "\n", encoding="utf-8")
    kinds = {fact.kind for fact in Corpus(folder).draw(Random(0)).facts}
    assert "first line" not in kinds
    assert {"title", "last line"} <= kinds


def test_on_a_desktop_its_pixels_stand_in_one_picture_unchanged(folder: Path) -> None:
    screen = Corpus(folder).draw(Random(0))
    seen = framed(Random(1), screen, [], NOON, "", (1280, 720))
    overview, region = seen.pictures
    assert overview.shape[0] * overview.shape[1] <= 128 * CELL**2
    corner = screen.pixels[0, 0]
    places = np.argwhere((region == corner).all(-1))
    height, width = screen.pixels.shape[:2]
    assert any(np.array_equal(region[y : y + height, x : x + width], screen.pixels) for y, x in places)
    assert seen.header.endswith("| ledger | ")


def test_rows_read_real_windows(folder: Path) -> None:
    source = Source(windows=folder)
    corpus = source.corpus()
    assert corpus is not None
    batch = source.make(3, Recipe("reading", 6, 4096, 1, 512), source.drawer(), corpus)
    text = bytes(int(i) for i in batch.ids.flatten() if i < 256).decode()
    assert "Harbor dues" in text or "48213" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "holds no windows"), ("{", "line 1"), ('{"file": 1}', "line 1"), (None, "no windows.jsonl")],
)
def test_a_broken_corpus_says_where(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / LIST).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        Corpus(tmp_path)
