"""The tray says what the engine does, and its menu does what it says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.protocol import Status
from tests.helpers.fake_engine import FakeEngine
from ui.bridge import Bridge
from ui.controls import Controls
from ui.presence import Light, Link, presence
from ui.theme import Theme, brand_icon
from ui.tray import Tray


@pytest.fixture
def controls(theme: Theme, bridge: Bridge) -> Controls:
    return Controls(theme, bridge)


@pytest.fixture
def tray(theme: Theme, controls: Controls) -> Tray:
    return Tray(theme, controls)


@pytest.mark.parametrize("light", list(Light))
def test_every_light_has_an_icon_of_its_own(qtbot: QtBot, light: Light) -> None:
    pictures = {other: brand_icon(f"tray-{other}").pixmap(22, 22).toImage() for other in Light}
    assert not pictures[light].isNull()
    assert all(pictures[light] != pictures[other] for other in Light if other is not light)


def test_the_tray_says_in_words_what_its_icon_says(tray: Tray) -> None:
    tray.follow(presence(Link.CONNECTED, Status(state="recording")))
    assert (tray.light, tray.words) == (Light.RECORDING, "Afterimage: Recording")
    tray.follow(presence(Link.RESTARTING, None))
    assert tray.light is Light.RESTARTING
    assert tray.words.startswith("Afterimage: Restarting")


def test_the_menu_offers_only_what_can_be_done(tray: Tray, controls: Controls) -> None:
    follow(tray, controls, Link.CONNECTED, Status(state="recording"))
    assert controls.pause.isEnabled()
    assert not controls.resume.isVisible()
    follow(tray, controls, Link.CONNECTED, Status(state="paused"))
    assert not controls.pause.isEnabled()
    assert controls.resume.isVisible()
    follow(tray, controls, Link.CONNECTED, Status(state="idle"))
    assert controls.start.isVisible()
    follow(tray, controls, Link.RESTARTING, None)
    assert not controls.pause.isEnabled()
    assert not controls.forget_hour.isEnabled()


def test_the_menu_holds_every_order(tray: Tray) -> None:
    words = [action.text() for action in entries(tray.menu)]
    wanted = [
        "Ask…",
        "Snip and ask…",
        "Pause for 15 minutes",
        "Pause for 1 hour",
        "Pause until resumed",
        "Resume recording",
        "Forget the last 10 minutes…",
        "Forget the last hour…",
        "Forget today…",
        "Open the timeline",
        "Memory",
        "Settings…",
        "Quit",
    ]
    assert [entry for entry in wanted if entry not in words] == []


def test_forgetting_asks_first_and_does_nothing_on_no(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, controls: Controls, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def no(question: str, _explanation: str) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(controls, "confirm", no)
    bridge.start()
    with qtbot.waitSignal(bridge.status_changed):
        pass
    controls.forget_ten.trigger()
    assert asked == ["Forget the last 10 minutes?"]
    with qtbot.waitSignal(bridge.done):
        bridge.pause()
    assert "forget" not in engine.kinds()


def test_forgetting_tells_how_much_is_gone(
    qtbot: QtBot, engine: FakeEngine, bridge: Bridge, controls: Controls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "confirm", lambda *_: True)
    bridge.start()
    with qtbot.waitSignals(
        [controls.told, controls.forgotten],
        order="strict",
        check_params_cbs=[lambda words: words == "Forgotten. 0 moments deleted.", lambda: True],
    ):
        controls.forget_hour.trigger()
    assert engine.kinds().count("forget") == 1


def follow(tray: Tray, controls: Controls, link: Link, status: Status | None) -> None:
    now = presence(link, status)
    tray.follow(now)
    controls.follow(now)


def entries(menu: QMenu) -> Iterator[QAction]:
    """Every entry of ``menu`` and of the menus in it."""
    for action in menu.actions():
        yield action
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from entries(inner)
