"""Starts the engine's process, and knows how one ends that could not begin."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from app.paths import HOME_VARIABLE, Paths
from core.errors import EngineUnreachableError

EXIT_DISK_FULL: Final = 28  # an engine's exit status; its last words have no room either

# On Windows: no console window, and no Ctrl-C meant for the one who started it.
_NO_CONSOLE: Final[int] = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)


def start_engine(paths: Paths, *, resume: bool = False) -> subprocess.Popen[bytes]:
    """Starts an engine process of its own session, which outlives this one.

    ``resume``: after a crash, record again what the killed engine was recording. Raises EnvironmentTroubleError
    where the folders cannot be made, EngineUnreachableError where no process can be started.
    """
    paths.prepare()
    command = [sys.executable, "engine"] if getattr(sys, "frozen", False) else [sys.executable, "-m", "app.engine"]
    environment = dict(os.environ)
    if paths.home is not None:
        environment[HOME_VARIABLE] = str(paths.home)
    try:
        with paths.last_words.open("wb") as errors:
            process = subprocess.Popen(
                [*command, *(["--resume"] if resume else [])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=Path(__file__).resolve().parent.parent,
                env=environment,
                start_new_session=True,
                creationflags=_NO_CONSOLE,
            )
    except OSError as error:
        raise EngineUnreachableError(
            f"The engine could not be started: {error.strerror}.", "Free some memory or disk space and try again."
        ) from error
    # Waits for the process's end, so that none is left behind as a zombie.
    threading.Thread(target=process.wait, name="engine-process", daemon=True).start()
    return process


def last_words(paths: Paths) -> str:
    """The last line that an engine wrote to its standard error, at most 500 characters; may be empty."""
    try:
        lines = paths.last_words.read_bytes()[-4000:].decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""
