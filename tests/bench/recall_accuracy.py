"""How often recall answers rightly: real programs' pictures through the real reader, then the questions.

    python -m tests.bench.recall_accuracy [development|validation|holdout|spine] [--verbose] [--model | --memory-only]

``--model`` lets the built-in model see the same windows and answer along; ``--memory-only`` has it answer alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

from core.config import TimelineConfig, VisionBudget
from core.frame import Frame, Monitor, Rect, Window
from core.gate import Change, ChangedRegion
from core.preprocess import observe
from core.recall import Answer, Recall
from core.session import Session, open_session
from core.timeline.ocr import Reader, read_unread
from core.timeline.store import Timeline
from tests.bench.recall_scenes import FIXTURES, SETS, Ask, Scene

STARTED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
APART = timedelta(minutes=3)


@dataclass(frozen=True)
class Result:
    scene: str
    ask: Ask
    answer: Answer
    right: bool  # the expected strings are in the answer, or it is rightly "not seen"
    proven: bool  # and the first moment is the scene's


def fill(
    timeline: Timeline, scenes: Sequence[Scene], folder: Path, reader: Reader, session: Session | None = None
) -> None:
    """Puts the scenes' stored pictures into a timeline, one after another, and reads them; a session sees them."""
    for number, scene in enumerate(scenes):
        with Image.open(folder / f"{scene.name}.webp") as picture:
            pixels = np.asarray(picture.convert("RGB"))
        title = json.loads((folder / f"{scene.name}.json").read_text(encoding="utf-8"))["title"]
        height, width = pixels.shape[:2]
        whole = Rect(0, 0, width, height)
        window = Window(title, scene.application, 100 + number, whole, focused=True)
        frame = Frame(pixels, STARTED + number * APART, 60.0 * number, "screen:one", Monitor("one", whole), (window,))
        change = Change(frame, (ChangedRegion(whole, window),), 1.0, first=number == 0)
        timeline.add(change)
        if session is not None:
            session.see(observe(change, VisionBudget()))
    while read_unread(timeline, reader):
        pass


def judge(
    timeline: Timeline, scenes: Sequence[Scene], session: Session | None = None, *, memory_only: bool = False
) -> list[Result]:
    recall = Recall(timeline, session)
    now = STARTED + len(scenes) * APART + timedelta(hours=1)
    results = []
    for scene in scenes:
        for ask in scene.asks:
            *_, answer = recall.ask(ask.text, now, memory_only=memory_only)
            assert isinstance(answer, Answer)
            if not ask.seen:
                right = answer.origin == "none"
                results.append(Result(scene.name, ask, answer, right, right))
                continue
            said = answer.text.lower()
            right = all(any(option.lower() in said for option in part.split("|")) for part in ask.expected)
            right = right and answer.origin != "none"
            first = STARTED + [s.name for s in scenes].index(scene.name) * APART
            proven = right and bool(answer.moments) and answer.moments[0].time == first
            results.append(Result(scene.name, ask, answer, right, proven))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure recall's accuracy.")
    parser.add_argument("set", choices=tuple(SETS), nargs="?", default="development")
    parser.add_argument("--verbose", action="store_true", help="every answer, not only the wrong ones")
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--model", action="store_true", help="the built-in model answers along")
    model.add_argument("--memory-only", action="store_true", help="the built-in model answers alone")
    options = parser.parse_args()
    scenes = SETS[options.set]
    session = open_session(None, "cpu") if options.model or options.memory_only else None
    with tempfile.TemporaryDirectory() as folder:
        timeline = Timeline(Path(folder), TimelineConfig())
        fill(timeline, scenes, FIXTURES / options.set, Reader(), session)
        results = judge(timeline, scenes, session, memory_only=options.memory_only)
        timeline.close()
    for result in results:
        if options.verbose or not result.proven:
            mark = "ok   " if result.proven else "MOMENT" if result.right else "WRONG"
            print(
                f"{mark} {result.scene}: {result.ask.text} [{result.answer.origin}]\n      {result.answer.text[:220]}"
            )
    for name, chosen in (
        ("seen", [r for r in results if r.ask.seen]),
        ("not seen", [r for r in results if not r.ask.seen]),
    ):
        right, proven = sum(r.right for r in chosen), sum(r.proven for r in chosen)
        print(f"{options.set}, {name}: {right} of {len(chosen)} right, {proven} with the right moment first")
    for origin in ("memory", "evidence", "both", "none"):
        chosen = [r for r in results if r.answer.origin == origin]
        if chosen:
            print(f"{options.set}, from {origin}: {len(chosen)}, of them right {sum(r.right for r in chosen)}")
    short = [r for r in results if r.ask.seen and r.right and _first_words_right(r)]
    print(f"{options.set}: {len(short)} of the right answers begin with what was asked for")


def _first_words_right(result: Result) -> bool:
    """Whether the expected string stands before the quoted line (or is the line itself)."""
    opening = result.answer.text.split(" - “")[0].lower()
    return all(any(option.lower() in opening for option in part.split("|")) for part in result.ask.expected)


if __name__ == "__main__":
    main()
