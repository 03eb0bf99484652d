"""Packed products on a GPU: rows in 8-bit floats, and the product of both, against the plain forms."""

import pytest
import torch

from kernels.quantized_linear import naive
from tests.kernels.exact import error
from tests.kernels.triton_device import DEVICE, INTERPRETED, skip_without_triton

skip_without_triton()

from kernels.quantized_linear import triton as ours  # noqa: E402 - only where Triton is

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]


@pytest.mark.parametrize("shape", [(1, 16), (3, 96), (65, 1100)], ids=str)
def test_rows_are_brought_to_eight_bits(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    wide = torch.randn(shape[0], 2 * shape[1], device=DEVICE)
    x = wide[:, : shape[1]]  # rows may lie apart
    x[0] = 0
    found, scale = ours.rows_to_fp8(x)
    wanted, row_scale = naive.pack(x, "fp8")
    torch.testing.assert_close(scale[:, 0], row_scale)
    step = 0.07 if INTERPRETED else 1e-6  # the interpreter cuts off where a GPU rounds
    assert error(found.float() * scale, wanted.float() * row_scale[:, None]) < step


@pytest.mark.parametrize("T", [1, 63, 65])
@pytest.mark.parametrize("kind", ["int8", "int4", "fp8"])
def test_products_are_near_those_of_the_whole_weights(kind: naive.Kind, T: int) -> None:
    torch.manual_seed(0)
    dtype = torch.float32 if INTERPRETED else torch.bfloat16  # the interpreter multiplies no matrices in bf16
    weight, bias = torch.randn(96, 128, device=DEVICE), torch.randn(96, device=DEVICE).to(dtype)
    x = torch.randn(2, T, 128, device=DEVICE).to(dtype)
    packed, scale = naive.pack(weight, kind)
    found = ours.quantized_linear(x, packed, scale, bias)
    assert found.dtype == dtype
    assert error(found, x.float() @ weight.T + bias) < {"int8": 0.012, "int4": 0.11, "fp8": 0.06}[kind]


@pytest.mark.parametrize("kind", ["int8", "int4"])
@pytest.mark.parametrize("shape", [(1, 96, 64), (63, 130, 192), (129, 40, 128)], ids=str)
def test_weights_unpacked_on_the_way_give_what_the_unpacked_ones_give(
    shape: tuple[int, int, int], kind: naive.Kind
) -> None:
    T, N, K = shape
    torch.manual_seed(0)
    packed, scale = naive.pack(torch.randn(N, K, device=DEVICE), kind)
    wide, bias = torch.randn(T, 2 * K, device=DEVICE), torch.randn(N, device=DEVICE)
    x = wide[:, K:]  # rows may lie apart
    found = ours.quantized_linear(x, packed, scale, bias)
    assert error(found, x @ naive.unpack(packed, scale, torch.float32).T + bias) < 2e-6
    assert error(ours.quantized_linear(x, packed, scale, None), found - bias) < 2e-6


@pytest.mark.skipif(INTERPRETED, reason="tensor cores are a GPU's")
def test_a_gpu_that_can_multiplies_in_eight_bits() -> None:
    able = torch.cuda.get_device_capability() >= (8, 9)
    assert ours.multiplies_fp8(torch.device("cuda", 0)) == able


def test_a_wanted_gradient_is_given() -> None:
    packed, scale = naive.pack(torch.randn(32, 64, device=DEVICE), "fp8")
    x = torch.randn(2, 64, device=DEVICE, dtype=torch.bfloat16, requires_grad=True)
    assert ours.quantized_linear(x, packed, scale, None).requires_grad
