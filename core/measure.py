"""The engine on this machine, measured: what a user waits for, and beside it what the machine allows at best.

Floors count operations and bytes of the very network, against the matrix rate and the bandwidth measured in the same
run; the disk's are a plain file of the same size. Times are medians on the host's clock with everything included.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import InputError, OutOfMemoryError
from core.frame import utc_now
from core.model.bundle import Bundle, random_bundle
from core.model.config import ModelShape
from core.model.floors import (
    Machine,
    bandwidth_of,
    head_values,
    machine_of,
    matrix_rate,
    matrix_values,
    read_floor,
    see_floor,
)
from core.model.generate import Generation, Sampling
from core.model.network import InfiniteVL
from core.model.quantize import KINDS, QuantizedLinear
from core.model.state import MemoryState
from core.model.steps import read_step
from core.preprocess import Observation, header
from core.session import Session, open_session
from kernels.gated_delta import cpu as chunked
from kernels.gated_delta import naive
from kernels.quantized_linear.naive import Kind

SMALL: Final = (448, 448)  # height, width
NATIVE: Final = (1092, 1932)  # 1920x1080 by the published resize rule, its limit of pixels left out
QUESTION: Final = 32  # tokens
ANSWER: Final = 32
WARM: Final = {"cpu": 1, "cuda": 4}  # rounds; graphs are captured at a step's second use
DELTA: Final = (6, 64, 128)  # heads, key width, value width: a linear layer of the built-in model
DELTA_TOKENS: Final = 512
ENOUGH: Final = 3.0  # seconds of measuring a figure
PATIENCE: Final = 20.0  # seconds that a single step may take by its floor; beyond, it is left out
FILLING: Final = 1000.0  # milliseconds of a frame, by its floor, up to which the window is filled first
BYTES: Final[dict[Kind, float]] = {"int8": 1.0, "int4": 0.54, "fp8": 1.0}  # a weight, its share of the scale included


@dataclass(frozen=True)
class Figure:
    """One figure: ``value`` in ``unit``, None where it was left out (``remark`` says why). ``floor``: at best."""

    what: str
    value: float | None
    unit: str
    floor: float | None = None
    remark: str = ""


def engine_figures(model: Path | None, device: str, random: str | None = None) -> Iterator[Figure]:
    """The figures as they are measured, of the model in a folder (None: the built-in one) or of a random one.

    ``random``: "4b", the published shape. Raises WeightsError and such for a model that cannot be opened,
    OutOfMemoryError where a random one has no room.
    """
    begun = time.perf_counter()
    session = open_session(model, device) if random is None else random_session(random, device)
    bundle = session.bundle
    facts = session.facts
    place = f"{facts.model} on {facts.device}, {bundle.network.language_model.norm.weight.dtype}".replace(
        "torch.", ""
    )
    yield Figure("open the model", (time.perf_counter() - begun) * 1e3, "ms", remark=place)
    machine = machine_of(bundle.network)
    yield Figure("bandwidth of a copy", machine.bandwidth / 1e9, "GB/s")
    yield Figure("rate of a matrix product", machine.rate / 1e9, "GFLOP/s", remark=_threads(bundle.device))
    yield from _frame(session, bundle, machine, "frame in, 448x448")
    yield from _frame(session, bundle, machine, "frame in, native 1920x1080", NATIVE)
    yield from _memory(session, bundle, machine)
    yield from _answers(session, bundle, machine)
    yield from _packed(session, bundle, machine)
    yield from _delta_rule()
    if facts.model != "nano" or bundle.device.type != "cpu":
        built_in = open_session(None, "cpu")
        yield from _frame(
            built_in,
            built_in.bundle,
            machine_of(built_in.bundle.network),
            "frame in, 448x448, built-in model on the CPU",
        )


def random_session(name: str, device: str) -> Session:
    """A session with a random model: "4b", the published shape. Raises InputError for another name, OutOfMemoryError
    where it has no room."""
    if name != "4b":
        raise InputError(f"There is no random model {name!r}.", "There is one: 4b.")
    place = torch.device("cuda" if device == "auto" and torch.cuda.is_available() else device.replace("auto", "cpu"))
    with torch.device("meta"):
        values = sum(parameter.numel() for parameter in InfiniteVL(ModelShape()).parameters())
    needed = 6 * values  # drawn in fp32, kept in bf16
    if room(place) < needed:
        raise OutOfMemoryError(
            f"A random model of 4B takes {needed / 1e9:.0f} GB; {room(place) / 1e9:.0f} GB are free.",
            "Measure another model, or on a machine with more memory.",
        )
    return Session(random_bundle(place, torch.bfloat16, ModelShape(), on_device=True).in_demo_framing())


def _frame(
    session: Session, bundle: Bundle, machine: Machine, what: str, size: tuple[int, int] = SMALL
) -> Iterator[Figure]:
    """Taking in a picture of height x width, transfer and pre-processing included, while the window is full."""
    height, width = size
    tokens = height * width // bundle.shape.vision.merged_side**2
    floor = see_floor(bundle.network, tokens, session.facts.state_bytes, machine)
    if floor > PATIENCE * 1e3:
        yield Figure(what, None, "ms", floor, f"left out: takes more than {floor / 1e3:.0f} s")
        return
    shown = _observation(height, width)
    while session.facts.tokens_seen < bundle.shape.window and floor < FILLING:
        session.see(shown)
    yield Figure(
        what, median_ms(partial(session.see, shown), bundle.device), "ms", floor, f"{width}x{height}, {tokens} tokens"
    )


def _memory(session: Session, bundle: Bundle, machine: Machine) -> Iterator[Figure]:
    state = session.state
    size = f"{state.nbytes / 1e6:.1f} MB"
    yield Figure("fork", median_ms(session.fork, bundle.device), "ms", machine.ms(0, 2 * state.nbytes), size)
    with tempfile.TemporaryDirectory() as folder:
        path, plain = Path(folder) / "state", Path(folder) / "plain"
        content = os.urandom(state.nbytes)
        written, read = (median_ms(partial(each, plain, content), bundle.device) for each in (_write, _read))
        yield Figure("state to disk", median_ms(partial(session.save, path), bundle.device), "ms", written, size)
        yield Figure("state from disk", median_ms(partial(session.load, path), bundle.device), "ms", read, size)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        os.fsync(file.fileno())


def _read(path: Path, _content: bytes) -> None:
    path.read_bytes()


def _answers(session: Session, bundle: Bundle, machine: Machine) -> Iterator[Figure]:
    state = session.state
    first, each = answer_ms(bundle, state)
    floor = machine.ms(0, 2 * state.nbytes) + read_floor(bundle.network, QUESTION, state.nbytes, machine)
    yield Figure(f"first token after a {QUESTION}-token question", first, "ms", floor, "fork included")
    floor = read_floor(bundle.network, 1, state.nbytes, machine)
    yield Figure("token out", each, "ms", floor, "weights as they are")


def answer_ms(bundle: Bundle, state: MemoryState) -> tuple[float, float]:
    """Milliseconds to the first token of an answer, the fork of ``state`` included, and for each further one.

    Greedy, and each token brought to the host, as a session does it. ``state`` stays as it is.
    """
    firsts: list[float] = []
    rest: list[float] = []

    def one() -> None:
        begun = time.perf_counter()
        slot = bundle.replays.borrow(state) if bundle.replays else None
        try:
            answer = Generation(bundle.network, slot.state if slot else state.fork(), slot, Sampling(), ANSWER)
            answer.begin(range(1, QUESTION + 1))
            answer.number(0)
            first = time.perf_counter()
            for count in range(1, ANSWER):
                answer.go_on(count)
                answer.number(count - 1)
            answer.number(ANSWER - 1)
        finally:
            if bundle.replays and slot:
                bundle.replays.give_back(slot)
        firsts.append((first - begun) * 1e3)
        rest.append((time.perf_counter() - first) / (ANSWER - 1) * 1e3)

    with torch.inference_mode():
        for _ in range(WARM[bundle.device.type]):
            one()
        firsts.clear()
        rest.clear()
        median_ms(one, bundle.device, warm=0)
    return statistics.median(firsts), statistics.median(rest)


def _packed(session: Session, bundle: Bundle, machine: Machine) -> Iterator[Figure]:
    """A token out of each kind of packed weights, and how far its logits are from the model's own."""
    if any(isinstance(module, QuantizedLinear) for module in bundle.network.modules()):
        yield Figure("token out, packed", None, "ms", remark="left out: this model's weights are packed already")
        return
    with torch.inference_mode():
        wanted = _logits(bundle)
    state = session.state
    for kind in KINDS:
        name = f"token out, {kind}"
        needed = 1.3 * (BYTES[kind] * matrix_values(bundle.network) + head_values(bundle.network))
        if room(bundle.device) < needed:
            yield Figure(name, None, "ms", remark=f"left out: takes {needed / 1e9:.1f} GB more")
            continue
        packed = bundle.quantized(kind)
        with torch.inference_mode():
            off = float((_logits(packed) - wanted).norm() / wanted.norm())
        floor = read_floor(packed.network, 1, state.nbytes, machine)
        yield Figure(name, answer_ms(packed, state)[1], "ms", floor)
        if bundle.device.type == "cuda":
            yield from _frame(Session(packed), packed, machine, f"frame in, 448x448, {kind}")
        yield Figure(f"logits off, {kind}", off * 100, "%", remark="relative, after a picture and a question")


def _logits(bundle: Bundle) -> Tensor:
    """What a model answers after one picture and a question, fp32 [vocabulary]."""
    session = Session(bundle)
    session.see(_observation(*SMALL))
    question = torch.arange(1, QUESTION + 1, device=bundle.device)[None]
    return read_step(bundle.network, session.state, [question], in_place=False).float()


def _delta_rule() -> Iterator[Figure]:
    """The gated delta rule on the CPU: token by token against in chunks."""
    cpu = torch.device("cpu")
    machine = Machine(bandwidth_of(cpu), matrix_rate(cpu, torch.float32))
    given = delta_case(*DELTA)
    floor = delta_floor(*DELTA, machine)
    what = f"delta rule on the CPU, {DELTA_TOKENS} tokens"
    with torch.inference_mode():
        forms: list[Callable[..., object]] = [naive.gated_delta, chunked.gated_delta]
        slow, fast = (median_ms(partial(form, *given, 0.1), cpu) for form in forms)
    shape = f"{DELTA[0]} heads, {DELTA[1]}x{DELTA[2]}, {_threads(cpu)}"
    yield Figure(f"{what}, one by one", slow, "ms", floor, shape)
    yield Figure(f"{what}, in chunks", fast, "ms", floor, f"{slow / fast:.1f} times faster")


def delta_case(heads: int, key: int, value: int) -> list[Tensor]:
    """Inputs of the gated delta rule as its forms take them, without the scale."""
    q, k = (F.normalize(torch.randn(1, DELTA_TOKENS, heads, key), dim=-1) for _ in range(2))
    v, state = torch.randn(1, DELTA_TOKENS, heads, value), torch.randn(1, heads, key, value)
    return [q, k, v, -0.1 * torch.rand(1, DELTA_TOKENS, heads), torch.rand(1, DELTA_TOKENS, heads), state]


def delta_floor(heads: int, key: int, value: int, machine: Machine) -> float:
    """Milliseconds at least: a read, a write and a query of the state a token; inputs and outputs moved once."""
    work = 2 * 3 * DELTA_TOKENS * heads * key * value
    moved = 4 * heads * (DELTA_TOKENS * (2 * key + 2 * value + 2) + 2 * key * value)
    return machine.ms(work, moved)


def median_ms(
    work: Callable[[], object], device: torch.device, seconds: float | None = None, warm: int | None = None
) -> float:
    """The median of as many rounds as fit into ``seconds`` (None: ENOUGH): 1 to 15, after ``warm`` (None: WARM)."""
    for _ in range(WARM[device.type] if warm is None else warm):
        work()
    seconds = ENOUGH if seconds is None else seconds
    times: list[float] = []
    while not times or (sum(times) < seconds and len(times) < 15):
        _wait(device)
        begun = time.perf_counter()
        work()
        _wait(device)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1e3


def room(device: torch.device) -> int:
    """Free bytes for tensors there."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return int(psutil.virtual_memory().available)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _threads(device: torch.device) -> str:
    return f"{torch.get_num_threads()} threads" if device.type == "cpu" else torch.cuda.get_device_name(device)


def _observation(height: int, width: int) -> Observation:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    now = utc_now()
    return Observation(now, header(now, "bench", "a report"), (pixels,))
