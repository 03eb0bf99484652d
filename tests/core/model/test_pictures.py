"""Pictures to patches: Qwen2.5-VL's order, normalisation and resize rule."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import safe_open

from core.errors import InputError
from core.model.config import VisionShape
from core.model.pictures import PixelScale, fit, fitting_size, patchify
from core.model.vision import grid_plan
from tests.helpers.models import picture
from tests.helpers.published_patches import FIXTURE, SCALE, SIZES, sampled

SMALL = VisionShape(patch_size=2, spatial_merge_size=2, temporal_patch_size=2, window_size=8)


def test_patches_come_merged_block_by_merged_block() -> None:
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[..., 0] = np.arange(4)[:, None] * 10 + np.arange(8)
    scale = PixelScale(mean=(0, 0, 0), std=(1 / 255,) * 3)
    patches = patchify(torch.tensor(pixels)[None], SMALL, scale)[0]  # [8, 3 * 2 * 2 * 2]
    red = patches.view(8, 3, 2, 2, 2)[:, 0]
    assert red[:, 0].equal(red[:, 1])  # a still picture, twice in time
    assert red[:, 0, 0, 0].round().int().tolist() == [0, 2, 20, 22, 4, 6, 24, 26]
    assert red[1, 0].round().int().tolist() == [[2, 3], [12, 13]]


def test_patches_come_in_any_order_and_precision_asked_for() -> None:
    pixels = torch.tensor(picture(0, 12, 20))[None]
    plain = patchify(pixels, SMALL, PixelScale())
    order = grid_plan(6, 10, SMALL, pixels.device).order
    assert not order.equal(torch.arange(60))
    assert patchify(pixels, SMALL, PixelScale(), order).equal(plain[:, order])
    half = patchify(pixels, SMALL, PixelScale(), dtype=torch.bfloat16)
    assert half.equal(plain.to(torch.bfloat16))


@pytest.mark.parametrize("size", SIZES)
def test_any_size_is_brought_to_whole_merged_patches(size: tuple[int, int]) -> None:
    h, w = fitting_size(*size, 28, SCALE)
    assert h % 28 == w % 28 == 0
    assert SCALE.min_pixels <= h * w <= SCALE.max_pixels
    assert fit(picture(0, *size), 28, SCALE).shape == (h, w, 3)


@pytest.mark.parametrize("size", [(0, 28), (28, 0), (28, 28 * 300)])
def test_a_picture_without_area_or_far_too_narrow_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        fitting_size(*size, 28, PixelScale())


def test_scales_are_read_from_both_published_layouts() -> None:
    assert PixelScale.parse({}) == PixelScale()
    old = PixelScale.parse({"min_pixels": 5, "max_pixels": 9, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]})
    new = PixelScale.parse(
        {"size": {"shortest_edge": 5, "longest_edge": 9}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    )
    assert old == new == PixelScale((0, 0, 0), (1, 1, 1), 5, 9)


@pytest.mark.parametrize("size", SIZES)
def test_patches_equal_those_of_the_published_processor(size: tuple[int, int]) -> None:
    name = "{}x{}".format(*size)
    pixels = fit(picture(0, *size), 28, SCALE)
    patches = patchify(torch.tensor(pixels)[None], VisionShape(), SCALE)[0]
    with safe_open(FIXTURE, framework="pt") as published:
        assert published.get_tensor(f"{name}.grid").tolist() == [1, pixels.shape[0] // 14, pixels.shape[1] // 14]
        torch.testing.assert_close(sampled(patches), published.get_tensor(f"{name}.values"), atol=1e-5, rtol=0)
