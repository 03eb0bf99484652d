"""Many tokens times int8 or 4-bit weights on a GPU: unpacked on their way to the tensor cores, never into memory.

The product is made transposed, weights first: the first operand of Hopper's matrix instructions may come from
registers, where it was just unpacked.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.device import multiprocessors
from kernels.quantized_linear.naive import GROUP


@triton.jit(do_not_specialize=["T"])
def _product_kernel(
    x_ptr, w_ptr, scale_ptr, bias_ptr, y_ptr, x_stride, T, N, steps,
    K: tl.constexpr, GROUP: tl.constexpr, FOUR: tl.constexpr, BIAS: tl.constexpr,
    BN: tl.constexpr, BT: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """BN rows of the weights [N, K] times BT rows of x [T, K], a GROUP of columns a step."""
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    t = tl.program_id(1) * BT + tl.arange(0, BT)
    c = tl.arange(0, GROUP)
    live_n, live_t = n < N, t < T
    row = n.to(tl.int64)[:, None]
    x_row = t.to(tl.int64)[None, :] * x_stride
    acc = tl.zeros((BN, BT), tl.float32)
    for step in range(steps):
        k = step * GROUP + c
        x = tl.load(x_ptr + x_row + k[:, None], mask=live_t[None, :] & (k < K)[:, None], other=0.0)  # [GROUP, BT]
        if FOUR:
            pair = step * (GROUP // 2) + tl.arange(0, GROUP // 2)
            stored = tl.load(w_ptr + row * (K // 2) + pair[None, :], mask=live_n[:, None], other=136).to(tl.int32)
            scale = tl.load(scale_ptr + n.to(tl.int64) * (K // GROUP) + step, mask=live_n, other=0.0).to(tl.float32)
            w = tl.interleave((stored & 15) - 8, (stored >> 4) - 8).to(tl.float32) * scale[:, None]
        else:
            w = tl.load(w_ptr + row * K + k[None, :], mask=live_n[:, None] & (k < K)[None, :], other=0)
        acc = tl.dot(w.to(x.dtype), x, acc, input_precision=PRECISION)
    if not FOUR:
        acc *= tl.load(scale_ptr + n, mask=live_n, other=0.0)[:, None]
    if BIAS:
        acc += tl.load(bias_ptr + n, mask=live_n, other=0.0).to(tl.float32)[:, None]
    at = t.to(tl.int64)[None, :] * N + row
    tl.store(y_ptr + at, acc.to(y_ptr.dtype.element_ty), mask=live_n[:, None] & live_t[None, :])


def packed_product(x: Tensor, packed: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """x: [T, K], rows any stride apart; packed and scale as in ``naive.py``, int8 or int4. Returns [T, N]."""
    T, K = x.shape
    N, four = len(packed), packed.dtype == torch.uint8
    y = torch.empty((T, N), dtype=x.dtype, device=x.device)
    BN, BT, warps = _block(T, N, x.dtype == torch.float32, multiprocessors(x.device))
    _product_kernel[(triton.cdiv(N, BN), triton.cdiv(T, BT))](
        x, packed, scale, x if bias is None else bias, y, x.stride(0), T, N, triton.cdiv(K, GROUP),
        K=K, GROUP=GROUP, FOUR=four, BIAS=bias is not None, BN=BN, BT=BT,
        PRECISION="tf32x3" if x.dtype == torch.float32 else "tf32", num_warps=warps, num_stages=3,
    )  # fmt: skip
    return y


def _block(T: int, N: int, wide: bool, multiprocessors: int) -> tuple[int, int, int]:
    """Rows of weights and of x a program, and warps: the largest tiles that still occupy the chip."""
    BT = max(16, min(128, triton.next_power_of_2(T)))
    if wide:
        return 64, min(BT, 32), 4
    if triton.cdiv(N, 128) * triton.cdiv(T, BT) >= multiprocessors:
        return 128, BT, 8 if BT == 128 else 4
    return 64, min(BT, 64), 4
