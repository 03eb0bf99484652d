"""What a source's name in a request or a setting stands for. Opens them; knows nothing of when."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError

if TYPE_CHECKING:
    from core.capture.source import FrameSource
    from core.config import CaptureConfig

SCREEN = "screen"


def is_live(wanted: str) -> bool:
    """Whether a name stands for the screen or a camera, and not for a recording."""
    return wanted == SCREEN or re.fullmatch(r"webcam(:\d{1,3})?", wanted) is not None


class Sources:
    """Opens "screen", "webcam", "webcam:<n>", or a path of a video or a folder of pictures."""

    def open(self, wanted: str, fps: float | None, config: CaptureConfig) -> list[FrameSource]:
        """Raises InputError for what can never be opened, EnvironmentTroubleError for what cannot be now."""
        if wanted == SCREEN:
            from core.capture.screen import screens

            return screens(config)
        if is_live(wanted):
            from core.capture.webcam import webcam

            return [webcam(int(wanted.partition(":")[2] or 0))]
        from core.capture.replay import replay

        path = Path(wanted)
        if not path.is_absolute() or "\0" in wanted:
            raise InputError("A recording to replay needs a full path.", "Sources are: screen, webcam, or a path.")
        return [replay(path, fps)]

    def present(self, config: CaptureConfig) -> frozenset[str]:
        """Names of the screen sources that ``open`` would give now; none for a chosen region."""
        if config.region is not None:
            return frozenset()
        from core.capture.screen import monitors

        return frozenset(
            f"screen:{monitor.name}"
            for monitor in monitors()
            if not config.monitors or monitor.name in config.monitors
        )
