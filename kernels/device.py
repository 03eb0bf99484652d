"""What kernels must know of the device they are cut for."""

from __future__ import annotations

import functools

import torch


@functools.cache
def multiprocessors(device: torch.device) -> int:
    """How many programs surely run side by side; a few where Triton's interpreter stands in for a GPU."""
    return torch.cuda.get_device_properties(device).multi_processor_count if device.type == "cuda" else 4
