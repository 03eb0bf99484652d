"""Every stage's command in miniature, one after the other, and going on after a stop."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.model import weights
from core.session import AskOptions, open_session
from core.training import distil, long_sft, sft, teacher
from core.training.curves import read_points
from core.training.plots import main as plot
from tests.helpers.models import observation

SMALL = ("--device", "cpu", "--rows", "1", "--length", "300", "--steps", "3", "--log-every", "1", "--rate", "1e-3")
Stage = tuple[Callable[[list[str]], int], tuple[str, ...]]
STAGES: dict[str, Stage] = {
    "teacher": (teacher.main, ("--size", "smoke", "--data", "drawn:reading=1")),
    "layers": (distil.main, ("layers", "--teacher", "{teacher}", "--window", "96")),
    "logits": (distil.main, ("logits", "--teacher", "{teacher}", "--model", "{layers}", "--checkpointing")),
    "sft": (sft.main, ("--model", "{logits}", "--precision", "bf16", "--validate", "1", "--accumulate", "1")),
    "long_sft": (long_sft.main, ("--model", "{sft}", "--length", "500", "--chunk", "160", "--data", "drawn:text=1")),
}


def _run(name: str, out: Path, root: Path, *more: str) -> None:
    call, given = STAGES[name]
    folders = {stage: str(root / stage / "model") for stage in STAGES}
    arguments = [part.format(**folders) for part in given]
    length = arguments.index("--length") if "--length" in arguments else None
    small = list(SMALL)
    if length is not None:
        small[small.index("--length") + 1] = arguments[length + 1]
    said = io.StringIO()
    with redirect_stdout(said):
        code = call([*arguments, *small, "--out", str(out), *more])
    assert code == 0, said.getvalue()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All stages, each from what the one before it left."""
    folder = tmp_path_factory.mktemp("stages")
    for name in STAGES:
        _run(name, folder / name, folder)
    return folder


def _tensors(model: Path) -> dict[str, torch.Tensor]:
    return {name: t for file in sorted(model.glob("*.safetensors")) for name, t in load_file(file).items()}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_leaves_its_curves_and_a_model(name: str, root: Path) -> None:
    points = read_points(root / name)
    assert [point["step"] for point in points] == [1, 2, 3]
    assert all(point["tokens_per_second"] > 0 and point["memory_gib"] > 0 for point in points)
    assert (root / name / "curves.png").read_bytes().startswith(b"\x89PNG")
    shape = weights.load(root / name / "model").shape
    assert shape.linear_layers == ((False,) * 4 if name == "teacher" else (False, True, True, True))


@pytest.mark.parametrize("name", STAGES)
def test_going_on_after_a_stop_equals_not_stopping(name: str, root: Path, tmp_path: Path) -> None:
    _run(name, tmp_path, root, "--until", "1")
    assert not (tmp_path / "model").exists()
    _run(name, tmp_path, root, "--resume")
    straight, resumed = _tensors(root / name / "model"), _tensors(tmp_path / "model")
    assert straight.keys() == resumed.keys()
    assert all(torch.equal(straight[key], resumed[key]) for key in straight)


def test_each_stage_changes_what_it_may(root: Path) -> None:
    models = {name: _tensors(root / name / "model") for name in STAGES}
    changed = {
        later: {key for key, tensor in models[later].items() if not torch.equal(tensor, models[earlier][key])}
        for earlier, later in (("layers", "logits"), ("logits", "sft"), ("sft", "long_sft"))
    }
    first = {key for key, t in models["layers"].items() if key in models["teacher"]
             and not torch.equal(t, models["teacher"][key])}  # fmt: skip
    assert all(".self_attn." in key and ".layers.0." not in key for key in first)
    assert not any(key.startswith("model.visual.") for key in changed["logits"])
    assert any(key.startswith("model.visual.") for key in changed["sft"])
    assert changed["long_sft"]
    assert all(key.endswith("_proj.weight") for key in changed["long_sft"])


def test_the_last_model_opens_in_the_real_session(root: Path) -> None:
    session = open_session(root / "long_sft" / "model", "cpu")
    assert session.see(observation(1)) > 0
    assert isinstance("".join(session.ask("What is the title?", options=AskOptions(max_tokens=2))), str)


def test_unseen_rows_are_counted_at_the_end(root: Path) -> None:
    lines = [json.loads(line) for line in (root / "sft" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    counted = next(line["accuracies"] for line in lines if "accuracies" in line)
    recall = {f"{name}{part}" for name in ("recall", "recall_text") for part in ("", "_open", "_far")}
    assert set(counted) == {"reading", "reading_tokens", *recall}
    assert all(0 <= right <= count for right, count in counted.values())
    assert counted["reading"][1] > 0


def test_curves_of_several_runs_are_drawn_together(root: Path, tmp_path: Path) -> None:
    assert plot([str(root / "layers"), str(root / "sft"), "--out", str(tmp_path / "both.png")]) == 0
    assert (tmp_path / "both.png").stat().st_size > 10_000


def test_a_step_that_does_not_fit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_much(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(sft.Answers, "forward", too_much)
    assert sft.main(["--size", "smoke", *SMALL, "--out", str(tmp_path)]) == 2
    assert "--accumulate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "arguments", "told"),
    [
        (sft.main, (), "Give --model DIR or --size"),
        (distil.main, ("logits", "--size", "smoke"), "Distillation needs a teacher"),
        (distil.main, ("layers", "--teacher", "{sft}"), "it is no teacher"),
        (distil.main, ("layers", "--teacher", "{teacher}", "--attention", "1"), "No Gated DeltaNet layer"),
        (distil.main, ("layers", "--teacher", "{teacher}", "--attention", "3/4"), "share of attention"),
        (sft.main, ("--model", "{nowhere}"), "config.json is missing"),
        (sft.main, ("--size", "smoke", "--data", "films"), "no source of data called 'films'"),
        (sft.main, ("--size", "smoke", "--data", "drawn:reading=much"), "not KIND=SHARE"),
        (sft.main, ("--size", "smoke", "--data", "drawn:films=1"), "cannot be drawn"),
        (sft.main, ("--size", "smoke", "--accumulate", "2"), "cannot be shared"),
    ],
)
def test_what_cannot_be_run_is_told(
    call: Callable[[list[str]], int],
    arguments: tuple[str, ...],
    told: str,
    root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folders = {stage: str(root / stage / "model") for stage in STAGES} | {"nowhere": str(tmp_path / "nowhere")}
    given = [part.format(**folders) for part in arguments]
    assert call([*given, *SMALL, "--out", str(tmp_path / "run")]) == 2
    assert told in capsys.readouterr().out
    assert not (tmp_path / "run").exists()  # the mended command may use it
