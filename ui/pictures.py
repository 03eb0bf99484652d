"""Thumbnails and pictures of moments: asked for once, kept while they are likely to be looked at again.

Lives on the main thread; the bridge fetches and decodes on its own threads.
"""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from ui.bridge import Bridge

KEPT_THUMBNAILS = 60  # about 320x180 each, a quarter of a megabyte; a screen shows thirty
WIDEST_THUMBNAIL = 480  # pixels; larger ones are scaled down when they arrive


class Pictures(QObject):
    """``thumbnail`` gives what is there at once, or None and ``ready`` later."""

    ready = Signal(int, QImage)  # moment, thumbnail; a null image where there is none
    picture_ready = Signal(int, QImage)  # moment, whole picture

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._kept: OrderedDict[int, QImage] = OrderedDict()
        self._wanted: set[int] = set()
        bridge.picture_fetched.connect(self._arrived)

    def thumbnail(self, moment: int) -> QImage | None:
        image = self._kept.get(moment)
        if image is not None:
            self._kept.move_to_end(moment)
            return image
        if moment not in self._wanted:
            self._wanted.add(moment)
            self._bridge.fetch_picture(moment, thumbnail=True)
        return None

    def fetch(self, moment: int) -> None:
        """Asks for the whole picture; ``picture_ready`` follows."""
        self._bridge.fetch_picture(moment, thumbnail=False)

    def forget(self) -> None:
        """Drops everything kept: called after the user had moments deleted."""
        self._kept.clear()

    def _arrived(self, moment: int, thumbnail: bool, image: QImage) -> None:
        if not thumbnail:
            self.picture_ready.emit(moment, image)
            return
        self._wanted.discard(moment)
        if image.width() > WIDEST_THUMBNAIL:
            image = image.scaledToWidth(WIDEST_THUMBNAIL)
        self._kept[moment] = image
        while len(self._kept) > KEPT_THUMBNAILS:
            self._kept.popitem(last=False)
        self.ready.emit(moment, image)
