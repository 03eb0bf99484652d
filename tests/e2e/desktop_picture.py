"""Writes docs/screenshots/desktop.png: the real program after real scenes, on a real screen.

    python -m tests.e2e.desktop_picture [--folder docs/screenshots]

Needs what the end-to-end tests need. A terminal, a page and an editor are shown and read, two questions are typed,
and the window is photographed as it stands on the screen.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from PIL import Image

from app.paths import HOME_VARIABLE, paths_in
from core.capture.windows import window_facts
from tests.e2e.desktop_app import PATIENCE, App, agree, ask, put_away
from tests.e2e.scenes import SCENES
from tests.e2e.screenshots import shrink
from tests.helpers.desktop import VirtualDesktop, program, wait_until

QUESTIONS = ("How much does the Osprey floor lamp cost?", "and how many are in stock?")
SIZE = (780, 920)  # pixels: both answers whole


def photograph(app: App, folder: Path, path: Path) -> None:
    """Lives through the scenes, asks, and leaves the window's picture at ``path``."""
    agree(app)
    put_away(app)
    for scene in SCENES[:3]:
        with program(app.desktop, ["env", f"HOME={folder}", *scene.command(folder)], scene.title):
            wait_until(partial(app.read, scene.title), PATIENCE, f"reading {scene.name}")
    for question in QUESTIONS:
        ask(app, question)
    app.desktop.resize(app.desktop.wait_for_window("^Afterimage$"), *SIZE)

    def stands_still() -> bool:
        before = path.read_bytes() if path.exists() else b""
        return app.desktop.screenshot(path).read_bytes() == before

    wait_until(stands_still, PATIENCE, "the window's being drawn")
    facts = window_facts()
    (place,) = [window.rect for window in facts.windows() or () if window.title == "Afterimage"]
    facts.close()
    with Image.open(path) as whole:
        window = whole.crop((place.left, place.top, place.left + place.width, place.top + place.height))
    window.save(path)
    shrink(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/screenshots"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work, VirtualDesktop() as desktop:
        home, file = Path(work) / "home", Path(work) / "shown.json"
        process = desktop.run(
            [sys.executable, "-m", "tests.helpers.watched_desktop", str(file)], {HOME_VARIABLE: str(home)}
        )
        os.environ["DISPLAY"] = desktop.display
        app = App(desktop, paths_in(home), process, file)
        photograph(app, Path(work), options.folder / "desktop.png")
        app.desktop.press("ctrl+q")
        process.wait(PATIENCE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
