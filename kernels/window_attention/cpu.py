"""Window attention on a CPU: looks only at the filled part of the ring, and does not copy it for a few tokens."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.window_attention import naive

FEW = 4  # up to this many tokens the ring is read where it lies


def window_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    past_k: Tensor,
    past_v: Tensor,
    seen: Tensor,
    window: int,
    sinks: int,
    scale: float,
) -> Tensor:
    """See :func:`kernels.window_attention.naive.window_attention`."""
    B, T, H, D = q.shape
    G, slots = k.shape[2], past_k.shape[2]
    filled = min(int(seen), slots)  # slots fill from the front
    mask = naive.visible(seen, T, slots, window, sinks)
    mask = torch.cat([mask[:, :filled], mask[:, slots:]], dim=1)  # [T, filled + T]
    k, v = k.transpose(1, 2), v.transpose(1, 2)  # [B, G, T, D]
    past_k, past_v = past_k[:, :, :filled].to(k.dtype), past_v[:, :, :filled].to(v.dtype)
    if T > FEW:
        keys, values = torch.cat([past_k, k], dim=2), torch.cat([past_v, v], dim=2)
        o = F.scaled_dot_product_attention(
            q.transpose(1, 2), keys, values, attn_mask=mask, scale=scale, enable_gqa=H != G
        )
        return o.transpose(1, 2)
    rows = q.reshape(B, T, G, H // G, D).permute(0, 2, 3, 1, 4).reshape(B, G, -1, D)  # [B, G, H / G * T, D]
    scores = torch.cat([rows @ past_k.transpose(-1, -2), rows @ k.transpose(-1, -2)], dim=-1) * scale
    weights = scores.masked_fill(~mask.repeat(H // G, 1), float("-inf")).softmax(-1)
    o = weights[..., :filled] @ past_v + weights[..., filled:] @ v
    return o.reshape(B, G, H // G, T, D).permute(0, 3, 1, 2, 4).reshape(B, T, H, D)
