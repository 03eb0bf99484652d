"""What an examiner asks: of every kind alike, as far as the screens allow it."""

from __future__ import annotations

from random import Random

from core.session import Session
from core.training.data.batches import Source
from core.training.evaluate import Examiner
from tests.helpers.sessions import NotingSession


class _Wordless(Examiner):
    """Answers nothing, and is late after so many questions."""

    left = 120

    @property
    def late(self) -> bool:
        return self.left <= 0

    def _fresh(self) -> Session:
        return self.session

    def answer(self, session: Session, question: str) -> str:
        self.left -= 1
        return ""


def test_what_few_screens_show_is_asked_nearly_half_as_often_as_titles() -> None:
    examiner = _Wordless(NotingSession(), Source(held_out=True).drawer(), Random(0))
    examiner.reading()
    asked = examiner.asked
    assert set(asked) == {"title", "code", "line", "colour"}
    assert min(asked.values()) > 0.45 * asked["title"]
    assert all(right == 0 for right, _ in examiner.tally.counts.values())
