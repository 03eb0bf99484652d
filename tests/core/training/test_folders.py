"""Model folders of the stages: shards with an index and checksums, the small files come along."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from core.errors import WeightsError
from core.model import weights
from core.training.folders import BUILT_IN, write_model
from tests.helpers.models import network


def test_shards_are_no_larger_than_asked_and_load_back(tmp_path: Path) -> None:
    model = network()
    tensors = {name: parameter.detach() for name, parameter in model.named_parameters()}
    write_model(tmp_path, model.shape, tensors, BUILT_IN, shard_bytes=60_000)
    files = list(tmp_path.glob("model-*-of-*.safetensors"))
    largest = max(tensor.numel() * 2 for tensor in tensors.values())
    assert len(files) > 2
    assert max(file.stat().st_size for file in files) < max(60_000, largest) + 8_000  # and the header
    index = json.loads((tmp_path / weights.INDEX).read_text(encoding="utf-8"))
    assert set(index["weight_map"].values()) == {file.name for file in files}
    found = dict(weights.load(tmp_path).named_parameters())
    for name, tensor in tensors.items():
        kept = tensor if name.endswith(("A_log", "dt_bias")) else tensor.bfloat16().float()
        assert torch.equal(found[name], kept), name
    assert (tmp_path / "tokenizer.json").read_bytes() == (BUILT_IN / "tokenizer.json").read_bytes()


def test_writing_again_leaves_nothing_of_before(tmp_path: Path) -> None:
    model = network()
    tensors = {name: parameter.detach() for name, parameter in model.named_parameters()}
    write_model(tmp_path, model.shape, tensors, BUILT_IN, shard_bytes=60_000)
    write_model(tmp_path, model.shape, tensors, BUILT_IN)
    assert [file.name for file in tmp_path.glob("*.safetensors")] == ["model-00001-of-00001.safetensors"]
    weights.verify(tmp_path)


def test_a_damaged_shard_is_found(tmp_path: Path) -> None:
    model = network()
    write_model(tmp_path, model.shape, {name: p.detach() for name, p in model.named_parameters()}, BUILT_IN)
    file = next(tmp_path.glob("*.safetensors"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="checksum"):
        weights.load(tmp_path)
