"""Reads the text of pictures with rapidocr's models: lines in reading order, cells of tables apart.

Finding text and recognising it are rapidocr's; what a line's characters mean together (decode.py) and how lines
stand to each other (layout.py) is decided here. No threads: whoever calls decides when and at which priority.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from core.frame import Pixels, Rect
from core.timeline.decode import Cell, cells_of, glyphs_of, ink_of, settle_lookalikes
from core.timeline.layout import in_rows, worth_reading
from core.timeline.moment import Line
from core.timeline.store import Timeline

TALLEST = 1200  # pixels of a picture that are searched for text at once
LINE_HEIGHT = 48  # what the recogniser takes
NARROWEST = 64  # pixels of width below which a line's picture is filled up with its background
WIDEST = 3200  # pixels at LINE_HEIGHT; longer lines are read compressed
FAINT = 0.5  # lines read less surely than this are nothing (icons, pictures)
FAINT_SIGN = 0.9  # the same for a single sign that is neither letter nor digit
KNOWN_LINES = 6_000  # line pictures remembered with their text
SMALL_TEXT = 13  # pixels of height up to which finding text works better enlarged
WIDER = 0.06  # of a box's height added at both ends: first and last characters are cut easily
EDGE = 2  # pixels: a line this close to a cut edge is itself cut


class Reader:
    """Loads its models on the first read. Threads may share one; reading is serialised."""

    def __init__(self, threads: int = 1) -> None:
        """``threads``: how many the models may use."""
        self._threads = threads
        self._engine: Any = None
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[Cell, ...]] = OrderedDict()

    def read(self, pixels: Pixels) -> list[Line]:
        """Lines of ``pixels`` [H, W, 3] RGB in reading order; cells side by side share a row."""
        if min(pixels.shape[:2]) < 8:
            return []
        with self._lock:
            boxes = list[Rect]()
            for part in worth_reading(pixels, TALLEST):
                _merge(boxes, [box.moved(part.left, part.top) for box in self._find(_cut(pixels, part))])
            pieces = [piece for box in boxes for piece in self._recognise(pixels, box)]
        return in_rows(pieces)

    def _models(self) -> Any:
        if self._engine is None:
            from rapidocr import RapidOCR  # a second to load: only where reading is wanted

            self._engine = RapidOCR(
                params={
                    "Global.log_level": "critical",
                    "Global.use_cls": False,
                    "Global.max_side_len": 4096,  # never scaled down: small text would be lost
                    "Global.min_side_len": 32,
                    "Global.use_vertical_padding": False,
                    "Det.limit_side_len": 32,  # never scaled up: low strips would become huge
                    "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                }
            )
            blank = np.zeros((LINE_HEIGHT, NARROWEST, 3), np.uint8)
            self._engine(blank, use_det=False, use_cls=False, use_rec=True)  # loads the recogniser
        return self._engine

    def _find(self, part: Pixels) -> list[Rect]:
        """Where text is, in the pixels of ``part``."""
        engine = self._models()
        height, width = part.shape[:2]
        padded = _padded(part, 16)
        found = engine(padded[..., ::-1], use_det=True, use_cls=False, use_rec=False)
        if found is None or found.boxes is None:
            return []
        whole = Rect(0, 0, width, height)
        boxes = []
        for corners in found.boxes:
            left, top = np.floor(corners.min(axis=0)).astype(int) - 16
            right, bottom = np.ceil(corners.max(axis=0)).astype(int) - 16
            more = int(WIDER * (bottom - top))
            box = Rect(int(left) - more, int(top), int(right - left) + 2 * more, int(bottom - top)).intersect(whole)
            if box.width >= 4 and box.height >= 6:
                boxes.append(box)
        return boxes

    def _recognise(self, pixels: Pixels, box: Rect) -> list[Line]:
        """The text in a box: one line, or several cells where wide gaps part it."""
        crop = _cut(pixels, box)
        key = _key(crop)
        cells = self._known.pop(key, None)
        if cells is None:
            cells = tuple(self._cells(crop))
        self._known[key] = cells
        if len(self._known) > KNOWN_LINES:
            self._known.popitem(last=False)
        lines = []
        for cell in cells:
            left, right = round(cell.left), round(cell.right)
            rect = Rect(box.left + left, box.top, max(1, right - left), box.height)
            lines.append(Line(cell.text, rect, cell.confidence))
        return lines

    def _cells(self, crop: Pixels) -> list[Cell]:
        height, width = crop.shape[:2]
        scaled = max(16, min(WIDEST, round(width * LINE_HEIGHT / height)))
        line = cv2.resize(crop, (scaled, LINE_HEIGHT), interpolation=cv2.INTER_LINEAR)
        filled = max(scaled, NARROWEST)
        if filled > scaled:
            line = np.concatenate([line, np.repeat(line[:, -1:], filled - scaled, axis=1)], axis=1)
        batch = line[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1  # [1, 3, 48, W]
        recogniser = self._models().text_rec
        probabilities = recogniser.session(batch)[0]  # [T, C]
        glyphs = glyphs_of(probabilities, recogniser.postprocess_op.character, width * filled / scaled)
        cells = cells_of(settle_lookalikes(glyphs), ink_of(crop), height)
        return [cell for cell in cells if cell.confidence >= (FAINT if _wordlike(cell.text) else FAINT_SIGN)]


def read_unread(timeline: Timeline, reader: Reader, limit: int = 1) -> int:
    """Reads at most ``limit`` unread moments, newest first, and stores their text; how many were dealt with.

    The whole loop of a reading thread: ``while read_unread(timeline, reader): pass``, then wait for moments.
    """
    done = 0
    for moment in timeline.unread(limit):
        read_moment(timeline, reader, moment.id)
        done += 1
    return done


def read_moment(timeline: Timeline, reader: Reader, moment: int) -> None:
    """Reads what of a moment was not read yet: all of it, or the rows that changed since the one it is based on."""
    part = timeline.unread_part(moment)
    pixels = timeline.pixels(moment)
    if part is None or pixels is None:
        timeline.set_text(moment, ())
        return
    if part.base is None or not timeline.is_read(part.base) or part.top + part.height > len(pixels):
        lines = reader.read(pixels)
    else:
        bottom = part.top + part.height
        fresh = [
            Line(line.text, line.rect.moved(0, part.top), line.confidence)
            for line in reader.read(pixels[part.top : bottom])
            if not _cut_by_edge(line.rect, part.top, part.height, len(pixels))
        ]
        kept = [
            line
            for line in timeline.lines(part.base)
            if line.rect.top < part.top + EDGE or line.rect.bottom > bottom - EDGE
        ]
        lines = in_rows([*_without_doubles(kept, fresh), *fresh])
    visible = [line for line in lines if not any(rect.contains(*line.rect.centre) for rect in part.covered)]
    timeline.set_text(moment, visible, part.picture)


def _cut_by_edge(rect: Rect, top: int, height: int, window_height: int) -> bool:
    """Whether a line of a band touches an edge of the band that is not the window's."""
    return (top > 0 and rect.top < EDGE) or (top + height < window_height and rect.bottom > height - EDGE)


def _without_doubles(kept: Sequence[Line], fresh: Sequence[Line]) -> list[Line]:
    """The kept lines that no fresh one has taken the place of."""
    return [
        line for line in kept if not any(line.rect.intersect(new.rect).area > 0.5 * line.rect.area for new in fresh)
    ]


def _wordlike(text: str) -> bool:
    return any(c.isascii() and c.isalnum() for c in text) or len(text) > 2


def _cut(pixels: Pixels, rect: Rect) -> Pixels:
    return pixels[rect.top : rect.bottom, rect.left : rect.right]


def _padded(part: Pixels, margin: int) -> Pixels:
    """The part with its edge pixels continued outwards: text at the very edge is found too."""
    return np.pad(part, ((margin, margin), (margin, margin), (0, 0)), mode="edge")


def _merge(boxes: list[Rect], more: Sequence[Rect]) -> None:
    """Adds boxes; where two parts overlap, the larger of two views of the same text stays."""
    for box in more:
        doubles = [b for b in boxes if b.intersect(box).area > 0.5 * min(b.area, box.area)]
        if any(double.area >= box.area for double in doubles):
            continue
        for double in doubles:
            boxes.remove(double)
        boxes.append(box)


def _key(crop: Pixels) -> bytes:
    """What the picture of a line is known by: its exact pixels without empty margins."""
    grey = crop[..., 1].astype(np.int16)
    busy = np.abs(grey - int(np.median(grey))) > 24
    rows, columns = np.flatnonzero(busy.any(axis=1)), np.flatnonzero(busy.any(axis=0))
    margins = b""
    if len(rows) and len(columns):
        # The margins count too, but coarsely: a box may be found a pixel wider without its text being another.
        margins = bytes(((len(crop) - len(rows)) // 4,))
        crop = crop[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    digest = hashlib.blake2b(np.ascontiguousarray(crop).tobytes(), digest_size=16)
    digest.update(np.array(crop.shape).tobytes() + margins)
    return digest.digest()
