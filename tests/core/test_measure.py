"""The bench's figures: all of them, each beside a floor; what has no room or takes too long is left out and said."""

from __future__ import annotations

import pytest
import torch

from core import measure
from core.errors import InputError, OutOfMemoryError
from core.measure import Figure, engine_figures, median_ms
from core.model import floors
from tests.helpers.models import session

WITHOUT_FLOOR = ("open", "bandwidth", "rate", "logits")


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small everything, so that the figures come quickly; what they are is no matter here."""
    monkeypatch.setitem(floors.COPIED, "cpu", 2**16)
    monkeypatch.setitem(floors.SIDE, "cpu", 32)
    monkeypatch.setattr(measure, "SMALL", (56, 56))
    monkeypatch.setattr(measure, "NATIVE", (56, 84))
    monkeypatch.setattr(measure, "DELTA", (1, 16, 16))
    monkeypatch.setattr(measure, "ENOUGH", 0.0)
    monkeypatch.setattr(measure, "ANSWER", 3)
    monkeypatch.setattr(measure, "open_session", lambda *_: session())


def figures() -> dict[str, Figure]:
    found = list(engine_figures(None, "cpu"))
    by_name = {figure.what: figure for figure in found}
    assert len(by_name) == len(found)
    return by_name


def test_every_promised_figure_is_measured_beside_its_floor() -> None:
    found = figures()
    assert found.keys() >= {
        *("frame in, 448x448", "frame in, native 1920x1080", "first token after a 32-token question"),
        *("fork", "state to disk", "state from disk", "token out"),
        *("token out, int8", "token out, int4", "token out, fp8"),
        *("logits off, int8", "logits off, int4", "logits off, fp8"),
        "frame in, 448x448, built-in model on the CPU",
    }
    assert sum("delta rule" in name for name in found) == 2
    for name, figure in found.items():
        assert figure.value is not None, name
        assert figure.value > 0
        assert (figure.floor is None) == name.startswith(WITHOUT_FLOOR), name
        assert figure.floor is None or figure.floor > 0
    assert 0 < (found["logits off, int8"].value or 0) < (found["logits off, int4"].value or 0) < 100


def test_what_does_not_fit_into_memory_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "room", lambda _: 0)
    found = figures()
    assert found["token out, int8"].value is None
    assert "left out" in found["token out, int8"].remark
    assert found["token out"].value is not None
    with pytest.raises(OutOfMemoryError, match="4B takes 26 GB"):
        next(engine_figures(None, "cpu", "4b"))
    with pytest.raises(InputError, match="4b"):
        next(engine_figures(None, "cpu", "400b"))


def test_what_would_take_too_long_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "PATIENCE", 0.0)
    native = figures()["frame in, native 1920x1080"]
    assert native.value is None
    assert "left out" in native.remark
    assert native.floor is not None


def test_measuring_an_answer_leaves_the_memory_as_it_is() -> None:
    stream = session()
    before = {name: tensor.clone() for name, tensor in stream.state.tensors().items()}
    assert min(measure.answer_ms(stream.bundle, stream.state)) > 0
    assert all(tensor.equal(before[name]) for name, tensor in stream.state.tensors().items())


def test_medians_take_as_many_rounds_as_time_allows() -> None:
    rounds = 0

    def work() -> None:
        nonlocal rounds
        rounds += 1

    median_ms(work, torch.device("cpu"), seconds=60)
    assert rounds == 16
    median_ms(work, torch.device("cpu"), seconds=0)
    assert rounds == 18
