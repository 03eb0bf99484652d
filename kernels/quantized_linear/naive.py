"""Weights in 8 or 4 bits: packing, unpacking, and the product over unpacked weights, in plain PyTorch.

8 bits: int8 [out, in], one fp32 scale a row [out]. 4 bits: two weights a byte, uint8 [out, in / 2] with the even
column in the low half, one fp32 scale for GROUP columns of a row [out, in / GROUP]. Both are symmetric.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

GROUP = 64  # columns that share a scale in 4 bits


def pack(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """[out, in] -> (packed, scale). For 4 bits ``in`` must be a multiple of GROUP."""
    if bits == 8:
        scale = weight.float().abs().amax(dim=1).clamp_min(1e-12) / 127
        return (weight.float() / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale
    groups = weight.float().view(len(weight), -1, GROUP)  # [out, in / GROUP, GROUP]
    scale = groups.abs().amax(dim=2).clamp_min(1e-12) / 7
    nibbles = (groups / scale[..., None]).round().clamp(-7, 7).flatten(1).to(torch.int16) + 8  # 1 to 15
    return (nibbles[:, 0::2] | nibbles[:, 1::2] << 4).to(torch.uint8), scale


def unpack(packed: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """The weights [out, in] that were packed, but for rounding."""
    if packed.dtype == torch.int8:
        return (packed.float() * scale[:, None]).to(dtype)
    nibbles = torch.stack([packed & 15, packed >> 4], dim=2).flatten(1)  # [out, in]
    groups = (nibbles.float() - 8).view(len(packed), -1, GROUP) * scale[..., None]
    return groups.flatten(1).to(dtype)


def quantized_linear(x: Tensor, packed: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """x: [..., in] -> [..., out], in x's dtype."""
    return F.linear(x, unpack(packed, scale, x.dtype), bias)
