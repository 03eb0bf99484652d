"""Hotkeys and snips in a Wayland session, through a portal that speaks the real protocol on a bus of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPixmap
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.helpers.fake_portal import NEEDED, FakePortal, private_bus
from ui.hotkeys import Hotkeys
from ui.portal_keys import trigger
from ui.snip import Snip, parts
from ui.theme import Theme

pytestmark = pytest.mark.skipif(NEEDED is None, reason="needs dbus-daemon")


@pytest.fixture
def portal(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortal]:
    with private_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        portal = FakePortal(tmp_path)
        monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
        yield portal
        portal.close()


@pytest.fixture
def hotkeys(qtbot: QtBot) -> Iterator[Hotkeys]:
    hotkeys = Hotkeys()
    yield hotkeys
    hotkeys.stop()


def bound(portal: FakePortal) -> list[tuple[str, str]]:
    """The shortcuts that were asked for: name and wished keys."""
    return [
        (name, facts["preferred_trigger"][1])
        for member, body in portal.calls
        if member == "BindShortcuts"
        for name, facts in body[1]
    ]


def test_a_shortcut_that_the_desktop_reports_is_a_press(qtbot: QtBot, portal: FakePortal, hotkeys: Hotkeys) -> None:
    assert hotkeys.listen({"ask": "<ctrl>+<alt>+space", "snip": "<ctrl>+<alt>+s"}) == ""
    qtbot.waitUntil(lambda: len(bound(portal)) == 2)
    assert bound(portal) == [("<ctrl>+<alt>+<space>", "CTRL+ALT+space"), ("<ctrl>+<alt>+s", "CTRL+ALT+s")]
    pressed: list[str] = []
    hotkeys.pressed.connect(pressed.append)

    def heard() -> bool:
        portal.activate("<ctrl>+<alt>+s")  # the first may come before the listening has begun
        return bool(pressed)

    qtbot.waitUntil(heard)
    assert set(pressed) == {"snip"}


def test_stopping_gives_the_keys_back(qtbot: QtBot, portal: FakePortal, hotkeys: Hotkeys) -> None:
    hotkeys.listen({"ask": "<ctrl>+<alt>+space"})
    qtbot.waitUntil(lambda: bool(bound(portal)))
    hotkeys.stop()
    assert portal.closed == portal.sessions


def test_a_desktop_without_shortcuts_says_what_to_do_instead(portal: FakePortal, hotkeys: Hotkeys) -> None:
    portal.manners.versions = {"Screenshot": 2}
    assert "keyboard settings" in hotkeys.listen({"ask": "<ctrl>+<alt>+space"})


def test_trying_keys_asks_the_user_nothing(portal: FakePortal, hotkeys: Hotkeys) -> None:
    assert hotkeys.probe({"ask": "<ctrl>+k"}) == ""
    portal.manners.versions = {}
    assert "keyboard settings" in hotkeys.probe({"ask": "<ctrl>+k"})
    assert portal.sessions == []


def test_a_users_no_ends_the_listening_quietly(qtbot: QtBot, portal: FakePortal, hotkeys: Hotkeys) -> None:
    portal.manners.code = 1
    assert hotkeys.listen({"ask": "<ctrl>+<alt>+space"}) == ""
    qtbot.waitUntil(lambda: bool(portal.sessions))
    hotkeys.stop()


def test_keys_are_written_as_the_portal_reads_them() -> None:
    assert trigger("<cmd>+<shift>+<enter>") == "LOGO+SHIFT+Return"
    for wrong in ("s", "<what>+s", "<ctrl>+"):
        with pytest.raises(ValueError, match="combination"):
            trigger(wrong)


def test_a_snip_takes_its_picture_through_the_portal_and_leaves_no_file(
    qtbot: QtBot, theme: Theme, portal: FakePortal, tmp_path: Path
) -> None:
    size = QGuiApplication.primaryScreen().geometry().size() * 2
    shown = QImage(size, QImage.Format.Format_RGB32)
    shown.fill("#00c000")
    shown.save(str(tmp_path / "shown.png"))
    portal.manners.picture = tmp_path / "shown.png"
    snip = Snip(theme, list)
    snip.start()
    qtbot.waitUntil(lambda: bool(snip.overlays))
    with qtbot.waitSignal(snip.chosen) as waited:
        QTest.keyClick(snip.overlays[0], Qt.Key.Key_Return)
    assert waited.args[0].size() == size
    assert waited.args[0].pixelColor(9, 9).name() == "#00c000"
    assert [path.name for path in tmp_path.iterdir()] == ["shown.png"]


def test_a_snip_that_the_user_refuses_is_told(qtbot: QtBot, theme: Theme, portal: FakePortal) -> None:
    portal.manners.code = 1
    snip = Snip(theme, list)
    with qtbot.waitSignal(snip.failed, check_params_cb=lambda words: "Paste" in words):
        snip.start()
    assert snip.overlays == []


def test_a_picture_of_the_whole_desktop_is_cut_into_screens(qtbot: QtBot) -> None:
    screens = QGuiApplication.screens()
    whole = QPixmap(screens[0].geometry().size() * 3)
    ((screen, part),) = parts(whole, screens)
    assert screen is screens[0]
    assert part.size() == whole.size()
