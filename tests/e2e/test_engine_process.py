"""The real engine process on a real screen: killed again and again, asked twice, ended in order."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.client import Client, connect
from app.paths import Paths, paths_in
from app.protocol import MomentInfo, Status
from app.starting import start_engine
from app.supervise import Link, Supervisor
from core.errors import EngineUnreachableError
from tests.helpers.desktop import VirtualDesktop

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

KILLS = 20
TOLD_WITHIN = 2.0  # seconds until whoever shows the engine's state must know that it is away
BACK_WITHIN = 60.0
TICKER = [
    "xterm",
    "-T",
    "ticker",
    "-e",
    "bash",
    "-c",
    "n=0; while true; do n=$((n+1)); echo line $n; sleep 0.4; done",
]


@pytest.fixture
def desktop() -> Iterator[VirtualDesktop]:
    with VirtualDesktop(800, 600, tray=False) as desktop:
        desktop.run(TICKER)
        desktop.wait_for_window("ticker")
        yield desktop


@pytest.fixture
def paths(tmp_path: Path, desktop: VirtualDesktop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    monkeypatch.setenv("DISPLAY", desktop.display)
    paths = paths_in(tmp_path)
    yield paths
    try:
        with connect(paths, start=False) as client:
            client.shutdown()
    except EngineUnreachableError:
        pass


class Watcher:
    """What a tray icon would know: everything that the supervisor tells, with the time it was told."""

    def __init__(self, paths: Paths) -> None:
        self.news: queue.SimpleQueue[tuple[float, Link | Status]] = queue.SimpleQueue()
        self.supervisor = Supervisor(paths, lambda item: self.news.put((time.monotonic(), item)))
        self.supervisor.start()

    def wait_for(
        self, wanted: Callable[[Link | Status], bool], seconds: float = BACK_WITHIN
    ) -> tuple[float, Status | Link]:
        deadline = time.monotonic() + seconds
        while True:
            told, item = self.news.get(timeout=max(0.01, deadline - time.monotonic()))
            if wanted(item):
                return told, item

    @property
    def client(self) -> Client:
        client = self.supervisor.client
        assert client is not None
        return client


def recording(item: Link | Status) -> bool:
    return isinstance(item, Status) and item.state == "recording"


def more_moments_than(number: int) -> Callable[[Link | Status], bool]:
    return lambda item: isinstance(item, Status) and item.state == "recording" and item.moments > number


def away(item: Link | Status) -> bool:
    return isinstance(item, Link) and item.state == "restarting"


def all_moments(client: Client) -> dict[int, MomentInfo]:
    found: dict[int, MomentInfo] = {}
    while True:
        page = client.moments(limit=500, offset=len(found))
        found |= {moment.id: moment for moment in page.moments}
        if not page.moments or len(found) >= page.total:
            return found


def test_killed_twenty_times_while_recording_it_comes_back_and_loses_nothing_committed(paths: Paths) -> None:
    watcher = Watcher(paths)
    told_after: list[float] = []
    back_after: list[float] = []
    try:
        watcher.wait_for(lambda item: isinstance(item, Link) and item.state == "connected")
        watcher.client.watch()
        committed: dict[int, MomentInfo] = {}
        for _ in range(KILLS):
            watcher.wait_for(more_moments_than(len(committed)))
            committed = all_moments(watcher.client)
            pid = watcher.client.engine_pid
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            told_after.append(watcher.wait_for(away)[0] - killed)
            back_after.append(watcher.wait_for(recording)[0] - killed)
            client = watcher.client
            assert client.engine_pid != pid
            after = all_moments(client)
            assert set(committed) <= set(after)
            for moment in committed.values():
                assert after[moment.id].time == moment.time
                assert after[moment.id].text.startswith(moment.text[:10]) or not moment.text
                assert client.picture(moment.id).data
        assert max(told_after) < TOLD_WITHIN
        print(f"told after {max(told_after):.3f} s at most; recording again after {max(back_after):.1f} s at most")
    finally:
        watcher.supervisor.stop()


def test_a_second_engine_finds_the_first_and_ends_well(paths: Paths) -> None:
    with connect(paths) as client:
        second = start_engine(paths)
        assert second.wait(30) == 0
        assert client.status().pid == client.engine_pid
        with connect(paths) as other:
            assert other.engine_pid == client.engine_pid


def test_an_orderly_end_is_no_crash_and_keeps_the_memory(paths: Paths) -> None:
    watcher = Watcher(paths)
    try:
        watcher.wait_for(lambda item: isinstance(item, Link) and item.state == "connected")
        watcher.client.watch()
        _, status = watcher.wait_for(lambda item: isinstance(item, Status) and item.tokens_seen > 0)
        watcher.client.shutdown()
        watcher.wait_for(lambda item: isinstance(item, Link) and item.state == "ended")
    finally:
        watcher.supervisor.stop()
    assert isinstance(status, Status)
    with connect(paths) as client:
        again = client.status()
        assert again.pid != status.pid
        while not client.status().model:
            time.sleep(0.05)
        assert client.status().tokens_seen >= status.tokens_seen
        assert client.status().state == "idle"


def test_a_pause_outlives_a_killed_engine(paths: Paths) -> None:
    watcher = Watcher(paths)
    try:
        watcher.wait_for(lambda item: isinstance(item, Link) and item.state == "connected")
        watcher.client.watch()
        watcher.wait_for(recording)
        watcher.client.pause()
        watcher.wait_for(lambda item: isinstance(item, Status) and item.state == "paused")
        os.kill(watcher.client.engine_pid, signal.SIGKILL)
        watcher.wait_for(away)
        _, first = watcher.wait_for(lambda item: isinstance(item, Status))
        assert isinstance(first, Status)
        assert first.state == "paused"
        assert first.frames_seen == 0
        watcher.client.resume()
        watcher.wait_for(recording)
    finally:
        watcher.supervisor.stop()


def test_the_engine_is_modest(paths: Paths) -> None:
    with connect(paths) as client:
        assert psutil.Process(client.engine_pid).nice() >= 10


def test_monitors_that_appear_and_go_are_followed(paths: Paths, desktop: VirtualDesktop) -> None:
    def xrandr(*arguments: str) -> None:
        subprocess.run(["xrandr", *arguments], env=desktop.environment, check=True, capture_output=True)

    def names(item: Link | Status) -> set[str]:
        return {source.name for source in item.sources if source.frames} if isinstance(item, Status) else set()

    watcher = Watcher(paths)
    try:
        watcher.wait_for(lambda item: isinstance(item, Link) and item.state == "connected")
        watcher.client.watch()
        watcher.wait_for(recording)
        xrandr("--setmonitor", "left", "400/100x600/150+0+0", "screen")
        xrandr("--setmonitor", "right", "400/100x600/150+400+0", "none")
        watcher.wait_for(lambda item: len(names(item)) == 2 and recording(item))
        xrandr("--delmonitor", "right")
        watcher.wait_for(lambda item: len(names(item)) == 1 and recording(item))
    finally:
        watcher.supervisor.stop()


def test_the_display_going_away_is_told_and_recording_goes_on_with_the_next_one(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ["Xvfb", "-noreset", "-nolisten", "tcp", "-screen", "0", "640x480x24"]

    def start(number: str) -> tuple[subprocess.Popen[bytes], str]:
        reader, writer = os.pipe()
        chosen = ["-displayfd", str(writer)] if not number else [number, "-displayfd", str(writer)]
        process = subprocess.Popen([*server, *chosen], pass_fds=(writer,), stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as told:
            return process, f":{told.readline().strip()}"

    display, name = start("")
    monkeypatch.setenv("DISPLAY", name)
    watcher = Watcher(paths)
    try:
        watcher.wait_for(lambda item: isinstance(item, Link) and item.state == "connected")
        watcher.client.watch()
        watcher.wait_for(recording)
        display.kill()
        display.wait()
        _, status = watcher.wait_for(lambda item: isinstance(item, Status) and item.state == "no_source")
        assert isinstance(status, Status)
        assert status.reason
        display, again = start(name)
        assert again == name
        watcher.wait_for(recording)
    finally:
        watcher.supervisor.stop()
        display.kill()
        display.wait()
