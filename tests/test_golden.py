"""The network answers as the reference did, and the command that checks it tells a wrong answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.golden import check, main

torch.set_num_threads(1)  # test processes run side by side; more threads would only wait for each other
TINY = Path(__file__).parent / "fixtures" / "tiny"


def test_every_tensor_of_the_golden_model_is_reproduced() -> None:
    findings = list(check(str(TINY)))
    assert [str(finding) for finding in findings if not finding.passed] == []
    expected = load_file(f"{TINY}_expected.safetensors")
    compared = {finding.name.partition("[")[0] for finding in findings}
    given = {"grid_thw", "input_ids", "pixel_values", "frames", "question_ids"}
    given |= {"frame_position_ids", "question_start_position", "time_offsets"}
    assert compared == {name for name in expected if name.partition(".")[2] not in given}


@pytest.mark.parametrize("name", ["prompt1.position_ids", "stream.answer_ids", "stream.last_logits"])
def test_the_command_fails_when_one_tensor_differs(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("config.json", "weights.safetensors"):
        shutil.copy(f"{TINY}_{part}", tmp_path / f"tiny_{part}")
    expected = load_file(f"{TINY}_expected.safetensors")
    expected[name] = expected[name] + torch.ones((), dtype=expected[name].dtype)
    save_file(expected, tmp_path / "tiny_expected.safetensors")
    assert main([str(tmp_path / "tiny")]) == 1
    assert f"FAIL  {name}" in capsys.readouterr().out


def test_the_command_fails_where_nothing_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 1
    assert "missing" in capsys.readouterr().out
