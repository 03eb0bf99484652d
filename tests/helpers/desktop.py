"""A virtual desktop (Xvfb, openbox, a tray) for end-to-end tests and for machines without a screen.

As a command it runs one program on such a desktop and leaves a screenshot:

    python -m tests.helpers.desktop --screenshot OUT.png [--seconds N] -- PROGRAM ARGS...
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import mss
import mss.tools

POLL = 0.05  # seconds between looks at a condition that X cannot announce
STARTED = 60.0  # seconds a program may take to show its window


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Returns as soon as ``condition`` holds; raises TimeoutError naming ``what`` otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(POLL)


def stop(process: subprocess.Popen[bytes], seconds: float = 5.0) -> None:
    """Ends a program and its children politely, then firmly."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return


class VirtualDesktop:
    """Xvfb on a free display with openbox and, where wanted, a tray; programs started here are ended with it."""

    def __init__(self, width: int = 1920, height: int = 1080, tray: bool = True) -> None:
        self._size = f"{width}x{height}x24"
        self._tray = tray
        self._processes: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None
        self.display = ""

    def __enter__(self) -> VirtualDesktop:
        reader, writer = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-noreset", "-nolisten", "tcp", "-screen", "0", self._size],
            pass_fds=(writer,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(writer)
        with os.fdopen(reader) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        self.display = f":{number}"
        self.run(["openbox", "--sm-disable"])
        wait_until(self._has_window_manager, STARTED, "the window manager's start")
        if self._tray and shutil.which("trayer"):
            self.run(["trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "28"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            stop(process)
        if self._server is not None:
            stop(self._server)

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment with the virtual screen as its only display."""
        environment = {**os.environ, "DISPLAY": self.display, "XDG_SESSION_TYPE": "x11"}
        environment.pop("WAYLAND_DISPLAY", None)
        environment.pop("QT_QPA_PLATFORM", None)
        return environment

    def run(
        self, command: list[str], environment: dict[str, str] | None = None, output: int | IO[bytes] | None = None
    ) -> subprocess.Popen[bytes]:
        """Starts a program on this desktop, in a process group of its own."""
        sink = subprocess.DEVNULL if output is None else output
        process = subprocess.Popen(
            command,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT if output is not None else sink,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def close(self, process: subprocess.Popen[bytes]) -> None:
        stop(process)
        self._processes.remove(process)

    def windows(self, pattern: str) -> list[str]:
        """The ids of visible windows whose title matches the regular expression."""
        found = self._tool("xdotool", "search", "--onlyvisible", "--name", pattern)
        return found.stdout.split()

    def wait_for_window(self, pattern: str, seconds: float = STARTED) -> str:
        wait_until(lambda: self.windows(pattern), seconds, f"a window named like {pattern!r}")
        return self.windows(pattern)[0]

    def focus(self, window: str) -> None:
        self._tool("xdotool", "windowactivate", "--sync", window)

    def move(self, pattern: str, x: int, y: int) -> None:
        """Moves the first window whose title matches."""
        self._tool("xdotool", "windowmove", self.windows(pattern)[0], str(x), str(y))

    def point(self, x: int, y: int) -> None:
        """Moves the pointer."""
        self._tool("xdotool", "mousemove", str(x), str(y))

    def resize(self, window: str, width: int, height: int) -> None:
        self._tool("xdotool", "windowsize", "--sync", window, str(width), str(height))

    def click(self, x: int, y: int) -> None:
        self._tool("xdotool", "mousemove", str(x), str(y), "click", "1")

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Presses the left button at one place, moves, and lets it go at another."""
        there, here = map(str, start), map(str, end)
        self._tool("xdotool", "mousemove", *there, "mousedown", "1", "mousemove", *here, "mouseup", "1")

    def set_monitor(self, name: str, geometry: str, output: str) -> None:
        """Cuts a monitor out of the screen: ``width/mm x height/mm + left + top``; ``output``: screen or none."""
        self._tool("xrandr", "--setmonitor", name, geometry, output)

    def remove_monitor(self, name: str) -> None:
        self._tool("xrandr", "--delmonitor", name)

    def press(self, *keys: str) -> None:
        self._tool("xdotool", "key", "--clearmodifiers", *keys)

    def type(self, text: str) -> None:
        self._tool("xdotool", "type", "--delay", "12", "--", text)

    def screenshot(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mss.MSS(display=self.display) as camera:
            picture = camera.grab(camera.monitors[0])
        mss.tools.to_png(picture.rgb, picture.size, output=str(path))
        return path

    def _tool(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def _has_window_manager(self) -> bool:
        return "window id" in self._tool("xprop", "-root", "_NET_SUPPORTING_WM_CHECK").stdout


@contextlib.contextmanager
def program(desktop: VirtualDesktop, command: list[str], title: str) -> Iterator[str]:
    """A program on screen for the length of a block; gives its window's id."""
    process = desktop.run(command)
    try:
        yield desktop.wait_for_window(title)
    finally:
        desktop.close(process)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a program on a virtual desktop and leave a screenshot.")
    parser.add_argument("--screenshot", type=Path, required=True)
    parser.add_argument("--seconds", type=float, help="end after this time instead of with the program or Ctrl-C")
    parser.add_argument("program", nargs="+")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as orderly as Ctrl-C does
    with VirtualDesktop() as desktop:
        running = desktop.run(options.program, output=sys.stdout.buffer)
        ended = time.monotonic() + (options.seconds or float("inf"))
        try:
            wait_until(lambda: desktop.windows("Afterimage") or running.poll() is not None, 60, "the first window")
            while running.poll() is None and time.monotonic() < ended:
                desktop.screenshot(options.screenshot)  # always the newest picture, for whoever looks meanwhile
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.wait(2.0)
        except KeyboardInterrupt:
            print("[afterimage] ending", flush=True)
        print(f"[afterimage] screenshot: {options.screenshot}", flush=True)
        return running.poll() or 0


if __name__ == "__main__":
    sys.exit(main())
