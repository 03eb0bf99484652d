"""Speed of the whole engine on the present GPU, at the published 4B shape with random weights; run by hand.

    python -m tests.bench.engine_gpu [--check | --speed] [--json FILE] [--markdown FILE] [--small]

One call prints the table: what a user waits for, beside the floor the machine sets. Floors count operations and bytes
of this very network and use the bandwidth (a large copy) and matrix rate (a large bf16 product) measured in the same
run. Times are medians on the host's clock with everything included: transfer, pre-processing, copies of the state.
Before that it checks that replayed graphs give what the plain network gives, past three turns of a small window:
``--check`` does only this, ``--speed`` only the table.
"""

import argparse
import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.model.bundle import Bundle, random_bundle, tiny_shape
from core.model.config import ModelShape
from core.model.fast import fast_decoder
from core.model.floors import floors, token_bytes
from core.model.quantize import quantize
from core.model.sampling import next_token
from core.model.state import MemoryState
from core.model.steps import read_step
from core.preprocess import Observation
from core.session import Session

FRAMES = {"frame in, 448x448 (256 tokens)": (448, 448), "frame in, 1848x1120 (2640 tokens)": (1120, 1848)}


def once(call: Callable[[], object]) -> float:
    """Milliseconds until the device has done it."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1e3


def median(call: Callable[[], object], repeat: int) -> float:
    return statistics.median(once(call) for _ in range(repeat))


def observation(size: tuple[int, int], index: int) -> Observation:
    pixels = np.random.default_rng(index).integers(0, 255, (*size, 3), dtype=np.uint8)
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=index / 2)
    return Observation(time=when, header="", pictures=(pixels,))


def floors_of(bundle: Bundle, report: dict[str, Any]) -> dict[str, float]:
    """Milliseconds that this machine needs at least; notes the machine's measured rates in the report."""
    state = bundle.network.empty_state().nbytes
    result = {}
    for name, (height, width) in FRAMES.items():
        found = floors(bundle.network, height * width // 28**2, state)
        result[name] = found.see
    report["machine"] = {"bytes_s": found.bandwidth, "flop_s": found.rate}
    return result | {"token out, bf16": found.token, "fork": found.fork}


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
        for name, tensor in ours._state.tensors().items():
            expected = wanted._state.tensors()[name].double()
            difference = (tensor.double() - expected).norm() / expected.norm().clamp_min(1e-9)
            worst[name] = max(worst.get(name, 0.0), float(difference))
    state, other = ours._state, wanted._state
    with torch.inference_mode():
        slot = fast.replays.borrow(state) if fast.replays else None
        if slot is None:
            raise RuntimeError("no graphs on this device")
        for token in range(40):
            ids = torch.tensor([[token]], device="cuda")
            logits = slot.run("token", partial(read_step, fast.network, in_place=True), [ids])
            places = other.clock.expand(3, 1, 1)
            hidden, other = plain.network(ids, places, other)
            expected = plain.network.logits(hidden[0, -1])
            worst["logits"] = max(
                worst.get("logits", 0.0), float((logits - expected).norm() / expected.norm().clamp_min(1e-9))
            )
    return worst


class Printed(dict[str, float]):
    """Results that are shown as they come: a run that is cut short has still said something."""

    def __setitem__(self, name: str, value: float) -> None:
        print(f"{name}: {value:.4g}", flush=True)
        super().__setitem__(name, value)


def tokens_out(bundle: Bundle, state: MemoryState, name: str, repeat: int, result: dict[str, float]) -> None:
    """Tokens of an answer, greedy, one after another, each brought to the host."""
    step = partial(read_step, bundle.network, in_place=True)
    none = torch.empty(0, dtype=torch.int64, device="cuda")
    token = torch.zeros(1, 1, dtype=torch.int64, device="cuda")
    with torch.inference_mode():
        slot = bundle.replays.borrow(state) if bundle.replays else None
        if slot is None:
            raise RuntimeError("no graphs on this device")

        def one() -> None:
            chosen, _ = next_token(slot.run("token", step, [token]), 0.0, 1.0, 1.0, none)
            token.fill_(chosen.view(()))
            int(chosen)

        for _ in range(4):
            one()
        result[f"token out, {name}"] = median(one, repeat)
        result[f"token out, {name}, graph alone"] = median(lambda: slot.run("token", step, [token]), repeat)
        result[f"{name}: fast path in use"] = fast_decoder(bundle.network, slot.state) is not None
        result[f"{name}: graphs captured"] = sum(known.graph is not None for known in slot.known.values())
    if bundle.replays:
        bundle.replays.give_back(slot)


def measure(bundle: Bundle, repeat: int) -> dict[str, float]:
    session = Session(bundle)
    small = next(iter(FRAMES.values()))
    for index in range(34):  # the window fills
        session.see(observation(small, index))
    result: dict[str, float] = Printed()
    for name, size in FRAMES.items():
        pictures = [observation(size, index) for index in range(4)]
        for picture in pictures[:3]:
            session.see(picture)
        count = iter(range(10**6))
        result[name] = median(lambda: session.see(pictures[next(count) % 4]), repeat if size == small else 8)  # noqa: B023
    state, network = session._state, bundle.network
    with torch.inference_mode():
        result["fork"] = median(state.fork, repeat)
        step = partial(read_step, network, in_place=True)
        question = torch.randint(0, bundle.shape.vocab_size, (1, 32), device="cuda")
        none = torch.empty(0, dtype=torch.int64, device="cuda")

        def first() -> Tensor:
            token, _ = next_token(step(session._state.fork(), [question]), 0.0, 1.0, 1.0, none)
            return token

        for _ in range(3):
            int(first())
        result["first token after a 32-token question, fork included"] = median(lambda: int(first()), 10)
    tokens_out(bundle, state, "bf16", repeat * 2, result)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").exists() else None) as folder:
        file = Path(folder) / "state"
        result["state to disk (memory-backed)"] = median(lambda: session.save(file), 3)
        result["state from disk"] = median(lambda: session.load(file), 3)
    result["state MB"] = state.nbytes / 1e6
    return result


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--small", action="store_true", help="a tiny network, to try the script")
    options = parser.parse_args()
    report: dict[str, Any] = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
    if not options.speed:
        report["replay_against_plain"] = replay_equals_plain()
        print(report, flush=True)
    if options.check:
        return 0
    device = torch.device("cuda")
    shape = tiny_shape() if options.small else ModelShape()
    bundle = random_bundle(device, torch.bfloat16, shape, on_device=True).in_demo_framing()
    report["measured_ms"] = measure(bundle, 20)
    report["floor_ms"] = floors_of(bundle, report)
    packed = random_bundle(device, torch.bfloat16, shape, on_device=True)
    quantize(packed.network, "int8")
    tokens_out(packed, packed.network.empty_state(), "int8", 40, report["measured_ms"])
    read = token_bytes(packed.network) + packed.network.empty_state().nbytes
    report["floor_ms"]["token out, int8"] = read / report["machine"]["bytes_s"] * 1e3
    report["allocated_GB"] = torch.cuda.max_memory_allocated() / 1e9
    lines = ["| what | measured | floor |", "|---|---|---|"]
    for name, value in report["measured_ms"].items():
        floor = report["floor_ms"].get(name)
        lines.append(f"| {name} | {value:.3g} | {'' if floor is None else f'{floor:.3g}'} |")
    print("\n".join(lines), report["machine"], report["allocated_GB"], flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
