"""Reads the text of pictures with rapidocr: lines in reading order. No threads of its own."""

from __future__ import annotations

from core.frame import Pixels
from core.timeline.moment import Line
from core.timeline.store import Timeline


class Reader:
    """Loads its models on the first read. One reader may be shared by threads; reads are serialised."""

    def __init__(self, threads: int = 1) -> None:
        raise NotImplementedError

    def read(self, pixels: Pixels) -> list[Line]:
        """Lines in reading order; ``pixels`` [H, W, 3] RGB."""
        raise NotImplementedError


def read_unread(timeline: Timeline, reader: Reader, limit: int = 1) -> int:
    """Reads at most ``limit`` unread moments (newest first) and stores their text; how many were read.

    The reading thread's whole loop: while read_unread(...): pass; then wait for the next moment.
    """
    raise NotImplementedError
