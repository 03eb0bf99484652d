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
    past_k, past_v = past_k[:, :, :filled].to(k.dtype), past_v[:, :, :filled].to(v.dtype)
    ages = seen - naive.tokens_in(seen, slots, sinks)[:filled]  # [filled], as the first new token sees them
    ages = torch.where(torch.arange(filled) < sinks, -T, ages)  # what stays for ever is as good as new
    whole = ages + T <= window  # the slots that every new token sees
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (q, k, v, past_k, past_v)):
        whole = torch.zeros_like(whole)  # no gradient leads through the joint of two parts
    left = torch.nonzero(~whole & (ages < window)).flatten()  # those that only some of them see
    mask = torch.cat([_near(ages[left], T, window), _among(seen, T, window, sinks)], dim=1)  # [T, n + T]
    k, v = k.transpose(1, 2), v.transpose(1, 2)  # [B, G, T, D]
    if len(left):
        k, v = (torch.cat([past.index_select(2, left), new], dim=2) for past, new in ((past_k, k), (past_v, v)))
    rows = q.reshape(B, T, G, H // G, D).permute(0, 2, 3, 1, 4).reshape(B, G, -1, D)  # [B, G, H / G * T, D]
    bias = torch.zeros(mask.shape, dtype=q.dtype).masked_fill_(~mask, float("-inf")).repeat(H // G, 1)
    if not whole.any():
        o = F.scaled_dot_product_attention(rows, k, v, attn_mask=bias, scale=scale)
    elif T <= FEW:
        o = _product(rows * scale, k, v, bias, [(past_k[:, :, a:b], past_v[:, :, a:b]) for a, b in _runs(whole)])
    else:
        parts = [flash(rows, k, v, attn_mask=bias, scale=scale)]  # each token sees itself: no row is empty
        parts += [flash(rows, past_k[:, :, a:b], past_v[:, :, a:b], scale=scale) for a, b in _runs(whole)]
        o = _joined(parts)
    return o.reshape(B, G, H // G, T, D).permute(0, 3, 1, 2, 4).reshape(B, T, H, D)


def _near(ages: Tensor, T: int, window: int) -> Tensor:
    """Which past tokens of these ages [n] each of T new ones sees: bool [T, n]."""
    return ages[None, :] + torch.arange(T)[:, None] < window


def _among(seen: Tensor, T: int, window: int, sinks: int) -> Tensor:
    """Which of T new tokens each of them sees: bool [T, T]."""
    distance = torch.arange(T)[:, None] - torch.arange(T)[None, :]
    return (distance >= 0) & ((distance < window) | (seen + torch.arange(T) < sinks))


def _product(rows: Tensor, k: Tensor, v: Tensor, bias: Tensor, past: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Few rows by plain products over the new keys (with their bias) and the past ones where they lie."""
    scores = [rows @ k.transpose(-1, -2) + bias, *(rows @ keys.transpose(-1, -2) for keys, _ in past)]
    weights = torch.split(torch.cat(scores, dim=-1).softmax(-1), [part.shape[-1] for part in scores], dim=-1)
    o: Tensor = weights[0] @ v
    for weight, (_, values) in zip(weights[1:], past, strict=True):
        o = o + weight @ values
    return o


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
