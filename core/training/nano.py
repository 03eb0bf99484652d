"""Nano: the small InfiniteVL that ships with the product. Its shape, its first weights, its checkpoints.

A checkpoint is a folder: ``weights-*.safetensors`` in bf16 (shards small enough to carry between machines), and
``optimizer.safetensors`` where the run may go on exactly as if it had never stopped.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.model.config import ModelShape, VisionShape
from core.model.layers import GatedDeltaNet
from core.model.network import InfiniteVL
from core.model.text import DecoderLayer
from core.training.data import framing
from core.training.forward import DenseHeads

SHARD_BYTES = 14 * 2**20
FASTEST_DECAY, SLOWEST_DECAY = 0.05, 2e-5  # of the memory, a token, at the start of training
LOUDER = 2.0
FAINT = 0.3  # size of new dimensions of widened keys, beside the old ones
WHOLE_WINDOW = 24576  # tokens that attention sees in training: 256 observations of a drawn stream
EMBEDDING = 0.5  # standard deviation at the start
ECHO = 6.0  # logit of a token for itself at the start: embeddings and head are one matrix
LAYERS = {"nano": 12, "study": 8, "smoke": 4}  # of the decoder, by size
PRECISE = ("A_log", "dt_bias")  # kept in fp32 always


def nano_shape(size: str = "nano", key_dim: int | None = None) -> ModelShape:
    """``nano``: what ships, 28 million parameters. ``study``: with 8 layers, of which one is an eighth, for comparing
    architectures. ``smoke``: the same in miniature, for tests of the pipeline. ``key_dim``: of the recurrent heads,
    in place of the size's own; the values keep their width, and the state grows with the keys."""
    small = size == "smoke"
    if size not in LAYERS:
        raise ValueError(f"there is no model size {size!r}, only {', '.join(LAYERS)}")
    hidden = 64 if small else 384
    keys = 16 if small else 64
    return ModelShape(
        vision=VisionShape(
            depth=2 if small else 6,
            hidden_size=32 if small else 256,
            intermediate_size=48 if small else 512,
            num_heads=2 if small else 4,
            fullatt_block_indexes=(1,) if small else (2, 5),
            out_hidden_size=hidden,
        ),
        vocab_size=framing.VOCABULARY,
        hidden_size=hidden,
        intermediate_size=96 if small else 768,
        linear_layers=tuple(i % 4 != 0 for i in range(LAYERS[size])),
        tie_word_embeddings=True,
        num_attention_heads=2 if small else 6,
        num_key_value_heads=2 if small else 6,
        head_dim=16 if small else 64,
        window=128 if small else WHOLE_WINDOW,
        rope_theta=1e4 if small else 4e4,  # the slowest angle turns as far in this window as 1e4's does in 8,192
        mrope_section=(2, 3, 3) if small else (8, 12, 12),
        num_linear_heads=2 if small else 6,
        linear_head_dim=key_dim or keys,
        expand_v=2 * keys / (key_dim or keys),
        image_token_id=framing.IMAGE_PAD,
        video_token_id=framing.ID["<|video_pad|>"],
        vision_start_token_id=framing.VISION_START,
        vision_end_token_id=framing.VISION_END,
        eos_token_ids=(framing.END, framing.ID["<|endoftext|>"]),
        max_position_embeddings=1_000_000,
    )


def fresh(shape: ModelShape, seed: int) -> tuple[InfiniteVL, DenseHeads]:
    """A network with its first weights, and its training-only heads, in fp32 on the CPU."""
    torch.manual_seed(seed)
    model, heads = InfiniteVL(shape), DenseHeads(shape.hidden_size)
    depth = 1 / math.sqrt(2 * shape.num_hidden_layers)
    with torch.no_grad():
        # as large as what the layers add, so that it is not drowned; the last norm then keeps the logits small
        model.language_model.embed_tokens.weight.normal_(0, EMBEDDING)
        model.language_model.norm.weight.fill_(ECHO / (EMBEDDING * shape.hidden_size))
        for name, parameter in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight", "attn.proj.weight")):
                parameter.mul_(depth)
            elif name.endswith("bias") and "dt_bias" not in name:
                parameter.zero_()
        for each in model.language_model.layers:
            mixer = cast("DecoderLayer", each).self_attn
            if isinstance(mixer, GatedDeltaNet):
                decay = torch.logspace(math.log10(SLOWEST_DECAY), math.log10(FASTEST_DECAY), mixer.heads)
                mixer.A_log.zero_()
                mixer.dt_bias.copy_(decay + torch.log(-torch.expm1(-decay)))  # softplus of it is the decay
                mixer.a_proj.weight.zero_()
    return model, heads


def place(module: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Move weights to a device and dtype, but for the few that stay in fp32."""
    for name, parameter in module.named_parameters():
        keep = name.endswith(PRECISE)
        parameter.data = parameter.data.to(device=device, dtype=torch.float32 if keep else dtype)


def named_parameters(model: InfiniteVL, heads: DenseHeads) -> dict[str, nn.Parameter]:
    return dict(model.named_parameters()) | {f"dense.{name}": p for name, p in heads.named_parameters()}


def save_checkpoint(
    folder: Path, parameters: dict[str, Tensor], step: int, optimizer: dict[str, Tensor] | None = None
) -> None:
    """``parameters`` by name: fp32 masters; written as bf16 in shards, the precise ones as fp32."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("weights-*.safetensors"):
        stale.unlink()
    shard: dict[str, Tensor] = {}
    size = number = 0

    def write() -> None:
        save_file(shard, folder / f"weights-{number:05d}.safetensors", metadata={"step": str(step)})

    for name, parameter in parameters.items():
        kept = parameter.detach().float() if name.endswith(PRECISE) else parameter.detach().bfloat16()
        if shard and size + kept.nbytes > SHARD_BYTES:
            write()
            shard, size, number = {}, 0, number + 1
        shard[name] = kept.cpu().contiguous()
        size += kept.nbytes
    write()
    if optimizer is not None:
        kept_state = {name: tensor.detach().cpu().contiguous() for name, tensor in optimizer.items()}
        save_file(kept_state, folder / "optimizer.safetensors")


def load_checkpoint(folder: Path, parameters: dict[str, nn.Parameter]) -> tuple[int, dict[str, Tensor] | None]:
    """Fill ``parameters`` from a checkpoint; returns its step and the optimiser's state where it was kept."""
    from safetensors import safe_open

    found: dict[str, Tensor] = {}
    step = 0
    files = sorted(folder.glob("weights-*.safetensors"))
    if not files:
        raise FileNotFoundError(f"no weights-*.safetensors in {folder}")
    for file in files:
        with safe_open(file, "pt") as opened:
            step = int((opened.metadata() or {}).get("step", 0))
        found |= load_file(file)
    if set(found) != set(parameters):
        raise ValueError(f"the checkpoint in {folder} belongs to another network")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(found[name])
    kept = folder / "optimizer.safetensors"
    return step, load_file(kept) if kept.exists() else None


def load_vision(folder: Path, parameters: dict[str, nn.Parameter]) -> None:
    """Take the vision tower and its dense heads, which have learnt to read, from a checkpoint; nothing else.

    What the tower hands to the decoder is made larger by LOUDER, and the heads less sensitive by as much.
    """
    found: dict[str, Tensor] = {}
    for file in sorted(folder.glob("weights-*.safetensors")):
        found |= load_file(file)
    wanted = [name for name in parameters if name.startswith(("visual.", "dense.")) and "middle" not in name]
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ValueError(f"the checkpoint in {folder} lacks {missing[0]}")
    with torch.no_grad():
        for name in wanted:
            louder = LOUDER if name.startswith("visual.merger.mlp.2.") else 1.0
            louder = 1 / LOUDER if name.startswith("dense.") and name.endswith("weight") else louder
            parameters[name].copy_(found[name] * louder)


def load_model(folder: Path, parameters: dict[str, nn.Parameter]) -> None:
    """Start from a shipped model folder (bf16 or int8 rows); the training-only heads stay as they are.

    Narrower keys of recurrent heads are widened, which changes next to nothing before training goes on. Raises
    ValueError where the folder holds a network of another shape otherwise.
    """
    found = load_file(folder / "model.safetensors")
    with torch.no_grad():
        for name, parameter in parameters.items():
            if name.startswith("dense."):
                continue
            tensor, scale = found.get(f"model.{name}"), found.get(f"model.{name}_scale")
            if tensor is not None and scale is not None:
                tensor = tensor * scale[:, None]
            decays = found.get(f"model.{name.rsplit('.', 2)[0]}.A_log")  # one a head, in a recurrent layer
            if tensor is not None and tensor.shape[0] < parameter.shape[0] and decays is not None:
                tensor = _widened(name, tensor.float(), parameter, len(decays))
            if tensor is None or tensor.shape != parameter.shape:
                raise ValueError(f"the model in {folder} is another network: it has no {name} of this size")
            parameter.copy_(tensor)


def _widened(name: str, old: Tensor, fresh_one: Tensor, heads: int) -> Tensor:
    """More dimensions for each head's queries and keys: [heads * narrow, ...] -> [heads * wide, ...].

    New ones of the queries are zero, so that nothing is read from what the new ones of the keys, small, address.
    Other tensors come back as they are.
    """
    rest, narrow, wide = old.shape[1:], old.shape[0] // heads, fresh_one.shape[0] // heads
    parted = old.view(heads, narrow, *rest)
    if ".q_conv1d." in name or ".k_conv1d." in name:
        more = parted[:, torch.arange(wide - narrow) % narrow]
    elif name.endswith(".q_proj.weight"):
        more = old.new_zeros(heads, wide - narrow, *rest)
    elif name.endswith(".k_proj.weight"):
        more = fresh_one.float().view(heads, wide, *rest)[:, narrow:]
        more = more * (FAINT * old.std() / more.std())
    else:
        return old
    return torch.cat([parted, more], dim=1).flatten(0, 1)
