"""The paper's comparisons at nano's scale: ``python -m core.training.ablation run --out DIR --tokens N``.

For every seed a teacher with full attention; from it every student of the list, each on the same number of tokens
and, stage by stage, on the same rows, several at a time on one GPU where that is faster. A student's figures become
one line of ``results.jsonl`` as soon as it is done; the same command again goes on where a sitting ended, and with
that file alone it does only what is missing. ``ablation table`` prints what is there.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import torch

from core.errors import AfterimageError, InputError
from core.model import weights
from core.model.network import InfiniteVL
from core.training import distil, nano, sft, teacher
from core.training.accuracy import accuracies
from core.training.backbone import Backbone
from core.training.feed import Mixture, parse_mixture, source_of
from core.training.folders import BUILT_IN

BOTH = ("layers", "logits", "sft")
SPLIT = {  # of a student's tokens, by which stages it goes through
    BOTH: (0.2, 0.4, 0.4),
    BOTH[:2]: (1 / 3, 2 / 3),
    BOTH[2:]: (1.0,),
}
WHOLE = 1 << 20  # a window that holds every row
RESULTS, RESULT, TEACHER = "results.jsonl", "result.json", "teacher"


@dataclass(frozen=True)
class Configuration:
    """One student. ``share``: of attention layers; ``window``: tokens they see; ``stages`` in order."""

    share: str = "1/4"
    window: int = 512
    stages: tuple[str, ...] = BOTH


CONFIGURATIONS = {
    "hybrid": Configuration(),
    "window-128": Configuration(window=128),
    "gdn-only": Configuration(share="0"),
    "eighth": Configuration(share="1/8"),
    "swa-only": Configuration(share="1"),
    "full": Configuration(share="1", window=WHOLE),
    "distil-only": Configuration(stages=BOTH[:2]),
    "sft-only": Configuration(stages=BOTH[2:]),
}
TABLES = {  # what is compared: rows of (configuration, the paper's figure for the 4B: DocVQA / OCRBench)
    "Kind of layers": (("hybrid", "87.8 / 78.6"), ("gdn-only", "74.2 / 72.6"), ("swa-only", "")),
    "Window": (("window-128", ""), ("hybrid", "")),
    "Share of attention": (
        ("gdn-only", "74.2 / 72.6"), ("eighth", "84.0 / 76.4"), ("hybrid", "87.8 / 78.6"), ("full", "88.1 / 78.8"),
    ),
    "Stages": (("teacher", ""), ("distil-only", "87.8 /"), ("sft-only", "84.1 /"), ("hybrid", "91.1 /")),
}  # fmt: skip
COLUMNS = {  # of the tables: names of accuracies
    "reading": "reading", "its tokens": "reading_tokens", "screens": "recall_open", "far screens": "recall_far",
    "text": "recall_text_open", "far text": "recall_text_far", "text, state alone": "recall_text",
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    name: str  # of a configuration, or TEACHER
    seed: int

    def folder(self, out: Path) -> Path:
        return out / f"seed-{self.seed}" / self.name

    def log(self, out: Path) -> Path:
        return self.folder(out).with_suffix(".log")


def jobs_of(names: Sequence[str], seeds: Sequence[int], done: set[tuple[str, int]]) -> list[list[Job]]:
    """What is to be done, in phases: the teachers of all seeds first, then every student that has no result yet."""
    students = [Job(name, seed) for seed in seeds for name in names if (name, seed) not in done]
    teachers = [Job(TEACHER, seed) for seed in seeds if any(job.seed == seed for job in students)]
    return [teachers, students]


def train_one(job: Job, options: argparse.Namespace, out: TextIO) -> bool:
    """Take one job as far as the minutes suffice; True where it is finished. Raises InputError if a stage fails."""
    began = time.monotonic()
    end = began + options.minutes * 60
    model = (_train_teacher if job.name == TEACHER else _train_student)(job, options, end)
    if model is None:
        return False
    network = weights.load(model, options.device)
    linear = network.shape.linear_layers
    result = {"name": job.name, "seed": job.seed, "window": network.shape.window,
              "attention": f"{linear.count(False)} of {len(linear)}",
              "tokens": options.tokens, "teacher_tokens": options.teacher_tokens,
              "accuracies": _measure(network, job.seed, options),
              "seconds": round(time.monotonic() - began)}  # fmt: skip
    if job.name != TEACHER:
        result["stages"] = CONFIGURATIONS[job.name].stages
    (job.folder(options.out) / RESULT).write_text(json.dumps(result) + "\n", encoding="utf-8")
    print(json.dumps(result), file=out, flush=True)
    return True


def _train_teacher(job: Job, options: argparse.Namespace, end: float) -> Path | None:
    """Its model's folder; None where the time is over before."""
    start = ["--model", str(options.model)] if options.model else ["--size", options.size]
    start += ["--tower", str(options.tower)] if options.tower else []
    start += ["--train", options.train, "--rate", str(options.teacher_rate)]
    return _stage(teacher.main, start, options.teacher_tokens, job.folder(options.out), seed_of(job.seed, TEACHER),
                  options, end)  # fmt: skip


def _train_student(job: Job, options: argparse.Namespace, end: float) -> Path | None:
    configuration = CONFIGURATIONS[job.name]
    shape = ["--attention", configuration.share, "--window", str(configuration.window)]
    source = Job(TEACHER, job.seed).folder(options.out) / "model"
    model: Path | None = None
    for stage, share in zip(_possible(configuration), _shares(configuration), strict=True):
        start = ["--teacher", str(source), *shape, *(["--model", str(model)] if model else [])]
        call: Callable[[list[str]], int] = sft.main if stage == "sft" else distil.main
        first = [] if stage == "sft" else [stage]
        more = [*first, *start, "--train", options.train, "--rate", str(options.rate)]
        folder = job.folder(options.out) / stage
        tokens = round(options.tokens * share)
        model = _stage(call, more, tokens, folder, seed_of(job.seed, stage), options, end)
        if model is None:
            return None
    return model


def seed_of(seed: int, stage: str) -> int:
    """A seed for each stage, so that none repeats another's rows; the same for all students."""
    return seed * (1 + len(BOTH)) + (TEACHER, *BOTH).index(stage)


def _possible(configuration: Configuration) -> tuple[str, ...]:
    """Layer-wise distillation teaches Gated DeltaNet layers: without any, its tokens go to the next stage."""
    if configuration.share == "1":
        return tuple(stage for stage in configuration.stages if stage != "layers")
    return configuration.stages


def _shares(configuration: Configuration) -> tuple[float, ...]:
    shares = SPLIT[configuration.stages]
    if len(_possible(configuration)) == len(shares):
        return shares
    return (shares[0] + shares[1], *shares[2:])


def _stage(
    call: Callable[[list[str]], int],
    more: list[str],
    tokens: int,
    folder: Path,
    seed: int,
    options: argparse.Namespace,
    end: float,
) -> Path | None:
    """One stage's command, unless it is finished already; its model's folder where it is now."""
    model = folder / "model"
    if (model / weights.SUMS).exists():
        return model
    minutes = (end - time.monotonic()) / 60
    if minutes <= 0:
        return None
    steps = max(1, tokens // (options.rows * options.length))
    fixed = ["--out", str(folder), "--resume", "--seed", str(seed), "--steps", str(steps), "--minutes", str(minutes)]
    names = ("data", "rows", "length", "furthest", "workers", "device", "log_every")
    same = [part for name in names for part in (f"--{name.replace('_', '-')}", str(getattr(options, name)))]
    fonts = [part for font in options.fonts for part in ("--fonts", font)]
    words = ["--words", options.words] if options.words else []
    fused = ["--compile"] if options.compile else []
    if call([*more, *fixed, *same, *fonts, *words, *fused]):
        raise InputError(f"A stage in {folder} failed.", "Its message stands above.")
    if not (model / weights.SUMS).exists():
        return None
    shutil.rmtree(folder / "checkpoints")  # twelve bytes a weight, 75 times over
    return model


def _measure(network: InfiniteVL, seed: int, options: argparse.Namespace) -> dict[str, tuple[int, int]]:
    plan = Mixture(parse_mixture(options.data), options.rows, options.length, options.furthest, seed=seed)
    source = source_of(options.fonts, options.words, seed + 1, held_out=True)
    return accuracies(Backbone(network), source, plan, options.validate, options.device.startswith("cuda"))


def run_all(options: argparse.Namespace, out: TextIO) -> int:
    """All jobs, each in a process of its own, ``--side-by-side`` at a time; students once their teacher stands."""
    options.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    end = began + options.minutes * 60
    teachers, students = jobs_of(
        options.only, options.seeds, {(r["name"], r["seed"]) for r in read_results(options.out)}
    )
    failed = False
    with ThreadPoolExecutor(options.side_by_side) as pool:
        running: dict[Future[int], Job] = {}

        def start(jobs: Sequence[Job]) -> None:
            running.update((pool.submit(_child, job, options, end), job) for job in jobs)

        start(teachers)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                finished = (job.folder(options.out) / RESULT).exists()
                word = "failed" if future.result() else "finished" if finished else "not finished in time"
                print(f"{time.monotonic() - began:.0f} s: {job.name}, seed {job.seed}: {word}", file=out, flush=True)
                if future.result():
                    failed = True
                    print(_end_of(job.log(options.out)), file=out, flush=True)
                elif finished:
                    collect(options.out, [job])
                    if job.name == TEACHER:
                        start([student for student in students if student.seed == job.seed])
    print(table(read_results(options.out)), file=out, flush=True)
    return int(failed)


def _end_of(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-lines:])


def _child(job: Job, options: argparse.Namespace, end: float) -> int:
    minutes = (end - time.monotonic()) / 60
    if minutes <= 0:
        return 0
    command = [sys.executable, "-m", "core.training.ablation", "one", "--name", job.name, "--seed", str(job.seed)]
    handed = ("tokens", "teacher_tokens", "rate", "teacher_rate", "out", "size", "model", "tower", "train", "data",
              "rows", "length", "furthest", "workers", "words", "device", "validate", "log_every")  # fmt: skip
    for name in handed:
        if getattr(options, name) is not None:
            command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    command += ["--compile"] if options.compile else []
    command += [part for font in options.fonts for part in ("--fonts", font)]
    command += ["--minutes", str(minutes)] if math.isfinite(minutes) else []
    log = job.log(options.out)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as opened:
        return subprocess.run(command, stdout=opened, stderr=subprocess.STDOUT, check=False).returncode


def collect(out: Path, jobs: Sequence[Job]) -> None:
    """Finished jobs' figures into ``results.jsonl``, one line each."""
    known = {(result["name"], result["seed"]) for result in read_results(out)}
    with (out / RESULTS).open("a", encoding="utf-8") as opened:
        for job in jobs:
            file = job.folder(out) / RESULT
            if file.exists() and (job.name, job.seed) not in known:
                opened.write(file.read_text(encoding="utf-8"))


def read_results(out: Path) -> list[dict[str, Any]]:
    file = out / RESULTS
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def table(results: Sequence[dict[str, Any]]) -> str:
    """Markdown: mean and standard deviation over seeds of the share of right answers, beside the paper's figures."""
    lines = []
    for title, rows in TABLES.items():
        lines += ["", f"| {title} | seeds | " + " | ".join(COLUMNS) + " | paper, 4B: DocVQA / OCRBench |"]
        lines += ["|---" * (len(COLUMNS) + 3) + "|"]
        for name, paper in rows:
            ours = [result for result in results if result["name"] == name]
            layers = f" (attention in {ours[0]['attention']} layers)" if ours else ""
            cells = [_spread([_share(result["accuracies"][each]) for result in ours]) for each in COLUMNS.values()]
            lines.append(f"| {name}{layers} | {len(ours)} | " + " | ".join(cells) + f" | {paper or '-'} |")
    return "\n".join(lines[1:])


def _share(pair: Sequence[int]) -> float:
    right, count = pair
    return right / count if count else math.nan


def _spread(values: Sequence[float]) -> str:
    values = [value for value in values if not math.isnan(value)]
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core.training.ablation", description=__doc__)
    parser.add_argument("command", choices=("run", "one", "table"), help="one: a single job, which run starts")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=list(CONFIGURATIONS), choices=list(CONFIGURATIONS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--name", choices=[*CONFIGURATIONS, TEACHER], help="of the single job")
    parser.add_argument("--seed", type=int, default=0, help="of the single job")
    parser.add_argument("--tokens", type=int, default=8_000_000, help="each student trains on, over all its stages")
    parser.add_argument("--teacher-tokens", type=int, default=16_000_000)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--teacher-rate", type=float, default=1e-3)
    parser.add_argument("--model", type=Path, help=f"what teachers start from, such as {BUILT_IN.name}'s folder")
    parser.add_argument("--size", choices=tuple(nano.LAYERS), default="study", help="fresh teachers, without --model")
    parser.add_argument("--tower", type=Path, help="model folder whose vision tower the teachers start from")
    parser.add_argument(
        "--train", choices=("decoder", "all"), default="all", help="what learns, teachers and students"
    )
    parser.add_argument("--data", default="drawn:reading=0.6,frames=0.2,text=0.2")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--length", type=int, default=4096)
    parser.add_argument("--furthest", type=int, default=16)
    parser.add_argument("--fonts", action="append", default=[])
    parser.add_argument("--words")
    parser.add_argument("--compile", action="store_true", help="fuse the layers with torch.compile")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw, for each job")
    parser.add_argument("--side-by-side", type=int, default=1, help="jobs at the same time")
    parser.add_argument("--minutes", type=float, default=math.inf, help="of this sitting")
    parser.add_argument("--validate", type=int, default=8, help="batches of each kind for the figures")
    parser.add_argument("--log-every", type=int, default=20)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    out = sys.stdout
    try:
        if options.command == "run":
            return run_all(options, out)
        if options.command == "table":
            print(table(read_results(options.out)), file=out)
            return 0
        if options.name is None:
            raise InputError("Which job?", "Give --name and --seed.")
        finished = train_one(Job(options.name, options.seed), options, out)
        print("finished" if finished else "not finished in time", file=out)
    except AfterimageError as error:
        print(error, file=out)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
