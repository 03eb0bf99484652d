"""What an examiner asks: of every kind alike, as far as the screens allow it, and of every age a stream reaches."""

from __future__ import annotations

from random import Random

from core.session import Session
from core.training.data.batches import Source
from core.training.data.canvas import Screen
from core.training.evaluate import Examiner, _spread, evaluate
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


def _examiner() -> _Wordless:
    return _Wordless(NotingSession(), Source(held_out=True).drawer(), Random(0))


def test_facts_of_each_age_are_asked_for_all_over_a_stream_s_second_half() -> None:
    examiner = _examiner()
    examiner.left = 1000
    examiner.stream(40, 6)
    counts = {key: count for key, (_, count) in examiner.tally.counts.items()}
    assert set(counts) >= {"recall_exact_1", "recall_exact_4", "recall_exact_16"}
    assert "recall_exact_64" not in counts
    for age in (1, 4, 16):
        assert counts[f"recall_exact_{age}"] >= 10
        assert counts[f"baseline_last4_recall_exact_{age}"] == counts[f"zeroed_state_recall_exact_{age}"] == 6
    assert counts["when_exact"] == counts["order_exact"] == counts["not_seen_exact"] == 6


def test_the_oldest_age_is_reached_and_asked_for_as_often_as_the_stream_allows() -> None:
    examiner = _examiner()
    examiner.left = 1000
    examiner.stream(67, 6)
    assert examiner.tally.counts["zeroed_state_recall_exact_64"][1] == 3  # at 64, 65 and 66


def test_places_are_spread_evenly_and_end_with_the_last() -> None:
    assert _spread(10, 19, 4) == {10, 13, 16, 19}
    assert _spread(17, 18, 5) == {17, 18}
    assert _spread(3, 9, 1) == {9}


class _Newest(_Wordless):
    """Answers with the newest value shown; notes how many other screens came after it."""

    def __init__(self) -> None:
        super().__init__(NotingSession(), Source(held_out=True).drawer(), Random(4))
        self.values: list[str] = []
        self.left = 40

    def _valued(self, labels: list[str]) -> tuple[Screen, str]:
        screen, value = super()._valued(labels)
        assert sum(fact.subject == labels[0] for fact in screen.facts) == 1
        self.values.append(value)
        return screen, value

    def answer(self, session: Session, question: str) -> str:
        self.left -= 1
        return self.values[-1]


def test_of_a_value_shown_anew_the_newest_counts() -> None:
    examiner = _Newest()
    examiner.updates()
    right, count = examiner.tally.counts["update_exact"]
    assert right == count == 40


def test_parts_that_are_left_out_are_not_asked() -> None:
    tally = evaluate(NotingSession(), Source(held_out=True).drawer(), "quick", 0, 0.0, None, ("updates",))
    assert not tally.counts
