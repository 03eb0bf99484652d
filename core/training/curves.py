"""What a run tells of itself: ``log.jsonl``, TensorBoard where it is installed, and a line for people."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

LOG = "log.jsonl"


class Curves:
    """Open for one run's folder; goes on after what earlier sittings wrote. Say nothing with ``folder`` None."""

    def __init__(self, folder: Path | None, out: TextIO) -> None:
        self._out = out
        self._record: TextIO | None = None
        self._board: Any = None
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._record = (folder / LOG).open("a", encoding="utf-8")
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.say("TensorBoard is not installed (pip install 'afterimage[train]'): curves go to log.jsonl only")
        else:
            self._board = SummaryWriter(str(folder / "tensorboard"))

    def __enter__(self) -> Curves:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._record is not None:
            self._record.close()
        if self._board is not None:
            self._board.close()

    def say(self, text: str) -> None:
        if self._record is not None:
            print(text, file=self._out, flush=True)

    def note(self, entry: dict[str, Any]) -> None:
        """Anything worth keeping beside the curves."""
        if self._record is not None:
            self._record.write(json.dumps(entry) + "\n")
            self._record.flush()

    def add(self, step: int, figures: dict[str, float]) -> None:
        """One point of every curve."""
        self.note({"step": step, **figures})
        self.say(f"step {step} " + " ".join(f"{name} {value:.4g}" for name, value in figures.items()))
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, step)


def read_points(folder: Path) -> list[dict[str, float]]:
    """A run's points in order; of a step that was trained twice, after a stop, the later one counts."""
    points: dict[int, dict[str, float]] = {}
    for line in (folder / LOG).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "loss" in entry:
            points[int(entry["step"])] = entry
    return [points[step] for step in sorted(points)]
