"""What the desktop costs: start to window, memory, stalls, stopping an answer, hotkey to field, scrolling.

    python -m tests.bench.ui [--runs 5] [--json]

Offscreen, unless QT_QPA_PLATFORM says otherwise. Medians over runs, each in a process of its own, on a fake engine:
the desktop's own part of each figure. With the real engine and real keys: tests/bench/ui_real.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import psutil

BEGAN = "AFTERIMAGE_BENCH_BEGAN"  # the clock of the parent when it started the child
PATIENCE_S = 30.0
PIECES = 400
MOMENTS = 50_000
SCROLL_STEPS = 300


def measure() -> dict[str, float]:
    """One run, in the child: seconds are given in ms, memory in MB."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from app.paths import paths_in
    from ui.immortal import keep_singletons

    keep_singletons()
    application = QApplication([])
    from ui.bridge import Bridge
    from ui.desktop import Desktop

    began = float(os.environ[BEGAN])
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        paths = paths_in(Path(home))
        paths.prepare()
        paths.settings.write_text("[desktop]\nconsent = true\n", encoding="utf-8")
        desktop = Desktop(application, paths, Bridge(paths))
        desktop.window.summon()
        application.processEvents()
        # One clock for all processes of a machine, on Linux, macOS and Windows alike.
        figures["start to window shown, ms"] = 1000 * (perf_counter() - began)

        from tests.helpers.fake_engine import FakeEngine, Script, drawn, moment

        engine = FakeEngine(paths)
        thumbnail = drawn("window", ["line"] * 8, size=(320, 180))
        desktop.start()
        until(application, lambda: desktop.presence.can_ask)
        figures["memory after start, MB"] = psutil.Process().memory_info().rss / 1e6

        engine.script = Script(tuple(f"word{number} " for number in range(PIECES)), "memory")
        stall = Stall()
        timer = QTimer(interval=0)
        timer.timeout.connect(stall.tick)
        timer.start()
        desktop.window.ask("Tell me everything")
        until(application, lambda: not desktop.window.answering)
        timer.stop()
        figures["longest stall while 400 pieces stream, ms"] = stall.longest_ms

        figures["Esc to the engine told to stop, ms"] = stop(application, desktop, engine)

        desktop.window.hide()
        application.processEvents()
        began = perf_counter()
        desktop.window.summon()
        handle = desktop.window.windowHandle()
        until(
            application, lambda: handle.isExposed() and desktop.window.focusWidget() is desktop.window.composer.edit
        )
        figures["hotkey heard to focused field, ms"] = 1000 * (perf_counter() - began)

        now = datetime.now(UTC)
        engine.moments = [
            moment(number, now - timedelta(seconds=number), "xterm", f"window {number}") for number in range(MOMENTS)
        ]
        engine.pictures = dict.fromkeys(range(MOMENTS), thumbnail)
        figures |= scroll(application, desktop)
        desktop.bridge.stop()
        desktop.dispose()
        engine.close()
    return figures


def measure_memory() -> dict[str, float]:
    """One run, in the child, with the engine in a process of its own: what the desktop alone takes, in MB."""
    from PySide6.QtWidgets import QApplication

    from app.paths import paths_in
    from ui.immortal import keep_singletons

    keep_singletons()
    application = QApplication([])
    from ui.bridge import Bridge
    from ui.desktop import Desktop

    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        paths = paths_in(Path(home))
        paths.prepare()
        paths.settings.write_text("[desktop]\nconsent = true\n", encoding="utf-8")
        engine = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.ui", "--engine", home], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if engine.stdin is None or engine.stdout is None or not engine.stdout.readline():
            raise RuntimeError("the fake engine did not start")
        desktop = Desktop(application, paths, Bridge(paths))
        desktop.start()
        until(application, lambda: desktop.presence.can_ask)
        desktop.window.ask("Where?")
        until(application, lambda: not desktop.window.answering)
        figures["memory after a question, MB"] = psutil.Process().memory_info().rss / 1e6
        scroll(application, desktop)
        figures["memory after scrolling 50,000 moments, MB"] = psutil.Process().memory_info().rss / 1e6
        desktop.show_history()
        desktop.show_memory()
        until(application, lambda: desktop.memory is not None and not desktop.memory.refreshing)
        figures["memory with history and memory panel too, MB"] = psutil.Process().memory_info().rss / 1e6
        desktop.bridge.stop()
        desktop.dispose()
        engine.stdin.close()
        engine.wait()
    return figures


def serve(home: Path) -> None:
    """A fake engine with 50,000 moments, until standard input ends."""
    from app.paths import paths_in
    from tests.helpers.fake_engine import FakeEngine, drawn, moment

    engine = FakeEngine(paths_in(home))
    now = datetime.now(UTC)
    engine.moments = [
        moment(number, now - timedelta(seconds=number), "xterm", f"window {number}") for number in range(MOMENTS)
    ]
    engine.pictures = dict.fromkeys(range(MOMENTS), drawn("window", ["line"] * 8, size=(320, 180)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    engine.close()


def stop(application, desktop, engine) -> float:  # type: ignore[no-untyped-def]  # Qt is imported by the child only
    """From Esc until the engine has heard of it, the answer being stopped for the eye before."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from tests.helpers.fake_engine import Script

    engine.script = Script(("never",), hold=threading.Event())
    desktop.window.ask("Wait for it")
    until(application, lambda: engine.asked[-1].question == "Wait for it")
    began = perf_counter()
    QTest.keyClick(desktop.window.composer.edit, Qt.Key.Key_Escape)
    until(application, engine.asked[-1].cancelled.is_set)
    return 1000 * (perf_counter() - began)


def scroll(application, desktop) -> dict[str, float]:  # type: ignore[no-untyped-def]  # Qt is imported by the child only
    """Frames a second over 50,000 moments, a third of a page a step, thumbnails arriving meanwhile."""
    desktop.show_timeline()
    timeline = desktop.timeline
    timeline.all_days.setChecked(True)
    until(application, lambda: timeline.model.rowCount() == MOMENTS)
    bar = timeline.grid.verticalScrollBar()
    step = timeline.grid.viewport().height() // 3
    frames = []
    for place in range(SCROLL_STEPS):
        bar.setValue(place * step)
        began = perf_counter()
        timeline.grid.viewport().repaint()
        application.processEvents()
        frames.append(perf_counter() - began)
    return {
        "scrolling 50,000 moments, frames/s": 1 / statistics.median(frames),
        "slowest frame of scrolling, ms": 1000 * max(frames),
    }


class Stall:
    """The longest time between two turns of the event loop."""

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self._last = perf_counter()

    def tick(self) -> None:
        now = perf_counter()
        self.longest_ms = max(self.longest_ms, 1000 * (now - self._last))
        self._last = now


def until(application, condition: Callable[[], object]) -> None:  # type: ignore[no-untyped-def]  # as above
    """Runs the event loop until ``condition`` holds."""
    deadline = perf_counter() + PATIENCE_S
    while not condition():
        application.processEvents()
        if perf_counter() > deadline:
            raise TimeoutError("what should be measured did not happen")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=("speed", "memory"), help=argparse.SUPPRESS)
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine is not None:
        serve(options.engine)
        return 0
    if options.child is not None:
        sys.stdout.write(json.dumps(measure() if options.child == "speed" else measure_memory()))
        return 0
    runs = [in_child("speed") | in_child("memory") for _ in range(options.runs)]
    medians = {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}
    if options.json:
        sys.stdout.write(json.dumps({"machine": machine(), "runs": options.runs, "medians": medians}) + "\n")
        return 0
    sys.stdout.write(f"{machine()}, medians of {options.runs}\n")
    for name, value in medians.items():
        sys.stdout.write(f"  {name:45s} {value:10.1f}\n")
    return 0


def in_child(what: str) -> dict[str, float]:
    """One run of ``what`` in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench.ui", "--child", what],
        env={"QT_QPA_PLATFORM": "offscreen"} | os.environ | {BEGAN: repr(perf_counter())},
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def machine() -> str:
    """The machine in a few words."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
