"""The decoder: window-attention and gated-delta layers over embeddings, and the language-model head.

Knows nothing of pictures: their tokens arrive as embeddings, with positions.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.model.config import ModelShape
from core.model.layers import GatedDeltaNet, RMSNorm, SwiGLU, WindowAttention
from core.model.state import MemoryState
from kernels import dispatch
from kernels.rotary.naive import angles, turn_frequencies


class DecoderLayer(nn.Module):
    """Mixer and SwiGLU, each behind a norm and added to the stream."""

    def __init__(self, shape: ModelShape, linear: bool) -> None:
        super().__init__()
        self.self_attn: GatedDeltaNet | WindowAttention = GatedDeltaNet(shape) if linear else WindowAttention(shape)
        self.mlp = SwiGLU(shape.hidden_size, shape.intermediate_size, bias=False)
        self.input_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, seen: Tensor, window: int, in_place: bool, *memory: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """x: [B, T, hidden]. ``memory``: this layer's two tensors, see :class:`MemoryState`. Returns x and both."""
        first, second = memory
        normalised = self.input_layernorm(x)
        if isinstance(self.self_attn, GatedDeltaNet):
            mixed, first, second = self.self_attn(normalised, first, second)
        else:
            mixed, (first, second) = self.self_attn(normalised, cos, sin, (first, second), seen, window, in_place)
        after = self.post_attention_layernorm
        # in mixed precision the mixer answers in half; the stream it is added to stays as precise as it came
        normalised, x = dispatch.add_rms_norm(mixed.to(x.dtype), x, after.weight, after.eps)
        return x + self.mlp(normalised), first, second


class Decoder(nn.Module):
    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        nn.init.normal_(self.embed_tokens.weight, std=0.02)  # it is the head as well: larger, it would only echo
        self.layers = nn.ModuleList(DecoderLayer(shape, linear) for linear in shape.linear_layers)
        self.norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.checkpointing = False  # training: recompute each layer in the backward pass to save memory

    def forward(
        self,
        x: Tensor,
        positions: Tensor,
        state: MemoryState,
        *,
        window: int | None = None,
        in_place: bool = False,
    ) -> tuple[Tensor, MemoryState]:
        """Go on with a stream by T tokens.

        x: embeddings [B, T, hidden]; positions: int64 [3, B, T] (time, height, width). ``window``: a smaller window
        than the model's own, for training. ``in_place`` writes the memory into ``state`` itself and returns it (no
        gradient then); otherwise ``state`` stays as it was and a new one is returned.
        Returns (hidden [B, T, hidden] after the last norm, the state after these tokens).
        """
        cos, sin = self.rotary(positions)
        window = self.shape.window if window is None else min(window, self.shape.window)
        linear = attention = 0
        recurrents, tails, keys, values = [], [], [], []
        for layer, is_linear in zip(self.layers, self.shape.linear_layers, strict=True):
            if is_linear:
                memory = state.recurrent[linear], state.tails[linear]
            else:
                memory = state.keys[attention], state.values[attention]
            if self.checkpointing and torch.is_grad_enabled():
                x, first, second = checkpoint(
                    layer, x, cos, sin, state.seen, window, False, *memory, use_reentrant=False
                )
            else:
                x, first, second = layer(x, cos, sin, state.seen, window, in_place, *memory)
            if is_linear and in_place:
                state.recurrent[linear].copy_(first)
                state.tails[linear].copy_(second)
            elif is_linear:
                recurrents.append(first)
                tails.append(second)
            elif not in_place:
                keys.append(first)
                values.append(second)
            linear, attention = linear + is_linear, attention + (not is_linear)
        seen = state.seen + x.shape[1]
        clock = torch.maximum(state.clock, positions.max() + 1)
        if in_place:
            state.seen.copy_(seen)
            state.clock.copy_(clock)
        else:
            state = MemoryState(
                recurrent=_stack(recurrents, state.recurrent),
                tails=_stack(tails, state.tails),
                keys=_stack(keys, state.keys),
                values=_stack(values, state.values),
                seen=seen,
                clock=clock,
            )
        return self.norm(x), state

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin [B, T, head_dim / 2] of positions [3, B, T]: each frequency follows time, height or width."""
        frequencies = frequencies_on(self.shape.rope_theta, self.shape.head_dim, positions.device)
        parts = torch.split(frequencies, list(self.shape.mrope_section))
        turned = torch.cat([angles(positions[axis], part) for axis, part in enumerate(parts)], dim=-1)
        return turned.cos(), turned.sin()


@functools.lru_cache(maxsize=16)
def frequencies_on(theta: float, dim: int, device: torch.device) -> Tensor:
    """The rotary frequencies on a device, sent there once."""
    with torch.inference_mode(mode=False):  # kept for passes with a gradient as well
        return turn_frequencies(theta, dim).to(device)


def _stack(layers: list[Tensor], before: Tensor) -> Tensor:
    """One tensor of all layers' memories in the dtype the state keeps; ``before`` itself where there are none."""
    return torch.stack(layers).to(before.dtype) if layers else before
