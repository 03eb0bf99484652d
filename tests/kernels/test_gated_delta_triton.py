"""The Triton kernels of the gated delta rule, on a GPU or, on small shapes, in Triton's interpreter.

In the interpreter: ``TRITON_INTERPRET=1 pytest tests/kernels/test_gated_delta_triton.py`` where Triton is installed.
"""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from tests.kernels import exact
from tests.kernels.gated_delta_cases import Case, errors
from tests.kernels.triton_device import DEVICE, INTERPRETED, skip_without_triton

skip_without_triton()

from kernels.gated_delta import triton as ours  # noqa: E402 - only where Triton is

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

SMALL = [Case(1, 1, 1, 16, 32), Case(1, 65, 3, 16, 32), Case(2, 130, 1, 24, 40), Case(1, 63, 1, 64, 64)]
LARGE = [
    Case(B, T, 3, K, V, dtype)
    for dtype in (torch.float32, torch.bfloat16)
    for B, T in ((2, 1), (1, 63), (2, 64), (2, 65), (1, 127), (1, 300))
    for K, V in ((16, 32), (64, 128), (128, 256), (48, 96))
]
HARD = [
    Case(2, 130, 2, 32, 32, decay=0.0, same_keys=True),
    Case(1, 130, 2, 32, 32, decay=0.0),
    Case(1, 200, 1, 16, 16, carried=False),
]


@pytest.fixture(autouse=True)
def poisoned_memory() -> Iterator[None]:
    """Every new tensor starts as NaN, so that an output nobody wrote shows."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(before)


@pytest.mark.parametrize("case", SMALL + HARD if INTERPRETED else SMALL + HARD + LARGE, ids=str)
def test_outputs_and_all_gradients_are_as_exact_as_plain_pytorch(case: Case) -> None:
    found, plain = errors(ours.gated_delta, case, DEVICE)
    slack = 1e-6 if case.dtype == torch.float32 else 5e-3
    assert {name: value for name, value in found.items() if not value <= 2 * plain[name] + slack} == {}


def test_nothing_overflows_however_strong_the_decay() -> None:
    found, _ = errors(ours.gated_delta, Case(1, 130, 2, 16, 32, decay=80.0), DEVICE)
    assert all(value < 1e-4 for value in found.values())


@pytest.mark.parametrize("cut", [1, 16, 17, 64, 90])
def test_two_calls_that_hand_the_state_on_equal_one(cut: int) -> None:
    *sequences, state = Case(1, 130, 2, 16, 32).draw(DEVICE)

    def part(start: int, stop: int) -> list[Tensor]:
        return [x[:, start:stop] for x in sequences]

    def run(inputs: list[Tensor], state: Tensor) -> tuple[Tensor, Tensor]:
        q, k, v, g, beta = inputs
        return ours.gated_delta(q, k, v, g, beta, state, 0.25)

    whole, end = run(sequences, state)
    first, middle = run(part(0, cut), state)
    second, last = run(part(cut, 130), middle)
    assert exact.error(torch.cat([first, second], dim=1), whole) < 2e-6
    assert exact.error(last, end) < 2e-6


def test_the_given_state_stays_as_it_was() -> None:
    q, k, v, g, beta, state = Case(1, 70, 1, 16, 16).draw(DEVICE)
    before = state.clone()
    ours.gated_delta(q, k, v, g, beta, state, 0.25)
    ours.gated_delta(q[:, :3], k[:, :3], v[:, :3], g[:, :3], beta[:, :3], state, 0.25)
    assert torch.equal(state, before)


def test_wrong_dtypes_and_sizes_are_refused() -> None:
    q, k, v, g, beta, state = Case(1, 3, 1, 16, 16).draw(DEVICE)
    with pytest.raises(TypeError, match="one dtype"):
        ours.gated_delta(q.double(), k, v, g, beta, state, 1.0)
    with pytest.raises(ValueError, match="key dimension 160"):
        ours.gated_delta(q.repeat(1, 1, 1, 10), k.repeat(1, 1, 1, 10), v, g, beta, None, 1.0)
