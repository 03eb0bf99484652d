"""A camera as a source, through OpenCV."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from core.errors import CaptureDeniedError, SourceLostError
from core.frame import Frame, Monitor, Rect, utc_now

TRIES = 3  # frames that may fail in a row until the camera counts as gone


class Camera(Protocol):
    """The part of cv2.VideoCapture that is used here."""

    def read(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


def webcam(index: int) -> WebcamSource:
    """The camera with this number, opened: its light goes on.

    Raises SourceLostError when there is none, CaptureDeniedError when the system refuses it.
    """
    device = Path(f"/dev/video{index}")
    if sys.platform.startswith("linux"):
        if index < 0 or not device.exists():
            raise SourceLostError(f"There is no camera number {index}.", "Plug it in, or choose another.")
        if not os.access(device, os.R_OK | os.W_OK):
            raise CaptureDeniedError(
                f"You may not use camera number {index}.", 'Add yourself to the group "video", and log in again.'
            )
    camera = cv2.VideoCapture(index)
    if not camera.isOpened():
        camera.release()
        raise CaptureDeniedError(
            f"Camera number {index} does not open.", "Close other programs that use it, and check its permission."
        )
    camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not one from seconds ago
    return WebcamSource(index, camera)


class WebcamSource:
    """An opened camera as a FrameSource."""

    live = True

    def __init__(self, index: int, camera: Camera) -> None:
        self._index = index
        self._camera: Camera | None = camera

    @property
    def name(self) -> str:
        return f"webcam:{self._index}"

    def grab(self) -> Frame:
        """The camera's present picture; raises SourceLostError when it gives none any more."""
        for _ in range(TRIES):
            if self._camera is None:
                break
            taken, bgr = self._camera.read()
            if taken and bgr is not None and bgr.size:
                height, width = bgr.shape[:2]
                return Frame(
                    pixels=np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8),
                    time=utc_now(),
                    monotonic=time.monotonic(),
                    source=self.name,
                    monitor=Monitor(self.name, Rect(0, 0, width, height)),
                )
        raise SourceLostError(f"Camera number {self._index} gives no pictures any more.", "Plug it in again.")

    def close(self) -> None:
        if self._camera is not None:
            self._camera.release()
            self._camera = None
