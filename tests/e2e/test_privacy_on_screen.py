"""A password manager's window on a real screen reaches nothing that is kept: looked at pixel by pixel."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.paths import Paths, paths_in
from app.recorder import Wanted
from app.service import Service
from app.sources import Sources
from app.surroundings import Desktop
from core.frame import Pixels
from core.preprocess import Observation
from tests.helpers.desktop import VirtualDesktop, program, wait_until
from tests.helpers.sessions import NotingSession

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not all(map(shutil.which, ("Xvfb", "openbox", "xdotool", "xterm", "xrandr"))),
        reason="needs Xvfb, openbox, xdotool, xterm and xrandr",
    ),
]

MAGENTA = ("-bg", "#ff00ff", "-fg", "#ff00ff", "-cr", "#ff00ff")
GREEN = ("-bg", "#00c000", "-fg", "#00c000", "-cr", "#00c000")


class SeeingSession(NotingSession):
    """Keeps every picture that the model was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[Pixels] = []

    def see(self, observation: Observation) -> int:
        self.pictures += [np.asarray(picture) for picture in observation.pictures]
        return super().see(observation)


class Watched:
    """The engine's parts on a real screen, without its process."""

    def __init__(self, paths: Paths, session: SeeingSession) -> None:
        self.paths, self.session = paths, session
        paths.prepare()
        self.service = Service(paths, Sources(), threading.Event())
        self.service.start(resume=False)

    def until(self, condition: object, what: str) -> None:
        def holds() -> object:
            self.service.tick()
            return condition() if callable(condition) else condition

        wait_until(holds, 60, what)

    def kept(self) -> list[Pixels]:
        """Every picture that was kept or shown to the model."""
        timeline = self.service.timeline
        stored = [
            data
            for moment in timeline.between(limit=1000)
            for data in (timeline.picture(moment.id), timeline.thumbnail(moment.id))
            if data is not None
        ]
        return [*self.session.pictures, *(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in stored)]

    def titles(self) -> set[str]:
        return {moment.title for moment in self.service.timeline.between(limit=1000)}


def shows(picture: Pixels, colour: str) -> bool:
    """Whether a patch of the colour is there, as lossy compression leaves it."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    if colour == "magenta":
        return bool(((red > 200) & (green < 90) & (blue > 200)).any())
    return bool(((red < 60) & (green > 150) & (blue < 60)).any())


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualDesktop]:
    with VirtualDesktop(1600, 600, tray=False) as virtual:
        monkeypatch.setenv("DISPLAY", virtual.display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        yield virtual


@pytest.fixture
def watched(desktop: VirtualDesktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    session = SeeingSession()
    monkeypatch.setattr("core.session.open_session", lambda *_, **__: session)
    watched = Watched(paths_in(tmp_path / "home"), session)
    yield watched
    watched.service.stop()


def test_a_password_manager_behind_another_window_is_in_no_picture_title_header_or_file(
    desktop: VirtualDesktop, watched: Watched
) -> None:
    sleep = ("-e", "sleep 300")
    vault = ["xterm", "-class", "KeePassXC", "-title", "Vault of Ines", "-geometry", "60x20+100+60", *MAGENTA, *sleep]
    page = ["xterm", "-title", "plain page", "-geometry", "60x20+400+150", *GREEN, *sleep]
    with program(desktop, vault, "Vault"), program(desktop, page, "plain"):
        watched.service.watch(Wanted(("screen",))).result()
        watched.until(lambda: "plain page" in watched.titles() and watched.session.pictures, "the page's being kept")
        assert watched.service.status().state == "recording"
        assert "keepass" in watched.service.status().reason
        for x in range(100, 400, 60):
            desktop.move("Vault", x, 60)
        seen = watched.service.status().frames_seen
        watched.until(lambda: watched.service.status().frames_seen > seen + 4, "more frames")
    watched.service.unwatch()
    watched.until(lambda: watched.service.timeline.backlog() == 0, "everything's being read")
    kept = watched.kept()
    assert any(shows(picture, "green") for picture in kept)
    assert not any(shows(picture, "magenta") for picture in kept)
    assert not any("Vault" in title for title in watched.titles())
    assert not any("Vault" in header or "KeePass" in header for header in watched.session.seen)
    for file in watched.paths.data.rglob("*"):
        if file.is_file():
            assert b"vault of ines" not in file.read_bytes().lower(), file


def test_a_rule_made_while_the_window_is_on_screen_holds_from_the_next_frame_on(
    desktop: VirtualDesktop, watched: Watched
) -> None:
    bank = ["xterm", "-title", "Bank statement", "-geometry", "60x20+100+60", *MAGENTA, "-e", "sleep 300"]
    with program(desktop, bank, "Bank"):
        watched.service.watch(Wanted(("screen",))).result()
        watched.until(lambda: any(shows(picture, "magenta") for picture in watched.kept()), "its being seen")
        watched.service.change_setting("privacy.titles", r"\bbank\b")
        watched.until(lambda: watched.service.mind.facts.waiting == 0, "what was on its way")
        shown = len(watched.session.pictures)
        page = ["xterm", "-title", "plain page", "-geometry", "40x10+900+300", *GREEN, "-e", "sleep 300"]
        with program(desktop, page, "plain"):
            watched.until(lambda: "plain page" in watched.titles(), "the page's being kept")
            watched.until(lambda: len(watched.session.pictures) > shown, "its being seen")
        assert not any(shows(picture, "magenta") for picture in watched.session.pictures[shown:])


def test_a_monitor_is_plugged_in_out_and_resized_while_recording_goes_on(
    desktop: VirtualDesktop, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.recorder.RESCAN_AFTER", 0.5)

    def alive() -> set[str]:
        facts = watched.service.recorder.facts
        return {s.name for s in facts.sources if s.last_frame_age_s is not None and s.last_frame_age_s < 5}

    desktop.set_monitor("L", "1000/300x600/200+0+0", "screen")
    watched.service.watch(Wanted(("screen",))).result()
    watched.until(lambda: len(alive()) == 1, "the one monitor")
    desktop.set_monitor("R", "600/80x500/60+1000+0", "none")
    watched.until(lambda: len(alive()) == 2, "the second monitor")
    desktop.remove_monitor("R")
    watched.until(lambda: len(watched.service.recorder.facts.sources) == 1, "its being unplugged")
    watched.until(lambda: watched.service.status().state == "recording", "the first one's going on")
    desktop.set_monitor("R", "400/80x300/60+1000+0", "none")
    watched.until(lambda: len(alive()) == 2, "its coming back smaller")


def test_a_monitor_left_out_in_the_settings_is_not_recorded(desktop: VirtualDesktop, watched: Watched) -> None:
    desktop.set_monitor("L", "1000/300x600/200+0+0", "screen")
    desktop.set_monitor("R", "600/80x500/60+1000+0", "none")
    from core.capture.screen import monitors

    first, second = (monitor.name for monitor in monitors())
    watched.service.change_setting("capture.monitors", first)
    watched.service.change_setting("capture.rates", f"{first} = 2")
    plain = ["xterm", "-title", "on the first", "-geometry", "30x8+100+60", "-e", "sleep 300"]
    page = ["xterm", "-title", "on the second", "-geometry", "30x8+1100+60", *MAGENTA, "-e", "sleep 300"]
    with program(desktop, plain, "first"), program(desktop, page, "second"):
        watched.service.watch(Wanted(("screen",))).result()
        watched.until(lambda: watched.session.pictures, "the first monitor")
        names = {source.name for source in watched.service.recorder.facts.sources}
        assert names == {f"screen:{first}"}
        assert not any(shows(picture, "magenta") for picture in watched.kept())
        watched.service.change_setting("capture.monitors", second)
        watched.until(lambda: any(shows(picture, "magenta") for picture in watched.kept()), "the second monitor")


def test_the_settings_are_told_the_windows_and_monitors_that_are_there(desktop: VirtualDesktop) -> None:
    desktop.set_monitor("L", "1000/300x600/200+0+0", "screen")
    desktop.set_monitor("R", "600/80x500/60+1000+0", "none")
    surroundings = Desktop()
    page = ["xterm", "-title", "plain page", "-geometry", "30x8+1100+60", "-e", "sleep 300"]
    with program(desktop, page, "plain"):
        wait_until(lambda: any(w.title == "plain page" for w in surroundings.windows() or ()), 10, "its being listed")
    wait_until(lambda: not any(w.title == "plain page" for w in surroundings.windows() or ()), 10, "its going")
    assert [monitor.rect.width for monitor in surroundings.monitors()] == [1000, 600]
