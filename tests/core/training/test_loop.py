"""The loop: the schedule, means over micro-batches, folders of runs, and what stops a run."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.errors import EnvironmentTroubleError, InputError
from core.model.network import InfiniteVL
from core.training import loop
from core.training.curves import Curves, read_points
from core.training.data.batches import Batch
from core.training.distributed import Place, joined
from core.training.loop import Objective, Settings, Sitting, Trainer, check_kernels, check_run, claim_run, rate_at
from core.training.sft import Answers
from tests.helpers.training import drawn, student, teacher

SETTINGS = Settings("sft", "drawn", 10, 1e-3, 2, 300, 0)


@pytest.fixture
def alone() -> Iterator[Place]:
    with joined("cpu", "none") as place:
        yield place


def test_the_rate_rises_for_a_twentieth_and_falls_along_a_cosine() -> None:
    rates = [rate_at(step, 1000, 2.0) for step in range(1000)]
    assert rates[0] == pytest.approx(2 / 50)
    assert rates[49] == rates[50] == 2.0
    assert rates[525] == pytest.approx(1.0)  # half of the way down
    assert rates == [*sorted(rates[:50]), *sorted(rates[50:], reverse=True)]
    assert rates[-1] < 1e-4
    assert rate_at(0, 1, 2.0) == 2.0


def test_a_step_follows_the_mean_over_all_terms_of_its_micro_batches(alone: Place) -> None:
    """Micro-batches with more answers count for more: as if they had come in one batch."""
    first = drawn(number=0)
    micro = [first, next(b for b in (drawn(number=n) for n in range(1, 9)) if b.label.numel() != first.label.numel())]
    network = student(teacher())
    objective = Answers(network)
    expected = sum((objective(batch) for batch in micro), torch.zeros(())) / sum(b.label.numel() for b in micro)
    parameters = list(network.parameters())
    wanted = torch.autograd.grad(expected, parameters)
    trainer = Trainer(objective, network, SETTINGS, Sitting(accumulate=2), alone)
    seen: list[Tensor] = []
    hook = trainer.optimizer.register_step_pre_hook(
        lambda _optimizer, _arguments, _named: seen.extend(p.grad.clone() for p in parameters if p.grad is not None)
    )
    loss, norm = trainer.step(0, micro)
    hook.remove()
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    whole = torch.stack([gradient.norm() for gradient in wanted]).norm()
    assert norm == pytest.approx(float(whole), rel=1e-3)
    shrunk = min(1.0, 1.0 / float(whole))
    assert all(torch.allclose(ours, theirs * shrunk, atol=1e-5) for ours, theirs in zip(seen, wanted, strict=True))


def test_a_folder_holds_one_run(tmp_path: Path) -> None:
    check_run(tmp_path, SETTINGS, resume=False)
    claim_run(tmp_path, SETTINGS)
    check_run(tmp_path, SETTINGS, resume=True)
    with pytest.raises(InputError, match="--resume"):
        check_run(tmp_path, SETTINGS, resume=False)
    other = Settings("sft", "drawn", 10, 5e-4, 2, 300, 0)
    with pytest.raises(InputError, match=r"rate 0\.001"):
        check_run(tmp_path, other, resume=True)


class _Broken(Objective):
    def __init__(self, network: InfiniteVL) -> None:
        super().__init__()
        self.weight = network.language_model.norm.weight

    def terms(self, batch: Batch) -> Tensor:
        return torch.tensor(1)

    def forward(self, batch: Batch) -> Tensor:
        return self.weight.sum() * float("nan")


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_no_checkpoint(alone: Place, tmp_path: Path) -> None:
    network = student(teacher())
    trainer = Trainer(_Broken(network), network, SETTINGS, Sitting(), alone)
    with pytest.raises(EnvironmentTroubleError, match="step 1"):
        trainer.train(iter([drawn()]), 0, tmp_path, Curves(None, io.StringIO()))
    assert not list(tmp_path.iterdir())


def test_a_wrong_kernel_stops_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(check_kernels(torch.device("cpu")).values()) < loop.WORST_KERNEL
    monkeypatch.setattr(loop, "check_gated_delta", lambda *_: {"dg": 0.4})
    with pytest.raises(EnvironmentTroubleError, match="dg"):
        check_kernels(torch.device("cpu"))


def test_only_the_newest_checkpoints_stay(alone: Place, tmp_path: Path) -> None:
    network = student(teacher())
    sitting = Sitting(save_every=1, until=4)
    trainer = Trainer(Answers(network), network, SETTINGS, sitting, alone)
    assert trainer.resume(tmp_path) == 0
    assert trainer.train(iter([drawn()] * 4), 0, tmp_path, Curves(None, io.StringIO())) == 4
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["step-00000003", "step-00000004"]
    (tmp_path / "step-00000004" / ".metadata").unlink()  # cut short: the one before counts
    assert trainer.resume(tmp_path) == 3


def test_curves_go_on_where_a_sitting_ended_and_the_later_of_a_step_counts(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = io.StringIO()
    for losses in ((3.0, 2.0), (1.5,)):
        with Curves(tmp_path, out) as curves:
            for step, loss in enumerate(losses, 3 - len(losses)):
                curves.add(step, {"loss": loss})
            curves.note({"something": "else"})
    assert [(point["step"], point["loss"]) for point in read_points(tmp_path)] == [(1, 3.0), (2, 1.5)]
    assert "step 2 loss 1.5" in out.getvalue()
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert {event.value for event in board.Scalars("loss")} >= {3.0, 1.5}
