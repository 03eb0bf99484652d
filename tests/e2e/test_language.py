"""The real program on a German system, and with a setting that says otherwise."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from app.client import connect
from app.paths import HOME_VARIABLE, paths_in
from tests.helpers.desktop import VirtualDesktop, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not all(map(shutil.which, ("Xvfb", "openbox", "xdotool"))), reason="needs Xvfb, openbox and xdotool"
    ),
]


@pytest.mark.parametrize(
    ("system", "settings", "title"),
    [
        ("de_AT.UTF-8", "", "Afterimage: Willkommen"),
        ("de_DE.UTF-8", '[desktop]\nlanguage = "en"\n', "Afterimage: Welcome"),
        ("en_GB.UTF-8", '[desktop]\nlanguage = "de"\n', "Afterimage: Willkommen"),
        ("fi_FI.UTF-8", "", "Afterimage: Welcome"),
    ],
)
def test_the_windows_speak_the_systems_language_or_the_settings(
    tmp_path: Path, system: str, settings: str, title: str
) -> None:
    home = tmp_path / "home"
    paths = paths_in(home)
    paths.prepare()
    paths.settings.write_text(settings, encoding="utf-8")
    with VirtualDesktop(tray=False) as desktop:
        process = desktop.run([sys.executable, "-m", "ui.main"], {HOME_VARIABLE: str(home), "LC_ALL": system})
        desktop.wait_for_window(title)
        with connect(paths) as client:
            client.shutdown()
        desktop.close(process)
        wait_until(lambda: process.poll() is not None, 30, "the end of the program")
