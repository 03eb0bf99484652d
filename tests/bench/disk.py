"""Which picture format and quality the timeline should keep: size, time, and whether its text can still be read.

    python -m tests.bench.disk [--pictures 6]

Real programs' windows (the recall bench's fixtures) are stored in each way, read again, and the lines compared with
what is read from the picture without loss. What a whole day takes is measured by tests.bench.working_day.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from difflib import SequenceMatcher

import numpy as np
from PIL import Image

from core.frame import Pixels
from core.timeline.ocr import Reader
from tests.bench.recall_scenes import FIXTURES

Encoder = Callable[[Image.Image, io.BytesIO], None]


def webp(quality: int, method: int) -> Encoder:
    return lambda picture, sink: picture.save(sink, "WEBP", quality=quality, method=method)


def avif(quality: int, speed: int) -> Encoder:
    return lambda picture, sink: picture.save(sink, "AVIF", quality=quality, speed=speed)


WAYS: dict[str, Encoder] = {
    "WebP lossless": lambda picture, sink: picture.save(sink, "WEBP", lossless=True, quality=40, method=1),
    "WebP q30 m2": webp(30, 2),
    "WebP q45 m0": webp(45, 0),
    "WebP q45 m2": webp(45, 2),
    "WebP q45 m4": webp(45, 4),
    "WebP q60 m2": webp(60, 2),
    "AVIF q40 s9": avif(40, 9),
    "AVIF q50 s8": avif(50, 8),
}


def text_of(reader: Reader, pixels: Pixels) -> str:
    return "\n".join(line.text for line in reader.read(pixels))


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare picture formats for the timeline.")
    parser.add_argument("--pictures", type=int, default=6)
    options = parser.parse_args()
    files = sorted(FIXTURES.glob("*/*.webp"))
    files = files[:: max(1, len(files) // options.pictures)][: options.pictures]
    pictures = []
    for file in files:
        with Image.open(file) as opened:
            pictures.append(opened.convert("RGB"))
    reader = Reader()
    whole = [text_of(reader, np.asarray(picture)) for picture in pictures]
    print(f"{len(pictures)} windows: {', '.join(file.stem for file in files)}")
    for name, encode in WAYS.items():
        size, spent, alike = 0, 0.0, list[float]()
        for picture, text in zip(pictures, whole, strict=True):
            sink = io.BytesIO()
            started = time.process_time()
            encode(picture, sink)
            spent += time.process_time() - started
            size += sink.tell()
            with Image.open(sink) as again:
                read = text_of(reader, np.asarray(again.convert("RGB")))
            alike.append(SequenceMatcher(None, text, read, autojunk=False).ratio())
        print(
            f"{name:14} {size / len(pictures) / 1000:6.1f} kB a window, {1000 * spent / len(pictures):5.0f} ms of "
            f"processor, text alike {100 * sum(alike) / len(alike):.2f} % (worst {100 * min(alike):.2f} %)"
        )


if __name__ == "__main__":
    main()
