"""Recordings as sources: a folder of pictures, or a video file. Delivered as fast as they are asked for.

Their frames carry the times of the recording, so everything behind them behaves as it would have then.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.capture import facts
from core.capture.facts import Facts
from core.capture.recording import FACTS_FILE
from core.capture.source import EndOfSource, FrameSource
from core.errors import InputError
from core.frame import Frame, Monitor, Pixels, Rect

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif"}
PICTURE_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "TIFF", "GIF")
FOLDER_RATE = 1.0  # pictures a second, where nothing else is said
VIDEO_RATE = 4.0  # frames a second taken from a video, as from a screen
MOST_PIXELS = 100_000_000  # a larger picture is taken for a mistake or an attack
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # file times before this are none


def replay(path: Path, fps: float | None = None, start: datetime | None = None) -> FrameSource:
    """A folder of pictures, a single picture, or a video file.

    ``fps``: pictures a second of a folder (1 unless its facts say otherwise), or frames a second taken from a
    video (4). ``start``: time of the first frame, UTC; else what the facts beside it say, else the file's own time.
    Raises InputError when there is nothing that can be replayed.
    """
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise InputError("The number of frames a second must be above 0.")
    if start is not None:
        start = start.astimezone(UTC)
    if path.is_dir():
        return FolderSource(path, sorted(_pictures_in(path), key=_natural), fps, start)
    if not path.is_file():
        raise InputError("There is no such file or folder to replay.", "Check the path.")
    if path.suffix.lower() in PICTURES:
        return FolderSource(path, [path], fps, start)
    return VideoSource(path, fps, start)


class Recording(ABC):
    """What the two kinds share. ``skipped`` counts what could not be read; ``notice`` says it in a sentence."""

    live = False

    def __init__(self, path: Path, start: datetime | None) -> None:
        self.path = path
        self.skipped = 0
        self._start = start
        self._first_noted: datetime | None = None
        self._last_monotonic = float("-inf")
        self._delivered = 0

    @property
    def name(self) -> str:
        return f"replay:{printable(self.path.name)}"

    @property
    @abstractmethod
    def notice(self) -> str:
        """What went wrong so far, for the user; empty when nothing did."""

    def _frame(self, pixels: Pixels, seconds: float, said: Facts, source: str) -> Frame:
        """A frame ``seconds`` after the recording's start, in the light of what is noted beside it."""
        height, width = pixels.shape[:2]
        start = self._start or self._first_noted or _file_time(self.path)
        time = said.time if said.time is not None and self._start is None else start + timedelta(seconds=seconds)
        self._delivered += 1
        monitor = said.monitor or Monitor(self.name, Rect(0, 0, width, height))
        windows = tuple(w for w in said.windows if w.rect.intersect(monitor.rect).area)
        return Frame(pixels, time, seconds, source, monitor, windows)


class FolderSource(Recording):
    """Pictures one after another, in the order noted in ``frames.jsonl``, else of their names (2 before 10)."""

    def __init__(self, path: Path, pictures: list[Path], fps: float | None, start: datetime | None) -> None:
        super().__init__(path, start)
        noted, self._unread_lines = facts.read(path / FACTS_FILE) if path.is_dir() else ([], 0)
        by_name = {said.file: said for said in noted if said.file is not None}
        order = {name: number for number, name in enumerate(by_name)}
        pictures.sort(key=lambda picture: order.get(picture.name, len(order)))  # stable: the others keep their order
        if not pictures:
            raise InputError("There are no pictures in this folder.", f"It can hold {', '.join(sorted(PICTURES))}.")
        self._pictures = [(picture, by_name.get(picture.name, Facts())) for picture in pictures]
        self._total = len(pictures)
        self._first_noted = next((said.time for _, said in self._pictures if said.time is not None), None)
        self._several = len({said.source for _, said in self._pictures if said.source is not None}) > 1
        self._fps = fps
        self._ahead = self._read()

    @property
    def notice(self) -> str:
        told = []
        if self.skipped:
            told.append(f"{self.skipped} of {self._total} pictures could not be read and were left out.")
        if self._unread_lines:
            told.append(f"{self._unread_lines} lines of {FACTS_FILE} could not be read.")
        return " ".join(told)

    def grab(self) -> Frame:
        """The next picture that can be read; raises EndOfSource after the last, InputError when there was none."""
        try:
            return next(self._ahead)
        except StopIteration:
            if not self._delivered:
                raise InputError("None of the pictures in this folder can be read.", "They may be damaged.") from None
            raise EndOfSource from None

    def close(self) -> None:
        self._ahead.close()

    def _read(self) -> Generator[Frame, None, None]:
        for (path, said), seconds in zip(self._pictures, self._times(), strict=True):
            pixels = read_picture(path)
            if pixels is None:
                self.skipped += 1
                continue
            source = f"{self.name}:{printable(said.source)}" if self._several and said.source else self.name
            yield self._frame(pixels, seconds, said, source)

    def _times(self) -> Iterator[float]:
        """Seconds from the start for each picture: never backwards, even where the clock was set back."""
        step = 1.0 / (self._fps or FOLDER_RATE)
        monotonic = [said.monotonic for _, said in self._pictures]
        noted = monotonic if None not in monotonic else [_seconds(said.time) for _, said in self._pictures]
        seconds = -step
        before: float | None = None
        for number, now in enumerate(noted):
            if self._fps is not None:
                seconds = number * step
            else:
                passed = 0.0 if now is None or before is None else now - before
                seconds += passed if passed > 0 else step
                before = now
            yield seconds


class VideoSource(Recording):
    """A video file, decoded by OpenCV, thinned to the wanted rate."""

    def __init__(self, path: Path, fps: float | None, start: datetime | None) -> None:
        super().__init__(path, start)
        noted, self._unread_lines = facts.read(path.with_name(f"{path.name}.jsonl"))
        by_index = {said.index: said for said in noted if said.index is not None}
        self._noted = [by_index[index] for index in sorted(by_index)]
        self._indices = sorted(by_index)
        self._first_noted = next((said.time for said in self._noted if said.time is not None), None)
        self._step = 1.0 / (fps or VIDEO_RATE)
        self._video = _opened(path)
        rate = float(self._video.get(cv2.CAP_PROP_FPS))
        self._rate = rate if math.isfinite(rate) and 0 < rate <= 1000 else VIDEO_RATE
        self._count = int(max(0, min(self._video.get(cv2.CAP_PROP_FRAME_COUNT), 2**31)))
        self._index = -1  # of the frame that was read last
        self._seconds = -1.0
        self._due = 0.0

    @property
    def notice(self) -> str:
        told = []
        if self.skipped:
            told.append(f"The video is damaged: {self.skipped} of its {self._count} frames could not be read.")
        if self._unread_lines:
            told.append(f"{self._unread_lines} lines of the facts beside it could not be read.")
        return " ".join(told)

    def grab(self) -> Frame:
        """The next frame that is due; raises EndOfSource after the last, InputError when none can be read."""
        while self._video.grab():
            self._index += 1
            shown_at = float(self._video.get(cv2.CAP_PROP_POS_MSEC)) / 1000
            if not math.isfinite(shown_at) or shown_at <= self._seconds:  # not every format says
                shown_at = self._index / self._rate if self._index else 0.0
            self._seconds = max(shown_at, self._seconds + 1e-3)
            if self._seconds < self._due - 0.5 / self._rate:
                continue
            decoded, bgr = self._video.retrieve()
            if not decoded or bgr is None or not bgr.size or bgr.shape[0] * bgr.shape[1] > MOST_PIXELS:
                self.skipped += 1
                continue
            self._due = max(self._due + self._step, self._seconds)
            pixels = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
            return self._frame(pixels, self._seconds, self._said(), self.name)
        if not self._delivered:
            raise InputError("No frame of this video can be read.", "The file may be damaged or cut short.")
        self.skipped += max(0, self._count - 1 - self._index)
        self._index = max(self._index, self._count - 1)  # said once
        raise EndOfSource

    def close(self) -> None:
        self._video.release()

    def _said(self) -> Facts:
        """What is noted of this frame: the latest facts at or before it; the time only of the very frame."""
        place = bisect_right(self._indices, self._index) - 1
        if place < 0:
            return Facts()
        said = self._noted[place]
        exact = self._indices[place] == self._index
        return said if exact else Facts(monitor=said.monitor, windows=said.windows)


def read_picture(path: Path) -> Pixels | None:
    """A picture file as RGB pixels; None when it cannot be read or is unreasonably large."""
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as picture:
            if not 0 < picture.width * picture.height <= MOST_PIXELS:
                return None
            upright = ImageOps.exif_transpose(picture)
            if upright.has_transparency_data:
                upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
            return np.array(upright.convert("RGB"), np.uint8)  # [H, W, 3]
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None
    except (ArithmeticError, LookupError, TypeError, MemoryError):  # what decoders make of damaged headers
        return None


def printable(name: str) -> str:
    """A file's name fit for showing and storing: file systems allow control characters and broken encodings."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def _pictures_in(folder: Path) -> Iterator[Path]:
    try:
        for path in folder.iterdir():
            if path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file():
                yield path
    except OSError as trouble:
        raise InputError("This folder cannot be read.", "Check its permissions.") from trouble


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Numbers in names count as numbers."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", path.name.casefold())
    return [(int(p), "") if p.isdecimal() and len(p) < 40 else (-1, p) for p in pieces], path.name


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else (time - EARLIEST).total_seconds()


def _file_time(path: Path) -> datetime:
    try:
        return max(EARLIEST, datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except (OSError, OverflowError, ValueError):
        return EARLIEST


def _opened(path: Path) -> cv2.VideoCapture:
    """The video, opened so that nothing in it can make FFmpeg read anything but local files."""
    for backend in (cv2.CAP_FFMPEG, cv2.CAP_OPENCV_MJPEG):
        with _local_files_only(), contextlib.suppress(cv2.error, UnicodeError):  # names that are not UTF-8
            video = cv2.VideoCapture(str(path.resolve()), backend)
            if video.isOpened():
                return video
            video.release()
    raise InputError("This file is not a video that can be read.", "It may be damaged, empty or of an unknown kind.")


@contextlib.contextmanager
def _local_files_only() -> Iterator[None]:
    name = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
    before = os.environ.get(name)
    os.environ[name] = "protocol_whitelist;file"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
