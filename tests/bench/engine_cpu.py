"""The engine on this machine's CPU: the gated delta rule in chunks against token by token, and the model's steps.

    python -m tests.bench.engine_cpu [--threads N] [--model DIR | --random]

Without a model folder the built-in one is measured, or the random stand-in; ``--random`` takes the built-in model's
shape with random weights. Run it on a quiet machine: medians of several rounds are printed, other work shows in them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.measure import DELTA_TOKENS, delta_case, delta_floor, median_ms
from core.model.bundle import random_bundle
from core.model.config import read_shape
from core.model.floors import Machine, bandwidth_of, matrix_rate
from core.preprocess import Observation
from core.session import AskOptions, Session, open_session
from core.training.folders import BUILT_IN
from kernels.gated_delta import cpu, naive

SHAPES = {  # heads, key width, value width
    "golden": (2, 16, 32),
    "nano layer": (6, 64, 128),
    "4B layer": (16, 128, 256),
}
CPU = torch.device("cpu")


def both_ways(form: Callable[..., tuple[Tensor, Tensor]], given: list[Tensor]) -> None:
    leaves = [x.clone().requires_grad_() for x in given]
    o, state = form(*leaves, 0.1)
    torch.autograd.grad(o.sum() + state.sum(), leaves)


def forward(form: Callable[..., tuple[Tensor, Tensor]], given: list[Tensor]) -> None:
    with torch.inference_mode():
        form(*given, 0.1)


def delta_rows() -> None:
    """Also the share of the floor: operations of the recurrence at the rate of a large matrix product."""
    machine = Machine(bandwidth_of(CPU), matrix_rate(CPU, torch.float32))
    print(f"matrix products {machine.rate / 1e9:.0f} GFLOP/s, copies {machine.bandwidth / 1e9:.1f} GB/s")
    for name, shape in SHAPES.items():
        given = delta_case(*shape)
        for what, run, passes in (("forward", forward, 1), ("forward and backward", both_ways, 3)):
            slow, fast = (median_ms(partial(run, form.gated_delta, given), CPU) for form in (naive, cpu))
            print(
                f"gated delta, {name} {shape}, {DELTA_TOKENS} tokens, {what}: {slow:.1f} -> {fast:.2f} ms, "
                f"{slow / fast:.1f} x, floor {passes * delta_floor(*shape, machine):.2f} ms",
                flush=True,
            )


def session_rows(session: Session) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (448, 448, 3), dtype=np.uint8)
    shown = Observation(datetime.now(UTC), "2026-01-05 Mon 09:00:00 | xterm | make", (pixels,))
    tokens = session.see(shown)
    print(f"{session.facts.model}: see {tokens} tokens {median_ms(partial(session.see, shown), CPU):.0f} ms")
    steps = []
    for limit in (1, 41):
        options = AskOptions(max_tokens=limit, temperature=1.0, seed=1)
        steps.append(median_ms(partial(answer, session, options), CPU))
    print(f"first token {steps[0]:.0f} ms, each further {(steps[1] - steps[0]) / 40:.1f} ms (if none ends it)")


def answer(session: Session, options: AskOptions) -> None:
    list(session.ask("what?", options=options))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--random", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    delta_rows()
    if arguments.random:
        session_rows(Session(random_bundle(torch.device("cpu"), torch.float32, read_shape(BUILT_IN / "config.json"))))
    else:
        session_rows(open_session(arguments.model, "cpu"))


if __name__ == "__main__":
    main()
