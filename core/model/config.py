"""The architecture's shape, read from a published ``config.json``; missing fields take the documented defaults.

Knows nothing of tensors or devices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from core.errors import WeightsError

T = TypeVar("T")


@dataclass(frozen=True)
class VisionShape:
    """The vision tower (Qwen2.5-VL's ViT and merger)."""

    depth: int = 32
    hidden_size: int = 1280
    intermediate_size: int = 3420
    num_heads: int = 16
    in_channels: int = 3
    patch_size: int = 14  # pixels
    temporal_patch_size: int = 2  # pictures; a still picture is doubled
    spatial_merge_size: int = 2  # patches a side that become one token
    window_size: int = 112  # pixels
    fullatt_block_indexes: tuple[int, ...] = (7, 15, 23, 31)  # blocks that see the whole picture
    out_hidden_size: int = 2048
    tokens_per_second: float = 2.0  # steps of the temporal position a second of video
    norm_eps: float = 1e-6
    rope_theta: float = 1e4

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_heads

    @property
    def patch_values(self) -> int:
        """Numbers in one patch: channels x pictures x height x width."""
        return self.in_channels * self.temporal_patch_size * self.patch_size**2

    @property
    def merged_side(self) -> int:
        """Pixels a side of one token."""
        return self.patch_size * self.spatial_merge_size

    @property
    def window_tokens(self) -> int:
        """Tokens a side of one attention window."""
        return self.window_size // self.merged_side


@dataclass(frozen=True)
class ModelShape:
    """The whole network. ``linear_layers[i]`` says whether layer i is Gated DeltaNet (else window attention)."""

    vision: VisionShape = field(default_factory=VisionShape)
    vocab_size: int = 151936
    hidden_size: int = 2048
    intermediate_size: int = 11008
    linear_layers: tuple[bool, ...] = tuple(i % 4 != 0 for i in range(36))
    rms_norm_eps: float = 1e-6
    tie_word_embeddings: bool | None = True  # None: not said, the weights decide
    # window attention
    num_attention_heads: int = 16
    num_key_value_heads: int = 2
    head_dim: int = 128
    window: int = 8192  # tokens a token sees, itself included
    sinks: int = 0  # first tokens of the stream that stay visible for ever (the "Online" variant: 256)
    rope_theta: float = 1e6
    mrope_section: tuple[int, int, int] = (16, 24, 24)  # frequencies for time, height, width
    # gated delta rule
    num_linear_heads: int = 16
    linear_head_dim: int = 128
    expand_v: float = 2.0
    norm_eps: float = 1e-5
    conv_size: int = 4
    conv_bias: bool = False
    use_gate: bool = True
    use_short_conv: bool = True
    # tokens with a meaning
    image_token_id: int = 151655
    video_token_id: int = 151656
    vision_start_token_id: int = 151652
    vision_end_token_id: int = 151653
    eos_token_ids: tuple[int, ...] = (151645,)
    max_position_embeddings: int = 128000

    @property
    def num_hidden_layers(self) -> int:
        return len(self.linear_layers)

    @property
    def value_dim(self) -> int:
        """Width of one gated-delta head's values."""
        return int(self.linear_head_dim * self.expand_v)

    def cache_bytes_per_token(self, itemsize: int) -> int:
        """What a token takes in the key-value cache of a Transformer of this shape: every layer attending to all of
        the past, with the same heads. ``itemsize``: bytes of a number."""
        return 2 * self.num_hidden_layers * self.num_key_value_heads * self.head_dim * itemsize

    @property
    def conv_channels(self) -> int:
        """Channels through the short convolution: queries, keys and values side by side."""
        return self.num_linear_heads * (2 * self.linear_head_dim + self.value_dim)


def read_shape(file: Path) -> ModelShape:
    """The shape in a ``config.json``. Raises WeightsError naming the field that cannot be."""
    return parse_shape(read_json(file))


def read_json(file: Path, *, missing_is_empty: bool = False) -> dict[str, Any]:
    """The object in one of a model folder's JSON files. Raises WeightsError naming the file."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if missing_is_empty:
            return {}
        raise WeightsError(f"{file} is missing.", "Point to a folder that holds a whole model.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WeightsError(f"{file} cannot be read: {error}.", "Fetch the model again.") from None
    if not isinstance(raw, dict):
        raise WeightsError(f"{file} is not a JSON object.", "Fetch the model again.")
    return raw


def parse_shape(raw: Mapping[str, Any]) -> ModelShape:
    """The shape in a parsed configuration: text fields flat at the top, or under ``text_config``."""
    text = {**raw, **(raw.get("text_config") or {})}
    rope = {**(text.get("rope_scaling") or {}), **(text.get("rope_parameters") or {})}
    defaults = ModelShape()
    layers = _get(text, "num_hidden_layers", int, defaults.num_hidden_layers)
    hidden = _get(text, "hidden_size", int, defaults.hidden_size)
    heads = _get(text, "num_attention_heads", int, defaults.num_attention_heads)
    longest = _get(text, "max_position_embeddings", int, defaults.max_position_embeddings)
    sliding = text.get("use_sliding_window", True) and text.get("sliding_window", defaults.window)
    linear_heads = _get(text, "num_linear_heads", int, defaults.num_linear_heads)
    if _get(text, "num_linear_key_value_heads", int, linear_heads) != linear_heads:
        raise WeightsError("num_linear_key_value_heads differs from num_linear_heads, which has no meaning here.")
    tied = text.get("tie_word_embeddings")
    eos = text.get("eos_token_id", defaults.eos_token_ids)
    shape = ModelShape(
        vision=_parse_vision(raw.get("vision_config") or {}, hidden),
        vocab_size=_get(text, "vocab_size", int, defaults.vocab_size),
        hidden_size=hidden,
        intermediate_size=_get(text, "intermediate_size", int, defaults.intermediate_size),
        linear_layers=_parse_layers(text.get("layer_types"), layers),
        rms_norm_eps=_get(text, "rms_norm_eps", float, defaults.rms_norm_eps),
        tie_word_embeddings=None if tied is None else bool(tied),
        num_attention_heads=heads,
        num_key_value_heads=_get(text, "num_key_value_heads", int, defaults.num_key_value_heads),
        head_dim=_get(text, "head_dim", int, defaults.head_dim),
        window=int(sliding or longest),
        sinks=_get(text, "attention_sinks", int, defaults.sinks),
        rope_theta=float(rope.get("rope_theta", _get(text, "rope_theta", float, defaults.rope_theta))),
        mrope_section=_three(rope.get("mrope_section", defaults.mrope_section)),
        num_linear_heads=linear_heads,
        linear_head_dim=_get(text, "linear_head_dim", int, defaults.linear_head_dim),
        expand_v=_get(text, "expand_v", float, defaults.expand_v),
        norm_eps=_get(text, "norm_eps", float, defaults.norm_eps),
        conv_size=_get(text, "conv_size", int, defaults.conv_size),
        conv_bias=bool(text.get("conv_bias", defaults.conv_bias)),
        use_gate=bool(text.get("use_gate", defaults.use_gate)),
        use_short_conv=bool(text.get("use_short_conv", defaults.use_short_conv)),
        image_token_id=_get(text, "image_token_id", int, defaults.image_token_id),
        video_token_id=_get(text, "video_token_id", int, defaults.video_token_id),
        vision_start_token_id=_get(text, "vision_start_token_id", int, defaults.vision_start_token_id),
        vision_end_token_id=_get(text, "vision_end_token_id", int, defaults.vision_end_token_id),
        eos_token_ids=tuple(eos) if isinstance(eos, (list, tuple)) else (int(eos),),
        max_position_embeddings=longest,
    )
    _check(shape)
    return shape


def shape_fields(shape: ModelShape) -> dict[str, Any]:
    """The same in the published layout, so that :func:`parse_shape` reads it back."""
    flat = {name: value for name, value in vars(shape).items() if name not in _RENAMED}
    vision = dict(vars(shape.vision))
    vision["fullatt_block_indexes"] = list(shape.vision.fullatt_block_indexes)
    return flat | {
        "architectures": ["InfiniteVLQwen2_5_VLForConditionalGeneration"],
        "model_type": "infinite_vl",
        "hidden_act": "silu",
        "num_hidden_layers": shape.num_hidden_layers,
        "layer_types": ["linear_attention" if linear else "sliding_attention" for linear in shape.linear_layers],
        "num_linear_key_value_heads": shape.num_linear_heads,
        "sliding_window": shape.window,
        "use_sliding_window": True,
        "attention_sinks": shape.sinks,
        "rope_scaling": {"mrope_section": list(shape.mrope_section), "rope_type": "default", "type": "default"},
        "eos_token_id": list(shape.eos_token_ids),
        "vision_config": vision,
    }


_RENAMED = frozenset({"vision", "linear_layers", "window", "sinks", "mrope_section", "eos_token_ids"})


def _parse_vision(raw: Mapping[str, Any], hidden: int) -> VisionShape:
    names = set(VisionShape.__dataclass_fields__) - {"fullatt_block_indexes"}
    values: dict[str, Any] = {
        name: _get(raw, name, type(getattr(VisionShape, name)), None) for name in names if raw.get(name) is not None
    }
    values.setdefault("out_hidden_size", hidden)
    if raw.get("fullatt_block_indexes") is not None:
        values["fullatt_block_indexes"] = tuple(int(i) for i in raw["fullatt_block_indexes"])
    return VisionShape(**values)


def _parse_layers(types: Any, layers: int) -> tuple[bool, ...]:
    """Which layers are linear. Some checkpoints call every layer "full_attention": then the pattern holds."""
    told = isinstance(types, list) and len(types) == layers
    if told and ("linear_attention" in types or "full_attention" not in types):
        return tuple(kind == "linear_attention" for kind in types)
    return tuple(i % 4 != 0 for i in range(layers))


def _get(raw: Mapping[str, Any], name: str, kind: type[T], default: Any) -> T:
    value = raw.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WeightsError(f"config.json: {name} must be a number, not {value!r}.", "Fetch the model again.")
    return kind(value)  # type: ignore[call-arg]  # int and float take a number; mypy cannot say so of type[T]


def _three(values: Any) -> tuple[int, int, int]:
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        raise WeightsError(f"config.json: mrope_section must be three numbers, not {values!r}.")
    time, height, width = values
    return int(time), int(height), int(width)


def _check(shape: ModelShape) -> None:
    vision = shape.vision
    faults = {
        "mrope_section must sum to half of head_dim": sum(shape.mrope_section) * 2 != shape.head_dim,
        "num_attention_heads must be a multiple of num_key_value_heads": (
            shape.num_key_value_heads < 1 or shape.num_attention_heads % shape.num_key_value_heads != 0
        ),
        "vision hidden_size must be a multiple of num_heads": vision.hidden_size % max(1, vision.num_heads) != 0,
        "vision head width must be a multiple of 4": vision.head_dim % 4 != 0,
        "vision window_size must hold at least one merged patch": vision.window_tokens < 1,
        "vision out_hidden_size must equal hidden_size": vision.out_hidden_size != shape.hidden_size,
        "sliding_window must be at least 2": shape.window < 2,
        "num_hidden_layers must be at least 1": shape.num_hidden_layers < 1,
        "conv_size must be at least 2": shape.conv_size < 2,
    }
    for fault, present in faults.items():
        if present:
            raise WeightsError(f"config.json: {fault}.", "Fetch the model again.")
