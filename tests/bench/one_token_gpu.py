"""One token through decoder layers of the 4B's shape on a GPU: the kernels in use, against what reading takes.

    python -m tests.bench.one_token_gpu [--kinds bf16,int8,fp8,int4] [--parts]

A chain of Gated DeltaNet layers, each with weights of its own and more of them than any cache holds, captured in one
CUDA graph as a decoder's step is. Microseconds a layer, beside the time that reading its weights and its state (and
writing the state) takes at the bandwidth of a large copy. Every product is first compared with plain PyTorch on fresh
random input, its output poisoned with NaN; and the chain with itself run one kernel at a time. ``--parts`` also times
each product in a chain of its own.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.floors import bandwidth_of
from kernels.one_token import triton as one
from kernels.one_token.triton import Matrix
from kernels.quantized_linear.naive import Kind, pack, unpack
from kernels.short_conv.triton import Row

HIDDEN, INNER, TAPS, EPS = 2048, 11008, 4, 1e-6
ROW = Row(16, 128, 256)
CHAIN = 1.2e9  # bytes of weights at least
DEVICE = "cuda"


@dataclass(frozen=True)
class Layer:
    """A layer's weights and memory."""

    norms: tuple[Tensor, Tensor, Tensor]  # before the mixer, before the MLP, of a head's output
    inner: Matrix
    gates: Matrix | None
    out: Matrix
    gate_up: Matrix
    down: Matrix
    conv: Tensor
    a_log: Tensor
    dt_bias: Tensor
    state: Tensor
    tail: Tensor

    @property
    def moved(self) -> int:
        """Bytes a token must read, and write."""
        matrices = [self.inner, self.gates, self.out, self.gate_up, self.down]
        parts = [part for matrix in matrices if matrix is not None for part in (matrix.values, matrix.scale)]
        return sum(part.nbytes for part in parts if part is not None) + 2 * self.state.nbytes


class Chain:
    """Layers and the buffers a token goes through."""

    def __init__(self, kind: str, layers: int | None = None) -> None:
        first = self._layer(kind)
        count = layers or int(CHAIN / first.moved) + 1
        self.layers = [first, *(self._layer(kind) for _ in range(count - 1))]
        self.stream = torch.randn(HIDDEN, device=DEVICE).bfloat16()
        self.mixed, self.o = one.empty(ROW.width, self.stream), one.empty(ROW.H * ROW.V, self.stream)
        self.squares = one.empty(ROW.H * one.value_blocks(ROW.V), self.stream).view(ROW.H, -1)
        self.hidden = one.empty(INNER, self.stream)

    def _layer(self, kind: str) -> Layer:
        def matrix(rows: int, columns: int) -> Matrix:
            weight = torch.randn(rows, columns, device=DEVICE) / columns**0.5
            if kind == "bf16":
                return Matrix(weight.bfloat16())
            packed: Kind = kind  # type: ignore[assignment]
            return Matrix(*pack(weight, packed))

        plain = kind == "bf16"
        norm = [1 + 0.1 * torch.randn(n, device=DEVICE) for n in (HIDDEN, HIDDEN, ROW.V)]
        gates = torch.randn(2 * ROW.H, HIDDEN, device=DEVICE) / HIDDEN**0.5
        return Layer(
            norms=(norm[0].bfloat16(), norm[1].bfloat16(), norm[2].bfloat16()),
            inner=matrix(ROW.width if plain else ROW.width - 2 * ROW.H, HIDDEN),
            gates=None if plain else Matrix(gates.bfloat16()),
            out=matrix(HIDDEN, ROW.H * ROW.V),
            gate_up=matrix(2 * INNER, HIDDEN),
            down=matrix(HIDDEN, INNER),
            conv=torch.randn(ROW.channels, TAPS, device=DEVICE).bfloat16(),
            a_log=torch.randn(ROW.H, device=DEVICE),
            dt_bias=torch.randn(ROW.H, device=DEVICE),
            state=torch.randn(ROW.H, ROW.K, ROW.V, device=DEVICE),
            tail=torch.randn(TAPS - 1, ROW.channels, device=DEVICE).bfloat16(),
        )

    def mix(self, layer: Layer) -> None:
        one.normed_mix(
            self.stream, layer.norms[0], EPS, layer.inner, layer.gates, ROW, layer.conv, layer.tail, layer.a_log,
            layer.dt_bias, self.mixed, then=layer.out,
        )  # fmt: skip

    def step(self, layer: Layer) -> None:
        one.delta_step(self.mixed, ROW, layer.state, layer.norms[2], self.o, self.squares, layer.out)

    def out(self, layer: Layer) -> None:
        one.add_product_of_heads(self.o, self.squares, EPS, layer.out, self.stream, then=layer.gate_up)

    def swiglu(self, layer: Layer) -> None:
        one.normed_swiglu(self.stream, layer.norms[1], EPS, layer.gate_up, self.hidden, layer.down)

    def down(self, layer: Layer) -> None:
        one.add_product(self.hidden, layer.down, self.stream, spread=True, then=self.after(layer).inner)

    def after(self, layer: Layer) -> Layer:
        places = [id(each) for each in self.layers]
        return self.layers[(places.index(id(layer)) + 1) % len(self.layers)]

    def token(self) -> None:
        for layer in self.layers:
            for part in (self.mix, self.step, self.out, self.swiglu, self.down):
                part(layer)

    def only(self, part: Callable[[Layer], None]) -> None:
        for layer in self.layers:
            part(layer)

    def memory(self) -> list[Tensor]:
        """What a token leaves behind, copied."""
        kept = [self.stream, *(t for layer in self.layers for t in (layer.state, layer.tail))]
        return [tensor.clone() for tensor in kept]

    def restore(self, memory: list[Tensor]) -> None:
        kept = [self.stream, *(t for layer in self.layers for t in (layer.state, layer.tail))]
        for tensor, value in zip(kept, memory, strict=True):
            tensor.copy_(value)


def in_order(x: Tensor, reader: Matrix) -> Tensor:
    """A vector that lies by its reader's places."""
    return x.view(reader.pair, -1).T.flatten()


def dense(matrix: Matrix) -> Tensor:
    return matrix.values.float() if matrix.scale is None else unpack(matrix.values, matrix.scale, torch.float32)


def normed(x: Tensor, weight: Tensor) -> Tensor:
    return F.rms_norm(x.float(), (x.shape[-1],), weight.float(), EPS)


def differences(chain: Chain) -> dict[str, float]:
    """Relative difference of each kernel's results from plain PyTorch, in one layer; each given the same input."""
    layer, found = chain.layers[0], {}
    torch.cuda.synchronize()

    def note(name: str, ours: Tensor, wanted: Tensor) -> None:
        found[name] = float((ours.double() - wanted.double()).norm() / wanted.double().norm())

    chain.stream.copy_(torch.randn(HIDDEN, device=DEVICE))
    tail, stream = layer.tail.clone(), chain.stream.clone()
    chain.mixed.fill_(torch.nan)
    rows = [dense(layer.inner), *([] if layer.gates is None else [dense(layer.gates)])]
    y = torch.cat(rows) @ normed(stream, layer.norms[0])
    torch.cuda.synchronize()
    chain.mix(layer)
    C, HV = ROW.channels, ROW.H * ROW.V
    taps = torch.cat([tail.float(), y[None, :C]])
    q, gate = F.silu((taps.T * layer.conv.float()).sum(1)), F.silu(y[C : C + HV])
    a, b = y[C + HV :].view(2, ROW.H)
    decay = -layer.a_log.exp() * F.softplus(a + layer.dt_bias)
    note("mix", chain.mixed, torch.cat([q, gate, decay, b.sigmoid()]))
    note("tail", layer.tail, taps[1:])

    state = layer.state.double()
    chain.o.fill_(torch.nan)
    chain.squares.fill_(torch.nan)
    torch.cuda.synchronize()
    chain.step(layer)
    mixed = chain.mixed.double()
    q, k = (F.normalize(mixed[i * ROW.H * ROW.K :][: ROW.H * ROW.K].view(ROW.H, ROW.K), eps=1e-6) for i in (0, 1))
    v, gate = mixed[2 * ROW.H * ROW.K : C].view(ROW.H, ROW.V), mixed[C : C + HV].view(ROW.H, ROW.V)
    decay, beta = mixed[C + HV :].view(2, ROW.H)
    state = state * decay.exp()[:, None, None]
    u = beta[:, None] * (v - torch.einsum("hk,hkv->hv", k, state))
    state = state + k[:, :, None] * u[:, None]
    o = torch.einsum("hk,hkv->hv", q * ROW.K**-0.5, state)
    note("state", layer.state, state)
    note("step", in_order(chain.o, layer.out), (o * layer.norms[2].double() * gate).flatten())
    note("squares", chain.squares.sum(1), o.square().sum(1))

    def added(name: str, x: Tensor, matrix: Matrix, part: Callable[[Layer], None]) -> None:
        """A product that adds to the stream; rounding the sum is not its fault, so the stream starts at zero."""
        chain.stream.zero_()
        torch.cuda.synchronize()
        part(layer)
        note(name, chain.stream, dense(matrix) @ x)

    length = (chain.squares.sum(1, keepdim=True) / ROW.V + EPS).sqrt()
    heads = in_order(chain.o, layer.out).view(ROW.H, ROW.V) / length
    added("out", heads.flatten(), layer.out, chain.out)
    chain.stream.copy_(torch.randn(HIDDEN, device=DEVICE))
    chain.hidden.fill_(torch.nan)
    torch.cuda.synchronize()
    chain.swiglu(layer)
    gate, up = (dense(layer.gate_up) @ normed(chain.stream, layer.norms[1])).chunk(2)
    note("swiglu", in_order(chain.hidden, layer.down), F.silu(gate) * up)
    added("down", in_order(chain.hidden, layer.down), layer.down, chain.down)
    chain.stream.copy_(torch.randn(HIDDEN, device=DEVICE))
    return found


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="bf16,int8,fp8,int4")
    parser.add_argument("--parts", action="store_true")
    options = parser.parse_args()
    bandwidth = bandwidth_of(torch.device(DEVICE))
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, copy {bandwidth / 1e12:.2f} TB/s")
    for kind in options.kinds.split(","):
        torch.manual_seed(0)
        chain = Chain(kind)
        off = differences(chain)
        print(kind, "off by", {name: float(f"{value:.1e}") for name, value in off.items()})
        if not max(off.values()) < 1e-2:
            return 1
        count, floor = len(chain.layers), chain.layers[0].moved / bandwidth * 1e6
        us = microseconds(captured(chain.token)) / count
        print(f"{kind}: {us:.1f} us a layer, floor {floor:.1f}, share {floor / us:.0%}", flush=True)
        if options.parts:
            for part in (chain.mix, chain.step, chain.out, chain.swiglu, chain.down):
                us = microseconds(captured(partial(chain.only, part))) / count
                print(f"    {part.__name__} {us:.1f} us", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
