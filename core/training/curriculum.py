"""What each step of nano's training trains on: how much reading and recall, how far back, through which window.

The window is drawn short now and then so that attention cannot serve; some rows ask for nothing it still holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from core.training.data.batches import Plan, Recipe
from core.training.nano import WHOLE_WINDOW

RECIPES = ("reading", "frames", "text")
PHASES = (  # up to which share of the curriculum: the shares of the recipes
    (0.04, (0.85, 0.0, 0.15)),
    (0.1, (0.6, 0.1, 0.3)),
    (0.3, (0.45, 0.3, 0.25)),
    (float("inf"), (0.45, 0.45, 0.1)),
)
FAR_TEXT, FAR_FRAMES, FARTHEST = 192, 128, 300  # observations ago: what the curriculum reaches, and now and then
REACH = {"frames": (16, 36, 80, 160), "text": (48, 96)}  # observations ago that rows of 4,096 * 2**n tokens hold
SHORT_WINDOWS = (48, 64, 96, 128, 192, 256, 384, 512)
WHOLE_FRAMES, WHOLE_TEXT = 0.85, 0.7  # of the batches that look back: those with the whole window
FAR = (100, 300)  # observations ago: what quiet streams alone are long enough for
ROOM = 180  # tokens of a row for each observation that it is asked to reach back: the questions' part included
FAR_FROM = 0.3  # of the curriculum: as long, rows hold too little that was learnt to be kept


@dataclass(frozen=True)
class Curriculum(Plan):
    """What each step trains on, as a function of the step alone. ``steps``: of the whole curriculum.

    ``whole_frames``, ``whole_text``: share of the batches that look back with the whole window, at the start of the
    curriculum and at its end, in between as the progress. ``far``: share of the batches of frames that ask for
    nothing but what was seen long ago.
    """

    steps: int
    rows: int = 8
    length: int = 4096
    seed: int = 0
    whole_frames: tuple[float, float] = (WHOLE_FRAMES, WHOLE_FRAMES)
    whole_text: tuple[float, float] = (WHOLE_TEXT, WHOLE_TEXT)
    far: float = 0.0

    def recipe(self, step: int) -> Recipe:
        rng = Random(f"recipe {self.seed} {step}")
        progress = step / self.steps
        shares = next(shares for end, shares in PHASES if progress < end)
        kind = rng.choices(RECIPES, shares)[0]
        if kind == "reading":
            return Recipe(kind, self.rows, self.length, 1, rng.choice((512, 1024, WHOLE_WINDOW, WHOLE_WINDOW)))
        if kind == "frames" and self.far and progress > FAR_FROM and rng.random() < self.far:
            nearest, most = FAR
            # two rows fill the recurrent kernel better, one reaches further
            rows = rng.choice((1, 2)) if self.rows % 2 == 0 else 1
            length = self.rows // rows * self.length
            furthest = min(most, max(nearest, length // ROOM))
            return Recipe(kind, rows, length, furthest, WHOLE_WINDOW, nearest)
        # the whole window learns to search; a short one leaves the question to the recurrent state
        first, last = self.whole_frames if kind == "frames" else self.whole_text
        whole = rng.random() < first + (last - first) * min(1.0, progress)
        window = WHOLE_WINDOW if whole else rng.choice(SHORT_WINDOWS)
        if kind == "text":
            furthest = min(FAR_TEXT, 6 + round(progress * 480))
        else:
            furthest = min(FAR_FRAMES, 3 + round(max(0.0, progress - 0.05) * 280))
            if progress > 0.4 and rng.random() < 0.1:
                furthest = FARTHEST
        far = round(furthest ** rng.uniform(0.5, 1.0))  # near ones often: they are learnt first and not forgotten
        lengths = REACH[kind]
        longer = next((2**n for n, most in enumerate(lengths) if far <= most), 2 ** len(lengths))
        while longer > self.rows:
            longer //= 2
        return Recipe(kind, self.rows // longer, self.length * longer, far, window)
