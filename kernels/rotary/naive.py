"""Rotary positions: integer-exact angles, and the rotation of queries and keys.

A position times a frequency, in floating point, loses the angle as a stream grows: at position 10^7 fp32 is off by
a radian. Here frequencies are whole numbers, 2^64 to the full turn, and the product wraps by itself as 64-bit
integers do, which is exactly "modulo one turn". What error is left is the frequency's own rounding, 2^-53 of it: a
billionth of a turn at 10^7, on every device, and the same for all pairs of positions equally far apart.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

TURN = 2.0**64


def turn_frequencies(theta: float, dim: int) -> Tensor:
    """Frequencies theta^(-2i / dim) for i < dim / 2, as int64 [dim / 2] in 2^-64 turns a position."""
    turns = [round(theta ** (-2 * i / dim) / (2 * math.pi) * TURN) for i in range(dim // 2)]
    return torch.tensor(turns, dtype=torch.int64)


def angles(positions: Tensor, frequencies: Tensor) -> Tensor:
    """positions: int64 [...], frequencies: int64 [F] -> angles in radians, fp32 [..., F], within [-pi, pi)."""
    return (positions[..., None] * frequencies).to(torch.float32) * (2 * math.pi / TURN)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (i, i + D/2) of x by their angles. x: [B, T, H, D]; cos, sin: fp32 [B, T, D/2] or [T, D/2]."""
    first, second = x.float().chunk(2, dim=-1)  # [B, T, H, D/2] each
    c, s = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return torch.cat([first * c - second * s, second * c + first * s], dim=-1).to(x.dtype)
