"""The causal depth-wise short convolution with SiLU, in plain PyTorch on any device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def short_conv(x: Tensor, weight: Tensor, bias: Tensor | None, tail: Tensor | None) -> tuple[Tensor, Tensor]:
    """Each channel mixes its own present and its last few values, then SiLU.

    x: [B, T, C]. weight: [C, taps], the last tap falls on the present token. bias: [C] or None.
    tail: [B, taps - 1, C], the inputs just before x (zeros at the start of a stream: None).
    Returns (y [B, T, C], new tail [B, taps - 1, C] holding the last inputs, before the convolution).
    """
    B, T, C = x.shape
    taps = weight.shape[1]
    before = x.new_zeros(B, taps - 1, C) if tail is None else tail.to(x.dtype)
    padded = torch.cat([before, x], dim=1)  # [B, taps - 1 + T, C]
    y = padded[:, :T] * weight[:, 0]
    for tap in range(1, taps):
        y = y + padded[:, tap : tap + T] * weight[:, tap]
    if bias is not None:
        y = y + bias
    return F.silu(y), padded[:, T:]
