"""Pictures cut into normalised patches, in plain PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor


def cut(
    pictures: Tensor,
    mean: Tensor,
    deviation: Tensor,
    order: Tensor | None,
    patch: int,
    merge: int,
    steps: int,
    dtype: torch.dtype,
) -> Tensor:
    """Bytes to patches: (byte - mean) / deviation in fp32, rounded to ``dtype`` at the end.

    pictures: uint8 [F, H, W, C], sides multiples of ``patch * merge``. mean, deviation: fp32 [C], of bytes. Returns
    [F, patches, C * steps * patch * patch]: patches merged block by merged block (or, with ``order``, int64
    [patches], the patch order[n] at place n), values ordered channel, step in time (each the same), row, column.
    """
    F, H, W, C = pictures.shape
    x = pictures.reshape(F, H // (merge * patch), merge, patch, W // (merge * patch), merge, patch, C)
    x = x.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(F, -1, C, 1, patch * patch)  # bytes move, four times cheaper
    if order is not None:
        x = x[:, order]
    x = ((x.float() - mean.view(C, 1, 1)) / deviation.view(C, 1, 1)).to(dtype)
    return x.expand(-1, -1, -1, steps, -1).reshape(F, x.shape[1], -1)
