"""The built-in model is what the logged run wrote, opens through the real session, and reads a code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random

import pytest

import core.training
from core.preprocess import Observation, header
from core.session import AskOptions, Session, open_session
from core.training.data.canvas import LIGHT, Canvas, Theme
from core.training.data.fonts import FontBook
from core.training.evaluate import BEGIN

NANO = Path(__file__).parents[3] / "resources" / "nano"


@pytest.fixture(scope="module")
def session() -> Session:
    return open_session(NANO, "cpu")


def test_the_weights_are_those_of_the_logged_run_and_small_enough() -> None:
    weights = NANO / "model.safetensors"
    log = Path(core.training.__path__[0]) / "RUNS.md"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in log.read_text(encoding="utf-8")
    assert weights.stat().st_size < 40_000_000


def test_it_claims_no_more_than_was_measured(session: Session) -> None:
    claimed = json.loads((NANO / "afterimage.json").read_text(encoding="utf-8"))["answers"]
    log = (Path(core.training.__path__[0]) / "RUNS.md").read_text(encoding="utf-8")
    measured = log.rsplit("With `answers: ", 1)[1].split("`", 1)[0]
    assert session.facts.answers is claimed is (measured == "true")
    assert session.facts.fixed_wordings


@pytest.mark.parametrize("code", ["48213", "XK-7042", "90517"])
def test_it_reads_a_code_from_pixels(session: Session, code: str) -> None:
    canvas = Canvas.blank(280, 84, Theme(LIGHT[0], (10, 10, 10), (230, 230, 230), dark=False))
    font = FontBook().draw(Random(0), 16)
    canvas.text(14, 30, f"Order number: {code}", font)
    stream = session.fork()
    stream.see(Observation(BEGIN, header(BEGIN, "browser", ""), (canvas.pixels(),)))
    answer = "".join(stream.ask("What is the order number?", options=AskOptions(max_tokens=16)))
    assert answer == code
