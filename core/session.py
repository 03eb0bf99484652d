"""The product's heart: a stream that sees for ever in constant memory, and can be asked at any time.

A session owns one memory state and shares its model with others. It belongs to one thread at a time. Every change
of the state is all or nothing: an error leaves it as it was.
"""

from __future__ import annotations

import importlib.resources
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.errors import InputError, OutOfMemoryError, StateError
from core.frame import Pixels
from core.model.bundle import Bundle, open_bundle, random_bundle
from core.model.floors import Floors, floors
from core.model.framing import observation_ids, question_ids
from core.model.generate import Generation, Sampling
from core.model.pictures import check_picture
from core.model.positions import Grid, picture_positions, prompt_positions
from core.model.state import MemoryState, load_state, save_state
from core.model.steps import see_step
from core.preprocess import Observation

NO_MEMORY = (  # how PyTorch words it for Windows, Linux, CUDA and cuBLAS
    "not enough memory",
    "can't allocate memory",
    "out of memory",
    "ALLOC_FAILED",
)


@dataclass(frozen=True)
class SessionFacts:
    """What a session is and holds."""

    model: str
    device: str
    frames_seen: int  # observations
    tokens_seen: int
    state_bytes: int  # constant
    answers: bool  # the model was trained to answer; False for the random placeholder
    since: datetime | None = None  # time of the first observation it holds; None: of none, or not known
    fixed_wordings: bool = False  # it understands those questions only that it was trained on: see core.recall.asking
    cache_bytes_per_token: int = 0  # what a token would take in the key-value cache of a Transformer of this shape


@dataclass(frozen=True)
class AskOptions:
    """How an answer is made."""

    max_tokens: int = 96
    temperature: float = 0.0  # 0: always the likeliest token
    top_p: float = 1.0  # of the likeliest tokens, those that together have this share
    repetition_penalty: float = 1.0  # above 1: tokens of this answer come again less readily
    seed: int | None = None  # for temperatures above 0; None: another answer each time

    def __post_init__(self) -> None:
        sane = self.max_tokens >= 1 and self.temperature >= 0 and 0 < self.top_p <= 1 and self.repetition_penalty > 0
        if not (sane and math.isfinite(self.temperature) and math.isfinite(self.repetition_penalty)):
            raise InputError(
                "An answer's options are out of range.",
                "max_tokens at least 1, temperature at least 0, top_p within (0, 1], repetition_penalty above 0.",
            )


@dataclass(frozen=True)
class Notes:
    """What a session knows of its stream besides the state; saved with it."""

    frames: int = 0
    tokens: int = 0
    opened: bool = False  # the framing's opening went in
    since: float = 0.0  # seconds since the epoch of the first observation; 0: none, or saved before this was noted
    demo_base: int = 0  # demo framing: the position of the first frame's corner, and the time of that frame
    demo_began: float = 0.0  # seconds since the epoch


class Session:
    """One stream. :func:`open_session` makes the first; :meth:`fork` makes others that share its model."""

    def __init__(self, bundle: Bundle, state: MemoryState | None = None, notes: Notes | None = None) -> None:
        self._bundle = bundle
        self._state = bundle.network.empty_state() if state is None else state
        self._notes = notes or Notes()
        self.last_answer_logprob: float | None = None  # mean over the last answer's tokens, its end included

    @property
    def bundle(self) -> Bundle:
        """The model, shared with other sessions."""
        return self._bundle

    @property
    def state(self) -> MemoryState:
        """The memory as it is now; the session's own, to be looked at and not written to. Not every change of the
        memory keeps the object: ask anew after each."""
        return self._state

    @property
    def facts(self) -> SessionFacts:
        return SessionFacts(
            model=self._bundle.name,
            device=str(self._bundle.device),
            frames_seen=self._notes.frames,
            tokens_seen=self._notes.tokens,
            state_bytes=self._state.nbytes,
            answers=self._bundle.answers,
            fixed_wordings=self._bundle.fixed_wordings,
            since=datetime.fromtimestamp(self._notes.since, UTC) if self._notes.since else None,
            cache_bytes_per_token=self._bundle.shape.cache_bytes_per_token(self._state.keys.element_size()),
        )

    def floors(self, tokens: int) -> Floors:
        """What this machine allows at best for a picture of ``tokens`` tokens and for an answer's token; measures."""
        with device_errors(), torch.inference_mode():
            return floors(self._bundle.network, tokens, self._state.nbytes)

    def see(self, observation: Observation) -> int:
        """Take in one observation; returns the tokens it took.

        Raises InputError for pictures that cannot be used, OutOfMemoryError where the device has no room.
        """
        for pixels in observation.pictures:
            check_picture(pixels, self._bundle.shape.vision.merged_side)
        pictures = observation.pictures
        with device_errors(), torch.inference_mode():
            patch, merged = self._bundle.shape.vision.patch_size, self._bundle.shape.vision.merged_side
            grids: list[Grid] = [(1, p.shape[0] // patch, p.shape[1] // patch) for p in pictures]
            tokens = [(p.shape[0] // merged) * (p.shape[1] // merged) for p in pictures]
            notes = self._notes
            if self._bundle.framing.demo:
                ids, offsets, notes = self._demo_frame(observation, grids, tokens)
            else:
                opening = "" if notes.opened else self._bundle.framing.opening
                ids = self._bundle.tokenizer.encode_trusted(opening) + observation_ids(
                    self._bundle.framing, self._bundle.tokenizer, observation.header, tokens, self._bundle.shape
                )
                offsets = prompt_positions(ids, grids, self._bundle.shape)
            if not ids:
                return 0
            self._take_in(ids, offsets, pictures, tokens)
        since = notes.since if notes.frames else observation.time.timestamp()
        self._notes = replace(
            notes, opened=True, frames=notes.frames + 1, tokens=notes.tokens + len(ids), since=since
        )
        return len(ids)

    def ask(
        self, question: str, evidence: Sequence[Observation] = (), options: AskOptions | None = None
    ) -> Iterator[str]:
        """Answer in pieces of text, from a fork: this session's own memory stays bit for bit as it is.

        ``evidence`` is seen by the fork before the question. Closing the iterator stops between two tokens.
        Raises InputError at once for a question that is empty or longer than the model's limit.
        """
        if not question.strip():
            raise InputError("The question is empty.", "Write one.")
        bundle = self._bundle
        ids = question_ids(bundle.framing, bundle.tokenizer, question)
        if len(ids) > bundle.max_question_tokens:
            raise InputError(
                f"The question takes {len(ids)} tokens; this model reads at most {bundle.max_question_tokens}.",
                "Shorten it.",
            )
        self.last_answer_logprob = None
        fork = self.fork()
        for observation in evidence:
            fork.see(observation)
        return self._overhear(fork, ids, options or AskOptions())

    def fork(self) -> Session:
        """An independent session with the same memory, sharing the model."""
        with device_errors(), torch.inference_mode():
            return Session(self._bundle, self._state.fork(), self._notes)

    def save(self, path: Path) -> None:
        """Write the memory to one file, whole or not at all. Raises DiskFullError."""
        with device_errors():
            save_state(self._state, json.dumps(asdict(self._notes)), self._bundle.fingerprint, path)

    def load(self, path: Path) -> None:
        """Take the memory from a file. Raises StateError for one of another model or version, or damaged."""
        with device_errors():
            state, text = load_state(path, self._bundle.fingerprint, self._state)
        try:
            notes = Notes(**json.loads(text))
        except (TypeError, json.JSONDecodeError):
            raise StateError(f"The saved memory {path} is of another version.", "Start afresh.") from None
        self._state, self._notes = state, notes

    def reset(self) -> None:
        """Forget everything."""
        with torch.inference_mode():
            self._state.reset()
        if self._bundle.replays:
            self._bundle.replays.forget(self._state)
        self._notes = Notes()
        self.last_answer_logprob = None

    def _overhear(self, fork: Session, ids: list[int], options: AskOptions) -> Iterator[str]:
        try:
            yield from fork.go_on(ids, options)
        finally:
            self.last_answer_logprob = fork.last_answer_logprob

    def go_on(self, ids: list[int], options: AskOptions) -> Iterator[str]:
        """Feed these tokens and generate until a stop token or the limit. Uses this session up: for a fork, as
        :meth:`ask` makes one."""
        bundle = self._bundle
        if not self._notes.opened and not bundle.framing.demo:
            ids = bundle.tokenizer.encode_trusted(bundle.framing.opening) + ids
        text = bundle.tokenizer.stream()
        generator = None if options.seed is None else torch.Generator(bundle.device).manual_seed(options.seed)
        sampling = Sampling(options.temperature, options.top_p, options.repetition_penalty, generator)
        slot = None
        said = 0  # tokens of the answer, its end included
        try:
            with device_errors(), torch.inference_mode():
                slot = bundle.replays.borrow(self._state) if bundle.replays else None
                state = slot.state if slot else self._state
                answer = Generation(bundle.network, state, slot, sampling, options.max_tokens)
                answer.begin(ids)
            for count in range(options.max_tokens):
                with device_errors(), torch.inference_mode():
                    if slot and count + 1 < options.max_tokens:
                        answer.go_on(count + 1)  # while this one is on its way here
                    number = answer.number(count)
                said = count + 1
                if number in bundle.stops:
                    return
                piece = text.step(number)
                if piece:
                    yield piece
                if slot is None and said < options.max_tokens:
                    with device_errors(), torch.inference_mode():
                        answer.go_on(said)
        finally:
            if bundle.replays and slot:
                bundle.replays.give_back(slot)
            if said:
                self.last_answer_logprob = float(answer.logprobs[:said].mean())

    def _demo_frame(
        self, observation: Observation, grids: Sequence[Grid], tokens: Sequence[int]
    ) -> tuple[list[int], Tensor, Notes]:
        """The authors' streaming framing: <vision_start> once, then frames as pads whose time follows the clock
        on the wall and whose rows and columns never move. Returns (ids, places from the clock [3, T], notes)."""
        if len(grids) != 1:
            raise InputError("The demo framing takes one picture an observation.", "Leave out the others.")
        shape, notes = self._bundle.shape, self._notes
        ids = [shape.image_token_id] * tokens[0]
        place = picture_positions(grids[0], shape.vision.spatial_merge_size, 0)
        seconds = observation.time.timestamp()
        if not notes.opened:
            notes = replace(notes, demo_base=1, demo_began=seconds)
            ids = [shape.vision_start_token_id, *ids]
        elapsed = max(0.0, seconds - notes.demo_began)
        place = place + notes.demo_base
        place[0] += int(elapsed) * int(shape.vision.tokens_per_second)
        if len(ids) > place.shape[1]:
            place = torch.cat([torch.zeros(3, 1, dtype=torch.int64), place], dim=1)
        return ids, place - int(self._state.clock), notes

    def _take_in(self, ids: list[int], offsets: Tensor, pictures: Sequence[Pixels], tokens: Sequence[int]) -> None:
        """Move the state on by these tokens, wholly or not at all. ``tokens``: of each picture."""
        bundle, starts, done = self._bundle, [], 0
        for count in tokens:
            starts.append(ids.index(bundle.shape.image_token_id, done))
            done = starts[-1] + count
        inputs = [torch.tensor([ids]), offsets, *(_tensor(pixels) for pixels in pictures)]
        inputs = [self._on_device(tensor) for tensor in inputs]
        step = partial(see_step, bundle.network, bundle.scale, starts)
        slot = bundle.replays.borrow(self._state) if bundle.replays else None
        if bundle.replays is None:
            take_back = self._state.before(len(ids), bundle.shape.sinks)
            try:
                step(self._state, inputs, in_place=True)  # a new state would be a copy of the whole window
            except BaseException:
                take_back()
                raise
            return
        if slot is None:
            self._state = step(self._state, inputs, in_place=False)
            return
        mirrored = None
        try:
            key = (tuple(starts), *(tuple(tensor.shape) for tensor in inputs))
            slot.run(key, partial(step, in_place=True), inputs)
            self._state.copy_(slot.state)
            mirrored = self._state
        finally:
            bundle.replays.give_back(slot, mirrored)

    def _on_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._bundle.device, non_blocking=True)


def _tensor(pixels: Pixels) -> Tensor:
    """The picture where it lies, if it may be written to, which PyTorch insists on; a copy otherwise."""
    return torch.from_numpy(np.require(pixels, requirements=["C", "W"]))


def open_session(model: Path | None, device: str = "auto", threads: int | None = None) -> Session:
    """A fresh session with the model in a folder; None: the built-in one, or a tiny random stand-in without it.

    ``device``: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1" ... ``threads``: of this whole process, for
    work on the CPU; None leaves them as they are. Raises WeightsError for a folder that holds no whole model,
    InputError for a device that is not there.
    """
    place = _device(device)
    if threads is not None:
        torch.set_num_threads(threads)
    dtype = torch.bfloat16 if place.type == "cuda" else torch.float32
    built_in = importlib.resources.files("resources") / "nano"
    with device_errors():
        if model is not None:
            return Session(open_bundle(model, place, dtype))
        with importlib.resources.as_file(built_in) as folder:
            if (folder / "config.json").is_file():
                return Session(open_bundle(folder, place, dtype))
        return Session(random_bundle(place, dtype))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"There is no device called {name!r}.", 'Use "auto", "cpu" or "cuda".') from None
    if device.type not in ("cpu", "cuda") or (device.type == "cuda" and not torch.cuda.is_available()):
        raise InputError(f"This machine has no {name}.", 'Use "auto" or "cpu".')
    return device


@contextmanager
def device_errors() -> Iterator[Any]:
    """Turn a device's or the machine's lack of memory into the error a user is told."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError):
        remedy = "Close other programs that use it, or choose a smaller model."
        raise OutOfMemoryError("There is not enough memory for the model's next step.", remedy) from None
    except RuntimeError as error:
        if not any(words in str(error) for words in NO_MEMORY):
            raise
        remedy = "Close other programs, or choose a smaller model."
        raise OutOfMemoryError("There is not enough memory for the model's next step.", remedy) from None
