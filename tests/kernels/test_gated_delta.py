"""The chunked gated delta rule, and the plain one, against the formula in float64: outputs, state, gradients."""

from __future__ import annotations

import pytest
import torch

from kernels.gated_delta import cpu, naive
from tests.kernels import exact
from tests.kernels.gated_delta_cases import Case, errors

SIZES = [(3, 16, 32), (2, 64, 128), (1, 128, 256), (3, 24, 40)]  # heads, key width, value width
CASES = [
    *(Case(2, tokens, *size) for tokens in (1, 5, 63, 64, 65, 127) for size in SIZES),
    Case(2, 65, 3, 16, 32, dtype=torch.bfloat16),
    Case(1, 127, 2, 64, 128, carried=False),
    Case(1, 127, 3, 16, 32, decay=50.0),  # forgets almost everything at once
    Case(1, 127, 3, 16, 32, decay=1e-4),  # forgets almost nothing
    Case(1, 128, 2, 16, 32, same_keys=True, decay=1e-3),  # a still screen
]


@pytest.mark.parametrize("form", [naive, cpu], ids=["naive", "chunks"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_errors_are_at_most_twice_those_of_plain_arithmetic(case: Case, form: object) -> None:
    found, plain = errors(form.gated_delta, case, "cpu")  # type: ignore[attr-defined]  # a module, either of two
    floor = 3e-6 if case.dtype == torch.float32 else 1e-3
    assert {name: error for name, error in found.items() if not error <= 2 * plain[name] + floor} == {}


def test_the_formula_itself_passes_finite_differences() -> None:
    given = [x.double().requires_grad_() for x in Case(1, 3, 1, 3, 2).draw("cpu")]
    assert torch.autograd.gradcheck(lambda *x: exact.gated_delta(*x, 0.5), given)  # type: ignore[call-arg]


def test_no_state_is_an_empty_one() -> None:
    q, k, v, g, beta, state = Case(2, 70, 3, 16, 32).draw("cpu")
    for form in (naive.gated_delta, cpu.gated_delta):
        o, S = form(q, k, v, g, beta, None, 0.25)
        zero_o, zero_S = form(q, k, v, g, beta, torch.zeros_like(state), 0.25)
        assert o.equal(zero_o)
        assert S.equal(zero_S)


def test_nothing_given_is_written_to() -> None:
    given = Case(2, 70, 3, 16, 32).draw("cpu")
    copies = [x.clone() for x in given]
    q, k, v, g, beta, state = given
    cpu.gated_delta(q, k, v, g, beta, state, 0.25)
    assert all(x.equal(copy) for x, copy in zip(given, copies, strict=True))


@pytest.mark.parametrize("side", [8, 16, 64])
def test_the_triangular_inverse_is_one(side: int) -> None:
    A = torch.randn(3, 2, side, side, generator=torch.Generator().manual_seed(0)).tril(-1) * 0.3
    product = (torch.eye(side) + A) @ cpu.unit_lower_inverse(A)
    torch.testing.assert_close(product, torch.eye(side).expand_as(product), atol=1e-4, rtol=0)
