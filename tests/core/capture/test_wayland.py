"""The screen of a Wayland session, through a portal that speaks the real protocol on a bus of its own."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.capture import portal as portal_module
from core.capture import wayland
from core.capture.portal import Portal
from core.capture.screen import monitors, screens
from core.capture.source import Limited
from core.capture.windows import window_facts
from core.capture.windows.logind import Logind
from core.capture.windows.wayland import SwayFacts, UntoldFacts
from core.config import CaptureConfig, GateConfig, PrivacyRules
from core.errors import CaptureDeniedError, DisplayMissingError, SourceLostError
from core.frame import Rect
from core.gate import Change, Gate, Refusal
from tests.helpers.fake_portal import NEEDED, FakeLogind, FakePortal, private_bus

pytestmark = pytest.mark.skipif(NEEDED is None, reason="needs dbus-daemon")

PERMISSIVE = PrivacyRules(allow_unlisted=True)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with private_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
        monkeypatch.delenv("SWAYSOCK", raising=False)
        yield address


@pytest.fixture
def portal(bus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortal]:
    monkeypatch.setattr(wayland, "LIBRARY", "no_such_library")
    portal = FakePortal(tmp_path)
    portal.manners.picture = picture(tmp_path / "shown.png", "green")
    yield portal
    portal.close()


def picture(path: Path, colour: str, size: tuple[int, int] = (400, 300)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


# --- screenshots ----------------------------------------------------------------------------------------------------


def test_without_pipewire_the_screen_comes_as_screenshots_and_no_file_is_left(
    portal: FakePortal, tmp_path: Path
) -> None:
    (source,) = screens(CaptureConfig())
    first = source.grab()
    assert first is not None
    assert (first.size, first.source, first.pixels[10, 10].tolist()) == ((400, 300), "screen:desktop", [0, 128, 0])
    portal.manners.picture = picture(tmp_path / "shown.png", "red")
    second = source.grab()
    assert second is not None
    assert second.pixels[10, 10].tolist() == [255, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["shown.png"]
    source.close()


def test_screenshots_are_asked_for_seldom(portal: FakePortal) -> None:
    (source,) = screens(CaptureConfig())
    assert isinstance(source, Limited)
    config = CaptureConfig().paced(source.name, source.most_rate)
    assert config.busy_rate == wayland.SHOT_RATE
    assert config.still_interval >= 1 / wayland.SHOT_RATE
    source.close()


def test_rules_that_cannot_be_kept_let_nothing_through_unless_the_user_says_so(portal: FakePortal) -> None:
    (source,) = screens(CaptureConfig())
    frame = source.grab()
    assert frame is not None
    assert Gate(GateConfig(), PrivacyRules()).judge(frame) is Refusal.EXCLUDED
    assert isinstance(Gate(GateConfig(), PERMISSIVE).judge(frame), Change)
    source.close()


@pytest.mark.parametrize("config", [CaptureConfig(region=(0, 0, 50, 50)), CaptureConfig(monitors=("DP-1",))])
def test_more_than_the_user_chose_is_never_recorded_instead(portal: FakePortal, config: CaptureConfig) -> None:
    with pytest.raises(CaptureDeniedError) as refused:
        screens(config)
    assert "empty" in refused.value.remedy
    assert "Screenshot" not in [member for member, _ in portal.calls]


def test_a_users_no_is_told_with_what_to_do(portal: FakePortal) -> None:
    (source,) = screens(CaptureConfig())
    portal.manners.code = 1
    with pytest.raises(CaptureDeniedError) as refused:
        source.grab()
    assert "Xorg" in refused.value.remedy
    source.close()


def test_a_desktop_that_never_answers_is_not_waited_for_for_ever(
    portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_module, "SHOT_SECONDS", 0.05)
    portal.manners.silent = True
    (source,) = screens(CaptureConfig())
    with pytest.raises(CaptureDeniedError, match="Wayland"):
        source.grab()
    source.close()


@pytest.mark.parametrize("uri", ["", "https://example.org/a.png", "file:///no/such/picture.png"])
def test_what_is_no_picture_is_refused(portal: FakePortal, uri: str) -> None:
    portal.manners.uri = uri
    (source,) = screens(CaptureConfig())
    with pytest.raises(CaptureDeniedError, match="picture"):
        source.grab()
    source.close()


def test_a_broken_picture_is_refused_and_deleted_all_the_same(portal: FakePortal, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    portal.manners.uri = broken.as_uri()
    (source,) = screens(CaptureConfig())
    with pytest.raises(CaptureDeniedError, match="cannot be read"):
        source.grab()
    assert not broken.exists()
    source.close()


def test_a_desktop_without_any_portal_says_what_to_do(bus: str) -> None:
    with pytest.raises(DisplayMissingError) as missing:
        screens(CaptureConfig())
    assert "xdg-desktop-portal" in missing.value.remedy


def test_a_session_without_a_bus_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    with pytest.raises(DisplayMissingError, match="bus"):
        screens(CaptureConfig())


def test_a_desktop_that_asks_the_user_lists_no_monitors(portal: FakePortal) -> None:
    assert monitors() == []


# --- screen casts ---------------------------------------------------------------------------------------------------


@dataclass
class Reader:
    """Stands for pipewire_capture.CaptureStream."""

    remote: int
    node: int
    width: int
    height: int
    window_invalid: bool = False
    frames: list[Any] = field(default_factory=list)
    stopped: bool = False

    def start(self) -> None:
        os.fstat(self.remote)  # it is open

    def get_frame(self) -> Any | None:
        if self.frames and isinstance(self.frames[0], Exception):
            raise self.frames.pop(0)
        return self.frames.pop(0) if self.frames else None

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def readers(portal: FakePortal, monkeypatch: pytest.MonkeyPatch) -> list[Reader]:
    """Those that were made, in order; the desktop casts two monitors, one of them at twice the scale."""
    made: list[Reader] = []

    def capture_stream(remote: int, node: int, width: int, height: int) -> Reader:
        made.append(Reader(remote, node, width, height))
        return made[-1]

    library = ModuleType("fake_pipewire_capture")
    library.CaptureStream = capture_stream  # type: ignore[attr-defined]
    library.__spec__ = wayland.__spec__
    monkeypatch.setitem(sys.modules, library.__name__, library)
    monkeypatch.setattr(wayland, "LIBRARY", library.__name__)
    portal.manners.streams = (
        (41, {"position": ("(ii)", (0, 0)), "size": ("(ii)", (200, 100)), "id": ("s", "DP-1")}),
        (42, {"position": ("(ii)", (200, 0)), "size": ("(ii)", (100, 80)), "mapping_id": ("s", "eDP-1")}),
    )
    return made


def bgra(width: int, height: int, *colour: int) -> Any:
    made = np.zeros((height, width, 4), np.uint8)
    made[:] = (*colour, 255)
    return made


def test_a_cast_brings_every_monitor_at_its_own_scale(portal: FakePortal, readers: list[Reader]) -> None:
    first, second = screens(CaptureConfig())
    readers[0].frames.append(bgra(200, 100, 255, 0, 0))
    readers[1].frames.append(bgra(200, 160, 0, 0, 255))
    one, two = first.grab(), second.grab()
    assert one is not None
    assert two is not None
    assert (one.source, one.monitor.scale, one.pixels[0, 0].tolist()) == ("screen:DP-1", 1.0, [0, 0, 255])
    assert (two.source, two.monitor.scale, two.monitor.rect) == ("screen:eDP-1", 2.0, Rect(400, 0, 200, 160))
    again = first.grab()
    assert again is not None
    assert again.pixels is one.pixels  # nothing new came: the picture is still that one
    first.close()
    assert portal.closed == []
    second.close()
    assert portal.closed == portal.sessions
    assert all(reader.stopped for reader in readers)


def test_only_the_chosen_monitors_of_a_cast_are_read(portal: FakePortal, readers: list[Reader]) -> None:
    (source,) = screens(CaptureConfig(monitors=("eDP-1",)))
    assert source.name == "screen:eDP-1"
    assert [reader.node for reader in readers] == [42]
    source.close()
    assert portal.closed == portal.sessions
    with pytest.raises(DisplayMissingError, match="chosen"):
        screens(CaptureConfig(monitors=("HDMI-7",)))


def test_the_users_yes_is_kept_for_the_next_time(portal: FakePortal, readers: list[Reader], tmp_path: Path) -> None:
    config = CaptureConfig(permission=tmp_path / "permission")
    for _ in range(2):
        for source in screens(config):
            source.close()
    asked = [body[1] for member, body in portal.calls if member == "SelectSources"]
    assert [options.get("restore_token") for options in asked] == [None, ("s", "granted")]


def test_a_cast_that_brings_nothing_or_ends_is_a_lost_source(
    portal: FakePortal, readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = screens(CaptureConfig())
    assert first.grab() is None
    monkeypatch.setattr(wayland, "FIRST_FRAME", -1.0)
    with pytest.raises(SourceLostError, match="no picture"):
        first.grab()
    readers[1].frames.append(RuntimeError("PipeWire went away"))
    with pytest.raises(SourceLostError, match="broke off"):
        second.grab()
    readers[1].window_invalid = True
    with pytest.raises(SourceLostError, match="ended"):
        second.grab()
    first.close()
    second.close()


def test_a_cast_that_the_user_refuses_is_told(portal: FakePortal, readers: list[Reader]) -> None:
    portal.manners.code = 1
    with pytest.raises(CaptureDeniedError):
        screens(CaptureConfig())
    assert readers == []


def test_a_pipewire_that_cannot_be_read_leaves_the_pictures(
    portal: FakePortal, readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Reader) -> None:
        raise RuntimeError("no PipeWire")

    monkeypatch.setattr(Reader, "start", broken)
    (source,) = screens(CaptureConfig())
    assert source.name == "screen:desktop"
    source.close()


def test_a_desktop_that_cannot_cast_still_hands_out_pictures(portal: FakePortal, readers: list[Reader]) -> None:
    portal.manners.code = 2
    (source,) = screens(CaptureConfig())
    portal.manners.code = 0
    assert source.name == "screen:desktop"
    assert source.grab() is not None
    source.close()


# --- windows and the session ----------------------------------------------------------------------------------------


def test_a_locked_or_left_session_and_one_about_to_sleep_is_not_watched(bus: str) -> None:
    service = FakeLogind()
    now = [0.0]
    logind = Logind(lambda: now[0])
    try:
        for fact, value in (("LockedHint", True), ("Active", False), ("PreparingForSleep", True)):
            usual = service.facts[fact]
            for said, expected in ((value, True), (usual, False)):
                service.facts[fact] = said
                now[0] += 2
                assert logind.locked() is expected, (fact, said)
    finally:
        logind.close()
        service.close()


def test_where_there_is_no_logind_nothing_is_locked_and_it_is_asked_again_later(bus: str) -> None:
    now = [0.0]
    logind = Logind(lambda: now[0])
    assert not logind.locked()
    service = FakeLogind()
    service.facts["LockedHint"] = True
    try:
        assert not logind.locked()
        now[0] += 61
        assert logind.locked()
    finally:
        logind.close()
        service.close()


def leaf(
    name: str, x: int, *, app_id: str | None = "foot", focused: bool = False, visible: bool = True
) -> dict[str, Any]:
    return {
        "nodes": [],
        "floating_nodes": [],
        "name": name,
        "app_id": app_id,
        "window_properties": None if app_id else {"class": "KeePassXC", "instance": "keepassxc"},
        "pid": os.getpid(),
        "visible": visible,
        "focused": focused,
        "rect": {"x": x, "y": 20, "width": 300, "height": 200},
        "deco_rect": {"x": 0, "y": 0, "width": 300, "height": 20},
    }


TREE = {
    "nodes": [
        {
            "nodes": [
                {
                    "nodes": [leaf("left", 0), leaf("a tab behind", 0, visible=False)],
                    "floating_nodes": [leaf("vault", 50, app_id=None), leaf("front", 60, focused=True)],
                }
            ]
        }
    ]
}
OUTPUTS = [{"active": True, "scale": 1.0}, {"active": True, "scale": 2.0}, {"active": False, "scale": 3.0}]


@pytest.fixture
def sway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A socket that answers as sway does; what is in the list is sent instead."""
    instead: list[bytes] = []
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "sway.sock"))
    server.listen()
    monkeypatch.setenv("SWAYSOCK", str(tmp_path / "sway.sock"))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")

    def serve() -> None:
        caller, _ = server.accept()
        with caller:
            while head := caller.recv(14):
                kind = struct.unpack("=II", head[6:])[1]
                answer = json.dumps(OUTPUTS if kind == 3 else TREE).encode()
                caller.sendall(
                    instead.pop() if instead else b"i3-ipc" + struct.pack("=II", len(answer), kind) + answer
                )

    thread = threading.Thread(target=serve)
    thread.start()
    yield instead
    thread.join()
    server.close()


def test_sway_tells_its_windows_front_to_back_with_their_title_bars(sway: list[bytes]) -> None:
    facts = window_facts()
    assert isinstance(facts, SwayFacts)
    windows = facts.windows()
    scale = facts.scale()
    facts.close()
    assert windows is not None
    assert [window.title for window in windows] == ["front", "vault", "left"]
    assert [window.application for window in windows] == ["foot", "KeePassXC", "foot"]
    assert windows[0].focused
    assert windows[0].rect == Rect(60, 0, 300, 220)
    assert not any(window.opaque for window in windows)  # sway does not tell: so none counts as covering
    assert scale == 2.0


@pytest.mark.parametrize(
    "answer", [b"i3-ipc\x00\x00\x00\x00\x09\x00\x00\x00", b"x" * 14, b"i3-ipc\x02\0\0\0\x04\0\0\0[]"]
)
def test_what_sway_does_not_say_clearly_reads_as_unknown_not_as_empty(sway: list[bytes], answer: bytes) -> None:
    facts = SwayFacts()
    sway.append(answer)
    assert facts.windows() is None
    facts.close()


def test_other_compositors_tell_no_windows(bus: str) -> None:
    facts = window_facts()
    assert isinstance(facts, UntoldFacts)
    assert facts.windows() is None
    facts.close()


def test_the_portals_interfaces_are_looked_up(portal: FakePortal) -> None:
    asked = Portal()
    portal.manners.versions = {"Screenshot": 2}
    assert asked.version(portal_module.SCREENSHOT) == 2
    assert asked.version(portal_module.SHORTCUTS) == 0
    asked.close()
