"""Whatever goes wrong, by a picture, a question, a file or the memory of the device: a named error that says what to
do, and the session's own memory bit for bit as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import AfterimageError, InputError, OutOfMemoryError, StateError
from core.model import state as state_module
from core.model.network import InfiniteVL
from core.model.pictures import MOST_PIXELS, check_picture
from core.model.state import MemoryState
from core.preprocess import Observation
from core.session import AskOptions, Session
from tests.helpers.models import START, bundle, observation, picture, session


@contextmanager
def unharmed(stream: Session, error: type[AfterimageError], words: str | None = None) -> Iterator[None]:
    """The block raises ``error`` with these words and a remedy, and leaves the session's memory and counts alone."""
    before = {name: tensor.clone() for name, tensor in stream.state.tensors().items()}
    facts, notes = stream.facts, stream._notes
    with pytest.raises(error, match=words) as caught:
        yield
    assert caught.value.remedy
    assert all(tensor.equal(before[name]) for name, tensor in stream.state.tensors().items())
    assert stream.facts == facts
    assert stream._notes == notes


def seen() -> Session:
    stream = session()
    stream.see(observation(0))
    return stream


BAD: dict[str, tuple[Any, str]] = {
    "no rows": (np.zeros((0, 28, 3), np.uint8), "empty"),
    "no columns": (np.zeros((28, 0, 3), np.uint8), "empty"),
    "half a merged patch high": (np.zeros((42, 28, 3), np.uint8), "28 x 42 does not divide into 28 x 28"),
    "half a merged patch wide": (np.zeros((28, 42, 3), np.uint8), "42 x 28 does not divide"),
    "enormous": (np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (28, 28 * 17_000, 3)), "476000 x 28 is too large"),
    "all NaN": (np.full((28, 28, 3), np.nan, np.float32), "bytes.*float32"),
    "one NaN": (np.where(np.arange(28 * 28 * 3) == 7, np.nan, 0.5).reshape(28, 28, 3), "bytes.*float64"),
    "infinite": (np.full((28, 28, 3), np.inf, np.float16), "bytes.*float16"),
    "16 bits a colour": (np.zeros((28, 28, 3), np.uint16), "bytes.*uint16"),
    "grey": (np.zeros((28, 28), np.uint8), "height x width x 3"),
    "channels first": (np.zeros((3, 28, 28), np.uint8), "height x width x 3"),
    "a batch": (np.zeros((1, 28, 28, 3), np.uint8), "height x width x 3"),
}


@pytest.mark.parametrize("kind", BAD)
def test_no_picture_of_an_observation_goes_in_where_one_is_bad(kind: str) -> None:
    stream, (pixels, words) = seen(), BAD[kind]
    with unharmed(stream, InputError, words):
        stream.see(Observation(START, "header", (picture(1), pixels, picture(2))))
    with unharmed(stream, InputError, words):
        stream.ask("what?", evidence=[observation(1), Observation(START, "header", (pixels,))])


def test_the_largest_picture_is_taken_and_a_row_more_is_not() -> None:
    rows, columns = 28 * 128, MOST_PIXELS // (28 * 128)
    wide = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (rows, columns, 3))
    check_picture(wide, 28)
    with pytest.raises(InputError, match="too large"):
        check_picture(np.broadcast_to(wide[:1], (rows + 28, columns, 3)), 28)


def test_a_question_of_exactly_the_limit_is_read_and_one_token_more_is_not() -> None:
    parts = bundle()
    stream = Session(replace(parts, max_question_tokens=len(_ids(parts, "x" * 40))))
    stream.see(observation(0))
    list(stream.ask("x" * 40, options=AskOptions(max_tokens=1)))
    with unharmed(stream, InputError, "reads at most"):
        stream.ask("x" * 41)


def _ids(parts: Any, question: str) -> list[int]:
    from core.model.framing import question_ids

    return question_ids(parts.framing, parts.tokenizer, question)


def test_broken_characters_are_read_as_question_marks() -> None:
    stream, plain = seen(), seen()
    stream.see(observation(1, header="a\udcffb"))
    plain.see(observation(1, header="a?b"))
    short = AskOptions(max_tokens=3)
    assert list(stream.ask("what \udcff is", options=short)) == list(plain.ask("what ? is", options=short))
    assert stream.last_answer_logprob == plain.last_answer_logprob


def test_a_second_picture_in_the_demo_framing_is_refused() -> None:
    stream = Session(bundle().in_demo_framing())
    stream.see(observation(0))
    with unharmed(stream, InputError, "one picture"):
        stream.see(observation(1, pictures=2))


def _directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _short_by_a_tensor(file: Path) -> None:
    _rewritten(file, lambda tensors: {name: t for name, t in tensors.items() if name != "keys"})


def _other_shape(file: Path) -> None:
    _rewritten(file, lambda tensors: tensors | {"keys": tensors["keys"][..., :-1, :].contiguous()})


def _rewritten(file: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    """Tensors changed and the checksum made to fit them: damage that only a closer look finds."""
    tensors = change({name: tensor.clone() for name, tensor in load_file(file).items()})
    metadata = _metadata(file)
    metadata["checksum"] = state_module._checksum(tensors, metadata["notes"])
    save_file(tensors, file, metadata=metadata)


def _other_notes(file: Path) -> None:
    tensors, metadata = load_file(file), _metadata(file)
    notes = json.dumps({"frames": 1, "colour": "red"})
    metadata |= {"notes": notes, "checksum": state_module._checksum(tensors, notes)}
    save_file(tensors, file, metadata=metadata)


def _metadata(file: Path) -> dict[str, str]:
    content = file.read_bytes()
    header: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return dict(header["__metadata__"])


def _not_ours(file: Path) -> None:
    save_file({"weight": torch.zeros(3)}, file)


def _cut_in_the_header(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize(
    "harm",
    [_directory, _short_by_a_tensor, _other_shape, _other_notes, _not_ours, _cut_in_the_header],
    ids=lambda harm: harm.__name__.strip("_"),
)
def test_a_state_file_that_does_not_fit_is_refused(harm: Callable[[Path], None], tmp_path: Path) -> None:
    stream, file = seen(), tmp_path / "memory"
    stream.save(file)
    harm(file)
    stream.see(observation(1))
    with unharmed(stream, StateError, str(file)):
        stream.load(file)


FAILURES = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: not enough memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried to"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]


@pytest.fixture(params=FAILURES, ids=lambda failure: type(failure).__name__ + str(failure)[51:65])
def failing(request: pytest.FixtureRequest) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise request.param

    return fail


def test_no_room_for_a_fork_is_named(failing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = seen()
    monkeypatch.setattr(MemoryState, "fork", failing)
    with unharmed(stream, OutOfMemoryError):
        stream.fork()
    with unharmed(stream, OutOfMemoryError):
        stream.ask("what?")


def test_no_room_for_the_vision_tower_is_named(failing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = seen()
    monkeypatch.setattr("core.model.vision.VisionTower.forward", failing)
    with unharmed(stream, OutOfMemoryError):
        stream.see(observation(1))
    with unharmed(stream, OutOfMemoryError):
        stream.ask("what?", evidence=[observation(1)])


def test_no_room_deep_in_the_decoder_is_named(failing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first layers have moved on by then: none of it may stay."""
    stream = seen()
    last = stream.bundle.network.language_model.layers[-1]
    monkeypatch.setattr(last, "forward", failing)
    with unharmed(stream, OutOfMemoryError):
        stream.see(observation(1))


def test_no_room_in_the_middle_of_an_answer_is_named(
    failing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, steps = seen(), 0
    forward = InfiniteVL.forward

    def third_fails(self: InfiniteVL, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        return failing() if steps == 3 else forward(self, *args, **kwargs)

    monkeypatch.setattr(InfiniteVL, "forward", third_fails)
    with unharmed(stream, OutOfMemoryError):
        list(stream.ask("what?", options=AskOptions(max_tokens=8, temperature=2.0, seed=1)))
    assert steps == 3


def test_no_room_for_a_saved_memory_is_named(
    failing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stream = seen()
    stream.save(tmp_path / "memory")
    stream.see(observation(1))
    monkeypatch.setattr(state_module, "_checksum", failing)
    with unharmed(stream, OutOfMemoryError):
        stream.load(tmp_path / "memory")


def test_other_failures_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    stream = seen()
    monkeypatch.setattr(InfiniteVL, "forward", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        stream.see(observation(1))
