"""What the stages' commands have in common: their options, opening networks, running the loop, handing on a model."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TextIO

import torch

from core.errors import AfterimageError, InputError, OutOfMemoryError
from core.model import weights
from core.model.config import ModelShape
from core.model.network import InfiniteVL
from core.training import lora, nano
from core.training.accuracy import accuracies
from core.training.backbone import Backbone, compile_layers
from core.training.conversations import (
    CONVERSATIONS,
    Budget,
    Reading,
    conversation_batches,
    open_tokenizer,
    usable_lines,
)
from core.training.curves import Curves
from core.training.data.batches import Batch
from core.training.distributed import PARALLEL, Place, gathered, joined
from core.training.feed import Mixture, check_vocabulary, feed, parse_mixture, source_of
from core.training.folders import BUILT_IN, write_model
from core.training.loop import Objective, Settings, Sitting, Trainer, check_kernels, check_run, claim_run
from core.training.plots import draw
from core.training.student import fresh_network, inherit, student_shape, take_tower, teacher_shape

Options = argparse.Namespace


def stage_parser(stage: str, description: str | None, rate: float) -> argparse.ArgumentParser:
    """A parser with what every stage takes; ``rate``: the stage's own highest learning rate."""
    parser = argparse.ArgumentParser(prog=f"python -m core.training.{stage}", description=description)
    parser.add_argument("--model", type=Path, help="model folder to start from, in the published layout")
    parser.add_argument("--size", choices=tuple(nano.LAYERS), help="start from fresh weights of this size")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, curves and the model")
    parser.add_argument(
        "--data",
        default="drawn:reading=1",
        help="drawn:KIND=SHARE,... of reading, frames, text; or conversations:FILE.jsonl",
    )
    parser.add_argument("--rows", type=int, default=8, help="of a step, over all processes and micro-batches")
    parser.add_argument("--length", type=int, default=4096, help="tokens of a row")
    parser.add_argument("--furthest", type=int, default=16, help="observations ago that are asked about, at most")
    parser.add_argument("--attend", type=int, default=1 << 30, help="tokens attention sees in training, at most")
    parser.add_argument("--fonts", action="append", default=[], help="folder of training fonts; repeatable")
    parser.add_argument("--words", help="a list of words, one a line; a fifth of them is kept for validation")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw, for each that trains")
    parser.add_argument("--picture-tokens", type=int, default=324, help="of a conversation's picture, at most")
    parser.add_argument("--fps", type=float, default=1.0, help="pictures a second taken from a conversation's video")
    parser.add_argument("--frames", type=int, default=32, help="pictures of one video, at most")
    parser.add_argument("--steps", type=int, required=True, help="of the whole run, which the learning rate follows")
    parser.add_argument("--until", type=int, help="stop after this step, to go on later")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long, to go on later")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--rate", type=float, default=rate, help="highest learning rate")
    parser.add_argument("--accumulate", type=int, default=1, help="micro-batches a step in each process")
    parser.add_argument("--precision", choices=("auto", "bf16", "fp32"), default="auto",
                        help="of products; auto: bf16 on a GPU")  # fmt: skip
    parser.add_argument("--checkpointing", action="store_true", help="recompute layers in the backward pass")
    parser.add_argument("--compile", action="store_true", help="fuse the layers with torch.compile")
    parser.add_argument("--parallel", choices=PARALLEL, default="auto", help="several processes: DDP or FSDP2")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log-every", type=int, default=10)
    parser.add_argument("--save-every", type=int, default=500)
    parser.add_argument("--shard-mib", type=int, default=4096, help="of the model's weight files, at most")
    parser.add_argument("--validate", type=int, default=0, help="batches of each kind of unseen rows at the end")
    return parser


def add_student_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--teacher", type=Path, help="folder of a network with full attention (Qwen2.5-VL's layout)")
    parser.add_argument("--attention", type=Fraction, default=Fraction(1, 4), help="share of the student's layers")
    parser.add_argument("--window", type=int, help="tokens a student's attention sees; 8192 where nothing is said")


def half(options: Options) -> bool:
    wanted: bool = options.precision == "bf16" or (options.precision == "auto" and options.device.startswith("cuda"))
    return wanted


def open_teacher(options: Options) -> InfiniteVL:
    """The teacher's network, frozen, in the precision it is computed in. Raises InputError or WeightsError."""
    if options.teacher is None:
        raise InputError("Distillation needs a teacher.", "Give --teacher DIR, a folder with full attention.")
    network = weights.load(options.teacher, "cpu", torch.bfloat16 if half(options) else torch.float32)
    if any(network.shape.linear_layers):
        raise InputError(f"{options.teacher} has Gated DeltaNet layers: it is no teacher.", "Train one with teacher.")
    return network


def open_student(options: Options) -> InfiniteVL:
    """The network that learns, in fp32: a folder's own, or one that inherits from the teacher."""
    if options.model is not None:
        return weights.load(options.model, "cpu")
    if getattr(options, "teacher", None) is not None:
        source = weights.load(options.teacher, "cpu")
        window = options.window or 8192
        student = fresh_network(student_shape(source.shape, options.attention, window), options.seed)
        inherit(student, source)
        return student
    if options.size is not None:
        return fresh_network(nano.nano_shape(options.size), options.seed)
    raise InputError("There is nothing to start from.", "Give --model DIR or --size nano.")


def open_as_teacher(options: Options) -> InfiniteVL:
    """A network with full attention in every layer, fresh or with all that fits from ``--model``; with the vision
    tower of ``--tower`` where one is named."""
    source = weights.load(options.model, "cpu") if options.model is not None else open_student(options)
    network = fresh_network(teacher_shape(source.shape), options.seed)
    inherit(network, source)
    if options.tower is not None:
        take_tower(network, weights.load(options.tower, "cpu"))
    return network


def run_stage(
    stage: str, options: Options, make: Callable[[Options], tuple[Objective, InfiniteVL]], out: TextIO | None = None
) -> int:
    """Train to the end of the run or of this sitting; a finished run leaves ``OUT/model``.

    ``make``: the objective and the network that learns, opened on the CPU. Returns a process's exit code; what the
    user can mend is told on ``out``.
    """
    out = out or sys.stdout
    try:
        with joined(options.device, options.parallel) as place:
            _run(stage, options, make, place, out)
    except torch.OutOfMemoryError:
        trouble: AfterimageError = OutOfMemoryError(
            f"A step does not fit into the memory of {options.device}.",
            "Give --checkpointing, a larger --accumulate, or more processes with --parallel fsdp.",
        )
    except AfterimageError as error:
        trouble = error
    else:
        return 0
    print(trouble, file=out, flush=True)
    return 2


def _run(
    stage: str,
    options: Options,
    make: Callable[[Options], tuple[Objective, InfiniteVL]],
    place: Place,
    out: TextIO,
) -> None:
    share, left = divmod(options.rows, place.world * options.accumulate)
    if left or not share:
        raise InputError(
            f"{options.rows} rows cannot be shared by {place.world} processes x {options.accumulate} micro-batches.",
            "Give --rows that is a multiple.",
        )
    open_feed = _feed_of(options, share)
    settings = Settings(stage, options.data, options.steps, options.rate, options.rows, options.length, options.seed,
                        "bf16" if half(options) else "fp32")  # fmt: skip
    sitting = Sitting(options.until, options.minutes, options.accumulate, options.log_every, options.save_every,
                      options.resume)  # fmt: skip
    place.first_alone(lambda: check_run(options.out, settings, options.resume))
    torch.manual_seed(options.seed)  # the same first adapters in every process
    objective, network = make(options)
    network.language_model.checkpointing = options.checkpointing
    if options.compile:
        compile_layers(network)
    batches_from = open_feed(network.shape, place)
    torch.multiprocessing.set_sharing_strategy("file_system")  # type: ignore[no-untyped-call]  # many batches wait
    if place.leads:
        claim_run(options.out, settings)
    with Curves(options.out if place.leads else None, out) as curves:
        if place.device.type == "cuda":
            curves.note({"kernel_check": check_kernels(place.device)})
        trainer = Trainer(objective, network, settings, sitting, place)
        first = trainer.resume(options.out / "checkpoints")
        curves.note({"options": {name: str(value) for name, value in vars(options).items()}, "first": first,
                     "torch": torch.__version__, "processes": place.world, "parallel": place.parallel})  # fmt: skip
        batches = batches_from(first * options.accumulate)
        reached = trainer.train(batches, first, options.out / "checkpoints", curves)
        if place.leads:
            _draw(options.out, curves)
        if reached < options.steps:
            curves.say(f"stopped after step {reached} of {options.steps}: go on with --resume")
            return
        _finish(options, trainer, curves)


def _feed_of(options: Options, rows: int) -> Callable[[ModelShape, Place], Callable[[int], Iterator[Batch]]]:
    """What opens this process's batches, given the network's shape and then the first one's number. Looks at once at
    what was asked for; raises InputError where it cannot be had."""
    kind, _, file = options.data.partition(":")
    if kind == CONVERSATIONS:
        if options.validate:
            raise InputError("--validate counts answers about drawn screens.", "Leave it out for conversations.")
        return partial(_conversation_feed, options, rows, usable_lines(Path(file)))
    return partial(_drawn_feed, options, rows, parse_mixture(options.data))


def _drawn_feed(
    options: Options, rows: int, shares: tuple[float, ...], shape: ModelShape, place: Place
) -> Callable[[int], Iterator[Batch]]:
    check_vocabulary(shape)
    plan = Mixture(shares, rows, options.length, options.furthest, options.attend, options.seed, options.accumulate)
    source = source_of(options.fonts, options.words, options.seed)
    on_gpu = place.device.type == "cuda"
    return lambda first: feed(source, plan, first, place.rank, place.world, options.workers, on_gpu)


def _conversation_feed(
    options: Options, rows: int, lines: Sequence[int], shape: ModelShape, place: Place
) -> Callable[[int], Iterator[Batch]]:
    budget = Budget(options.picture_tokens, options.fps, options.frames)
    folder, file = _companions(options), Path(options.data.partition(":")[2])
    open_tokenizer(folder, shape)
    reading = Reading(file, lines, folder, shape, rows, options.length, options.attend, options.seed, place.rank,
                      place.world, budget)  # fmt: skip
    return lambda first: conversation_batches(reading, first, options.workers, place.device.type == "cuda")


def _companions(options: Options) -> Path:
    """The folder whose tokenizer and other small files the model keeps."""
    folder: Path = options.model or getattr(options, "teacher", None) or BUILT_IN
    return folder


def _finish(options: Options, trainer: Trainer, curves: Curves) -> None:
    network, place = trainer.network, trainer.place
    tensors = gathered(network)
    if not place.leads:
        return
    if any(name.endswith(".lora_A") for name in tensors):
        tensors = lora.merged(tensors, options.alpha / options.rank)
    write_model(options.out / "model", network.shape, tensors, _companions(options), options.shard_mib * 2**20)
    curves.say(f"{options.out / 'model'} written")
    if options.validate:
        finished = weights.load(options.out / "model", place.device)
        unseen = source_of(options.fonts, options.words, options.seed + 1, held_out=True)
        plan = Mixture(parse_mixture(options.data), options.rows, options.length, options.furthest, options.attend)
        figures = accuracies(Backbone(finished), unseen, plan, options.validate, half(options))
        curves.note({"accuracies": figures})
        curves.say(" ".join(f"{name} {right}/{count}" for name, (right, count) in figures.items()))


def _draw(folder: Path, curves: Curves) -> None:
    try:
        draw([folder], folder / "curves.png")
    except ImportError:
        curves.say("matplotlib is not installed (pip install 'afterimage[train]'): no curves.png")
