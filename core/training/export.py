"""Writes a checkpoint as the model folder that ships: ``python -m core.training.export CHECKPOINT... FOLDER``.

The folder has the published layout. Large matrices become int8 with one scale a row, which halves the file once more
at no measured loss; embeddings, gates, convolutions and norms stay in bf16, decays in fp32. Of several checkpoints of
one training the mean of the weights is written, which tends to be better than each (arXiv 2203.05482).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.model.config import shape_fields
from core.model.layers import WindowAttention
from core.training import nano
from core.training.data import framing
from core.training.forward import DEVIATION, MEAN
from kernels.quantized_linear.naive import pack

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|user|>' if message.role == 'user' else '<|assistant|>' }}{{ message.content }}"
    "{% if message.role != 'user' %}<|im_end|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}\n"
)
WHOLE = ("embed_tokens", "a_proj", "b_proj", "conv1d", "patch_embed")  # matrices that are not quantised


def tensors_of(parameters: dict[str, Tensor], quantised: bool) -> dict[str, Tensor]:
    """The file's tensors by published name. Training-only heads stay out."""
    out: dict[str, Tensor] = {}
    for name, parameter in parameters.items():
        if name.startswith("dense."):
            continue
        published = f"model.{name}"
        if quantised and parameter.ndim == 2 and not any(part in name for part in WHOLE):
            out[published], out[f"{published}_scale"] = pack(parameter.detach(), "int8")
        elif name.endswith(nano.PRECISE):
            out[published] = parameter.detach().float().contiguous()
        else:
            out[published] = parameter.detach().bfloat16().contiguous()
    return out


def load_mean(checkpoints: Sequence[Path], parameters: dict[str, nn.Parameter]) -> None:
    """Fill ``parameters`` with the mean of the checkpoints' weights."""
    total = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    for checkpoint in checkpoints:
        nano.load_checkpoint(checkpoint, parameters)
        for name, parameter in parameters.items():
            total[name] += parameter.detach()
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(total[name] / len(checkpoints))


def export(
    checkpoints: Sequence[Path],
    folder: Path,
    size: str = "nano",
    answers: bool = False,
    quantised: bool = True,
    key_dim: int | None = None,
    window: int | None = None,
    sharper: float = 1.0,
) -> str:
    """Write the model folder; returns the SHA-256 of its weights. ``key_dim``: as the checkpoints were trained.

    Raises FileNotFoundError where a checkpoint is none, ValueError where it belongs to another network.
    ``window``: tokens that attention sees in use, where that is to be fewer than in training. ``sharper``: factor of
    the scores of attention, put into the queries' projections; above 1 it counters how a softmax thins out over more
    tokens than most rows of training held.
    """
    trained = nano.nano_shape(size, key_dim)
    shape = replace(trained, window=window or trained.window)
    model, heads = nano.fresh(shape, 0)
    parameters = nano.named_parameters(model, heads)
    load_mean(checkpoints, parameters)
    for module in model.modules():
        if isinstance(module, WindowAttention):
            module.q_proj.weight.data.mul_(sharper)
            module.q_proj.bias.data.mul_(sharper)
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = tensors_of(dict(parameters), quantised)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = shape_fields(shape) | ({"quantization_config": {"quant_method": "int8_rows"}} if quantised else {})
    files: dict[str, Any] = {
        "config.json": config,
        "tokenizer.json": framing.tokenizer_json(),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
            "clean_up_tokenization_spaces": False,
        },
        "preprocessor_config.json": {
            "image_mean": list(MEAN), "image_std": list(DEVIATION), "min_pixels": 28 * 28,
            "max_pixels": 28 * 28 * 1280, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        },
        "afterimage.json": {"answers": answers, **framing.framing_fields()},
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("config.json", "model.safetensors")
    }
    sums = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    return digests["model.safetensors"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.training.export", description=__doc__)
    parser.add_argument("checkpoints", type=Path, nargs="+", help="the mean of their weights, where they are several")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="nano")
    parser.add_argument("--key-dim", type=int, help="of the recurrent heads, where it was trained with another")
    parser.add_argument("--window", type=int, help="tokens that attention sees in use; as in training by default")
    parser.add_argument("--sharper", type=float, default=1.0, help="factor of attention's scores")
    parser.add_argument("--answers", action="store_true", help="say that the model was measured to answer well")
    parser.add_argument("--bf16", action="store_true", help="do not quantise")
    options = parser.parse_args(arguments)
    digest = export(
        options.checkpoints, options.folder, options.size, options.answers, not options.bf16, options.key_dim,
        options.window, options.sharper,
    )  # fmt: skip
    sys.stdout.write(f"{digest}  {options.folder / 'model.safetensors'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
