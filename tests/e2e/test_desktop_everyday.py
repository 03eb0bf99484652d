"""An ordinary hour with the real engine: three programs asked about by hotkey, and one that nothing may know of."""

from __future__ import annotations

import io
import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.client import connect
from app.protocol import View
from core.frame import Pixels
from tests.e2e.desktop_app import PATIENCE, App, agree, ask, put_away
from tests.e2e.scenes import SCENES
from tests.helpers.desktop import program, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(420),
    pytest.mark.skipif(
        not all(map(shutil.which, ("Xvfb", "openbox", "xdotool", "xterm", "trayer", "chromium", "mousepad"))),
        reason="needs Xvfb, openbox, xdotool, xterm, trayer, chromium and mousepad",
    ),
]

ASKED = (
    ("What error did the build fail with?", "interpolate_swell", "XTerm"),
    ("How much does the Osprey floor lamp cost?", "213.50", "Chromium"),
    ("What is the reference of the venue deposit?", "VD-7731", "Mousepad"),
)
SECRET = "correct horse battery staple"
MAGENTA = ("-bg", "#ff00ff", "-fg", "#ffffff", "-cr", "#ff00ff")
GREEN = ("-bg", "#00c000", "-fg", "#00c000", "-cr", "#00c000")


def has_colour(picture: Pixels, colour: str) -> bool:
    """Whether magenta or green is there, as lossy compression and scaling leave them."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    if colour == "magenta":
        return bool(((red > 180) & (green < 100) & (blue > 180)).any())
    return bool(((red < 70) & (green > 140) & (blue < 70)).any())


def pixels(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_a_terminal_a_browser_page_and_an_editor_are_asked_about_by_hotkey(app: App, tmp_path: Path) -> None:
    agree(app)
    put_away(app)
    with ExitStack() as on_screen:
        for scene in SCENES[:3]:
            on_screen.enter_context(
                program(app.desktop, ["env", f"HOME={tmp_path}", *scene.command(tmp_path)], scene.title)
            )
            wait_until(partial(app.read, scene.title), PATIENCE, f"reading {scene.name}")
        for question, expected, application in ASKED:
            shown = ask(app, question)
            assert expected in shown["answer"], shown
            assert shown["origin"] in {"From what was recorded", "From memory and what was recorded"}
            assert application in shown["cards"][0], shown
    with connect(app.paths, start=False) as client:
        moments = client.moments(limit=200).moments
    assert {"XTerm", "Chromium", "Mousepad"} <= {moment.application for moment in moments}
    assert "trayer" not in {moment.application for moment in moments}  # the app's own light is no news
    assert not any("Afterimage" in moment.window for moment in moments)


def test_a_password_managers_window_reaches_nothing_that_the_app_shows_or_keeps(app: App, tmp_path: Path) -> None:
    agree(app)
    put_away(app)
    vault = ["xterm", "-class", "KeePassXC", "-title", "Vault of Ines", "-geometry", "60x20+100+60", *MAGENTA]
    page = ["xterm", "-title", "plain page", "-geometry", "60x20+400+150", *GREEN, "-e", "sleep 300"]
    views: dict[int, View] = {}
    with (
        program(app.desktop, [*vault, "-e", "sh", "-c", f"echo '{SECRET}'; exec sleep 300"], "Vault"),
        program(app.desktop, page, "plain page"),
        connect(app.paths, start=False) as client,
    ):

        def watched() -> bool:
            view = client.memory(max(views, default=0)).view
            if view is not None:
                views[view.number] = view
            return any("plain page" in view.words for view in views.values())

        wait_until(watched, PATIENCE, "the page's being shown to the model")

        def looked_on(seen: int) -> bool:
            return watched() and client.status().frames_seen > seen + 1

        for x in range(100, 400, 50):
            app.desktop.move("Vault", x, 60)
            wait_until(partial(looked_on, client.status().frames_seen), PATIENCE, "more frames")
        assert "keepass" in client.status().reason
        assert app.shown()["light"] == app.shown()["tray"] == "recording"
    wait_until(lambda: app.unread() == 0, PATIENCE, "everything's being read")

    with connect(app.paths, start=False) as client:
        moments = client.moments(limit=200).moments
        kept = [
            pixels(client.picture(moment.id, thumbnail=thumbnail).data)
            for moment in moments
            for thumbnail in (False, True)
        ]
    kept += [pixels(picture) for view in views.values() for picture in view.pictures]
    assert any(has_colour(picture, "green") for picture in kept)
    assert not any(has_colour(picture, "magenta") for picture in kept)
    told = [moment.window + moment.text for moment in moments] + [view.words for view in views.values()]
    assert not any(word in words for words in told for word in ("Vault", "KeePass", "horse", "staple"))

    shown = ask(app, "Which words stand beside horse and battery?")
    assert (shown["origin"], shown["cards"]) == ("Not seen", [])
    app.desktop.press("ctrl+t")
    app.wait(lambda now: now["timeline"] == len(moments), "the timeline's rows")
    timeline = app.desktop.wait_for_window("Afterimage: Timeline")
    app.desktop.focus(timeline)

    def photographed() -> bool:
        app.desktop.screenshot(tmp_path / "screen.png")
        return has_colour(pixels((tmp_path / "screen.png").read_bytes()), "green")

    wait_until(photographed, PATIENCE, "the page's thumbnail in the timeline")
    assert not has_colour(pixels((tmp_path / "screen.png").read_bytes()), "magenta")

    with connect(app.paths, start=False) as client:
        client.shutdown()  # the memory is saved by then
    states = list(app.paths.data.rglob("*.state"))
    assert states
    for file in app.paths.data.rglob("*"):
        if file.is_file():
            held = file.read_bytes().lower()
            assert b"vault of ines" not in held, file
            assert SECRET.encode() not in held, file
