"""Model folders: safetensors straight into a network on its device, and a network back into a folder.

Reads what the published repositories hold (one file or shards with an index, either key prefix) and refuses, by
name, what does not fit. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from core.errors import OutOfMemoryError, WeightsError
from core.model.config import ModelShape, read_shape, shape_fields
from core.model.network import HIGH_PRECISION, InfiniteVL
from core.model.quantize import keep_packed
from kernels.quantized_linear.naive import GROUP, LARGEST, unpack

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
SUMS = "SHA256SUMS"
FETCH = "Fetch the model again."

Found = dict[str, tuple[Any, str]]  # by the network's name: the opened file (safetensors has no types) and its key

_PREFIXES = (  # how files name the parts, and how the network does; the first match counts
    ("model.visual.", "visual."),
    ("model.language_model.", "language_model."),
    ("visual.", "visual."),
    ("language_model.", "language_model."),
    ("lm_head.", "lm_head."),
    ("model.", "language_model."),
)
_SCALE = "weight_scale"


def network_name(key: str) -> str:
    """A file's tensor name as the network's: the one place for key surgery."""
    for prefix, ours in _PREFIXES:
        if key.startswith(prefix):
            return ours + key[len(prefix) :]
    return key


def published_name(name: str) -> str:
    """The network's tensor name as files are written."""
    return name if name.startswith("lm_head.") else f"model.{name}"


def load(
    folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32, *, packed: bool = False
) -> InfiniteVL:
    """The network a folder holds, in evaluation mode. Raises WeightsError, naming what is wrong.

    ``packed`` leaves weights that are stored in 8 or 4 bits so: less memory, slower without a kernel for them.
    """
    shape = read_shape(folder / CONFIG)
    verify(folder)
    return load_files(shape, weight_files(folder), device, dtype, packed=packed)


def weight_files(folder: Path) -> list[Path]:
    """The weight files of a folder: those its index names, or every ``*.safetensors`` in it."""
    index = folder / INDEX
    if index.exists():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise WeightsError(f"{index} is not a readable index of weights.", FETCH) from None
        files = [folder / str(name) for name in names]
    else:
        files = sorted(folder.glob("*.safetensors"))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise WeightsError(f"{folder} lacks {', '.join(missing)}.", FETCH)
    if not files:
        raise WeightsError(f"{folder} holds no *.safetensors file.", "Point to a folder that holds a whole model.")
    return files


def load_files(
    shape: ModelShape,
    files: Sequence[Path],
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    *,
    packed: bool = False,
) -> InfiniteVL:
    """Build the network of ``shape`` from weight files, each tensor going straight to its place.

    What the files say goes over the configuration: which layers are linear, and (where the configuration is silent)
    whether the head is tied.
    """
    with ExitStack() as stack:
        found: Found = {}
        for file in files:
            opened = stack.enter_context(_open(file))
            for key in opened.keys():  # noqa: SIM118  # safe_open is no mapping and cannot be iterated over
                name = network_name(key)
                if name in found:
                    raise WeightsError(f"{file.name} holds {key} a second time.", FETCH)
                found[name] = (opened, key)
        shape = _settled(shape, set(found))
        if shape.tie_word_embeddings:
            found.pop("lm_head.weight", None)  # some files carry the tied head along
        with torch.device("meta"):
            model = InfiniteVL(shape)
        scales = {name: found.pop(name) for name in list(found) if name.endswith(_SCALE)}
        _compare(model, found, scales)
        _fill(model, found, scales, torch.device(device), dtype, packed)
    return model.eval().requires_grad_(requires_grad=False)


def _settled(shape: ModelShape, names: set[str]) -> ModelShape:
    """The shape with what the weights' names say about it."""
    linear = {
        int(match[1]) for name in names if (match := re.fullmatch(r"language_model\.layers\.(\d+)\..*A_log", name))
    }
    tied = shape.tie_word_embeddings
    return replace(
        shape,
        linear_layers=tuple(i in linear for i in range(shape.num_hidden_layers)),
        tie_word_embeddings="lm_head.weight" not in names if tied is None else tied,
    )


def _compare(model: nn.Module, found: Found, scales: Found) -> None:
    """Raise unless the files hold exactly the network's tensors, each of its shape (packed ones are seen later)."""
    wanted = dict(model.named_parameters())
    for kind, names in (
        ("lack", sorted(wanted.keys() - found.keys())),
        ("hold a superfluous", sorted(found.keys() - wanted.keys())),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise WeightsError(f"The weight files {kind} {published_name(names[0])}{more}.", FETCH)
    for name, (opened, key) in found.items():
        shape = tuple(opened.get_slice(key).get_shape())
        if shape != tuple(wanted[name].shape) and _scale_of(name) not in scales:
            raise WeightsError(
                f"{key} has shape {shape}; the configuration wants {tuple(wanted[name].shape)}.", FETCH
            )


def _fill(
    model: nn.Module, found: Found, scales: Found, device: torch.device, dtype: torch.dtype, packed: bool
) -> None:
    try:
        for name, (opened, key) in found.items():
            owner, _, attribute = name.rpartition(".")
            kind = torch.float32 if attribute in HIGH_PRECISION else dtype
            tensor: Tensor = opened.get_tensor(key)
            if _scale_of(name) in scales:
                file, scale_key = scales.pop(_scale_of(name))
                scale = file.get_tensor(scale_key)
                _check_packed(tensor, scale, tuple(model.get_parameter(name).shape), key)
                if packed:
                    keep_packed(model, owner, tensor.to(device), scale.to(device))
                    continue
                tensor = unpack(tensor, scale, kind)
            tensor = tensor.to(device=device, dtype=kind)
            setattr(model.get_submodule(owner), attribute, nn.Parameter(tensor, requires_grad=False))
        if scales:
            raise WeightsError(f"The weight files hold a superfluous {published_name(min(scales))}.", FETCH)
    except torch.OutOfMemoryError:
        raise OutOfMemoryError(
            f"The model does not fit into the memory of {device}.", "Choose a smaller or quantised model."
        ) from None


def _scale_of(name: str) -> str:
    return name.removesuffix("weight") + _SCALE


def _check_packed(weight: Tensor, scale: Tensor, shape: tuple[int, ...], key: str) -> None:
    """Raise unless these are 8 bits by rows or 4 bits by groups of a matrix of ``shape``."""
    rows, columns = shape if len(shape) == 2 else (0, 0)
    eight = weight.dtype in LARGEST and weight.shape == shape and scale.shape == (rows,)
    halved, grouped = (rows, columns // 2), (rows, columns // GROUP)
    four = weight.dtype == torch.uint8 and weight.shape == halved and scale.shape == grouped
    if not (rows and (eight or four) and scale.is_floating_point()):
        raise WeightsError(f"{key} and its scale do not fit together, or not the configuration.", FETCH)


def place(model: InfiniteVL, device: torch.device | str, dtype: torch.dtype) -> InfiniteVL:
    """Move a network, for use without gradients, to a device and dtype; what needs fp32 stays so."""
    model.to(device=device, dtype=dtype)
    for name, parameter in model.named_parameters():
        if name.endswith(HIGH_PRECISION):
            parameter.data = parameter.data.float()
    return model.eval().requires_grad_(requires_grad=False)


def _open(file: Path) -> Any:
    try:
        return safe_open(file, framework="pt")
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{file} is damaged or cut short: {error}.", FETCH) from None


def save(model: InfiniteVL, folder: Path) -> None:
    """Write config.json, the weights and their checksums in the published layout."""
    folder.mkdir(parents=True, exist_ok=True)
    named = [*model.named_parameters(), *model.named_buffers()]  # buffers are the packed weights
    tensors = {published_name(name): tensor.detach().contiguous() for name, tensor in named}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    text = json.dumps(shape_fields(model.shape), indent=1)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")
    sums = "".join(f"{_digest(folder / name)}  {name}\n" for name in (CONFIG, "model.safetensors"))
    (folder / SUMS).write_text(sums, encoding="utf-8")


def verify(folder: Path) -> None:
    """Compare every file listed in the folder's SHA256SUMS, where it has one; raise on the first that differs."""
    for digest, name in _sums(folder):
        file = folder / name
        if not file.is_file():
            raise WeightsError(f"{folder} lacks {name}.", FETCH)
        if _digest(file) != digest:
            raise WeightsError(f"{file} does not match its checksum.", FETCH)


def _sums(folder: Path) -> Iterator[tuple[str, str]]:
    file = folder / SUMS
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            if name:
                yield digest, name


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fingerprint(model: InfiniteVL) -> str:
    """Tells models apart, so that a state is not loaded into another: the shape and a few weights' bytes."""
    text = json.dumps(shape_fields(model.shape), sort_keys=True)
    norms = [model.language_model.norm.weight, model.language_model.layers[0].get_parameter("input_layernorm.weight")]
    sample = [*norms, model.language_model.embed_tokens.weight[::97, :4]]
    digest = hashlib.sha256(text.encode())
    for tensor in sample:
        rounded = tensor.detach().to(torch.bfloat16).float()  # the same whatever precision the model was loaded in
        digest.update(rounded.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]
