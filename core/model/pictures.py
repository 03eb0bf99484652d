"""Pixels to patches, as Qwen2.5-VL's pre-processing has it: on the device, in one pass over a live picture."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from core.errors import InputError
from core.frame import Pixels
from core.model.config import VisionShape
from kernels import dispatch

MOST_PIXELS = 14 * 14 * 4 * 16384  # the published upper limit of one picture
MOST_RATIO = 200  # of the longer to the shorter side


@dataclass(frozen=True)
class PixelScale:
    """How colours are normalised and what sizes a picture is brought to (``preprocessor_config.json``)."""

    mean: tuple[float, ...] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, ...] = (0.26862954, 0.26130258, 0.27577711)
    min_pixels: int = 56 * 56
    max_pixels: int = 28 * 28 * 1280

    @staticmethod
    def parse(raw: Mapping[str, Any]) -> PixelScale:
        size = raw.get("size") or {}
        return PixelScale(
            mean=tuple(raw.get("image_mean", PixelScale.mean)),
            std=tuple(raw.get("image_std", PixelScale.std)),
            min_pixels=int(raw.get("min_pixels") or size.get("shortest_edge") or PixelScale.min_pixels),
            max_pixels=int(raw.get("max_pixels") or size.get("longest_edge") or PixelScale.max_pixels),
        )


def check_picture(pixels: NDArray[Any], side: int) -> None:
    """Raise InputError unless this is uint8 [H, W, 3] with sides that are positive multiples of ``side``."""
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InputError(
            f"A picture must have the shape height x width x 3, not {tuple(pixels.shape)}.", "Convert it to RGB."
        )
    if pixels.dtype != np.uint8:
        raise InputError(f"A picture must hold bytes (0 to 255), not {pixels.dtype}.", "Convert it first.")
    height, width = pixels.shape[:2]
    if height == 0 or width == 0:
        raise InputError("The picture is empty.", "Hand in one with pixels.")
    if height % side or width % side:
        raise InputError(
            f"A picture of {width} x {height} does not divide into {side} x {side} squares.", "Resize it."
        )
    if height * width > MOST_PIXELS:
        raise InputError(f"A picture of {width} x {height} is too large.", "Scale it down or cut it.")


def patchify(
    pictures: Tensor,
    shape: VisionShape,
    scale: PixelScale,
    order: Tensor | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Pictures of one size to normalised patches, on the device they lie on, in one pass.

    pictures: uint8 [F, H, W, C], sides multiples of the merged side. Returns ``dtype`` [F, patches, patch values]:
    patches merged block by merged block (``order``, int64 [patches]: that one of them at each place), values ordered
    channel, picture in time (a still one twice), row, column.
    """
    mean, deviation = _scale_on(scale, pictures.device)
    m, p = shape.spatial_merge_size, shape.patch_size
    return dispatch.cut(pictures, mean, deviation, order, p, m, shape.temporal_patch_size, dtype)


@functools.lru_cache(maxsize=16)
def _scale_on(scale: PixelScale, device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and deviation of bytes, [3] each, sent to the device once."""
    with torch.inference_mode(mode=False):
        return torch.tensor(scale.mean, device=device) * 255, torch.tensor(scale.std, device=device) * 255


def fitting_size(height: int, width: int, side: int, scale: PixelScale) -> tuple[int, int]:
    """The height and width a picture of any size is resized to: multiples of ``side``, about the same shape."""
    if min(height, width) < 1 or max(height, width) / min(height, width) > MOST_RATIO:
        raise InputError(f"A picture of {width} x {height} is too narrow or empty.", "Cut it into parts.")
    h, w = round(height / side) * side, round(width / side) * side
    if h * w > scale.max_pixels:
        shrink = math.sqrt(height * width / scale.max_pixels)
        h = max(side, math.floor(height / shrink / side) * side)
        w = max(side, math.floor(width / shrink / side) * side)
    elif h * w < scale.min_pixels:
        grow = math.sqrt(scale.min_pixels / (height * width))
        h, w = math.ceil(height * grow / side) * side, math.ceil(width * grow / side) * side
    return h, w


def fit(pixels: Pixels, side: int, scale: PixelScale) -> Pixels:
    """A picture of any size, resized by the published rule (bicubic)."""
    h, w = fitting_size(pixels.shape[0], pixels.shape[1], side, scale)
    if (h, w) == pixels.shape[:2]:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((w, h), Image.Resampling.BICUBIC))
