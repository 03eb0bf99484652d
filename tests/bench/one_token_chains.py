"""Chains of decoder layers of the 4B's shape for ``one_token_gpu``: weights of their own in each layer, one token
through all of them, and every kernel's results against plain PyTorch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.one_token import triton as one
from kernels.one_token.attention import attend_step
from kernels.one_token.triton import Matrix
from kernels.quantized_linear.naive import Kind, pack, unpack
from kernels.rotary import naive as rotary
from kernels.short_conv.triton import Row
from kernels.window_attention import naive as attention

HIDDEN, INNER, TAPS, EPS = 2048, 11008, 4, 1e-6
ROW = Row(16, 128, 256)
HEADS, GROUPS, SIDE, WINDOW = 16, 2, 128, 8192
CHAIN = 1.2e9  # bytes of weights at least: more than any cache holds
DEVICE = "cuda"


@dataclass(frozen=True)
class Layer:
    """What both kinds of layers have: ``norms`` before the mixer and before the MLP."""

    norms: tuple[Tensor, Tensor]
    inner: Matrix
    out: Matrix
    gate_up: Matrix
    down: Matrix

    @property
    def moved(self) -> int:
        """Bytes that a token must read, and write."""
        matrices = [each for each in vars(self).values() if isinstance(each, Matrix)]
        parts = [part for matrix in matrices for part in (matrix.values, matrix.scale) if part is not None]
        return sum(part.nbytes for part in parts) + self.memory_moved

    @property
    def memory_moved(self) -> int:
        raise NotImplementedError

    @property
    def memory(self) -> list[Tensor]:
        """What a token leaves behind in the layer."""
        raise NotImplementedError


@dataclass(frozen=True)
class DeltaLayer(Layer):
    gates: Matrix | None
    conv: Tensor
    a_log: Tensor
    dt_bias: Tensor
    out_norm: Tensor
    state: Tensor
    tail: Tensor

    @property
    def memory_moved(self) -> int:
        return 2 * self.state.nbytes

    @property
    def memory(self) -> list[Tensor]:
        return [self.state, self.tail]


@dataclass(frozen=True)
class AttentionLayer(Layer):
    bias: Tensor
    keys: Tensor  # [groups, slots, side], full
    values: Tensor

    @property
    def memory_moved(self) -> int:
        return self.keys.nbytes + self.values.nbytes

    @property
    def memory(self) -> list[Tensor]:
        return [self.keys, self.values]


class Chain(ABC):
    """Layers of one kind and the buffers that a token goes through."""

    mixer: str  # what the layers do before their MLP

    def __init__(self, kind: str, layers: int | None = None) -> None:
        self.kind = kind
        first = self.layer()
        count = layers or int(CHAIN / first.moved) + 1
        self.layers = [first, *(self.layer() for _ in range(count - 1))]
        self.stream = torch.randn(HIDDEN, device=DEVICE).bfloat16()
        self.hidden = one.empty(INNER, self.stream)

    @abstractmethod
    def layer(self) -> Layer:
        """A new one."""

    @property
    @abstractmethod
    def parts(self) -> list[Callable[[int], None]]:
        """A layer's kernels, or runs of them, in order: each for layer number so and so."""

    @abstractmethod
    def differences(self) -> dict[str, float]:
        """Relative difference of each kernel's results from plain PyTorch, in the first layer."""

    def matrix(self, rows: int, columns: int) -> Matrix:
        weight = torch.randn(rows, columns, device=DEVICE) / columns**0.5
        if self.kind == "bf16":
            return Matrix(weight.bfloat16())
        packed: Kind = self.kind  # type: ignore[assignment]
        return Matrix(*pack(weight, packed))

    def mlp(self) -> tuple[Matrix, Matrix]:
        return self.matrix(2 * INNER, HIDDEN), self.matrix(HIDDEN, INNER)

    def swiglu(self, at: int) -> None:
        layer = self.layers[at]
        one.normed_swiglu(self.stream, layer.norms[1], EPS, layer.gate_up, self.hidden, layer.down)

    def down(self, at: int) -> None:
        one.add_product(self.hidden, self.layers[at].down, self.stream, spread=True)

    def token(self, after_each: Callable[[], None] = lambda: None) -> None:
        """One token through all layers."""
        for at in range(len(self.layers)):
            for part in self.parts:
                part(at)
                after_each()

    def only(self, part: Callable[[int], None]) -> None:
        for at in range(len(self.layers)):
            part(at)

    @property
    def memory(self) -> list[Tensor]:
        """What a token leaves behind."""
        return [self.stream, *(tensor for layer in self.layers for tensor in layer.memory)]

    def restore(self, memory: list[Tensor]) -> None:
        for tensor, value in zip(self.memory, memory, strict=True):
            tensor.copy_(value)

    def mlp_differences(self) -> dict[str, float]:
        layer = self.layers[0]
        self.stream.copy_(torch.randn(HIDDEN, device=DEVICE))
        self.hidden.fill_(torch.nan)
        torch.cuda.synchronize()
        self.swiglu(0)
        gate, up = (dense(layer.gate_up) @ normed(self.stream, layer.norms[1])).chunk(2)
        found = {"swiglu": off(in_order(self.hidden, layer.down), F.silu(gate) * up)}
        found["down"] = self.added(in_order(self.hidden, layer.down), layer.down, lambda: self.down(0))
        self.stream.copy_(torch.randn(HIDDEN, device=DEVICE))
        return found

    def added(self, x: Tensor, matrix: Matrix, part: Callable[[], None]) -> float:
        """Of a product that adds to the stream; rounding the sum is not its fault, so the stream starts at zero."""
        self.stream.zero_()
        torch.cuda.synchronize()
        part()
        return off(self.stream, dense(matrix) @ x)


class DeltaChain(Chain):
    """Gated DeltaNet layers: five kernels each."""

    mixer = "delta"

    def __init__(self, kind: str, layers: int | None = None) -> None:
        super().__init__(kind, layers)
        self.mixed, self.o = one.empty(ROW.width, self.stream), one.empty(ROW.H * ROW.V, self.stream)
        self.squares = one.empty(ROW.H * one.value_blocks(ROW.V), self.stream).view(ROW.H, -1)

    def layer(self) -> DeltaLayer:
        plain = self.kind == "bf16"
        gates = torch.randn(2 * ROW.H, HIDDEN, device=DEVICE) / HIDDEN**0.5
        gate_up, down = self.mlp()
        return DeltaLayer(
            norms=(near_one(HIDDEN), near_one(HIDDEN)),
            inner=self.matrix(ROW.width if plain else ROW.width - 2 * ROW.H, HIDDEN),
            out=self.matrix(HIDDEN, ROW.H * ROW.V),
            gate_up=gate_up,
            down=down,
            gates=None if plain else Matrix(gates.bfloat16()),
            conv=torch.randn(ROW.channels, TAPS, device=DEVICE).bfloat16(),
            a_log=torch.randn(ROW.H, device=DEVICE),
            dt_bias=torch.randn(ROW.H, device=DEVICE),
            out_norm=near_one(ROW.V),
            state=torch.randn(ROW.H, ROW.K, ROW.V, device=DEVICE),
            tail=torch.randn(TAPS - 1, ROW.channels, device=DEVICE).bfloat16(),
        )

    @property
    def parts(self) -> list[Callable[[int], None]]:
        return [self.mix, self.step, self.heads, self.swiglu, self.down]

    def at(self, index: int) -> DeltaLayer:
        layer = self.layers[index]
        assert isinstance(layer, DeltaLayer)
        return layer

    def mix(self, at: int) -> None:
        layer = self.at(at)
        one.normed_mix(
            self.stream, layer.norms[0], EPS, layer.inner, layer.gates, ROW, layer.conv, layer.tail, layer.a_log,
            layer.dt_bias, self.mixed,
        )  # fmt: skip

    def step(self, at: int) -> None:
        layer = self.at(at)
        one.delta_step(self.mixed, ROW, layer.state, layer.out_norm, self.o, self.squares, layer.out)

    def heads(self, at: int) -> None:
        layer = self.at(at)
        one.add_product_of_heads(self.o, self.squares, EPS, layer.out, self.stream)

    def differences(self) -> dict[str, float]:
        layer, found = self.at(0), {}
        self.stream.copy_(torch.randn(HIDDEN, device=DEVICE))
        tail = layer.tail.clone()
        self.mixed.fill_(torch.nan)
        rows = [dense(layer.inner), *([] if layer.gates is None else [dense(layer.gates)])]
        y = torch.cat(rows) @ normed(self.stream, layer.norms[0])
        torch.cuda.synchronize()
        self.mix(0)
        C, HV = ROW.channels, ROW.H * ROW.V
        taps = torch.cat([tail.float(), y[None, :C]])
        q, gate = F.silu((taps.T * layer.conv.float()).sum(1)), F.silu(y[C : C + HV])
        a, b = y[C + HV :].view(2, ROW.H)
        decay = -layer.a_log.exp() * F.softplus(a + layer.dt_bias)
        found["mix"] = off(self.mixed, torch.cat([q, gate, decay, b.sigmoid()]))
        found["tail"] = off(layer.tail, taps[1:])

        state = layer.state.double()
        self.o.fill_(torch.nan)
        self.squares.fill_(torch.nan)
        torch.cuda.synchronize()
        self.step(0)
        mixed = self.mixed.double()
        HK = ROW.H * ROW.K
        q, k = (F.normalize(mixed[i * HK :][:HK].view(ROW.H, ROW.K), eps=1e-6) for i in (0, 1))
        v, gate = mixed[2 * HK : C].view(ROW.H, ROW.V), mixed[C : C + HV].view(ROW.H, ROW.V)
        decay, beta = mixed[C + HV :].view(2, ROW.H)
        state = state * decay.exp()[:, None, None]
        u = beta[:, None] * (v - torch.einsum("hk,hkv->hv", k, state))
        state = state + k[:, :, None] * u[:, None]
        o = torch.einsum("hk,hkv->hv", q * ROW.K**-0.5, state)
        found["state"] = off(layer.state, state)
        found["step"] = off(in_order(self.o, layer.out), (o * layer.out_norm.double() * gate).flatten())
        found["squares"] = off(self.squares.sum(1), o.square().sum(1))

        length = (self.squares.sum(1, keepdim=True) / ROW.V + EPS).sqrt()
        heads = in_order(self.o, layer.out).view(ROW.H, ROW.V) / length
        found["heads"] = self.added(heads.flatten(), layer.out, lambda: self.heads(0))
        return found | self.mlp_differences()


class AttentionChain(Chain):
    """Window attention layers, the window full: six kernels each."""

    mixer = "attention"

    def __init__(self, kind: str, layers: int | None = None) -> None:
        super().__init__(kind, layers)
        self.seen = torch.tensor(3 * WINDOW + 17, device=DEVICE)
        angle = torch.rand(SIDE // 2, device=DEVICE) * 6
        self.cos, self.sin = angle.cos(), angle.sin()
        self.row, self.o = one.empty((HEADS + 2 * GROUPS) * SIDE, self.stream), one.empty(HEADS * SIDE, self.stream)

    def layer(self) -> AttentionLayer:
        rows = (HEADS + 2 * GROUPS) * SIDE
        gate_up, down = self.mlp()
        return AttentionLayer(
            norms=(near_one(HIDDEN), near_one(HIDDEN)),
            inner=self.matrix(rows, HIDDEN),
            out=self.matrix(HIDDEN, HEADS * SIDE),
            gate_up=gate_up,
            down=down,
            bias=torch.randn(rows, device=DEVICE).bfloat16(),
            keys=torch.randn(GROUPS, WINDOW - 1, SIDE, device=DEVICE).bfloat16(),
            values=torch.randn(GROUPS, WINDOW - 1, SIDE, device=DEVICE).bfloat16(),
        )

    @property
    def parts(self) -> list[Callable[[int], None]]:
        return [self.inner, self.attend, self.out, self.swiglu, self.down]

    def at(self, index: int) -> AttentionLayer:
        layer = self.layers[index]
        assert isinstance(layer, AttentionLayer)
        return layer

    def inner(self, at: int) -> None:
        layer = self.at(at)
        one.normed_product(self.stream, layer.norms[0], EPS, layer.inner, layer.bias, self.row)

    def attend(self, at: int) -> None:
        layer = self.at(at)
        self.o = attend_step(
            self.row, self.cos, self.sin, layer.keys, layer.values, self.seen, WINDOW, 0, SIDE**-0.5, layer.out,
        )  # fmt: skip

    def out(self, at: int) -> None:
        layer = self.at(at)
        one.add_product(self.o, layer.out, self.stream, spread=True)

    def differences(self) -> dict[str, float]:
        layer, found = self.at(0), {}
        self.stream.copy_(torch.randn(HIDDEN, device=DEVICE))
        self.row.fill_(torch.nan)
        torch.cuda.synchronize()
        self.inner(0)
        y = dense(layer.inner) @ normed(self.stream, layer.norms[0]) + layer.bias.float()
        found["inner"] = off(self.row, y)
        keys, values = layer.keys.clone(), layer.values.clone()
        torch.cuda.synchronize()
        self.attend(0)
        turned, v = self.row[: -GROUPS * SIDE], self.row[-GROUPS * SIDE :].view(1, 1, GROUPS, SIDE)
        turned = rotary.rotate(turned.view(1, 1, HEADS + GROUPS, SIDE), self.cos[None], self.sin[None])
        q, k = turned[:, :, :HEADS].bfloat16(), turned[:, :, HEADS:].bfloat16()
        wanted = attention.window_attention(
            q.double(), k.double(), v.bfloat16().double(), keys[None].double(), values[None].double(), self.seen,
            WINDOW, 0, SIDE**-0.5,
        )  # fmt: skip
        found["attend"] = off(in_order(self.o, layer.out), wanted.flatten())
        for name, ring, new in (("keys", keys, k), ("values", values, v)):
            after = attention.append(ring[None], new, self.seen, 0)[0]
            found[name] = off(getattr(layer, name), after)
        found["out"] = self.added(in_order(self.o, layer.out), layer.out, lambda: self.out(0))
        return found | self.mlp_differences()


def near_one(n: int) -> Tensor:
    return (1 + 0.1 * torch.randn(n, device=DEVICE)).bfloat16()


def in_order(x: Tensor, reader: Matrix) -> Tensor:
    """A vector that lies by its reader's places."""
    return x.view(reader.pair, -1).T.flatten()


def dense(matrix: Matrix) -> Tensor:
    return matrix.values.float() if matrix.scale is None else unpack(matrix.values, matrix.scale, torch.float32)


def normed(x: Tensor, weight: Tensor) -> Tensor:
    return F.rms_norm(x.float(), (x.shape[-1],), weight.float(), EPS)


def off(found: Tensor, wanted: Tensor) -> float:
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())
