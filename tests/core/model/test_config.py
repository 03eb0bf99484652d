"""The published configuration's layout, its defaults, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import WeightsError
from core.model.bundle import tiny_shape
from core.model.config import ModelShape, parse_shape, read_shape, shape_fields


def test_an_empty_configuration_is_the_4b_model() -> None:
    assert parse_shape({}) == ModelShape(tie_word_embeddings=None)
    shape = ModelShape()
    assert (shape.num_hidden_layers, shape.window, shape.value_dim) == (36, 8192, 256)
    assert [i for i, linear in enumerate(shape.linear_layers) if not linear] == list(range(0, 36, 4))


def test_what_is_written_is_read_back() -> None:
    assert parse_shape(json.loads(json.dumps(shape_fields(tiny_shape())))) == tiny_shape()


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"text_config": {"hidden_size": 64}, "vision_config": {"out_hidden_size": 64}}, "hidden_size", 64),
        ({"rope_parameters": {"rope_theta": 5.0, "mrope_section": [20, 22, 22]}}, "rope_theta", 5.0),
        ({"rope_scaling": {"mrope_section": [20, 22, 22]}}, "mrope_section", (20, 22, 22)),
        ({"eos_token_id": [1, 2]}, "eos_token_ids", (1, 2)),
        ({"eos_token_id": 7}, "eos_token_ids", (7,)),
        ({"use_sliding_window": False, "max_position_embeddings": 500}, "window", 500),
        ({"sliding_window": 2048, "attention_sinks": 256}, "sinks", 256),
        ({"expand_v": 1.5}, "value_dim", 192),
        ({"num_hidden_layers": 4, "layer_types": ["full_attention"] * 4}, "linear_layers", (False, True, True, True)),
        ({"num_hidden_layers": 2, "layer_types": ["sliding_attention"] * 2}, "linear_layers", (False, False)),
        (
            {"num_hidden_layers": 2, "layer_types": ["linear_attention", "full_attention"]},
            "linear_layers",
            (True, False),
        ),
    ],
)
def test_fields_are_found_where_published_files_put_them(raw: dict[str, Any], field: str, value: object) -> None:
    assert getattr(parse_shape(raw), field) == value


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"hidden_size": "wide"}, "hidden_size"),
        ({"rope_scaling": {"mrope_section": [1, 2]}}, "mrope_section"),
        ({"head_dim": 64}, "mrope_section"),
        ({"num_key_value_heads": 3}, "num_key_value_heads"),
        ({"num_linear_key_value_heads": 4}, "num_linear_key_value_heads"),
        ({"vision_config": {"out_hidden_size": 3}}, "out_hidden_size"),
        ({"vision_config": {"num_heads": 7}}, "num_heads"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
    ],
)
def test_what_cannot_be_is_refused_by_name(raw: dict[str, Any], named: str) -> None:
    with pytest.raises(WeightsError, match=named):
        parse_shape(raw)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", None])
def test_a_file_that_is_no_configuration_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"config\.json"):
        read_shape(file)
