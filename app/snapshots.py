"""The memory state on disk: the newest for the next start, older ones to go back to when something is forgotten.

A snapshot's name holds its number and the newest time that the state has seen, so that forgetting what happened
from some time on finds the newest state that knows nothing of it, even if the clock was set back in between.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.settings import NO_ROOM
from core.errors import DiskFullError, EnvironmentTroubleError, StateError

if TYPE_CHECKING:
    from core.session import Session

NAME: Final = re.compile(r"(\d{10})_(\d{8}T\d{12})\.state(\.bad)?")
TIME: Final = "%Y%m%dT%H%M%S%f"
MOST: Final = 48  # of one model: enough for a state every few minutes lately, then hours, then days
LONGEST: Final = timedelta(days=30)
MOST_BAD: Final = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Snapshot:
    """One saved state. ``number`` grows with each; ``newest``: the latest time it has seen (UTC)."""

    number: int
    newest: datetime
    path: Path
    size: int  # bytes


class Snapshots:
    """The saved states of one user, a folder for each model. For the thread that owns the model."""

    def __init__(self, folder: Path, budget: int) -> None:
        """``budget``: bytes of one model's states; the newest is kept even if it alone is larger."""
        self._folder = folder
        self.budget = budget

    def save(self, session: Session, newest: datetime) -> Snapshot:
        """Writes the state, whole or not at all, then thins the older ones. Raises DiskFullError and such."""
        folder = self._of(session)
        number = max((snapshot.number for snapshot in _in(folder, bad=True)), default=0) + 1
        path = folder / f"{number:010d}_{newest.astimezone(UTC):{TIME}}.state"
        fresh = folder / "saving.tmp"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            session.save(fresh)
            _to_disk(fresh)
            fresh.replace(path)
            _to_disk(folder)
            size = path.stat().st_size
        except (OSError, EnvironmentTroubleError) as error:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            if isinstance(error, EnvironmentTroubleError):
                raise
            kind = DiskFullError if error.errno in NO_ROOM else EnvironmentTroubleError
            raise kind(
                f"The memory could not be saved: {error.strerror}.",
                "Free some disk space; it is tried again every minute.",
            ) from error
        self._thin(folder)
        return Snapshot(number, newest, path, size)

    def restore(self, session: Session) -> tuple[Snapshot | None, list[str]]:
        """Loads the newest state that can be read, and tells of those that cannot (they are set aside).

        None: there is none, and the session is as it was.
        """
        told: list[str] = []
        for snapshot in reversed(_in(self._of(session))):
            try:
                session.load(snapshot.path)
            except (StateError, OSError):
                log.exception("snapshot %d cannot be loaded", snapshot.number)
                told.append(
                    f"The memory saved {snapshot.newest:%Y-%m-%d %H:%M} UTC was damaged and is set aside; "
                    "an older one is used, the timeline has the rest."
                )
                with contextlib.suppress(OSError):
                    snapshot.path.rename(snapshot.path.with_suffix(".state.bad"))
                continue
            return snapshot, told
        return None, told

    def forget(self, start: datetime | None) -> None:
        """Deletes every state, of every model, that saw anything at or after ``start`` (None: all of them)."""
        for folder in self._folder.glob("*"):
            for snapshot in _in(folder, bad=True):
                if start is None or snapshot.newest >= start:
                    snapshot.path.unlink(missing_ok=True)
            (folder / "saving.tmp").unlink(missing_ok=True)

    def _of(self, session: Session) -> Path:
        """Another model's states are of no use to this one, but they come back with it."""
        return self._folder / (re.sub(r"[^A-Za-z0-9.-]+", "-", session.facts.model).strip("-.")[:60] or "model")

    def _thin(self, folder: Path) -> None:
        """Drops states until they fit, always the one that leaves the smallest gap for its age."""
        kept = _in(folder)
        while len(kept) > 1 and (len(kept) > MOST or sum(snapshot.size for snapshot in kept) > self.budget):
            newest = kept[-1].newest

            def loss(index: int, kept: list[Snapshot] = kept, newest: datetime = newest) -> float:
                before = kept[index - 1].newest if index else newest - LONGEST
                gap = abs((kept[index + 1].newest - before).total_seconds())
                return gap / (abs((newest - kept[index].newest).total_seconds()) + 60)

            victim = kept.pop(min(range(len(kept) - 1), key=loss))
            victim.path.unlink(missing_ok=True)
        for snapshot in [found for found in _in(folder, bad=True) if found.path.suffix == ".bad"][:-MOST_BAD]:
            snapshot.path.unlink(missing_ok=True)


def _in(folder: Path, *, bad: bool = False) -> list[Snapshot]:
    """The snapshots in a folder by number, with those set aside if ``bad``."""
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in os.scandir(folder):
            name = NAME.fullmatch(entry.name)
            if name is None or (name[3] and not bad):
                continue
            with contextlib.suppress(OSError, ValueError):
                newest = datetime.strptime(name[2], TIME).replace(tzinfo=UTC)
                found.append(Snapshot(int(name[1]), newest, Path(entry.path), entry.stat().st_size))
    return sorted(found)


def _to_disk(path: Path) -> None:
    """Asks the system to write a file, or a folder's entries, to the disk now."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no such thing for folders; its rename is journalled
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
