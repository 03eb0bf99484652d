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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from core.errors import OutOfMemoryError, WeightsError
from core.model.config import ModelShape, read_shape, shape_fields
from core.model.network import HIGH_PRECISION, InfiniteVL
from core.model.quantize import HEAD, QuantizedLinear, keep_packed, pack_tied_head
from kernels.quantized_linear.naive import GROUP, LARGEST, unpack

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"
SUMS = "SHA256SUMS"
FETCH = "Fetch the model again."

SHARD = 5 * 10**9  # bytes of one weight file, as the published repositories cut them


@dataclass(frozen=True)
class Stored:
    """A tensor in a file. ``opened``: the file (safetensors gives it no type)."""

    file: Path
    opened: Any
    key: str

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.opened.get_slice(self.key).get_shape())

    def tensor(self) -> Tensor:
        """The values where the file is mapped: memory is taken as they are read, and kept while the file is open."""
        found: Tensor = self.opened.get_tensor(self.key)
        return found

    def brought_to(self, device: torch.device, dtype: torch.dtype) -> Tensor:
        """The values on a device in a dtype. Where that is another than the file's, the file's pages are let go."""
        mapped = self.tensor()
        if not mapped.is_floating_point():
            raise WeightsError(f"{self.key} holds {mapped.dtype} without a scale.", FETCH)
        if mapped.device == device and mapped.dtype == dtype:
            return mapped
        with _open(self.file) as again:
            changed: Tensor = again.get_tensor(self.key).to(device=device, dtype=dtype)
        return changed


Found = dict[str, Stored]  # by the network's name

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
            if any(Path(name).name != name for name in names):
                raise ValueError("a weight file outside its folder")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise WeightsError(f"{index} is not a readable index of weights.", FETCH) from None
        files = [folder / name for name in names]
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
                found[name] = Stored(file, opened, key)
        shape = _settled(shape, set(found))
        if shape.tie_word_embeddings:
            for name in ("weight", _SCALE):
                found.pop(f"{HEAD}.{name}", None)  # some files carry the tied head along
        with torch.device("meta"):
            model = InfiniteVL(shape)
        scales = {name: found.pop(name) for name in list(found) if name.endswith(_SCALE)}
        _compare(model, found, scales)
        _fill(model, found, scales, torch.device(device), dtype, packed)
        if any(isinstance(module, QuantizedLinear) for module in model.modules()):
            pack_tied_head(model)
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
    for name, stored in found.items():
        if stored.shape != tuple(wanted[name].shape) and _scale_of(name) not in scales:
            raise WeightsError(
                f"{stored.key} has shape {stored.shape}; the configuration wants {tuple(wanted[name].shape)}.", FETCH
            )


def _fill(
    model: nn.Module, found: Found, scales: Found, device: torch.device, dtype: torch.dtype, packed: bool
) -> None:
    try:
        for name, stored in found.items():
            owner, _, attribute = name.rpartition(".")
            kind = torch.float32 if attribute in HIGH_PRECISION else dtype
            if _scale_of(name) in scales:
                weight, scale = stored.tensor(), scales.pop(_scale_of(name)).tensor()
                _check_packed(weight, scale, tuple(model.get_parameter(name).shape), stored.key)
                if packed:
                    keep_packed(model, owner, weight.to(device), scale.to(device))
                    continue
                tensor = unpack(weight, scale, kind).to(device)
            else:
                tensor = stored.brought_to(device, kind)
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


def save(model: InfiniteVL, folder: Path, shard: int = SHARD) -> None:
    """Write config.json, the weights and their checksums in the published layout.

    ``shard``: the most bytes of one weight file (a larger tensor has one to itself); several come with an index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named = [*model.named_parameters(), *model.named_buffers()]  # buffers are the packed weights
    if model.shape.tie_word_embeddings is not False:
        named = [(name, tensor) for name, tensor in named if not name.startswith(f"{HEAD}.")]  # a copy
    shards = _shards({published_name(name): tensor.detach() for name, tensor in named}, shard)
    count = len(shards)
    files = [f"model-{n:05}-of-{count:05}.safetensors" if count > 1 else WHOLE for n in range(1, count + 1)]
    for file, tensors in zip(files, shards, strict=True):
        partial = folder / f".{file}.partial"  # the model may be mapped from the very file it is saved to
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial, {"format": "pt"})
        partial.replace(folder / file)
    (folder / INDEX).unlink(missing_ok=True)
    for old in folder.glob("model*.safetensors"):  # of a model saved here before
        if re.fullmatch(r"model(-\d{5}-of-\d{5})?\.safetensors", old.name) and old.name not in files:
            old.unlink()
    text = json.dumps(shape_fields(model.shape), indent=1)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")
    written = [CONFIG, *files]
    if count > 1:
        _write_index(folder, dict(zip(files, shards, strict=True)))
        written.append(INDEX)
    sums = "".join(f"{_digest(folder / name)}  {name}\n" for name in written)
    (folder / SUMS).write_text(sums, encoding="utf-8")


def _shards(tensors: dict[str, Tensor], most: int) -> list[dict[str, Tensor]]:
    """The tensors in order, cut where a file would grow beyond ``most`` bytes."""
    shards: list[dict[str, Tensor]] = [{}]
    filled = 0
    for name, tensor in tensors.items():
        if shards[-1] and filled + tensor.nbytes > most:
            shards.append({})
            filled = 0
        shards[-1][name] = tensor
        filled += tensor.nbytes
    return shards


def _write_index(folder: Path, shards: dict[str, dict[str, Tensor]]) -> None:
    total = sum(tensor.nbytes for tensors in shards.values() for tensor in tensors.values())
    places = {name: file for file, tensors in shards.items() for name in tensors}
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


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
