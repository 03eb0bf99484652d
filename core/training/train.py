"""Trains nano on drawn screens: ``python -m core.training.train --out DIR --minutes 8``.

Reading and recall are learnt at the same time: reading with the whole window and dense losses, recall first from
text alone and then from frames, with a short window drawn at random so that attention cannot serve. A run stops by
itself when its minutes are over and always leaves a checkpoint and its figures (``log.jsonl``); ``--resume`` goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import InputError
from core.model.network import InfiniteVL
from core.training import nano
from core.training.curriculum import FAR, RECIPES, Curriculum
from core.training.data.batches import Batch, Recipe, Source, batches
from core.training.data.questions import KINDS
from core.training.data.row import IGNORE
from core.training.data.stream import Habits
from core.training.forward import DenseHeads, Forward
from core.training.kernel_check import check_gated_delta, check_window_attention
from core.training.optimizer import Optimizer
from core.training.train_options import parser
from kernels import dispatch
from kernels.gated_delta import cpu as chunked

Delta = Callable[..., tuple[Tensor, Tensor]]
BINS = (0, 1, 3, 8, 16, 32, 64)  # upper ends of the distances that are counted together, in observations
BIN_NAMES = ("0", "1", "2-3", "4-8", "9-16", "17-32", "33-64", "65+")
LARGEST_SIZE = 32
SHOWN = ("title", "value", "last line", "error", "price", "colour", "transcript")  # in the short line
MIDDLE_WEIGHT = 0.4  # of the characters asked for in the middle of the decoder
WORST_ERROR = 0.03  # relative, of a kernel against the naive formula: bf16 inputs give about 0.005
BLANK_WEIGHT = 0.15  # of a place without a character, in the dense loss


@dataclass(slots=True)
class Losses:
    total: Tensor
    answer: Tensor
    characters: Tensor
    colours: Tensor
    writes: Tensor  # mean strength with which slowly decaying heads were written to; 0 where it costs nothing


@dataclass(frozen=True)
class Weighting:
    """What the loss asks for besides the next token, or more of.

    ``distance``: an answer about an observation d ago counts (1 + d) to this power, the mean staying 1. ``write``:
    cost of writing to heads that keep what they hold, so that the delta rule erases less of it.
    """

    distance: float = 0.0
    write: float = 0.0


class Scores:
    """Counts right answers on the device, by recipe, kind and distance, and reading by font size."""

    def __init__(self, device: torch.device) -> None:
        self.table = torch.zeros(len(RECIPES), len(KINDS), len(BIN_NAMES), 2, device=device)
        self.sizes = torch.zeros(len(KINDS), LARGEST_SIZE, 2, device=device)
        self.dense = torch.zeros(2, 2, device=device)  # characters, colours: right, all
        self._edges = torch.tensor(BINS, device=device)

    @torch.no_grad()
    def add(self, batch: Batch, right: Tensor) -> None:
        """``right``: bool [labels], each answer token predicted."""
        answers = batch.answer_kind.shape[0]
        if not answers:
            return
        wrong = torch.zeros(answers, device=right.device).index_add_(0, batch.label_answer, (~right).float())
        whole = (wrong == 0).float()
        counted = torch.stack([whole, torch.ones_like(whole)], dim=1)
        bins = torch.bucketize(batch.answer_distance, self._edges)
        flat = batch.answer_kind * len(BIN_NAMES) + bins
        self.table[RECIPES.index(batch.recipe.kind)].view(-1, 2).index_add_(0, flat, counted)
        if batch.recipe.kind == "reading":
            here = (batch.answer_distance == 0) & (batch.answer_size > 0)
            at = batch.answer_kind * LARGEST_SIZE + batch.answer_size.clamp_max(LARGEST_SIZE - 1)
            self.sizes.view(-1, 2).index_add_(0, at, counted * here[:, None])

    def summary(self) -> dict[str, Any]:
        """Shares of right answers, with counts; empty ones left out."""
        table, sizes, dense = self.table.cpu(), self.sizes.cpu(), self.dense.cpu()
        out: dict[str, Any] = {"characters": _share(dense[0]), "colours": _share(dense[1])}
        for r, recipe in enumerate(RECIPES):
            now = {kind: _share(table[r, k, 0]) for k, kind in enumerate(KINDS) if table[r, k, 0, 1]}
            ago = {name: _share(table[r, :, b].sum(0)) for b, name in enumerate(BIN_NAMES) if table[r, :, b, 1].sum()}
            old = {kind: _share(table[r, k, 1:].sum(0)) for k, kind in enumerate(KINDS) if table[r, k, 1:, 1].sum()}
            out[recipe] = {"by_distance": ago, "now_by_kind": now, "earlier_by_kind": old}
        out["sizes"] = {
            kind: {size: _share(sizes[k, size]) for size in range(LARGEST_SIZE) if sizes[k, size, 1]}
            for k, kind in enumerate(KINDS)
            if sizes[k, :, 1].sum()
        }
        return out


def _share(pair: Tensor) -> tuple[float, int]:
    right, count = float(pair[0]), int(pair[1])
    return (round(right / count, 4) if count else 0.0), count


class Trainer:
    """One network under training on one device."""

    def __init__(
        self,
        model: InfiniteVL,
        heads: DenseHeads,
        device: torch.device,
        compiled: bool,
        delta: Delta,
        weighting: Weighting = Weighting(),
    ) -> None:
        self.model, self.heads, self.device, self.weighting = model, heads, device, weighting
        dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        self.parameters = nano.named_parameters(model, heads)
        self.optimizer: Optimizer | None = None
        nano.place(model, device, torch.float32)
        nano.place(heads, device, torch.float32)
        self.dtype = dtype
        self.forward = Forward(model, heads, compiled, delta, count_writes=weighting.write > 0)
        self.settling = False  # fresh dense heads learn alone: the network does not yet hear them

    def begin(
        self, muon_rate: float, adam_rate: float, decay: float = 0.08, kept: dict[str, Tensor] | None = None
    ) -> None:
        """Masters and momentum in fp32; the weights themselves in the device's dtype from here on."""
        self.optimizer = Optimizer(self.parameters.items(), muon_rate, adam_rate, decay)
        if kept is not None:
            self.optimizer.load_state(kept)
        nano.place(self.model, self.device, self.dtype)
        nano.place(self.heads, self.device, self.dtype)

    def losses(self, batch: Batch, scores: Scores | None) -> Losses:
        hidden, merged, middle = self.forward.hidden(batch)
        chosen = hidden.flatten(0, 1)[batch.label_place]
        logits = self.model.logits(chosen).float()
        answer = self._answers(logits, batch)
        writes = self.forward.written
        writes = answer.new_zeros(()) if writes is None else writes
        asked = answer + self.weighting.write * writes
        if scores is not None:
            scores.add(batch, logits.detach().argmax(-1) == batch.label)
        zero = answer.new_zeros(())
        if merged is None or middle is None:
            return Losses(asked, answer.detach(), zero, zero, writes.detach())
        if self.settling:
            merged, middle = merged.detach(), middle.detach()
        characters = self._dense(merged, self.heads.characters, batch.characters, BLANK_WEIGHT, scores, 0)
        colours = self._dense(merged, self.heads.colours, batch.colours[:, None], 0.3, scores, 1)
        again = self._dense(middle, self.heads.middle, batch.characters, BLANK_WEIGHT, None, 0)
        return Losses(
            asked + characters + MIDDLE_WEIGHT * again + 0.3 * colours,
            answer.detach(),
            characters.detach(),
            colours.detach(),
            writes.detach(),
        )

    def _answers(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean cross entropy of the answers' tokens, far ones weighted as asked."""
        if not self.weighting.distance:
            return F.cross_entropy(logits, batch.label)
        each = F.cross_entropy(logits, batch.label, reduction="none")
        weight = (1.0 + batch.answer_distance.float()) ** self.weighting.distance
        weight = weight[batch.label_answer]
        return (each * weight).sum() / weight.sum().clamp_min(1e-9)

    @staticmethod
    def _dense(
        merged: Tensor, head: torch.nn.Linear, target: Tensor, blank: float, scores: Scores | None, row: int
    ) -> Tensor:
        """Weighted cross entropy of one dense head; target: uint8 [n, places], 0 blank, IGNORE unknown."""
        places = target.shape[1]
        logits = F.linear(merged.to(head.weight.dtype), head.weight, head.bias)
        logits = logits.view(target.shape[0] * places, -1).float()
        flat = target.flatten().long()
        known = flat != IGNORE
        weight = torch.where(flat == 0, blank, 1.0) * known
        each = F.cross_entropy(logits, flat.clamp_max(logits.shape[1] - 1), reduction="none")
        if scores is not None:
            with torch.no_grad():
                drawn = known & (flat > 0)
                right = ((logits.argmax(-1) == flat) & drawn).sum()
                scores.dense[row] += torch.stack([right, drawn.sum()])
        return (each * weight).sum() / weight.sum().clamp_min(1.0)

    def step(self, batch: Batch, scale: float, scores: Scores) -> Losses:
        if self.optimizer is None:
            raise RuntimeError("begin() comes first")
        losses = self.losses(batch, scores)
        torch.autograd.backward(losses.total)
        self.optimizer.step(scale)
        return losses

    def save(self, folder: Path, step: int, with_optimizer: bool) -> None:
        if self.optimizer is None:
            raise RuntimeError("begin() comes first")
        masters: dict[str, Tensor] = dict(self.optimizer.masters)
        nano.save_checkpoint(folder, masters, step, self.optimizer.state() if with_optimizer else None)

    @torch.no_grad()
    def validate(self, source: Source, recipes: list[tuple[str, Recipe]], seconds: float) -> dict[str, Any]:
        """Teacher-forced accuracy on fresh rows, cut off after ``seconds`` shared evenly among the recipes."""
        drawer = source.drawer()
        out: dict[str, Any] = {}
        for name, recipe in recipes:
            scores = Scores(self.device)
            end = time.monotonic() + seconds / len(recipes)
            number = 0
            while time.monotonic() < end or number == 0:
                self.losses(source.make(number, recipe, drawer).to(self.device), scores)
                number += 1
            out[name] = scores.summary()
        return out


def learning_scale(done: float, warm: float, decay_from: float, final: float, step: int) -> float:
    """Of the base rate, at share ``done`` of the run: a short warm-up by steps, constant, then linear down."""
    rise = min(1.0, (step + 1) / max(1.0, warm))
    if done <= decay_from:
        return rise
    return rise * (1 - (1 - final) * min(1.0, (done - decay_from) / (1 - decay_from)))


def _ahead(source: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """Batches on the device, each copied while the one before it is computed."""
    waiting = next(source).to(device)
    while True:
        current, waiting = waiting, next(source).to(device)
        yield current


def _line(entry: dict[str, Any]) -> str:
    """A short line for people."""
    parts = [f"step {entry['step']} {entry['seconds']:.0f}s {entry['tokens_per_second'] / 1e3:.0f}k/s"]
    parts.append(f"loss {entry['answer']:.3f} chars {entry['dense']:.3f}/{entry['scores']['characters'][0]:.3f}")
    for recipe in RECIPES:
        shares = entry["scores"][recipe]["by_distance"]
        if shares:
            parts.append(recipe + " " + " ".join(f"{name}:{share:.2f}" for name, (share, _) in shares.items()))
    now = entry["scores"]["reading"]["now_by_kind"]
    parts.append(" ".join(f"{kind}={now[kind][0]:.2f}" for kind in SHOWN if kind in now))
    return " | ".join(parts)


def _start(trainer: Trainer, options: argparse.Namespace) -> int:
    """Fill the weights from wherever the options say, begin, and return the first step."""
    first, kept = 0, None
    if options.resume:
        first, kept = nano.load_checkpoint(Path(options.resume), trainer.parameters)
    elif options.from_model:
        nano.load_model(Path(options.from_model), trainer.parameters)
    elif options.vision_from:
        nano.load_vision(Path(options.vision_from), trainer.parameters)
    trainer.begin(options.muon_rate, options.adam_rate, options.muon_decay, kept)
    return first if options.start_step is None else options.start_step


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Train as the options say; 0 when done, 3 where a kernel is wrong, 4 where the loss is no number.

    Raises InputError for data that cannot be drawn from.
    """
    began = time.monotonic()
    words = Path(options.words) if options.words else None
    windows = Path(options.windows) if options.windows else None
    habits = Habits(options.repeats, options.times, options.desktop_streams, options.user_wordings, options.any_age,
                    nano.WHOLE_WINDOW if options.within_window else 0)  # fmt: skip
    source = Source(tuple(Path(path) for path in options.fonts), False, options.seed, words, windows, options.framed,
                    options.kerned, habits, options.bitmap, options.alike)  # fmt: skip
    source.drawer(), source.corpus()  # what is missing shows here, not in a worker later
    device = torch.device(options.device)
    torch.multiprocessing.set_sharing_strategy("file_system")  # type: ignore[no-untyped-call]
    shape = nano.nano_shape(options.size, options.key_dim)
    delta = chunked.gated_delta if options.delta == "chunked" else dispatch.gated_delta
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        worst = check_gated_delta(device, delta, keys=shape.linear_head_dim)
        window = check_window_attention(device)
        print("kernel check", options.delta, json.dumps(worst), "window", json.dumps(window), file=out, flush=True)
        if not max(*worst.values(), *window.values()) < WORST_ERROR:
            print("a kernel is wrong on this machine: not training", file=out, flush=True)
            return 3
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    model, heads = nano.fresh(shape, options.seed)
    weighting = Weighting(options.distance_weight, options.write_cost)
    trainer = Trainer(model, heads, device, options.compile, delta, weighting)
    first = _start(trainer, options)
    plan = Curriculum(options.plan_steps, options.rows, options.length, options.seed, _span(options.whole_frames),
                      _span(options.whole_text), options.far)  # fmt: skip
    feed = _ahead(batches(source, plan, first, options.workers, device.type == "cuda"), device)
    scores, tokens, log = Scores(device), 0, folder / "log.jsonl"
    end = began + options.minutes * 60
    last = first + options.max_steps if options.max_steps else None
    step, marked, start = first, time.monotonic(), time.monotonic()
    losses: list[Losses] = []
    with log.open("a", encoding="utf-8") as record:
        record.write(json.dumps({"options": vars(options), "device": str(device), "torch": torch.__version__}) + "\n")
        while time.monotonic() < end and (last is None or step < last):
            batch = next(feed)
            by_time = (time.monotonic() - start) / max(1.0, end - start)
            by_step = (step - first) / (last - first) if last else 0.0
            scale = learning_scale(max(by_time if not last else 0.0, by_step), options.warm_steps, options.decay_from,
                                   options.final_scale, step - first)  # fmt: skip
            trainer.settling = step - first < options.settle_heads
            losses.append(trainer.step(batch, scale, scores))
            step += 1
            tokens += batch.ids.numel()
            if step % options.log_every == 0 or step == last:
                entry = _entry(step, losses, scores, tokens, marked, began)
                record.write(json.dumps(entry) + "\n")
                record.flush()
                print(_line(entry), file=out, flush=True)
                if not all(map(_finite, (entry["answer"], entry["dense"]))):
                    print("the loss is no number: stopping without a checkpoint", file=out, flush=True)
                    return 4
                losses, tokens, marked, scores = [], 0, time.monotonic(), Scores(device)
            if step % options.save_every == 0:
                trainer.save(folder, step, options.keep_optimizer)
        if options.profile:
            _profile(trainer, feed, out)
        trainer.save(folder, step, options.keep_optimizer)
        if options.validate:
            held = Source(tuple(Path(path) for path in options.held_fonts), True, options.seed + 1, words)
            results = trainer.validate(held, _validation(options), options.validate)
            record.write(json.dumps({"step": step, "validation": results}) + "\n")
            print(json.dumps({name: _brief(result) for name, result in results.items()}), file=out, flush=True)
    if device.type == "cuda":
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB", file=out, flush=True)
    return 0


def _span(shares: list[float]) -> tuple[float, float]:
    """From one share for the whole curriculum, or two: for its start and its end."""
    return shares[0], shares[-1]


def _profile(trainer: Trainer, feed: Iterator[Batch], out: TextIO) -> None:
    """Where the time of a few steps goes, by kernel. The steps train too, at a rate of next to nothing."""
    from torch.profiler import ProfilerActivity, profile

    scores = Scores(trainer.device)
    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if trainer.device.type == "cuda" else [])
    with profile(activities=kinds) as profiler:
        began = time.monotonic()
        for _ in range(6):
            float(trainer.step(next(feed), 1e-9, scores).answer)
        print(f"6 steps in {time.monotonic() - began:.2f} s", file=out)
    order = "self_cuda_time_total" if trainer.device.type == "cuda" else "self_cpu_time_total"
    table = profiler.key_averages().table(sort_by=order, row_limit=25, max_name_column_width=60)
    print("\n".join(line[:62] + line[-150:] for line in table.splitlines()), file=out, flush=True)


def _finite(value: float) -> bool:
    return math.isfinite(value)


def _entry(
    step: int, losses: list[Losses], scores: Scores, tokens: int, marked: float, began: float
) -> dict[str, Any]:
    def mean(values: list[Tensor]) -> float:
        return float(torch.stack(values).mean())

    answer = mean([loss.answer for loss in losses])  # waits for the device: the clock is read after it
    with_pictures = [loss.characters for loss in losses if float(loss.characters) > 0] or [losses[0].characters]
    now = time.monotonic()
    return {
        "step": step, "seconds": round(now - began, 1), "tokens_per_second": round(tokens / (now - marked)),
        "answer": answer, "dense": mean(with_pictures), "writes": mean([loss.writes for loss in losses]),
        "scores": scores.summary(),
    }  # fmt: skip


def _validation(options: argparse.Namespace) -> list[tuple[str, Recipe]]:
    """Reading and recall with the whole window, and recall through one too short to serve, from the state alone."""
    window = 64
    longer = max(1, options.rows // 4)
    return [
        ("reading", Recipe("reading", options.rows, options.length, 1, nano.WHOLE_WINDOW)),
        ("frames_64", Recipe("frames", longer, options.length * 4, 64, nano.WHOLE_WINDOW)),
        ("state_16", Recipe("frames", options.rows, options.length, 16, window)),
        ("state_64", Recipe("frames", longer, options.length * 4, 64, window)),
        ("far", Recipe("frames", 1, options.length * options.rows, FAR[1], nano.WHOLE_WINDOW, FAR[0])),
    ]


def _brief(result: dict[str, Any]) -> dict[str, Any]:
    recipe = next(result[name] for name in RECIPES if result[name]["by_distance"])
    return {"ago": recipe["by_distance"], "now": recipe["now_by_kind"], "earlier": recipe["earlier_by_kind"]}


def main(arguments: list[str] | None = None) -> int:
    try:
        return run(parser().parse_args(arguments), sys.stdout)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
