"""The normalisations on a GPU: one pass over each row, sums in fp32.

Forward only; where a gradient is wanted the plain form runs, which PyTorch differentiates (and its compiler fuses).
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.norms import naive


@triton.jit
def _rms_kernel(
    x_ptr, residual_ptr, weight_ptr, y_ptr, sum_ptr, eps, C, BC: tl.constexpr, ADD: tl.constexpr
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64) * C
    c = tl.arange(0, BC)
    inside = c < C
    x = tl.load(x_ptr + row + c, mask=inside, other=0.0).to(tl.float32)
    if ADD:
        x += tl.load(residual_ptr + row + c, mask=inside, other=0.0).to(tl.float32)
        x = x.to(sum_ptr.dtype.element_ty).to(tl.float32)  # normalise what the next layer will read
        tl.store(sum_ptr + row + c, x.to(sum_ptr.dtype.element_ty), mask=inside)
    y = x * tl.rsqrt(tl.sum(x * x, axis=0) / C + eps)
    y *= tl.load(weight_ptr + c, mask=inside, other=0.0).to(tl.float32)
    tl.store(y_ptr + row + c, y.to(y_ptr.dtype.element_ty), mask=inside)


@triton.jit
def _gated_kernel(
    x_ptr, gate_ptr, weight_ptr, y_ptr, eps, gate_stride, H, V: tl.constexpr, BV: tl.constexpr
):  # fmt: skip
    token, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    x = tl.arange(0, BV)
    inside = x < V
    row = (token * H + head) * V + x
    o = tl.load(x_ptr + row, mask=inside, other=0.0).to(tl.float32)
    gate = tl.load(gate_ptr + token * gate_stride + head * V + x, mask=inside, other=0.0).to(tl.float32)
    weight = tl.load(weight_ptr + x, mask=inside, other=0.0).to(tl.float32)
    y = o * tl.rsqrt(tl.sum(o * o, axis=0) / V + eps) * weight * gate * tl.sigmoid(gate)
    tl.store(y_ptr + row, y.to(y_ptr.dtype.element_ty), mask=inside)


@triton.jit
def _l2_kernel(x_ptr, y_ptr, eps, C, BC: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * C
    c = tl.arange(0, BC)
    inside = c < C
    x = tl.load(x_ptr + row + c, mask=inside, other=0.0).to(tl.float32)
    y = x * tl.rsqrt(tl.sum(x * x, axis=0) + eps)
    tl.store(y_ptr + row + c, y.to(y_ptr.dtype.element_ty), mask=inside)


def _warps(width: int) -> int:
    return 8 if width >= 4096 else 4 if width >= 512 else 1


def _wants_gradient(*tensors: Tensor) -> bool:
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """See :func:`kernels.norms.naive.rms_norm`."""
    if _wants_gradient(x, weight):
        return naive.rms_norm(x, weight, eps)
    x = x.contiguous()
    C = x.shape[-1]
    y = torch.empty_like(x)
    _rms_kernel[(x.numel() // C,)](
        x, x, weight, y, y, eps, C, BC=triton.next_power_of_2(C), ADD=False, num_warps=_warps(C)
    )
    return y


def add_rms_norm(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """See :func:`kernels.norms.naive.add_rms_norm`."""
    if _wants_gradient(x, residual, weight):
        return naive.add_rms_norm(x, residual, weight, eps)
    x, residual = x.contiguous(), residual.contiguous()
    C = x.shape[-1]
    y, total = torch.empty_like(x), torch.empty_like(x)
    _rms_kernel[(x.numel() // C,)](
        x, residual, weight, y, total, eps, C, BC=triton.next_power_of_2(C), ADD=True, num_warps=_warps(C)
    )
    return y, total


def gated_rms_norm(x: Tensor, gate: Tensor, weight: Tensor, eps: float) -> Tensor:
    """See :func:`kernels.norms.naive.gated_rms_norm`."""
    if _wants_gradient(x, gate, weight):
        return naive.gated_rms_norm(x, gate, weight, eps)
    return gated_rms_norm_of_rows(x.reshape(-1, 1, x.shape[-1]), gate.reshape(-1, x.shape[-1]), weight, eps).view_as(
        x
    )


def gated_rms_norm_of_rows(x: Tensor, gate: Tensor, weight: Tensor, eps: float) -> Tensor:
    """The same for x [T, H, V] with gate [T, H V], whose rows may lie apart (a slice of a wider product)."""
    x = x.contiguous()
    T, H, V = x.shape
    y = torch.empty_like(x)
    _gated_kernel[(T, H)](
        x, gate, weight, y, eps, gate.stride(0), H, V=V, BV=triton.next_power_of_2(V), num_warps=_warps(V)
    )
    return y


def l2_norm(x: Tensor, eps: float = 1e-6) -> Tensor:
    """See :func:`kernels.norms.naive.l2_norm`."""
    if _wants_gradient(x):
        return naive.l2_norm(x, eps)
    x = x.contiguous()
    C = x.shape[-1]
    y = torch.empty_like(x)
    _l2_kernel[(x.numel() // C,)](x, y, eps, C, BC=triton.next_power_of_2(C), num_warps=_warps(C))
    return y
