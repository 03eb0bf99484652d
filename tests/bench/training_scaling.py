"""How training scales over processes: tokens a second, memory, and the factor from one process to several.

    python -m tests.bench.training_scaling [--processes 1 2] [--cases nano 4b] [--steps N]

Each case runs the loop's own steps under torchrun, every process on as many rows (weak scaling): nano with DDP on
drawn screens, a decoder of the 4B's shape with FSDP2 and recomputed layers on random tokens (its vision tower stays,
frozen and shown nothing). The smoke cases are miniatures of both, for machines without a GPU. One process of the
4B's case is sharded over itself, so that both counts do the same. Weights are random; drawing is not measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from core.model.bundle import tiny_shape
from core.model.config import ModelShape
from core.model.network import InfiniteVL
from core.training import nano
from core.training.data.batches import Batch, Recipe, Source
from core.training.distributed import Place, joined
from core.training.loop import Settings, Sitting, Trainer, peak_memory
from core.training.sft import Answers
from core.training.student import let_learn

WARM = 3  # steps before the clock runs
WHOLE = 1 << 30


@dataclass(frozen=True)
class Case:
    size: str  # of nano's sizes, or of LARGE
    parallel: str
    rows: int  # in each process
    length: int
    checkpointing: bool = False


LARGE = {  # what is sharded before it has weights
    "4b": ModelShape(),
    "sketch": replace(tiny_shape(), linear_layers=ModelShape().linear_layers[:8]),
}
CASES = {
    "nano": Case("nano", "ddp", 8, 4096),
    "4b": Case("4b", "fsdp", 1, 4096, checkpointing=True),
    "smoke-ddp": Case("smoke", "ddp", 1, 300),
    "smoke-fsdp": Case("sketch", "fsdp", 1, 300, checkpointing=True),
}


def random_batch(case: Case, vocabulary: int) -> Batch:
    """Random text whose every next token is to be predicted."""
    tokens = case.rows * case.length
    ids = torch.randint(0, vocabulary, (case.rows, case.length), generator=torch.Generator().manual_seed(0))
    places = torch.arange(tokens).view(case.rows, -1)[:, :-1].flatten()
    none = torch.empty(0, dtype=torch.int64)
    return Batch(
        recipe=Recipe("text", case.rows, case.length, 1, WHOLE),
        ids=ids, positions=torch.arange(case.length).expand(3, case.rows, -1).contiguous(), pictures=[],
        gather=none, place=none, characters=none, colours=none, label_place=places,
        label=ids.flatten()[places + 1], label_answer=torch.zeros_like(places),
        answer_kind=none, answer_distance=none, answer_size=none,
    )  # fmt: skip


def fill(network: InfiniteVL) -> None:
    """Random weights for parameters that were only just given their place."""
    with torch.no_grad():
        for name, whole in network.named_parameters():
            parameter = whole.to_local() if isinstance(whole, DTensor) else whole  # each process its own part
            if "norm" in name or name.endswith("ln_q.weight"):
                parameter.fill_(1)
            elif parameter.ndim == 1:
                parameter.zero_()
            else:
                parameter.normal_(0, 0.02)


def trainer_of(case: Case, place: Place, steps: int) -> tuple[Trainer, Batch]:
    if case.size in LARGE:
        with torch.device("meta"):
            network = InfiniteVL(LARGE[case.size])
        let_learn(network, "decoder")
        batch = random_batch(case, network.shape.vocab_size)
    else:
        network, _ = nano.fresh(nano.nano_shape(case.size), 0)
        source = Source(seed=place.rank)
        batch = source.make(0, Recipe("reading", case.rows, case.length, 1, WHOLE), source.drawer())
    network.language_model.checkpointing = case.checkpointing
    precision = "bf16" if place.device.type == "cuda" else "fp32"
    settings = Settings("bench", "", steps, 1e-4, case.rows * place.world, case.length, 0, precision)
    trainer = Trainer(Answers(network), network, settings, Sitting(), place)
    if case.size in LARGE:
        fill(network)
    return trainer, batch.to(place.device)


def measure(name: str, steps: int, device: str) -> dict[str, Any] | None:
    """In each process under torchrun: the figures of a case; None but in the first process."""
    case = CASES[name]
    with joined(device, case.parallel) as place:
        times = step_times(case, place, steps)
        memory = place.total(torch.tensor(float(peak_memory(place.device)), device=place.device)) / place.world
        median = statistics.median(times)
        figures = {"case": name, "processes": place.world, "ms": 1e3 * median, "gib": float(memory) / 2**30,
                   "tokens_per_second": case.rows * case.length * place.world / median}  # fmt: skip
        return figures if place.leads else None


def step_times(case: Case, place: Place, steps: int) -> list[float]:
    """Seconds of each step, once it is warm."""
    trainer, batch = trainer_of(case, place, WARM + steps)
    times = []
    for number in range(WARM + steps):
        place.wait()
        begun = time.perf_counter()
        trainer.step(number, [batch])  # ends with the loss as a Python number: the device is done
        times.append(time.perf_counter() - begun)
    return times[WARM:]


def under_torchrun(name: str, processes: int, steps: int, device: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command += ["--local-addr", "127.0.0.1"]  # a machine whose own name leads nowhere would wait for it
    command += ["-m", "tests.bench.training_scaling", "--measure", name, "--steps", str(steps), "--device", device]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> int:
    on_gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(prog="python -m tests.bench.training_scaling", description=__doc__)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--cases", nargs="+", choices=list(CASES),
                        default=["nano", "4b"] if on_gpu else ["smoke-ddp", "smoke-fsdp"])  # fmt: skip
    parser.add_argument("--steps", type=int, default=10, help="measured, after a few to warm up")
    parser.add_argument("--device", default="cuda" if on_gpu else "cpu")
    parser.add_argument("--measure", choices=list(CASES), help="be one of torchrun's processes")
    options = parser.parse_args()
    if options.measure:
        figures = measure(options.measure, options.steps, options.device)
        if figures is not None:
            print(json.dumps(figures))
        return 0
    failed = False
    print(f"{'case':12} {'processes':>9} {'ms a step':>10} {'tokens/s':>10} {'GiB each':>9} {'factor':>7}")
    for name in options.cases:
        first = 0.0
        for processes in options.processes:
            try:
                figures = under_torchrun(name, processes, options.steps, options.device)
            except subprocess.CalledProcessError:  # its message stands above; other cases may fit
                print(f"{name:12} {processes:9} failed", flush=True)
                failed = True
                continue
            speed = figures["tokens_per_second"]
            first = first or speed
            print(
                f"{name:12} {processes:9} {figures['ms']:10.1f} {speed:10.0f} {figures['gib']:9.2f} "
                f"{speed / first:7.2f}",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
