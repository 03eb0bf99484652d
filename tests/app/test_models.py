"""Downloading and verifying models, with a hub that is a folder."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest

from app import models
from app.models import MANIFEST
from app.paths import Paths
from app.work import StoppedError
from core.errors import DiskFullError, EnvironmentTroubleError, InputError

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights" * 1000,
    "tokenizer.json": b"[]",
    "modeling.py": b"raise SystemExit('never run')",
}


class Hub:
    """Publishes FILES; ``sent`` is what arrives."""

    def __init__(self) -> None:
        self.sent = dict(FILES)
        self.failure: Exception | None = None

    def model_info(self, repository: str, files_metadata: bool) -> Any:
        if self.failure:
            raise self.failure
        siblings = [
            SimpleNamespace(
                rfilename=name,
                size=len(data),
                lfs=SimpleNamespace(sha256=hashlib.sha256(data).hexdigest()) if name.endswith("tensors") else None,
            )
            for name, data in FILES.items()
        ]
        return SimpleNamespace(sha="abc", siblings=siblings)

    def download(self, repository: str, *, local_dir: Path, allow_patterns: list[str], **_options: Any) -> None:
        local_dir.mkdir(parents=True, exist_ok=True)
        for name in allow_patterns:
            (local_dir / name).write_bytes(self.sent[name])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: hub)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.download)
    return hub


def quiet(_share: float, _what: str) -> None:
    pass


def test_a_model_is_downloaded_verified_and_listed_without_its_programs(hub: Hub, paths: Paths) -> None:
    folder = models.get(paths, "infinitevl", quiet)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [MANIFEST, "config.json", "model.safetensors", "tokenizer.json"]
    )
    (listed,) = [model for model in models.models(paths, str(folder)) if model.chosen]
    assert (listed.name, listed.present) == ("infinitevl", True)
    assert models.verify(folder, quiet) == models.Checked(3, ())


def test_a_damaged_download_is_told_and_mended_by_the_next(hub: Hub, paths: Paths) -> None:
    hub.sent["model.safetensors"] = b"weightz" * 1000
    with pytest.raises(EnvironmentTroubleError, match="damaged"):
        models.get(paths, "owner/name", quiet)
    hub.sent = dict(FILES)
    assert models.get(paths, "owner/name", quiet).name == "owner--name"


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"weights" * 999),
        lambda path: path.write_bytes(b"Weights" + b"weights" * 999),
        lambda path: path.unlink(),
    ],
)
def test_verification_finds_what_changed_later(hub: Hub, paths: Paths, damage: Callable[[Path], None]) -> None:
    folder = models.get(paths, "infinitevl", quiet)
    damage(folder / "model.safetensors")
    checked = models.verify(models.folder_of(paths, "infinitevl"), quiet)
    assert len(checked.troubles) == 1
    assert "model.safetensors" in checked.troubles[0]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (RuntimeError("connect"), EnvironmentTroubleError),
        (OSError(28, "No space left on device"), DiskFullError),
        (ConnectionError(), EnvironmentTroubleError),
    ],
)
def test_what_goes_wrong_on_the_way_is_told_in_our_words(
    hub: Hub, paths: Paths, failure: Exception, kind: type[Exception]
) -> None:
    hub.failure = failure
    with pytest.raises(kind):
        models.get(paths, "infinitevl", quiet)


def test_too_little_room_is_told_before_anything_is_fetched(
    hub: Hub, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(path)._replace(free=10))
    with pytest.raises(DiskFullError):
        models.get(paths, "infinitevl", quiet)
    assert not (paths.models / "infinitevl").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": {"a": {}}}', b"\xff"])
def test_a_damaged_list_of_checksums_is_told(paths: Paths, content: bytes) -> None:
    folder = paths.models / "mine"
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(InputError, match="checksums"):
        models.verify(folder, quiet)


def test_a_verification_that_is_cancelled_stops_and_deletes_nothing(hub: Hub, paths: Paths) -> None:
    folder = models.get(paths, "infinitevl", quiet)
    (folder / "model.safetensors").write_bytes(b"weightz" * 1000)

    def stop(_share: float, _what: str) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        models.verify(folder, stop)
    assert (folder / "model.safetensors").exists()


def test_a_cancelled_download_is_no_trouble_with_the_network(
    hub: Hub, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, tqdm_class: Callable[..., Any], **__: object) -> None:
        with tqdm_class(total=100, unit="B") as bar:
            bar.update(10)

    def stop(_share: float, _what: str) -> None:
        raise StoppedError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", stopped)
    with pytest.raises(StoppedError):
        models.get(paths, "infinitevl", stop)
