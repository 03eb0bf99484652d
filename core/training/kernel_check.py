"""Checks kernels against the naive formulas, values and gradients, on the machine about to train."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from core.training.forward import window_attention
from kernels.gated_delta import naive


def check_window_attention(device: torch.device, tokens: int = 700, window: int = 200) -> dict[str, float]:
    """Relative errors of attention's output and gradients, bf16 inputs, against one masked product in fp32."""
    generator = torch.Generator(device="cpu").manual_seed(8)
    q, k, v = (torch.randn(2, tokens, 3, 64, generator=generator).to(device).bfloat16() for _ in range(3))
    weight = torch.randn(2, tokens, 3, 64, generator=generator).to(device)
    ago = torch.arange(tokens, device=device)[:, None] - torch.arange(tokens, device=device)
    hidden = (ago < 0) | (ago >= window)

    def formula(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        scores = torch.einsum("bihd,bjhd->bhij", q, k) * 64**-0.5
        return torch.einsum("bhij,bjhd->bihd", scores.masked_fill(hidden, float("-inf")).softmax(-1), v)

    found = []
    for precise in (False, True):
        inputs = [(x.float() if precise else x).detach().clone().requires_grad_() for x in (q, k, v)]
        q_, k_, v_ = inputs
        output = formula(q_, k_, v_) if precise else window_attention(q_, k_, v_, window)
        torch.autograd.backward((output.float() * weight).sum())
        found.append([output.detach().float(), *(x.grad.float() for x in inputs if x.grad is not None)])
    return _differences(("output", "dq", "dk", "dv"), found)


def check_gated_delta(
    device: torch.device, delta: Callable[..., tuple[Tensor, Tensor]], tokens: int = 150, keys: int = 64
) -> dict[str, float]:
    """Relative errors (norm of the difference over norm) of the output and of each gradient, bf16 inputs; ``keys``:
    dimensions of a head's keys."""
    generator = torch.Generator(device="cpu").manual_seed(7)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(device)

    B, H, K, V = 2, 3, keys, 128
    q, k = (torch.nn.functional.normalize(draw(B, tokens, H, K), dim=-1).bfloat16() for _ in range(2))
    v = draw(B, tokens, H, V).bfloat16()
    g = -torch.rand(B, tokens, H, generator=generator).to(device) * torch.tensor([0.001, 0.05, 1.0], device=device)
    beta = draw(B, tokens, H).sigmoid().bfloat16()
    weight = draw(B, tokens, H, V)
    found = []
    for function, precise in ((delta, False), (naive.gated_delta, True)):
        inputs = [(x.float() if precise else x).detach().clone().requires_grad_() for x in (q, k, v, g, beta)]
        q_, k_, v_, g_, beta_ = inputs
        output, _ = function(q_, k_, v_, g_, beta_, None, K**-0.5)
        torch.autograd.backward((output.float() * weight).sum())
        found.append([output.detach().float(), *(x.grad.float() for x in inputs if x.grad is not None)])
    return _differences(("output", "dq", "dk", "dv", "dg", "dbeta"), found)


def _differences(names: tuple[str, ...], found: list[list[Tensor]]) -> dict[str, float]:
    return {
        name: round(float((a - b).norm() / b.norm()), 5) for name, a, b in zip(names, found[0], found[1], strict=True)
    }
