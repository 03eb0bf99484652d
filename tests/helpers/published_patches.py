"""Patches as the published pre-processing makes them: ``python -m tests.helpers.published_patches`` keeps a sample.

Needs transformers, whose processor is the reference; the test that reads the fixture does not.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from core.model.pictures import PixelScale
from tests.helpers.models import picture

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "published_patches.safetensors"
PROCESSOR = "transformers.models.qwen2_vl.image_processing_pil_qwen2_vl"
SIZES = ((224, 448), (100, 333), (1000, 30), (20, 20), (1080, 1920), (28, 28), (700, 699))  # height, width
SCALE = PixelScale(max_pixels=28 * 28 * 300)
SAMPLES = 400  # values of each picture that are kept


def sampled(patches: Tensor) -> Tensor:
    """SAMPLES values of [patches, values], always from the same places."""
    places = np.random.default_rng(patches.numel()).integers(0, patches.numel(), SAMPLES)
    return patches.flatten()[torch.from_numpy(places)].clone()


def main() -> None:
    processor = import_module(PROCESSOR).Qwen2VLImageProcessorPil()
    limits = {"shortest_edge": SCALE.min_pixels, "longest_edge": SCALE.max_pixels}
    kept: dict[str, Tensor] = {}
    for height, width in SIZES:
        made = processor(images=[Image.fromarray(picture(0, height, width))], size=limits, return_tensors="pt")
        kept[f"{height}x{width}.values"] = sampled(made["pixel_values"])
        kept[f"{height}x{width}.grid"] = made["image_grid_thw"][0]
    save_file(kept, FIXTURE, metadata={"transformers": version("transformers")})


if __name__ == "__main__":
    main()
