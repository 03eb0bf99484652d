"""What a step is made of: the same whoever draws it, and of one kind in all processes."""

from __future__ import annotations

import pytest
import torch

from core.errors import InputError
from core.model.config import ModelShape
from core.training.data.batches import Source
from core.training.feed import Mixture, check_vocabulary, feed, parse_mixture, with_kind

PLAN = Mixture((0.5, 0.0, 0.5), rows=1, length=200, furthest=4, seed=1)


def test_shares_are_read() -> None:
    assert parse_mixture("drawn:reading=0.7,text=0.3") == (0.7, 0.0, 0.3)
    assert parse_mixture("drawn") == (1.0, 0.0, 0.0)
    for wrong in ("drawn:reading=-1,text=2", "drawn:reading=0", "drawn:=1", "screens"):
        with pytest.raises(InputError):
            parse_mixture(wrong)


def test_two_processes_share_what_one_draws_by_itself() -> None:
    accumulating = Mixture(PLAN.shares, 1, 200, 4, seed=1, accumulate=2)
    alone = feed(Source(seed=5), accumulating, 0, 0, 1, 0, pin=False)
    halves = [feed(Source(seed=5), PLAN, 0, rank, 2, 0, pin=False) for rank in (0, 1)]
    for _ in range(3):
        both = [next(half) for half in halves]
        assert both[0].recipe == both[1].recipe
        assert not torch.equal(both[0].ids, both[1].ids)
        for batch in both:
            assert torch.equal(next(alone).ids, batch.ids)


def test_one_kind_alone() -> None:
    assert {with_kind(PLAN, "frames").recipe(step).kind for step in range(20)} == {"frames"}
    assert {PLAN.recipe(step).kind for step in range(40)} == {"reading", "text"}


def test_a_model_of_another_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match="151936"):
        check_vocabulary(ModelShape())
