"""The product's one straight line.

    capture -> gate -> preprocess -> see -> memory state
                    \\-> timeline
    question -> recall -> fork of the memory state -> answer, with the moments that support it

Knows nothing of processes, protocols or schedules: app.recorder brings frames, app.engine brings questions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from core.config import GateConfig, PrivacyRules, VisionBudget
from core.errors import DiskFullError
from core.frame import Frame, Pixels, utc_now
from core.gate import Change, Gate, Refusal
from core.preprocess import bare, observe
from core.recall import Answer, Recall, Turn

if TYPE_CHECKING:
    from app.mind import Mind
    from core.session import Session
    from core.timeline.ocr import Reader
    from core.timeline.store import Timeline


@dataclass(frozen=True)
class Policy:
    """What the user's settings say about what is seen and kept."""

    rules: PrivacyRules = field(default_factory=PrivacyRules)
    memory_only: bool = False  # no pictures and no text on disk
    busy_rate: float = GateConfig.max_rate  # the most frames a second that a source may bring


@dataclass
class Tally:
    """What became of the frames since the engine started."""

    seen: int = 0
    still: int = 0
    excluded: int = 0


class Assistant:
    def __init__(self, timeline: Timeline, mind: Mind, reader: Reader, policy: Policy) -> None:
        self._timeline = timeline
        self._mind = mind
        self._reader = reader
        self._policy = policy
        self._budget = VisionBudget()
        self._gate = self._new_gate()
        self._noted = 0
        self._noted_sources: set[str] = set()  # of which the timeline has moments that may still be on screen
        self.tally = Tally()

    def take(self, frame: Frame) -> Change | Refusal:
        """One frame down the line: accepted by the gate, noted in the timeline, shown to the model."""
        verdict = self._gate.judge(frame)
        self._count(verdict)
        if isinstance(verdict, Refusal):
            if verdict is not Refusal.EXCLUDED and not self._policy.memory_only:
                self._timeline.note_seen(frame.source, frame.time)
            return verdict
        self._accept(verdict)
        return verdict

    def _accept(self, change: Change) -> None:
        if not self._policy.memory_only:
            self._noted_sources.add(change.frame.source)
            self._timeline.add(change)
            self._noted += 1
        if not bare(change):
            self._mind.see(observe(change, self._budget))

    def ask(
        self,
        session: Session | None,
        question: str,
        *,
        now: datetime | None = None,
        memory_only: bool = False,
        picture: Pixels | None = None,
        earlier: Sequence[Turn] = (),
        picture_before: Pixels | None = None,
        given_up: Callable[[], bool] = lambda: False,
    ) -> Iterator[str | Answer]:
        """Pieces of the answer, then the answer with its moments. For the thread that owns the session."""
        recall = Recall(self._timeline, session, self._reader)
        return recall.ask(
            question,
            now or utc_now(),
            memory_only=memory_only,
            picture=picture,
            earlier=earlier,
            picture_before=picture_before,
            given_up=given_up,
        )

    @property
    def excluded_now(self) -> tuple[str, ...]:
        """Names of the privacy rules that painted something out of the last frame."""
        return tuple(self._gate.excluded_now)

    @property
    def noted(self) -> int:
        """Grows whenever the timeline has something new."""
        return self._noted

    def apply(self, policy: Policy) -> None:
        """New rules from the next frame on, which is judged as a source's first. No frame may be on its way."""
        self._policy = policy
        if policy.memory_only:
            for source in tuple(self._noted_sources):
                self._note_gone(source)  # what the timeline has of it ends here
        self.start_afresh()

    # --- what the recorder tells -------------------------------------------------------------------------------

    def start_afresh(self) -> None:
        """What was on screen before is no longer known: the next frame of each source is all news."""
        self._gate = self._new_gate()

    def gone(self, source: str) -> None:
        """A source stopped: what it showed last is not on screen any more, as far as anybody knows.

        The end of a recording is no reason to lose what the gate was still holding back.
        """
        held = self._gate.finish(source)
        if held is not None and source.startswith("replay:"):
            with contextlib.suppress(DiskFullError):
                self._accept(held)
        self._note_gone(source)

    def wait_for_room(self) -> None:
        self._mind.wait_for_room()

    def _note_gone(self, source: str) -> None:
        if source in self._noted_sources:
            self._noted_sources.discard(source)
            with contextlib.suppress(DiskFullError):  # its last moment then ends when it was last seen
                self._timeline.note_gone(source, utc_now())

    def _new_gate(self) -> Gate:
        fastest = max(GateConfig.max_rate, self._policy.busy_rate)
        return Gate(GateConfig(max_rate=fastest), self._policy.rules)

    def _count(self, verdict: Change | Refusal) -> None:
        self.tally.seen += 1
        self.tally.still += verdict is Refusal.STILL or verdict is Refusal.RATE
        self.tally.excluded += verdict is Refusal.EXCLUDED
