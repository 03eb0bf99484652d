"""What the stages minimise: the right terms, over the right places, with gradients for what may learn."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import InputError
from core.model.network import InfiniteVL
from core.training import backbone
from core.training.backbone import Backbone, compile_layers, real_tokens, summed, text_places
from core.training.data import framing
from core.training.distil import LayerOutputs, Logits
from core.training.long_sft import CarriedAnswers
from core.training.loop import Objective
from core.training.sft import Answers
from core.training.student import let_learn
from tests.helpers.models import relative
from tests.helpers.training import drawn, student, teacher, with_window


def _gradients(objective: Objective, network: InfiniteVL, **how: bool) -> dict[str, Tensor]:
    network.language_model.checkpointing = how.get("checkpointing", False)
    torch.autograd.backward(objective(drawn()))
    found = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad()
    return found


def test_answers_alone_are_learnt() -> None:
    batch, network = drawn(), teacher()
    objective = Answers(network)
    with torch.no_grad():
        logits = network.logits(Backbone(network).hidden(batch)).flatten(0, 1)
        expected = F.cross_entropy(logits[batch.label_place], batch.label, reduction="sum")
        assert torch.allclose(objective(batch), expected)
    assert int(objective.terms(batch)) == batch.label.numel() > 0
    following = batch.ids.flatten()[batch.label_place + 1]
    assert torch.equal(following, batch.label)


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # the compiler looks at every tensor's
def test_fused_layers_learn_the_same() -> None:
    network = student(teacher())
    let_learn(network, "all")
    plain = _gradients(Answers(network), network)
    compile_layers(network, "aot_eager")
    fused = _gradients(Answers(network), network)
    assert plain.keys() == fused.keys()
    assert max(relative(fused[name], plain[name]) for name in plain) < 1e-4
    torch.compiler.reset()


def test_layers_are_compared_on_the_teachers_own_inputs() -> None:
    source = teacher()
    pupil = student(source)
    batch = drawn()
    objective = LayerOutputs(pupil, source)
    with torch.no_grad():
        mind, other = Backbone(source), Backbone(pupil)
        x, total = mind.embedded(batch), torch.zeros(())
        cos, sin = source.language_model.rotary(batch.positions)
        for index in range(4):
            y = mind.through(index, x, cos, sin, source.shape.window)
            if index > 0:
                mine = other.through(index, x, cos, sin, 128)
                total += ((mine - y) ** 2)[real_tokens(batch)].mean() / 3
            x = y
        mean = objective(batch) / objective.terms(batch)
    assert torch.allclose(mean, total, rtol=1e-5)
    assert float(mean) > 0


def test_layer_wise_only_gated_delta_layers_get_a_gradient() -> None:
    source = teacher()
    pupil = student(source)
    names = let_learn(pupil, "gdn")
    found = _gradients(LayerOutputs(pupil, source), pupil)
    assert set(found) == set(names)
    # with b_proj and a_proj at zero the gates still learn; nothing is dead from the start
    assert all(gradient.any() for gradient in found.values())
    assert all(p.grad is None for p in source.parameters())


def test_equal_networks_do_not_diverge_and_others_by_the_formula() -> None:
    source = teacher()
    batch = drawn()
    same = Logits(student(source, Fraction(1), 1 << 20), source, everywhere=True)
    pupil = student(source)
    objective = Logits(pupil, source, everywhere=False)
    with torch.no_grad():
        assert abs(float(same(batch))) < 1e-3
        p, q = (
            network.logits(Backbone(network).hidden(batch)).flatten(0, 1)[batch.label_place].softmax(-1).double()
            for network in (source, pupil)
        )
        expected = (p * (p / q).log()).sum()
        assert float(objective(batch)) == pytest.approx(float(expected), rel=1e-3)
    assert float(expected) > 0


@pytest.mark.parametrize("what", ["layers", "logits"])
def test_a_student_comes_nearer_to_its_teacher(what: str) -> None:
    source = teacher()
    pupil = student(source)
    let_learn(pupil, "gdn")
    layers = what == "layers"
    objective: Objective = LayerOutputs(pupil, source) if layers else Logits(pupil, source, everywhere=True)
    optimizer = torch.optim.Adam([p for p in pupil.parameters() if p.requires_grad], lr=3e-3)
    losses = []
    for _ in range(25):
        loss = objective(drawn()) / objective.terms(drawn())
        losses.append(float(loss.detach()))
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < 0.7 * losses[0]


def test_text_is_compared_where_text_follows_only() -> None:
    batch = drawn()
    shape = teacher().shape
    objective = Logits(teacher(), teacher(), everywhere=True)
    places = objective.places(batch)
    following = batch.ids.flatten()[places + 1]
    assert not (following == framing.IMAGE_PAD).any()
    filled = int(real_tokens(batch).sum())
    assert int(places.max()) + 1 < filled <= 300
    pads = int((batch.ids == framing.IMAGE_PAD).sum())
    assert len(places) == filled - 1 - pads
    assert torch.equal(places, text_places(batch, (shape.image_token_id,)))


def test_recomputing_layers_changes_no_gradient() -> None:
    source = teacher()
    pupil = student(source)
    for objective in (Answers(pupil), Logits(pupil, source, everywhere=False), LayerOutputs(pupil, source)):
        plain, again = (_gradients(objective, pupil, checkpointing=flag) for flag in (False, True))
        assert plain.keys() == again.keys()
        assert all(torch.allclose(plain[name], again[name], atol=1e-6) for name in plain)


def test_sums_in_slices_equal_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(10, 3, requires_grad=True)
    gradients: list[Tensor] = []
    for size in (100, 4):
        monkeypatch.setattr(backbone, "SLICE", size)
        total = summed(lambda part: part.square().sum(), x)
        assert torch.allclose(total, x.square().sum())
        gradients += torch.autograd.grad(total, x)
    assert torch.equal(*gradients)


def test_a_batch_without_pictures_reaches_the_vision_tower_with_no_effect() -> None:
    network = student(teacher())
    objective = Answers(network)
    torch.autograd.backward(objective(drawn("text")))
    tower = [p.grad for p in network.visual.parameters()]
    assert all(gradient is not None and not gradient.any() for gradient in tower)


def test_half_precision_products_keep_the_stream_and_the_memory_precise() -> None:
    network = student(teacher())
    batch = drawn()
    with torch.no_grad():
        precise = Backbone(network).hidden(batch)
        with torch.autocast("cpu", torch.bfloat16):
            rough = Backbone(network).hidden(batch)
    assert rough.dtype == torch.float32
    assert 0 < relative(rough, precise) < 0.03


@pytest.mark.parametrize("window", [96, 1 << 20])
def test_a_stream_in_chunks_gives_what_it_gives_at_once(window: int) -> None:
    network = student(teacher(), window=window)
    batch = drawn("frames", 700)
    with torch.no_grad():
        at_once = Backbone(network).hidden(batch)
        for chunk in (64, 250, 1000):
            assert relative(CarriedAnswers(network, chunk).hidden(batch), at_once) < 1e-4
    with pytest.raises(InputError, match="Chunks"):
        CarriedAnswers(network, 0)


def test_what_is_asked_late_teaches_what_was_written_early() -> None:
    """Through the state alone: the first tokens lie many windows before the answer, and two chunks at least."""
    network = student(teacher(), window=16)
    batch = with_window(drawn("text", 700), 16)
    objective = CarriedAnswers(network, 200)
    late = batch.label_place >= 600
    assert late.any()
    last = replace(batch, label_place=batch.label_place[late], label=batch.label[late])
    embeddings: list[Tensor] = []

    def keep(_module: torch.nn.Module, _given: object, made: Tensor) -> None:
        made.retain_grad()
        embeddings.append(made)

    hook = network.language_model.embed_tokens.register_forward_hook(keep)
    torch.autograd.backward(objective(last))
    hook.remove()
    early = embeddings[0].grad
    assert early is not None
    assert early[0, :100].abs().sum() > 0
