"""What the machine allows at best: the work and the bytes of a step, counted from the network's own shape, against
the matrix rate and the bandwidth measured here and now.

A floor is no promise: it leaves out attention's softmax, norms and every launch.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from core.model.network import InfiniteVL
from core.model.quantize import QuantizedLinear

COPIED = {"cpu": 2**27, "cuda": 2**31}  # bytes: larger than any cache
SIDE = {"cpu": 1024, "cuda": 8192}  # of the matrices multiplied


@dataclass(frozen=True)
class Machine:
    """What a device does a second. ``bandwidth``: bytes read and written; ``rate``: operations of matrix products."""

    bandwidth: float
    rate: float

    def ms(self, operations: float, moved: float) -> float:
        """Milliseconds that so many operations and bytes take at least, were they done side by side."""
        return max(operations / self.rate, moved / self.bandwidth) * 1e3


@dataclass(frozen=True)
class Floors:
    """Milliseconds at least. ``bandwidth``: bytes read and written a second; ``rate``: operations a second."""

    see: float
    token: float
    fork: float
    bandwidth: float
    rate: float


def machine_of(network: InfiniteVL) -> Machine:
    """Measure the device this network lies on, in its dtype."""
    weight = network.language_model.norm.weight
    return Machine(bandwidth_of(weight.device), matrix_rate(weight.device, weight.dtype))


def floors(network: InfiniteVL, tokens: int, state_bytes: int) -> Floors:
    """Floors for seeing one picture of ``tokens`` tokens, for one token of an answer, and for copying the state."""
    machine = machine_of(network)
    seen = see_floor(network, tokens, state_bytes, machine)
    token = read_floor(network, 1, state_bytes, machine)
    return Floors(seen, token, machine.ms(0, 2 * state_bytes), machine.bandwidth, machine.rate)


def see_floor(network: InfiniteVL, tokens: int, state_bytes: int, machine: Machine) -> float:
    """Milliseconds at least for a picture of ``tokens`` tokens: every weight read, the state read and written."""
    weights = sum(part.nbytes for part in [*network.visual.parameters(), *network.visual.buffers()])
    weights += token_bytes(network) - _head_bytes(network)
    return machine.ms(see_operations(network, tokens), weights + 2 * state_bytes)


def read_floor(network: InfiniteVL, tokens: int, state_bytes: int, machine: Machine) -> float:
    """Milliseconds at least for reading ``tokens`` tokens and the logits after the last one."""
    work = 2 * (tokens * text_values(network) + head_values(network))
    return machine.ms(work, token_bytes(network) + state_bytes)


def see_operations(network: InfiniteVL, tokens: int) -> int:
    """Multiplications and additions of the matrix products that a picture of ``tokens`` tokens needs."""
    vision = network.shape.vision
    patches = tokens * vision.spatial_merge_size**2
    per_patch = matrix_values(network.visual.blocks) + vision.patch_values * vision.hidden_size
    per_token = matrix_values(network.visual.merger) + text_values(network)
    window = vision.window_tokens**2 * vision.spatial_merge_size**2  # patches
    whole = len(vision.fullatt_block_indexes)
    attended = 2 * vision.hidden_size * (whole * patches + (vision.depth - whole) * min(window, patches))
    return 2 * (patches * (per_patch + attended) + tokens * per_token)


def text_values(network: InfiniteVL) -> int:
    """Multiplications a token takes in the decoder: its matrices, the states of the linear layers, a full window."""
    shape = network.shape
    linear = sum(shape.linear_layers)
    state = 3 * linear * shape.num_linear_heads * shape.linear_head_dim * shape.value_dim  # read, write, query
    ring = 2 * (shape.num_hidden_layers - linear) * shape.num_attention_heads * shape.head_dim * shape.window
    return matrix_values(network.language_model) + state + ring


def token_bytes(network: InfiniteVL) -> int:
    """Bytes of weights that one token of an answer reads: every layer's, the norms', and the head's."""
    decoder = network.language_model
    layers = [*decoder.layers.parameters(), *decoder.layers.buffers()]  # buffers are packed weights
    read = sum(part.nbytes for part in layers) + decoder.norm.weight.nbytes
    return read + _head_bytes(network)


def head_values(network: InfiniteVL) -> int:
    """Weights in the head, packed or not."""
    return network.shape.vocab_size * network.shape.hidden_size


def _head_bytes(network: InfiniteVL) -> int:
    if network.lm_head is None:
        return network.language_model.embed_tokens.weight.nbytes
    return sum(part.nbytes for part in [*network.lm_head.parameters(), *network.lm_head.buffers()])


def matrix_values(module: nn.Module) -> int:
    """Weights in this module's linear layers, packed or not."""
    plain = sum(part.weight.numel() for part in module.modules() if isinstance(part, nn.Linear))
    return plain + sum(part.values for part in module.modules() if isinstance(part, QuantizedLinear))


def bandwidth_of(device: torch.device) -> float:
    """Bytes a second of a large copy on the device, reads and writes counted."""
    source = torch.ones(COPIED[device.type], dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _seconds(lambda: target.copy_(source), device)


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large square matrix product."""
    side = SIDE[device.type]
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / _seconds(lambda: a @ b, device)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    times = []
    for _ in range(8):
        begun = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])
