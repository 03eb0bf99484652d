"""Sliding-window attention over new tokens and a ring of past ones, in plain PyTorch.

How the ring is laid out (every other form keeps to it): of ``slots`` places the first ``sinks`` hold the stream's
first tokens for ever, and the others hold the latest tokens in turn: token i lies at ``sinks + (i - sinks) %
(slots - sinks)``. ``seen``, an int64 scalar tensor on the device, says how many tokens went in; no Python number
depends on it, so a captured graph replays correctly before, at and past the wrap-around.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def slots_of(tokens: Tensor, slots: int, sinks: int) -> Tensor:
    """Where tokens (int64 [...], counted from the stream's start) lie in the ring."""
    return torch.where(tokens < sinks, tokens, sinks + (tokens - sinks) % (slots - sinks))


def tokens_in(seen: Tensor, slots: int, sinks: int) -> Tensor:
    """Which token lies in each slot after ``seen`` tokens: int64 [slots], negative where the slot is empty."""
    slot = torch.arange(slots, device=seen.device)
    last = seen - 1
    ring = last - (last - slot) % (slots - sinks)  # the newest token that falls on this slot of the turning part
    turning = torch.where(ring >= sinks, ring, -1)
    return torch.where(slot < sinks, torch.where(slot < seen, slot, -1), turning)


def visible(seen: Tensor, T: int, slots: int, window: int, sinks: int) -> Tensor:
    """Which keys each of T new tokens sees: bool [T, slots + T], the ring's slots first, then the new tokens."""
    new = seen + torch.arange(T, device=seen.device)  # [T]
    key_token = torch.cat([tokens_in(seen, slots, sinks), new])  # [slots + T]
    distance = new[:, None] - key_token[None, :]  # [T, slots + T]
    near = (distance < window) | (key_token[None, :] < sinks)
    return near & (distance >= 0) & (key_token[None, :] >= 0)


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
    """Each new token sees itself, the ``window - 1`` tokens before it, and the first ``sinks`` of the stream.

    q: [B, T, H, D]; k, v: [B, T, G, D] the new tokens' (H a multiple of G). past_k, past_v: [B, G, slots, D], the
    ring before these tokens; slots >= sinks + window - 1 loses nothing. seen: int64 [] tokens before these.
    Returns [B, T, H, D]. Reads the ring only.
    """
    mask = visible(seen, q.shape[1], past_k.shape[2], window, sinks)
    keys = torch.cat([past_k.to(k.dtype), k.transpose(1, 2)], dim=2)  # [B, G, slots + T, D]
    values = torch.cat([past_v.to(v.dtype), v.transpose(1, 2)], dim=2)
    o = F.scaled_dot_product_attention(
        q.transpose(1, 2), keys, values, attn_mask=mask, scale=scale, enable_gqa=q.shape[2] != k.shape[2]
    )
    return o.transpose(1, 2)


def append(past: Tensor, new: Tensor, seen: Tensor, sinks: int) -> Tensor:
    """The ring after these tokens, as a new tensor. past: [B, G, slots, D]; new: [B, T, G, D]; seen: before them."""
    T, slots = new.shape[1], past.shape[2]
    offset = tokens_in(seen + T, slots, sinks) - seen  # which new token each slot gets; negative: keeps its own
    fresh = new.transpose(1, 2).to(past.dtype).index_select(2, offset.clamp_min(0))
    return torch.where((offset >= 0)[:, None], fresh, past)


def append_(past: Tensor, new: Tensor, seen: Tensor, sinks: int) -> None:
    """The same, written into ``past`` itself: for a session's own buffers, outside of autograd."""
    T, slots = new.shape[1], past.shape[2]
    if slots - sinks >= T:  # no two tokens share a slot, so only those slots are touched
        slot = slots_of(seen + torch.arange(T, device=past.device), slots, sinks)
        past.index_copy_(2, slot, new.transpose(1, 2).to(past.dtype))
    else:
        past.copy_(append(past, new, seen, sinks))
