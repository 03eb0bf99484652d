"""What the engine was asked to do, on disk while it runs: a killed one is told by the file it left behind."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.settings import write_whole
from core.errors import AfterimageError


class Intent(BaseModel):
    model_config = ConfigDict(frozen=True)

    sources: tuple[str, ...] = ()  # what was being recorded and would be again; recordings are not
    paused: bool = False
    paused_until: datetime | None = None  # UTC; None while paused: until resumed
    pause_seconds: float | None = None  # the whole of it, so that a clock set back cannot make it longer


def read(path: Path) -> Intent | None:
    """What a killed engine was doing; None after an orderly end."""
    try:
        return Intent.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        # Cut short or damaged. Nothing is known but that there was one: the safe reading is that it was paused.
        return Intent(paused=True)


def write(path: Path, intent: Intent) -> None:
    with contextlib.suppress(AfterimageError):  # on a full disk the older one stays
        write_whole(path, intent.model_dump_json().encode())


def clear(path: Path) -> None:
    """An orderly end."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
