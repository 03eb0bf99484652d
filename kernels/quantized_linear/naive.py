"""Weights in 8 or 4 bits: packing, unpacking, and the product over unpacked weights, in plain PyTorch.

int8: int8 [out, in], one fp32 scale a row [out]. fp8: the same in float8_e4m3fn. int4: two weights a byte, uint8
[out, in / 2] with the even column in the low half and 8 added to each, one bf16 scale for GROUP columns of a row
[out, in / GROUP]; the scale may be negative, so that a group's largest weight, of either sign, is its -8.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Kind = Literal["int8", "int4", "fp8"]
GROUP = 64  # columns that share a scale in 4 bits
FP8 = torch.float8_e4m3fn
LARGEST = {torch.int8: 127.0, FP8: 448.0}
UNPACKED = 1 << 26  # weights unpacked at once
SHRUNK = (
    1.0,
    0.95,
    0.9,
    0.85,
    0.8,
    0.75,
)  # scales tried for a group of 4 bits: clipping one weight may serve the rest


def pack(weight: Tensor, kind: Kind) -> tuple[Tensor, Tensor]:
    """[out, in] -> (packed, scale). For int4 ``in`` must be a multiple of GROUP."""
    if kind == "int4":
        return _pack_groups(weight.float().view(len(weight), -1, GROUP))
    dtype = torch.int8 if kind == "int8" else FP8
    most = LARGEST[dtype]
    scale = weight.float().abs().amax(dim=1).clamp_min(1e-12) / most
    scaled = (weight.float() / scale[:, None]).clamp(-most, most)
    return (scaled.round() if kind == "int8" else scaled).to(dtype), scale


def _pack_groups(groups: Tensor) -> tuple[Tensor, Tensor]:
    """groups: fp32 [out, in / GROUP, GROUP]. Of the scales tried, each group takes the one that errs least."""
    extreme = groups.gather(2, groups.abs().argmax(dim=2, keepdim=True)) / -8  # [out, in / GROUP, 1]
    extreme = torch.where(extreme == 0, 1.0, extreme)
    scale = torch.empty_like(extreme)
    least = torch.full_like(extreme, torch.inf)
    for part in SHRUNK:
        tried = (extreme * part).bfloat16().float()
        off = ((groups / tried).round().clamp(-8, 7) * tried - groups).square().sum(dim=2, keepdim=True)
        scale, least = torch.where(off < least, tried, scale), torch.minimum(off, least)
    nibbles = (groups / scale).round().clamp(-8, 7).flatten(1).to(torch.int16) + 8  # 0 to 15
    return (nibbles[:, 0::2] | nibbles[:, 1::2] << 4).to(torch.uint8), scale.squeeze(2).bfloat16()


def unpack(packed: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """The weights [out, in] that were packed, but for rounding."""
    if packed.dtype != torch.uint8:
        return (packed.float() * scale[:, None]).to(dtype)
    nibbles = torch.stack([packed & 15, packed >> 4], dim=2).flatten(1)  # [out, in]
    groups = (nibbles.float() - 8).view(len(packed), -1, GROUP) * scale.float()[..., None]
    return groups.flatten(1).to(dtype)


def quantized_linear(x: Tensor, packed: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """x: [..., in] -> [..., out], in x's dtype. Of a matrix as large as a head no more than a part lies unpacked."""
    rows = max(1, UNPACKED // x.shape[-1])
    if len(packed) <= rows:
        return F.linear(x, unpack(packed, scale, x.dtype), bias)
    parts = zip(torch.split(packed, rows), torch.split(scale, rows), strict=True)
    y = torch.cat([F.linear(x, unpack(part, part_scale, x.dtype)) for part, part_scale in parts], dim=-1)
    return y if bias is None else y + bias
