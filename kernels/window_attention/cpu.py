"""Window attention on a CPU: looks only at the filled part of the ring, copies none of it, and masks little of it.

Of a full ring only the oldest slots, those that some of the new tokens have left behind, need a mask. Attention runs
apart over the slots that every new token sees and over those few with the new tokens, and the parts are joined by the
logarithms of their sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.window_attention import naive

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = 4  # up to this many tokens the ring is read where it lies, by plain products
flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001 - the one form that gives the sums


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
    k, v = k.transpose(1, 2), v.transpose(1, 2)  # [B, G, T, D]
    past_k, past_v = past_k[:, :, :filled].to(k.dtype), past_v[:, :, :filled].to(v.dtype)
    rows = q.reshape(B, T, G, H // G, D).permute(0, 2, 3, 1, 4).reshape(B, G, -1, D)  # [B, G, H / G * T, D]
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (q, k, v, past_k, past_v)):
        mask = torch.cat([mask[:, :filled], mask[:, slots:]], dim=1)  # the parts' sums have no gradient
        keys, values = torch.cat([past_k, k], dim=2), torch.cat([past_v, v], dim=2)
        o = F.scaled_dot_product_attention(
            q.transpose(1, 2), keys, values, attn_mask=mask, scale=scale, enable_gqa=H != G
        )
        return o.transpose(1, 2)
    if T <= FEW:
        mask = torch.cat([mask[:, :filled], mask[:, slots:]], dim=1)  # [T, filled + T]
        scores = torch.cat([rows @ past_k.transpose(-1, -2), rows @ k.transpose(-1, -2)], dim=-1) * scale
        weights = scores.masked_fill(~mask.repeat(H // G, 1), float("-inf")).softmax(-1)
        o = weights[..., :filled] @ past_v + weights[..., filled:] @ v
    else:
        old = mask[:, :filled]
        whole = old.all(0)  # the slots that every new token sees
        left = torch.nonzero(~whole & old.any(0)).flatten()  # those that some of them do
        bias = torch.cat([old[:, left], mask[:, slots:]], dim=1)  # each row sees at least its own token
        keys, values = (
            torch.cat([past.index_select(2, left), new], dim=2) for past, new in ((past_k, k), (past_v, v))
        )
        parts = [flash(rows, keys, values, attn_mask=_added(bias, rows.dtype, H // G), scale=scale)]
        parts += [
            flash(rows, past_k[:, :, start:stop], past_v[:, :, start:stop], scale=scale)
            for start, stop in _runs(whole)
        ]
        o = _joined(parts)
    return o.reshape(B, G, H // G, T, D).permute(0, 3, 1, 2, 4).reshape(B, T, H, D)


def _added(mask: Tensor, dtype: torch.dtype, repeat: int) -> Tensor:
    """A mask [T, n] as what is added to the scores [repeat * T, n]."""
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, float("-inf")).repeat(repeat, 1)


def _runs(flags: Tensor) -> Iterator[tuple[int, int]]:
    """Where flags [n] are true: start and stop of each run."""
    padded = F.pad(flags.to(torch.int8), (1, 1))
    edges = torch.nonzero(padded[1:] != padded[:-1]).flatten().tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)


def _joined(parts: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Attention over all keys from that over parts of them: outputs [B, G, n, D], log-sums [B, G, n]."""
    if len(parts) == 1:
        return parts[0][0]
    sums = torch.stack([total.float() for _, total in parts])  # [parts, B, G, n]
    shares = torch.softmax(sums, dim=0).unsqueeze(-1)
    o = parts[0][0] * shares[0]
    for (part, _), share in zip(parts[1:], shares[1:], strict=True):
        o = torch.addcmul(o, part, share.to(part.dtype))
    return o.to(parts[0][0].dtype)
