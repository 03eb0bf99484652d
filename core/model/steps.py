"""The two steps a stream is made of, on the device alone: take in an observation, read tokens.

No number leaves the device here and no shape depends on one, so that a step can be captured once and replayed. With
``in_place`` the given state itself is moved on; otherwise it stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.model.network import InfiniteVL
from core.model.pictures import PixelScale, patchify
from core.model.state import MemoryState
from kernels.dispatch import fast_form

if TYPE_CHECKING:
    from core.model.fast import FastDecoder


def see_step(
    network: InfiniteVL,
    scale: PixelScale,
    starts: Sequence[int],
    state: MemoryState,
    inputs: Sequence[Tensor],
    *,
    in_place: bool,
) -> MemoryState:
    """Take in one observation.

    inputs: ids, int64 [1, T], with pads where pictures go; their places counted from the clock, int64 [3, T]; the
    pictures, uint8 [H, W, 3] each. ``starts``: each picture's first pad.
    """
    ids, offsets, *pictures = inputs
    vision = network.shape.vision
    pieces, done = [], 0
    for start, picture in zip(starts, pictures, strict=True):
        height, width = picture.shape[0] // vision.patch_size, picture.shape[1] // vision.patch_size
        seen = network.visual(patchify(picture[None], vision, scale), height, width)  # [1, tokens, hidden]
        pieces += [network.embed(ids[:, done:start]), seen]
        done = start + seen.shape[1]
    pieces.append(network.embed(ids[:, done:]))
    x, positions = torch.cat(pieces, dim=1), state.clock + offsets
    fast = _fast(network, state) if in_place else None
    if fast is not None:
        fast.forward(x[0], positions, state, wanted=False)
        return state
    _, state = network(x, positions[:, None], state, in_place=in_place)
    return state


def read_step(network: InfiniteVL, state: MemoryState, inputs: Sequence[Tensor], *, in_place: bool) -> Tensor:
    """Read tokens, the one input, int64 [1, T], at the clock. Returns the logits [vocabulary] after the last one."""
    (ids,) = inputs
    fast = _fast(network, state) if in_place and ids.shape[0] == 1 else None
    if fast is not None and ids.shape[1] == 1:
        return fast.step(ids[0], state)
    places = (state.clock + torch.arange(ids.shape[1], device=ids.device)).expand(3, 1, -1)
    if fast is not None:
        last = fast.forward(network.embed(ids)[0], places[:, 0], state)
        if last is not None:
            return network.logits(last[-1])
    hidden, _ = network(ids, places, state, in_place=in_place)
    return network.logits(hidden[0, -1])


def _fast(network: InfiniteVL, state: MemoryState) -> FastDecoder | None:
    """The fused decoder, where there is a GPU with Triton and the network fits it."""
    if fast_form(state.keys.device.type) != "triton":
        return None
    from core.model.fast import fast_decoder  # imports Triton, which only a GPU has a use for

    return fast_decoder(network, state)
