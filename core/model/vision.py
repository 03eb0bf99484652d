"""The vision tower: patches of a picture in, one embedding a merged patch out (Qwen2.5-VL's ViT and merger).

Pictures of one grid go through together. Knows nothing of the decoder.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model.config import VisionShape
from core.model.layers import RMSNorm, SwiGLU
from kernels import dispatch
from kernels.rotary.naive import angles, turn_frequencies


def window_plan(height: int, width: int, side: int) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """How merged patches fall into attention windows.

    height, width: the grid in merged patches; side: of a window, in merged patches. Windows at the right and lower
    edge may be partial. Returns the merged patches in window order, windows of one size next to each other, and the
    runs (windows, merged patches a window), so that each run is attended without padding or masks.
    """
    by_size: dict[int, list[int]] = {}
    for top in range(0, height, side):
        for left in range(0, width, side):
            rows, columns = range(top, min(top + side, height)), range(left, min(left + side, width))
            inside = [row * width + column for row in rows for column in columns]
            by_size.setdefault(len(inside), []).extend(inside)
    order = tuple(index for run in by_size.values() for index in run)
    return order, tuple((len(run) // size, size) for size, run in by_size.items())


@dataclass(frozen=True, eq=False)
class GridPlan:
    """What a grid of patches needs on its way through the tower, on the device.

    order: int64 [patches], windows together. back: int64 [tokens], undoes it after the merger. cos, sin: fp32
    [patches, head_dim / 2], in window order. windows: runs of (windows, patches a window).
    """

    order: Tensor
    back: Tensor
    cos: Tensor
    sin: Tensor
    windows: tuple[tuple[int, int], ...]


@functools.lru_cache(maxsize=64)
def grid_plan(height: int, width: int, shape: VisionShape, device: torch.device) -> GridPlan:
    """The plan of a grid of height x width patches: made once, kept for the next picture of this size."""
    m = shape.spatial_merge_size
    order, runs = window_plan(height // m, width // m, shape.window_tokens)
    with torch.inference_mode(mode=False):  # kept for passes with a gradient as well
        blocks = torch.tensor(order, device=device)
        patches = (blocks[:, None] * m * m + torch.arange(m * m, device=device)).flatten()
        cos, sin = patch_rotary(height, width, shape, device)
        windows = tuple((count, length * m * m) for count, length in runs)
        return GridPlan(patches, blocks.argsort(), cos[patches], sin[patches], windows)


def patch_rotary(height: int, width: int, shape: VisionShape, device: torch.device) -> tuple[Tensor, Tensor]:
    """cos and sin [patches, head_dim / 2] of a grid of height x width patches, in the order patches come in.

    Patches come merged block by merged block: [height / m, width / m, m, m].
    """
    m = shape.spatial_merge_size
    rows = torch.arange(height, device=device)[:, None].expand(height, width)
    columns = torch.arange(width, device=device)[None, :].expand(height, width)
    place = torch.stack([rows, columns])  # [2, height, width]
    place = place.reshape(2, height // m, m, width // m, m).transpose(2, 3).reshape(2, -1)
    frequencies = turn_frequencies(shape.rope_theta, shape.head_dim // 2).to(device)  # [head_dim / 4]
    turned = torch.cat([angles(place[0], frequencies), angles(place[1], frequencies)], dim=-1)
    return turned.cos(), turned.sin()


def block_runs(index: int, plan: GridPlan, shape: VisionShape) -> tuple[tuple[int, int], ...]:
    """The runs that block ``index`` attends in: the plan's windows, or the whole picture as one."""
    return ((1, len(plan.order)),) if index in shape.fullatt_block_indexes else plan.windows


def attend_runs(q: Tensor, k: Tensor, v: Tensor, runs: tuple[tuple[int, int], ...]) -> Tensor:
    """Attention in windows. q, k, v: [F, N, heads, d]; each run (n, L) of consecutive patches is n windows of L that
    see only themselves. Returns [F, N, heads x d]."""
    frames, _, heads, head_dim = q.shape
    outputs, start = [], 0
    for count, length in runs:
        part = slice(start, start + count * length)
        inside = (frames * count, length, heads, head_dim)
        windows = [t[:, part].reshape(inside).transpose(1, 2) for t in (q, k, v)]  # [F n, heads, L, d]
        o = F.scaled_dot_product_attention(windows[0], windows[1], windows[2])
        outputs.append(o.transpose(1, 2).reshape(frames, count * length, heads * head_dim))
        start += count * length
    return torch.cat(outputs, dim=1) if len(outputs) > 1 else outputs[0]


class VisionAttention(nn.Module):
    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.heads, self.head_dim = shape.num_heads, shape.head_dim
        self.qkv = nn.Linear(shape.hidden_size, 3 * shape.hidden_size)
        self.proj = nn.Linear(shape.hidden_size, shape.hidden_size)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, runs: tuple[tuple[int, int], ...]) -> Tensor:
        """x: [F, N, width]; ``runs``: see :func:`attend_runs`."""
        frames, N, _ = x.shape
        q, k, v = self.qkv(x).view(frames, N, 3, self.heads, self.head_dim).unbind(2)  # [F, N, heads, d]
        q, k = dispatch.rotate(q, cos, sin), dispatch.rotate(k, cos, sin)
        y: Tensor = self.proj(attend_runs(q, k, v, runs))
        return y


class VisionBlock(nn.Module):
    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.norm1 = RMSNorm(shape.hidden_size, shape.norm_eps)
        self.norm2 = RMSNorm(shape.hidden_size, shape.norm_eps)
        self.attn = VisionAttention(shape)
        self.mlp = SwiGLU(shape.hidden_size, shape.intermediate_size, bias=True)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, runs: tuple[tuple[int, int], ...]) -> Tensor:
        mixed = self.attn(self.norm1(x), cos, sin, runs)
        normalised, x = dispatch.add_rms_norm(mixed, x, self.norm2.weight, self.norm2.eps)
        y: Tensor = x + self.mlp(normalised)
        return y


class PatchEmbed(nn.Module):
    """The first projection: patches do not overlap, so the published 3-D convolution is a matrix product."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        kernel = (shape.temporal_patch_size, shape.patch_size, shape.patch_size)
        self.proj = nn.Conv3d(shape.in_channels, shape.hidden_size, kernel, stride=kernel, bias=False)

    def forward(self, patches: Tensor) -> Tensor:
        weight = self.proj.weight
        return F.linear(patches.to(weight.dtype), weight.flatten(1))


class Merger(nn.Module):
    """Neighbouring patches, m x m, become one embedding of the decoder's width."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.inner = shape.hidden_size * shape.spatial_merge_size**2
        self.ln_q = RMSNorm(shape.hidden_size, shape.norm_eps)
        self.mlp = nn.Sequential(
            nn.Linear(self.inner, self.inner), nn.GELU(), nn.Linear(self.inner, shape.out_hidden_size)
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: [F, N, width] -> [F, N / m^2, out]."""
        return self.merge(self.ln_q(x))

    def merge(self, normalised: Tensor) -> Tensor:
        """The same of patches that went through the norm already."""
        y: Tensor = self.mlp(normalised.view(normalised.shape[0], -1, self.inner))
        return y


class VisionTower(nn.Module):
    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.shape = shape
        self.patch_embed = PatchEmbed(shape)
        self.blocks = nn.ModuleList(VisionBlock(shape) for _ in range(shape.depth))
        self.merger = Merger(shape)

    def forward(self, patches: Tensor, height: int, width: int) -> Tensor:
        """patches: [F, height * width, patch values] of F pictures (or steps of a video) of one grid, in patches.

        Returns [F, height * width / m^2, out_hidden_size], row by row.
        """
        plan = grid_plan(height, width, self.shape, patches.device)
        x = self.patch_embed(patches[:, plan.order])  # [F, N, width]
        for index, block in enumerate(self.blocks):
            x = block(x, plan.cos, plan.sin, block_runs(index, plan, self.shape))
        merged: Tensor = self.merger(x)
        return merged[:, plan.back]
