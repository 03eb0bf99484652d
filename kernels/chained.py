"""Kernels that follow one another closely on a GPU: each is set up while the one before it still runs.

Between two small kernels a GPU idles for a few microseconds, and an answer's token takes over two hundred of them.
With programmatic dependent launch (Hopper and later) a kernel's programs are in place before their predecessor has
ended, and wait for it on the device. A chained kernel calls :func:`follow` before it reads or writes anything, takes
``CHAINED`` as a compile-time flag, and is started with :func:`chained`'s arguments.
"""

import functools
import os
from typing import Any

import torch
import triton
import triton.language as tl
from triton.language.extra import cuda


@triton.jit
def follow(CHAINED: tl.constexpr):
    """Let the next kernel be set up, and wait until the one before has ended and its writing shows."""
    if CHAINED:
        cuda.gdc_launch_dependents()
        cuda.gdc_wait()


@functools.cache
def chained() -> dict[str, Any]:
    """How to start a kernel that follows closely, where this GPU can; otherwise it starts as any other."""
    able = os.environ.get("TRITON_INTERPRET") != "1" and torch.cuda.is_available()
    if not able or torch.version.hip or torch.cuda.get_device_capability() < (9, 0):
        return {"CHAINED": False}
    return {"CHAINED": True, "launch_pdl": True}
