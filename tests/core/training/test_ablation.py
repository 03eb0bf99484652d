"""The comparisons: which jobs there are, that they go on after a stop, and the table beside the paper's figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.training.ablation import (
    BOTH,
    COLUMNS,
    CONFIGURATIONS,
    TABLES,
    TEACHER,
    Job,
    jobs_of,
    main,
    read_results,
    seed_of,
    table,
)
from core.training.curves import read_points

SMALL = (
    "--size", "smoke", "--device", "cpu", "--rows", "1", "--length", "300", "--tokens", "1500", "--log-every", "1",
    "--teacher-tokens", "600", "--validate", "1",
)  # fmt: skip


def test_teachers_come_first_and_what_has_a_result_does_not_come_again() -> None:
    teachers, students = jobs_of(["hybrid", "full"], [0, 1], {("hybrid", 0), ("full", 0), ("full", 1)})
    assert teachers == [Job(TEACHER, 1)]
    assert students == [Job("hybrid", 1)]


def test_no_stage_of_any_seed_repeats_another_ones_rows() -> None:
    seeds = [seed_of(seed, stage) for seed in range(3) for stage in (TEACHER, *BOTH)]
    assert len(set(seeds)) == len(seeds)


def test_every_row_of_the_tables_has_a_configuration() -> None:
    assert {name for rows in TABLES.values() for name, _ in rows} == {*CONFIGURATIONS, TEACHER}


def _one(out: Path, name: str, *more: str) -> int:
    return main(["one", "--out", str(out), "--name", name, "--seed", "3", *SMALL, *more])


def test_one_job_goes_through_its_stages_on_its_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _one(tmp_path, TEACHER, "--minutes", "0") == 0
    assert "not finished in time" in capsys.readouterr().out
    assert _one(tmp_path, TEACHER) == 0
    assert _one(tmp_path, "hybrid") == 0
    folder = Job("hybrid", 3).folder(tmp_path)
    assert [len(read_points(folder / stage)) for stage in BOTH] == [1, 2, 2]  # 300 tokens each
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert result["seed"] == 3
    assert result["attention"] == "1 of 4"
    assert result["accuracies"]["reading"][1] > 0
    assert _one(tmp_path, "full") == 0
    full = Job("full", 3).folder(tmp_path)
    assert not (full / "layers").exists()  # nothing to distil layer by layer: its tokens go to the next stage
    assert [len(read_points(full / stage)) for stage in BOTH[1:]] == [3, 2]


def test_all_jobs_run_side_by_side_and_leave_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "--out", str(tmp_path), "--only", "sft-only", "--seeds", "0", "--side-by-side", "2", *SMALL]
    assert main(command) == 0
    of_teacher, result = read_results(tmp_path)
    assert (of_teacher["name"], of_teacher["attention"]) == (TEACHER, "4 of 4")
    assert (result["name"], result["seed"], result["stages"]) == ("sft-only", 0, ["sft"])
    assert "| sft-only (attention in 1 of 4 layers) | 1 |" in capsys.readouterr().out
    assert not list(tmp_path.rglob("checkpoints"))  # finished stages keep their model alone
    before = (tmp_path / "results.jsonl").read_bytes()
    assert main(command) == 0  # nothing is left to do
    assert (tmp_path / "results.jsonl").read_bytes() == before


def _result(name: str, seed: int, reading: tuple[int, int]) -> dict[str, Any]:
    figures = dict.fromkeys(COLUMNS.values(), (0, 0)) | {"reading": reading}
    return {"name": name, "seed": seed, "attention": "1 of 4", "accuracies": figures}


def test_the_table_gives_means_and_spreads_beside_the_papers_figures() -> None:
    lines = table([_result("hybrid", seed, (right, 10)) for seed, right in enumerate((2, 4, 6))]).splitlines()
    row = next(line for line in lines if line.startswith("| hybrid"))
    assert row == "| hybrid (attention in 1 of 4 layers) | 3 | 0.400 ± 0.200 | - | - | - | - | - | - | 87.8 / 78.6 |"
    assert any(line.startswith("| eighth | 0 | - |") and "84.0 / 76.4" in line for line in lines)
