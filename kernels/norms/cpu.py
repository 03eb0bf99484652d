"""RMSNorm on a CPU in three passes; the plain form where a gradient is wanted or the precision is another."""

from __future__ import annotations

import torch
from torch import Tensor

from kernels.norms import naive


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """See :func:`kernels.norms.naive.rms_norm`."""
    if x.dtype != torch.float32 or (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)):
        return naive.rms_norm(x, weight, eps)
    shrink: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    shrink.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
    return (x * shrink).mul_(weight)


def add_rms_norm(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """See :func:`kernels.norms.naive.add_rms_norm`."""
    total = x + residual
    return rms_norm(total, weight, eps), total
