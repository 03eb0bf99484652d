"""The engine at the 4B model's shape on the present GPU, random bf16 weights, window full. Run by hand.

    python -m tests.bench.engine_gpu [--json FILE] [--rounds N]

Frames go in through ``Session.see`` (transfer and pre-processing included), tokens come out through ``Session.ask``.
Floors: the matrix work of a frame at the measured matrix rate, the weights and the memory a token reads at the
measured copy bandwidth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.model.bundle import random_bundle
from core.model.config import ModelShape
from core.preprocess import Observation
from core.session import AskOptions, Session

SIDES = {"frame in, 448x448": (448, 448), "frame in, 1904x1064": (1064, 1904)}


def median_ms(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(times)


def machine() -> tuple[float, float]:
    """Bytes a second of a large copy, reads and writes counted; operations a second of a large bf16 product."""
    source = torch.randint(0, 255, (2**31,), dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    square = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    copy = median_ms(lambda: target.copy_(source), 10)
    product = median_ms(lambda: square @ square, 10)
    return 2 * source.nbytes / copy * 1e3, 2 * 8192**3 / product * 1e3


def linear_values(module: nn.Module) -> int:
    """Weights that every token meets in a matrix product."""
    return sum(part.weight.numel() for part in module.modules() if isinstance(part, nn.Linear))


def first_piece(session: Session, question: str) -> None:
    answer = session.ask(question, options=AskOptions(max_tokens=1))
    list(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    rounds = arguments.rounds
    bundle = random_bundle(torch.device("cuda"), torch.bfloat16, ModelShape(), on_device=True)
    bundle = replace(bundle, stops=frozenset())
    session = Session(bundle)
    bandwidth, rate = machine()
    network = bundle.network
    figures: dict[str, dict[str, float]] = {}

    def note(what: str, ms: float, floor: float = 0.0) -> None:
        figures[what] = {"ms": round(ms, 3), "floor_ms": round(floor, 3)}
        print(f"{what:<36} {ms:9.3f} ms   floor {floor:8.3f} ms", flush=True)

    for what, (height, width) in SIDES.items():
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        shown = Observation(datetime.now(UTC), "", (pixels,))
        tokens = height * width // 28**2
        while int(session._state.seen) < bundle.shape.window:
            session.see(shown)
        for _ in range(3):
            session.see(shown)
        work = 2 * tokens * (linear_values(network.language_model) + 4 * linear_values(network.visual))
        note(what, median_ms(partial(session.see, shown), rounds), work / rate * 1e3)
    count = 60
    list(session.ask("warm", options=AskOptions(max_tokens=8)))
    one = median_ms(lambda: list(session.ask("what?", options=AskOptions(max_tokens=2))), 3)
    many = median_ms(lambda: list(session.ask("what?", options=AskOptions(max_tokens=count + 2))), 3)
    read = 2 * (linear_values(network.language_model) + network.language_model.embed_tokens.weight.numel())
    note("token out", (many - one) / count, (read + session.facts.state_bytes) / bandwidth * 1e3)
    question = "x" * (32 - 8)
    note("first token, 32-token question", median_ms(lambda: first_piece(session, question), rounds))
    note("fork", median_ms(session.fork, rounds), 2 * session.facts.state_bytes / bandwidth * 1e3)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "memory"
        note("state to disk", median_ms(lambda: session.save(file), 3))
        note("state from disk", median_ms(lambda: session.load(file), 3))
    print(f"state {session.facts.state_bytes / 1e6:.1f} MB; {bandwidth / 1e12:.2f} TB/s, {rate / 1e12:.0f} TFLOP/s;"
          f" torch {torch.__version__} on {torch.cuda.get_device_name()}")  # fmt: skip
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
