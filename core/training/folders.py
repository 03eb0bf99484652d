"""Model folders that stages hand on to each other and to the engine, in the published layout.

Weights in bf16 but for the few that need fp32, in shards with an index; the tokenizer and the other small files come
along from the folder that the run started from.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from core.model.config import ModelShape, shape_fields
from core.model.network import HIGH_PRECISION
from core.model.weights import CONFIG, INDEX, SUMS, published_name

COMPANIONS = (
    "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "chat_template.jinja",
    "chat_template.json", "generation_config.json", "afterimage.json",
)  # fmt: skip
BUILT_IN = Path(__file__).parents[2] / "resources" / "nano"


def write_model(
    folder: Path, shape: ModelShape, tensors: dict[str, Tensor], companions: Path, shard_bytes: int = 4 * 2**30
) -> None:
    """``tensors`` by the network's names. Shards are at most ``shard_bytes`` long, or one tensor."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (*folder.glob("*.safetensors"), folder / INDEX):
        stale.unlink(missing_ok=True)
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in tensors.items():
        kept = tensor.detach().to("cpu", torch.float32 if name.endswith(HIGH_PRECISION) else torch.bfloat16)
        if shards[-1] and size + kept.nbytes > shard_bytes:
            shards.append({})
            size = 0
        shards[-1][published_name(name)] = kept.contiguous()
        size += kept.nbytes
    places: dict[str, str] = {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(shard, file)
    bytes_of_all = sum(tensor.nbytes for shard in shards for tensor in shard.values())
    _write(folder / INDEX, {"metadata": {"total_size": bytes_of_all}, "weight_map": places})
    _write(folder / CONFIG, shape_fields(shape))
    for name in COMPANIONS:
        if (companions / name).is_file():
            shutil.copyfile(companions / name, folder / name)
    sums = []
    for name in (CONFIG, *sorted(set(places.values()))):
        with (folder / name).open("rb") as opened:
            sums.append(f"{hashlib.file_digest(opened, 'sha256').hexdigest()}  {name}\n")
    (folder / SUMS).write_text("".join(sums), encoding="utf-8")


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
