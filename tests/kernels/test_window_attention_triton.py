"""The Triton form of window attention over a ring, against the plain one: while it fills, at and past its end."""

import pytest
import torch

from kernels.window_attention import naive
from tests.kernels.exact import error
from tests.kernels.triton_device import DEVICE, INTERPRETED, skip_without_triton

skip_without_triton()

from kernels.window_attention import triton as ours  # noqa: E402 - only where Triton is

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

DTYPES = [torch.float32] if INTERPRETED else [torch.float32, torch.bfloat16]
TOKENS = [1, 40] if INTERPRETED else [1, 3, 70, 150]  # the interpreter takes seconds a case
SEEN = [0, 4, 200] if INTERPRETED else [0, 1, 4, 60, 94, 95, 96, 200, 1000]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("sinks", [0, 5])
@pytest.mark.parametrize("T", TOKENS)
@pytest.mark.parametrize("seen", SEEN)
def test_equals_the_plain_form(seen: int, T: int, sinks: int, dtype: torch.dtype) -> None:
    torch.manual_seed(seen + T)
    B, H, G, D, window = 2, 4, 2, 24, 32 if INTERPRETED else 96
    slots = sinks + window - 1
    q = torch.randn(B, T, H, D, device=DEVICE).to(dtype)
    k, v = (torch.randn(B, T, G, D, device=DEVICE).to(dtype) for _ in range(2))
    past_k, past_v = (torch.randn(B, G, slots, D, device=DEVICE).to(dtype) for _ in range(2))
    before = torch.tensor(seen, device=DEVICE)
    found = ours.window_attention(q, k, v, past_k, past_v, before, window, sinks, D**-0.5)
    exact = naive.window_attention(
        q.double(), k.double(), v.double(), past_k.double(), past_v.double(), before, window, sinks, D**-0.5
    )
    assert error(found, exact) < (5e-6 if dtype == torch.float32 else 8e-3)
    wanted_k, wanted_v = (naive.append(p, n, before, sinks) for p, n in ((past_k, k), (past_v, v)))
    ours.append_both_(past_k, past_v, k, v, before, sinks)
    assert torch.equal(past_k, wanted_k)
    assert torch.equal(past_v, wanted_v)


def test_a_window_smaller_than_the_ring() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, 9, heads, 16, device=DEVICE) for heads in (4, 2, 2))
    past_k, past_v = (torch.randn(1, 2, 95, 16, device=DEVICE) for _ in range(2))
    seen = torch.tensor(150, device=DEVICE)
    found = ours.window_attention(q, k, v, past_k, past_v, seen, 20, 0, 0.25)
    assert error(found, naive.window_attention(q, k, v, past_k, past_v, seen, 20, 0, 0.25)) < 5e-6
