"""The gated product inside a SwiGLU block, in plain PyTorch."""

import torch.nn.functional as F
from torch import Tensor


def swiglu(x: Tensor) -> Tensor:
    """x: [..., 2 I], gates then values, side by side -> [..., I]: SiLU(gate) times value."""
    gate, value = x.chunk(2, dim=-1)
    return F.silu(gate) * value
