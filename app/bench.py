"""``afterimage bench``: what this machine does, measured now. Runs in the command's own process, on its own data."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config import CELL

if TYPE_CHECKING:
    from core.frame import Frame
    from core.preprocess import Observation
    from core.session import Session

REPEATS: Final = 5
SIDE: Final = 448  # pixels: 256 tokens
SEARCHED: Final = 200  # moments
WORDS: Final = ("quick", "report", "invoice", "4711", "failed", "because", "build", "server", "disk", "full")


@dataclass(frozen=True)
class Row:
    """One figure. ``value`` is a median in ``unit``; ``remark``: of what."""

    what: str
    value: float
    unit: str
    remark: str = ""


def measure(model: Path | None, device: str) -> Iterator[Row]:
    """The rows as they are measured. Raises WeightsError and such for a model that cannot be opened."""
    yield from _session_rows(model, device)
    yield from _timeline_rows()


def _session_rows(model: Path | None, device: str) -> Iterator[Row]:
    from core.session import open_session

    begun = time.perf_counter()
    session = open_session(model, device)
    facts = session.facts
    place = f"{facts.model} on {facts.device}"
    yield Row("open the model", (time.perf_counter() - begun) * 1000, "ms", place)
    observation = _observation()
    session.see(observation)
    floors = session.floors(SIDE**2 // CELL**2)
    seeing = f"{place}; at best {floors.see:.2f} ms by {floors.rate / 1e9:.0f} GFLOP/s"
    yield Row("see one picture of 448x448", _median_ms(lambda: session.see(observation)), "ms", seeing)
    copied = f"{facts.state_bytes / 1e6:.1f} MB; at best {floors.fork:.3f} ms"
    yield Row("fork the memory", _median_ms(session.fork), "ms", copied)
    yield from _answer_rows(session, f"{place}; at best {floors.token:.2f} ms by {floors.bandwidth / 1e9:.1f} GB/s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        yield Row("save the memory", _median_ms(lambda: session.save(path)), "ms")
        yield Row("load the memory", _median_ms(lambda: session.load(path)), "ms")


def _answer_rows(session: Session, place: str) -> Iterator[Row]:
    firsts, between = [], []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        times = [time.perf_counter() for _piece in session.ask("What was the last title?")]
        if times:
            firsts.append((times[0] - begun) * 1000)
        between += [(later - earlier) * 1000 for earlier, later in itertools.pairwise(times)]
    if firsts:
        yield Row("first piece of an answer", statistics.median(firsts), "ms")
    if between:
        yield Row("each further piece", statistics.median(between), "ms", place)


def _timeline_rows() -> Iterator[Row]:
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
            yield Row("note a changed window of 960x540", statistics.median(adding), "ms", "picture written")
            found = _median_ms(lambda: timeline.search("invoice server 42"))
            yield Row("search the timeline", found, "ms", f"{timeline.count()} moments")
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


def _observation() -> Observation:
    import numpy as np

    from core.frame import utc_now
    from core.preprocess import Observation, header

    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    now = utc_now()
    return Observation(now, header(now, "bench", "a report"), (pixels,))


def _median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)
