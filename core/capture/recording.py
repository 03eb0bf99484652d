"""Writes frames as a folder that can be replayed: lossless pictures and one line of facts for each.

Writes what it is given: hand it frames that the gate has passed where privacy rules are to hold.
"""

from __future__ import annotations

import errno
from pathlib import Path

from PIL import Image

from core.capture import facts
from core.errors import DiskFullError, InputError
from core.frame import Frame

FACTS_FILE = "frames.jsonl"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Recorder:
    """Appends frames to ``folder``, which is made if need be; goes on after those that are there.

    Raises InputError when the folder cannot be written to, DiskFullError when there is no more room. A picture is
    noted only once it is complete, so a recording cut short at any moment can be replayed up to there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            numbers = [int(path.stem) for path in folder.glob("*.png") if path.stem.isdecimal()]
        except OSError as trouble:
            raise _told(trouble) from trouble
        self._next = max(numbers, default=-1) + 1

    def write(self, frame: Frame) -> Path:
        """Stores one frame; the path of its picture."""
        path = self.folder / f"{self._next:08d}.png"
        partial = path.with_suffix(".partial")
        try:
            Image.fromarray(frame.pixels).save(partial, format="PNG", compress_level=1)
            partial.replace(path)
            with (self.folder / FACTS_FILE).open("a", encoding="ascii") as file:
                file.write(facts.line(frame, path.name) + "\n")
        except OSError as trouble:
            partial.unlink(missing_ok=True)
            raise _told(trouble) from trouble
        self._next += 1
        return path


def _told(trouble: OSError) -> DiskFullError | InputError:
    if trouble.errno in NO_ROOM:
        return DiskFullError("There is no room for the recording.", "Free some disk space, or choose another folder.")
    return InputError("The recording's folder cannot be written to.", "Choose a folder of your own.")
