"""Memory-only mode, byte by byte: nothing that was on the screen is in any file, the saved memory state included."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from app.client import Client, connect
from app.desk import Desk
from app.logs import start_log
from app.paths import Paths
from app.server import Server
from app.service import Service
from tests.helpers.screens import FakeScreen, FakeSurroundings

SHOWN, TITLE, APPLICATION, ASKED = "quagga 77415", "okapi ledger", "narwhal", "wombat"
WORDS = ("quagga", "77415", "okapi", "narwhal", "wombat")
PICTURES = (b"\x89PNG\r\n\x1a\n", b"WEBPVP8", b"ftypavif", b"\xff\xd8\xff\xe0\x00\x10JFIF")


def files(paths: Paths) -> Iterator[tuple[Path, bytes]]:
    """Every file of this user's, with all its bytes."""
    assert paths.home is not None
    for path in sorted(paths.home.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def found(paths: Paths) -> set[str]:
    """The words of the screen and the kinds of pictures that some file holds, and the words in files' names."""
    told = set()
    for path, data in files(paths):
        plain = data.lower()
        for word in WORDS:
            if word in str(path.relative_to(paths.home or path)).lower():
                told.add(word)
            if word.encode() in plain or word.encode("utf-16-le") in plain:
                told.add(word)
        told |= {repr(kind) for kind in PICTURES if kind in data}
    return told


def a_day(paths: Paths, *, memory_only: bool) -> None:
    """Records, asks, saves and ends, with the model that comes with the program."""
    service = Service(paths, FakeScreen(), threading.Event())
    screen = service.recorder._opener
    assert isinstance(screen, FakeScreen)
    screen.show(SHOWN, TITLE, APPLICATION)
    service.start(resume=False)
    desk = Desk(service, lambda: None, paths, FakeSurroundings())
    server = Server(paths, desk.answer)
    try:
        with connect(paths, start=False) as client:
            client.change_setting("privacy.memory_only", "on" if memory_only else "off")
            client.watch()
            wait_until_seen(client, service)
            list(client.ask(f"Where is the {ASKED}?"))
    finally:
        service.end_in_order()
        desk.close()
        server.close()
        service.stop()


def wait_until_seen(client: Client, service: Service) -> None:
    """The test's own time limit ends the wait."""
    while True:
        service.tick()
        status = client.status()
        if status.tokens_seen and (service.settings.privacy.memory_only or status.unread_moments < status.moments):
            return


def test_nothing_of_the_screen_is_in_any_byte_on_disk(paths: Paths) -> None:
    start_log(paths.engine_log)
    a_day(paths, memory_only=True)
    assert list(paths.snapshots.rglob("*.state"))  # the memory itself was saved, and looked at
    assert found(paths) == set()
    # The same day without it: what is looked for would have been found.
    a_day(paths, memory_only=False)
    assert {"quagga", "okapi", "narwhal", repr(b"WEBPVP8")} <= found(paths)
