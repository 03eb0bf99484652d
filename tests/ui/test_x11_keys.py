"""Hotkeys on a real X server: pressed anywhere they are heard, other keys are not, and a taken one is told."""

from __future__ import annotations

import queue
import shutil
import sys
from collections.abc import Iterator
from functools import partial

import pytest

from tests.helpers.desktop import VirtualDesktop
from ui.listener import KeysTakenError

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux" or not shutil.which("xdotool"), reason="needs X11 and xdotool"),
]

SECONDS = 10.0


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualDesktop]:
    with VirtualDesktop(400, 300, tray=False) as virtual:
        monkeypatch.setenv("DISPLAY", virtual.display)
        yield virtual


def test_the_keys_are_heard_also_with_num_lock_and_nothing_else_is(desktop: VirtualDesktop) -> None:
    from ui.x11_keys import X11Keys

    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    names = {"<ctrl>+<alt>+<space>": "ask", "<ctrl>+<shift>+<f9>": "snip"}
    keys = X11Keys({combination: partial(heard.put, name) for combination, name in names.items()})
    desktop.press("space", "ctrl+space", "ctrl+alt+space")
    assert heard.get(timeout=SECONDS) == "ask"
    desktop.press("Num_Lock", "ctrl+shift+F9")
    assert heard.get(timeout=SECONDS) == "snip"
    assert heard.empty()
    keys.stop()


def test_keys_of_another_program_are_told_and_free_again_when_it_stops(desktop: VirtualDesktop) -> None:
    from ui.x11_keys import X11Keys

    first = X11Keys({"<ctrl>+<alt>+s": lambda: None})
    with pytest.raises(KeysTakenError, match="s"):
        X11Keys({"<ctrl>+<alt>+s": lambda: None})
    first.stop()
    X11Keys({"<ctrl>+<alt>+s": lambda: None}).stop()


@pytest.mark.parametrize("nonsense", ["s", "<ctrl>+<nonsense>", "<hyper>+s", "<ctrl>+", ""])
def test_what_is_no_combination_is_refused(desktop: VirtualDesktop, nonsense: str) -> None:
    from ui.x11_keys import X11Keys

    with pytest.raises(ValueError, match="no combination"):
        X11Keys({nonsense: lambda: None})


def test_the_end_of_the_server_ends_the_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.x11_keys import X11Keys

    with VirtualDesktop(400, 300, tray=False) as virtual:
        monkeypatch.setenv("DISPLAY", virtual.display)
        keys = X11Keys({"<ctrl>+<alt>+s": lambda: None})
    keys.stop()
