"""The supervisor's judgement, with engines that are only servers."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from app import intent, supervise
from app.client import Client
from app.client import connect as real_connect
from app.intent import Intent
from app.paths import Paths
from app.protocol import Status
from app.supervise import Link, Supervisor
from core.errors import EngineUnreachableError
from tests.helpers.fake_engine import FakeEngine


class World:
    """Starts engines on demand; ``starts`` holds whether each was to resume."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.engine: FakeEngine | None = None
        self.starts: list[bool] = []
        self.broken = 0  # the next starts that fail
        self.news: queue.SimpleQueue[Link | Status] = queue.SimpleQueue()
        self.supervisor = Supervisor(paths, self.news.put)

    def connect(self, paths: Paths, *, resume: bool = False) -> Client:
        self.starts.append(resume)
        if self.broken:
            self.broken -= 1
            raise EngineUnreachableError("The engine ended at once.", "See the log.")
        intent.write(paths.intent, Intent())
        self.engine = FakeEngine(paths)
        return real_connect(paths, start=False)

    def crash(self) -> None:
        assert self.engine is not None
        self.engine.close()

    def next_link(self) -> Link:
        while not isinstance(item := self.news.get(timeout=30), Link):
            pass
        return item

    def next_status(self) -> Status:
        while not isinstance(item := self.news.get(timeout=30), Status):
            pass
        return item


@pytest.fixture
def world(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(paths)
    monkeypatch.setattr(supervise, "connect", world.connect)
    monkeypatch.setattr(supervise, "WAITS", (0.0, 0.001))
    world.supervisor.start()
    yield world
    world.supervisor.stop()
    if world.engine is not None:
        world.engine.close()


def test_a_crashed_engine_is_started_again_to_resume(world: World) -> None:
    assert world.next_link() == Link("connected")
    assert world.next_status().state == "idle"
    world.crash()
    assert world.next_link().state == "restarting"
    assert world.next_link() == Link("connected")
    assert world.starts == [False, True]


def test_an_orderly_end_is_left_alone(world: World, paths: Paths) -> None:
    assert world.next_link() == Link("connected")
    world.next_status()
    intent.clear(paths.intent)
    world.crash()
    assert world.next_link() == Link("ended")
    assert world.starts == [False]


def test_an_engine_that_does_not_start_is_tried_again_with_the_reason_told(world: World) -> None:
    assert world.next_link() == Link("connected")
    world.next_status()
    world.broken = 3
    world.crash()
    links = [world.next_link() for _ in range(5)]
    assert [link.state for link in links[:4]] == ["restarting"] * 4
    assert "The engine ended at once." in links[1].reason
    assert links[-1] == Link("connected")


def test_an_engine_that_falls_silent_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "SILENT", 0.05)
    world.next_status()
    while world.next_link().state != "silent":
        pass


def test_stopping_leaves_the_engine_running(world: World, paths: Paths) -> None:
    world.next_status()
    world.supervisor.stop()
    with real_connect(paths, start=False) as client:
        assert client.status().state == "idle"
