"""Products with packed weights on a GPU: 8-bit floats where the tensor cores take them, whole numbers unpacked on the
way there.

With fp8 weights the input's rows are brought to fp8 too, each by its own scale, so both are read in 8 bits and
multiplied at twice bf16's rate. Forward only; where a gradient is wanted the plain form runs.
"""

import functools

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.quantized_linear import naive
from kernels.quantized_linear.naive import FP8, LARGEST
from kernels.quantized_linear.packed_product import packed_product


@triton.jit
def _rows_kernel(x_ptr, y_ptr, scale_ptr, stride, K, BK: tl.constexpr, MOST: tl.constexpr):
    """One row a program: its largest magnitude becomes MOST."""
    row = tl.program_id(0).to(tl.int64)
    k = tl.arange(0, BK)
    inside = k < K
    x = tl.load(x_ptr + row * stride + k, mask=inside, other=0.0).to(tl.float32)
    scale = tl.maximum(tl.max(tl.abs(x), axis=0), 1e-12) / MOST
    y = tl.minimum(tl.maximum(x / scale, -MOST), MOST)
    tl.store(y_ptr + row * K + k, y.to(y_ptr.dtype.element_ty), mask=inside)
    tl.store(scale_ptr + row, scale)


def rows_to_fp8(x: Tensor) -> tuple[Tensor, Tensor]:
    """x: [T, K] -> (fp8 [T, K], fp32 scales [T, 1])."""
    T, K = x.shape
    y, scale = torch.empty((T, K), dtype=FP8, device=x.device), torch.empty((T, 1), device=x.device)
    BK = triton.next_power_of_2(K)
    _rows_kernel[(T,)](x, y, scale, x.stride(0), K, BK=BK, MOST=LARGEST[FP8], num_warps=8 if BK >= 4096 else 4)
    return y, scale


def quantized_linear(x: Tensor, packed: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """See :func:`kernels.quantized_linear.naive.quantized_linear`. In fp8 the input is rounded too."""
    N, K = len(packed), x.shape[-1]
    eight_bit_floats = packed.dtype == FP8
    able = x.dtype == torch.bfloat16 and N % 16 == K % 16 == 0 and multiplies_fp8(x.device)
    if (torch.is_grad_enabled() and x.requires_grad) or (eight_bit_floats and not able):
        return naive.quantized_linear(x, packed, scale, bias)
    rows = x.reshape(-1, K)
    rows = rows if rows.stride(1) == 1 else rows.contiguous()
    if not eight_bit_floats:
        return packed_product(rows, packed, scale, bias).view(*x.shape[:-1], N)
    y = _product(rows, packed, scale)
    if bias is not None:
        y += bias
    return y.view(*x.shape[:-1], N)


def _product(x: Tensor, packed: Tensor, scale: Tensor) -> Tensor:
    rows, row_scales = rows_to_fp8(x)
    y: Tensor = torch._scaled_mm(  # noqa: SLF001  # the public name's signature still moves between versions
        rows, packed.t(), scale_a=row_scales, scale_b=scale[None], out_dtype=torch.bfloat16, use_fast_accum=True
    )
    return y


@functools.cache
def multiplies_fp8(device: torch.device) -> bool:
    """Whether this GPU and this PyTorch multiply 8-bit floats with a scale a row: tried once, and checked."""
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < (8, 9):
        return False
    with torch.inference_mode(), torch.random.fork_rng(devices=[device]):
        torch.manual_seed(0)
        x, weight = torch.randn(33, 64, device=device), torch.randn(48, 64, device=device)
        packed, scale = naive.pack(weight, "fp8")
        try:
            found = [_product(rows.bfloat16(), packed, scale).float() for rows in (x, x[:1])]
        except RuntimeError:  # another card's or version's limits
            return False
        wanted = [rows @ weight.t() for rows in (x, x[:1])]
        return all(bool((f - w).norm() < 0.1 * w.norm()) for f, w in zip(found, wanted, strict=True))
