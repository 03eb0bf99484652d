"""Rows of token ids, each one stream of a fixed length: observations with questions between them.

Three kinds. ``reading``: questions about the screen just seen. ``frames``: questions about screens up to some
distance ago. ``text``: the same with facts in plain text and no picture, dense. Knows nothing of torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from core.preprocess import header
from core.training.data.canvas import Fact
from core.training.data.live_desktop import LiveDesktop
from core.training.data.real_windows import Corpus
from core.training.data.row import Row
from core.training.data.screens import Drawer
from core.training.data.stream import PLAIN, QUESTION, Habits, Stream
from core.training.data.words import APPLICATIONS, LABELS

DESKTOP_SHARE = 0.25  # of the screens that are read: shown on a whole monitor
REAL_SHARE = 0.7  # of those: real windows


def reading_row(
    rng: Random,
    drawer: Drawer,
    length: int,
    transcripts: float = 0.45,
    corpus: Corpus | None = None,
    worded: float = 0.0,
) -> Row:
    """Screens one after another, each followed by questions about it; a share of them is read out in full instead.

    Some stand on a whole desktop; most of those are real windows where there is a corpus.
    """
    stream = Stream(rng, drawer, length, Habits(worded=worded))
    while stream.row.room > 150:
        titled = rng.random() < 0.15
        if rng.random() < DESKTOP_SHARE and stream.row.room > 600:
            real = corpus is not None and rng.random() < REAL_SHARE
            screen = corpus.draw(rng) if real and corpus is not None else drawer.screen(rng)
            seen = stream.see_on_desktop(screen, titled)
        else:
            cells = (rng.randint(10, 22), rng.randint(7, 11)) if rng.random() < 0.15 else None
            screen = drawer.screen(rng, cells)
            seen = stream.see(screen, titled)
        if not seen:
            break
        if rng.random() < transcripts:
            stream.ask_all(screen)  # and nothing else, which could be copied from it instead of read
        else:
            stream.ask_present(rng.randint(2, 7))
        if rng.random() < 0.06:
            stream.ask_past(1)
    return stream.row


def frames_row(
    rng: Random,
    drawer: Drawer,
    length: int,
    furthest: int,
    nearest: int = 0,
    habits: Habits = PLAIN,
    corpus: Corpus | None = None,
) -> Row:
    """Small screens; after each, questions about earlier ones up to ``furthest`` ago.

    Some streams are silent first and questioned at the end, as in use: from where ``furthest`` is reached. With
    ``nearest`` all are, and every question is about an observation at least so long ago, as far as the row holds
    more than that; where the habits limit the reach, they go on after a few questions, again and again, since many
    would take the place of what is asked for. A share of the others shows one desktop where windows open and change.
    """
    stream = Stream(rng, drawer, length, habits)
    labels = rng.sample(LABELS, rng.randint(3, 8)) if habits.repeats and rng.random() < habits.repeats else None
    quiet = rng.random() < 0.5 or nearest > 0
    # where any age is asked for, streams of any length: else what is far and what came first would always be another
    share = rng.uniform(0.3 if habits.any_age else 0.55, 0.8)
    pauses = Pauses(rng) if habits.reach and nearest else None
    desktop = None
    if habits.desktops and not nearest and rng.random() < habits.desktops:
        stream.lasting = True
        desktop = LiveDesktop(rng, drawer, corpus, labels)
    while stream.row.room > 150:
        if quiet and pauses is None and len(stream.row.ids) > length * share and len(stream.told) > nearest:
            break
        if not (_see_small(stream, labels) if desktop is None else stream.see_step(desktop)):
            break
        if pauses is not None:
            pauses.ask(stream, furthest, nearest)
        elif not quiet:
            for _ in range(rng.choice((1, 1, 2))):
                stream.ask_past(furthest)
        elif not nearest and rng.random() < 0.1:
            stream.ask_past(furthest)
    while stream.row.room > 60:
        stream.ask_past(furthest, nearest)
    return stream.row


class Pauses:
    """When a silent stream is asked something: after some observations, a share of the tokens since then."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.share = rng.uniform(0.03, 0.3)
        # now and then so many that the window holds screens alone, as in use
        self.observations = rng.randint(5, 60) if rng.random() < 0.5 else rng.randint(150, 270)
        self.asked_at, self.left = 0, self.observations

    def ask(self, stream: Stream, furthest: int, nearest: int) -> None:
        """Count an observation, and where it is time, ask."""
        self.left -= 1
        if self.left > 0:
            return
        now = len(stream.row.ids)
        end = now + self.share * (now - self.asked_at)
        while len(stream.row.ids) < end and stream.row.room > QUESTION:
            stream.ask_past(furthest, nearest)
        self.asked_at, self.left = len(stream.row.ids), round(self.observations * self.rng.uniform(0.2, 1.2))


def _see_small(stream: Stream, labels: Sequence[str] | None) -> bool:
    """One small screen by itself; False where there is no room."""
    rng = stream.rng
    size = rng.choice((13, 14, 14, 15, 15, 16, 16, 18, 20))
    cells = (rng.randint(6, 10), rng.randint(2, 5))
    screen = stream.drawer.screen(rng, cells, size, labels if labels and rng.random() < 0.6 else None)
    return stream.see(screen, rng.random() < 0.85)


def text_row(rng: Random, drawer: Drawer, length: int, furthest: int, worded: float = 0.0) -> Row:
    """Facts in plain text, one or a few an observation, and dense questions about them.

    In a third of the streams few labels come up again and again, so that the newest value counts.
    """
    stream = Stream(rng, drawer, length, Habits(worded=worded))
    labels = rng.sample(LABELS, rng.randint(2, 8)) if rng.random() < 0.33 else LABELS
    quiet = rng.random() < 0.4
    share = rng.uniform(0.4, 0.7)
    while stream.row.room > 120:
        if quiet and len(stream.row.ids) > length * share:
            break
        if not _read_something(stream, labels):
            break
        if not quiet:
            for _ in range(rng.choice((1, 1, 2))):
                stream.ask_past(furthest)
    while stream.row.room > 60:
        stream.ask_past(furthest)
    return stream.row


def _read_something(stream: Stream, labels: Sequence[str]) -> bool:
    """One observation of text: a header, a labelled value or what somebody wrote; False where there is no room."""
    rng, words = stream.rng, stream.drawer.words
    title, application = words.title(rng), rng.choice(APPLICATIONS)
    label = rng.choice(labels)
    value = words.value(rng, label)
    draw = rng.random()
    if draw < 0.3:
        return stream.read(header(stream.time, application, title), title, application, [], True)
    if draw < 0.8:
        return stream.read(f"{title}: {label} {value}", title, "", [Fact("value", label, value, 0)], False)
    name, line = rng.choice(words.first_names), words.sentence(rng)
    return stream.read(f"{title}: {name} wrote: {line}", title, "", [Fact("said", name, line, 0)], False)
