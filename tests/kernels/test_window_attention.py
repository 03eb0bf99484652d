"""Window attention over a ring equals attention over the whole past with a window's mask."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kernels import dispatch
from kernels.window_attention.naive import append, append_, tokens_in


def plain(q: Tensor, k: Tensor, v: Tensor, window: int, sinks: int, scale: float) -> Tensor:
    """Every key of the stream is there; a mask says which are seen. q, k, v: [B, T, H or G, D]."""
    T, repeat = q.shape[1], q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(repeat, dim=2), v.repeat_interleave(repeat, dim=2)
    scores = torch.einsum("bihd,bjhd->bhij", q, k) * scale
    i, j = torch.arange(T)[:, None], torch.arange(T)[None, :]
    seen = (j <= i) & ((i - j < window) | (j < sinks))
    return torch.einsum("bhij,bjhd->bihd", scores.masked_fill(~seen, float("-inf")).softmax(-1), v)


@pytest.mark.parametrize("sinks", [0, 3])
@pytest.mark.parametrize("cuts", [[60], [1] * 60, [9, 30, 1, 20], [10, 10, 10, 30]])
def test_a_ring_forgets_exactly_what_left_the_window(cuts: list[int], sinks: int) -> None:
    make = torch.Generator().manual_seed(1)
    q = torch.randn(2, 60, 6, 16, generator=make)
    k, v = (torch.randn(2, 60, 2, 16, generator=make) for _ in range(2))
    window = 11
    keys = torch.full((2, 2, sinks + window - 1, 16), float("nan")).zero_()
    values, seen = keys.clone(), torch.zeros((), dtype=torch.int64)
    outputs, start = [], 0
    for length in cuts:
        part = slice(start, start + length)
        o = dispatch.window_attention(q[:, part], k[:, part], v[:, part], keys, values, seen, window, sinks, 0.25)
        outputs.append(o)
        appended = append(keys, k[:, part], seen, sinks)
        append_(keys, k[:, part], seen, sinks)
        assert appended.equal(keys)
        append_(values, v[:, part], seen, sinks)
        seen = seen + length
        start += length
    want = plain(q, k, v, window, sinks, 0.25)
    torch.testing.assert_close(torch.cat(outputs, dim=1), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seen", range(14))
def test_each_slot_knows_its_token(seen: int) -> None:
    slots, sinks = 6, 2
    ring: list[int] = [-1] * slots
    for token in range(seen):
        ring[token if token < sinks else sinks + (token - sinks) % (slots - sinks)] = token
    assert tokens_in(torch.tensor(seen), slots, sinks).clamp_min(-1).tolist() == ring
