"""Small random networks, observations and sessions for tests of the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.frame import Pixels
from core.model.bundle import Bundle, random_bundle, tiny_shape
from core.model.network import InfiniteVL
from core.preprocess import Observation
from core.session import Session

torch.set_num_threads(1)  # test processes run side by side; more threads would only wait for each other
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def network(seed: int = 0, **changes: Any) -> InfiniteVL:
    """A tiny network in fp32 on the CPU; ``changes`` are fields of its shape."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return InfiniteVL(replace(tiny_shape(), **changes)).eval()


def bundle(**changes: Any) -> Bundle:
    return random_bundle(torch.device("cpu"), torch.float32, replace(tiny_shape(), **changes))


def session(**changes: Any) -> Session:
    return Session(bundle(**changes))


def picture(seed: int, height: int = 56, width: int = 84) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def observation(seed: int, header: str = "09:00 | xterm | make", pictures: int = 1) -> Observation:
    shown = tuple(picture(100 * seed + index) for index in range(pictures))
    return Observation(START + timedelta(seconds=seed), header, shown)


def embeddings(tokens: int, width: int, batch: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(batch, tokens, width, generator=torch.Generator().manual_seed(seed))


def places(tokens: int, start: int = 0, batch: int = 1) -> Tensor:
    """Positions [3, B, T] of plain text."""
    return (start + torch.arange(tokens)).expand(3, batch, -1)


def relative(ours: Tensor, theirs: Tensor) -> float:
    return float((ours.double() - theirs.double()).norm() / theirs.double().norm().clamp_min(1e-30))
