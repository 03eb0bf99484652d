"""The models one can use: the built-in one, published ones, and folders of one's own; download and verification.

Weights are only ever safetensors: nothing that was downloaded is run. Knows nothing of how a model works.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.paths import Paths
from app.settings import NO_ROOM, write_whole
from app.work import Report, StoppedError
from core.errors import DiskFullError, EnvironmentTroubleError, InputError

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

BUILT_IN: Final = "nano"
PUBLISHED: Final = {
    "infinitevl": ("hustvl/InfiniteVL", "InfiniteVL 4B: answers in its own words; wants a GPU with 12 GB"),
}
MANIFEST: Final = "afterimage-manifest.json"
WANTED_FILES: Final = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.txt", "LICENSE*")
CHUNK: Final = 2**22  # bytes read at a time
SPARE: Final = 10**9  # bytes left free after a download


@dataclass(frozen=True)
class Model:
    """``folder`` None: the built-in one. ``present``: its files are on this machine."""

    name: str
    description: str
    folder: Path | None
    present: bool
    chosen: bool
    size: int = 0  # bytes on disk


@dataclass(frozen=True)
class Checked:
    """The outcome of a verification. ``troubles``: a sentence for each file that is not what it should be."""

    files: int
    troubles: tuple[str, ...]


def models(paths: Paths, chosen: str) -> list[Model]:
    """Those that can be used or downloaded. ``chosen``: the setting model.path."""
    found = [Model(BUILT_IN, "built in: small, for every machine", None, _built_in_present(), not chosen)]
    for name, (_repository, description) in PUBLISHED.items():
        found.append(_model(paths.models / name, name, description, chosen))
    known = {model.name for model in found}
    others = sorted(file.parent for file in paths.models.glob("*/config.json") if file.parent.name not in known)
    found += [_model(folder, folder.name, "downloaded", chosen) for folder in others]
    if chosen and all(not model.chosen for model in found):
        found.append(_model(Path(chosen).expanduser(), chosen, "a folder of your own", chosen))
    return found


def get(paths: Paths, name: str, report: Report) -> Path:
    """Downloads a model, going on where an earlier try ended, and verifies it; its folder.

    ``name``: one of PUBLISHED, or ``owner/name`` on the hub. Raises InputError, DiskFullError, or
    EnvironmentTroubleError without a network.
    """
    if name == BUILT_IN:
        raise InputError("The nano model is built in; there is nothing to download.")
    repository = PUBLISHED[name][0] if name in PUBLISHED else name
    if not re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", repository):
        raise InputError(f"There is no model {name[:100]!r}.", f"Known: {', '.join(PUBLISHED)}, or owner/name.")
    folder = paths.models / (name if name in PUBLISHED else repository.replace("/", "--"))
    paths.prepare()
    from huggingface_hub import HfApi, snapshot_download

    with _hub_errors(repository):
        info = HfApi().model_info(repository, files_metadata=True)
    needed = _manifest(info)
    total = sum(entry["size"] for entry in needed.values())
    _check_room(paths, folder, total)
    with _hub_errors(repository):
        snapshot_download(
            repository,
            revision=info.sha,
            local_dir=folder,
            allow_patterns=list(needed),
            tqdm_class=_progress_class(report, total),
        )
    write_whole(folder / MANIFEST, json.dumps({"revision": info.sha, "files": needed}, indent=1).encode())
    checked = verify(folder, report)
    if checked.troubles:
        raise EnvironmentTroubleError(
            f"The download is damaged: {checked.troubles[0]}", f"Run `afterimage models get {name}` again."
        )
    return folder


def verify(folder: Path, report: Report) -> Checked:
    """Compares every file with the sizes and SHA-256 sums noted at the download.

    Damaged files are deleted, so that the next download fetches them. Raises InputError without a manifest.
    """
    try:
        entries: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())["files"]
        total = sum(entry["size"] for entry in entries.values())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} has no list of checksums: it was not downloaded by this program.", "Download it again."
        ) from error
    done, troubles = 0, []
    for name, entry in entries.items():
        path = folder / name
        if not path.is_file():
            troubles.append(f"{name} is missing.")
            continue
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                done += len(chunk)
                report(min(1.0, done / max(1, total)), f"verifying {name}")
        if path.stat().st_size != entry["size"] or (entry["sha256"] and digest.hexdigest() != entry["sha256"]):
            troubles.append(f"{name} is not what was published; it was deleted.")
            path.unlink()
    return Checked(len(entries), tuple(troubles))


def folder_of(paths: Paths, name: str) -> Path:
    """The folder of a downloaded model; raises InputError."""
    folder = paths.models / name.replace("/", "--")
    if not re.fullmatch(r"[\w./-]{1,200}", name) or ".." in name or not folder.is_dir():
        raise InputError(f"The model {name[:100]!r} is not on this machine.", "`afterimage models list` shows them.")
    return folder


def _model(folder: Path, name: str, description: str, chosen: str) -> Model:
    present = (folder / "config.json").is_file()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if present else 0
    return Model(name, description, folder, present, bool(chosen) and Path(chosen).expanduser() == folder, size)


def _built_in_present() -> bool:
    import importlib.resources

    return (importlib.resources.files("resources") / "nano" / "config.json").is_file()


def _manifest(info: ModelInfo) -> dict[str, dict[str, Any]]:
    """Name -> size and SHA-256 (empty for small files, of which the hub knows none) of what is downloaded."""
    from fnmatch import fnmatch

    files = [f for f in info.siblings or [] if any(fnmatch(f.rfilename, pattern) for pattern in WANTED_FILES)]
    if any(".." in Path(file.rfilename).parts or Path(file.rfilename).is_absolute() for file in files):
        raise InputError("This model's file names lead out of its folder: it is not to be trusted.")
    if not any(file.rfilename.endswith(".safetensors") for file in files):
        raise InputError("This model has no safetensors weights.", "Others are not loaded: they can hold programs.")
    return {file.rfilename: {"size": file.size or 0, "sha256": file.lfs.sha256 if file.lfs else ""} for file in files}


@contextlib.contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    """What can go wrong between here and the hub, in our own words."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        yield
    except StoppedError:
        raise
    except GatedRepoError as error:
        raise InputError(
            f"The hub gives {repository} only to those who accepted its terms.",
            "Accept them on its page, then `hf auth login`.",
        ) from error
    except RepositoryNotFoundError as error:
        raise InputError(f"The hub has no model {repository}.", "Check the name.") from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFullError("The disk is full.", "Free some space and try again.") from error
        raise _unreachable(error) from error
    except Exception as error:
        # The hub's client lets its HTTP library's errors through, and which library that is differs by version.
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> EnvironmentTroubleError:
    return EnvironmentTroubleError(
        f"The hub cannot be reached or broke off ({type(error).__name__}).",
        "Check the network and try again: a download goes on where it ended.",
    )


def _check_room(paths: Paths, folder: Path, needed: int) -> None:
    present = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    free = shutil.disk_usage(paths.data).free
    if free < needed - present + SPARE:
        raise DiskFullError(
            f"The model needs {(needed - present) / 1e9:.1f} GB; {free / 1e9:.1f} GB are free.",
            "Free some disk space.",
        )


def _progress_class(report: Report, total: int) -> type:
    """The hub's progress bars, told to ``report`` instead of drawn."""
    from huggingface_hub.utils.tqdm import tqdm

    class Told(tqdm):
        done = 0

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs["disable"] = True
            self._bytes = kwargs.get("unit") == "B"
            super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]  # the hub's class has no types

        def update(self, n: float | None = 1) -> bool | None:
            if self._bytes:
                Told.done += int(n or 0)
                report(min(1.0, Told.done / max(1, total)), "downloading")
            return super().update(n)  # type: ignore[no-any-return]

    return Told
