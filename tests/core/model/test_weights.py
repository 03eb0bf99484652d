"""Model folders: both key prefixes, shards, packed bytes; whatever does not fit is refused by name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import WeightsError
from core.model import weights
from core.model.network import InfiniteVL
from tests.helpers.models import network

ROOT = Path(__file__).resolve().parents[3]
NORM = "model.language_model.norm.weight"


def same(ours: InfiniteVL, theirs: InfiniteVL) -> bool:
    left, right = dict(ours.named_parameters()), dict(theirs.named_parameters())
    return left.keys() == right.keys() and all(left[name].equal(right[name]) for name in left)


def rewrite(folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    """Change the weights behind the checksums' back."""
    file = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(file).items()}
    save_file(change(tensors), file)
    (folder / weights.SUMS).unlink(missing_ok=True)


@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_model_is_loaded_back(tied: bool, tmp_path: Path) -> None:
    model = network(tie_word_embeddings=tied)
    weights.save(model, tmp_path)
    assert same(weights.load(tmp_path), model)


def test_names_without_the_model_prefix_are_accepted(tmp_path: Path) -> None:
    model = network()
    weights.save(model, tmp_path)

    def older(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        return {
            name.replace("model.visual.", "visual.").replace("model.language_model.", "model."): tensor
            for name, tensor in tensors.items()
        }

    rewrite(tmp_path, older)
    assert same(weights.load(tmp_path), model)


def test_shards_are_found_through_their_index(tmp_path: Path) -> None:
    model = network()
    weights.save(model, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / weights.SUMS).unlink()
    halves = [dict(list(tensors.items())[start::2]) for start in (0, 1)]
    for number, half in enumerate(halves):
        save_file(half, tmp_path / f"part{number}.safetensors")
    places = {name: f"part{number}.safetensors" for number, half in enumerate(halves) for name in half}
    (tmp_path / weights.INDEX).write_text(json.dumps({"weight_map": places}), encoding="utf-8")
    assert same(weights.load(tmp_path), model)
    (tmp_path / "part1.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"part1\.safetensors"):
        weights.load(tmp_path)


def test_large_models_are_saved_in_shards_with_an_index(tmp_path: Path) -> None:
    model = network()
    weights.save(model, tmp_path)
    whole = load_file(tmp_path / "model.safetensors")
    weights.save(model, tmp_path, shard=50_000)
    index = json.loads((tmp_path / weights.INDEX).read_text(encoding="utf-8"))
    files = sorted(file.name for file in tmp_path.glob("*.safetensors"))
    assert files[0] == f"model-00001-of-{len(files):05}.safetensors"
    assert len(files) > 2
    assert sorted(set(index["weight_map"].values())) == files
    assert index["weight_map"].keys() == whole.keys()
    assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in whole.values())
    for name, file in index["weight_map"].items():
        assert load_file(tmp_path / file)[name].equal(whole[name])
    assert all((tmp_path / file).stat().st_size < 60_000 or len(load_file(tmp_path / file)) == 1 for file in files)
    assert same(weights.load(tmp_path), model)
    (tmp_path / "model-notes.safetensors.txt").touch()  # not ours
    weights.save(model, tmp_path)  # and back: nothing of the shards is left over
    assert same(weights.load(tmp_path), model)
    left = sorted(file.name for file in tmp_path.glob("*.safetensors*"))
    assert left == ["model-notes.safetensors.txt", "model.safetensors"]


def test_a_model_may_be_saved_where_it_was_loaded_from(tmp_path: Path) -> None:
    weights.save(network(), tmp_path)
    weights.save(weights.load(tmp_path), tmp_path)
    assert same(weights.load(tmp_path), network())


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"weight_map": 3}', '{"weight_map": {"a": 7}}', '{"weight_map": {"a": "../model.safetensors"}}'],
)
def test_an_index_that_cannot_be_followed_is_named(content: str, tmp_path: Path) -> None:
    weights.save(network(), tmp_path)
    (tmp_path / weights.INDEX).write_text(content, encoding="utf-8")
    with pytest.raises(WeightsError, match=re.escape(weights.INDEX)):
        weights.load(tmp_path)


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    weights.save(network(), tmp_path, shard=50_000)
    file = sorted(tmp_path.glob("model-*"))[1]
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match=rf"{re.escape(file.name)}.*checksum"):
        weights.load(tmp_path)


def test_bytes_without_a_scale_are_refused(tmp_path: Path) -> None:
    weights.save(network(), tmp_path)
    rewrite(tmp_path, lambda tensors: tensors | {NORM: tensors[NORM].to(torch.int8)})
    with pytest.raises(WeightsError, match=rf"{re.escape(NORM)} holds torch.int8 without a scale"):
        weights.load(tmp_path)


PEAK = """
import re, sys
from pathlib import Path
import torch
from core.model import weights
torch.set_num_threads(1)
small, large = map(Path, sys.argv[1:3])
weights.load(small, dtype=getattr(torch, sys.argv[3]))  # what the first use of anything takes is no matter here
peak = lambda: 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
parameters = list(weights.load(large, dtype=getattr(torch, sys.argv[3])).parameters())
for parameter in parameters:
    parameter.sum()
print((peak() - before) / sum(parameter.nbytes for parameter in parameters))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("stored", "wanted"), [("float32", "float32"), ("float32", "bfloat16"), ("bfloat16", "float32")]
)
def test_weights_are_never_in_memory_twice(stored: str, wanted: str, tmp_path: Path) -> None:
    large = network(
        hidden_size=1024, intermediate_size=4096, vision=replace(network().shape.vision, out_hidden_size=1024)
    )
    for model, folder in ((network(), "small"), (large, "large")):
        weights.save(weights.place(model, "cpu", getattr(torch, stored)), tmp_path / folder)
    del large, model
    command = [sys.executable, "-c", PEAK, str(tmp_path / "small"), str(tmp_path / "large"), wanted]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert 0.9 < float(told.stdout) < 1.3


def test_precision_is_asked_for_and_the_decay_keeps_its_own(tmp_path: Path) -> None:
    weights.save(network(), tmp_path)
    model = weights.load(tmp_path, dtype=torch.bfloat16)
    kinds = {name: parameter.dtype for name, parameter in model.named_parameters()}
    assert {kind for name, kind in kinds.items() if not name.endswith(("A_log", "dt_bias"))} == {torch.bfloat16}
    assert {kind for name, kind in kinds.items() if name.endswith(("A_log", "dt_bias"))} == {torch.float32}


def test_rows_packed_as_bytes_are_unpacked(tmp_path: Path) -> None:
    model = network()
    weights.save(model, tmp_path)
    name = "model.language_model.layers.1.mlp.up_proj.weight"

    def pack(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        scale = tensors[name].abs().amax(1) / 127
        packed = (tensors[name] / scale[:, None]).round().to(torch.int8)
        return tensors | {name: packed, f"{name}_scale": scale}

    rewrite(tmp_path, pack)
    loaded = weights.load(tmp_path).get_parameter(weights.network_name(name)).detach()
    wanted = model.get_parameter(weights.network_name(name)).detach()
    assert float((loaded - wanted).abs().max()) <= float(wanted.abs().max()) / 254 + 1e-7
    rewrite(tmp_path, lambda tensors: tensors | {"model.visual.nothing.weight_scale": torch.ones(1)})
    with pytest.raises(WeightsError, match=r"nothing\.weight_scale"):
        weights.load(tmp_path)


@pytest.mark.parametrize("layers", [(True, False, True), (True, True), (False, False)])
def test_layers_are_what_their_weights_say(layers: tuple[bool, ...], tmp_path: Path) -> None:
    weights.save(network(linear_layers=layers), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config["layer_types"] = ["full_attention"] * len(layers)
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / weights.SUMS).unlink()
    assert weights.load(tmp_path).shape.linear_layers == layers


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: {k: v for k, v in t.items() if k != NORM}, f"lack {NORM}"),
        (lambda t: t | {"model.visual.extra": torch.ones(1)}, r"superfluous model\.visual\.extra"),
        (lambda t: t | {NORM: torch.ones(3)}, rf"{NORM} has shape \(3,\)"),
        (lambda t: t | {"model.norm.weight": torch.ones(64)}, "second time"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], words: str, tmp_path: Path
) -> None:
    weights.save(network(), tmp_path)
    rewrite(tmp_path, change)
    with pytest.raises(WeightsError, match=words):
        weights.load(tmp_path)


@pytest.mark.parametrize("harm", [lambda b: b[:-50], lambda b: b[:20], lambda b: b"", lambda b: b"\xff" * 500])
def test_a_damaged_file_is_named(harm: Callable[[bytes], bytes], tmp_path: Path) -> None:
    weights.save(network(), tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(WeightsError, match=r"model\.safetensors.*checksum"):
        weights.load(tmp_path)
    (tmp_path / weights.SUMS).unlink()
    with pytest.raises(WeightsError, match=re.escape(str(file))):
        weights.load(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    weights.save(network(), tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"lacks model\.safetensors"):
        weights.load(tmp_path)
    (tmp_path / weights.SUMS).unlink()
    with pytest.raises(WeightsError, match=r"no .*safetensors"):
        weights.load(tmp_path)


def test_models_are_told_apart_whatever_their_precision(tmp_path: Path) -> None:
    model = network()
    weights.save(model, tmp_path)
    assert weights.fingerprint(model) == weights.fingerprint(weights.load(tmp_path, dtype=torch.bfloat16))
    assert weights.fingerprint(model) != weights.fingerprint(network(seed=1))
    assert weights.fingerprint(model) != weights.fingerprint(network(window=64))
