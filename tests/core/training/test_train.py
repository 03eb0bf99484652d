"""The pipeline in miniature: a run, going on after a stop, the exported folder in the real session, evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file

from core.preprocess import Observation, header
from core.session import AskOptions, open_session
from core.training import nano
from core.training.data.batches import Source
from core.training.data.rows import frames_row
from core.training.data.screens import Drawer, Screen
from core.training.evaluate import BEGIN, evaluate, interval
from core.training.export import export
from core.training.train import Curriculum, learning_scale, main
from kernels.quantized_linear.naive import pack


def _train(folder: Path, *more: str) -> int:
    fixed = ["--size", "smoke", "--device", "cpu", "--rows", "1", "--length", "300", "--plan-steps", "20"]
    constant = ["--warm-steps", "1", "--decay-from", "1.0", "--log-every", "2", "--keep-optimizer", "--seed", "6"]
    return main(["--out", str(folder), *fixed, *constant, *more])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert _train(folder, "--max-steps", "4", "--validate", "0.1") == 0
    return folder


def test_a_run_leaves_a_checkpoint_and_its_figures(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0]["options"]["seed"] == 6
    assert [line["step"] for line in lines[1:3]] == [2, 4]
    assert {"reading", "frames_64", "state_16", "state_64"} == set(lines[3]["validation"])


def test_going_on_after_a_stop_equals_not_stopping(trained: Path, tmp_path: Path) -> None:
    assert _train(tmp_path / "half", "--max-steps", "2") == 0
    assert _train(tmp_path / "whole", "--max-steps", "2", "--resume", str(tmp_path / "half")) == 0
    straight, resumed = (load_file(folder / "optimizer.safetensors") for folder in (trained, tmp_path / "whole"))
    assert straight.keys() == resumed.keys()
    for name, tensor in straight.items():
        assert torch.equal(tensor, resumed[name]), name


def test_a_vision_tower_can_start_another_run(trained: Path, tmp_path: Path) -> None:
    assert _train(tmp_path, "--max-steps", "1", "--vision-from", str(trained)) == 0


def test_a_checkpoint_of_another_network_is_refused(trained: Path) -> None:
    model, heads = nano.fresh(nano.nano_shape("smoke"), 0)
    parameters = nano.named_parameters(model, heads)
    del parameters["visual.merger.ln_q.weight"]
    with pytest.raises(ValueError, match="another network"):
        nano.load_checkpoint(trained, parameters)
    with pytest.raises(FileNotFoundError):
        nano.load_checkpoint(trained / "nowhere", parameters)


def test_the_exported_folder_opens_and_is_evaluated(trained: Path, tmp_path: Path) -> None:
    digest = export(trained, tmp_path, "smoke")
    assert digest in (tmp_path / "SHA256SUMS").read_text(encoding="utf-8")
    session = open_session(tmp_path, "cpu")
    assert not session.facts.answers
    drawer: Drawer = Source().drawer()
    screen = drawer.screen(Random(1))
    assert session.fork().see(_observation(screen)) > screen.colours.size
    pieces = list(session.ask("What is the title?", options=AskOptions(max_tokens=2)))
    assert len(pieces) <= 2
    report = evaluate(session, drawer, "quick", 1, seconds=0.5).report()
    assert set(report["intervals"]) == set(report["counts"])


def _observation(screen: Screen) -> Observation:
    return Observation(BEGIN, header(BEGIN, screen.application, screen.title), (screen.pixels,))


def test_an_exported_folder_can_be_trained_further(trained: Path, tmp_path: Path) -> None:
    export(trained, tmp_path / "model", "smoke")
    model, heads = nano.fresh(nano.nano_shape("smoke"), 3)
    parameters = nano.named_parameters(model, heads)
    nano.load_model(tmp_path / "model", parameters)
    kept = load_file(tmp_path / "model" / "model.safetensors")["model.language_model.norm.weight"]
    assert torch.equal(kept, parameters["language_model.norm.weight"].bfloat16())
    assert _train(tmp_path / "run", "--max-steps", "1", "--from-model", str(tmp_path / "model")) == 0


def test_a_model_of_another_size_is_refused(trained: Path, tmp_path: Path) -> None:
    export(trained, tmp_path, "smoke")
    model, heads = nano.fresh(nano.nano_shape(), 0)
    with pytest.raises(ValueError, match="another network"):
        nano.load_model(tmp_path, nano.named_parameters(model, heads))


def test_int8_rows_stay_within_half_a_step() -> None:
    torch.manual_seed(0)
    weight = torch.randn(7, 33)
    rows, scale = pack(weight, "int8")
    assert float((rows.float() * scale[:, None] - weight).abs().max() / scale.max()) <= 0.5 + 1e-4


def test_the_rate_rises_stays_and_falls() -> None:
    assert learning_scale(0.0, 10, 0.5, 0.1, 0) == pytest.approx(0.1)
    assert learning_scale(0.3, 10, 0.5, 0.1, 100) == 1.0
    assert learning_scale(1.0, 10, 0.5, 0.1, 100) == pytest.approx(0.1)


def test_the_curriculum_depends_on_the_step_alone() -> None:
    plan = Curriculum(1000)
    assert [plan.recipe(step) for step in range(50)] == [plan.recipe(step) for step in range(50)]
    assert all(plan.recipe(step).kind != "frames" for step in range(40))
    assert all(recipe.rows * recipe.length == 8 * 4096 for recipe in map(plan.recipe, range(0, 1000, 7)))


def test_streams_are_long_enough_for_the_distances_they_ask() -> None:
    drawer, plan = Source().drawer(), Curriculum(10000, rows=16)
    recipes = [plan.recipe(step) for step in range(7000, 9000)]
    farthest = max((recipe for recipe in recipes if recipe.kind == "frames"), key=lambda recipe: recipe.furthest)
    assert farthest.furthest > 200
    for seed in (1, 2):
        row = frames_row(Random(seed), drawer, farthest.length, farthest.furthest)
        assert max(answer.distance for answer in row.answers) > 0.9 * farthest.furthest


def test_the_interval_holds_the_share_and_narrows() -> None:
    low, high = interval(8, 10)
    assert low < 0.8 < high
    assert interval(800, 1000)[1] - interval(800, 1000)[0] < high - low
    assert interval(0, 0) == (0.0, 1.0)
