"""The engine at the size of the published 4B model, with random weights, on the present GPU. Run by hand:

    python -m tests.bench.engine_gpu [--check | --speed] [--json FILE] [--small]

One call prints the table: what a user waits for, beside the floor the machine sets. Floors count operations and bytes
of this very network and use the bandwidth (a large copy) and matrix rate (a large bf16 product) measured in the same
run. Times are medians on the host's clock with everything included: transfer, pre-processing, copies of the state.
Before that it checks that replayed graphs give what the plain network gives, past three turns of a small window:
``--check`` does only this, ``--speed`` only the table.
"""

import argparse
import dataclasses
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.model.bundle import Bundle, random_bundle, tiny_shape
from core.model.config import ModelShape
from core.model.fast import fast_decoder
from core.model.fast_vision import fast_tower
from core.model.floors import floors, token_bytes
from core.model.generate import Generation, Sampling
from core.model.quantize import KINDS, quantize
from core.model.replay import Slot
from core.model.state import MemoryState
from core.preprocess import Observation
from core.session import Session

SMALL, NATIVE = (448, 448), (1092, 1932)
FRAMES = {
    "frame in, 448x448 (256 tokens)": SMALL,
    "frame in, 1920x1080 as 1932x1092 (2691 tokens)": NATIVE,  # the published rule's size for it
}
QUESTION, ANSWER = 32, 64  # tokens


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


@contextmanager
def lent(bundle: Bundle, state: MemoryState) -> Iterator[Slot]:
    slot = bundle.replays.borrow(state) if bundle.replays else None
    if bundle.replays is None or slot is None:
        raise RuntimeError("no graphs on this device")
    yield slot
    bundle.replays.give_back(slot)


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
    return worst


class Table(dict[str, float]):
    """Results that are shown as they come: a run that is cut short has still said something."""

    def __setitem__(self, name: str, value: float) -> None:
        print(f"{name}: {value:.4g}", flush=True)
        super().__setitem__(name, value)


def frames_in(bundle: Bundle, session: Session, name: str, repeat: int, result: Table) -> None:
    for what, size in FRAMES.items():
        pictures = [observation(size, index) for index in range(4)]
        for picture in pictures[:3]:
            session.see(picture)
        count = iter(range(10**6))
        see = lambda pictures=pictures, count=count: session.see(pictures[next(count) % 4])  # noqa: E731
        result[f"{what}, {name}"] = median(see, repeat if size == SMALL else 8)
    result[f"vision in its fast form, {name}"] = fast_tower(bundle.network.visual) is not None


def answers(bundle: Bundle, state: MemoryState, name: str, result: Table) -> None:
    """A question of 32 tokens and 64 greedy tokens of an answer, each brought to the host, as a session does it."""
    ids = list(range(QUESTION))
    firsts, rest = [], []
    with torch.inference_mode():
        for _ in range(8):
            torch.cuda.synchronize()
            begun = time.perf_counter()
            with lent(bundle, state) as slot:
                answer = Generation(bundle.network, slot.state, slot, Sampling(), ANSWER)
                answer.begin(ids)
                answer.number(0)
                first = time.perf_counter()
                for count in range(1, ANSWER):
                    answer.go_on(count)
                    answer.number(count - 1)
                answer.number(ANSWER - 1)
                firsts.append((first - begun) * 1e3)
                rest.append((time.perf_counter() - first) / (ANSWER - 1) * 1e3)
                captured = sum(known.graph is not None for known in slot.known.values())
    result[f"first token after a 32-token question, fork included, {name}"] = statistics.median(firsts[3:])
    result[f"token out, {name}"] = statistics.median(rest[3:])
    result[f"decoder in its fast form, {name}"] = fast_decoder(bundle.network, state) is not None
    result[f"graphs captured, {name}"] = captured


def measure(bundle: Bundle, repeat: int, result: Table) -> None:
    session = Session(bundle)
    for index in range(34):  # the window fills
        session.see(observation(SMALL, index))
    frames_in(bundle, session, "bf16", repeat, result)
    state = session._state
    with torch.inference_mode():
        result["fork"] = median(state.fork, repeat)
    answers(bundle, state, "bf16", result)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state"
        session.save(file)
        result["state to disk"] = median(lambda: session.save(file), 5)
        result["state from disk"] = median(lambda: session.load(file), 5)
    result["state MB"] = state.nbytes / 1e6


def logits_of(bundle: Bundle) -> Tensor:
    """After a picture and 32 tokens, the plain way."""
    session = Session(dataclasses.replace(bundle, replays=None))
    session.see(observation(SMALL, 0))
    with torch.inference_mode():
        ids = torch.arange(QUESTION, device="cuda")[None]
        places = (session._state.clock + ids[0]).expand(3, 1, -1)
        hidden, _ = bundle.network(ids, places, session._state)
        return bundle.network.logits(hidden[0, -1]).float()


def measure_packed(shape: ModelShape, wanted: Tensor, repeat: int, result: Table) -> dict[str, int]:
    """Each quantisation of the same weights. Returns the bytes that a token reads."""
    read: dict[str, int] = {}
    for kind in KINDS:
        gc.collect()
        torch.cuda.empty_cache()
        packed = random_bundle(torch.device("cuda"), torch.bfloat16, shape, on_device=True).in_demo_framing()
        quantize(packed.network.language_model, kind)
        result[f"logits against bf16, relative, {kind}"] = float((logits_of(packed) - wanted).norm() / wanted.norm())
        session = Session(packed)
        for index in range(34):
            session.see(observation(SMALL, index))
        frames_in(packed, session, kind, repeat, result)
        answers(packed, session._state, kind, result)
        read[kind] = token_bytes(packed.network)
    return read


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
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
    wanted, result = logits_of(bundle), Table()
    measure(bundle, 20, result)
    state = bundle.network.empty_state().nbytes
    found = [floors(bundle.network, height * width // 28**2, state) for height, width in FRAMES.values()]
    rate = found[0].bandwidth
    floor = {f"{name}, bf16": each.see for name, each in zip(FRAMES, found, strict=True)}
    floor |= {"token out, bf16": found[0].token, "fork": found[0].fork}
    question = max(found[0].token, 2 * QUESTION * token_bytes(bundle.network) / 2 / found[0].rate * 1e3)
    floor["first token after a 32-token question, fork included, bf16"] = question + found[0].fork
    del bundle
    read = measure_packed(shape, wanted, 10, result)
    floor |= {f"token out, {kind}": (bytes_ + state) / rate * 1e3 for kind, bytes_ in read.items()}
    report |= {"measured_ms": result, "floor_ms": floor, "bytes_s": rate, "flop_s": found[0].rate}
    report["allocated_GB"] = torch.cuda.max_memory_allocated() / 1e9
    print("| what | measured | floor |\n|---|---|---|")
    for name, value in result.items():
        print(f"| {name} | {value:.3g} | {f'{floor[name]:.3g}' if name in floor else ''} |")
    print({key: report[key] for key in ("device", "torch", "bytes_s", "flop_s", "allocated_GB")}, flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
