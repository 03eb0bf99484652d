"""What is missing on this machine, and the command that mends it. Looks only; changes nothing."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from app import settings
from app.client import connect
from app.paths import Paths
from core.errors import AfterimageError

# What Qt's xcb platform loads at run time, and the Debian/Ubuntu package of each.
DESKTOP_LIBRARIES: Final = {
    "EGL": "libegl1",
    "GL": "libgl1",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "dbus-1": "libdbus-1-3",
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-image": "libxcb-image0",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-xkb": "libxcb-xkb1",
    "xcb-shape": "libxcb-shape0",
    "xcb-xinerama": "libxcb-xinerama0",
    "fontconfig": "libfontconfig1",
    "glib-2.0": "libglib2.0-0",
}
PACKAGES: Final = {
    "torch": "the model",
    "cv2": "cameras and videos",
    "mss": "screen capture",
    "rapidocr": "reading text",
    "onnxruntime": "reading text",
    "sqlite_utils": "the timeline",
    "PySide6": "the window",
}


@dataclass(frozen=True)
class Finding:
    """``state`` "missing": something cannot work; "note": worth knowing. ``remedy``: a command, or what to do."""

    subject: str
    state: Literal["good", "note", "missing"]
    message: str
    remedy: str = ""


def examine(paths: Paths) -> Iterator[Finding]:
    """Every check, in order; each yields at least one finding."""
    for check in _CHECKS:
        yield from check(paths)


def _python(_paths: Paths) -> Iterator[Finding]:
    yield Finding("python", "good", f"{platform.python_version()} on {platform.system()} {platform.release()}")


def _packages(_paths: Paths) -> Iterator[Finding]:
    absent = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    for name in absent:
        yield Finding("packages", "missing", f"{name} is not installed ({PACKAGES[name]}).", "python3 dev.py run")
    if not absent:
        yield Finding("packages", "good", "all Python packages are installed")


def _libraries(_paths: Paths) -> Iterator[Finding]:
    if not sys.platform.startswith("linux"):
        return
    absent = [package for library, package in DESKTOP_LIBRARIES.items() if ctypes.util.find_library(library) is None]
    if absent:
        install = f"sudo apt-get install {' '.join(absent)}"
        yield Finding("libraries", "missing", f"{len(absent)} system libraries of the window are missing.", install)
    else:
        yield Finding("libraries", "good", "the system libraries of the window are there")


def _display(_paths: Paths) -> Iterator[Finding]:
    try:
        from core.capture.screen import monitors
        from core.capture.wayland import is_wayland

        if is_wayland():
            yield from _wayland()
            return
        found = monitors()
    except AfterimageError as error:
        yield Finding("screen", "missing", error.message, error.remedy)
        return
    except ImportError:
        yield Finding("screen", "missing", "the screen cannot be captured without the packages above")
        return
    sizes = ", ".join(f"{monitor.name} {monitor.rect.width}x{monitor.rect.height}" for monitor in found)
    yield Finding("screen", "good", f"{len(found)} of them can be captured: {sizes}")


def _wayland() -> Iterator[Finding]:
    """What this Wayland desktop hands out; raises AfterimageError where it is nothing."""
    from core.capture.wayland import offered
    from core.capture.windows import window_facts

    kind, shortcuts = offered()
    yield Finding("screen", "good", f"This Wayland desktop hands out {kind} through its portal.")
    if kind != "screen casts":
        install = "pip install 'afterimage[wayland]', and PipeWire"
        yield Finding("screen", "note", "Screenshots are taken seldom; screen casts are better.", install)
    if not shortcuts:
        remedy = "Let the desktop's keyboard settings start `afterimage`."
        yield Finding("hotkeys", "note", "This desktop's portal has no global shortcuts.", remedy)
    facts = window_facts()
    known = facts.windows() is not None
    facts.close()
    if not known:
        remedy = "Log in to a session on Xorg, or set privacy.without_window_list to record."
        message = "This desktop does not tell its windows: exclusions cannot be kept, so nothing is recorded."
        yield Finding("windows", "note", message, remedy)


def _model(paths: Paths) -> Iterator[Finding]:
    from app.models import models

    chosen = next(m for m in models(paths, settings.load(paths).settings.model.path) if m.chosen)
    if chosen.present:
        yield Finding("model", "good", f"{chosen.name} is there")
    elif chosen.folder is None:
        yield Finding(
            "model",
            "note",
            "This build has no trained model: answers are the matching lines of the timeline.",
            "afterimage models get infinitevl",
        )
    else:
        yield Finding("model", "missing", f"{chosen.name} is not there.", "afterimage models list")


def _gpu(_paths: Paths) -> Iterator[Finding]:
    if shutil.which("nvidia-smi") is None:
        yield Finding("gpu", "note", "no NVIDIA GPU: the model runs on the processor")
        return
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        yield Finding("gpu", "note", "nvidia-smi does not answer", "Check the NVIDIA driver.")
        return
    names = [line.split("(UUID")[0].strip() for line in listed.stdout.splitlines()]
    yield Finding("gpu", "good" if names else "note", "; ".join(names) or "the NVIDIA driver sees no GPU")


def _disk(paths: Paths) -> Iterator[Finding]:
    folder = next(parent for parent in (paths.data, *paths.data.parents) if parent.exists())
    free = shutil.disk_usage(folder).free / 1e9
    limit = settings.load(paths).settings.engine.keep_free_gb
    if free < limit:
        remedy = "Free some disk space, or lower engine.keep_free_gb in the settings."
        yield Finding("disk", "missing", f"{free:.1f} GB are free; recording needs {limit:g}.", remedy)
    elif not os.access(folder, os.W_OK):
        yield Finding("disk", "missing", f"{folder} cannot be written.", "Give yourself the right to write there.")
    else:
        yield Finding("disk", "good", f"{free:.0f} GB are free at {paths.data}")


def _settings(paths: Paths) -> Iterator[Finding]:
    notices = settings.load(paths).notices
    for notice in notices:
        yield Finding("settings", "note", notice, f"Edit {paths.settings}")
    if not notices:
        yield Finding("settings", "good", str(paths.settings))


def _engine(paths: Paths) -> Iterator[Finding]:
    try:
        with connect(paths, start=False) as client:
            status = client.status()
    except AfterimageError:
        yield Finding("engine", "good", "not running; it starts when it is needed")
        return
    yield Finding("engine", "good", f"running as process {status.pid}: {status.state}")
    for notice in status.notices:
        yield Finding("engine", "note", notice)


_CHECKS: Final[tuple[Callable[[Paths], Iterator[Finding]], ...]] = (
    _python,
    _packages,
    _libraries,
    _display,
    _model,
    _gpu,
    _disk,
    _settings,
    _engine,
)
