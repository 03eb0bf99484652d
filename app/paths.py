"""Where everything of one user lies: data, settings, log, lock and socket.

``AFTERIMAGE_HOME`` moves all of it into one folder. Knows nothing of what is in the files.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import EnvironmentTroubleError

HOME_VARIABLE = "AFTERIMAGE_HOME"
LONGEST_SOCKET_PATH = 100  # bytes; the system's limit is 104 on macOS and 108 on Linux


@dataclass(frozen=True)
class Paths:
    """Folders of one user. Nothing exists until :meth:`prepare` was called."""

    data: Path  # timeline, snapshots, models
    config: Path  # settings.toml
    log: Path  # engine.log
    runtime: Path  # lock, key, socket
    home: Path | None = None  # the one folder of all, where they were moved

    @property
    def settings(self) -> Path:
        return self.config / "settings.toml"

    @property
    def timeline(self) -> Path:
        return self.data / "timeline"

    @property
    def snapshots(self) -> Path:
        return self.data / "snapshots"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def engine_log(self) -> Path:
        return self.log / "engine.log"

    @property
    def last_words(self) -> Path:
        """What an engine wrote to its standard error: why it did not start."""
        return self.log / "engine.stderr"

    @property
    def lock(self) -> Path:
        return self.runtime / "engine.lock"

    @property
    def key(self) -> Path:
        return self.runtime / "engine.key"

    @property
    def intent(self) -> Path:
        """What the running engine was asked to do; left behind only by an engine that was killed."""
        return self.data / "intent.json"

    @property
    def address(self) -> str:
        """The engine's address: a socket's path, or a pipe's name on Windows."""
        name = hashlib.sha256(os.fsencode(self.runtime)).hexdigest()[:16]
        if sys.platform == "win32":
            return rf"\\.\pipe\afterimage-{name}"
        path = self.runtime / "engine.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return str(path)
        return str(Path(tempfile.gettempdir()) / f"afterimage-{os.getuid()}-{name}" / "engine.sock")

    def prepare(self) -> None:
        """Makes the folders, closed to other users; raises EnvironmentTroubleError where that cannot be done."""
        for folder in (self.data, self.config, self.log, self.runtime):
            private_folder(folder)
        if sys.platform != "win32":
            private_folder(Path(self.address).parent)


def user_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """The folders of the user who runs this program."""
    if home := environ.get(HOME_VARIABLE):
        return paths_in(Path(home))
    import platformdirs

    folders = platformdirs.PlatformDirs("afterimage", appauthor=False)
    return Paths(
        data=folders.user_data_path,
        config=folders.user_config_path,
        log=folders.user_log_path,
        # Beside the data and not in /run: a runtime folder vanishes at log-out, and the lock must outlive a log-in
        # that a recording engine outlives too.
        runtime=folders.user_data_path / "run",
    )


def paths_in(home: Path) -> Paths:
    """Everything in one folder."""
    root = home.expanduser().absolute()
    return Paths(data=root / "data", config=root / "config", log=root / "log", runtime=root / "run", home=root)


def private_folder(folder: Path) -> None:
    """Makes ``folder`` readable for this user alone; raises EnvironmentTroubleError where that cannot be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            facts = folder.lstat()
            if facts.st_uid != os.getuid() or not folder.is_dir():
                raise EnvironmentTroubleError(
                    f"The folder {folder} belongs to somebody else.",
                    f"Remove it, or choose another place with {HOME_VARIABLE}.",
                )
            if facts.st_mode & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise EnvironmentTroubleError(
            f"The folder {folder} cannot be made or used: {error.strerror}.",
            f"Give yourself the right to write there, or choose another place with {HOME_VARIABLE}.",
        ) from error
