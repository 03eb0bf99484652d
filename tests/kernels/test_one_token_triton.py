"""One token's products and steps against plain PyTorch, in every form of weights, at shapes that do not divide."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.quantized_linear.naive import FP8, Kind, pack, unpack
from tests.kernels.exact import error
from tests.kernels.triton_device import DEVICE, skip_without_triton

skip_without_triton()

from kernels.one_token import triton as one  # noqa: E402 - only where Triton is
from kernels.one_token.triton import Matrix  # noqa: E402
from kernels.short_conv.triton import Row  # noqa: E402

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

FORMS = ["fp32", "bf16", "int8", "fp8", "int4"]
EPS = 1e-6
CLOSE = {"int4": 3e-5}  # of every second of its weights a few bits of precision are given away


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def drawn(*size: int) -> Tensor:
    return torch.randn(*size, device=DEVICE)


def matrix(rows: int, columns: int, form: str) -> tuple[Matrix, Tensor]:
    """In this form, and the same values as fp64."""
    weight = drawn(rows, columns)
    if form in ("fp32", "bf16"):
        weight = weight if form == "fp32" else weight.bfloat16()
        return Matrix(weight), weight.double()
    kind: Kind = form  # type: ignore[assignment]
    values, scale = pack(weight, kind)
    if DEVICE == "cuda":
        torch.cuda.synchronize()  # a kernel may read weights before the one before it has ended
    return Matrix(values, scale), unpack(values, scale, torch.float64)


def unwritten(*size: int) -> Tensor:
    return torch.full(size, torch.nan, device=DEVICE)


def by_places(x: Tensor, reader: Matrix) -> Tensor:
    return x.view(-1, reader.pair).T.flatten()


def normed(x: Tensor, weight: Tensor) -> Tensor:
    return F.rms_norm(x.double(), (x.shape[-1],), weight.double(), EPS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("rows", "columns"), [(7, 64), (150, 192), (33, 4160)])
def test_a_normed_product_with_its_bias(form: str, rows: int, columns: int) -> None:
    w, weight = matrix(rows, columns, form)
    x, norm, bias, y = drawn(columns), drawn(columns), drawn(rows), unwritten(rows)
    one.normed_product(x, norm, EPS, w, bias, y)
    assert error(y, weight @ normed(x, norm) + bias) < CLOSE.get(form, 3e-6)
    one.normed_product(x, norm, EPS, w, None, y)
    assert error(y, weight @ normed(x, norm)) < CLOSE.get(form, 3e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("rows", "columns"), [(5, 128), (90, 1344)])
def test_gates_and_values_are_multiplied_row_by_row(form: str, rows: int, columns: int) -> None:
    w, weight = matrix(2 * rows, columns, form)
    x, norm, y = drawn(columns), 0.1 * drawn(columns), unwritten(rows)
    one.normed_swiglu(x, norm, EPS, w, y, Matrix(drawn(1, 1)))
    gate, value = (weight @ normed(x, norm)).chunk(2)
    assert error(y, F.silu(gate) * value) < CLOSE.get(form, 1e-5)  # of five values, in fp32, 4e-6 was seen on a GPU


@pytest.mark.parametrize("form", FORMS)
def test_a_product_is_added_to_the_stream(form: str) -> None:
    w, weight = matrix(37, 2752, form)
    x, stream = drawn(2752), drawn(37)
    wanted = stream.double() + weight @ x.double()
    again = stream.clone()
    one.add_product(x, w, stream)
    assert error(stream, wanted) < CLOSE.get(form, 3e-6)
    one.add_product(by_places(x, w), w, again, spread=True)
    assert error(again, wanted) < CLOSE.get(form, 3e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("heads", "values"), [(6, 96), (3, 64)])
def test_each_head_is_divided_by_its_own_length(form: str, heads: int, values: int) -> None:
    w, weight = matrix(19, heads * values, form)
    o, stream = drawn(heads, values), drawn(19)
    parts = o.square().view(heads, 2, -1).sum(2)
    length = (o.double().square().mean(1, keepdim=True) + EPS).sqrt()
    wanted = stream.double() + weight @ (o / length).flatten()
    one.add_product_of_heads(by_places(o.flatten(), w), parts, EPS, w, stream)
    assert error(stream, wanted) < CLOSE.get(form, 3e-6)


@pytest.mark.parametrize("form", FORMS)
def test_the_row_of_a_delta_layer_and_its_tail(form: str) -> None:
    row, hidden, taps = Row(3, 16, 32), 128, 4
    w, weight = matrix(row.width if form in ("fp32", "bf16") else row.width - 2 * row.H, hidden, form)
    gates = None if len(weight) == row.width else Matrix(drawn(2 * row.H, hidden))
    whole = weight if gates is None else torch.cat([weight, gates.values.double()])
    x, norm, conv, tail = drawn(hidden), drawn(hidden), drawn(row.channels, taps), drawn(taps - 1, row.channels)
    a_log, dt_bias, y = drawn(row.H), drawn(row.H), unwritten(row.width)
    product = whole @ normed(x, norm)
    seen = torch.cat([tail.double(), product[None, : row.channels]])
    one.normed_mix(x, norm, EPS, w, gates, row, conv, tail, a_log, dt_bias, y)
    assert error(tail, seen[1:]) < CLOSE.get(form, 3e-6)
    end = row.width - 2 * row.H
    assert error(y[: row.channels], F.silu((seen.T * conv).sum(1))) < CLOSE.get(form, 3e-6)
    assert error(y[row.channels : end], F.silu(product[row.channels : end])) < CLOSE.get(form, 3e-6)
    a, b = product[end:].view(2, row.H)
    assert error(y[end : end + row.H], -a_log.double().exp() * F.softplus(a + dt_bias)) < CLOSE.get(form, 3e-6)
    assert error(y[end + row.H :], b.sigmoid()) < CLOSE.get(form, 3e-6)


def test_every_eight_bit_float_is_read_exactly() -> None:
    codes = torch.arange(256, dtype=torch.uint8, device=DEVICE)
    codes[[127, 255]] = 0  # those are no numbers
    values = codes.view(FP8)[:, None].expand(256, 16).contiguous()
    x = torch.zeros(16, device=DEVICE)
    x[5] = 1.0
    y = torch.zeros(256, device=DEVICE)
    one.add_product(x, Matrix(values, torch.ones(256, device=DEVICE)), y)
    assert torch.equal(y, values[:, 0].float())


def test_the_step_of_the_delta_rule() -> None:
    row = Row(2, 16, 48)
    y, norm, state = drawn(row.width), drawn(row.V), drawn(row.H, row.K, row.V)
    y[row.channels + row.H * row.V :][: row.H].abs_().neg_()  # the decay
    parts = unwritten(row.H, one.value_blocks(row.V))
    o, before, yy = unwritten(row.H * row.V), state.double(), y.double()
    one.delta_step(y, row, state, norm, o, parts, Matrix(drawn(1, 1)))
    HK, HV = row.H * row.K, row.H * row.V
    q, k = F.normalize(yy[:HK].view(row.H, -1)) * row.K**-0.5, F.normalize(yy[HK : 2 * HK].view(row.H, -1))
    v, gate = yy[2 * HK : row.channels].view(row.H, -1), yy[row.channels :][:HV].view(row.H, -1)
    decay, beta = yy[row.channels + HV :].view(2, row.H, 1)
    before = before * decay.exp()[..., None]
    u = beta * (v - torch.einsum("hk,hkv->hv", k, before))
    after = before + k[..., None] * u[:, None]
    read = torch.einsum("hk,hkv->hv", q, after)
    assert error(state, after) < 3e-6
    assert error(parts.sum(1), read.square().sum(1)) < 3e-6
    assert error(o, (read * norm.double() * gate).flatten()) < 3e-6
