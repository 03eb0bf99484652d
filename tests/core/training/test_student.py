"""Teacher and student shapes, what a student inherits, and its gates' first values."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import pytest
import torch
from safetensors.torch import save_file

from core.errors import InputError, WeightsError
from core.model import weights
from core.model.bundle import tiny_shape
from core.model.config import ModelShape, shape_fields
from core.model.layers import GatedDeltaNet
from core.model.network import InfiniteVL
from core.model.text import DecoderLayer
from core.training import nano
from core.training.backbone import Backbone
from core.training.student import (
    decay_groups,
    fresh_network,
    identity_start,
    inherit,
    let_learn,
    student_shape,
    take_tower,
)
from tests.helpers.models import network
from tests.helpers.training import drawn, student, teacher


@pytest.mark.parametrize(("share", "attention"), [("0", ()), ("1/8", (0,)), ("1/4", (0, 4)), ("1", tuple(range(8)))])
def test_a_share_of_the_layers_is_attention(share: str, attention: tuple[int, ...]) -> None:
    shape = replace(ModelShape(), linear_layers=(False,) * 8)
    layers = student_shape(shape, Fraction(share), 512).linear_layers
    assert tuple(i for i, linear in enumerate(layers) if not linear) == attention


def test_a_share_that_cannot_be_laid_out_is_refused() -> None:
    with pytest.raises(InputError, match="3/4"):
        student_shape(ModelShape(), Fraction(3, 4), 512)


def _mixer(model: InfiniteVL, index: int) -> GatedDeltaNet:
    mixer = cast("DecoderLayer", model.language_model.layers[index]).self_attn
    assert isinstance(mixer, GatedDeltaNet)
    return mixer


def test_gates_start_as_in_the_paper() -> None:
    mixer = _mixer(network(), 1)
    identity_start(mixer)
    x = torch.randn(1, 5, 64)
    assert torch.all(mixer.b_proj(x).sigmoid() == 0.5)
    decay = mixer.A_log.exp() * torch.nn.functional.softplus(mixer.a_proj(x) + mixer.dt_bias)
    assert torch.allclose(decay, torch.full_like(decay, 0.001), rtol=1e-4)
    for conv in (mixer.q_conv1d, mixer.k_conv1d, mixer.v_conv1d):
        assert torch.equal(conv.weight[..., -1], torch.ones_like(conv.weight[..., -1]))
        assert not conv.weight[..., :-1].any()


def test_a_student_inherits_all_but_the_mixers_of_another_kind() -> None:
    source = teacher()
    ours, theirs = dict(student(source).named_parameters()), dict(source.named_parameters())
    differing = {name for name in ours if name not in theirs or not torch.equal(ours[name], theirs[name])}
    assert any(name.endswith("layers.1.self_attn.q_proj.weight") for name in differing)
    assert all(".self_attn." in name and ".layers.0." not in name for name in differing)


def test_a_student_of_attention_alone_computes_what_its_teacher_does() -> None:
    source = teacher()
    copy = student(source, Fraction(1), window=1 << 20)
    with torch.no_grad():
        assert torch.equal(Backbone(copy).hidden(drawn()), Backbone(source).hidden(drawn()))


def test_a_network_of_other_sizes_gives_nothing() -> None:
    with pytest.raises(WeightsError, match="cannot inherit"):
        inherit(fresh_network(nano.nano_shape("smoke"), 0), network(intermediate_size=48))
    with pytest.raises(WeightsError, match="layers"):
        inherit(network(), network(linear_layers=(False, True)))


def test_a_tower_that_reads_is_taken_alone() -> None:
    ours, theirs = teacher(seed=1), teacher(seed=2)
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    take_tower(ours, theirs)
    after, given = ours.state_dict(), theirs.state_dict()
    assert all(torch.equal(after[n], given[n] if n.startswith("visual.") else before[n]) for n in after)
    with torch.device("meta"):
        larger = InfiniteVL(nano.nano_shape("study"))
    with pytest.raises(WeightsError, match="other sizes"):
        take_tower(ours, larger)


@pytest.mark.parametrize(
    ("part", "learns", "rests"),
    [
        ("gdn", "layers.1.self_attn.A_log", "layers.1.mlp.up_proj.weight"),
        ("decoder", "layers.0.self_attn.q_proj.weight", "visual.merger.ln_q.weight"),
        ("all", "visual.merger.ln_q.weight", None),
    ],
)
def test_only_the_named_part_learns(part: str, learns: str, rests: str | None) -> None:
    model = network()
    names = let_learn(model, part)
    marked = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert marked == set(names)
    assert any(name.endswith(learns) for name in names)
    assert rests is None or not any(name.endswith(rests) for name in names)


def test_nothing_to_learn_is_told() -> None:
    with pytest.raises(InputError, match="Gated DeltaNet"):
        let_learn(teacher(), "gdn")
    with pytest.raises(InputError, match="gates"):
        let_learn(teacher(), "gates")


def test_matrices_shrink_and_scales_do_not() -> None:
    shrinking, staying = (
        cast("list[torch.nn.Parameter]", group["params"]) for group in decay_groups(network(), 0.01)
    )
    assert {p.ndim for p in staying} == {1}
    assert min(p.ndim for p in shrinking) == 2
    assert len(shrinking) + len(staying) == len(list(network().parameters()))


def test_a_folder_in_qwens_layout_is_a_teacher(tmp_path: Path) -> None:
    """Qwen2.5-VL's own configuration: no layer kinds, a sliding window that is switched off, and its own names."""
    shape = replace(tiny_shape(), linear_layers=(False,) * 4)
    torch.manual_seed(0)
    model = InfiniteVL(shape)
    raw = shape_fields(shape) | {"use_sliding_window": False, "sliding_window": 32768, "max_window_layers": 70}
    for ours in (
        "layer_types",
        "attention_sinks",
        "num_linear_heads",
        "linear_head_dim",
        "num_linear_key_value_heads",
    ):
        del raw[ours]
    (tmp_path / "config.json").write_text(json.dumps(raw), encoding="utf-8")
    named = {name.replace("language_model.", "model."): p.detach() for name, p in model.named_parameters()}
    assert {name.partition(".")[0] for name in named} == {"visual", "model"}
    save_file(named, tmp_path / "model.safetensors")
    found = weights.load(tmp_path)
    assert found.shape.linear_layers == (False,) * 4
    assert found.shape.window == shape.max_position_embeddings
    pupil = fresh_network(student_shape(found.shape, Fraction(1, 4), 64), 0)
    inherit(pupil, found)
    assert torch.equal(pupil.visual.merger.ln_q.weight, model.visual.merger.ln_q.weight)
    assert torch.isfinite(Backbone(pupil).hidden(drawn())).all()
