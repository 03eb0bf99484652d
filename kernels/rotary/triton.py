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
    x_ptr, y_ptr, cos_ptr, sin_ptr, x_stride, y_stride, T, heads, HALF: tl.constexpr, BC: tl.constexpr,
    BH: tl.constexpr,
):  # fmt: skip
    """BH heads of one token a program; x and y may be the same memory."""
    token = tl.program_id(0).to(tl.int64)
    head = tl.program_id(1) * BH + tl.arange(0, BH)
    c = tl.arange(0, BC)
    inside = (head < heads)[:, None] & (c < HALF)[None, :]
    at = head[:, None] * (2 * HALF) + c[None, :]
    first = tl.load(x_ptr + token * x_stride + at, mask=inside, other=0.0).to(tl.float32)
    second = tl.load(x_ptr + token * x_stride + at + HALF, mask=inside, other=0.0).to(tl.float32)
    angle = (token % T) * HALF + c
    cos = tl.load(cos_ptr + angle, mask=c < HALF, other=0.0)[None, :]
    sin = tl.load(sin_ptr + angle, mask=c < HALF, other=0.0)[None, :]
    tl.store(y_ptr + token * y_stride + at, (first * cos - second * sin).to(y_ptr.dtype.element_ty), mask=inside)
    tl.store(
        y_ptr + token * y_stride + at + HALF, (second * cos + first * sin).to(y_ptr.dtype.element_ty), mask=inside
    )


def _launch(
    x: Tensor, y: Tensor, cos: Tensor, sin: Tensor, tokens: int, heads: int, x_stride: int, y_stride: int, T: int
) -> None:
    half = cos.shape[-1]
    BC, BH = triton.next_power_of_2(half), min(32, triton.next_power_of_2(heads))
    # one thread for each element at the most: where several hold the same one, in-place work would be a race
    warps = max(1, min(4, BH * BC // 32))
    _rotate_kernel[(tokens, triton.cdiv(heads, BH))](
        x, y, cos, sin, x_stride, y_stride, T, heads, HALF=half, BC=BC, BH=BH, num_warps=warps
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
    _launch(x, y, cos.contiguous(), sin.contiguous(), B * T, H, x.stride(1), H * D, steps)
    return y


def rotate_rows_(rows: Tensor, heads: int, cos: Tensor, sin: Tensor) -> None:
    """Turn the first ``heads`` heads of each row in place.

    rows: [T, at least heads x D]; cos, sin: [T, D / 2], or of a divisor of T, repeated.
    """
    _launch(rows, rows, cos, sin, rows.shape[0], heads, rows.stride(0), rows.stride(0), cos.shape[0])
