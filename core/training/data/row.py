"""A row of token ids: pictures, text and answers one after another, with their positions. Knows nothing of torch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.training.data import framing
from core.training.data.canvas import CELL, COLUMNS, LINES
from core.training.data.questions import KIND_INDEX

PATCH = CELL // 2
IGNORE = 255  # a cell without a target for the dense losses


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``patches``: uint8 [gh * gw, 4, 588], merged token by merged token. ``start``: its first pad in the row."""

    patches: np.ndarray
    grid: tuple[int, int]  # rows and columns of merged tokens
    characters: np.ndarray  # uint8 [gh * gw, LINES * COLUMNS]
    colours: np.ndarray  # uint8 [gh * gw]
    start: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer's tokens stand: ids[start : end] are to be predicted. ``distance``: observations ago."""

    start: int
    end: int
    kind: int
    distance: int
    size: int


@dataclass(slots=True, eq=False)
class Row:
    length: int
    ids: list[int] = field(default_factory=list)
    positions: list[tuple[int, int, int]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    next_position: int = 0

    @property
    def room(self) -> int:
        return self.length - len(self.ids)

    def text(self, ids: list[int]) -> None:
        self.ids.extend(ids)
        start = self.next_position
        self.positions.extend((start + i,) * 3 for i in range(len(ids)))
        self.next_position = start + len(ids)

    def picture(self, pixels: np.ndarray, characters: np.ndarray | None, colours: np.ndarray | None) -> None:
        gh, gw = pixels.shape[0] // CELL, pixels.shape[1] // CELL
        self.text([framing.VISION_START])
        start = self.next_position
        count = gh * gw
        blank = np.full((count, LINES * COLUMNS), IGNORE, np.uint8)
        self.pictures.append(
            Picture(
                patches_of(pixels),
                (gh, gw),
                blank if characters is None else characters.reshape(count, -1),
                blank[:, 0] if colours is None else colours.reshape(count),
                len(self.ids),
            )
        )
        self.ids.extend([framing.IMAGE_PAD] * count)
        self.positions.extend((start, start + row, start + column) for row in range(gh) for column in range(gw))
        self.next_position = start + max(gh, gw)
        self.text([framing.VISION_END])

    def ask(self, question: str, answer: str, kind: str, distance: int, size: int = 0) -> bool:
        """Add a question with its answer where there is room for both."""
        asked, answered = framing.question_ids(question), framing.answer_ids(answer)
        if len(asked) + len(answered) > self.room:
            return False
        self.text(asked)
        start = len(self.ids)
        self.text(answered)
        self.answers.append(Answer(start, len(self.ids), KIND_INDEX[kind], distance, size))
        return True


def patches_of(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> [tokens, 4, 588]: merged token by merged token, a patch as channel, row, column."""
    gh, gw = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    parts = pixels.reshape(gh, 2, PATCH, gw, 2, PATCH, 3)  # [gh, my, py, gw, mx, px, c]
    return np.ascontiguousarray(parts.transpose(0, 3, 1, 4, 6, 2, 5)).reshape(gh * gw, 4, 3 * PATCH * PATCH)
