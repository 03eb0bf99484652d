"""The network as the objectives of training use it: the vision tower in one call, the decoder over whole rows.

Runs the network's own modules, so that what wraps them (data parallelism, sharding, recomputation, low-rank
adapters) works unseen. The residual stream stays in fp32 under autocast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.model.layers import GatedDeltaNet
from core.model.network import InfiniteVL
from core.model.state import MemoryState
from core.model.text import DecoderLayer
from core.training.data.batches import WINDOW, Batch, Pictures
from core.training.forward import DenseHeads, Forward
from kernels import dispatch

SLICE = 2048  # places whose logits exist at the same time


class Sight(nn.Module):
    """The vision tower over all pictures of a batch, in exactly one call a pass.

    One call, because processes that share its weights must call it equally often; a batch without pictures shows the
    tower a blank one, whose result counts nothing.
    """

    def __init__(self, network: InfiniteVL) -> None:
        super().__init__()
        self.tower = network.visual
        self._packed = Forward(network, DenseHeads(1)).vision  # the dense heads are not asked

    def forward(self, batch: Batch) -> Tensor:
        """Merged tokens [n, hidden] in the order of ``batch.place``; of a blank picture where there are none."""
        if batch.pictures:
            return self._packed(batch.pictures)[batch.gather]
        return self._packed([_blank(self.tower.shape.patch_size, batch.ids.device)])


def _blank(side: int, device: torch.device) -> Pictures:
    return Pictures(
        torch.zeros(1, WINDOW, 3 * side * side, dtype=torch.uint8, device=device),
        torch.ones(1, WINDOW, dtype=torch.bool, device=device),
        torch.zeros(2, 1, WINDOW, dtype=torch.int64, device=device),
    )


class Backbone(nn.Module):
    """One network's parts. Holds no objective; whether it learns is a matter of its parameters."""

    def __init__(self, network: InfiniteVL) -> None:
        super().__init__()
        self.shape = network.shape
        self.sight, self.decoder, self.head = Sight(network), network.language_model, network.lm_head
        self._network = (network,)  # in a tuple, so that its parts are not registered a second time

    @property
    def network(self) -> InfiniteVL:
        return self._network[0]

    def embedded(self, batch: Batch) -> Tensor:
        """What enters the first layer, fp32 [B, T, hidden]: embeddings, with the pictures' tokens in their places."""
        x: Tensor = self.decoder.embed_tokens(batch.ids).float()
        merged: Tensor = self.sight(batch).to(x.dtype)
        if not batch.pictures:
            return x + 0 * merged.sum()
        return x.flatten(0, 1).index_copy(0, batch.place, merged).view_as(x)

    def hidden(self, batch: Batch, *, whole: bool = False) -> Tensor:
        """Hidden values [B, T, hidden] after the last norm; every row starts a stream. Attention sees the batch's
        window; the network's own where it is to see the ``whole``."""
        x = self.embedded(batch)
        state = self.empty_state(len(x), x.device)
        hidden, _ = self.decoder(x, batch.positions, state, window=None if whole else batch.recipe.window)
        return cast("Tensor", hidden)

    def logits(self, hidden: Tensor) -> Tensor:
        return self.network.logits(hidden)

    def empty_state(self, rows: int, device: torch.device, window: int = 2) -> MemoryState:
        """A memory before its first token, whose ring holds the keys of ``window - 1`` tokens: as many as attention
        looks back at, where it is carried to further tokens. A pass on its own has its tokens' keys at hand."""
        shape = replace(self.shape, window=max(2, min(window, self.shape.window)))
        kind = device.type
        half = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32
        return MemoryState.empty(shape, device, half, rows)

    def through(self, index: int, x: Tensor, cos: Tensor, sin: Tensor, window: int) -> Tensor:
        """x [B, T, hidden] through one layer alone, from an empty memory."""
        layer = cast("DecoderLayer", self.decoder.layers[index])
        state = self.empty_state(len(x), x.device)  # layers of a kind are alike: take its first
        linear = self.shape.linear_layers[index]
        memory = (state.recurrent[0], state.tails[0]) if linear else (state.keys[0], state.values[0])
        arguments = (x, cos, sin, state.seen, min(window, self.shape.window), False, *memory)
        if self.decoder.checkpointing and torch.is_grad_enabled():
            y, _, _ = checkpoint(layer, *arguments, use_reentrant=False)
        else:
            y, _, _ = layer(*arguments)
        return cast("Tensor", y)


def compile_layers(network: InfiniteVL, backend: str = "inductor") -> None:
    """Have ``torch.compile`` fuse each decoder layer where it is called; weights and their names stay as they are."""
    torch.compiler.reset()  # what an earlier network of this process needed
    for each in network.language_model.layers:
        layer = cast("DecoderLayer", each)
        if isinstance(layer.self_attn, GatedDeltaNet):
            # its kernels bring their own gradients, which the compiler need not see into
            layer.self_attn.delta = torch.compiler.disable(dispatch.gated_delta)  # type: ignore[no-untyped-call]
        layer.compile(dynamic=False, backend=backend)


def real_tokens(batch: Batch) -> Tensor:
    """bool [B, T]: False for the filling after a row's end (where positions stand still at 0)."""
    real = batch.positions[0] > 0
    real[:, 0] = True
    return real


def text_places(batch: Batch, picture_tokens: tuple[int, ...]) -> Tensor:
    """int64 [n], in the flattened rows: whose next token is text, neither of a picture nor filling."""
    following = batch.ids[:, 1:]
    wanted = real_tokens(batch)[:, 1:]
    for token in picture_tokens:
        wanted = wanted & (following != token)
    return torch.nn.functional.pad(wanted, (0, 1)).flatten().nonzero()[:, 0]


def summed(term: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """The sum of ``term`` over slices of the inputs' first axis; logits live for one slice and are made again in the
    backward pass, so that a large vocabulary costs no memory."""
    total = inputs[0].new_zeros((), dtype=torch.float32)
    for parts in zip(*(torch.split(x, SLICE) for x in inputs), strict=True):
        total = total + checkpoint(term, *parts, use_reentrant=False)
    return total
