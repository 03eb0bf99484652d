"""The plot of recall: reports counted together, ages in order, and what is no report said so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from core.errors import InputError
from core.training.evaluate import Tally, interval
from core.training.plot_recall import main, points, read_reports


def _report(file: Path, answers: dict[str, tuple[int, int]]) -> Path:
    tally = Tally({key: list(pair) for key, pair in answers.items()})
    file.write_text(json.dumps({"suite": "full", "seed": 0, **tally.report()}), encoding="utf-8")
    return file


def test_reports_are_counted_together_and_ages_are_numbers(tmp_path: Path) -> None:
    first = _report(tmp_path / "a.json", {"recall_exact_16": (1, 3), "recall_exact_4": (2, 3), "size_14": (1, 1)})
    second = _report(tmp_path / "b.json", {"recall_exact_16": (4, 4), "zeroed_state_recall_exact_16": (0, 9)})
    tally = read_reports([first, second])
    near, far = points(tally, "")
    assert (near.age, near.count, far.age, far.count) == (4, 3, 16, 7)
    assert far.share == 5 / 7
    assert (far.low, far.high) == interval(5, 7)
    assert [point.share for point in points(tally, "zeroed_state_")] == [0.0]


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    answers = {
        f"{prefix}recall_exact_{age}": (9 - age // 4, 10)
        for age in (1, 4, 16)
        for prefix in ("", "baseline_last4_", "zeroed_state_")
    }
    assert main([str(_report(tmp_path / "a.json", answers)), "--out", str(tmp_path / "out" / "recall.png")]) == 0
    with Image.open(tmp_path / "out" / "recall.png") as image:
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 20


def test_what_is_no_report_or_holds_no_recall_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(InputError, match="no report"):
        read_reports([tmp_path / "list.json"])
    with pytest.raises(InputError, match="no report"):
        read_reports([tmp_path / "gone.json"])
    assert main([str(_report(tmp_path / "a.json", {"colour_exact": (1, 2)}))]) == 2
    assert "no recall" in capsys.readouterr().err
