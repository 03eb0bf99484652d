"""What the built-in model answers from its memory alone, about real programs on a real screen.

    python -m tests.bench.memory_only [--verbose]

The real engine process watches a virtual desktop on which programs come and go; then each fact is asked with
memory-only, in the words of training and in users' words. Answers must be right to the letter.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path

from app.client import connect
from app.paths import paths_in
from app.protocol import AnswerDone
from core.training.evaluate import interval
from tests.e2e.memory_scenes import SCENES, questions, show
from tests.helpers.desktop import VirtualDesktop, wait_until


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the built-in model remembers of a real screen.")
    parser.add_argument("--verbose", action="store_true", help="every answer, not only the wrong ones")
    verbose = parser.parse_args().verbose
    right, count = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as name, VirtualDesktop() as desktop:
        folder, paths = Path(name), paths_in(Path(name) / "home")
        os.environ["DISPLAY"] = desktop.display
        paths.prepare()
        with connect(paths) as client:
            client.watch(attached=True)
            wait_until(lambda: client.status().model, 60, "the model being loaded")
            for scene in SCENES:
                show(desktop, client, scene, folder)
            for asked in questions():
                (done,) = (e for e in client.ask(asked.text, memory_only=True) if isinstance(e, AnswerDone))
                good = asked.right(done.text)
                for key in ("all" if asked.kind != "unseen" else "", f"{asked.kind}, {asked.wording} wording"):
                    right[key] += good
                    count[key] += 1
                if verbose or not good:
                    mark = "ok   " if good else "WRONG"
                    print(f"{mark} {asked.text} -> {done.text!r} (from {done.origin}; {asked.expected!r})")
            status = client.status()
            client.shutdown()
    print(
        f"{status.model}: {len(SCENES)} programs, {status.tokens_seen} tokens, {status.frames_behind} frames missed"
    )
    for key in sorted(key for key in count if key):
        low, high = interval(right[key], count[key])
        print(f"{key:24} {right[key]:3} of {count[key]:3}  [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    main()
