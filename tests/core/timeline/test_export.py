"""Exports are whole or not there."""

from __future__ import annotations

import errno
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import TimelineConfig
from core.errors import DiskFullError, EnvironmentTroubleError, InputError
from core.timeline.export import export
from core.timeline.rows import Where
from core.timeline.store import Timeline
from tests.core.timeline.views import as_lines, at, change, window


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    opened = Timeline(tmp_path / "timeline", TimelineConfig())
    for number in range(3):
        (moment,) = opened.add(change([f"page {number}"], 600 * number, window(f"page {number}", "editor")))
        opened.set_text(moment.id, as_lines([f"page {number}"]))
        opened.note_gone("screen:one", at(600 * number + 60))
    yield opened
    opened.close()


def test_the_selected_moments_are_written_oldest_first(timeline: Timeline, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    steps = list(export(timeline, Where(start=at(500)), folder, at(9999)))
    assert steps == [0.5, 1.0]
    written = json.loads((folder / "moments.json").read_text(encoding="utf-8"))
    assert written["made"] == at(9999).isoformat()
    assert [moment["window"] for moment in written["moments"]] == ["page 1", "page 2"]
    assert [line["text"] for line in written["moments"][0]["lines"]] == ["page 1"]
    assert sorted(path.name for path in (folder / "pictures").iterdir()) == ["00000002.webp", "00000003.webp"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "timeline"]


def test_what_is_forgotten_meanwhile_is_left_out(timeline: Timeline, tmp_path: Path) -> None:
    steps = export(timeline, Where(), tmp_path / "out", at(0))
    next(steps)
    timeline.forget(at(550), at(700))
    list(steps)
    written = json.loads((tmp_path / "out" / "moments.json").read_text(encoding="utf-8"))
    assert [moment["window"] for moment in written["moments"]] == ["page 0", "page 2"]


def test_closing_it_takes_back_what_was_written(timeline: Timeline, tmp_path: Path) -> None:
    steps = export(timeline, Where(), tmp_path / "out", at(0))
    next(steps)
    assert len(list(tmp_path.iterdir())) == 2
    steps.close()  # type: ignore[attr-defined]  # a generator
    assert [path.name for path in tmp_path.iterdir()] == ["timeline"]


@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, DiskFullError), (errno.EACCES, EnvironmentTroubleError)])
def test_a_full_or_forbidden_disk_is_told_and_nothing_is_left(
    timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[Exception]
) -> None:
    def refuse(self: Path, data: bytes) -> int:
        raise OSError(code, "no")

    steps = export(timeline, Where(), tmp_path / "out", at(0))
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(kind):
        list(steps)
    assert [path.name for path in tmp_path.iterdir()] == ["timeline"]


def test_a_really_full_disk_is_told_and_left_as_it_was(timeline: Timeline, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(small)]
    if subprocess.run(options, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        with pytest.raises(DiskFullError, match="no room"):
            list(export(timeline, Where(), small / "out", at(0)))
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_nothing_is_written_over_and_nothing_is_no_export(timeline: Timeline, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError):
        list(export(timeline, Where(), tmp_path / "out", at(0)))
    with pytest.raises(InputError):
        list(export(timeline, Where(title="nowhere"), tmp_path / "other", at(0)))
