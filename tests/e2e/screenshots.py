"""Writes docs/screenshots: every window and state, the most telling ones also dark and at 200 %.

    QT_QPA_PLATFORM=offscreen python -m tests.e2e.screenshots [--folder docs/screenshots]

What the windows show comes from a fake engine over the real protocol, with drawn pictures: nobody's screen is seen
in them. Each picture has 256 colours of its own, which keeps the folder small.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import monotonic

import numpy as np
from PIL import Image
from PySide6.QtCore import QDeadlineTimer, QEventLoop, QRect, QTime
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from app.paths import paths_in
from app.protocol import GrowthPoint, Memory, MomentInfo, Said, View
from tests.helpers.fake_engine import FakeEngine, Script, drawn, moment
from ui.answer import Stage
from ui.bridge import Bridge, decoded
from ui.desktop import Desktop
from ui.i18n import LANGUAGES, speak
from ui.immortal import keep_singletons
from ui.presence import Link
from ui.settings_window import SettingsWindow
from ui.snip import Overlay

PATIENCE_S = 10.0
MEMORY_BYTES = 172 * 2**20
IN_EVERY_LOOK = (
    "welcome-1",
    "welcome-4",
    "recording",
    "answer",
    "paused",
    "moment",
    "settings",
    "settings-privacy",
    "settings-capture",
    "settings-model",
    "timeline",
    "timeline-range",
    "found-words",
    "follow-up",
    "history",
    "memory",
    "snip-window",
)

BUILD = (
    "$ make -j8",
    "cc -O2 -c src/ledger.c -o build/ledger.o",
    "cc -O2 -c src/journal.c -o build/journal.o",
    "src/ledger.c:218: error: 'balance_cents' undeclared",
    "make: *** [Makefile:31: build/ledger.o] Error 1",
)
PRICES = (
    "Harbour walk, 2 h            18.50",
    "Island ferry, return        24.00",
    "Lighthouse                    6.00",
)
NOTE = ("Call Ines about the roof", "Order: 12 slates, 300 x 600", "Ferry at 14:20 on Friday")
DAY = (
    ("xterm", "make: ~/src/ledger", BUILD, True),
    ("Chromium", "Harbour prices 2026 - Chromium", PRICES, False),
    ("Mousepad", "notes.txt", NOTE, False),
)
UNSEEN = Said(kind="unseen")
LONG = (
    "The terminal showed a build that stopped in ledger.c at line 218: the name balance_cents was not declared. "
    "Before it, journal.c had compiled without a warning.\n\n"
    "You then opened the editor on the same file and looked at it for four minutes. The declaration had been in "
    "money.h, which the new version of ledger.c no longer includes. At 14:11 you added the line and built again; "
    "that build ended without an error.\n\n"
    "Nothing on the screen said why the include had been removed."
)


class Studio:
    """One desktop on one fake engine, photographed in several states."""

    def __init__(self, application: QApplication, folder: Path, suffix: str) -> None:
        self._application, self._folder, self._suffix = application, folder, suffix
        self.taken: list[Path] = []  # shrunk in the end: that takes longer than the engine may be silent
        self._home = tempfile.TemporaryDirectory()
        paths = paths_in(Path(self._home.name))
        self.engine = FakeEngine(paths)
        self._stage()
        self.desktop = Desktop(application, paths, Bridge(paths))
        # Without a display there are no keys of the whole desktop; what says so is not what should be seen.
        for judge in ("probe", "listen"):
            setattr(self.desktop.hotkeys, judge, lambda _keys: "")

    def close(self) -> None:
        self.desktop.window.hide()
        self.desktop.bridge.stop()
        self.desktop.dispose()
        self.engine.close()
        self._home.cleanup()

    def wait(self, condition: Callable[[], object]) -> None:
        """Lets events happen until ``condition`` holds and what it changed is drawn."""
        deadline = monotonic() + PATIENCE_S
        while not condition():
            if monotonic() > deadline:
                raise TimeoutError("what should be photographed did not happen")
            self._application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, QDeadlineTimer(20))
        self.settle()

    def settle(self) -> None:
        """Lets what has happened be drawn."""
        for _ in range(5):
            self._application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, QDeadlineTimer(20))

    def take(self, name: str, widget: QWidget) -> None:
        self.settle()
        if self._suffix and name not in IN_EVERY_LOOK:
            return
        path = self._folder / f"{name}{self._suffix}.png"
        widget.grab().save(str(path))
        self.taken.append(path)

    def _stage(self) -> None:
        now = datetime.now(UTC)
        for number, (application, title, lines, dark) in enumerate(DAY, 1):
            self.engine.add_moment(
                moment(number, now - timedelta(minutes=126 - 31 * number), application, title, "\n".join(lines)),
                drawn(title, lines, dark=dark),
            )
        self.engine.tell(
            moments=1204,
            unread_moments=3,
            frames_seen=5210,
            frames_still=41200,
            model_answers=True,
            state_bytes=2**20,
        )


def shrink(path: Path) -> None:
    """Gives a picture 256 colours of its own: the most frequent as they are, so that no ground takes on a tint, and
    others that come near all the rest."""
    with Image.open(path) as taken:
        whole = taken.convert("RGB")
    pixels = np.asarray(whole)
    colours, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    near = whole.quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).getpalette() or []
    palette = np.concatenate([colours[np.argsort(-counts)[:128]], np.reshape(near, (-1, 3))])[:256]
    # Pillow's own way to a given palette takes short cuts that would tint the ground after all.
    nearest = [np.argmin(((palette.astype(int) - colour) ** 2).sum(1)) for colour in colours.astype(int)]
    small = Image.fromarray(np.asarray(nearest, np.uint8)[places].reshape(pixels.shape[:2]), "P")
    small.putpalette(palette.astype(np.uint8).tobytes())
    small.save(path, optimize=True)


def photograph(studio: Studio) -> None:
    """Goes through every state worth seeing."""
    desktop, engine, window = studio.desktop, studio.engine, studio.desktop.window
    desktop.start()
    window.message.hide()
    welcome = desktop.welcome
    if welcome is None:
        raise RuntimeError("the first run's pages did not show")
    window.show()
    studio.wait(lambda: desktop.presence.can_start)
    for page in range(4):
        if page == 3:
            studio.wait(lambda: welcome.choices.models)
        studio.take(f"welcome-{page + 1}", welcome)
        if page < 3:
            welcome.on_button.click()
    studio.take("not-recording", window)
    welcome.on_button.click()
    studio.wait(lambda: desktop.presence.can_pause)
    studio.wait(lambda: engine.kinds().count("moments") > 1)
    engine.tell(tokens_seen=1)
    since = window.tr("Remembered since {time}").partition("{")[0]
    studio.wait(lambda: since in window.facts)
    studio.take("recording", window)

    ask(
        studio,
        "What was the error in the terminal?",
        Script(("balance_cents",), "both", tuple(engine.moments[::-1]), said=found(engine.moments[-1], BUILD[3])),
    )
    ask(studio, "What colour was the fox?", Script((), "none", said=UNSEEN))
    ask_up_to(
        studio,
        "What did I do about it?",
        Script((LONG[:180], LONG[180:]), "memory", hold=threading.Event(), hold_after=1),
    )
    studio.take("streaming", window)
    window.cancel()
    window.clear()
    ask(
        studio,
        "What was the error in the terminal?",
        Script(("balance_cents",), "both", tuple(engine.moments[::-1]), said=found(engine.moments[-1], BUILD[3])),
    )
    studio.take("answer", window)
    ask(studio, "What colour was the fox?", Script((), "none", said=UNSEEN))
    studio.take("not-seen", window)
    window.clear()
    ask(
        studio,
        "What did I do about the build, and did it work in the end?",
        Script((LONG,), "memory", tuple(engine.moments[:1])),
    )
    studio.take("long-answer", window)
    window.clear()
    ask(
        studio,
        "What was in the second table?",
        Script((), failure=("The model's memory is full.", "Close another program and ask again.")),
    )
    studio.take("failure", window)
    window.clear()

    engine.tell(state="paused", paused_until=datetime.now(UTC) + timedelta(minutes=15))
    studio.wait(lambda: desktop.presence.can_resume)
    studio.take("paused", window)
    engine.tell(state="excluded", paused_until=None, reason="")
    studio.wait(lambda: desktop.presence.light == "excluded")
    studio.take("excluded", window)
    engine.tell(state="disk_full", reason="")
    studio.wait(lambda: desktop.presence.light == "disk-full")
    studio.take("disk-full", window)
    engine.tell(state="recording", preparing=0.4)
    studio.wait(lambda: desktop.presence.preparing)
    studio.take("preparing", window)
    engine.tell(preparing=None)
    studio.wait(lambda: desktop.presence.light == "recording" and not desktop.presence.preparing)

    window.open_moments(tuple(engine.moments[::-1]), 0)
    viewer = window.viewer
    if viewer is None:
        raise RuntimeError("no viewer")
    viewer.resize(1040, 720)
    studio.wait(lambda: not viewer.picture().isNull())
    studio.take("moment", viewer)
    viewer.ask_button.click()
    window.composer.edit.setPlainText("What does the error mean?")
    studio.take("ask-about", window)
    viewer.close()
    window.composer.detach()
    window.composer.edit.clear()
    photograph_conversation(studio)
    photograph_history(studio)
    photograph_memory(studio)
    photograph_settings(studio)
    photograph_timeline(studio)
    photograph_snip(studio)
    engine.tell(camera=True)
    studio.wait(lambda: desktop.presence.camera)
    studio.take("camera", window)
    desktop.bridge.link_changed.emit(Link.RESTARTING, "")
    studio.wait(lambda: desktop.presence.light == "restarting")
    studio.take("restarting", window)
    engine.close()
    studio.wait(lambda: desktop.presence.light == "idle")
    studio.take("ended", window)


def photograph_conversation(studio: Studio) -> None:
    """A question that goes on from the one before, and an answer that the user calls wrong."""
    window, engine = studio.desktop.window, studio.engine
    first = "What did the island ferry cost yesterday?"
    prices = tuple(moment for moment in engine.moments if moment.application == "Chromium")
    said = found(prices[0], "Island ferry, return  24.00", "24.00", timedelta(days=1))
    ask(studio, first, Script((), "evidence", prices, said=said))
    said = found(prices[0], "Island ferry, return  22.00", "22.00", timedelta(days=2))
    ask(studio, "and the day before?", Script((), "evidence", after=first, said=said))
    studio.take("follow-up", window)
    exchange = window.exchanges[-1]
    exchange.wrong_button.click()
    exchange.remark.setText("It was 23.00: the sign had changed at noon")
    studio.take("wrong", window)
    exchange.remark.editingFinished.emit()
    studio.wait(lambda: engine.history[0].remark)
    window.clear()


def photograph_history(studio: Studio) -> None:
    """What was asked so far."""
    studio.desktop.show_history()
    history = studio.desktop.history
    if history is None:
        raise RuntimeError("the history did not open")
    studio.wait(lambda: history.model.rowCount() == len(studio.engine.history))
    history.list.setCurrentIndex(history.model.index(0))
    studio.take("history", history)
    history.close()


def photograph_memory(studio: Studio) -> None:
    """The memory after a working day."""
    now = datetime.now(UTC)
    began, chance = now - timedelta(hours=5, minutes=20), Random(3)
    steps = [chance.random() * (3 if 30 < place < 70 else 1) for place in range(160)]
    tokens, points = 0, []
    for place, step in enumerate(steps):
        tokens += int(9_000 * step)
        at = began + timedelta(minutes=2 * place)
        points.append(GrowthPoint(time=at, tokens=tokens, state_bytes=MEMORY_BYTES))
    shown = studio.engine.pictures[1], studio.engine.pictures[2], studio.engine.pictures[3]
    studio.engine.memory = Memory(
        id=0,
        since=began,
        frames=5210,
        tokens=tokens,
        state_bytes=MEMORY_BYTES,
        cache_bytes_per_token=36_864,
        frames_per_second=3.4,
        points=tuple(points),
        view=View(number=1, time=now, words="2026-11-25 Wed 14:05:09 | xterm | make", pictures=shown),
    )
    studio.desktop.show_memory()
    memory = studio.desktop.memory
    if memory is None:
        raise RuntimeError("the memory panel did not open")
    memory.resize(980, 760)
    studio.engine.tell(device="cuda:0", frames_seen=46_410, frames_still=41_200)
    studio.wait(memory.view.shows_picture)
    studio.wait(lambda: memory.tiles["device"].value == "cuda:0")
    studio.take("memory", memory)
    memory.close()


def photograph_settings(studio: Studio) -> None:
    """The settings, from the top and with a change that was refused."""
    desktop = studio.desktop
    desktop.show_settings()
    settings = desktop.settings
    if settings is None:
        raise RuntimeError("the settings did not open")
    studio.wait(lambda: settings.rows)
    studio.take("settings", settings)
    settings.search.setText("disk space")
    row = settings.rows["timeline.budget_gb"]
    row.changed.emit(row.setting.name, "minus a lot")
    studio.wait(lambda: row.trouble)
    studio.take("settings-refused", settings)
    photograph_panels(studio, settings)
    settings.close()


def photograph_panels(studio: Studio, settings: SettingsWindow) -> None:
    """What stands below the settings: windows and rules, monitors, a download under way."""
    for shown, panel in ((settings.rules, "privacy"), (settings.sources, "capture"), (settings.models, "model")):
        settings.search.setText(shown.accessibleName())
        if panel == "model":
            settings.download_model("infinitevl")
            studio.wait(lambda: settings.models.work.bar.value() > 0)
        if panel == "privacy":
            studio.wait(lambda: settings.rules.list.topLevelItemCount())
        studio.take(f"settings-{panel}", settings)
    studio.engine.work_goes_on.set()


def photograph_snip(studio: Studio) -> None:
    """The dimmed screen with one window marked."""
    desktop = studio.desktop
    screen = QGuiApplication.primaryScreen()
    size, ratio = screen.geometry().size(), screen.devicePixelRatio()
    window = QRect(size.width() // 12, size.height() // 10, size.width() * 2 // 3, size.height() // 2)
    shown = round(window.width() * ratio), round(window.height() * ratio)
    picture = QPixmap(size * ratio)
    picture.fill(QColor("#4C5A74"))
    painter = QPainter(picture)
    painter.drawImage(window.topLeft() * ratio, decoded(drawn("notes.txt", NOTE, size=shown)))
    painter.end()
    overlay = Overlay(desktop.theme, screen, picture, [window])
    overlay.show()
    studio.take("snip", overlay)
    overlay.focusNextPrevChild(True)
    studio.take("snip-window", overlay)
    overlay.hide()
    overlay.deleteLater()


def photograph_timeline(studio: Studio) -> None:
    """A day with a few hundred moments."""
    desktop, engine = studio.desktop, studio.engine
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    chance = Random(7)
    for number in range(420):
        application, title, lines, dark = chance.choice(DAY)
        at = midnight + timedelta(minutes=8 * 60 + number * 1.3 + chance.random())
        engine.add_moment(moment(100 + number, at.astimezone(UTC), application, title, "\n".join(lines)), b"")
        engine.pictures[100 + number] = engine.pictures[1 + DAY.index((application, title, lines, dark))]
    desktop.show_timeline()
    timeline = desktop.timeline
    if timeline is None:
        raise RuntimeError("the timeline did not open")
    timeline.resize(1160, 780)  # the offscreen platform's screen is smaller
    studio.wait(lambda: sum(timeline.strip.density()) >= 420)
    studio.wait(lambda: timeline.grid.isVisible())
    timeline.grid.setCurrentIndex(timeline.model.index(1))
    for _ in range(3):
        timeline.grid.viewport().repaint()
        studio.settle()
    studio.take("timeline", timeline)
    engine.export_hold = threading.Event()
    timeline.filters.set_times(QTime(10, 0), QTime(12, 14))
    timeline.exporting.begin(Path("/home/ines/Afterimage 2026-11-25 1000-1214"), timeline.filters.filter.selection())
    studio.wait(lambda: timeline.exporting.share > 0)
    studio.wait(lambda: 0 < timeline.model.rowCount() < 400)
    timeline.grid.viewport().repaint()
    studio.take("timeline-range", timeline)
    engine.export_hold.set()
    studio.wait(lambda: not timeline.exporting.under_way)
    engine.places = ((318, 197, 78, 29), (443, 197, 203, 29))  # "error" and "balance_cents" of BUILD
    build = [moment for moment in engine.moments if moment.application == "xterm"]
    desktop.window.open_moments(build, 0, "error balance_cents")
    viewer = desktop.window.viewer
    studio.wait(lambda: viewer is not None and viewer.marks)
    if viewer is not None:
        studio.take("found-words", viewer)
        viewer.close()
    timeline.close()


def found(moment: MomentInfo, line: str, value: str = "", ago: timedelta = timedelta(0)) -> Said:
    """What an answer made of ``moment`` says; without a value the model said it in its own words too."""
    first = moment.time - ago
    return Said(
        kind="found",
        spoken="" if value else "balance_cents",
        value=value,
        line=line,
        application=moment.application,
        title=moment.window,
        source=moment.source,
        first=first,
        last=first + timedelta(minutes=4),
    )


def ask(studio: Studio, question: str, script: Script) -> None:
    """Asks and waits for the whole answer with its thumbnails."""
    ask_up_to(studio, question, script)
    window = studio.desktop.window
    studio.wait(lambda: not window.answering)
    exchange = window.exchanges[-1]
    studio.wait(lambda: all(card.has_picture() for card in exchange.row.cards))


def ask_up_to(studio: Studio, question: str, script: Script) -> None:
    """Asks and waits until something of the answer shows."""
    studio.engine.script = script
    window = studio.desktop.window
    window.composer.edit.setPlainText(question)
    window.composer.submit()
    studio.wait(lambda: window.exchanges[-1].stage is not Stage.WAITING)
    studio.wait(lambda: not window.exchanges[-1].flushing)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--scheme", choices=("light", "dark"))
    parser.add_argument("--suffix", default="")
    parser.add_argument("--language", choices=tuple(LANGUAGES), default="en")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.scheme is None:
        for scheme, scale, suffix in (("light", "1", ""), ("dark", "1", "-dark"), ("light", "2", "-200")):
            command = [sys.executable, "-m", "tests.e2e.screenshots", "--scheme", scheme, f"--suffix={suffix}"]
            command += ["--language", options.language]
            environment = os.environ | {"QT_SCALE_FACTOR": scale}
            subprocess.run([*command, "--folder", str(options.folder)], env=environment, check=True)
        return 0
    keep_singletons()
    application = QApplication([])
    speak(application, options.language)
    studio = Studio(application, options.folder, options.suffix)
    studio.engine.settings = studio.engine.settings.changed("desktop.theme", options.scheme)
    studio.desktop.theme.set_scheme(options.scheme)
    try:
        photograph(studio)
    finally:
        studio.close()
    for path in studio.taken:
        shrink(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
