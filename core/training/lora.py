"""Low-rank adapters: a frozen matrix W learns as W + scale * B A, and is one matrix again once training is over."""

from __future__ import annotations

import math
import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import InputError
from core.model.text import Decoder

MATRICES = r"(q|k|v|g|o|gate|up|down)_proj"  # of mixers and MLPs; not the small projections of the decay's gates


class LowRank(nn.Module):
    """A linear layer and its adapter. Starts as the layer itself: B is zero."""

    def __init__(self, linear: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias  # under their own names, as the checkpoint has them
        self.scale = alpha / rank
        self.lora_A = nn.Parameter(torch.empty(rank, linear.in_features, device=linear.weight.device))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank, device=linear.weight.device))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        low = F.linear(F.linear(x, self.lora_A), self.lora_B)
        return F.linear(x, self.weight, self.bias) + self.scale * low


def add_adapters(decoder: Decoder, rank: int, alpha: float, matrices: str = MATRICES) -> list[str]:
    """Freeze the decoder and give each linear layer whose own name matches ``matrices`` an adapter; returns their
    names. Raises InputError where none matches."""
    if rank < 1:
        raise InputError(f"Adapters cannot have rank {rank}.", "Give at least 1.")
    decoder.requires_grad_(requires_grad=False)
    found = {
        name: module
        for name, module in decoder.named_modules()
        if isinstance(module, nn.Linear) and re.fullmatch(matrices, name.rpartition(".")[2])
    }
    if not found:
        raise InputError(f"No matrix of the decoder is called {matrices!r}.", "Give another pattern.")
    for name, linear in found.items():
        owner, _, attribute = name.rpartition(".")
        setattr(decoder.get_submodule(owner), attribute, LowRank(linear, rank, alpha))
    return list(found)


def merged(tensors: dict[str, Tensor], scale: float) -> dict[str, Tensor]:
    """Weights by name with every adapter added to its matrix; what has none stays as it is."""
    out = {}
    for name, tensor in tensors.items():
        if name.endswith((".lora_A", ".lora_B")):
            continue
        stem = name.removesuffix(".weight")
        low = tensors.get(f"{stem}.lora_A") if name != stem else None
        if low is not None:
            tensor = tensor + (scale * tensors[f"{stem}.lora_B"].float() @ low.float()).to(tensor.dtype)
        out[name] = tensor
    return out
