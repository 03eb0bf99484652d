"""Where Triton kernels can run in this process: a GPU, or Triton's interpreter on the CPU."""

import importlib.util
import os

import pytest
import torch

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"


def skip_without_triton() -> None:
    """Skip the calling test module where its kernels cannot run, saying why."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("Triton is not installed", allow_module_level=True)
    if not (torch.cuda.is_available() or INTERPRETED):
        pytest.skip("needs a GPU, or TRITON_INTERPRET=1", allow_module_level=True)
