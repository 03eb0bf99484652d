"""Short convolution, norms and rotary angles against PyTorch's own and against exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F

from kernels import dispatch
from kernels.norms import cpu as norms_cpu
from kernels.norms import naive as norms_naive
from kernels.rotary import cpu as rotary_cpu
from kernels.rotary.naive import angles, rotate, turn_frequencies
from kernels.short_conv import cpu as conv_cpu
from kernels.short_conv import naive as conv_naive


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("tokens", [1, 63, 65])
def test_the_cpu_forms_equal_the_plain_ones(tokens: int, dtype: torch.dtype) -> None:
    make = torch.Generator().manual_seed(tokens)
    x = torch.randn(2, tokens, 3, 24, generator=make).to(dtype)
    weight, taps = torch.randn(24, generator=make).to(dtype), torch.randn(72, 4, generator=make).to(dtype)
    turned = torch.randn(2, tokens, 12, generator=make)
    tail = torch.randn(2, 3, 72, generator=make).to(dtype)
    limit = 5e-2 if dtype == torch.bfloat16 else 1e-5
    torch.testing.assert_close(
        norms_cpu.rms_norm(x, weight, 1e-6), norms_naive.rms_norm(x, weight, 1e-6), rtol=limit, atol=limit
    )
    torch.testing.assert_close(
        rotary_cpu.rotate(x, turned.cos(), turned.sin()),
        rotate(x, turned.cos(), turned.sin()),
        rtol=limit,
        atol=limit,
    )
    ours = conv_cpu.short_conv(x.flatten(2), taps, weight.repeat(3), tail)
    theirs = conv_naive.short_conv(x.flatten(2), taps, weight.repeat(3), tail)
    for left, right in zip(ours, theirs, strict=True):
        torch.testing.assert_close(left, right, rtol=limit, atol=limit)


def test_the_cpu_forms_give_the_plain_gradient() -> None:
    x = torch.randn(1, 5, 2, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weight, taps = torch.full((8,), 1.5, requires_grad=True), torch.ones(16, 4, requires_grad=True)
    turned = torch.ones(1, 5, 4)
    y = rotary_cpu.rotate(norms_cpu.rms_norm(x, weight, 1e-6), turned.cos(), turned.sin())
    z, _ = conv_cpu.short_conv(y.flatten(2), taps, None, None)
    assert all(float(g.abs().sum()) > 0 for g in torch.autograd.grad(z.square().sum(), [x, weight, taps]))
