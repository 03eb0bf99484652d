"""Where tokens stand: positions in time, height and width, by the standard rule the weights were trained with.

A text token advances all three together; a picture's tokens share the time and spread over height and width; what
follows starts one past the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import torch
from torch import Tensor

from core.errors import InputError
from core.model.config import ModelShape

Grid = tuple[int, int, int]  # steps in time, height and width, in patches


def picture_positions(grid: Grid, merge: int, step: float) -> Tensor:
    """int64 [3, tokens] of one picture or video that starts at 0; ``step``: between two moments of a video."""
    t, h, w = grid[0], grid[1] // merge, grid[2] // merge
    axes = (torch.arange(t) * step).long(), torch.arange(h), torch.arange(w)
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)


def prompt_positions(ids: Sequence[int], grids: Sequence[Grid], shape: ModelShape, seconds: float = 1.0) -> Tensor:
    """int64 [3, T] of a prompt that starts at 0 and holds pad tokens where its pictures go, in order.

    ``seconds``: between two temporal steps of a video (video pads only; the steps of an image share one time).
    Raises InputError when pads and grids do not agree.
    """
    pads = (shape.image_token_id, shape.video_token_id)
    pieces: list[Tensor] = []
    remaining = list(grids)
    start = index = 0
    while index < len(ids):
        pad = ids[index]
        if pad in pads:
            if not remaining:
                raise InputError("The prompt has more picture tokens than pictures.")
            step = seconds * shape.vision.tokens_per_second if pad == shape.video_token_id else 0
            piece = picture_positions(remaining.pop(0), shape.vision.spatial_merge_size, step)
            if list(ids[index : index + piece.shape[1]]) != [pad] * piece.shape[1]:
                raise InputError(f"A picture of {piece.shape[1]} tokens has fewer places in the prompt.")
        else:
            piece = torch.arange(sum(1 for _ in takewhile(lambda i: i not in pads, ids[index:]))).expand(3, -1)
        pieces.append(start + piece)
        start = int(pieces[-1].max()) + 1
        index += piece.shape[1]
    if remaining:
        raise InputError("The prompt has fewer picture tokens than pictures.")
    return torch.cat(pieces, dim=1) if pieces else torch.zeros(3, 0, dtype=torch.int64)
