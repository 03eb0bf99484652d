"""What one stream remembers. It has a fixed size, knows itself, and belongs to no module.

Several sessions share one network, each with a state of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.model.config import ModelShape

Past = tuple[Tensor, Tensor]  # one attention layer's ring: keys and values, [B, G, slots, D] each
Tail = Tensor  # one linear layer's last convolution inputs, [B, taps - 1, channels]


@dataclass(eq=False)
class MemoryState:
    """All layers' memories, stacked by kind so that copying a state is a handful of operations.

    recurrent: fp32 [linear layers, B, H, K, V]. tails: [linear layers, B, taps - 1, channels].
    keys, values: [attention layers, B, G, slots, D]. seen: int64 [] tokens so far. clock: int64 [] the next free
    position. The two counters live on the device, so a captured graph carries them on by itself.
    """

    recurrent: Tensor
    tails: Tensor
    keys: Tensor
    values: Tensor
    seen: Tensor
    clock: Tensor

    @staticmethod
    def empty(
        shape: ModelShape,
        device: torch.device | str,
        dtype: torch.dtype,
        batch: int = 1,
        recurrent_dtype: torch.dtype = torch.float32,
    ) -> MemoryState:
        """The memory of a stream that has not begun."""
        linear = sum(shape.linear_layers)
        attention = shape.num_hidden_layers - linear
        taps = shape.conv_size - 1 if shape.use_short_conv else 0
        slots = shape.sinks + shape.window - 1
        ring = (attention, batch, shape.num_key_value_heads, slots, shape.head_dim)
        return MemoryState(
            recurrent=torch.zeros(
                (linear, batch, shape.num_linear_heads, shape.linear_head_dim, shape.value_dim),
                device=device,
                dtype=recurrent_dtype,
            ),
            tails=torch.zeros((linear, batch, taps, shape.conv_channels), device=device, dtype=dtype),
            keys=torch.zeros(ring, device=device, dtype=dtype),
            values=torch.zeros(ring, device=device, dtype=dtype),
            seen=torch.zeros((), device=device, dtype=torch.int64),
            clock=torch.zeros((), device=device, dtype=torch.int64),
        )

    def tensors(self) -> dict[str, Tensor]:
        return dict(vars(self))

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors().values())

    def fork(self) -> MemoryState:
        """An independent copy."""
        return MemoryState(**{name: tensor.clone() for name, tensor in self.tensors().items()})

    def detach(self) -> MemoryState:
        """The same values, cut off from the gradient."""
        return MemoryState(**{name: tensor.detach() for name, tensor in self.tensors().items()})

    def reset(self) -> None:
        """Forget everything, in place."""
        for tensor in self.tensors().values():
            tensor.zero_()
