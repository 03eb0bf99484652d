"""The Triton forms of the norms, of the rotation and of the gated product, against the plain ones."""

import pytest
import torch

from kernels.norms import naive as plain_norms
from kernels.rotary import naive as plain_rotary
from kernels.swiglu import naive as plain_swiglu
from tests.kernels.exact import error
from tests.kernels.triton_device import DEVICE, INTERPRETED, skip_without_triton

skip_without_triton()

from kernels.norms import triton as norms  # noqa: E402 - only where Triton is
from kernels.rotary import triton as rotary  # noqa: E402
from kernels.swiglu import triton as gated_product  # noqa: E402

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

DTYPES = [torch.float32] if INTERPRETED else [torch.float32, torch.bfloat16]


def close(found: torch.Tensor, wanted: torch.Tensor) -> bool:
    return error(found, wanted) < (2e-6 if found.dtype == torch.float32 else 6e-3)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(1, 1, 16), (2, 3, 96), (1, 5, 2048)], ids=str)
def test_norms_equal_the_plain_ones(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x, other = (torch.randn(shape, device=DEVICE).to(dtype) for _ in range(2))
    weight = torch.rand(shape[-1], device=DEVICE).to(dtype)
    assert close(norms.rms_norm(x, weight, 1e-6), plain_norms.rms_norm(x, weight, 1e-6))
    assert close(norms.l2_norm(x), plain_norms.l2_norm(x))
    assert close(norms.gated_rms_norm(x, other, weight, 1e-5), plain_norms.gated_rms_norm(x, other, weight, 1e-5))
    found, total = norms.add_rms_norm(x, other, weight, 1e-6)
    wanted, plain_total = plain_norms.add_rms_norm(x, other, weight, 1e-6)
    assert close(found, wanted)
    assert close(total, plain_total)


def test_the_gate_may_be_a_slice_of_wider_rows() -> None:
    torch.manual_seed(0)
    x, wide = torch.randn(5, 3, 32, device=DEVICE), torch.randn(5, 200, device=DEVICE)
    weight, gate = torch.rand(32, device=DEVICE), wide[:, 70:166]
    wanted = plain_norms.gated_rms_norm(x, gate.reshape(5, 3, 32), weight, 1e-5)
    assert close(norms.gated_rms_norm_of_rows(x, gate, weight, 1e-5), wanted)


def test_a_wanted_gradient_is_given() -> None:
    x = torch.randn(2, 3, 16, device=DEVICE, requires_grad=True)
    assert norms.rms_norm(x, torch.ones(16, device=DEVICE), 1e-6).requires_grad


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("batch_of_tables", [1, 2, None])
def test_rotation_equals_the_plain_one(batch_of_tables: int | None, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 5, 3, 24, device=DEVICE).to(dtype)
    shape = (5, 12) if batch_of_tables is None else (batch_of_tables, 5, 12)
    angles = torch.randn(shape, device=DEVICE)
    cos, sin = angles.cos(), angles.sin()
    assert close(rotary.rotate(x, cos, sin), plain_rotary.rotate(x, cos, sin))
    apart = torch.randn(2, 5, 3, 3, 24, device=DEVICE).to(dtype)[:, :, 1]
    assert close(rotary.rotate(apart, cos, sin), plain_rotary.rotate(apart, cos, sin))


def test_heads_of_wider_rows_turn_in_place_and_the_rest_stays() -> None:
    torch.manual_seed(0)
    rows = torch.randn(4, 100, device=DEVICE)
    before = rows.clone()
    angles = torch.randn(4, 8, device=DEVICE)
    rotary.rotate_rows_(rows, 3, angles.cos(), angles.sin())
    wanted = plain_rotary.rotate(before[None, :, :48].view(1, 4, 3, 16), angles.cos(), angles.sin())
    assert close(rows[:, :48], wanted.view(4, 48))
    assert torch.equal(rows[:, 48:], before[:, 48:])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_gated_product_equals_the_plain_one_also_of_two_halves(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    both = torch.randn(2, 3, 2 * 2100, device=DEVICE).to(dtype)
    gate, value = both.chunk(2, dim=-1)
    wanted = plain_swiglu.swiglu(gate, value)
    assert close(gated_product.swiglu(gate, value), wanted)
    assert close(gated_product.swiglu(gate.contiguous(), value.contiguous()), wanted)
