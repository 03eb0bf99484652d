"""The Triton form of cutting pictures into patches, against the plain one: odd grids, any order, all written."""

import pytest
import torch
from torch import Tensor

from kernels.patches import naive
from tests.kernels.triton_device import DEVICE, skip_without_triton

skip_without_triton()

from kernels.patches import triton as ours  # noqa: E402 - only where Triton is

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

GRIDS = [(1, 2, 2), (1, 6, 10), (2, 2, 14), (3, 4, 6)]  # pictures, rows and columns of patches


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new tensor starts as NaN, so that an output nobody wrote shows."""
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *a, **k: empty(*a, **k).fill_(float("nan")))


def given(frames: int, rows: int, columns: int, patch: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(rows * columns)
    pictures = torch.randint(0, 256, (frames, rows * patch, columns * patch, 3), dtype=torch.uint8)
    return (
        pictures.to(DEVICE),
        torch.tensor([120.0, 110, 100], device=DEVICE),
        torch.tensor([68.0, 66, 70], device=DEVICE),
    )


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_equals_the_plain_form(grid: tuple[int, int, int], ordered: bool, dtype: torch.dtype) -> None:
    pictures, mean, deviation = given(*grid, patch=14)
    order = torch.randperm(grid[1] * grid[2], device=DEVICE) if ordered else None
    arguments = (pictures, mean, deviation, order, 14, 2, 2, dtype)
    found, wanted = ours.cut(*arguments), naive.cut(*arguments)
    assert found.dtype == dtype
    step = 1e-6 if dtype == torch.float32 else 2**-7  # the last bit: Triton's interpreter cuts bf16 off
    torch.testing.assert_close(found, wanted, rtol=step, atol=step)


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize(("patch", "merge", "steps"), [(2, 2, 2), (5, 1, 1), (3, 3, 3)])
def test_other_sizes_of_patches(patch: int, merge: int, steps: int) -> None:
    pictures, mean, deviation = given(1, 2 * merge, 3 * merge, patch)
    arguments = (pictures, mean, deviation, None, patch, merge, steps, torch.float32)
    torch.testing.assert_close(ours.cut(*arguments), naive.cut(*arguments), rtol=1e-6, atol=1e-6)


def test_pictures_cut_out_of_larger_ones() -> None:
    pictures, mean, deviation = given(2, 8, 8, 14)
    inside = pictures[:, 28:84, :56]
    arguments = (mean, deviation, None, 14, 2, 2, torch.float32)
    torch.testing.assert_close(
        ours.cut(inside, *arguments), naive.cut(inside.contiguous(), *arguments), rtol=1e-6, atol=1e-6
    )
