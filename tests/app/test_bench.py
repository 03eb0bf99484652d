"""``afterimage bench``: a line a figure, for people or as JSON, the timeline's own at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import bench
from app.cli import main
from app.paths import HOME_VARIABLE, Paths
from core.measure import Figure

ENGINE = (
    Figure("frame in, 448x448", 217.734, "ms", 135.881, "448x448, 256 tokens"),
    Figure("token out, int4", None, "ms", remark="left out: takes 1.9 GB more"),
)


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, paths: Paths) -> list[tuple[object, ...]]:
    """An engine whose figures are known; the list tells what was asked of it."""
    asked: list[tuple[object, ...]] = []

    def figures(*given: object) -> Iterator[Figure]:
        asked.append(given)
        yield from ENGINE

    monkeypatch.setattr(bench, "engine_figures", figures)
    monkeypatch.setattr(bench, "SEARCHED", 3)
    monkeypatch.setenv(HOME_VARIABLE, str(paths.home))
    return asked


def test_figures_stand_beside_their_floors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench"]) == 0
    head, frame, packed, note, search = capsys.readouterr().out.splitlines()
    assert head.split() == ["measured", "at", "best"]
    assert frame.split() == ["frame", "in,", "448x448", "217.73", "ms", "135.88", "448x448,", "256", "tokens"]
    assert packed.split()[:6] == ["token", "out,", "int4", "-", "ms", "-"]
    assert packed.endswith("left out: takes 1.9 GB more")
    assert note.startswith("note a changed window")
    assert search.startswith("search the timeline")


def test_the_same_in_json(
    engine: list[tuple[object, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--json", "--random", "4b", "--model", str(tmp_path)]) == 0
    rows = [Figure(**json.loads(line)) for line in capsys.readouterr().out.splitlines()]
    assert tuple(rows[:2]) == ENGINE
    assert all(row.value and row.value > 0 for row in rows[2:])
    assert engine == [(tmp_path, "auto", "4b")]
