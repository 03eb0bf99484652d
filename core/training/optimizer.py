"""Muon for the matrices, AdamW for everything else, over fp32 masters of weights that may be bf16.

Muon replaces a matrix's momentum by the nearest matrix with all singular values near 1 (a few Newton-Schulz steps),
so that every direction of a layer learns at one pace. Matrices of one shape go through together.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that pushes singular values towards 1
STEPS = 5
SMALLEST_SIDE = 16  # a matrix thinner than this is AdamW's


def orthogonalised(matrices: Tensor) -> Tensor:
    """[N, rows, columns] -> the same with singular values near 1, in bf16 on a GPU and fp32 elsewhere."""
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16() if matrices.is_cuda else matrices.float()
    turned = x.shape[1] > x.shape[2]
    if turned:
        x = x.transpose(1, 2)
    x = x / (x.float().norm(dim=(1, 2), keepdim=True).to(x.dtype) + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = x.transpose(1, 2) if turned else x
    return result.to(matrices.dtype)


def is_muons(name: str, parameter: nn.Parameter) -> bool:
    """Whether Muon trains this weight: a matrix between hidden values, not an embedding, gate or dense head."""
    apart = ("embed_tokens", "lm_head", "a_proj", "b_proj", "patch_embed", "characters", "colours", "middle")
    return parameter.ndim == 2 and min(parameter.shape) >= SMALLEST_SIDE and not any(part in name for part in apart)


def rate_factor(name: str) -> float:
    """Of AdamW's rate, for weights whose size differs much from 1: large embeddings, the small last norm."""
    if name.endswith("embed_tokens.weight"):
        return 2.0
    return 0.05 if name.endswith("language_model.norm.weight") else 1.0


class Optimizer:
    """``step(scale)`` takes one step at ``scale`` times the base rates and clears the gradients."""

    def __init__(
        self,
        parameters: Iterable[tuple[str, nn.Parameter]],
        muon_rate: float = 0.015,
        adam_rate: float = 2e-3,
        decay: float = 0.08,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.98),
    ) -> None:
        self.muon_rate, self.adam_rate, self.decay, self.momentum, self.betas = (
            muon_rate, adam_rate, decay, momentum, betas,
        )  # fmt: skip
        self.named = dict(parameters)
        self.masters = {name: p.detach().float().clone() for name, p in self.named.items()}
        self.groups: dict[tuple[int, ...], list[str]] = {}
        self.rest: list[str] = []
        for name, parameter in self.named.items():
            if is_muons(name, parameter):
                self.groups.setdefault(tuple(parameter.shape), []).append(name)
            else:
                self.rest.append(name)
        device = next(iter(self.masters.values())).device
        self.velocity = {
            shape: torch.zeros(len(names), *shape, device=device) for shape, names in self.groups.items()
        }
        self.first = [torch.zeros_like(self.masters[name]) for name in self.rest]
        self.second = [torch.zeros_like(self.masters[name]) for name in self.rest]
        self.steps = 0

    @torch.no_grad()
    def step(self, scale: float) -> None:
        self.steps += 1
        for shape, names in self.groups.items():
            self._muon(shape, names, scale * self.muon_rate)
        self._adam(scale * self.adam_rate)
        torch._foreach_copy_(list(self.named.values()), list(self.masters.values()))
        for parameter in self.named.values():
            parameter.grad = None

    def _muon(self, shape: tuple[int, ...], names: list[str], rate: float) -> None:
        zero = torch.zeros(())
        gradients = [self.named[name].grad for name in names]
        stacked = torch.stack(
            [zero.to(self.velocity[shape]).expand(shape) if g is None else g.float() for g in gradients]
        )
        velocity = self.velocity[shape]
        velocity.lerp_(stacked, 1 - self.momentum)
        update = orthogonalised(stacked.lerp(velocity, self.momentum))
        update = update.mul_(max(1.0, shape[0] / shape[1]) ** 0.5)
        masters = [self.masters[name] for name in names]
        torch._foreach_mul_(masters, 1 - rate * self.decay)
        torch._foreach_add_(masters, list(update.unbind(0)), alpha=-rate)

    def _adam(self, rate: float) -> None:
        names = [(i, name) for i, name in enumerate(self.rest) if self.named[name].grad is not None]
        gradients = [self.named[name].grad.float() for _, name in names]  # type: ignore[union-attr]
        if not gradients:
            return
        norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
        torch._foreach_mul_(gradients, (1.0 / norm.clamp_min(1.0)))
        first, second = [self.first[i] for i, _ in names], [self.second[i] for i, _ in names]
        a, b = self.betas
        torch._foreach_lerp_(first, gradients, 1 - a)
        torch._foreach_mul_(second, b)
        torch._foreach_addcmul_(second, gradients, gradients, 1 - b)
        below = [(value / (1 - b**self.steps)).sqrt_().add_(1e-8) for value in second]
        for factor in {rate_factor(name) for _, name in names}:
            at = [i for i, (_, name) in enumerate(names) if rate_factor(name) == factor]
            masters = [self.masters[names[i][1]] for i in at]
            value = -factor * rate / (1 - a**self.steps)
            torch._foreach_addcdiv_(masters, [first[i] for i in at], [below[i] for i in at], value=value)

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly."""
        out = {f"master.{name}": master for name, master in self.masters.items()}
        out |= {f"velocity.{'x'.join(map(str, shape))}": value for shape, value in self.velocity.items()}
        out |= {f"first.{name}": value for name, value in zip(self.rest, self.first, strict=True)}
        out |= {f"second.{name}": value for name, value in zip(self.rest, self.second, strict=True)}
        return out | {"steps": torch.tensor(self.steps)}

    @torch.no_grad()
    def load_state(self, saved: dict[str, Tensor]) -> None:
        own = self.state()
        if set(own) != set(saved):
            raise ValueError("this optimiser state belongs to another network")
        for name, tensor in own.items():
            tensor.copy_(saved[name])
        self.steps = int(saved["steps"])
        torch._foreach_copy_(list(self.named.values()), list(self.masters.values()))

    @torch.no_grad()
    def adopt(self) -> None:
        """Take the masters anew from the weights, after those were loaded."""
        for name, parameter in self.named.items():
            self.masters[name].copy_(parameter)
