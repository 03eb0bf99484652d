"""The screen of a Wayland session, as far as the desktop portal hands it out.

A screen cast through PipeWire where pipewire-capture is installed: every monitor that the user allows, at full rate.
Otherwise the portal's screenshots: the whole desktop, seldom, and through a file that is deleted as soon as it is
open. Windows are known where the compositor tells them (core.capture.windows).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from core.capture.bus import BusError
from core.capture.place import scaled, visible
from core.capture.portal import SCREENCAST, SCREENSHOT, SHORTCUTS, Cast, CastStream, Portal
from core.capture.source import FrameSource
from core.capture.windows import WindowFacts, window_facts
from core.config import CaptureConfig
from core.errors import CaptureDeniedError, DisplayMissingError, SourceLostError
from core.frame import Frame, Monitor, Pixels, Rect, Window, utc_now

LIBRARY = "pipewire_capture"
FIRST_FRAME = 3.0  # seconds until a cast that has brought nothing counts as broken
SHOT_RATE = 0.2  # screenshots a second: each costs the desktop a file
MOST_PIXELS = 200_000_000
log = logging.getLogger(__name__)

NO_PORTAL = (
    "This Wayland desktop has no portal that hands out the screen.",
    'Install xdg-desktop-portal and its part for your desktop, or log in to a session "on Xorg".',
)
WHOLE = "Record all of them (an empty capture.monitors), or install afterimage[wayland] and PipeWire."
PREFERRED = "Log in to a session on Xorg, or choose another monitor in the settings."


class CastReader(Protocol):
    """The part of pipewire_capture.CaptureStream that is used here."""

    @property
    def window_invalid(self) -> bool: ...

    def start(self) -> None: ...

    def get_frame(self) -> Any | None: ...

    def stop(self) -> None: ...


def is_wayland() -> bool:
    """Whether this is a Wayland session, where X shows only part of the screen, if anything."""
    return sys.platform.startswith("linux") and bool(os.environ.get("WAYLAND_DISPLAY"))


def wayland_screens(config: CaptureConfig) -> list[FrameSource]:
    """The sources that the portal grants; the user is asked unless ``config.permission`` spares the question.

    Raises DisplayMissingError without a portal, CaptureDeniedError where the user or the desktop refuses.
    """
    if config.region is not None:
        raise CaptureDeniedError(
            "A Wayland session does not let a region alone be recorded.",
            "Record whole monitors (an empty capture.region), or log in to a session on Xorg.",
        )
    with contextlib.ExitStack() as failing:
        portal = Portal()
        failing.callback(portal.close)
        facts = window_facts()
        failing.callback(facts.close)
        sources = _granted(portal, facts, config)
        failing.pop_all()  # the sources close both
    return sources


def _granted(portal: Portal, facts: WindowFacts, config: CaptureConfig) -> list[FrameSource]:
    if find_spec(LIBRARY) is not None and portal.version(SCREENCAST):
        with _broken_cast_told():
            return _casts(portal, facts, config)
    if not portal.version(SCREENSHOT):
        raise DisplayMissingError(*NO_PORTAL)
    if config.monitors:  # a screenshot shows them all
        raise CaptureDeniedError("This Wayland desktop does not hand out single monitors.", WHOLE)
    return [ShotSource(portal, facts)]


def offered() -> tuple[Literal["screen casts", "screenshots"], bool]:
    """What ``wayland_screens`` would get without asking the user, and whether there are global shortcuts.

    Raises DisplayMissingError where there is nothing to get.
    """
    portal = Portal()
    try:
        shortcuts = portal.version(SHORTCUTS) > 0
        if find_spec(LIBRARY) is not None and portal.version(SCREENCAST):
            return "screen casts", shortcuts
        if portal.version(SCREENSHOT):
            return "screenshots", shortcuts
    finally:
        portal.close()
    raise DisplayMissingError(*NO_PORTAL)


def _casts(portal: Portal, facts: WindowFacts, config: CaptureConfig) -> list[FrameSource]:
    cast = portal.cast(_kept(config.permission))
    try:
        if config.permission is not None and cast.token:
            with contextlib.suppress(OSError):  # then the user is asked again
                config.permission.write_text(cast.token, encoding="utf-8")
        chosen = [stream for stream in cast.streams if not config.monitors or stream.name in config.monitors]
        if not chosen:
            raise DisplayMissingError("None of the chosen monitors was allowed.", PREFERRED)
        library: Any = import_module(LIBRARY)
        shared = _SharedCast(portal, facts, cast, len(chosen))
        return [CastSource(shared, stream, _reader(library, cast, stream)) for stream in chosen]
    finally:
        os.close(cast.remote)  # each reader has its own copy


@contextlib.contextmanager
def _broken_cast_told() -> Iterator[None]:
    """A desktop that cannot cast its screen may still hand out pictures of it."""
    try:
        yield
    except BusError as error:
        log.warning("no screen cast, screenshots instead: %s", error.message)


def _reader(library: Any, cast: Cast, stream: CastStream) -> CastReader:
    """Raises BusError where PipeWire does not play along."""
    try:
        reader: CastReader = library.CaptureStream(cast.remote, stream.node, *stream.size)
        reader.start()
    except (RuntimeError, ValueError, OSError) as error:  # as pipewire_capture words its troubles
        raise BusError("PipeWire cannot be read.") from error
    return reader


def _kept(permission: Path | None) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return "" if permission is None else permission.read_text(encoding="utf-8")[:1000]
    return ""


class _SharedCast:
    """What the monitors of one cast have in common, closed by the last of them."""

    def __init__(self, portal: Portal, facts: WindowFacts, cast: Cast, users: int) -> None:
        self._portal, self._cast, self._users = portal, cast, users
        self.facts = facts

    def release(self) -> None:
        self._users -= 1
        if not self._users:
            self._portal.end(self._cast.session)
            self._portal.close()
            self.facts.close()


class CastSource:
    """One monitor of a screen cast as a FrameSource. PipeWire sends what changes; in between the picture stays."""

    live = True

    def __init__(
        self,
        shared: _SharedCast,
        stream: CastStream,
        reader: CastReader,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared, self._stream, self._reader, self._now = shared, stream, reader, now
        self._began = now()
        self._pixels: Pixels | None = None
        self._closed = False

    @property
    def name(self) -> str:
        return f"screen:{self._stream.name}"

    def grab(self) -> Frame | None:
        """See FrameSource; None also until the first picture has come. Raises SourceLostError when the cast ends."""
        if self._closed or self._reader.window_invalid:
            raise SourceLostError("The desktop ended the screen cast.", "It is asked for again.")
        if self._shared.facts.locked():
            return None
        before = self._shared.facts.windows()
        try:
            bgra = self._reader.get_frame()
        except RuntimeError as error:
            raise SourceLostError("The screen cast broke off.", "It is asked for again.") from error
        if bgra is not None:
            self._pixels = np.asarray(cv2.cvtColor(np.asarray(bgra), cv2.COLOR_BGRA2RGB), np.uint8)
        if self._pixels is None:
            if self._now() - self._began > FIRST_FRAME:
                raise SourceLostError("The screen cast brings no picture.", "It is asked for again.")
            return None
        width, height = self._stream.size
        left, top = self._stream.position
        logical = Rect(left, top, width or self._pixels.shape[1], height or self._pixels.shape[0])
        return _frame(self._pixels, self.name, self._stream.name, logical, before, self._shared.facts.windows())

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._reader.stop()
            self._shared.release()


class ShotSource:
    """The whole desktop by screenshots of the portal, as a FrameSource."""

    live = True
    name = "screen:desktop"
    most_rate = SHOT_RATE

    def __init__(self, portal: Portal, facts: WindowFacts) -> None:
        self._portal, self._facts = portal, facts
        self._closed = False

    def grab(self) -> Frame | None:
        """See FrameSource. Raises CaptureDeniedError where pictures are refused from now on."""
        if self._closed:
            raise SourceLostError("This desktop is no longer watched.")
        if self._facts.locked():
            return None
        before = self._facts.windows()
        pixels = picture_once(self._portal.screenshot())
        scale = self._facts.scale()
        whole = Rect(0, 0, round(pixels.shape[1] / scale), round(pixels.shape[0] / scale))
        return _frame(pixels, self.name, "desktop", whole, before, self._facts.windows())

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._portal.close()
            self._facts.close()


def picture_once(path: Path) -> Pixels:
    """A picture's pixels; its file is gone before they are looked at. Raises CaptureDeniedError for what is none."""
    broken = CaptureDeniedError("The desktop's picture of the screen cannot be read.", PREFERRED)
    try:
        with path.open("rb") as file:
            path.unlink(missing_ok=True)  # the rules have not seen it yet: nobody else may
            with Image.open(file, formats=("PNG", "JPEG", "WEBP")) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise broken
                return np.asarray(picture.convert("RGB"), np.uint8)
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise broken from error


def _frame(
    pixels: Pixels,
    source: str,
    monitor: str,
    logical: Rect,
    before: tuple[Window, ...] | None,
    after: tuple[Window, ...] | None,
) -> Frame:
    """A frame with its windows in its own pixels. ``logical``: the monitor as the compositor counts."""
    scale = pixels.shape[1] / max(1, logical.width)
    place = Monitor(monitor, scaled(logical, scale), scale)
    windows, earlier = visible(after, place, scale), visible(before, place, scale)
    return Frame(
        pixels=pixels,
        time=utc_now(),
        monotonic=time.monotonic(),
        source=source,
        monitor=place,
        windows=windows,
        unsettled=earlier if earlier != windows else (),
        listed=before is not None and after is not None,
    )
