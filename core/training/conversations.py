"""Conversations with pictures and videos, a line of JSON each, as batches in a model's own vocabulary.

A line is ``{"messages": [{"role", "content"}], "images": [...], "videos": [...]}``, a content being text with
``<image>`` and ``<video>`` marks or a list of parts; or the older ``{"conversations": [{"from", "value"}], "image":
...}``. Files are local, named from the list's own folder. Turns are worded as Qwen's chat template does; what the
assistant says is learnt. A video is the pictures taken from it, one after another, as a stream shows them.
"""

from __future__ import annotations

import json
import logging
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from core.capture.replay import read_picture, replay
from core.capture.source import EndOfSource
from core.errors import AfterimageError, InputError
from core.frame import Pixels
from core.model.config import ModelShape
from core.model.pictures import PixelScale, fit
from core.model.positions import prompt_positions
from core.model.tokenizer import Tokenizer
from core.training.data.batches import BUCKETS, SIDE, Batch, Recipe, lay_out
from core.training.data.row import Picture, patches_of

log = logging.getLogger(__name__)

CONVERSATIONS = "conversations"  # in --data
MARK = re.compile(r"<(image|video)>")
ROLES = {"human": "user", "gpt": "assistant", "user": "user", "assistant": "assistant", "system": "system"}
SYSTEM = "You are a helpful assistant."
TOLD = 5  # bad lines named one by one; further ones are only counted


@dataclass(frozen=True)
class Budget:
    """How much of a conversation's pictures is looked at."""

    picture_tokens: int = 324  # at most, of one picture; 324: 504 x 504 pixels
    fps: float = 1.0  # pictures a second taken from a video
    frames: int = 32  # at most, of one video


@dataclass(frozen=True)
class Turn:
    role: str
    parts: tuple[str | tuple[str, Path], ...]  # text, or ("image" or "video", its file)


@dataclass(frozen=True, eq=False)
class Example:
    """One conversation as a row: ids, which of them are learnt, and its pictures where they start."""

    ids: list[int]
    learnt: list[bool]
    pictures: list[Picture]


def usable_lines(file: Path) -> Sequence[int]:
    """Where in the file each conversation begins that can be used, in bytes. Bad lines are named in the log.

    Raises InputError where none is left.
    """
    found = array("Q")  # a list of millions of conversations stays small
    at = bad = 0
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                if line.strip():
                    try:
                        _turns(json.loads(line), file.parent)
                        found.append(at)
                    except (ValueError, TypeError, KeyError, AttributeError) as error:
                        bad += 1
                        if bad <= TOLD:
                            log.warning("%s, line %d is skipped: %s", file.name, number, error)
                at += len(line)
    except OSError as error:
        raise InputError(f"The conversations in {file} cannot be read: {error}.", "Check the path.") from None
    if bad > TOLD:
        log.warning("%s: %d lines were skipped in all", file.name, bad)
    if not found:
        raise InputError(f"{file} holds no conversation that can be used.", "See the log for what is wrong with it.")
    return found


def conversation_at(file: Path, place: int) -> list[Turn]:
    """The conversation that begins there."""
    with file.open("rb") as opened:
        opened.seek(place)
        return _turns(json.loads(opened.readline()), file.parent)


def _turns(raw: dict[str, Any], folder: Path) -> list[Turn]:
    """One line's turns. Raises ValueError, or what a wrong type raises, saying what is wrong."""
    files = {kind: _paths(raw, kind, folder) for kind in ("image", "video")}
    turns = []
    for message in raw.get("messages") or raw["conversations"]:
        role = ROLES.get(message.get("role") or message.get("from"))
        if role is None:
            raise ValueError("a turn is of nobody known")
        content = message["content"] if "content" in message else message["value"]
        turns.append(Turn(role, tuple(_parts(content, files, folder))))
    if any(files.values()):
        raise ValueError("it names more files than it has marks for")
    if not any(turn.role == "assistant" for turn in turns):
        raise ValueError("nobody answers in it")
    return turns


def _paths(raw: dict[str, Any], kind: str, folder: Path) -> list[Path]:
    named = raw.get(f"{kind}s") or raw.get(kind) or []
    return [_local(name, folder) for name in ([named] if isinstance(named, str) else named)]


def _local(name: str, folder: Path) -> Path:
    path = folder / name
    if not path.is_file():
        raise ValueError(f"there is no file {name!r}")
    return path


def _parts(content: Any, files: dict[str, list[Path]], folder: Path) -> Iterator[str | tuple[str, Path]]:
    if isinstance(content, list):
        for part in content:
            kind = part["type"]
            if kind == "text":
                yield str(part["text"])
            elif kind in files:
                named = part.get(kind)
                yield (kind, _local(named, folder)) if named else _next(kind, files)
            else:
                raise ValueError(f"a part is of the kind {kind!r}")
        return
    pieces = MARK.split(str(content))
    for index, piece in enumerate(pieces):
        if index % 2:
            yield _next(piece, files)
        elif piece:
            yield piece


def _next(kind: str, files: dict[str, list[Path]]) -> tuple[str, Path]:
    if not files[kind]:
        raise ValueError(f"it has more {kind} marks than files")
    return kind, files[kind].pop(0)


def open_tokenizer(folder: Path, shape: ModelShape) -> Tokenizer:
    """The folder's tokenizer. Raises InputError where it does not know the chat template's marks."""
    tokenizer = Tokenizer.open(folder / "tokenizer.json")
    marks = [tokenizer.encode_trusted(mark) for mark in ("<|im_start|>", "<|im_end|>")]
    if any(len(mark) != 1 for mark in marks) or tokenizer.size > shape.vocab_size:
        raise InputError(
            f"The tokenizer in {folder} does not know Qwen's chat marks.", "Take the model's own folder."
        )
    return tokenizer


def worded(turns: list[Turn], tokenizer: Tokenizer, shape: ModelShape, budget: Budget) -> Example:
    """A conversation as ids. What it shows and says is never taken for a special token.

    Raises InputError for a picture or video that cannot be used.
    """
    example = Example([], [], [])

    def add(ids: list[int], learnt: bool) -> None:
        example.ids.extend(ids)
        example.learnt.extend([learnt] * len(ids))

    if turns[0].role != "system":
        turns = [Turn("system", (SYSTEM,)), *turns]
    for turn in turns:
        learnt = turn.role == "assistant"
        add(tokenizer.encode_trusted(f"<|im_start|>{turn.role}\n"), learnt=False)
        for part in turn.parts:
            if isinstance(part, str):
                add(tokenizer.encode(part), learnt)
                continue
            for pixels in _pixels(*part, budget):
                add([shape.vision_start_token_id], learnt=False)
                picture = _picture(pixels, len(example.ids), budget)
                example.pictures.append(picture)
                add([shape.image_token_id] * len(picture.patches), learnt=False)
                add([shape.vision_end_token_id], learnt=False)
        add(tokenizer.encode_trusted("<|im_end|>"), learnt)
        add(tokenizer.encode_trusted("\n"), learnt=False)
    return example


def _pixels(kind: str, file: Path, budget: Budget) -> list[Pixels]:
    if kind == "image":
        pixels = read_picture(file)
        if pixels is None:
            raise InputError(f"{file.name} is no picture.")
        return [pixels]
    source = replay(file, budget.fps)
    frames: list[Pixels] = []
    try:
        while len(frames) < budget.frames:
            frame = source.grab()
            if frame is not None:
                frames.append(frame.pixels)
    except EndOfSource:
        pass
    finally:
        source.close()
    return frames


def _picture(pixels: Pixels, start: int, budget: Budget) -> Picture:
    side = 28
    scale = PixelScale(min_pixels=side * side, max_pixels=side * side * budget.picture_tokens)
    pixels = fit(pixels, side, scale)
    grid = pixels.shape[0] // side, pixels.shape[1] // side
    if -(-grid[0] // SIDE) * -(-grid[1] // SIDE) > BUCKETS[-1]:
        raise InputError("A picture is too long and narrow to learn from.")
    patches = patches_of(pixels)
    nothing = patches[:, 0, :0]  # no dense targets
    return Picture(patches, grid, nothing, nothing, start)


def collate(examples: list[Example], shape: ModelShape, window: int, length: int | None = None) -> Batch:
    """Rows of one length (the longest one's unless given), each a stream of its own, filled up at the end."""
    rows, length = len(examples), length or max(len(example.ids) for example in examples)
    ids = torch.zeros(rows, length, dtype=torch.int64)
    positions = torch.zeros(3, rows, length, dtype=torch.int64)
    learnt = torch.zeros(rows, length, dtype=torch.bool)
    places: list[Tensor] = []
    for row, example in enumerate(examples):
        count = len(example.ids)
        ids[row, :count] = torch.tensor(example.ids)
        learnt[row, :count] = torch.tensor(example.learnt)
        grids = [(1, 2 * picture.grid[0], 2 * picture.grid[1]) for picture in example.pictures]
        positions[:, row, :count] = prompt_positions(example.ids, grids, shape)
        places += [row * length + p.start + torch.arange(len(p.patches)) for p in example.pictures]
    pictures, gather = lay_out([picture for example in examples for picture in example.pictures])
    label_place = learnt.flatten().nonzero()[:, 0] - 1
    none = torch.empty(0, dtype=torch.int64)
    return Batch(
        recipe=Recipe("conversations", rows, length, 0, window), ids=ids, positions=positions, pictures=pictures,
        gather=torch.from_numpy(gather), place=torch.cat(places) if places else none, characters=none, colours=none,
        label_place=label_place, label=ids.flatten()[label_place + 1], label_answer=torch.zeros_like(label_place),
        answer_kind=none, answer_distance=none, answer_size=none,
    )  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """What a process needs to make its batches, light enough to send to a worker."""

    file: Path
    lines: Sequence[int]  # see usable_lines
    tokenizer: Path  # a model folder
    shape: ModelShape
    rows: int
    length: int  # tokens; longer conversations are passed over
    window: int
    seed: int
    rank: int = 0
    of: int = 1
    budget: Budget = Budget()


class _Steps(IterableDataset[Batch]):
    def __init__(self, reading: Reading, first: int) -> None:
        self.reading, self.first = reading, first

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        offset, stride = (info.id, info.num_workers) if info else (0, 1)
        maker = Maker(self.reading)
        step = self.first + offset
        while True:
            yield maker.make(step)
            step += stride


class Maker:
    """Makes batch n of one process: the same for the same file and seed, whoever makes it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.tokenizer = open_tokenizer(reading.tokenizer, reading.shape)
        self._order: tuple[int, list[int]] = (-1, [])

    def make(self, step: int) -> Batch:
        reading = self.reading
        first = (step * reading.of + reading.rank) * reading.rows
        examples = [self._example(first + row) for row in range(reading.rows)]
        # processes that share a network must cut their rows into equally many chunks
        length = reading.length if reading.of > 1 else None
        return collate(examples, reading.shape, reading.window, length)

    def _example(self, number: int) -> Example:
        """Example ``number`` of the endless, shuffled sequence; the next good one in place of one that is none."""
        count = len(self.reading.lines)
        epoch, place = divmod(number, count)
        if self._order[0] != epoch:
            order = list(range(count))
            Random(f"{self.reading.seed} {epoch}").shuffle(order)
            self._order = (epoch, order)
        for step in range(count):
            index = self._order[1][(place + step) % count]
            turns = conversation_at(self.reading.file, self.reading.lines[index])
            try:
                example = worded(turns, self.tokenizer, self.reading.shape, self.reading.budget)
            except AfterimageError as error:
                log.warning("conversation %d is passed over: %s", index, error)
                continue
            if len(example.ids) <= self.reading.length:
                return example
            log.warning("conversation %d is passed over: %d tokens", index, len(example.ids))
        raise InputError(f"No conversation fits into {self.reading.length} tokens.", "Give a larger --length.")


def conversation_batches(reading: Reading, first: int, workers: int, pin: bool) -> Iterator[Batch]:
    """This process's batches from its ``first`` on, without end."""
    loader = DataLoader(
        _Steps(reading, first),
        batch_size=None,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=2 if workers else None,
    )
    return iter(loader)
