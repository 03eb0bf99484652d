"""The packed forward pass computes what the streaming network does, and its kernels what their formulas say."""

from __future__ import annotations

from random import Random

import torch

from core.model.pictures import PixelScale, patchify
from core.training import nano
from core.training.data.batches import Recipe, Source, collate
from core.training.data.rows import reading_row
from core.training.data.screens import Drawer
from core.training.forward import Forward, window_attention
from core.training.kernel_check import check_gated_delta
from core.training.optimizer import Optimizer, orthogonalised
from kernels import dispatch


def _unpatched(patches: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """[tokens, 4, 588] -> uint8 [1, H, W, 3]."""
    rows, columns = grid
    x = patches.view(rows, columns, 2, 2, 3, 14, 14).permute(0, 2, 5, 1, 3, 6, 4)
    return x.reshape(1, rows * 28, columns * 28, 3)


def test_packed_rows_give_the_streaming_networks_hidden_values() -> None:
    drawer: Drawer = Source().drawer()
    model, heads = nano.fresh(nano.nano_shape("smoke"), 0)
    rows = [reading_row(Random(seed), drawer, 500) for seed in (1, 2)]
    batch = collate(rows, Recipe("reading", 2, 500, 1, 128))
    with torch.no_grad():
        hidden, merged, middle = Forward(model, heads).hidden(batch)
        x = model.embed(batch.ids)
        for number, row in enumerate(rows):
            for picture in row.pictures:
                pixels = _unpatched(torch.from_numpy(picture.patches), picture.grid)
                patches = patchify(pixels, model.shape.vision, PixelScale())
                seen = model.visual(patches, picture.grid[0] * 2, picture.grid[1] * 2)[0]
                x[number, picture.start : picture.start + len(seen)] = seen
        expected, _ = model(x, batch.positions)
    assert merged is not None
    assert middle is not None
    assert float((hidden - expected).norm() / expected.norm()) < 1e-4


def test_writes_to_keeping_heads_are_counted_with_a_gradient_and_only_where_asked() -> None:
    model, heads = nano.fresh(nano.nano_shape("smoke"), 0)
    batch = collate([reading_row(Random(1), Source().drawer(), 400)], Recipe("reading", 1, 400, 1, 128))
    plain, counting = Forward(model, heads), Forward(model, heads, count_writes=True)
    plain.hidden(batch)
    counting.hidden(batch)
    assert plain.written is None
    assert counting.written is not None
    written = float(counting.written.detach())
    assert 0.2 < written < 0.3  # one of two heads keeps, and each is written to by half at first
    torch.autograd.backward(counting.written)
    gates = [p.grad for name, p in model.named_parameters() if name.endswith("b_proj.weight")]
    assert all(gate is not None and float(gate.abs().sum()) > 0 for gate in gates)


def test_window_attention_in_blocks_equals_one_masked_product() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 700, 3, 8) for _ in range(3))
    distance = torch.arange(700)[:, None] - torch.arange(700)[None, :]
    mask = (distance >= 0) & (distance < 300)
    expected = torch.nn.functional.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=mask
    ).transpose(1, 2)
    assert torch.allclose(window_attention(q, k, v, 300), expected, atol=1e-5)


def test_the_kernel_check_passes_a_right_rule_and_catches_a_wrong_gradient() -> None:
    cpu = torch.device("cpu")
    assert max(check_gated_delta(cpu, dispatch.gated_delta, 40).values()) < 0.03

    def deaf_to_decay(
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        g: torch.Tensor,
        beta: torch.Tensor,
        state: None,
        scale: float,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return dispatch.gated_delta(q, k, v, g.detach() + 0 * g, beta, state, scale)

    assert check_gated_delta(cpu, deaf_to_decay, 40)["dg"] > 0.5


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((2, 24, 40), (2, 40, 24)):
        values = torch.linalg.svdvals(orthogonalised(torch.randn(*shape)))
        assert float(values.min()) > 0.3
        assert float(values.max()) < 1.6


def test_both_optimisers_walk_down_a_bowl() -> None:
    torch.manual_seed(0)
    weights = {"layer.weight": torch.nn.Parameter(torch.randn(20, 20)), "bias": torch.nn.Parameter(torch.randn(20))}
    optimizer = Optimizer(weights.items(), muon_rate=0.05, adam_rate=0.05)
    before = [float(weight.detach().norm()) for weight in weights.values()]
    for _ in range(40):
        torch.autograd.backward(sum((w.square().sum() for w in weights.values()), torch.zeros(())))
        optimizer.step(1.0)
    after = [float(weight.detach().norm()) for weight in weights.values()]
    assert all(b < 0.7 * a for a, b in zip(before, after, strict=True))
