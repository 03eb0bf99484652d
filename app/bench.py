"""``afterimage bench``: what this machine does, measured now. Runs in the command's own process, on its own data."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.measure import Figure, engine_figures

if TYPE_CHECKING:
    from core.frame import Frame

REPEATS: Final = 5
SEARCHED: Final = 200  # moments
WORDS: Final = ("quick", "report", "invoice", "4711", "failed", "because", "build", "server", "disk", "full")
HEAD: Final = f"{'':<52} {'measured':>10} {'':<8} {'at best':>10}"


def measure(model: Path | None, device: str, random: str | None = None) -> Iterator[Figure]:
    """The figures as they are measured. Raises WeightsError and such for a model that cannot be opened."""
    yield from engine_figures(model, device, random)
    yield from _timeline_rows()


def line(figure: Figure) -> str:
    """A figure as a line of the table under HEAD."""
    value, floor = (f"{number:.2f}" if number is not None else "-" for number in (figure.value, figure.floor))
    return f"{figure.what:<52} {value:>10} {figure.unit:<8} {floor:>10}  {figure.remark}".rstrip()


def _timeline_rows() -> Iterator[Figure]:
    """Adding and searching in a timeline of its own."""
    from core.config import TimelineConfig
    from core.frame import Rect
    from core.gate import Change, ChangedRegion
    from core.timeline.moment import Line
    from core.timeline.store import Timeline

    with tempfile.TemporaryDirectory() as folder:
        timeline = Timeline(Path(folder), TimelineConfig())
        try:
            adding = []
            for number in range(SEARCHED):
                frame = _frame(number)
                rect = Rect(0, 0, *frame.size)
                change = Change(frame, (ChangedRegion(rect, frame.windows[0]),), 1.0, number == 0)
                begun = time.perf_counter()
                for moment in timeline.add(change):
                    adding.append((time.perf_counter() - begun) * 1000)
                    words = (WORDS[(number * 7 + k) % len(WORDS)] for k in range(8))
                    timeline.set_text(moment.id, [Line(f"{' '.join(words)} {number}", rect)])
            yield Figure(
                "note a changed window of 960x540", statistics.median(adding), "ms", remark="picture written"
            )
            found = _median_ms(lambda: timeline.search("invoice server 42"))
            yield Figure("search the timeline", found, "ms", remark=f"{timeline.count()} moments")
        finally:
            timeline.close()


def _frame(number: int) -> Frame:
    """A window full of dots, another one for each number."""
    import numpy as np

    from core.frame import Frame, Monitor, Rect, Window, utc_now

    noise = np.random.default_rng(number)
    pixels = np.full((540, 960, 3), 240, np.uint8)
    pixels[noise.integers(0, 540, 4000), noise.integers(0, 960, 4000)] = 20
    rect = Rect(0, 0, 960, 540)
    window = Window("a report", f"application {number % 5}", None, rect, focused=True)
    time_taken = utc_now() + timedelta(seconds=5 * number)
    return Frame(pixels, time_taken, 5.0 * number, "screen:bench", Monitor("bench", rect), (window,))


def _median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)
