"""Picture files: WebP, one folder a day, thumbnails apart. Whole files or none; no database here.

A picture's key is "<day>/<name>"; the same key names its thumbnail.
"""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import DiskFullError
from core.frame import Pixels

SUFFIX = ".webp"
THUMBNAIL_QUALITY = 60
SAMPLE = 20_000  # pixels looked at to tell drawn surfaces from photographs
FEW_COLOURS = 0.08  # different colours per pixel of the sample, below which a picture is drawn
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_KEY = re.compile(r"\d{4}-\d{2}-\d{2}/[0-9a-f]+(-\d+)?")


def encode(pixels: Pixels, quality: int) -> bytes:
    """WebP bytes of [H, W, 3] pixels.

    Text and drawn surfaces are kept without loss: that takes fewer bytes than a good lossy picture and their text
    is read again exactly. ``quality`` (1 to 100) is for photographs and the like.
    """
    sink = io.BytesIO()
    picture = Image.fromarray(pixels)
    if _is_drawn(pixels):
        picture.save(sink, "WEBP", lossless=True, quality=40, method=1)
    else:
        picture.save(sink, "WEBP", quality=quality, method=2)
    return sink.getvalue()


def _is_drawn(pixels: Pixels) -> bool:
    """Whether most pixels share few colours, as on all screens but photographs and gradients."""
    flat = pixels.reshape(-1, 3)
    sample = flat[:: max(1, len(flat) // SAMPLE)].astype(np.int32)
    colours = len(np.unique(sample[:, 0] << 16 | sample[:, 1] << 8 | sample[:, 2]))
    return colours < FEW_COLOURS * len(sample)


def decode(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Turns the system's "no space left" into the product's own error."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(
                "The disk is full: recording has stopped.", "Free some space; it goes on by itself."
            ) from error
        raise


class Pictures:
    """The pictures below ``folder``."""

    def __init__(self, folder: Path, quality: int, thumbnail_side: int) -> None:
        self._pictures = folder / "pictures"
        self._thumbnails = folder / "thumbnails"
        self._quality = quality
        self._side = thumbnail_side

    def store(self, pixels: Pixels, time: datetime, quality: int | None = None) -> tuple[str, int]:
        """Writes a picture; its key and size in bytes. Raises DiskFullError; then nothing is left behind."""
        data = encode(pixels, quality or self._quality)
        day, stem = f"{time:%Y-%m-%d}", f"{int(time.timestamp() * 1e6):x}"
        key, number = f"{day}/{stem}", 0
        while self.path(key).exists():
            number += 1
            key = f"{day}/{stem}-{number}"
        write_whole(self.path(key), data)
        return key, len(data)

    def path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):  # keys come back from a database that may have been damaged
            raise ValueError("not a picture's key")
        return self._pictures / (key + SUFFIX)

    def load(self, key: str) -> bytes | None:
        """The stored bytes; None where the file is missing."""
        with suppress(FileNotFoundError):
            return self.path(key).read_bytes()
        return None

    def thumbnail(self, key: str, picture: Pixels | None) -> bytes | None:
        """The thumbnail's bytes, made from ``picture`` on the first call. A full disk only means not keeping it."""
        self.path(key)
        file = self._thumbnails / (key + SUFFIX)
        with suppress(FileNotFoundError):
            return file.read_bytes()
        if picture is None:
            return None
        small = Image.fromarray(picture)
        small.thumbnail((self._side, self._side), Image.Resampling.LANCZOS)
        sink = io.BytesIO()
        small.save(sink, "WEBP", quality=THUMBNAIL_QUALITY, method=2)
        with suppress(DiskFullError):
            write_whole(file, sink.getvalue())
        return sink.getvalue()

    def has_thumbnail(self, key: str) -> bool:
        self.path(key)
        return (self._thumbnails / (key + SUFFIX)).exists()

    def remove(self, key: str) -> None:
        for file in (self.path(key), self._thumbnails / (key + SUFFIX)):
            file.unlink(missing_ok=True)
            with suppress(OSError):  # the day's folder, once it is empty
                file.parent.rmdir()

    def sweep(self, known: set[str]) -> int:
        """Removes files of no moment (a write cut short by a crash); how many."""
        removed = 0
        for folder in (self._pictures, self._thumbnails):
            for file in folder.glob("*/*"):
                if file.suffix != SUFFIX or f"{file.parent.name}/{file.stem}" not in known:
                    file.unlink(missing_ok=True)
                    removed += 1
        return removed

    def bytes(self) -> int:
        """What pictures and thumbnails take, counted file by file."""
        return sum(
            file.stat().st_size for folder in (self._pictures, self._thumbnails) for file in folder.glob("*/*")
        )


def write_whole(file: Path, data: bytes) -> None:
    """The file with all of ``data``, or no file."""
    partial = file.with_name(file.name + ".part")
    with full_disk_told():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as sink:
                sink.write(data)
            partial.replace(file)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
