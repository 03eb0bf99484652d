"""On a GPU: captured graphs give what plain steps give, at every turn of the ring, and what the CPU gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.model.bundle import Bundle, random_bundle, tiny_shape
from core.preprocess import Observation
from core.session import AskOptions, Session
from tests.helpers.models import START, observation, picture, relative

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    pytest.mark.filterwarnings("default"),  # compilers and other libraries have their own
]
WINDOW = 48  # tokens; an observation below takes 28


def parts(dtype: torch.dtype = torch.float32) -> Bundle:
    return random_bundle(torch.device("cuda"), dtype, replace(tiny_shape(), window=WINDOW))


def assert_same_memory(ours: Session, theirs: Session, limit: float) -> None:
    left, right = ours.state.tensors(), theirs.state.tensors()
    assert int(left["seen"]) == int(right["seen"])
    assert int(left["clock"]) == int(right["clock"])
    for name in ("recurrent", "tails", "keys", "values"):
        assert relative(left[name].cpu(), right[name].cpu()) < limit, name


def test_replayed_frames_equal_plain_ones_past_three_turns_of_the_ring() -> None:
    bundle = parts()
    replayed, plain = Session(bundle), Session(replace(bundle, replays=None))
    for index in range(9):
        for each in (replayed, plain):
            each.see(observation(index))
        assert_same_memory(replayed, plain, 1e-5)


def test_replayed_frames_in_bf16_err_no_more_than_plain_ones() -> None:
    bundle = parts(torch.bfloat16)
    replayed, plain, exact = Session(bundle), Session(replace(bundle, replays=None)), Session(parts())
    for index in range(9):
        for each in (replayed, plain, exact):
            each.see(observation(index))
    ours, theirs, wanted = (each.state.tensors() for each in (replayed, plain, exact))
    for name in ("recurrent", "tails", "keys", "values"):
        rounding = relative(theirs[name].float().cpu(), wanted[name].cpu())
        assert 0 < relative(ours[name].float().cpu(), wanted[name].cpu()) < 1.5 * rounding, name


def test_grids_of_several_sizes_take_turns() -> None:
    bundle = parts()
    replayed, plain = Session(bundle), Session(replace(bundle, replays=None))
    for index in range(30):
        shown = picture(index, 28 * (1 + index % 3), 28 * (1 + index % 20 // 7))
        for each in (replayed, plain):
            each.see(Observation(START, "h" * (1 + index % 4), (shown,)))
    assert_same_memory(replayed, plain, 1e-5)


def test_replayed_answers_equal_plain_ones_and_leave_the_stream_alone() -> None:
    bundle = parts()
    replayed, plain = Session(bundle), Session(replace(bundle, replays=None))
    for each in (replayed, plain):
        each.see(observation(0))
    before = replayed.fork()
    for options in (AskOptions(max_tokens=100), AskOptions(max_tokens=30, temperature=1.0, seed=3)):
        assert list(replayed.ask("what?", options=options)) == list(plain.ask("what?", options=options))
        assert replayed.last_answer_logprob == pytest.approx(plain.last_answer_logprob, rel=1e-4)
    assert all(tensor.equal(before.state.tensors()[name]) for name, tensor in replayed.state.tensors().items())


def test_answers_may_overlap_each_other_and_the_stream() -> None:
    bundle = parts()
    replayed, plain = Session(bundle), Session(replace(bundle, replays=None))
    for each in (replayed, plain):
        each.see(observation(0))
    options = AskOptions(max_tokens=12)
    wanted = list(plain.ask("what?", options=options))
    answers = [replayed.ask("what?", options=options) for _ in range(4)]
    pieces: list[list[str]] = [[] for _ in answers]
    for index in range(12):
        for text, answer in zip(pieces, answers, strict=True):
            text += [piece for piece in [next(answer, None)] if piece is not None]
        replayed.see(observation(index))
        plain.see(observation(index))
    assert all(text == wanted for text in pieces)
    assert_same_memory(replayed, plain, 1e-5)


def test_the_gpu_remembers_what_the_cpu_does(tmp_path: Path) -> None:
    shape = replace(tiny_shape(), window=WINDOW)
    here, there = Session(random_bundle(torch.device("cpu"), torch.float32, shape)), Session(parts())
    for index in range(6):
        for each in (here, there):
            each.see(observation(index))
    assert_same_memory(there, here, 1e-4)
    there.save(tmp_path / "memory")
    here.load(tmp_path / "memory")
    assert_same_memory(there, here, 1e-7)


def test_a_stream_keeps_its_device_memory() -> None:
    stream, taken = Session(parts()), []
    for index in range(200):
        stream.see(observation(index % 5))
        if index >= 100:
            taken.append(torch.cuda.memory_allocated())
    assert len(set(taken)) == 1
