"""The engine at the size of the published 4B model, with random weights, on the present GPU. Run by hand:

    python -m tests.bench.engine_gpu [--check | --speed] [--json FILE] [--small]

One call prints the table of ``afterimage bench --random 4b`` (what a user waits for, beside the floor the machine
sets), and then frames, tokens and memory as the stream grows longer. Before that it checks that replayed graphs and
fused kernels give what the plain network gives, past three turns of a small window: ``--check`` does only this,
``--speed`` only the tables. ``--small`` walks through them with the built-in model, on a CPU too.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.bench import HEAD, line
from core.measure import SMALL, answer_ms, engine_figures, median_ms, random_session
from core.model.bundle import random_bundle, tiny_shape
from core.preprocess import Observation
from core.session import Session, open_session

CONTEXTS = (2_000, 50_000, 100_000, 300_000)  # tokens, those of tests.bench.qwen_gpu


def observation(size: tuple[int, int], index: int) -> Observation:
    pixels = np.random.default_rng(index % 16).integers(0, 255, (*size, 3), dtype=np.uint8)
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=index / 2)
    return Observation(time=when, header="", pictures=(pixels,))


def replay_equals_plain() -> dict[str, float]:
    """Relative differences of graphs and fused kernels from the plain network, past three turns of a small window."""
    shape = dataclasses.replace(tiny_shape(), window=96)
    fast = random_bundle(torch.device("cuda"), torch.float32, shape).in_demo_framing()
    plain = dataclasses.replace(random_bundle(torch.device("cuda"), torch.float32, shape), replays=None)
    ours, wanted = Session(fast), Session(plain.in_demo_framing())
    worst: dict[str, float] = {}
    for index in range(24):
        for session in (ours, wanted):
            session.see(observation((112, 112), index))
        for name, tensor in ours.state.tensors().items():
            expected = wanted.state.tensors()[name].double()
            difference = (tensor.double() - expected).norm() / expected.norm().clamp_min(1e-9)
            worst[name] = max(worst.get(name, 0.0), float(difference))
    return worst


def as_the_stream_grows(session: Session, contexts: Sequence[int]) -> list[dict[str, float]]:
    """A frame in, a token out (milliseconds) and the memory of the stream (GB) after so many tokens."""
    bundle, rows, index = session.bundle, [], 0
    for tokens in contexts:
        while session.facts.tokens_seen < tokens:
            session.see(observation(SMALL, index))
            index += 1
        shown = observation(SMALL, index)
        frame = median_ms(lambda shown=shown: session.see(shown), bundle.device)  # type: ignore[misc]
        row = {
            "tokens": session.facts.tokens_seen,
            "frame_ms": frame,
            "token_ms": answer_ms(bundle, session.state)[1],
            "memory_GB": session.facts.state_bytes / 1e9,
        }
        print({name: round(value, 3) for name, value in row.items()}, flush=True)
        rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    on_gpu = torch.cuda.is_available()
    if not (on_gpu or options.small):
        parser.error("there is no GPU here; --small walks through the script on the CPU.")
    device = "cuda" if on_gpu else "cpu"
    report: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if on_gpu else "CPU",
        "torch": torch.__version__,
    }
    if on_gpu and not options.speed:
        report["replay_against_plain"] = replay_equals_plain()
    print(report, flush=True)
    if options.check:
        return 0
    print(HEAD)
    report["figures"] = figures = []
    for figure in engine_figures(None, device, None if options.small else "4b"):
        print(line(figure), flush=True)
        figures.append(dataclasses.asdict(figure))
    session = open_session(None, device) if options.small else random_session("4b", device)
    report["contexts"] = as_the_stream_grows(session, (300, 600) if options.small else CONTEXTS)
    if on_gpu:
        report["allocated_GB"] = torch.cuda.max_memory_allocated() / 1e9
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
