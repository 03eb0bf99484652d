"""Preparing a device: nothing to do on the CPU; on a GPU the kernels are counted, and it can be stopped."""

from __future__ import annotations

import pytest
import torch

from core.model.bundle import random_bundle, tiny_shape
from core.preparation import prepare
from core.session import Session
from tests.helpers.models import observation

GPU = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    pytest.mark.filterwarnings("default"),  # compilers and other libraries have their own
]


def session(device: str) -> Session:
    return Session(random_bundle(torch.device(device), torch.float32, tiny_shape()))


def test_the_cpu_needs_no_preparing() -> None:
    told: list[float] = []
    prepare(session("cpu"), told.append)
    assert told == []


class TestOnAGpu:
    pytestmark = GPU

    def test_kernels_are_counted_and_the_memory_stays_as_it_is(self) -> None:
        stream, told = session("cuda"), list[float]()
        stream.see(observation(0))
        before = {name: tensor.clone() for name, tensor in stream.state.tensors().items()}
        prepare(stream, told.append)
        assert told == sorted(told)
        assert (told[0], told[-1]) == (0.0, 1.0)
        assert all(tensor.equal(before[name]) for name, tensor in stream.state.tensors().items())

    def test_it_stops_where_reporting_raises_and_goes_on_the_next_time(self) -> None:
        stream, told = session("cuda"), list[float]()

        def stop(share: float) -> None:
            if share > 0:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            prepare(stream, stop)
        prepare(stream, told.append)
        assert told[-1] == 1.0
        stream.see(observation(0))
