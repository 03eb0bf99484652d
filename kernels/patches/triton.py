"""Pictures cut into normalised patches on a GPU: every byte read once, every value written once, in its last place.

Forward only: bytes have no gradient.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _cut_kernel(
    picture_ptr, mean_ptr, deviation_ptr, order_ptr, y_ptr, H, W, N,
    C: tl.constexpr, P: tl.constexpr, M: tl.constexpr, STEPS: tl.constexpr, ORDERED: tl.constexpr, BV: tl.constexpr,
):  # fmt: skip
    """One patch a program: its C x P x P values, written once for every step in time."""
    n, frame = tl.program_id(0), tl.program_id(1).to(tl.int64)
    source = n.to(tl.int64)
    if ORDERED:
        source = tl.load(order_ptr + n)
    block = source // (M * M)  # the merged patch, row by row, and which patch of it
    inside = source % (M * M)
    across = W // (M * P)
    top = (block // across * M + inside // M) * P
    left = (block % across * M + inside % M) * P
    v = tl.arange(0, BV)
    live = v < C * P * P
    c, row, column = v // (P * P), v // P % P, v % P
    at = ((frame * H + top + row) * W + left + column) * C + c
    x = tl.load(picture_ptr + at, mask=live, other=0).to(tl.float32)
    mean = tl.load(mean_ptr + c, mask=live, other=0.0)
    x = ((x - mean) / tl.load(deviation_ptr + c, mask=live, other=1.0)).to(y_ptr.dtype.element_ty)
    to = (frame * N + n) * (C * STEPS * P * P) + c * (STEPS * P * P) + row * P + column
    for step in tl.static_range(STEPS):
        tl.store(y_ptr + to + step * P * P, x, mask=live)


def cut(
    pictures: Tensor,
    mean: Tensor,
    deviation: Tensor,
    order: Tensor | None,
    patch: int,
    merge: int,
    steps: int,
    dtype: torch.dtype,
) -> Tensor:
    """See :func:`kernels.patches.naive.cut`. One launch; fit for capture in a graph."""
    pictures = pictures.contiguous()
    F, H, W, C = pictures.shape
    values, patches = C * patch * patch, (H // patch) * (W // patch)
    y = torch.empty((F, patches, steps * values), dtype=dtype, device=pictures.device)
    _cut_kernel[(patches, F)](
        pictures, mean, deviation, mean if order is None else order, y, H, W, patches,
        C=C, P=patch, M=merge, STEPS=steps, ORDERED=order is not None, BV=triton.next_power_of_2(values), num_warps=4,
    )  # fmt: skip
    return y
