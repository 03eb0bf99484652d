"""The real screen under Xvfb: monitors, regions, real windows, and what happens when they go."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest
from Xlib.display import Display
from Xlib.ext import screensaver

from core.capture.screen import ScreenSource, monitors, screens
from core.capture.source import FrameSource
from core.capture.windows.x11 import X11Facts
from core.config import CaptureConfig, GateConfig, PrivacyRules
from core.errors import CaptureDeniedError, DisplayMissingError, InputError, SourceLostError
from core.frame import Rect, Window
from core.gate import Change, Gate
from tests.helpers.desktop import VirtualDesktop, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not all(map(shutil.which, ("Xvfb", "openbox", "xterm", "xrandr", "xprop", "xdotool"))),
                       reason="needs Xvfb, openbox, xterm, xrandr, xprop and xdotool"),
]  # fmt: skip


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualDesktop]:
    with VirtualDesktop(1600, 600, tray=False) as virtual:
        monkeypatch.setenv("DISPLAY", virtual.display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        yield virtual


@pytest.fixture
def facts(desktop: VirtualDesktop) -> Iterator[X11Facts]:
    found = X11Facts(desktop.display)
    yield found
    found.close()


def tool(desktop: VirtualDesktop, *command: str) -> str:
    return subprocess.run(command, env=desktop.environment, capture_output=True, text=True, check=True).stdout


def terminal(desktop: VirtualDesktop, title: str, geometry: str, *more: str) -> str:
    desktop.run(["xterm", "-T", title, "-geometry", geometry, *more, "-e", "sleep 1000"])
    return desktop.wait_for_window(f"^{title}$")


def listed(facts: X11Facts) -> tuple[Window, ...]:
    found = facts.windows()
    assert found is not None
    return found


def titles(facts: X11Facts) -> list[str]:
    return [window.title for window in listed(facts)]


def two_monitors(desktop: VirtualDesktop) -> None:
    tool(desktop, "xrandr", "--setmonitor", "L", "1000/300x600/200+0+0", "screen")
    tool(desktop, "xrandr", "--setmonitor", "R", "600/200x500/200+1000+0", "none")


def close(sources: list[FrameSource]) -> None:
    for source in sources:
        source.close()


# --- windows --------------------------------------------------------------------------------------------------------


def test_windows_are_listed_front_to_back_with_frames_focus_and_program(
    desktop: VirtualDesktop, facts: X11Facts
) -> None:
    back = terminal(desktop, "back", "40x10+50+50")
    terminal(desktop, "front", "40x10+120+120")
    wait_until(lambda: len(listed(facts)) == 2 and listed(facts)[0].focused, 10, "the second terminal's focus")
    front, behind = listed(facts)
    assert (front.title, behind.title) == ("front", "back")
    assert (front.application, front.names[0]) == ("XTerm", "xterm")
    assert front.pid is not None
    assert front.opaque
    assert not behind.focused
    client = tool(desktop, "xdotool", "getwindowgeometry", "--shell", back)
    width = int(client.split("WIDTH=")[1].split()[0])
    assert behind.rect.width >= width  # with its frame
    tool(desktop, "xdotool", "windowactivate", "--sync", back)
    wait_until(lambda: titles(facts) == ["back", "front"], 10, "the raise")
    assert listed(facts)[0].focused


def test_titles_follow_in_any_encoding(desktop: VirtualDesktop, facts: X11Facts) -> None:
    window = terminal(desktop, "plain", "40x10+50+50")
    wait_until(lambda: titles(facts) == ["plain"], 10, "the terminal")
    for name, encoding, text in [
        ("_NET_WM_NAME", "8u", "世界 \u202e\x07 Grüße"),
        ("_NET_WM_NAME", "8u", "x" * 5000),
    ]:
        tool(desktop, "xprop", "-id", window, "-f", name, encoding, "-set", name, text)
        assert titles(facts) == [text[:2000]]
    tool(desktop, "xprop", "-id", window, "-remove", "_NET_WM_NAME")
    subprocess.run(
        [b"xprop", b"-id", window.encode(), b"-f", b"WM_NAME", b"8s", b"-set", b"WM_NAME", b"caf\xe9"],
        env={**desktop.environment, "LC_ALL": "C"},
        check=True,
    )
    assert len(titles(facts)) == 1


def test_minimised_and_closed_windows_are_gone(desktop: VirtualDesktop, facts: X11Facts) -> None:
    first = terminal(desktop, "first", "40x10+50+50")
    second = terminal(desktop, "second", "40x10+300+50")
    wait_until(lambda: sorted(titles(facts)) == ["first", "second"], 10, "both terminals")
    tool(desktop, "xdotool", "windowminimize", "--sync", first)
    wait_until(lambda: titles(facts) == ["second"], 10, "the first terminal's minimising")
    tool(desktop, "xdotool", "windowkill", second)
    wait_until(lambda: titles(facts) == [], 10, "the second terminal's end")


def test_what_the_window_manager_parks_beyond_the_screens_edge_is_not_listed(
    desktop: VirtualDesktop, facts: X11Facts
) -> None:
    assert "Openbox" in tool(desktop, "xwininfo", "-root", "-children")
    assert facts.windows() == ()


def test_a_panel_is_told_from_a_window(desktop: VirtualDesktop, facts: X11Facts) -> None:
    bar = terminal(desktop, "bar", "40x2+0+0")
    terminal(desktop, "page", "40x10+50+150")
    wait_until(lambda: len(listed(facts)) == 2, 10, "both terminals")
    kind = "_NET_WM_WINDOW_TYPE"
    tool(desktop, "xprop", "-id", bar, "-f", kind, "32a", "-set", kind, f"{kind}_DOCK")
    assert {window.title: window.panel for window in listed(facts)} == {"bar": True, "page": False}


def test_windows_that_come_and_go_all_the_time_are_no_trouble(desktop: VirtualDesktop, facts: X11Facts) -> None:
    script = "for i in 1 2 3 4 5 6; do xterm -geometry 20x3+9+9 -e true & done; wait"
    running = desktop.run(["sh", "-c", script])
    while running.poll() is None:
        assert facts.windows() is not None

    def as_if_asked_first() -> bool:
        fresh = X11Facts(desktop.display)
        same = listed(fresh) == listed(facts)
        fresh.close()
        return same

    wait_until(as_if_asked_first, 10, "the same list as one that remembers nothing")


def test_a_new_window_that_gets_a_dead_ones_number_is_read_anew(desktop: VirtualDesktop, facts: X11Facts) -> None:
    numbers = set()
    for attempt in range(8):
        title = f"terminal {attempt}"
        running = desktop.run(["xterm", "-T", title, "-geometry", "20x3+9+9", "-e", "sleep 1000"])
        numbers.add(desktop.wait_for_window(f"^{title}$"))
        assert titles(facts) == [title]
        desktop.close(running)
        wait_until(lambda known=title: not desktop.windows(f"^{known}$"), 10, "its end")  # type: ignore[misc]
    assert len(numbers) < 8


def test_a_menu_counts_as_its_programs(desktop: VirtualDesktop, facts: X11Facts) -> None:
    window = terminal(desktop, "owner", "40x10+50+50")
    wait_until(lambda: titles(facts) == ["owner"], 10, "the terminal")
    tool(desktop, "xdotool", "mousemove", "--window", window, "30", "30", "keydown", "ctrl", "mousedown", "1")
    wait_until(lambda: len(titles(facts)) == 2, 10, "the menu")
    menu = listed(facts)[0]
    assert (menu.application, menu.title) == ("XTerm", "owner")
    tool(desktop, "xdotool", "mouseup", "1", "keyup", "ctrl")
    wait_until(lambda: titles(facts) == ["owner"], 10, "the menu's end")


def test_a_lost_display_reads_as_unreadable_not_as_empty() -> None:
    with VirtualDesktop(400, 300, tray=False) as virtual:
        facts = X11Facts(virtual.display)
        assert facts.windows() is not None
        assert not facts.locked()
    assert facts.windows() is None
    assert not facts.locked()
    facts.close()


# --- monitors -------------------------------------------------------------------------------------------------------


def test_all_monitors_one_or_a_region(desktop: VirtualDesktop) -> None:
    two_monitors(desktop)
    names = [monitor.name for monitor in monitors()]
    assert len(names) == len(set(names)) == 2
    both = screens(CaptureConfig())
    assert [source.grab().size for source in both] == [(1000, 600), (600, 500)]  # type: ignore[union-attr]
    (second,) = screens(CaptureConfig(monitors=(names[1],)))
    assert second.name == f"screen:{names[1]}"
    (part,) = screens(CaptureConfig(region=(900, 100, 200, 50)))
    taken = part.grab()
    assert taken is not None
    assert taken.monitor.rect == Rect(900, 100, 200, 50)
    close([*both, second, part])


def test_the_desktops_scale_is_known(desktop: VirtualDesktop) -> None:
    assert [monitor.scale for monitor in monitors()] == [1.0]
    tool(desktop, "xprop", "-root", "-f", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", "Xft.dpi:\t192\n")
    assert [monitor.scale for monitor in monitors()] == [2.0]
    tool(desktop, "xprop", "-root", "-f", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", "Xft.dpi: 9.9.9\n")
    assert [monitor.scale for monitor in monitors()] == [1.0]


def test_what_cannot_be_captured_is_told(desktop: VirtualDesktop, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="outside"):
        screens(CaptureConfig(region=(5000, 5000, 10, 10)))
    with pytest.raises(DisplayMissingError, match="chosen"):
        screens(CaptureConfig(monitors=("DP-77",)))
    monkeypatch.setenv("DISPLAY", ":9876")
    with pytest.raises(DisplayMissingError):
        screens(CaptureConfig())
    monkeypatch.delenv("DISPLAY")
    with pytest.raises(DisplayMissingError):
        screens(CaptureConfig())


def test_a_monitor_that_goes_is_lost_alone_and_found_again(desktop: VirtualDesktop) -> None:
    two_monitors(desktop)
    first, second = screens(CaptureConfig())
    tool(desktop, "xrandr", "--delmonitor", "R")

    def lost() -> bool:
        try:
            second.grab()
        except SourceLostError:
            return True
        return False

    wait_until(lost, 10, "the loss of the second monitor")
    assert first.grab() is not None
    close([first, second])
    tool(desktop, "xrandr", "--setmonitor", "R", "600/200x500/200+1000+0", "none")
    again = screens(CaptureConfig())
    assert len(again) == 2
    close(again)


def test_a_monitor_that_changes_its_size_is_followed(desktop: VirtualDesktop) -> None:
    two_monitors(desktop)
    other, source = screens(CaptureConfig())
    tool(desktop, "xrandr", "--delmonitor", "R")
    tool(desktop, "xrandr", "--setmonitor", "R", "400/200x300/200+1000+0", "none")

    def smaller() -> bool:
        taken = source.grab()
        return taken is not None and taken.size == (400, 300)

    wait_until(smaller, 10, "the smaller monitor")
    close([other, source])


def test_a_display_that_dies_is_a_lost_source() -> None:
    with pytest.MonkeyPatch.context() as patch, VirtualDesktop(400, 300, tray=False) as virtual:
        patch.setenv("DISPLAY", virtual.display)
        (source,) = screens(CaptureConfig())
        assert source.grab() is not None
    with pytest.raises(SourceLostError):
        source.grab()
    source.close()
    with pytest.raises(SourceLostError):
        source.grab()


# --- frames ---------------------------------------------------------------------------------------------------------


def test_pixels_are_what_the_screen_shows_and_the_same_array_while_it_stays(desktop: VirtualDesktop) -> None:
    terminal(desktop, "green", "30x8+100+100", "-bg", "#00c000", "-fg", "#00c000", "-cr", "#00c000")
    (source,) = screens(CaptureConfig())
    assert isinstance(source, ScreenSource)

    def shown() -> bool:
        taken = source.grab()
        return taken is not None and taken.pixels[180, 180].tolist() == [0, 192, 0]

    wait_until(shown, 10, "the green terminal")
    one, other = source.grab(), source.grab()
    assert one is not None
    assert other is not None
    assert one.pixels is other.pixels
    assert not one.pixels.flags.writeable
    assert [window.title for window in one.windows] == ["green"]
    assert one.listed
    assert one.monotonic <= other.monotonic
    source.close()


def test_an_excluded_program_never_shows_while_it_opens_moves_and_closes(desktop: VirtualDesktop) -> None:
    """Magenta belongs to the excluded terminal alone; it is on screen all the while, and in no frame."""
    gate = Gate(GateConfig(), PrivacyRules(titles=("^secret",)))
    (source,) = screens(CaptureConfig())
    terminal(desktop, "open", "60x20+60+60")
    seen = hidden = 0

    def look() -> bool:
        nonlocal seen, hidden
        taken = source.grab()
        assert taken is not None
        hidden += bool((taken.pixels == (255, 0, 255)).all(axis=2).any())
        verdict = gate.judge(taken)
        if isinstance(verdict, Change):
            seen += 1
            assert not (verdict.frame.pixels == (255, 0, 255)).all(axis=2).any()
            assert all("secret" not in window.title for window in verdict.frame.windows)
        return gate.excluded_now != () or "secret" in {window.title for window in taken.windows}

    look()
    window = terminal(desktop, "secret", "30x8+200+150", "-bg", "#ff00ff", "-fg", "#ff00ff", "-cr", "#ff00ff")
    wait_until(look, 10, "the excluded terminal's showing")
    for step in range(12):
        tool(desktop, "xdotool", "windowmove", window, str(200 + 40 * step), str(150 + 10 * step))
        look()
    tool(desktop, "xdotool", "windowkill", window)
    wait_until(lambda: not look(), 10, "the excluded terminal's end")
    assert hidden
    assert seen
    source.close()


def test_frames_of_a_locked_session_are_not_taken(desktop: VirtualDesktop) -> None:
    (source,) = screens(CaptureConfig())
    assert source.grab() is not None
    locker = Display(desktop.display)  # a locker is a program that covers the screen as its screensaver
    locker.screen().root.screensaver_set_attributes(0, 0, 10, 10, 0)
    locker.sync()
    tool(desktop, "xset", "s", "activate")
    wait_until(lambda: source.grab() is None, 10, "the screensaver")
    tool(desktop, "xset", "s", "reset")
    wait_until(lambda: source.grab() is not None, 10, "the screensaver's end")
    locker.close()
    source.close()


def test_closing_one_of_two_sources_leaves_the_other_working(desktop: VirtualDesktop) -> None:
    two_monitors(desktop)
    first, second = screens(CaptureConfig())
    first.close()
    first.close()
    taken = second.grab()
    assert taken is not None
    assert np.asarray(taken.pixels).shape == (500, 600, 3)
    second.close()


def test_a_screen_blanked_by_the_server_is_not_locked(desktop: VirtualDesktop, facts: X11Facts) -> None:
    other = Display(desktop.display)
    tool(desktop, "xset", "s", "activate")
    wait_until(lambda: other.screen().root.screensaver_query_info().state == screensaver.StateOn, 10, "the blanking")
    assert not facts.locked()
    other.close()


def test_a_session_that_forbids_watching_says_what_to_do(
    desktop: VirtualDesktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(X11Facts, "_is_wayland", lambda _: True)  # as under XWayland, whose pictures are black
    with pytest.raises(CaptureDeniedError, match="Wayland") as refused:
        screens(CaptureConfig())
    assert "Xorg" in refused.value.remedy
