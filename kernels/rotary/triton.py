"""The rotation of queries and keys on a GPU, each head's pairs in one go.

Forward only; where a gradient is wanted the plain form runs.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.rotary import naive


@triton.jit
def _rotate_kernel(
    x_ptr, y_ptr, cos_ptr, sin_ptr, x_stride, y_stride, T, HALF: tl.constexpr, BH: tl.constexpr
):  # fmt: skip
    """One head of one token a program; x and y may be the same memory."""
    token, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    c = tl.arange(0, BH)
    inside = c < HALF
    at = head * (2 * HALF) + c
    first = tl.load(x_ptr + token * x_stride + at, mask=inside, other=0.0).to(tl.float32)
    second = tl.load(x_ptr + token * x_stride + at + HALF, mask=inside, other=0.0).to(tl.float32)
    angle = (token % T) * HALF + c
    cos = tl.load(cos_ptr + angle, mask=inside, other=0.0)
    sin = tl.load(sin_ptr + angle, mask=inside, other=0.0)
    tl.store(y_ptr + token * y_stride + at, (first * cos - second * sin).to(y_ptr.dtype.element_ty), mask=inside)
    tl.store(
        y_ptr + token * y_stride + at + HALF, (second * cos + first * sin).to(y_ptr.dtype.element_ty), mask=inside
    )


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """See :func:`kernels.rotary.naive.rotate`."""
    if torch.is_grad_enabled() and x.requires_grad:
        return naive.rotate(x, cos, sin)
    B, T, H, D = x.shape
    if cos.dim() == 3 and cos.shape[0] != B:
        return naive.rotate(x, cos, sin)
    if x.stride(3) != 1 or x.stride(2) != D or x.stride(0) != T * x.stride(1):
        x = x.contiguous()
    y = torch.empty((B, T, H, D), dtype=x.dtype, device=x.device)
    steps = T if cos.dim() == 2 else B * T  # one table for every batch entry, or each its own
    _rotate_kernel[(B * T, H)](
        x, y, cos.contiguous(), sin.contiguous(), x.stride(1), H * D, steps,
        HALF=D // 2, BH=triton.next_power_of_2(D // 2), num_warps=1,
    )  # fmt: skip
    return y


def rotate_rows_(rows: Tensor, heads: int, cos: Tensor, sin: Tensor) -> None:
    """Turn the first ``heads`` heads of each row in place. rows: [T, at least heads x D]; cos, sin: [T, D / 2]."""
    half = cos.shape[-1]
    _rotate_kernel[(rows.shape[0], heads)](
        rows, rows, cos, sin, rows.stride(0), rows.stride(0), rows.shape[0],
        HALF=half, BH=triton.next_power_of_2(half), num_warps=1,
    )  # fmt: skip
