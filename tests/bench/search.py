"""Search over 100,000 moments: how long the timeline's search takes, meaning included, and a question through recall.

python -m tests.bench.search [--moments 100000] [--folder KEEP]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

from app.search import Search
from core.config import TimelineConfig
from core.meaning.embedding import TOKENIZER, Embedding
from core.recall import Answer, Recall
from core.timeline import schema
from core.timeline.rows import Where
from core.timeline.store import DATABASE, Timeline

STARTED = datetime(2026, 8, 1, 8, 0, tzinfo=UTC)
APART = timedelta(seconds=20)
LINES = 40  # on one screen
NEW = 6  # of them new on each moment; the others were there before
SYLLABLES = "ka lo mi ren tas vor del pin gra sul ten mor bel cas dri fen hol jun kes lum nar ost pel qui ros".split()
FILLER = "the of and to in is that for on with as was at by this have from or had not are but what were when".split()
APPLICATIONS = ("xterm", "chromium", "mousepad", "thunderbird", "code", "slack")
QUERIES = (
    "invoice 4711-B overdue",
    "kalomi tasvor error",
    "the meeting with renbel about drifen",
    "how much does the vordel cost",
    "zzyzzx unheard of",
    "error",
    "tasv0r",
    "train price",
    "what did the doctor say about the knee",
)


def fill(folder: Path, moments: int) -> None:
    """Rows as the timeline writes them, without pictures: words by Zipf's law, lines that stay and lines that go.

    Half of the words are English, so that there is something near in meaning.
    """
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(20_000)] + _english()
    chance.shuffle(vocabulary)
    weights = list(itertools.accumulate(1 / (rank + 5) for rank in range(len(vocabulary))))

    def line() -> str:
        words = chance.choices(vocabulary, cum_weights=weights, k=chance.randint(3, 9))
        words += chance.choices(FILLER, k=3) + ([str(chance.randint(1, 99_999))] if chance.random() < 0.4 else [])
        chance.shuffle(words)
        return " ".join(words)

    Timeline(folder, TimelineConfig()).close()
    db = schema.connect(folder / DATABASE)
    db.execute("BEGIN")
    screens = {window: [0] * LINES for window in range(1, 61)}
    next_line = 1
    for window in screens:
        db.execute("INSERT INTO window VALUES (?, ?, ?)", (window, chance.choice(APPLICATIONS), line()))
    terms = set[str]()
    for number in range(moments):
        window = chance.randint(1, 60)
        micros = schema.to_micros(STARTED + number * APART)
        db.execute(
            "INSERT INTO moment VALUES (?, ?, ?, 0, 'screen:one', ?, 0, 0, 1200, 800, NULL, NULL, 0, 800, '[]', 1)",
            (number + 1, micros, micros + 19_000_000, window),
        )
        lines = screens[window]
        for place in range(LINES) if 0 in lines else chance.sample(range(LINES), NEW):
            text = line()
            terms.update(schema.words(text))
            db.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?)", (next_line, window, text, micros, micros))
            lines[place] = next_line
            next_line += 1
        db.executemany(
            "INSERT INTO sighting VALUES (?, ?, ?, ?, 10, ?, 600, 18, 0.98)",
            [(number + 1, place, line_id, place, 20 * place) for place, line_id in enumerate(lines)],
        )
    schema.add_terms(db, [" ".join(terms)])
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _english() -> list[str]:
    tokenizer = json.loads((resources.files("resources") / "meaning" / TOKENIZER).read_text(encoding="utf-8"))
    return [word for word in tokenizer["model"]["vocab"] if word.isalpha() and len(word) > 2]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure search over many moments.")
    parser.add_argument("--moments", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="kept and used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        if not (folder / DATABASE).exists():
            started = time.perf_counter()
            fill(folder, options.moments)
            print(f"filled in {time.perf_counter() - started:.0f} s")
        timeline = Timeline(folder, TimelineConfig(), Embedding())
        started, embedded = time.perf_counter(), 0
        while count := timeline.meaning.embed():
            embedded += count
        print(f"{embedded:,} words of the vocabulary embedded in {time.perf_counter() - started:.1f} s")
        size = (folder / DATABASE).stat().st_size
        print(f"{timeline.count():,} moments, database {size / 1e6:.0f} MB")
        recall, now = Recall(timeline, None), STARTED + options.moments * APART
        worst = 0.0
        for query in QUERIES:
            times, processor, asked = list[float](), list[float](), list[float]()
            for _ in range(5):
                search = Search(timeline)  # it does not search twice for the same
                started, used = time.perf_counter(), time.process_time()
                hits = search.find(query, Where())
                times.append(1000 * (time.perf_counter() - started))
                processor.append(1000 * (time.process_time() - used))
                started = time.perf_counter()
                *_, answer = recall.ask(f"What about {query}?", now)
                asked.append(1000 * (time.perf_counter() - started))
                assert isinstance(answer, Answer)
            worst = max(worst, statistics.median(processor))
            print(
                f"{query!r}: {len(hits)} hits, median {statistics.median(times):.1f} ms "
                f"({statistics.median(processor):.1f} ms of processor; first {processor[0]:.1f}); "
                f"recall {statistics.median(asked):.0f} ms"
            )
        print(f"slowest median: {worst:.1f} ms of processor (goal: under 150)")
        timeline.close()


if __name__ == "__main__":
    main()
