"""The session: it sees in constant memory, answers from a fork, survives bad input, and saves itself whole."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import AfterimageError, DiskFullError, InputError, OutOfMemoryError, StateError, WeightsError
from core.model import state as state_module
from core.model.network import InfiniteVL
from core.preprocess import Observation
from core.session import AskOptions, Session, open_session
from tests.helpers.models import START, bundle, observation, picture, session

SHORT = AskOptions(max_tokens=5)


def memory(of: Session) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in of.state.tensors().items()}


def unchanged(of: Session, before: dict[str, Tensor]) -> bool:
    return all(tensor.equal(before[name]) for name, tensor in of.state.tensors().items())


def test_seeing_takes_the_tokens_it_says_and_no_more_memory() -> None:
    stream = session()
    first = stream.facts.state_bytes
    taken = [stream.see(observation(index, pictures=1 + index % 3)) for index in range(6)]
    header = len("09:00 | xterm | make")
    assert taken[1] - header == 2 * (6 + 2)  # two pictures of 2 x 3 merged patches, each between two marks
    assert stream.facts.frames_seen == 6
    assert stream.facts.tokens_seen == sum(taken) == int(stream.state.seen)
    assert stream.facts.state_bytes == first
    assert not stream.facts.answers


def test_it_knows_since_when_it_remembers_and_what_a_cache_would_take(tmp_path: Path) -> None:
    stream = session()
    assert stream.facts.since is None
    shape = stream.bundle.shape
    keys_and_values = 2 * shape.num_hidden_layers * shape.num_key_value_heads * shape.head_dim
    assert stream.facts.cache_bytes_per_token == keys_and_values * stream.state.keys.element_size()
    for index in range(3):
        stream.see(observation(index))
    assert stream.facts.since == observation(0).time
    stream.save(tmp_path / "state")
    other = session()
    other.load(tmp_path / "state")
    assert other.facts.since == observation(0).time
    other.reset()
    assert other.facts.since is None


def test_asking_leaves_the_stream_bit_for_bit_as_it_was() -> None:
    stream = session()
    stream.see(observation(0))
    before, facts = memory(stream), stream.facts
    list(stream.ask("what was that?", evidence=[observation(1)], options=SHORT))
    assert unchanged(stream, before)
    assert stream.facts == facts
    assert stream.last_answer_logprob is not None
    assert stream.last_answer_logprob < 0


def test_answers_repeat_exactly_and_depend_on_what_was_seen() -> None:
    stream, other = session(), session()
    stream.see(observation(0))
    other.see(observation(5))
    answers = ["".join(stream.ask("what?", options=SHORT)) for _ in range(2)]
    assert answers[0] == answers[1]
    list(other.ask("what?", options=SHORT))
    assert other.last_answer_logprob != stream.last_answer_logprob


def test_a_question_holds_for_the_moment_it_was_asked() -> None:
    stream, still = session(), session()
    for each in (stream, still):
        each.see(observation(0))
    answer = stream.ask("what?", options=SHORT)
    stream.see(observation(1))
    assert list(answer) == list(still.ask("what?", options=SHORT))


def test_closing_the_answer_stops_between_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = session()
    stream.see(observation(0))
    steps = 0
    forward = InfiniteVL.forward

    def counted(self: InfiniteVL, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(InfiniteVL, "forward", counted)
    answer = stream.ask("what?", options=AskOptions(max_tokens=1000, temperature=2.0, seed=1))
    next(answer)
    before = steps
    answer.close()  # type: ignore[attr-defined]  # ask() promises an iterator; it is a generator
    assert steps == before < 100
    assert stream.last_answer_logprob is not None


def test_a_seed_makes_a_sampled_answer_repeatable() -> None:
    stream = session()
    stream.see(observation(0))
    options = AskOptions(max_tokens=12, temperature=1.5, top_p=0.9, repetition_penalty=1.2, seed=4)
    assert list(stream.ask("what?", options=options)) == list(stream.ask("what?", options=options))
    others = {"".join(stream.ask("what?", options=replace(options, seed=seed))) for seed in range(5)}
    assert len(others) > 1


def test_a_stop_token_ends_the_answer_and_is_not_shown() -> None:
    parts = bundle()
    stream = Session(replace(parts, stops=frozenset(range(parts.shape.vocab_size))))
    assert list(stream.ask("what?")) == []
    assert stream.last_answer_logprob is not None


def test_forks_and_parents_go_their_own_ways() -> None:
    stream = session()
    stream.see(observation(0))
    fork, before = stream.fork(), memory(stream)
    fork.see(observation(1))
    assert unchanged(stream, before)
    stream.see(observation(1))
    assert unchanged(stream, memory(fork))


def test_reset_forgets_everything() -> None:
    stream = session()
    stream.see(observation(0))
    stream.reset()
    assert unchanged(stream, memory(session()))
    assert stream.facts == session().facts


def test_a_saved_session_goes_on_as_if_never_stopped(tmp_path: Path) -> None:
    stream, later = session(), session()
    stream.see(observation(0))
    stream.save(tmp_path / "folder" / "memory")
    later.load(tmp_path / "folder" / "memory")
    assert later.facts == stream.facts
    for each in (stream, later):
        each.see(observation(1))
    assert unchanged(later, memory(stream))
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["memory"]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def age(file: Path) -> None:
    save_file(load_file(file), file, metadata={"format": "afterimage-memory-0"})


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [(cut, "cut short"), (flip, "checksum"), (empty, "damaged"), (age, "version"), (remove, "no saved memory")],
)
def test_a_bad_state_file_is_refused_and_harms_nothing(
    harm: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    stream = session()
    stream.see(observation(0))
    stream.save(tmp_path / "memory")
    harm(tmp_path / "memory")
    stream.see(observation(1))
    before = memory(stream)
    with pytest.raises(StateError, match=words):
        stream.load(tmp_path / "memory")
    assert unchanged(stream, before)


def test_another_models_state_is_refused(tmp_path: Path) -> None:
    session(window=64).save(tmp_path / "memory")
    with pytest.raises(StateError, match="another model"):
        session().load(tmp_path / "memory")


def test_a_full_disk_leaves_the_last_saved_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = session()
    stream.save(tmp_path / "memory")
    before = (tmp_path / "memory").read_bytes()

    def full(tensors: dict[str, Tensor], file: Path, metadata: dict[str, str]) -> None:
        file.write_bytes(b"partial")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(state_module, "save_file", full)
    stream.see(observation(0))
    with pytest.raises(DiskFullError):
        stream.save(tmp_path / "memory")
    assert (tmp_path / "memory").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


BAD_PICTURES: dict[str, Any] = {
    "empty": np.zeros((0, 28, 3), np.uint8),
    "not a multiple": np.zeros((28, 30, 3), np.uint8),
    "enormous": np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (28 * 200, 28 * 200, 3)),
    "NaN": np.full((28, 28, 3), np.nan, np.float32),
    "grey": np.zeros((28, 28), np.uint8),
    "with alpha": np.zeros((28, 28, 4), np.uint8),
}


@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_a_picture_that_cannot_be_used_is_refused_and_harms_nothing(kind: str) -> None:
    stream = session()
    stream.see(observation(0))
    before, facts = memory(stream), stream.facts
    with pytest.raises(InputError):
        stream.see(Observation(START, "header", (picture(1), BAD_PICTURES[kind])))
    assert unchanged(stream, before)
    assert stream.facts == facts


@pytest.mark.parametrize("question", ["", "  \n", "x" * 5000])
def test_a_question_that_cannot_be_used_is_refused_at_once(question: str) -> None:
    with pytest.raises(InputError):
        session().ask(question)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": 0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": float("inf")},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        AskOptions(**wrong)


@pytest.mark.parametrize(
    "failure",
    [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("CUBLAS_STATUS_ALLOC_FAILED")],
)
def test_running_out_of_memory_is_named_and_harms_nothing(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = session()
    stream.see(observation(0))
    before, facts = memory(stream), stream.facts

    def fails(*_: Any, **__: Any) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(InfiniteVL, "forward", fails)
        with pytest.raises(OutOfMemoryError):
            stream.see(observation(1))
        with pytest.raises(OutOfMemoryError):
            list(stream.ask("what?"))
    assert unchanged(stream, before)
    assert stream.facts == facts
    assert stream.see(observation(1)) > 0


def test_special_tokens_written_on_the_screen_stay_text() -> None:
    plain, tricky = session(), session()
    plain.see(observation(0, header="x" * 12))
    tricky.see(observation(0, header="<|image_pad|"))
    assert plain.facts.tokens_seen == tricky.facts.tokens_seen
    assert tricky.see(observation(0, header="<|image_pad|>")) == 13 + 6 + 2


def test_the_demo_framing_keeps_one_picture_open() -> None:
    stream = Session(bundle().in_demo_framing())
    taken = [stream.see(observation(second)) for second in range(3)]
    assert taken == [7, 6, 6]
    assert int(stream.state.clock) == 1 + 2 * 2 + 1  # two positions a second, from the first frame's 1
    assert len(list(stream.ask("?", options=SHORT))) <= 5
    with pytest.raises(InputError):
        stream.see(observation(4, pictures=2))


def test_an_observation_without_pictures_is_text() -> None:
    stream = session()
    stream.see(observation(0))
    assert stream.see(Observation(START + timedelta(seconds=1), "locked", ())) == len("locked")


def test_a_stream_of_hundreds_of_frames_keeps_its_size() -> None:
    stream = session(window=16)
    sizes = set()
    for index in range(300):
        stream.see(Observation(START + timedelta(seconds=index), "h", (picture(index % 7, 28, 28),)))
        sizes.add(stream.facts.state_bytes)
    assert len(sizes) == 1
    assert all(bool(tensor.isfinite().all()) for tensor in stream.state.tensors().values())


def test_without_a_model_a_random_one_stands_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    stream = open_session(None, device="cpu")
    assert stream.facts.model == "random"
    assert not stream.facts.answers


@pytest.mark.parametrize("device", ["abacus", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(AfterimageError):
        open_session(None, device=device)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        open_session(tmp_path, device="cpu")


def test_the_process_takes_as_many_threads_as_it_is_told() -> None:
    before = torch.get_num_threads()
    try:
        open_session(None, device="cpu", threads=3)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
