"""Searches and questions in other words than the screen's: how often what answers them is found, before and after.

python -m tests.bench.meaning [development|holdout] [--verbose]

"Before" is the search by words and known synonyms alone. Among the pages stand the texts of `recall_scenes`.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from app.search import Search
from core.config import TimelineConfig
from core.meaning.embedding import Embedding
from core.recall import Answer, Recall
from core.timeline.rows import Where
from core.timeline.store import Timeline
from tests.bench.paraphrases import COLLECTIONS, Collection
from tests.bench.recall_scenes import SETS
from tests.core.timeline.views import as_lines, at, change, window

FIRST = 10  # places in which a search must have it
APART = 60  # seconds between two pages


def fill(timeline: Timeline, collection: Collection) -> dict[str, int]:
    """Title of a page -> its moment; the scenes come first, the pages after them."""
    scenes = [(s.application, s.title or s.name, _text(s.content)) for scenes in SETS.values() for s in scenes]
    pages = [(page.application, page.title, list(page.lines)) for page in collection.pages]
    moments = dict[str, int]()
    for number, (application, title, lines) in enumerate([*scenes, *pages]):
        drawn = [title, str(number) * 9]  # what is drawn only has to differ: the text is given
        (moment,) = timeline.add(change(drawn, APART * number, window(title, application)))
        timeline.set_text(moment.id, as_lines(lines))
        moments[f"{number - len(scenes)}"] = moment.id
    while timeline.meaning.embed():
        pass
    return moments


def _text(content: str) -> list[str]:
    parts = re.split(r"\n|</(?:p|td|th|div|li|h\d|tr)>|<br>", content)
    lines = [re.sub(r"<[^>]+>", " ", part).strip() for part in parts]
    return [line for line in lines if line][:40]


def searched(timeline: Timeline, collection: Collection, moments: dict[str, int], verbose: bool) -> tuple[int, int]:
    """How many searches have their page among the first; how many for what is nowhere find nothing."""
    search, found, empty = Search(timeline), 0, 0
    for ask in collection.asks:
        ids = list(search.find(ask.words, Where()))
        if not ask.expected:
            empty += not ids
            if ids and verbose:
                print(f"  nowhere, but found: {ask.words}: {len(ids)}")
            continue
        (page,) = [n for n, page in enumerate(collection.pages) if any(ask.expected in line for line in page.lines)]
        rank = ids.index(moments[str(page)]) if moments[str(page)] in ids else None
        found += rank is not None and rank < FIRST
        if verbose and (rank is None or rank >= FIRST):
            print(f"  not found: {ask.words} (place {rank} of {len(ids)})")
    return found, empty


def answered(timeline: Timeline, collection: Collection, verbose: bool) -> tuple[int, int]:
    """How many questions get their line, as the answer or as the nearest; how many about what is nowhere get none."""
    recall, now = Recall(timeline, None), at(0) + timedelta(hours=8)
    right = unseen = 0
    for ask in collection.asks:
        *_, answer = recall.ask(ask.question, now)
        assert isinstance(answer, Answer)
        if ask.expected:
            good = ask.expected.lower() in answer.text.lower()
            right += good
        else:
            good = not answer.moments
            unseen += good
        if verbose and not good:
            print(f"  {ask.question} -> {answer.text}")
    return right, unseen


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure search by meaning.")
    parser.add_argument("set", choices=tuple(COLLECTIONS), nargs="?", default="development")
    parser.add_argument("--verbose", action="store_true", help="everything that is not right")
    options = parser.parse_args()
    collection = COLLECTIONS[options.set]
    there = sum(bool(ask.expected) for ask in collection.asks)
    nowhere = len(collection.asks) - there
    for name, embedding in (("before", None), ("after", Embedding())):
        with tempfile.TemporaryDirectory() as folder:
            timeline = Timeline(Path(folder), TimelineConfig(), embedding)
            moments = fill(timeline, collection)
            started = time.perf_counter()
            found, empty = searched(timeline, collection, moments, options.verbose and embedding is not None)
            taken = 1000 * (time.perf_counter() - started) / len(collection.asks)
            right, unseen = answered(timeline, collection, options.verbose and embedding is not None)
            timeline.close()
        print(
            f"{options.set}, {name}: searches with it among the first {FIRST}: {found} of {there}, rightly empty "
            f"{empty} of {nowhere} ({taken:.1f} ms each); questions that get their line: {right} of "
            f"{there}, rightly none {unseen} of {nowhere}"
        )


if __name__ == "__main__":
    main()
