"""Captures a corpus of real windows whose text is known: ``python -m tests.helpers.real_windows --out DIR``.

Qt widgets, xterm, Chromium pages from a template of our own and, for validation only, mousepad run one after another
on a virtual screen; each window is cut out with the frame that openbox draws around it. ``DIR`` gets lossless WebP
pictures and ``windows.jsonl``, which ``core.training.data.real_windows`` reads. Training and validation share no
words, fonts or frame themes.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import mss
import numpy as np
from PIL import Image

from core.frame import Pixels
from core.training.data.words import LABELS, Vocabulary, is_held_out
from tests.helpers.desktop import STARTED, VirtualDesktop

CELL = 28
MOST_CELLS = 240  # of a window: what the model is shown at full size
BEHIND = (1, 2, 3)  # colour of the empty screen; nothing else has it
PATIENCE = 12.0  # seconds for a page to be painted
STILL = 0.04  # seconds between two pictures that must be the same
MARGIN = 16  # pixels of the screen's edge that windows leave free
BATCH = 8  # windows with one frame theme
FILES = 0.35  # of the windows to train on: a title with file names, longer and with signs that are easily missed

FRAMES = {
    "train": ("Clearlooks", "Clearlooks-Olive", "Bear2", "Mikachu", "Breeze-ob", "Raleigh", "Orang", "Emacs"),
    "validation": ("Onyx", "Clearlooks-3.4", "Natura"),
}
FONTS = {
    "train": (
        "DejaVu Sans", "DejaVu Serif", "Liberation Sans", "Liberation Serif", "Open Sans", "Noto Sans", "Noto Serif",
        "Cantarell", "Inter", "Roboto", "FreeSans", "Clear Sans", "Nimbus Sans", "Arimo", "B612", "Andika",
    ),
    "validation": ("Lato", "PT Sans", "Oxygen", "Carlito", "Go", "Vollkorn"),
}  # fmt: skip
MONOSPACED = {
    "train": ("DejaVu Sans Mono", "Liberation Mono", "Hack", "Noto Sans Mono", "Fira Code", "Cousine", "FreeMono"),
    "validation": ("JetBrains Mono", "Inconsolata", "Go Mono", "PT Mono"),
}
STYLES = {"train": ("Fusion", "Fusion", "Windows"), "validation": ("Fusion",)}
DARK = (("#1e1e1e", "#e8e8e8"), ("#0d1117", "#c9d1d9"), ("#282a36", "#f8f8f2"), ("#000000", "#ffffff"))
LIGHT = (("#ffffff", "#111111"), ("#fafafa", "#222222"), ("#fdf6e3", "#3b4a50"), ("#eef2f7", "#1b2733"))
EDITOR_SETTINGS = "[org/xfce/mousepad/preferences/window]\npath-in-title=false\n"  # a path of ours is nobody's title
PAGE = """<!doctype html><meta charset=utf-8><title></title><body><script>
async function next() {
  const shown = await (await fetch('/next')).json();
  document.title = shown.title;
  document.body.innerHTML = shown.body;
  document.body.style.cssText = shown.style;
  window.resizeTo(shown.width, shown.height);
  await document.fonts.ready;
  requestAnimationFrame(() => requestAnimationFrame(() =>
    setTimeout(() => {
      const page = document.documentElement;
      const whole = page.scrollHeight <= innerHeight && page.scrollWidth <= innerWidth;
      fetch('/shown', {method: 'POST', body: whole ? shown.number : -shown.number}).then(next);
    }, 60)));
}
next();
</script>"""


@dataclass(frozen=True, slots=True)
class Content:
    """What one window shows, and how. ``fields``: labels and values side by side, which then make the ``lines``."""

    title: str
    lines: list[str]
    fields: list[list[str]]
    layout: str
    font: str
    size: int  # pixels
    bold: bool
    boxed: bool
    dark: bool
    style: str
    width: int
    height: int
    colours: tuple[str, str] = ("#ffffff", "#000000")


class Windows:
    """A program that shows contents one by one. ``show`` gives the title as the window has it, "" where the content
    does not fit."""

    applications: tuple[str, ...]
    layouts: tuple[str, ...]
    mono = False

    def __init__(self, desktop: VirtualDesktop, folder: Path) -> None:
        self.desktop, self.folder = desktop, folder

    def show(self, content: Content) -> str:
        raise NotImplementedError

    def done(self) -> None:
        """The content was photographed."""

    def reframe(self) -> None:
        """The window manager's frames have changed."""

    def close(self) -> None:
        """End the program."""


def draw_content(rng: Random, words: Vocabulary, program: Windows, split: str) -> Content:
    """Text for one window of ``program`` that fits it, at 13 to 20 pixels."""
    size = rng.choice((13, 14, 14, 15, 15, 16, 16, 17, 18, 20))
    layout = rng.choice(program.layouts)
    dark = rng.random() < 0.4
    room = 560 if layout in ("form", "table") else 520
    most = min(34, int(room / (0.62 * size)))
    fields: list[list[str]] = []
    lines: list[str] = []
    count = rng.randint(2, 6)
    if layout in ("form", "table"):
        for label in rng.sample(LABELS, count):
            name = label[0].upper() + label[1:]
            value = words.value(rng, label) if rng.random() < 0.7 else words.phrase(rng, 1, 2)
            if len(name) + len(value) <= most:
                fields.append([name, value])
                lines.append(f"{name}: {value}" if layout == "form" else f"{name} {value}")
    makers = (words.sentence, words.sentence, words.output, words.code_line, words.command, words.phrase)
    while len(lines) < (count if not fields else 1):
        line = makers[rng.randrange(len(makers) if program.mono else 3)](rng).strip()
        if 3 <= len(line) <= most and line not in lines:
            lines.append(line)
    widest = max(len(line) for line in lines)
    title, longest = words.title(rng), 26
    if split == "train" and rng.random() < FILES:
        title, longest = words.document(rng), 38
    while len(title) > longest:
        title = words.document(rng) if longest > 26 else words.title(rng)
    wide = int(widest * size * (0.64 if program.mono else 0.6)) + rng.randint(40, 110)
    width = min(600, max(230, wide, 12 * len(title) + 140))
    height = min(MOST_CELLS // -(-width // CELL) * CELL - 30, int(count * size * 1.9) + rng.randint(40, 70))
    if layout in ("form", "table") and not fields:
        layout = "list"
    return Content(
        title, lines, fields, layout,
        rng.choice((MONOSPACED if program.mono else FONTS)[split]), size, rng.random() < 0.15, rng.random() < 0.5,
        dark, rng.choice(STYLES[split]), width, height, rng.choice(DARK if dark else LIGHT),
    )  # fmt: skip


class QtWindows(Windows):
    """One Qt process that shows window after window."""

    applications = ("settings", "ledger", "planner", "inspector")
    layouts = ("form", "form", "dialog", "list", "text", "table")

    def __init__(self, desktop: VirtualDesktop, folder: Path) -> None:
        super().__init__(desktop, folder)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.qt_window"], env=desktop.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def show(self, content: Content) -> str:
        self._send(json.dumps(asdict(content)))
        if self.process.stdout is None or not self.process.stdout.readline():
            raise RuntimeError("the Qt program ended early")
        return content.title

    def done(self) -> None:
        self._send("next")

    def close(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _send(self, line: str) -> None:
        if self.process.stdin is None:
            raise RuntimeError("the Qt program has no input")
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


class TerminalWindows(Windows):
    """An xterm for each content."""

    applications = ("xterm",)
    layouts = ("text",)
    mono = True

    def __init__(self, desktop: VirtualDesktop, folder: Path) -> None:
        super().__init__(desktop, folder)
        self.file = folder / "terminal.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def show(self, content: Content) -> str:
        self.file.write_text("\n".join(content.lines), encoding="utf-8")
        ground, ink = content.colours
        columns = max(*(len(line) for line in content.lines), round(content.width / (0.6 * content.size)))
        self.process = self.desktop.run(
            ["xterm", "-T", content.title, "-fa", content.font, "-fs", f"{content.size * 0.75:.1f}", "-bg", ground,
             "-fg", ink, "+sb", "-geometry", f"{columns + 1}x{len(content.lines) + 1}", "-b", "4", "-e", "sh", "-c",
             f'printf "\\033[?25l"; cat {self.file}; sleep 60']
        )  # fmt: skip
        return content.title

    def done(self) -> None:
        if self.process is not None:
            self.desktop.close(self.process)
            self.process = None


class PageWindows(Windows):
    """One Chromium window that asks a server of ours for its next page and tells it when that is painted."""

    applications = ("chromium",)
    layouts = ("form", "table", "list", "page")

    def __init__(self, desktop: VirtualDesktop, folder: Path) -> None:
        super().__init__(desktop, folder)
        self.turn = threading.Condition()
        self.wanted: dict[str, Any] | None = None
        self.number = self.given = self.painted = 0
        self.window = ""
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(json.dumps(pages.next()) if self.path == "/next" else PAGE)

            def do_POST(self) -> None:
                pages.was_painted(int(self.rfile.read(int(self.headers["Content-Length"]))))
                self._answer("")

            def _answer(self, text: str) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.process = desktop.run(
            ["chromium", f"--app={address}", f"--user-data-dir={folder / 'chromium'}", "--no-sandbox",
             "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
             "--disable-features=Translate", "--hide-scrollbars", "--test-type"]
        )  # fmt: skip

    def next(self) -> dict[str, Any]:
        """Called by the page: waits for the next content."""
        with self.turn:
            self.turn.wait_for(lambda: self.wanted is not None and self.number > self.given)
            self.given = self.number
            return self.wanted or {}

    def was_painted(self, number: int) -> None:
        with self.turn:
            self.painted = number
            self.turn.notify_all()

    def show(self, content: Content) -> str:
        ground, ink = content.colours
        with self.turn:
            self.number += 1
            self.wanted = {
                "title": content.title, "body": _body(content), "number": self.number,
                "width": content.width, "height": content.height,
                "style": f"margin:10px;background:{ground};color:{ink};font:{'bold' if content.bold else 'normal'} "
                f"{content.size}px '{content.font}'",
            }  # fmt: skip
            self.turn.notify_all()
            if not self.turn.wait_for(lambda: abs(self.painted) == self.number, PATIENCE):
                self.reframe()  # Chromium may have missed that its window is back
                if not self.turn.wait_for(lambda: abs(self.painted) == self.number, STARTED):
                    raise TimeoutError("Chromium did not show the page")
        self.window = self.desktop.wait_for_window("^" + re.escape(content.title))
        self.desktop._tool("xdotool", "windowmove", self.window, str(2 * MARGIN), str(2 * MARGIN))
        return content.title if self.painted > 0 else ""

    def reframe(self) -> None:
        """Have the window framed anew: openbox does not make the bar of a window that stays fit its new font."""
        if self.window:
            self.desktop._tool("xdotool", "windowunmap", "--sync", self.window, "windowmap", "--sync", self.window)

    def close(self) -> None:
        self.desktop.close(self.process)
        self.server.shutdown()
        self.server.server_close()


def _body(content: Content) -> str:
    """The page of one content."""
    e = html.escape
    if content.fields:
        cell = "style='padding:4px 12px 4px 0;border-bottom:1px solid #8886'"
        colon = ":" if content.layout == "form" else ""
        rows = "".join(f"<tr><td {cell}>{e(a)}{colon}</td><td {cell}>{e(b)}</td></tr>" for a, b in content.fields)
        return f"<table style='border-collapse:collapse'>{rows}</table>"
    if content.layout == "list":
        return "".join(f"<div style='padding:5px 0'>{e(line)}</div>" for line in content.lines)
    return "".join(f"<p style='margin:0.5em 0'>{e(line)}</p>" for line in content.lines)


class EditorWindows(Windows):
    """A mousepad for each content."""

    applications = ("mousepad",)
    layouts = ("text",)

    def __init__(self, desktop: VirtualDesktop, folder: Path) -> None:
        super().__init__(desktop, folder)
        self.process: subprocess.Popen[bytes] | None = None
        settings = folder / "glib-2.0" / "settings" / "keyfile"
        settings.parent.mkdir(parents=True)
        settings.write_text(EDITOR_SETTINGS, encoding="utf-8")

    def show(self, content: Content) -> str:
        file = self.folder / (content.title.replace("/", "-").replace(" ", "_") + ".txt")
        file.write_text("\n".join(content.lines) + "\n", encoding="utf-8")
        self.process = self.desktop.run(
            ["dbus-run-session", "mousepad", "--disable-server", str(file)],
            {"HOME": str(self.folder), "GSETTINGS_BACKEND": "keyfile"},
        )
        window = self.desktop.wait_for_window("Mousepad")
        width = max(content.width, 10 * len(file.name + " - Mousepad") + 130)  # a title with "..." cannot be read
        self.desktop._tool("xdotool", "windowsize", "--sync", window, str(width), "220")
        file.unlink()
        return self.desktop._tool("xdotool", "getwindowname", window).stdout.strip()

    def done(self) -> None:
        if self.process is not None:
            self.desktop.close(self.process)
            self.process = None


class Camera:
    """Cuts the one window out of the empty screen."""

    def __init__(self, desktop: VirtualDesktop) -> None:
        self._camera = mss.MSS(display=desktop.display)

    def window(self, seconds: float = 8.0) -> Pixels | None:
        """The window once it stays as it is; None where there is none."""
        before, end = self._cut(), time.monotonic() + seconds
        same = 0
        while time.monotonic() < end:
            time.sleep(STILL)
            now = self._cut()
            same = same + 1 if before is not None and now is not None and np.array_equal(before, now) else 0
            if same == 3:
                return now
            before = now
        return None

    def empty(self, seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while self._cut() is not None and time.monotonic() < end:
            time.sleep(STILL / 4)

    def _cut(self) -> Pixels | None:
        shot = self._camera.grab(self._camera.monitors[0])
        pixels = np.frombuffer(shot.bgra, np.uint8).reshape(shot.height, shot.width, 4)[..., 2::-1]
        covered = (pixels != np.array(BEHIND, np.uint8)).any(-1)
        rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
        edges = np.concatenate([covered[0], covered[-1], covered[:, 0], covered[:, -1]])
        if not len(rows) or edges.any():  # what reaches the screen's edge may go on beyond it
            return None
        return np.ascontiguousarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])

    def close(self) -> None:
        self._camera.close()


def frame_settings(rng: Random, split: str) -> str:
    """Openbox's configuration: a theme, and the font of the title bar."""
    family, size = rng.choice(FONTS[split]), rng.choice((9, 10, 10, 11, 11, 12, 13))  # points: 12 to 17 pixels
    weight = rng.choice(("bold", "normal"))
    fonts = "".join(
        f"<font place='{place}'><name>{family}</name><size>{size}</size><weight>{weight}</weight></font>"
        for place in ("ActiveWindow", "InactiveWindow")
    )
    theme, parts = rng.choice(FRAMES[split]), rng.choice(("NLIMC", "LIMC", "LC"))
    return (
        "<?xml version='1.0'?><openbox_config xmlns='http://openbox.org/3.4/rc'>"
        f"<theme><name>{theme}</name><titleLayout>{parts}</titleLayout>{fonts}</theme><placement><policy>Smart</policy></placement>"
        f"<margins><top>{MARGIN}</top><bottom>{MARGIN}</bottom><left>{MARGIN}</left><right>{MARGIN}</right></margins>"
        "</openbox_config>"
    )


PROGRAMS: dict[str, type[Windows]] = {
    "qt": QtWindows, "xterm": TerminalWindows, "chromium": PageWindows, "mousepad": EditorWindows,
}  # fmt: skip
SHARES = {  # of the windows of a split
    "train": {"qt": 0.45, "xterm": 0.2, "chromium": 0.35},
    "validation": {"qt": 0.35, "xterm": 0.2, "chromium": 0.3, "mousepad": 0.15},
}


def capture(out: Path, split: str, count: int, seed: int, listed: list[str], only: list[str]) -> int:
    """Capture about ``count`` windows into ``out``; returns how many came out well."""
    out.mkdir(parents=True, exist_ok=True)
    held_out = split == "validation"
    words = Vocabulary(held_out, [word for word in listed if is_held_out(word) == held_out] or None)
    kept = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = folder / "openbox" / "rc.xml"
        settings.parent.mkdir()
        settings.write_text(frame_settings(Random(seed), split), encoding="utf-8")
        os.environ["XDG_CONFIG_HOME"] = str(folder)
        desktop = stack.enter_context(VirtualDesktop(900, 640, tray=False))
        desktop._tool("xsetroot", "-solid", "#{:02x}{:02x}{:02x}".format(*BEHIND))
        camera = Camera(desktop)
        stack.callback(camera.close)
        record = stack.enter_context((out / "windows.jsonl").open("a", encoding="utf-8"))
        for name, share in SHARES[split].items():
            if only and name not in only:
                continue
            rng = Random(f"{seed} {split} {name}")
            windows = PROGRAMS[name](desktop, folder)
            try:
                number, wanted = 0, kept + round(count * share)
                while kept < wanted and number < 3 * count:
                    number += 1
                    if number % BATCH == 1:
                        settings.write_text(frame_settings(rng, split), encoding="utf-8")
                        desktop._tool("openbox", "--reconfigure")
                        windows.reframe()
                    content = draw_content(rng, words, windows, split)
                    title = windows.show(content)
                    pixels = camera.window() if title else None
                    windows.done()
                    if name != "chromium":
                        camera.empty()
                    if pixels is None or _cells(pixels) > MOST_CELLS + 16:
                        continue
                    file = f"{name}-{seed:02d}-{number:05d}.webp"
                    Image.fromarray(pixels).save(out / file, lossless=True, method=4)
                    entry = {
                        "file": file, "program": name, "application": rng.choice(windows.applications),
                        "title": title, "lines": content.lines, "fields": content.fields, "size": content.size,
                        "font": content.font,
                    }  # fmt: skip
                    record.write(json.dumps(entry, ensure_ascii=False) + "\n")
                    kept += 1
            finally:
                windows.close()
            camera.empty()
    return kept


def _cells(pixels: Pixels) -> int:
    height, width = pixels.shape[:2]
    return int(-(-height // CELL) * -(-width // CELL))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.real_windows", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the corpus; added to where it exists")
    parser.add_argument("--split", choices=sorted(SHARES), default="train")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--words", type=Path, help="a list of words, one a line, beside invented ones")
    parser.add_argument("--only", action="append", choices=sorted(PROGRAMS), default=[], help="these programs alone")
    options = parser.parse_args()
    listed = options.words.read_text(encoding="utf-8").split() if options.words else []
    kept = capture(options.out, options.split, options.count, options.seed, listed, options.only)
    print(f"{kept} windows in {options.out}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
