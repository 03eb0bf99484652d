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
from core.model.vision import grid_plan
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
    pieces, done = [], 0
    for start, picture in zip(starts, pictures, strict=True):
        seen = _look(network, scale, picture)  # [1, tokens, hidden]
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
    """Read tokens at the clock. Returns the logits [vocabulary] after the last one.

    inputs: ids, int64 [1, T]; and, only where :func:`takes_padding`, how many of them are no padding, int64 [].
    """
    ids, *count = inputs
    T = ids.shape[1]
    fast = _fast(network, state) if in_place and ids.shape[0] == 1 else None
    if fast is not None and T == 1 and not count:
        return fast.step(ids[0], state)
    places = (state.clock + torch.arange(T, device=ids.device)).expand(3, 1, -1)
    if fast is not None:
        hidden = fast.forward(network.embed(ids)[0], places[:, 0], state, count=count[0] if count else None)
        if hidden is not None:
            last = count[0] - 1 if count else torch.full((), T - 1, device=ids.device)
            return network.logits(hidden.index_select(0, last.view(1))[0])
    if count:
        raise ValueError("only the fused decoder reads past padding: ask takes_padding() first")
    after, _ = network(ids, places, state, in_place=in_place)
    return network.logits(after[0, -1])


def takes_padding(network: InfiniteVL, state: MemoryState) -> bool:
    """Whether tokens to be read may be followed by padding."""
    return _fast(network, state) is not None


def _fast(network: InfiniteVL, state: MemoryState) -> FastDecoder | None:
    """The fused decoder, where there is a GPU with Triton and the network fits it."""
    if fast_form(state.keys.device.type) != "triton":
        return None
    from core.model.fast import fast_decoder  # imports Triton, which only a GPU has a use for

    return fast_decoder(network, state)


def _look(network: InfiniteVL, scale: PixelScale, picture: Tensor) -> Tensor:
    """A picture's tokens [1, tokens, hidden], by the form of the vision tower that is best here."""
    shape, device = network.shape.vision, picture.device
    height, width = picture.shape[0] // shape.patch_size, picture.shape[1] // shape.patch_size
    if fast_form(device.type) == "triton":
        from core.model.fast_vision import fast_tower

        tower = fast_tower(network.visual)
        if tower is not None:
            order = grid_plan(height, width, shape, device).order
            return tower.forward(patchify(picture[None], shape, scale, order, tower.dtype), height, width)
    seen: Tensor = network.visual(patchify(picture[None], shape, scale), height, width)
    return seen
