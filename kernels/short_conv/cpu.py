"""The short convolution on a CPU with one buffer; the plain form where a gradient is wanted."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.short_conv import naive


def short_conv(x: Tensor, weight: Tensor, bias: Tensor | None, tail: Tensor | None) -> tuple[Tensor, Tensor]:
    """See :func:`kernels.short_conv.naive.short_conv`."""
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        return naive.short_conv(x, weight, bias, tail)
    B, T, C = x.shape
    taps = weight.shape[1]
    before = x.new_zeros(B, taps - 1, C) if tail is None else tail.to(x.dtype)
    padded = torch.cat([before, x], dim=1)  # [B, taps - 1 + T, C]
    rows = weight.t().contiguous()  # [taps, C]
    y = padded[:, :T] * rows[0]
    for tap in range(1, taps):
        y.addcmul_(padded[:, tap : tap + T], rows[tap])
    if bias is not None:
        y += bias
    return F.silu(y, inplace=True), padded[:, T:]
