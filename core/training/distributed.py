"""One process or several under ``torchrun``, with PyTorch's own engine: DDP, FSDP2 and sharded checkpoints.

Knows nothing of losses or data. Checkpoints are read with PyTorch's unpickler: resume from your own runs only.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import HashStore  # type: ignore[attr-defined]
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from core.errors import AfterimageError, InputError
from core.model.text import DecoderLayer
from core.training.backbone import Sight

PARALLEL = ("auto", "none", "ddp", "fsdp")
KEPT = 2  # checkpoints of a run
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Place:
    """Which of how many processes this is, and what it works on. ``parallel``: "none", "ddp" or "fsdp"."""

    rank: int = 0
    world: int = 1
    device: torch.device = CPU
    parallel: str = "none"

    @property
    def leads(self) -> bool:
        """Whether this process writes logs and models."""
        return self.rank == 0

    def total(self, value: Tensor) -> Tensor:
        """The sum of a scalar over all processes."""
        if self.world > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        return bool(self.total(torch.tensor(float(flag), device=self.device)) > 0)

    def first_alone(self, act: Callable[[], None]) -> None:
        """Have the first process do something for all. Where it fails with a user's error, all fail."""
        trouble: AfterimageError | None = None
        if self.leads:
            try:
                act()
            except AfterimageError as error:
                trouble = error
        if self.any(trouble is not None):
            raise trouble or InputError("The first process gave up, and says why.")

    def wait(self) -> None:
        """Until all processes have come here."""
        self.total(torch.zeros((), device=self.device))


@contextlib.contextmanager
def joined(device: str, parallel: str) -> Iterator[Place]:
    """This process's place among those ``torchrun`` started; alone where it did not. Leaves the group at the end.

    ``device``: "cpu" or "cuda"; ``parallel``: one of PARALLEL, where "auto" is DDP for several processes. What
    :func:`spread` wrapped must be let go inside.
    Raises InputError for several processes that would not work together.
    """
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if parallel == "auto":
        parallel = "ddp" if world > 1 else "none"
    if parallel == "none" and world > 1:
        raise InputError(f"{world} processes were started to train apart.", "Give --parallel ddp or fsdp.")
    where = torch.device(device)
    if where.type == "cuda":
        where = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(where)
    # alone too there is a group: sharded checkpoints want one
    backend = "nccl" if where.type == "cuda" and parallel != "none" else "gloo"
    store = None if "MASTER_ADDR" in os.environ else HashStore()
    dist.init_process_group(backend, store=store, rank=rank, world_size=world)
    try:
        with warnings.catch_warnings():
            # the convolution's tail is a view into what it padded; nothing ever writes into either
            warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view tensor")
            yield Place(rank, world, where, parallel)
    finally:
        gc.collect()  # wrapped modules hold on to the group: whatever outlives it may wait for it for ever
        dist.destroy_process_group()


def spread(objective: nn.Module, place: Place) -> nn.Module:
    """The objective ready to be called in every process: on its device, and wrapped as the place says.

    Sharded weights that are nowhere yet (on the meta device) get their place; the caller fills them.
    """
    if place.parallel == "fsdp":
        mesh = init_device_mesh(place.device.type, (place.world,))
        for module in [m for m in objective.modules() if isinstance(m, DecoderLayer | Sight)]:
            fully_shard(module, mesh=mesh)
        fully_shard(objective, mesh=mesh)
        if any(parameter.is_meta for parameter in objective.parameters()):
            objective.to_empty(device=place.device)
        return objective
    objective.to(place.device)
    if place.parallel == "ddp":
        ids = [place.device.index] if place.device.type == "cuda" else None
        return DistributedDataParallel(objective, ids, gradient_as_bucket_view=True)
    return objective


def without_exchange(wrapped: nn.Module) -> contextlib.AbstractContextManager[None]:
    """Backward passes in here add to the gradients of this process alone; the next one outside exchanges the sum."""
    if isinstance(wrapped, DistributedDataParallel):
        return cast("contextlib.AbstractContextManager[None]", wrapped.no_sync())
    return contextlib.nullcontext()


def clipped(parameters: list[nn.Parameter], most: float) -> float:
    """Scale the gradients down to a norm of ``most`` over all processes; returns the norm they had."""
    norm = nn.utils.clip_grad_norm_(parameters, most)
    return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)


def save_checkpoint(folder: Path, network: nn.Module, optimizer: Optimizer, step: int, place: Place) -> Path:
    """Write what learns and its optimiser's state, each process its own shards; old ones go once it is whole."""
    target = folder / f"step-{step:08d}"
    model, state = get_state_dict(network, optimizer, options=StateDictOptions(ignore_frozen_params=True))
    content = {"network": model, "optimizer": state, "step": torch.tensor(step)}
    save(content, checkpoint_id=target)
    place.wait()
    if place.leads:
        for stale in _whole(folder)[:-KEPT]:
            shutil.rmtree(stale)
    return target


def load_checkpoint(folder: Path, network: nn.Module, optimizer: Optimizer) -> int:
    """Go back to the newest whole checkpoint, of whatever number of processes; returns its step, 0 where none is."""
    found = _whole(folder)
    if not found:
        return 0
    options = StateDictOptions(ignore_frozen_params=True, strict=False)
    model, state = get_state_dict(network, optimizer, options=options)
    step = torch.tensor(0)
    content = {"network": model, "optimizer": state, "step": step}
    load(content, checkpoint_id=found[-1])
    set_state_dict(network, optimizer, model_state_dict=model, optim_state_dict=state, options=options)
    return int(step)


def _whole(folder: Path) -> list[Path]:
    """Checkpoints that were written to the end (their index comes last), oldest first."""
    return sorted(file.parent for file in folder.glob("step-*/.metadata"))


def gathered(network: nn.Module) -> dict[str, Tensor]:
    """All weights by name, whole and on the CPU; all processes must call it, the first one gets them."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    return cast("dict[str, Tensor]", get_model_state_dict(network, options=options))
