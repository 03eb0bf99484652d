"""The loop all stages share: AdamW along a cosine, sums over processes and micro-batches, logs, checkpoints, resume.

Knows nothing of what is learnt: an :class:`Objective` says the sum of its loss terms and how many there are, and the
step follows the mean over all processes, however the work is split.
"""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import torch
from torch import Tensor, nn

from core.errors import EnvironmentTroubleError, InputError
from core.model.network import InfiniteVL
from core.training.curves import Curves
from core.training.data.batches import Batch
from core.training.distributed import (
    Place,
    clipped,
    load_checkpoint,
    save_checkpoint,
    spread,
    without_exchange,
)
from core.training.kernel_check import check_gated_delta
from core.training.student import decay_groups
from kernels import dispatch

BETAS = (0.9, 0.999)
WEIGHT_DECAY = 0.01
WARM_UP = 0.05  # of all steps
LARGEST_NORM = 1.0  # of the gradient
WORST_KERNEL = 0.03  # relative error against the naive formula; bf16 inputs give about 0.005
RUN = "run.json"


class Objective(nn.Module, ABC):
    """What a stage minimises. All processes call it equally often, with batches of one kind at a time."""

    @abstractmethod
    def terms(self, batch: Batch) -> Tensor:
        """How many terms :meth:`forward` adds up for this batch."""

    @abstractmethod
    def forward(self, batch: Batch) -> Tensor:
        """The sum of the loss over this batch's terms, fp32 []."""


@dataclass(frozen=True)
class Settings:
    """What a run is. Resuming with another value of these would be another run, and is refused."""

    stage: str
    data: str
    steps: int  # of the whole run
    rate: float  # the highest
    rows: int  # of a step, over all processes
    length: int  # tokens of a row
    seed: int
    precision: str = "fp32"  # or "bf16": products in bf16 by autocast, weights and residual stream in fp32


@dataclass(frozen=True)
class Sitting:
    """How far this call goes; may differ from sitting to sitting."""

    until: int | None = None  # stop after this step, to go on later
    minutes: float = math.inf
    accumulate: int = 1  # micro-batches a step in each process
    log_every: int = 10  # steps
    save_every: int = 500  # steps
    resume: bool = False


def rate_at(step: int, steps: int, rate: float) -> float:
    """Linear warm-up over the first 5 %, then half a cosine down to 0. ``step`` counts from 0."""
    warm = max(1, math.ceil(WARM_UP * steps))
    if step < warm:
        return rate * (step + 1) / warm
    return rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def check_kernels(device: torch.device) -> dict[str, float]:
    """Values and gradients of the delta rule's kernel on this machine against the formula; see ``kernel_check``.

    Raises EnvironmentTroubleError where they differ by more than rounding.
    """
    errors = check_gated_delta(device, dispatch.gated_delta)
    if not max(errors.values()) < WORST_KERNEL:
        raise EnvironmentTroubleError(
            f"The delta rule's kernel is wrong on this machine: {errors}.",
            "Use another Triton, or AFTERIMAGE_KERNELS=naive.",
        )
    return errors


def check_run(folder: Path, settings: Settings, resume: bool) -> None:
    """Raise InputError where a folder holds a run and ``resume`` was not asked for, or another run than this."""
    file = folder / RUN
    if not file.exists():
        return
    if not resume:
        raise InputError(f"{folder} holds a run already.", "Go on with --resume, or give another --out.")
    ours, theirs = asdict(settings), json.loads(file.read_text(encoding="utf-8"))
    changed = [name for name in ours if ours[name] != theirs.get(name)]
    if changed:
        was = ", ".join(f"{name} {theirs.get(name)}" for name in changed)
        raise InputError(f"The run in {folder} had {was}.", "Give the same, or start another run.")


def claim_run(folder: Path, settings: Settings) -> None:
    """Note down whose folder this is from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUN).write_text(json.dumps(asdict(settings), indent=1) + "\n", encoding="utf-8")


class Trainer:
    """One run of one objective. ``network``: what learns, and what its checkpoints hold."""

    def __init__(
        self, objective: Objective, network: InfiniteVL, settings: Settings, sitting: Sitting, place: Place
    ) -> None:
        self.objective, self.network = objective, network
        self.settings, self.sitting, self.place = settings, sitting, place
        self.wrapped = spread(objective, place)
        groups = decay_groups(network, WEIGHT_DECAY)
        fused = place.device.type == "cuda"  # no copies of the weights' size on the way
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, betas=BETAS, fused=fused)
        self.learning = [p for p in network.parameters() if p.requires_grad]

    def resume(self, folder: Path) -> int:
        """The step to go on from."""
        return load_checkpoint(folder, self.network, self.optimizer)

    def step(self, number: int, micro_batches: list[Batch]) -> tuple[float, float]:
        """One step of the optimiser over this process's micro-batches; returns the mean loss and gradient norm."""
        terms = sum((self.objective.terms(batch) for batch in micro_batches), torch.zeros((), dtype=torch.int64))
        terms = self.place.total(terms.to(self.place.device)).clamp_min(1)
        total = torch.zeros((), device=self.place.device)
        for index, batch in enumerate(micro_batches):
            last = index + 1 == len(micro_batches)
            with nullcontext() if last else without_exchange(self.wrapped):
                with self._precision():
                    loss: Tensor = self.wrapped(batch)
                # the engines average over processes, and the mean wanted is over all terms of all of them
                torch.autograd.backward(loss * (self.place.world / terms))
                total += loss.detach()
        norm = clipped(self.learning, LARGEST_NORM)
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(number, self.settings.steps, self.settings.rate)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return float(self.place.total(total) / terms), norm

    def _precision(self) -> torch.autocast:
        # without autocast's own cache: it would hold every weight once more
        return torch.autocast(
            self.place.device.type, torch.bfloat16, self.settings.precision == "bf16", cache_enabled=False
        )

    def train(self, batches: Iterator[Batch], first: int, folder: Path, curves: Curves) -> int:
        """From step ``first`` to the end of the run or of the sitting; returns the step reached, saved."""
        end = time.monotonic() + self.sitting.minutes * 60
        last = min(self.settings.steps, self.sitting.until or self.settings.steps)
        step, marked, tokens, saved = first, time.monotonic(), 0, first
        losses: list[float] = []
        norm = 0.0
        while step < last and not self.place.any(time.monotonic() > end):
            micro = [next(batches).to(self.place.device) for _ in range(self.sitting.accumulate)]
            loss, norm = self.step(step, micro)
            step += 1
            losses.append(loss)
            tokens += sum(batch.ids.numel() for batch in micro) * self.place.world
            if not math.isfinite(loss):
                raise EnvironmentTroubleError(
                    f"The loss is no number at step {step}.",
                    "Its last checkpoint is whole; start another run with a lower --rate.",
                )
            if step % self.sitting.log_every == 0 or step == last:
                now = time.monotonic()
                curves.add(step, {
                    "loss": sum(losses) / len(losses), "rate": self.optimizer.param_groups[0]["lr"],
                    "gradient_norm": norm, "tokens_per_second": tokens / (now - marked),
                    "memory_gib": peak_memory(self.place.device) / 2**30,
                })  # fmt: skip
                losses, tokens, marked = [], 0, now
            if step % self.sitting.save_every == 0 and step < last:
                save_checkpoint(folder, self.network, self.optimizer, step, self.place)
                saved = step
        if step > saved:
            save_checkpoint(folder, self.network, self.optimizer, step, self.place)
        return step


def peak_memory(device: torch.device) -> int:
    """Bytes: the most PyTorch held on a GPU; on a CPU what the process holds now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return int(psutil.Process().memory_info().rss)
