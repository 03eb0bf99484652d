"""The screen: monitors, or a region of the desktop, as sources of frames, through mss (Wayland: wayland.py).

Windows are read before and after each picture, so that one that appears in between cannot slip past the privacy
rules. Knows nothing of rules or of what is done with the frames.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import mss
import numpy as np

from core.capture.place import scaled_monitor, visible
from core.capture.source import FrameSource
from core.capture.wayland import is_wayland, wayland_screens
from core.capture.windows import WindowFacts, window_facts
from core.config import CaptureConfig
from core.errors import CaptureDeniedError, DisplayMissingError, InputError, SourceLostError
from core.frame import Frame, Monitor, Pixels, Rect, Window, utc_now

LOST = (mss.ScreenShotError, AssertionError)  # mss asserts that an X server which died meanwhile had answered
ENUMERATE_INTERVAL = 1.0  # seconds between two looks at which monitors there are
REGION = "region"  # the name of the monitor that a chosen region stands for


def screens(config: CaptureConfig) -> list[FrameSource]:
    """A source for each chosen monitor, or one for the chosen region.

    Call it again to find monitors that have appeared since. Monitors named in the configuration but absent are
    left out; raises DisplayMissingError when that leaves none or there is no display, CaptureDeniedError when the
    system refuses, InputError for an impossible region.
    """
    if is_wayland():
        return wayland_screens(config)
    desktop = Desktop()
    try:
        found = desktop.monitors()
        if config.region is not None:
            chosen = [_region(config.region, found)]
        else:
            chosen = [m for m in found if not config.monitors or m.name in config.monitors]
    except Exception:
        desktop.close()
        raise
    if not chosen:
        desktop.close()
        raise DisplayMissingError(
            "None of the chosen monitors is connected.", "Connect one, or choose another in the settings."
        )
    return [ScreenSource(desktop, monitor) for monitor in chosen]


def monitors() -> list[Monitor]:
    """The monitors there are now, for the settings; none where the desktop asks the user instead of telling them.

    Raises as ``screens`` does.
    """
    if is_wayland():
        return []
    desktop = Desktop()
    try:
        return desktop.monitors()
    finally:
        desktop.close()


def _region(region: tuple[int, int, int, int], found: Sequence[Monitor]) -> Monitor:
    """A chosen rectangle as a monitor of its own, cut to the desktop."""
    desktop = Rect.around(monitor.rect for monitor in found)
    rect = Rect(*region).intersect(desktop)
    if not rect.area:
        raise InputError("The chosen region lies outside the desktop.", "Choose it again in the settings.")
    scale = next((m.scale for m in found if m.rect.contains(*rect.centre)), 1.0)
    return Monitor(REGION, rect, scale)


@dataclass(slots=True)
class _Facts:
    """The windows before and after a picture, in desktop pixels; None: they could not be read."""

    before: tuple[Window, ...] | None
    after: tuple[Window, ...] | None


class Desktop:
    """One connection to the display, shared by the sources of its monitors and closed by the last of them."""

    def __init__(self, facts: WindowFacts | None = None) -> None:
        self._users = 0
        self._enumerated_at = float("-inf")
        self._scale = 1.0
        try:
            self._grabber = mss.MSS()
            self._monitors = self._enumerate()
        except mss.ScreenShotError as trouble:
            raise DisplayMissingError(
                "There is no screen to watch: the display does not answer.",
                "Start the program from a desktop session, or with a virtual screen (python3 dev.py run --virtual).",
            ) from trouble
        try:
            self._facts = window_facts() if facts is None else facts
            self._scale = self._facts.scale()
            self._monitors = [replace(monitor, scale=self._scale) for monitor in self._monitors]
        except Exception:
            self._grabber.close()
            raise

    def monitors(self) -> list[Monitor]:
        """The monitors there are, looked up again at most once in ENUMERATE_INTERVAL."""
        if time.monotonic() - self._enumerated_at >= ENUMERATE_INTERVAL:
            try:
                fresh = self._enumerate()
            except LOST as trouble:
                raise SourceLostError("The display went away.", "Recording goes on when it is back.") from trouble
            if fresh != self._monitors:
                self._grabber.close()  # its buffer has the size of the old desktop
                self._grabber = mss.MSS()
                self._monitors = fresh
        return self._monitors

    def locked(self) -> bool:
        return self._facts.locked()

    def take(self, rect: Rect) -> tuple[Any, _Facts]:
        """The raw picture of ``rect`` (mss's, BGRA) and the windows around its taking.

        Raises SourceLostError when the display is gone or the rectangle is no longer on it.
        """
        before = self._facts.windows()
        try:
            shot = self._grabber.grab(asdict(rect))
        except LOST as trouble:
            self._enumerated_at = float("-inf")
            raise SourceLostError(
                "A monitor could not be read: it was changed or unplugged.", "The others go on."
            ) from trouble
        return shot, _Facts(before, self._facts.windows())

    def acquire(self) -> None:
        self._users += 1

    def release(self) -> None:
        self._users -= 1
        if self._users == 0:
            self.close()

    def close(self) -> None:
        with contextlib.suppress(*LOST):
            self._grabber.close()
        self._facts.close()

    def _enumerate(self) -> list[Monitor]:
        """Through a fresh connection: mss looks only once for each."""
        with mss.MSS() as fresh:
            listed = fresh.monitors[1:] or fresh.monitors[:1]
        self._enumerated_at = time.monotonic()
        found: list[Monitor] = []
        for number, facts in enumerate(listed, 1):
            name = str(facts.get("output") or facts.get("name") or f"monitor-{number}")
            if any(monitor.name == name for monitor in found):
                name = f"{name}-{number}"
            rect = Rect(facts["left"], facts["top"], facts["width"], facts["height"])
            found.append(Monitor(name, rect, self._scale))
        return found


class ScreenSource:
    """One monitor (or region) as a FrameSource. While its picture stays the same, so does ``Frame.pixels``."""

    live = True

    def __init__(self, desktop: Desktop, monitor: Monitor) -> None:
        desktop.acquire()
        self._desktop = desktop
        self._monitor = monitor
        self._raw: bytearray | None = None
        self._pixels: Pixels | None = None
        self._closed = False

    @property
    def name(self) -> str:
        return f"screen:{self._monitor.name}"

    @property
    def monitor(self) -> Monitor:
        return self._monitor

    def grab(self) -> Frame | None:
        """See FrameSource. Raises SourceLostError once its monitor is no longer there, under this name."""
        if self._closed:
            raise SourceLostError("This monitor is no longer watched.")
        self._follow()
        if self._desktop.locked():
            return None
        time_taken, monotonic = utc_now(), time.monotonic()
        shot, facts = self._desktop.take(self._monitor.rect)
        pixels = self._converted(shot)
        scale = pixels.shape[1] / self._monitor.rect.width  # above 1 where the system counts in points (macOS)
        monitor = scaled_monitor(self._monitor, scale)
        after = visible(facts.after, monitor, scale)
        before = visible(facts.before, monitor, scale)
        return Frame(
            pixels=pixels,
            time=time_taken,
            monotonic=monotonic,
            source=self.name,
            monitor=monitor,
            windows=after,
            unsettled=before if before != after else (),
            listed=facts.before is not None and facts.after is not None,
        )

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._desktop.release()

    def _follow(self) -> None:
        """Keeps up with a monitor that changed its resolution or place."""
        present = self._desktop.monitors()
        if self._monitor.name == REGION:
            present = [self._monitor] if self._monitor.rect.area and _inside(self._monitor.rect, present) else []
        found = next((monitor for monitor in present if monitor.name == self._monitor.name), None)
        if found is None:
            raise SourceLostError("A monitor went away.", "The others go on; it is taken up again when it is back.")
        self._monitor = found

    def _converted(self, shot: Any) -> Pixels:
        """RGB pixels of a picture; the very same array as before when nothing on it has changed."""
        raw = shot.raw
        width, height = shot.size
        if self._pixels is not None and self._pixels.shape[:2] == (height, width) and raw == self._raw:
            return self._pixels
        if len(raw) != width * height * 4 or not raw:
            raise CaptureDeniedError("The system handed out an empty picture of the screen.", "Log in again.")
        bgra = np.frombuffer(raw, np.uint8).reshape(height, width, 4)  # [H, W, BGRA], no copy
        pixels: Pixels = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB).astype(np.uint8, copy=False)
        pixels.flags.writeable = False
        self._raw, self._pixels = raw, pixels
        return pixels


def _inside(rect: Rect, present: Sequence[Monitor]) -> bool:
    desktop = Rect.around(monitor.rect for monitor in present)
    return rect.intersect(desktop) == rect
