"""How much of a core the engine takes while it records a screen on which nothing changes.

    python -m tests.bench.still_screen [--seconds N] [--size 1920x1080]

Runs the real engine on a virtual screen of its own; prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

import psutil

from app.client import connect
from app.paths import paths_in
from tests.helpers.desktop import VirtualDesktop, wait_until

SETTLE = 30.0  # seconds: models loaded, text read, pace fallen to one frame in two seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1920x1080")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as home, VirtualDesktop(width, height, tray=False) as desktop:
        os.environ["DISPLAY"] = desktop.display
        desktop.run(["xterm", "-T", "still", "-geometry", "100x40", "-e", "sh", "-c", "ls -la /usr/bin; sleep 9999"])
        desktop.wait_for_window("still")
        with connect(paths_in(Path(home))) as client:
            client.watch()
            time.sleep(SETTLE)
            wait_until(lambda: client.status().unread_moments == 0, 120, "the text being read")
            process = psutil.Process(client.engine_pid)
            frames = client.status().frames_seen
            before, begun = process.cpu_times(), time.monotonic()
            time.sleep(options.seconds)
            after, wall = process.cpu_times(), time.monotonic() - begun
            spent = after.user + after.system - before.user - before.system
            figures = {
                "percent_of_a_core": round(100 * spent / wall, 2),
                "frames": client.status().frames_seen - frames,
                "seconds": round(wall, 1),
                "screen": options.size,
                "engine_rss_mb": round(process.memory_info().rss / 1e6),
                "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
            }
            client.shutdown()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
