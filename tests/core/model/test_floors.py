"""The floors' counts, against what the shapes say."""

from __future__ import annotations

import pytest
import torch

from core.model import floors as module
from core.model.config import ModelShape
from core.model.floors import floors, see_operations, token_bytes
from core.model.network import InfiniteVL
from tests.helpers.models import network


def test_the_4b_model_counts_as_published() -> None:
    with torch.device("meta"):
        model = InfiniteVL(ModelShape())
    assert abs(see_operations(model, 256) / 3.2e12 - 1) < 0.15
    assert abs(token_bytes(model.to(torch.bfloat16)) / 7.5e9 - 1) < 0.02


def test_floors_are_positive_and_grow_with_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.COPIED, "cpu", 2**16)
    monkeypatch.setitem(module.SIDE, "cpu", 32)
    model = network()
    small, large = (floors(model, tokens, 66_000) for tokens in (16, 4096))
    assert 0 < small.fork < small.token
    assert 0 < small.see < large.see
