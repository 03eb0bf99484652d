"""The doctor in a Wayland session, with a portal that speaks the real protocol on a bus of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.doctor import examine
from app.paths import Paths
from core.capture import wayland
from tests.helpers.fake_portal import NEEDED, FakePortal, private_bus


@pytest.mark.skipif(NEEDED is None, reason="needs dbus-daemon")
def test_what_a_wayland_desktop_hands_out_and_what_it_lacks_is_told(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> dict[str, str]:
        return {finding.subject: f"{finding.state}: {finding.message}" for finding in examine(paths)}

    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    monkeypatch.delenv("SWAYSOCK", raising=False)
    monkeypatch.setattr(wayland, "LIBRARY", "no_such_library")
    with private_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        portal = FakePortal(tmp_path)
        try:
            with_shortcuts = told()
            portal.manners.versions = {"Screenshot": 2}
            without_shortcuts = told()
            portal.manners.versions = {}
            without_anything = told()
        finally:
            portal.close()
    assert with_shortcuts["screen"].startswith("note: Screenshots")
    assert "exclusions cannot be kept" in with_shortcuts["windows"]
    assert "hotkeys" not in with_shortcuts
    assert "no global shortcuts" in without_shortcuts["hotkeys"]
    assert without_anything["screen"].startswith("missing: This Wayland desktop has no portal")
