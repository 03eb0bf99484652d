"""A session without a model, for tests of what is around it: it remembers the times of what it saw, on disk too."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import torch

from core.errors import StateError
from core.model.bundle import Bundle
from core.preprocess import Observation
from core.session import Session, SessionFacts


class NotingSession(Session):
    """``seen``: headers in order. ``gate``: seeing waits for it, as a slow model would take its time."""

    def __init__(self, name: str = "noting", gate: threading.Event | None = None) -> None:
        self.name = name
        self.seen: list[str] = []
        self.gate = gate
        self.began = threading.Event()  # something is being seen
        self.failures: list[Exception] = []  # raised by the next calls of see
        self.on_save: Callable[[], None] = lambda: None
        self.last_answer_logprob = None

    @property
    def bundle(self) -> Bundle:
        """Of a model only its device, which needs no preparing."""
        return cast("Bundle", SimpleNamespace(device=torch.device("cpu")))

    @property
    def facts(self) -> SessionFacts:
        return SessionFacts(self.name, "cpu", len(self.seen), 10 * len(self.seen), 100, answers=False)

    def see(self, observation: Observation) -> int:
        self.began.set()
        if self.gate is not None:
            self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.seen.append(observation.header)
        return 10

    def save(self, path: Path) -> None:
        self.on_save()
        path.write_text(json.dumps({"model": self.name, "seen": self.seen}))

    def load(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text())
            if content["model"] != self.name:
                raise StateError("The saved memory belongs to another model.")
            self.seen = content["seen"]
        except (ValueError, KeyError) as error:
            raise StateError("The saved memory is damaged.") from error

    def reset(self) -> None:
        self.seen = []
