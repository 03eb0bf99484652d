"""One token through decoder layers of the 4B's shape on a GPU: the kernels in use, against what reading takes.

    python -m tests.bench.one_token_gpu [--kinds bf16,int8,fp8,int4] [--mixers delta,attention] [--parts]
                                        [--try "share=4 rows=8 swiglu.rows=4" ...] [--layers N]

A chain of Gated DeltaNet layers, and one of window attention layers with the window full, each layer with weights of
its own and more of them than any cache holds, captured in one CUDA graph as a decoder's step is. Microseconds a
layer, beside the time that reading its weights and its memory (and writing the state) takes at the bandwidth of a
large copy. Every kernel is first compared with plain PyTorch on fresh random input; and the graph with the same
kernels run one at a time. ``--parts`` also times each part in a chain of its own. ``--try`` measures other launches
beside those in use: fields of ``Launch``, of all parts of a kind or of one ("ring": of attention's).
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from core.model.floors import bandwidth_of
from kernels.one_token import attention
from kernels.one_token import triton as one
from kernels.one_token.product import BFLOAT16, FP8, INT4, INT8
from tests.bench.one_token_chains import DEVICE, AttentionChain, Chain, DeltaChain

FORMS = {"bf16": BFLOAT16.value, "int8": INT8.value, "fp8": FP8.value, "int4": INT4.value}
CHAINS: dict[str, type[Chain]] = {"delta": DeltaChain, "attention": AttentionChain}
RING = 2  # bytes of a number in the ring


@contextmanager
def launched(kind: str, changes: str) -> Iterator[None]:
    """With other launches: "field=value" for every part of this kind, "part.field=value" for one of them."""
    form = FORMS[kind]
    kept, kept_ring = dict(one.LAUNCHES), dict(attention.LAUNCHES)
    for change in changes.split():
        name, _, value = change.partition("=")
        part, _, field = name.rpartition(".")
        what: dict[str, Any] = {field: int(value)}
        if part == "ring":
            attention.LAUNCHES[RING] = replace(attention.LAUNCHES[RING], **what)
        elif part:
            one.LAUNCHES[form, part] = replace(one.launch_of(form, part), **what)
        else:
            for key in [key for key in one.LAUNCHES if key == form or (isinstance(key, tuple) and key[0] == form)]:
                one.LAUNCHES[key] = replace(one.LAUNCHES[key], **what)
    try:
        yield
    finally:
        for table, before in ((one.LAUNCHES, kept), (attention.LAUNCHES, kept_ring)):
            table.clear()
            table.update(before)  # type: ignore[arg-type]


def captured(work: Callable[[], None]) -> torch.cuda.CUDAGraph:
    work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph


def microseconds(graph: torch.cuda.CUDAGraph, rounds: int = 12) -> float:
    """Of one replay; median."""
    times = []
    for _ in range(rounds):
        begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begun.record()
        graph.replay()
        ended.record()
        ended.synchronize()
        times.append(float(begun.elapsed_time(ended)) * 1e3)
    return statistics.median(times[2:])


def repeats(chain: Chain, graph: torch.cuda.CUDAGraph) -> bool:
    """Whether the graph leaves behind, to the bit, what the same kernels leave run one at a time."""
    before = [tensor.clone() for tensor in chain.memory]
    torch.cuda.synchronize()
    chain.token(torch.cuda.synchronize)
    wanted = [tensor.clone() for tensor in chain.memory]
    same = True
    for _ in range(3):
        chain.restore(before)
        torch.cuda.synchronize()
        graph.replay()
        torch.cuda.synchronize()
        same &= all(map(torch.equal, chain.memory, wanted))
    return same


def measure(chain: Chain, bandwidth: float, changes: str, parts: bool) -> bool:
    """Check and time what is launched now; False where it is wrong."""
    off = chain.differences()
    name, worst = max(off.items(), key=lambda item: item[1])
    graph = captured(chain.token)
    right = worst < 1e-2 and repeats(chain, graph)
    count, floor = len(chain.layers), chain.layers[0].moved / bandwidth * 1e6
    us = microseconds(graph) / count
    text = f"{chain.kind} {chain.mixer} [{changes}]: {us:.1f} us a layer, floor {floor:.1f}, {floor / us:.0%}"
    text += f"; off by {worst:.1e} at most ({name}){'' if right else ' WRONG'}"
    if parts:
        each = {part.__name__: microseconds(captured(partial(chain.only, part))) / count for part in chain.parts}
        text += "; " + ", ".join(f"{part} {time:.1f}" for part, time in each.items())
    print(text, flush=True)
    return right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="bf16,int8,fp8,int4")
    parser.add_argument("--mixers", default="delta,attention")
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--try", dest="tries", action="append", default=[])
    parser.add_argument("--layers", type=int)
    options = parser.parse_args()
    bandwidth = bandwidth_of(torch.device(DEVICE))
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, copy {bandwidth / 1e12:.2f} TB/s", flush=True)
    right = True
    for kind in options.kinds.split(","):
        for mixer in options.mixers.split(","):
            torch.manual_seed(0)
            chain = CHAINS[mixer](kind, options.layers)
            for changes in ("", *options.tries):
                with launched(kind, changes):
                    right &= measure(chain, bandwidth, changes, options.parts)
            del chain
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
