"""The camera, with a video file in its place: what it gives, and how its loss is told."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.capture.webcam import WebcamSource, webcam
from core.errors import SourceLostError


def test_pictures_come_as_rgb_until_the_camera_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "camera.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(3):
        writer.write(np.full((48, 64, 3), (200, 0, 0), np.uint8))  # blue, in OpenCV's order
    writer.release()
    source = WebcamSource(0, cv2.VideoCapture(str(path)))
    taken = source.grab()
    assert (source.name, source.live) == ("webcam:0", True)
    assert taken.size == (64, 48)
    assert taken.pixels[24, 32].tolist() == pytest.approx([0, 0, 200], abs=8)
    assert taken.windows == ()
    source.grab()
    source.grab()
    with pytest.raises(SourceLostError):
        source.grab()
    source.close()
    source.close()


def test_no_camera_is_one_clear_error() -> None:
    with pytest.raises(SourceLostError, match="no camera number 97"):
        webcam(97)
