"""The desktop beside the real engine on a real X screen: the global hotkey, stalls while it infers, memory.

    python -m tests.bench.ui_real [--presses 10] [--seconds 20] [--json]

Needs Xvfb, openbox, xdotool and xterm. One run: the desktop app with an engine process of its own records terminals
that come and go, so that the built-in model sees frame after frame. The hotkey's time begins before xdotool is
started and ends when the question field has the keyboard.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from time import perf_counter
from typing import IO, Any

import psutil
from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.client import connect
from app.paths import HOME_VARIABLE, Paths, paths_in, user_paths
from app.protocol import Status
from tests.bench.ui import Stall, machine
from tests.helpers.desktop import VirtualDesktop, program, wait_until
from ui.bridge import Bridge
from ui.desktop import Desktop
from ui.immortal import keep_singletons

TICK_MS = 1
PATIENCE_S = 60.0
BUSY = "i=0; while :; do i=$((i+1)); date; head -c 900 /dev/urandom | base64; sleep 0.4; done"
PAGE = "head -c 1500 /dev/urandom | base64; exec sleep 60"
QUESTIONS = ("What was the last date?", "Which lines were shown?", "Where was that?")


class Watch(QObject):
    """Carries out the parent's orders on the main thread."""

    def __init__(self, desktop: Desktop, seconds: float) -> None:
        super().__init__()
        self._desktop, self._seconds = desktop, seconds
        self.recording = False
        self.questions: list[str] = []
        self.stall = Stall()
        self.timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self.orders = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self.orders.activated.connect(lambda *_: self.obey(sys.stdin.readline().strip()))
        self.waiting = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self.waiting.timeout.connect(self.look_for_focus)
        self._desktop.bridge.answered.connect(self.ask_next)
        self._desktop.bridge.status_changed.connect(self.status)

    def status(self, status: Status) -> None:
        if status.state == "recording" and not self.recording:
            self.recording = True
            tell("recording")

    def look_for_focus(self) -> None:
        if self._desktop.window.isActiveWindow() and self._desktop.window.composer.edit.hasFocus():
            self.waiting.stop()
            tell("focused", at=perf_counter())

    def obey(self, order: str) -> None:
        if order == "watch":
            self.waiting.start()
            tell("watching")
        elif order == "stall":
            self.stall = Stall()
            self.timer.timeout.connect(self.stall.tick)
            self.timer.start()
            self.questions = list(QUESTIONS)
            self._desktop.window.summon()
            self.ask_next()
            QTimer.singleShot(round(1000 * self._seconds), self, self.end_stall)
        elif order == "windows":
            self.timer.stop()
            desktop = self._desktop
            windows = (desktop.show_timeline, desktop.show_history, desktop.show_memory, desktop.show_settings)
            for show in windows:
                show()
            QTimer.singleShot(5000, self, lambda: tell("shown", mb=psutil.Process().memory_info().rss / 1e6))
        elif order in {"quit", ""}:
            self.orders.setEnabled(False)
            self._desktop.quit()

    def ask_next(self, *_answer: object) -> None:
        if self.questions:
            self._desktop.window.ask(self.questions.pop(0))

    def end_stall(self) -> None:
        self.timer.stop()
        tell("stalled", ms=max(0.0, self.stall.longest_ms - TICK_MS))


def run_app(seconds: float) -> None:
    """The child: the desktop app, which tells on standard output what happens and obeys lines on standard input."""
    keep_singletons()
    application = QApplication([])
    paths = user_paths()
    desktop = Desktop(application, paths, Bridge(paths))
    watch = Watch(desktop, seconds)
    desktop.start()
    application.exec()
    watch.deleteLater()
    desktop.dispose()


def tell(what: str, **facts: float) -> None:
    sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")
    sys.stdout.flush()


class Child:
    """The parent's view of the app."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def order(self, what: str) -> None:
        _stream(self._process.stdin).write(what + "\n")
        _stream(self._process.stdin).flush()

    def hear(self, what: str) -> dict[str, Any]:
        """The next thing told of that name."""
        for line in _stream(self._process.stdout):
            told: dict[str, Any] = json.loads(line)
            if told["what"] == what:
                return told
        raise RuntimeError(f"the app ended before it told {what!r}")


def _stream(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("no pipe")
    return stream


def measure_real(presses: int = 10, seconds: float = 20.0) -> dict[str, float]:
    """Medians and extremes of one run, in ms and MB."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, VirtualDesktop() as desktop:
        paths = paths_in(Path(home))
        paths.prepare()
        paths.settings.write_text("[desktop]\nconsent = true\n", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.ui_real", "--app", str(seconds)],
            env=desktop.environment | {HOME_VARIABLE: home},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        child = Child(process)
        child.hear("recording")
        with program(desktop, ["xterm", "-title", "busy", "-maximized", "-e", "sh", "-c", BUSY], "busy"):
            figures["hotkey pressed to focused field, ms"] = statistics.median(
                press(desktop, child) for _ in range(presses)
            )
            before = _tokens(paths)
            child.order("stall")
            show_pages(desktop, seconds)
            figures["longest stall while the engine infers, ms"] = child.hear("stalled")["ms"]
            figures["tokens the model took in meanwhile"] = _tokens(paths) - before
            child.order("windows")
            figures["memory with every window open, real engine, MB"] = child.hear("shown")["mb"]
        child.order("quit")
        process.communicate(timeout=PATIENCE_S)
    return figures


def show_pages(desktop: VirtualDesktop, seconds: float) -> None:
    """One new window after another: what only moves in one place the gate soon stops showing to the model."""
    until = perf_counter() + seconds
    while perf_counter() < until:
        with program(
            desktop, ["xterm", "-title", "page", "-geometry", "90x30+900+80", "-e", "sh", "-c", PAGE], "page"
        ):
            time.sleep(1.0)  # somebody looks at it


def press(desktop: VirtualDesktop, child: Child) -> float:
    """One press of the global hotkey while the window is away."""
    if desktop.windows("^Afterimage$"):
        desktop.focus(desktop.windows("^Afterimage$")[0])
        desktop.press("Escape")
    wait_until(lambda: _focused(desktop) == "busy", PATIENCE_S, "the terminal's getting the keyboard back")
    child.order("watch")
    child.hear("watching")
    began = perf_counter()
    desktop.press("ctrl+alt+space")
    took = 1000 * (float(child.hear("focused")["at"]) - began)
    wait_until(lambda: _focused(desktop) == "Afterimage", PATIENCE_S, "the window's having the keyboard")
    return took


def _focused(desktop: VirtualDesktop) -> str:
    """The title of the window that has the keyboard."""
    command = ["xdotool", "getwindowfocus", "getwindowname"]
    told = subprocess.run(command, env=desktop.environment, capture_output=True, text=True, check=False)
    return told.stdout.strip()


def _tokens(paths: Paths) -> int:
    with connect(paths, start=False) as client:
        return client.status().tokens_seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0, help="of inferring while stalls are looked for")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--app", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.app is not None:
        run_app(options.app)
        return 0
    figures = {name: round(value, 1) for name, value in measure_real(options.presses, options.seconds).items()}
    if options.json:
        sys.stdout.write(json.dumps({"machine": machine(), "figures": figures}) + "\n")
        return 0
    sys.stdout.write(f"{machine()}, one run\n")
    for name, value in figures.items():
        sys.stdout.write(f"  {name:48s} {value:10.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
