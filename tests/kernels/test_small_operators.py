"""Short convolution, norms and rotary angles against PyTorch's own and against exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F

from kernels import dispatch
from kernels.rotary.naive import angles, rotate, turn_frequencies


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("cuts", [[7], [1] * 7, [2, 5]])
def test_short_convolution_is_a_causal_depthwise_one(cuts: list[int], bias: bool) -> None:
    make = torch.Generator().manual_seed(0)
    x, weight = torch.randn(2, 7, 5, generator=make), torch.randn(5, 4, generator=make)
    shift = torch.randn(5, generator=make) if bias else None
    want = F.silu(F.conv1d(F.pad(x.transpose(1, 2), (3, 0)), weight[:, None], shift, groups=5)).transpose(1, 2)
    tail, pieces = None, []
    for part in torch.split(x, cuts, dim=1):
        y, tail = dispatch.short_conv(part, weight, shift, tail)
        pieces.append(y)
    torch.testing.assert_close(torch.cat(pieces, dim=1), want)
    assert tail is not None
    assert tail.equal(x[:, -3:])


def test_norms_match_their_definitions() -> None:
    make = torch.Generator().manual_seed(0)
    x, gate, weight = (torch.randn(3, 7, generator=make) for _ in range(3))
    weight = weight[0]
    torch.testing.assert_close(dispatch.rms_norm(x, weight, 1e-5), F.rms_norm(x, (7,), weight, 1e-5))
    torch.testing.assert_close(
        dispatch.gated_rms_norm(x, gate, weight, 1e-5), F.rms_norm(x, (7,), weight, 1e-5) * F.silu(gate)
    )
    torch.testing.assert_close(dispatch.l2_norm(x), F.normalize(x, dim=-1))
    normalised, total = dispatch.add_rms_norm(x, gate, weight, 1e-5)
    torch.testing.assert_close(normalised, F.rms_norm(x + gate, (7,), weight, 1e-5))
    assert total.equal(x + gate)


@pytest.mark.parametrize("position", [0, 1, 127_999, 10**7, 2**45 + 12345, -5])
def test_angles_are_right_at_any_position(position: int) -> None:
    theta, dim = 1e6, 32
    turned = angles(torch.tensor([position]), turn_frequencies(theta, dim))[0]
    for index, angle in enumerate(turned.tolist()):
        frequency = Fraction(theta ** (-2 * index / dim) / (2 * math.pi))
        turns = float(frequency * position - math.floor(frequency * position))
        assert math.cos(angle) == pytest.approx(math.cos(2 * math.pi * turns), abs=1e-5)
        assert math.sin(angle) == pytest.approx(math.sin(2 * math.pi * turns), abs=1e-5)


def test_rotation_keeps_length_and_depends_on_distance_only() -> None:
    q, k = torch.randn(2, 1, 1, 1, 16, generator=torch.Generator().manual_seed(0))
    frequencies = turn_frequencies(1e4, 16)

    def score(at: int, to: int) -> float:
        turned = [angles(torch.tensor([[place]]), frequencies) for place in (at, to)]
        return float(
            (rotate(q, turned[0].cos(), turned[0].sin()) * rotate(k, turned[1].cos(), turned[1].sin())).sum()
        )

    assert score(10**7 + 5, 10**7) == pytest.approx(score(5, 0), abs=1e-5)
    assert score(3, 3) == pytest.approx(float((q * k).sum()), abs=1e-5)
