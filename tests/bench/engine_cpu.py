"""The engine on this machine's CPU: the gated delta rule in chunks against token by token, and the model's steps.

    python -m tests.bench.engine_cpu [--threads N] [--model DIR | --random]

Without a model folder the built-in one is measured, or the random stand-in; ``--random`` takes the built-in model's
shape with random weights. Run it on a quiet machine: medians of several rounds are printed, other work shows in them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.bundle import random_bundle
from core.preprocess import Observation
from core.session import AskOptions, Session, open_session
from core.training.nano import nano_shape
from kernels.gated_delta import cpu, naive

SHAPES = {"4B layer": (16, 128, 256), "nano layer": (6, 64, 128)}  # heads, key width, value width
TOKENS = 512


def median_ms(work: Callable[[], object], rounds: int) -> float:
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(times)


def draw(heads: int, key: int, value: int) -> list[Tensor]:
    q, k = (F.normalize(torch.randn(1, TOKENS, heads, key), dim=-1) for _ in range(2))
    v, state = torch.randn(1, TOKENS, heads, value), torch.randn(1, heads, key, value)
    return [q, k, v, -0.1 * torch.rand(1, TOKENS, heads), torch.rand(1, TOKENS, heads), state]


def both_ways(form: Callable[..., tuple[Tensor, Tensor]], given: list[Tensor]) -> None:
    leaves = [x.clone().requires_grad_() for x in given]
    o, state = form(*leaves, 0.1)
    torch.autograd.grad(o.sum() + state.sum(), leaves)


def forward(form: Callable[..., tuple[Tensor, Tensor]], given: list[Tensor]) -> None:
    with torch.inference_mode():
        form(*given, 0.1)


def delta_rows() -> None:
    for name, shape in SHAPES.items():
        given = draw(*shape)
        for what, run, rounds in (("forward", forward, 5), ("forward and backward", both_ways, 1)):
            slow, fast = (median_ms(partial(run, form.gated_delta, given), rounds) for form in (naive, cpu))
            print(f"gated delta, {name}, {TOKENS} tokens, {what}: {slow:.1f} -> {fast:.1f} ms, {slow / fast:.1f} x")


def session_rows(session: Session) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (448, 448, 3), dtype=np.uint8)
    shown = Observation(datetime.now(UTC), "2026-01-05 Mon 09:00:00 | xterm | make", (pixels,))
    tokens = session.see(shown)
    print(f"{session.facts.model}: see {tokens} tokens {median_ms(partial(session.see, shown), 9):.0f} ms")
    steps = []
    for limit in (1, 41):
        options = AskOptions(max_tokens=limit, temperature=1.0, seed=1)
        steps.append(median_ms(partial(answer, session, options), 3))
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
        session_rows(Session(random_bundle(torch.device("cpu"), torch.float32, nano_shape())))
    else:
        session_rows(open_session(arguments.model, "cpu"))


if __name__ == "__main__":
    main()
