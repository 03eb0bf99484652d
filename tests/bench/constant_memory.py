"""Does memory stay flat? Run by hand.

    python -m tests.bench.constant_memory [--frames N] [--model DIR | --random-4b] [--device D] [--side PX]

Streams frames through a session and compares the last tenth with the second tenth: the state's bytes must be equal,
and the process's resident memory (on a GPU the allocated device memory as well) within 1 %. Exits with 1 otherwise.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import torch

from core.model.bundle import random_bundle
from core.model.config import ModelShape
from core.preprocess import Observation
from core.session import Session, open_session

LIMIT = 0.01
SAMPLES = 100  # over the whole run


def stream(session: Session, frames: int, side: int) -> list[tuple[int, int, int]]:
    """See ``frames`` pictures; returns (state bytes, resident bytes, device bytes) as they went."""
    process, on_gpu = psutil.Process(), session.facts.device.startswith("cuda")
    pictures = [np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8) for seed in range(16)]
    samples, start = [], datetime(2026, 1, 5, tzinfo=UTC)
    for number in range(frames):
        moment = start + timedelta(seconds=number)
        session.see(Observation(moment, f"{moment:%H:%M:%S} | xterm | make", (pictures[number % 16],)))
        if number % max(1, frames // SAMPLES) == 0:
            gc.collect()
            device = torch.cuda.memory_allocated() if on_gpu else 0
            samples.append((session.facts.state_bytes, process.memory_info().rss, device))
    return samples


def growth(values: list[int]) -> float:
    """How much the median of the last tenth exceeds that of the second tenth, relative."""
    tenth = len(values) // 10
    early, late = (statistics.median(part) for part in (values[tenth : 2 * tenth], values[-tenth:]))
    return late / early - 1 if early else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--random-4b", action="store_true", help="the published size with random weights, on a GPU")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--side", type=int, default=56)
    arguments = parser.parse_args()
    if arguments.random_4b:
        session = Session(random_bundle(torch.device(arguments.device), torch.bfloat16, ModelShape(), on_device=True))
    else:
        session = open_session(arguments.model, arguments.device)
    begun = time.perf_counter()
    samples = stream(session, arguments.frames, arguments.side)
    seconds = time.perf_counter() - begun
    facts = session.facts
    print(f"{facts.model} on {facts.device}: {facts.frames_seen} frames, {facts.tokens_seen} tokens, {seconds:.0f} s")
    passed = True
    for name, values in zip(("state", "resident", "device"), map(list, zip(*samples, strict=True)), strict=True):
        more = growth(values)
        fine = len(set(values)) == 1 if name == "state" else abs(more) <= LIMIT
        passed &= fine
        verdict = "ok" if fine else "FAIL"
        print(f"{name:<9} {values[-1] / 1e6:9.2f} MB   last tenth against second: {more:+.2%}   {verdict}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
