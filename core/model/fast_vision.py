"""The vision tower on a GPU: the arithmetic of :class:`~core.model.vision.VisionTower` in fewer and better kernels.

The published SwiGLU is 3420 wide, which no tensor core can load in whole words: its matrices are laid out padded with
zeros (the network's own parameters become views of them: no second copy), gates and values side by side. Norms add
what came before, and queries and keys turn in place. Forward only.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model.layers import SwiGLU
from core.model.proof import proven, tower_difference
from core.model.vision import VisionBlock, VisionTower, attend_runs, block_runs, grid_plan
from kernels.norms.triton import add_rms_norm, rms_norm
from kernels.rotary.triton import rotate_rows_
from kernels.swiglu.triton import swiglu

WHOLE = 64  # the padded width is a multiple of so many numbers


@dataclass(frozen=True)
class _Block:
    norm1: Tensor
    norm2: Tensor
    qkv: nn.Linear
    proj: nn.Linear
    gate_up: Tensor  # [2 x padded, width], gates first
    gate_up_bias: Tensor
    down: Tensor  # [width, padded]
    down_bias: Tensor | None


def fits(tower: VisionTower) -> bool:
    """Whether the tower's weights are plain and all of one kind; packed ones take the plain way."""
    linears = [
        linear
        for block in tower.blocks
        if isinstance(block, VisionBlock)
        for linear in (block.attn.qkv, block.attn.proj, block.mlp.gate_proj, block.mlp.up_proj, block.mlp.down_proj)
    ]
    return all(type(linear) is nn.Linear for linear in linears) and len({p.dtype for p in tower.parameters()}) == 1


log = logging.getLogger(__name__)
_made: WeakKeyDictionary[VisionTower, FastTower | None] = WeakKeyDictionary()


def fast_tower(tower: VisionTower) -> FastTower | None:
    """This tower's fast form, made and tried at the first call; None where it cannot be, or computes something else.

    A tower that is changed later (quantised, moved) must not have been asked for before.
    """
    if tower not in _made:
        _made[tower] = proven(partial(FastTower, tower), partial(tower_difference, tower)) if fits(tower) else None
    return _made[tower]


class FastTower:
    """A tower's weights, laid out anew. Ask :func:`fits` first."""

    eight_bit_floats = False  # packed towers take the plain way

    def __init__(self, tower: VisionTower) -> None:
        self.shape, self.dtype = tower.shape, tower.merger.ln_q.weight.dtype
        self.patch_embed, self.merger = tower.patch_embed, tower.merger
        with torch.inference_mode(False), torch.no_grad():
            self.blocks = [_parts(block) for block in tower.blocks if isinstance(block, VisionBlock)]

    def forward(self, patches: Tensor, height: int, width: int, *, only: int | None = None) -> Tensor:
        """See :meth:`VisionTower.forward`; here patches [F, N, patch values] come in the order of the grid's plan.

        ``only``: leave out all blocks but this one.
        """
        eps = self.shape.norm_eps
        plan = grid_plan(height, width, self.shape, patches.device)
        x = self.patch_embed(patches)  # [F, N, width]
        numbers = range(len(self.blocks)) if only is None else (only,)
        y = rms_norm(x, self.blocks[numbers[0]].norm1, eps)
        for number in numbers:
            block = self.blocks[number]
            mixed = self._attend(block, y, plan.cos, plan.sin, block_runs(number, plan, self.shape))
            y, x = add_rms_norm(mixed, x, block.norm2, eps)
            gate, up = F.linear(y, block.gate_up, block.gate_up_bias).chunk(2, dim=-1)
            y = F.linear(swiglu(gate, up), block.down, block.down_bias)
            norm = self.merger.ln_q.weight if number == numbers[-1] else self.blocks[number + 1].norm1
            y, x = add_rms_norm(y, x, norm, eps)
        merged: Tensor = self.merger.merge(y)
        return merged[:, plan.back]

    def _attend(
        self, block: _Block, y: Tensor, cos: Tensor, sin: Tensor, runs: tuple[tuple[int, int], ...]
    ) -> Tensor:
        frames, N, width = y.shape
        heads = self.shape.num_heads
        rows = block.qkv(y)  # [F, N, 3 x width]
        rotate_rows_(rows.view(frames * N, -1), 2 * heads, cos, sin)
        q, k, v = rows.view(frames, N, 3, heads, width // heads).unbind(2)
        mixed: Tensor = block.proj(attend_runs(q, k, v, runs))
        return mixed


def _parts(block: VisionBlock) -> _Block:
    gate_up, gate_up_bias, down = _padded(block.mlp)
    return _Block(
        norm1=block.norm1.weight,
        norm2=block.norm2.weight,
        qkv=block.attn.qkv,
        proj=block.attn.proj,
        gate_up=gate_up,
        gate_up_bias=gate_up_bias,
        down=down,
        down_bias=block.mlp.down_proj.bias,
    )


def _padded(mlp: SwiGLU) -> tuple[Tensor, Tensor, Tensor]:
    """Gates and values with their biases, and the way back, with room for whole words; the weights become views."""
    inner, width = mlp.gate_proj.weight.shape
    room = -(-inner // WHOLE) * WHOLE
    gate_up = mlp.gate_proj.weight.new_zeros(2 * room, width)
    bias = gate_up.new_zeros(2 * room)
    for start, linear in ((0, mlp.gate_proj), (room, mlp.up_proj)):
        gate_up[start : start + inner] = linear.weight
        linear.weight.data = gate_up[start : start + inner]
        if linear.bias is not None:
            bias[start : start + inner] = linear.bias
    down = gate_up.new_zeros(width, room)
    down[:, :inner] = mlp.down_proj.weight
    mlp.down_proj.weight.data = down[:, :inner]
    return gate_up, bias, down
