"""The gated delta rule as its formula reads: one token after another, in fp32.

The reference for every faster form; slow on purpose, differentiable by plain autograd.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gated_delta(
    q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, state: Tensor | None, scale: float
) -> tuple[Tensor, Tensor]:
    """Read and write the memory for T tokens.

    q, k: [B, T, H, K], already L2-normalised where that is wanted. v: [B, T, H, V]. g: [B, T, H] log-decay, fp32,
    at most 0. beta: [B, T, H] writing strength. state: [B, H, K, V] fp32, or None for an empty memory.
    Returns (o [B, T, H, V] in v's dtype, the new state [B, H, K, V] fp32). Nothing is written in place.

        S <- exp(g) S;   S <- S + k (beta (v - S^T k))^T;   o = S^T (scale q)
    """
    B, T, H, K = q.shape
    S = q.new_zeros(B, H, K, v.shape[-1], dtype=torch.float32) if state is None else state.float()
    qf, kf, vf = q.float() * scale, k.float(), v.float()
    gf, bf = g.float(), beta.float()
    outputs = []
    for t in range(T):
        S = S * gf[:, t, :, None, None].exp()
        read = torch.einsum("bhkv,bhk->bhv", S, kf[:, t])
        correction = (vf[:, t] - read) * bf[:, t, :, None]
        S = S + kf[:, t, :, :, None] * correction[:, :, None, :]
        outputs.append(torch.einsum("bhkv,bhk->bhv", S, qf[:, t]))
    return torch.stack(outputs, dim=1).to(v.dtype), S
