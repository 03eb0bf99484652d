"""One token's attention over the ring against the plain form: while it fills, at and past its end."""

import dataclasses

import pytest
import torch

from kernels.rotary import naive as rotary
from kernels.window_attention import naive
from tests.kernels.exact import error
from tests.kernels.triton_device import DEVICE, INTERPRETED, skip_without_triton

skip_without_triton()

from kernels.one_token import attention as ours  # noqa: E402 - only where Triton is
from kernels.one_token.triton import Matrix  # noqa: E402

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

WINDOW = 96  # its ring is cut into three blocks of slots in fp32
DTYPES = [torch.float32] if INTERPRETED else [torch.float32, torch.bfloat16]  # it multiplies no bf16
SEEN = [0, 1, 31, 32, 94, 95, 96, 200, 1000]
PACKED = torch.zeros(1, 4, dtype=torch.int8, device=DEVICE)  # whose reader takes every fourth value first


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("sinks", [0, 5])
@pytest.mark.parametrize("seen", SEEN)
def test_equals_the_plain_form_and_leaves_the_same_ring(
    seen: int, sinks: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(seen)
    H, G, D = 6, 2, 24
    how = dataclasses.replace(ours.LAUNCHES[dtype.itemsize], keys=32, warps=4)
    monkeypatch.setitem(ours.LAUNCHES, dtype.itemsize, how)
    slots = sinks + WINDOW - 1
    row = torch.randn((H + 2 * G) * D, device=DEVICE)
    angle = torch.rand(D // 2, device=DEVICE)
    ring = [torch.randn(G, slots, D, device=DEVICE).to(dtype) for _ in range(2)]
    before, past = [each.clone()[None] for each in ring], torch.tensor(seen, device=DEVICE)
    matrix = Matrix(PACKED)
    found = ours.attend_step(row, angle.cos(), angle.sin(), ring[0], ring[1], past, WINDOW, sinks, 0.2, matrix)

    heads = row.view(1, 1, H + 2 * G, D)
    turned = rotary.rotate(heads[:, :, : H + G], angle.cos()[None], angle.sin()[None])
    q, k, v = (each.to(dtype) for each in (turned[:, :, :H], turned[:, :, H:], heads[:, :, H + G :]))
    exact = naive.window_attention(
        q.double(), k.double(), v.double(), before[0].double(), before[1].double(), past, WINDOW, sinks, 0.2
    )
    in_order = found.view(4, -1).T.flatten()
    assert error(in_order, exact.flatten()) < (5e-6 if dtype == torch.float32 else 8e-3)
    for mine, old, new in zip(ring, before, (k, v), strict=True):
        wanted = naive.append(old, new, past, sinks)[0]
        assert error(mine, wanted) < (1e-7 if dtype == torch.float32 else 1e-3)
        assert int((mine != old[0]).any(2).any(0).sum()) <= 1  # no other slot was touched
