"""Inputs of the gated delta rule for tests and benches, and one comparison of all its outputs and gradients."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.kernels import exact

NAMES = ("o", "state", "dq", "dk", "dv", "dg", "dbeta", "dstate")
Operator = Callable[..., tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Case:
    B: int
    T: int
    H: int
    K: int
    V: int
    dtype: torch.dtype = torch.float32
    decay: float = 1.0  # log decay a token, drawn between 0 and minus this
    same_keys: bool = False  # every key the same, written at nearly full strength: the hardest triangular system
    carried: bool = True  # a state comes in

    def draw(self, device: str) -> list[Tensor]:
        """q, k, v, g, beta, state. Always drawn on the CPU, so that every device sees the same numbers."""
        make = torch.Generator().manual_seed(self.T * 1000 + self.K)
        q, k = (F.normalize(torch.randn(self.B, self.T, self.H, self.K, generator=make), dim=-1) for _ in range(2))
        v = torch.randn(self.B, self.T, self.H, self.V, generator=make)
        g = -self.decay * torch.rand(self.B, self.T, self.H, generator=make)
        beta = torch.rand(self.B, self.T, self.H, generator=make)
        if self.same_keys:
            k, beta = k[:, :1].expand_as(k), 0.99 + 0.01 * beta
        state = torch.randn(self.B, self.H, self.K, self.V, generator=make) * (0.3 if self.carried else 0.0)
        return [x.to(device) for x in (q.to(self.dtype), k.to(self.dtype), v.to(self.dtype), g, beta, state)]


def outputs_and_gradients(operator: Operator, inputs: list[Tensor], carried: bool) -> list[Tensor]:
    """In the order of NAMES, under one fixed loss that weighs outputs and final state."""
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    o, state = operator(*leaves[:5], leaves[5] if carried else None, inputs[0].shape[-1] ** -0.5)
    make = torch.Generator().manual_seed(7)
    weight_o = torch.randn(o.shape, generator=make).to(o.device, o.dtype)
    weight_state = 0.1 * torch.randn(state.shape, generator=make).to(state.device, state.dtype)
    loss = (o * weight_o).sum() + (state * weight_state).sum()
    gradients = torch.autograd.grad(loss, leaves if carried else leaves[:5])
    return [o, state, *gradients]


def errors(operator: Operator, case: Case, device: str) -> tuple[dict[str, float], dict[str, float]]:
    """Relative errors against float64: of the operator, and of the plain formula in the inputs' own precision."""
    inputs = case.draw(device)
    wanted = outputs_and_gradients(exact.gated_delta, [x.double() for x in inputs], True)
    found = outputs_and_gradients(operator, inputs, case.carried)
    plain = outputs_and_gradients(exact.gated_delta, [x.to(case.dtype) for x in inputs], True)
    return (
        {name: exact.error(x, y) for name, x, y in zip(NAMES, found, wanted, strict=False)},
        {name: exact.error(x, y) for name, x, y in zip(NAMES, plain, wanted, strict=False)},
    )
