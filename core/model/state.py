"""What one stream remembers. It has a fixed size, knows itself, and belongs to no module.

Several sessions share one network, each with a state of its own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import xxhash
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.errors import DiskFullError, StateError
from core.model.config import ModelShape
from kernels.window_attention.naive import slots_of

FORMAT = "afterimage-memory-2"
FRESH = "Start with a fresh memory; the timeline is not touched."

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

    def before(self, tokens: int, sinks: int) -> Callable[[], None]:
        """What takes back the next ``tokens`` tokens that are written into this state in place: call it to have the
        state as it is now. Keeps a copy of what they change, not of the whole."""
        slots = self.keys.shape[3]
        following = self.seen + torch.arange(min(tokens, slots), device=self.seen.device)
        at = slots_of(following, slots, sinks) if tokens < slots - sinks else torch.arange(slots)
        whole = {name: tensor.clone() for name, tensor in self.tensors().items() if name not in ("keys", "values")}
        keys, values = self.keys.index_select(3, at), self.values.index_select(3, at)

        def take_back() -> None:
            for name, tensor in whole.items():
                self.tensors()[name].copy_(tensor)
            self.keys.index_copy_(3, at, keys)
            self.values.index_copy_(3, at, values)

        return take_back

    def copy_(self, other: MemoryState) -> None:
        """Take over another state's values, into this one's own tensors."""
        for mine, theirs in zip(self.tensors().values(), other.tensors().values(), strict=True):
            mine.copy_(theirs)

    def reset(self) -> None:
        """Forget everything, in place."""
        for tensor in self.tensors().values():
            tensor.zero_()


def save_state(state: MemoryState, notes: str, fingerprint: str, file: Path) -> None:
    """Write a state and its session's ``notes`` in one step: the file is whole or the old one stays.

    Raises DiskFullError where there is no room.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors().items()}
    metadata = {
        "format": FORMAT,
        "model": fingerprint,
        "notes": notes,
        "checksum": _checksum(tensors, notes),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        save_file(tensors, partial, metadata=metadata)
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(file)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
            raise DiskFullError("No room to save the memory.", "Free some space on the disk.") from None
        raise


def load_state(file: Path, fingerprint: str, like: MemoryState) -> tuple[MemoryState, str]:
    """Read a state back onto the device and into the dtypes of ``like``, with its session's notes.

    Raises StateError, saying which, for a file that is missing, damaged, of another version or another model.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
    except FileNotFoundError:
        raise StateError(f"There is no saved memory at {file}.", FRESH) from None
    except (SafetensorError, OSError) as error:
        raise StateError(f"The saved memory {file} is damaged or cut short: {error}.", FRESH) from None
    if metadata.get("format") != FORMAT:
        raise StateError(f"The saved memory {file} is of another version.", FRESH)
    if metadata.get("model") != fingerprint:
        raise StateError(f"The saved memory {file} belongs to another model.", "Choose that model, or start afresh.")
    notes = metadata.get("notes", "")
    if metadata.get("checksum") != _checksum(tensors, notes):
        raise StateError(f"The saved memory {file} does not match its checksum.", FRESH)
    wanted = like.tensors()
    if {name: tensor.shape for name, tensor in tensors.items()} != {name: t.shape for name, t in wanted.items()}:
        raise StateError(f"The saved memory {file} has another shape than this model's.", FRESH)
    return MemoryState(**{name: tensors[name].to(other.device, other.dtype) for name, other in wanted.items()}), notes


def _checksum(tensors: dict[str, Tensor], notes: str) -> str:
    """XXH3 over names, bytes and notes: finds damage, not forgery, and is quicker than any disk."""
    digest = xxhash.xxh3_64(notes.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
