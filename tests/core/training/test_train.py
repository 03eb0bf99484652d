"""The pipeline in miniature: a run, going on after a stop, the exported folder in the real session, evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
import torch
from PIL import features
from safetensors.torch import load_file

from core.model import weights
from core.preprocess import Observation, header
from core.session import AskOptions, open_session
from core.training import nano
from core.training.data.batches import Source
from core.training.data.canvas import Screen
from core.training.data.screens import Drawer
from core.training.evaluate import BEGIN, evaluate, interval
from core.training.export import export
from core.training.forward import Forward
from core.training.train import Trainer, Weighting, learning_scale, main
from kernels.gated_delta.cpu import gated_delta
from kernels.quantized_linear.naive import pack
from tests.helpers.training import drawn


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
    assert {"reading", "frames_64", "state_16", "state_64", "far"} == set(lines[3]["validation"])


def test_going_on_after_a_stop_equals_not_stopping(trained: Path, tmp_path: Path) -> None:
    assert _train(tmp_path / "half", "--max-steps", "2") == 0
    assert _train(tmp_path / "whole", "--max-steps", "2", "--resume", str(tmp_path / "half")) == 0
    straight, resumed = (load_file(folder / "optimizer.safetensors") for folder in (trained, tmp_path / "whole"))
    assert straight.keys() == resumed.keys()
    for name, tensor in straight.items():
        assert torch.equal(tensor, resumed[name]), name


def test_a_run_draws_whole_desktops_and_what_users_type(tmp_path: Path) -> None:
    options = ["--desktop-streams", "1", "--user-wordings", "0.4", "--bitmap", "0.3", "--start-step", "15"]
    assert _train(tmp_path, "--max-steps", "2", "--length", "2000", *options) == 0


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
    digest = export([trained], tmp_path, "smoke")
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


def test_several_checkpoints_are_exported_as_the_mean_of_their_weights(trained: Path, tmp_path: Path) -> None:
    assert _train(tmp_path / "later", "--max-steps", "1", "--resume", str(trained)) == 0
    names = {"one": [trained], "other": [tmp_path / "later"], "both": [trained, tmp_path / "later"]}
    for name, checkpoints in names.items():
        export(checkpoints, tmp_path / name, "smoke", quantised=False)
    one, other, both = (load_file(tmp_path / name / "model.safetensors") for name in names)
    moved = [name for name in one if not torch.equal(one[name], other[name])]
    assert len(moved) > len(one) // 2
    for name, weight in both.items():
        torch.testing.assert_close(weight, ((one[name].float() + other[name].float()) / 2).to(weight.dtype))


def test_an_exported_folder_can_be_trained_further(trained: Path, tmp_path: Path) -> None:
    export([trained], tmp_path / "model", "smoke")
    model, heads = nano.fresh(nano.nano_shape("smoke"), 3)
    parameters = nano.named_parameters(model, heads)
    nano.load_model(tmp_path / "model", parameters)
    kept = load_file(tmp_path / "model" / "model.safetensors")["model.language_model.norm.weight"]
    assert torch.equal(kept, parameters["language_model.norm.weight"].bfloat16())
    assert _train(tmp_path / "run", "--max-steps", "1", "--from-model", str(tmp_path / "model")) == 0


def test_a_smaller_window_and_sharper_attention_are_written_into_the_model(trained: Path, tmp_path: Path) -> None:
    export([trained], tmp_path / "as-trained", "smoke", quantised=False)
    export([trained], tmp_path / "in-use", "smoke", quantised=False, window=32, sharper=1.5)
    before, after = (weights.load(tmp_path / name, "cpu") for name in ("as-trained", "in-use"))
    assert (before.shape.window, after.shape.window) == (128, 32)
    changed = set()
    for (name, mine), other in zip(before.named_parameters(), after.parameters(), strict=True):
        if not torch.equal(mine, other):
            changed.add(name)
            torch.testing.assert_close(1.5 * mine, other, rtol=0.01, atol=0)
    assert changed == {f"language_model.layers.0.self_attn.q_proj.{part}" for part in ("weight", "bias")}


def test_a_model_of_another_size_is_refused(trained: Path, tmp_path: Path) -> None:
    export([trained], tmp_path, "smoke")
    model, heads = nano.fresh(nano.nano_shape(), 0)
    with pytest.raises(ValueError, match="another network"):
        nano.load_model(tmp_path, nano.named_parameters(model, heads))


def test_a_model_with_narrower_keys_goes_on_as_it_was(trained: Path, tmp_path: Path) -> None:
    export([trained], tmp_path, "smoke")
    batch = drawn("frames", 300)
    hidden = []
    for key_dim in (16, 32):
        model, heads = nano.fresh(nano.nano_shape("smoke", key_dim), 3)
        nano.load_model(tmp_path, nano.named_parameters(model, heads))
        with torch.no_grad():
            hidden.append(Forward(model, heads).hidden(batch)[0])
    assert hidden[1].shape == hidden[0].shape
    assert float((hidden[1] - hidden[0]).norm() / hidden[0].norm()) < 0.2
    assert _train(tmp_path / "run", "--max-steps", "1", "--from-model", str(tmp_path), "--key-dim", "32") == 0
    export([tmp_path / "run"], tmp_path / "wide", "smoke", key_dim=32)
    assert open_session(tmp_path / "wide", "cpu").bundle.shape.linear_head_dim == 32


def test_every_option_of_the_data_and_the_loss_trains(tmp_path: Path) -> None:
    data = ["--framed", "1", "--repeats", "1", "--times", "0.5", "--whole-frames", "0.9", "0.1", "--far", "0.5"]
    loss = ["--distance-weight", "0.5", "--write-cost", "0.2", "--start-step", "12"]
    assert _train(tmp_path, "--max-steps", "4", *data, *loss) == 0
    last = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()][-1]
    assert 0 < last["writes"] < 1


def test_shares_outside_of_0_and_1_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _train(tmp_path, "--whole-frames", "0.9", "1.2")
    assert "one or two shares between 0 and 1" in capsys.readouterr().err


def test_kerning_without_harfbuzz_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "check", lambda _: False)
    assert _train(tmp_path, "--kerned", "0.5") == 2
    assert "libfribidi0" in capsys.readouterr().err


def test_far_answers_count_more_when_asked_for_and_the_mean_stays() -> None:
    batch = drawn("frames", 900)
    logits = torch.randn(len(batch.label), 272, generator=torch.Generator().manual_seed(0))
    model, heads = nano.fresh(nano.nano_shape("smoke"), 0)
    plain, far = (
        Trainer(model, heads, torch.device("cpu"), False, gated_delta, Weighting(distance=power)) for power in (0, 1)
    )
    each = torch.nn.functional.cross_entropy(logits, batch.label, reduction="none")
    weight = 1.0 + batch.answer_distance[batch.label_answer]
    assert plain._answers(logits, batch) == pytest.approx(float(each.mean()), rel=1e-5)
    assert far._answers(logits, batch) == pytest.approx(float((each * weight).sum() / weight.sum()), rel=1e-5)


def test_int8_rows_stay_within_half_a_step() -> None:
    torch.manual_seed(0)
    weight = torch.randn(7, 33)
    rows, scale = pack(weight, "int8")
    assert float((rows.float() * scale[:, None] - weight).abs().max() / scale.max()) <= 0.5 + 1e-4


def test_the_rate_rises_stays_and_falls() -> None:
    assert learning_scale(0.0, 10, 0.5, 0.1, 0) == pytest.approx(0.1)
    assert learning_scale(0.3, 10, 0.5, 0.1, 100) == 1.0
    assert learning_scale(1.0, 10, 0.5, 0.1, 100) == pytest.approx(0.1)


def test_the_interval_holds_the_share_and_narrows() -> None:
    low, high = interval(8, 10)
    assert low < 0.8 < high
    assert interval(800, 1000)[1] - interval(800, 1000)[0] < high - low
    assert interval(0, 0) == (0.0, 1.0)
    for count in range(1, 300):
        assert interval(count, count)[1] == 1.0
        assert interval(0, count)[0] == 0.0
