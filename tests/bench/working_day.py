"""What a working day costs: CPU seconds by stage and bytes on disk, over a drawn day replayed at speed.

    python -m tests.bench.working_day [--hours 8] [--read] [--see] [--json]

Drawing the frames is left out of the figures; everything a frame passes on the straight line is in them. ``--read``
also reads the text of every moment (the background reader's work), ``--see`` feeds the built-in model.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from core.capture.source import Pace
from core.config import CaptureConfig, GateConfig, PrivacyRules, TimelineConfig, VisionBudget
from core.gate import Change, Gate
from core.preprocess import observe
from core.timeline.ocr import Reader, read_unread
from core.timeline.store import Timeline
from tests.helpers.office import Office

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Meter:
    """CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.process_time()
        try:
            yield
        finally:
            self.seconds[stage] += time.process_time() - started


def work(hours: float, seed: int, *, read: bool, see: bool) -> dict[str, object]:
    office, meter, counts = Office(seed, START), Meter(), Counter[str]()
    gate, pace, budget = Gate(GateConfig(), PrivacyRules()), Pace(CaptureConfig()), VisionBudget()
    session = None
    if see:
        from core.session import open_session

        session = open_session(None, "cpu")
    with tempfile.TemporaryDirectory() as folder:
        timeline, reader = Timeline(Path(folder), TimelineConfig()), Reader()
        while office.seconds < hours * 3600:
            frame = office.frame()
            counts["frames"] += 1
            with meter("gate"):
                verdict = gate.judge(frame)
            changed = isinstance(verdict, Change)
            if isinstance(verdict, Change):
                counts["changes"] += 1
                with meter("preprocess"):
                    observation = observe(verdict, budget)
                with meter("timeline"):
                    timeline.add(verdict)
                if session is not None:
                    with meter("see"):
                        session.see(observation)
            else:
                counts[verdict.value] += 1
                with meter("timeline"):
                    timeline.note_seen(frame.source, frame.time)
            if read:
                with meter("read"):
                    read_unread(timeline, reader, 100)
            pace.note(changed, frame.monotonic)
            office.advance(pace.wait_seconds(frame.monotonic) or 0.25)
        moments, size = timeline.count(), timeline.disk_bytes()
        timeline.close()
    return {
        "machine": f"{platform.processor() or platform.machine()}, Python {platform.python_version()}",
        "hours": hours,
        "counts": dict(counts),
        "moments": moments,
        "disk_mb": round(size / 1e6, 1),
        "disk_mb_per_8_hours": round(size / 1e6 * 8 / hours, 1),
        "cpu_seconds_per_hour": {stage: round(seconds / hours, 1) for stage, seconds in meter.seconds.items()},
        "share_of_one_core": {stage: round(s / hours / 3600, 4) for stage, s in meter.seconds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--read", action="store_true", help="read the text of every moment too")
    parser.add_argument("--see", action="store_true", help="feed the built-in model too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = work(options.hours, options.seed, read=options.read, see=options.see)
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
