"""What watching a screen costs, and how much of it the gate lets through.

    python -m tests.bench.gate [--json]

The screen is a real one (Xvfb, openbox, three terminals) at 1920x1080; the scenes are drawn. CPU time is this
process's alone, all its threads.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.capture.screen import screens
from core.capture.source import Pace
from core.config import CaptureConfig, GateConfig, PrivacyRules, VisionBudget
from core.frame import Pixels
from core.gate import Change, Gate, Refusal
from core.preprocess import observe
from tests.helpers.desktop import VirtualDesktop
from tests.helpers.frames import blank, frame, text

WIDTH, HEIGHT = 1920, 1080


def cpu_ms(work: Callable[[int], object], times: int) -> float:
    """CPU milliseconds a call, the median of five rounds."""
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for number in range(times):
            work(number)
        rounds.append(1000 * (time.process_time() - started) / times)
    return round(sorted(rounds)[2], 2)


def real_screen() -> dict[str, float]:
    """Grabbing and judging the real screen: still, and with a terminal that writes a line in every frame."""
    with VirtualDesktop(WIDTH, HEIGHT, tray=False) as desktop:
        os.environ["DISPLAY"] = desktop.display
        for number in range(3):
            title = f"terminal {number}"
            desktop.run(
                ["xterm", "-T", title, "-geometry", f"100x30+{300 * number}+{150 * number}", "-e", "sleep 999"]
            )
            desktop.wait_for_window(title)
        (source,) = screens(CaptureConfig())
        gate, clock = Gate(GateConfig(), PrivacyRules()), iter(range(10**9))

        def look(_: int) -> object:
            taken = source.grab()
            assert taken is not None
            return gate.judge(frame(taken.pixels, next(clock) * 0.25, taken.windows))

        look(0)
        still = cpu_ms(look, 50)
        writing = desktop.run(
            ["xterm", "-T", "log", "-geometry", "100x30+900+100", "-e", "while :; do date +%N; sleep 0.05; done"]
        )
        desktop.wait_for_window("^log$")

        def look_later(number: int) -> object:
            time.sleep(0.1)  # costs no CPU time; the terminal writes two lines meanwhile
            return look(number)

        busy = cpu_ms(look_later, 10)
        desktop.close(writing)
        source.close()
    return {
        "still frame, grab and gate, CPU ms": still,
        "still screen, % of one core at one frame in 2 s": round(still / 2000 * 100, 3),
        "scrolling terminal, grab and gate, CPU ms": busy,
        "scrolling terminal, % of one core at 4 frames a second": round(busy * 4 / 10, 2),
    }


def drawn() -> dict[str, float]:
    """Judging drawn frames alone, and preprocessing."""
    page = blank(WIDTH, HEIGHT)
    for number in range(400):
        page = text(page, 20 + (number * 97) % 1700, 20 + (number * 41) % 1000, number, 90)
    noise = [np.random.default_rng(n).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for n in range(4)]
    digits = [text(page, 600, 500, n) for n in range(8)]
    gate, clock = Gate(GateConfig(), PrivacyRules()), iter(range(10**9))

    def judge(pixels: Pixels) -> Change | Refusal:
        return gate.judge(frame(pixels, next(clock) * 1.0))

    first = judge(page)
    assert isinstance(first, Change)
    return {
        "equal frame (another array), gate, CPU ms": cpu_ms(lambda n: judge(page.copy()) and n, 20),
        "one digit changed, gate, CPU ms": cpu_ms(lambda n: judge(digits[n % 8]), 20),
        "everything changed, gate, CPU ms": cpu_ms(lambda n: judge(noise[n % 4]), 12),
        "preprocess a whole screen, CPU ms": cpu_ms(lambda n: observe(first, VisionBudget()) and n, 20),
    }


def scenes() -> dict[str, dict[str, float]]:
    """Minutes of one kind of screen, at the pace the gate itself sets: frames looked at, and let through."""

    def cursor(t: float) -> Pixels:
        return text(blank(), 100, 100, 1) if t % 1.0 < 0.5 else blank()

    def clock(t: float) -> Pixels:
        return text(blank(), 500, 5, int(t), 40)

    def minute_clock(t: float) -> Pixels:
        return text(blank(), 500, 5, int(t // 60), 40)

    def typing(t: float) -> Pixels:
        line, column = divmod(int(t * 6), 60)
        pixels = text(blank(), 20, 20, 2, 480, 16 * (line % 20) + 1) if line % 20 else blank()
        return text(pixels, 20, 20 + 16 * (line % 20), 2, 8 * column + 1)

    def film(t: float) -> Pixels:
        pixels = blank()
        pixels[100:300, 100:400] = np.random.default_rng(int(t * 1000)).integers(0, 256, (200, 300, 3))
        return pixels

    def pages(t: float) -> Pixels:
        return text(blank(), 20, 20, int(t // 20), 500, 380)

    kinds: dict[str, tuple[Callable[[float], Pixels], int]] = {
        "a blinking cursor": (cursor, 600),
        "a clock with seconds": (clock, 600),
        "a clock with minutes": (minute_clock, 3600),
        "typing without a pause": (typing, 120),
        "a film": (film, 600),
        "another page every 20 s": (pages, 600),
    }
    figures = {}
    for name, (picture, seconds) in kinds.items():
        gate, pace, now, looked, through = Gate(GateConfig(), PrivacyRules()), Pace(CaptureConfig()), 0.0, 0, 0
        while now < seconds:
            verdict = gate.judge(frame(picture(now), now))
            looked += 1
            through += isinstance(verdict, Change)
            pace.note(isinstance(verdict, Change) or verdict is Refusal.RATE, now)
            now += pace.wait_seconds(now) or 0.0
        figures[name] = {
            "minutes": seconds / 60,
            "frames a minute": round(60 * looked / seconds, 1),
            "changes a minute": round(60 * through / seconds, 2),
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        **drawn(),
        **real_screen(),
        **scenes(),
    }
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
