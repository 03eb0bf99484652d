"""Weights in 8 or 4 bits: the large matrices of a network, packed in place.

The head, which every token of an answer reads, takes 8 bits whatever the others take; where it is tied to the
embeddings it is a packed copy of them, which no file holds. Embeddings, gates, convolutions, norms, decays and the
memory keep their precision: little of them is read, or errors in them would add up over a stream. So does the vision
tower: it multiplies a thousand patches at once, which packed weights only slow down, and the token that packing is
for never passes it.

The packing is ours: torchao's hides the packed bytes from the one-token kernels that read them, and safetensors
refuses to write its tensors (0.18).
"""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor, nn

from core.model.network import InfiniteVL
from kernels import dispatch
from kernels.quantized_linear.naive import GROUP, Kind, pack

KINDS: tuple[Kind, ...] = get_args(Kind)
KEPT = ("a_proj", "b_proj")  # linear layers that stay as they are
HEAD = "lm_head"
TOWER = "visual"
SMALLEST = 64  # rows and columns: smaller matrices are not worth it


class QuantizedLinear(nn.Module):
    """Stands in for an ``nn.Linear``. ``weight`` and ``weight_scale`` are packed as in kernels/quantized_linear."""

    weight: Tensor
    weight_scale: Tensor

    def __init__(self, weight: Tensor, scale: Tensor, bias: nn.Parameter | None) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("weight_scale", scale)
        self.bias = bias

    @property
    def values(self) -> int:
        """How many weights there are."""
        return self.weight.numel() * (2 if self.weight.dtype == torch.uint8 else 1)

    def forward(self, x: Tensor) -> Tensor:
        return dispatch.quantized_linear(x, self.weight, self.weight_scale, self.bias)


def quantize(network: InfiniteVL, kind: Kind) -> int:
    """Pack the large linear layers, in place; returns the bytes saved. A matrix whose width does not divide into
    groups of 4-bit weights takes 8 bits, and so does the head."""
    saved = 0
    for path, owner in list(network.named_modules()):
        if path.split(".")[0] == TOWER:
            continue
        for name, layer in list(owner.named_children()):
            if not isinstance(layer, nn.Linear) or name in KEPT or min(layer.weight.shape) < SMALLEST:
                continue
            eight = name == HEAD or (kind == "int4" and layer.in_features % GROUP)
            fitting: Kind = "int8" if eight else kind
            with torch.no_grad():
                packed, scale = pack(layer.weight, fitting)
            setattr(owner, name, QuantizedLinear(packed, scale, layer.bias))
            saved += layer.weight.nbytes - packed.nbytes - scale.nbytes
    return saved - pack_tied_head(network)


def pack_tied_head(network: InfiniteVL) -> int:
    """Give a network whose head is its embeddings a packed copy of them as its head, unless it has one; returns the
    bytes that it takes."""
    embeddings = network.language_model.embed_tokens.weight
    if network.lm_head is not None or min(embeddings.shape) < SMALLEST:
        return 0
    with torch.no_grad():
        packed, scale = pack(embeddings, "int8")
    network.lm_head = QuantizedLinear(packed, scale, None)
    return packed.nbytes + scale.nbytes


def quantized(network: InfiniteVL, kind: Kind) -> InfiniteVL:
    """A packed twin; what is not packed is the network's own, in memory once."""
    with torch.device("meta"):
        twin = InfiniteVL(network.shape)
    for name, parameter in network.named_parameters():
        owner, _, attribute = name.rpartition(".")
        setattr(twin.get_submodule(owner), attribute, nn.Parameter(parameter.detach(), requires_grad=False))
    for name, layer in network.named_modules():
        if isinstance(layer, QuantizedLinear):
            keep_packed(twin, name, layer.weight, layer.weight_scale)
    quantize(twin, kind)
    return twin.eval()


def keep_packed(network: nn.Module, name: str, weight: Tensor, scale: Tensor) -> None:
    """Put packed weights, as a file holds them, where the linear layer ``name`` is."""
    owner, _, attribute = name.rpartition(".")
    place = network.get_submodule(owner)
    bias = getattr(getattr(place, attribute), "bias", None)  # a tied head's place is empty
    setattr(place, attribute, QuantizedLinear(weight, scale, bias))
