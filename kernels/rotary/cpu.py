"""The rotation on a CPU without temporaries; the plain form where a gradient is wanted."""

from __future__ import annotations

import torch
from torch import Tensor

from kernels.rotary import naive


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """See :func:`kernels.rotary.naive.rotate`."""
    if x.dtype != torch.float32 or (torch.is_grad_enabled() and x.requires_grad):
        return naive.rotate(x, cos, sin)
    c, s = cos.unsqueeze(-2), sin.unsqueeze(-2)
    first, second = x.chunk(2, dim=-1)  # [B, T, H, D/2] each
    turned = torch.empty_like(x)
    low, high = turned.chunk(2, dim=-1)
    torch.mul(first, c, out=low).addcmul_(second, s, value=-1)
    torch.mul(second, c, out=high).addcmul_(first, s)
    return turned
