"""The command line of ``core.training.train``: what each option means, and what holds without it."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from core.training.curriculum import WHOLE_FRAMES, WHOLE_TEXT


class Shares(argparse.Action):
    """One or two numbers between 0 and 1."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *_: Any) -> None:
        if len(values) > 2 or not all(0 <= value <= 1 for value in values):
            parser.error(f"{self.option_strings[0]} takes one or two shares between 0 and 1")
        setattr(namespace, self.dest, values)


def parser() -> argparse.ArgumentParser:
    known = argparse.ArgumentParser(
        prog="python -m core.training.train", description="Trains nano on drawn screens; see core/training/train.py."
    )
    known.add_argument("--out", required=True, help="folder for the checkpoint and the log")
    known.add_argument("--resume", help="folder of a checkpoint to go on from")
    known.add_argument("--from-model", help="a shipped model folder to start from")
    known.add_argument("--vision-from", help="folder of a checkpoint whose vision tower to start from")
    known.add_argument("--start-step", type=int, help="where in the curriculum to begin; the checkpoint's by default")
    known.add_argument("--size", default="nano", help="nano or smoke")
    known.add_argument("--key-dim", type=int, help="of the recurrent heads; a narrower model given is widened to it")
    known.add_argument("--fonts", action="append", default=[], help="folder of training fonts; repeatable")
    known.add_argument("--words", help="a list of words, one a line; a fifth of them is kept for validation")
    known.add_argument("--windows", help="a corpus of real windows (see core.training.data.real_windows) to read too")
    known.add_argument("--held-fonts", action="append", default=[], help="folder of validation fonts; repeatable")
    known.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    known.add_argument("--minutes", type=float, default=8.0, help="when to stop, counted from the start")
    known.add_argument("--max-steps", type=int, default=0, help="stop after so many steps; 0: by time only")
    known.add_argument("--plan-steps", type=int, default=10000, help="steps of the whole curriculum")
    known.add_argument("--rows", type=int, default=8)
    known.add_argument("--length", type=int, default=4096, help="tokens of a row")
    known.add_argument("--workers", type=int, default=0, help="processes that draw")
    known.add_argument("--seed", type=int, default=0)
    known.add_argument("--muon-rate", type=float, default=0.01)
    known.add_argument("--adam-rate", type=float, default=2e-3)
    known.add_argument("--muon-decay", type=float, default=0.08, help="of the matrices, times the rate, a step")
    known.add_argument("--warm-steps", type=int, default=60)
    known.add_argument(
        "--settle-heads",
        type=int,
        default=0,
        help="steps in which fresh dense heads learn without moving the network",
    )
    known.add_argument("--decay-from", type=float, default=0.55, help="share of the run after which the rate falls")
    known.add_argument("--final-scale", type=float, default=0.05)
    known.add_argument(
        "--framed", type=float, default=0.0, help="share of the title bars drawn as window managers draw them"
    )
    known.add_argument("--kerned", type=float, default=0.0, help="share of the fonts laid out by HarfBuzz")
    known.add_argument(
        "--repeats",
        type=float,
        default=0.0,
        help="share of the streams of frames in which few labels come again with new values",
    )
    known.add_argument(
        "--times",
        type=float,
        default=0.0,
        help="share of the questions about earlier screens, beyond the usual, that are about when",
    )
    known.add_argument(
        "--desktop-streams",
        type=float,
        default=0.0,
        help="share of the streams of frames that are a desktop on which windows open, grow and change",
    )
    known.add_argument(
        "--user-wordings", type=float, default=0.0, help="share of the questions that are worded as users type"
    )
    known.add_argument(
        "--any-age",
        type=float,
        default=0.0,
        help="share of the questions about earlier screens that may be of any age, evenly on a logarithmic scale",
    )
    known.add_argument(
        "--within-window",
        action="store_true",
        help="nothing is asked for that has left the whole window, and long streams go on after a few questions",
    )
    known.add_argument(
        "--alike", type=float, default=0.0, help="share of the words made of letters taken for one another"
    )
    known.add_argument(
        "--bitmap",
        type=float,
        default=0.0,
        help="share of the monospaced fonts drawn small and without anti-aliasing, as terminals do",
    )
    known.add_argument(
        "--whole-frames",
        type=float,
        nargs="+",
        default=[WHOLE_FRAMES],
        action=Shares,
        help="share of the batches of frames with the whole window; two: at the start and the end",
    )
    known.add_argument(
        "--whole-text", type=float, nargs="+", default=[WHOLE_TEXT], action=Shares, help="the same of text"
    )
    known.add_argument(
        "--far",
        type=float,
        default=0.0,
        help="share of the batches of frames that ask for nothing but what was seen 100 and more observations ago",
    )
    known.add_argument(
        "--distance-weight",
        type=float,
        default=0.0,
        help="an answer about d observations ago counts (1 + d) to this power",
    )
    known.add_argument(
        "--write-cost",
        type=float,
        default=0.0,
        help="of writing to heads that decay slowly, so that they are written to seldom",
    )
    known.add_argument("--log-every", type=int, default=100)
    known.add_argument("--save-every", type=int, default=1000)
    known.add_argument("--keep-optimizer", action="store_true", help="so that resuming equals not stopping")
    known.add_argument(
        "--delta",
        choices=("auto", "chunked"),
        default="auto",
        help="the delta rule: the device's own kernel, or plain matrix products",
    )
    known.add_argument("--compile", action="store_true", help="fuse with torch.compile")
    known.add_argument("--profile", action="store_true", help="say at the end where the time of a step goes")
    known.add_argument("--validate", type=float, default=0.0, help="seconds of validation at the end")
    return known
