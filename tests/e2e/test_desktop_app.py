"""The desktop app with the real engine on a real screen: real keys in, what the widgets show out."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from functools import partial

import psutil
import pytest

from app.client import connect
from core.capture.windows import window_facts
from tests.e2e.desktop_app import PATIENCE, App, agree, put_away
from tests.helpers.desktop import program, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(420),
    pytest.mark.skipif(
        not all(map(shutil.which, ("Xvfb", "openbox", "xdotool", "xterm", "trayer"))),
        reason="needs Xvfb, openbox, xdotool, xterm and trayer",
    ),
]


def test_from_the_first_run_to_an_answer_by_keys_alone(app: App) -> None:
    app.wait(lambda now: now.get("welcome"), "the first run's pages")
    app.wait(lambda now: now.get("light") == "idle", "an engine that waits")
    with connect(app.paths, start=False) as client:
        assert client.status().frames_seen == 0
    agree(app)

    put_away(app)
    script = "echo 'lodge.c:77: error: beam_length undeclared'; exec sleep 300"
    terminal = ["xterm", "-fa", "DejaVu Sans Mono", "-fs", "14", "-title", "build", "-e", "sh", "-c", script]
    with program(app.desktop, terminal, "build"):
        wait_until(lambda: app.unread() == 0, PATIENCE, "reading what the terminal shows")

    app.desktop.press("ctrl+alt+space")
    app.wait(lambda now: now["window"] and now["typing"], "the window with the cursor in the field")
    app.desktop.type("What was the error in the build?")
    app.desktop.press("Return")
    app.wait(lambda now: now["exchanges"] and now["exchanges"][0]["stage"] == "DONE", "an answer")
    app.wait(lambda now: now["exchanges"][0]["cards"], "the moment's picture")
    (exchange,) = app.shown()["exchanges"]
    assert exchange["question"] == "What was the error in the build?"
    assert "beam_length" in exchange["answer"]
    assert exchange["origin"] in {"From what was recorded", "From memory and what was recorded"}
    assert "XTerm" in exchange["cards"][0]

    app.desktop.type("and where was that?")
    app.desktop.press("Return")
    app.wait(lambda now: [e["stage"] for e in now["exchanges"]] == ["DONE", "DONE"], "the follow-up's answer")
    assert app.shown()["exchanges"][1]["answer"].startswith("In XTerm, window “build”")
    with connect(app.paths, start=False) as client:
        kept = client.history().exchanges
    assert [exchange.before for exchange in kept] == ["What was the error in the build?", ""]

    engine = app.engine()
    app.desktop.press("ctrl+q")
    assert app.process.wait(PATIENCE) == 0
    assert not psutil.pid_exists(engine)


def test_a_killed_engine_is_told_at_once_and_records_again(app: App) -> None:
    agree(app)
    killed = app.engine()
    os.kill(killed, signal.SIGKILL)
    app.wait(lambda now: now["light"] == now["tray"] == "restarting", "the light's telling the truth", 2.0)
    app.wait(lambda now: now["light"] == now["tray"] == "recording", "recording again")
    assert app.engine() != killed


def test_an_excluded_window_is_told_and_not_kept(app: App) -> None:
    agree(app)
    secret = ["xterm", "-class", "KeePassXC", "-title", "vault", "-maximized", "-e", "sh", "-c", "exec sleep 300"]
    with program(app.desktop, secret, "vault"):
        app.wait(lambda now: now["light"] == now["tray"] == "excluded", "the excluded window's being told")
    app.wait(lambda now: now["light"] == "recording", "recording after it is gone")
    with connect(app.paths, start=False) as client:
        assert all("vault" not in moment.window for moment in client.moments(limit=100).moments)


def test_a_part_of_the_screen_is_snipped_by_keys_alone_on_one_of_two_monitors(app: App) -> None:
    app.desktop.set_monitor("L", "1000/300x1080/300+0+0", "screen")
    app.desktop.set_monitor("R", "920/250x700/200+1000+0", "none")
    agree(app)
    app.desktop.press("ctrl+alt+s")
    app.wait(lambda now: now["overlays"] == 2 and not now["window"], "overlays, and the window's stepping aside")
    app.desktop.press("Escape")
    app.wait(lambda now: now["overlays"] == 0 and now["window"], "the window's coming back")
    put_away(app)
    script = "echo 'total 412.50'; exec sleep 300"
    with program(
        app.desktop, ["xterm", "-title", "bill", "-geometry", "40x10+40+40", "-e", "sh", "-c", script], "bill"
    ):
        app.desktop.press("ctrl+alt+s")
        app.wait(lambda now: now["overlays"] == 2, "an overlay on each monitor")
        app.desktop.press("Escape")
        app.wait(lambda now: now["overlays"] == 0, "their going")
        assert not app.shown()["window"]
        app.desktop.point(1300, 300)
        app.desktop.press("ctrl+alt+s")
        app.wait(lambda now: now["overlays"] == 2, "an overlay on each monitor")
        app.desktop.press("Return")
        app.wait(lambda now: now["typing"] and now["overlays"] == 0, "the question field")
        assert app.shown()["about"] == [920, 700]
        app.desktop.type("What is the total?")
        app.desktop.press("Return")
        app.wait(lambda now: now["exchanges"] and now["exchanges"][0]["stage"] == "DONE", "an answer")


@pytest.mark.parametrize("app", [{"QT_SCREEN_SCALE_FACTORS": "L=1;R=2"}], indirect=True, ids=["100 and 200 %"])
def test_a_snip_has_the_pixels_of_its_monitor_whatever_the_monitors_scale(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.desktop.set_monitor("L", "1000/300x1080/300+0+0", "screen")
    app.desktop.set_monitor("R", "920/250x700/200+1000+0", "none")
    agree(app)
    put_away(app)
    monkeypatch.setenv("DISPLAY", app.desktop.display)

    def snipped(do: Callable[[], None]) -> tuple[int, int]:
        app.desktop.press("ctrl+alt+s")
        app.wait(lambda now: now["overlays"] == 2, "an overlay on each monitor")
        do()
        app.wait(lambda now: now["typing"] and now["overlays"] == 0, "the question field")
        width, height = app.shown()["about"]
        put_away(app)
        return width, height

    for left in (200, 1200):
        dragged = snipped(partial(app.desktop.drag, (left, 100), (left + 300, 250)))
        assert dragged == pytest.approx((300, 150), abs=2)
    bill = ["xterm", "-title", "bill", "-geometry", "40x10+1100+80", "-e", "sh", "-c", "exec sleep 300"]
    with program(app.desktop, bill, "bill"):
        facts = window_facts()
        (place,) = [window.rect for window in facts.windows() or () if window.title == "bill"]
        facts.close()
        clicked = snipped(partial(app.desktop.click, place.left + 40, place.top + 40))
    assert clicked == pytest.approx((place.width, place.height), abs=2)
