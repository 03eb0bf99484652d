"""Two real processes over gloo do what one does, replicated and sharded, and read each other's checkpoints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

SMALL = (
    "--device", "cpu", "--rows", "2", "--length", "300", "--steps", "3", "--log-every", "1", "--rate", "1e-3",
    "--data", "drawn:reading=0.5,text=0.5",
)  # fmt: skip
ALONE = (sys.executable, "-m")
BOTH = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")


def _run(start: tuple[str, ...], out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [*start, "core.training.sft", "--size", "smoke", *SMALL, "--out", str(out), *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=100)


def _weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(next((out / "model").glob("*.safetensors")))


def _close(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    """Equal but for the order of sums: at most the last bit of bf16 in a few places."""
    assert ours.keys() == theirs.keys()
    return all(torch.allclose(ours[name].float(), theirs[name].float(), rtol=0.01, atol=1e-6) for name in ours)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process that takes both rows of a step one after the other."""
    out = tmp_path_factory.mktemp("alone")
    done = _run(ALONE, out, "--accumulate", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_two_processes_with_copies_do_what_one_does(alone: Path, tmp_path: Path) -> None:
    done = _run(BOTH, tmp_path, "--parallel", "ddp")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("step 3 loss") == 1  # the first process alone speaks
    assert _close(_weights(tmp_path), _weights(alone))


def test_two_processes_with_shards_do_what_one_does_and_another_number_goes_on(alone: Path, tmp_path: Path) -> None:
    done = _run(BOTH, tmp_path, "--parallel", "fsdp", "--checkpointing", "--until", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    shards = {file.name for file in (tmp_path / "checkpoints" / "step-00000002").glob("*.distcp")}
    assert shards == {"__0_0.distcp", "__1_0.distcp"}
    done = _run(ALONE, tmp_path, "--accumulate", "2", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _close(_weights(tmp_path), _weights(alone))


def test_a_mistake_is_told_once_and_ends_both(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    done = _run(BOTH, tmp_path)
    assert done.returncode != 0
    assert done.stdout.count("holds a run already") == 1
