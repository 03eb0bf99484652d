"""The gated product inside a SwiGLU block, in plain PyTorch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def swiglu(gate: Tensor, value: Tensor) -> Tensor:
    """SiLU(gate) times value, element by element. gate, value: [..., I]."""
    return F.silu(gate) * value
