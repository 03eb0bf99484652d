"""The gated product inside a SwiGLU block on a GPU, in one pass.

Forward only; where a gradient is wanted the plain form runs.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.swiglu import naive


@triton.jit
def _swiglu_kernel(gate_ptr, value_ptr, y_ptr, gate_stride, value_stride, inner, BC: tl.constexpr):
    row, block = tl.program_id(0).to(tl.int64), tl.program_id(1)
    c = block * BC + tl.arange(0, BC)
    inside = c < inner
    gate = tl.load(gate_ptr + row * gate_stride + c, mask=inside, other=0.0).to(tl.float32)
    value = tl.load(value_ptr + row * value_stride + c, mask=inside, other=0.0).to(tl.float32)
    tl.store(y_ptr + row * inner + c, (gate * tl.sigmoid(gate) * value).to(y_ptr.dtype.element_ty), mask=inside)


def swiglu(gate: Tensor, value: Tensor) -> Tensor:
    """See :func:`kernels.swiglu.naive.swiglu`. Rows may lie apart: two halves of one product need no copy."""
    if torch.is_grad_enabled() and (gate.requires_grad or value.requires_grad):
        return naive.swiglu(gate, value)
    inner = gate.shape[-1]
    gates, values = gate.reshape(-1, inner), value.reshape(-1, inner)
    if gates.stride(1) != 1 or values.stride(1) != 1:
        gates, values = gates.contiguous(), values.contiguous()
    y = torch.empty(gate.shape, dtype=gate.dtype, device=gate.device)
    _swiglu_kernel[(gates.shape[0], triton.cdiv(inner, 2048))](
        gates, values, y, gates.stride(0), values.stride(0), inner, BC=2048, num_warps=8
    )
    return y
