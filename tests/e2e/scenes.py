"""Real programs with known content, shown one after another, and what a user may ask about them afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FONT = ["-fa", "DejaVu Sans Mono", "-fs", "12"]

BUILD_LOG = """\
$ cmake --build build
[ 14%] Building CXX object src/CMakeFiles/harbor.dir/anchor.cpp.o
[ 28%] Building CXX object src/CMakeFiles/harbor.dir/tide_table.cpp.o
src/tide_table.cpp:218:17: error: no matching function for call to 'interpolate_swell'
src/tide_table.cpp:218:17: note: candidate expects 3 arguments, 2 provided
make[2]: *** [src/CMakeFiles/harbor.dir/tide_table.cpp.o] Error 1
make: *** [all] Error 2
$
"""

PRICES = """<!doctype html><html><head><meta charset="utf-8"><title>Lanterna - spring catalogue</title><style>
body { font: 17px 'DejaVu Sans', sans-serif; margin: 40px; background: #fff; color: #222 }
table { border-collapse: collapse } td, th { border: 1px solid #bbb; padding: 10px 22px; text-align: left }
</style></head><body><h1>Spring catalogue</h1>
<table><tr><th>Lamp</th><th>Height</th><th>Price</th><th>In stock</th></tr>
<tr><td>Marlow desk lamp</td><td>42 cm</td><td>$64.90</td><td>17</td></tr>
<tr><td>Osprey floor lamp</td><td>158 cm</td><td>$213.50</td><td>4</td></tr>
<tr><td>Juniper wall light</td><td>23 cm</td><td>$38.25</td><td>61</td></tr>
</table><p>Orders placed before Thursday ship from the Rotterdam warehouse.</p></body></html>
"""

NOTE = """Thursday call with Ingrid Halvorsen
- move the launch to 14 October
- the venue deposit is 1,850 euros, reference VD-7731
- ask Tomas for the seating plan
"""

DIALOG = "Backup of volume TANGO-7 stopped.\n\nThe disk is read-only (code 0x5E12)."


@dataclass(frozen=True)
class Scene:
    """A program, the title its window gets, and its application's name as the timeline should know it."""

    name: str
    command: Callable[[Path], list[str]]
    title: str
    application: str


@dataclass(frozen=True)
class Question:
    """``expected``: strings of which each must be in the answer (case aside); ``scene``: whose moment proves it."""

    text: str
    expected: tuple[str, ...]
    scene: str


def _build(folder: Path) -> list[str]:
    log = folder / "build.log"
    log.write_text(BUILD_LOG, encoding="utf-8")
    shell = f"cat '{log}'; sleep 600"
    return ["xterm", "-T", "build harbor", *FONT, "-geometry", "110x30+40+60", "-e", "sh", "-c", shell]


def _prices(folder: Path) -> list[str]:
    page = folder / "catalogue.html"
    page.write_text(PRICES, encoding="utf-8")
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    sandbox = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--password-store=basic"]
    place = ["--window-size=1200,800", "--window-position=300,120"]
    profile = [f"--user-data-dir={folder / 'chromium'}"]
    return ["chromium", *quiet, *sandbox, *place, *profile, page.as_uri()]


def _note(folder: Path) -> list[str]:
    note = folder / "launch-notes.txt"
    note.write_text(NOTE, encoding="utf-8")
    return ["mousepad", "--disable-server", str(note)]


def _dialog(_: Path) -> list[str]:
    return ["xmessage", "-title", "Backup monitor", "-center", "-fn", "10x20", DIALOG]


SCENES = (
    Scene("build", _build, "build harbor", "xterm"),
    Scene("prices", _prices, "Lanterna", "chromium"),
    Scene("note", _note, "launch-notes", "mousepad"),
    Scene("dialog", _dialog, "Backup monitor", "xmessage"),
)

QUESTIONS = (
    Question(
        "What error did the build fail with?", ("no matching function for call to", "interpolate_swell"), "build"
    ),
    Question("In which file was the compile error?", ("tide_table.cpp",), "build"),
    Question("How much does the Osprey floor lamp cost?", ("213.50",), "prices"),
    Question("How many Juniper wall lights are in stock?", ("61",), "prices"),
    Question("Which city do the orders ship from?", ("rotterdam",), "prices"),
    Question("To which date is the launch moved?", ("14 october",), "note"),
    Question("What is the reference of the venue deposit?", ("vd-7731",), "note"),
    Question("Which application showed the note about Ingrid Halvorsen?", ("mousepad",), "note"),
    Question("Which volume could not be backed up?", ("tango-7",), "dialog"),
    Question("What was the error code of the backup?", ("0x5e12",), "dialog"),
)
WHEN = Question("When did I see the message about the backup of TANGO-7?", (), "dialog")  # the answer is a time
UNSEEN = "What was the price of the Heron ceiling lamp?"
