"""Long work tells how far it is, and stops when nobody wants it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from app import protocol
from app.client import Client, connect
from app.connection import RequestFailedError, Stream
from app.paths import Paths
from app.server import Reply, Server
from app.work import Report, Work, Workbench
from core.errors import DiskFullError


class Bench:
    """A server that answers every RebuildIndex with ``work``."""

    def __init__(self, paths: Paths) -> None:
        self.work: Work = lambda _report: ""
        self.workbench = Workbench()
        self.server = Server(paths, self._handle)
        self.client: Client = connect(paths, start=False)

    def _handle(self, _request: protocol.AnyRequest, reply: Reply) -> None:
        self.workbench.begin("index", reply, lambda report: self.work(report))

    def close(self) -> None:
        self.workbench.close()
        self.client.close()
        self.server.close()


@pytest.fixture
def bench(paths: Paths) -> Iterator[Bench]:
    bench = Bench(paths)
    yield bench
    bench.close()


def kinds(stream: Stream) -> list[str]:
    return [event.kind for event in stream]


def endless(began: threading.Event, stopped: threading.Event) -> Callable[[Report], str]:
    def work(report: Report) -> str:
        began.set()
        try:
            while True:
                report(0.5, "half")
        finally:
            stopped.set()

    return work


def test_progress_comes_before_the_end(bench: Bench) -> None:
    def work(report: Report) -> str:
        report(0.25, "one")
        report(0.75, "two")
        report(7.0, "three")
        return "all is well"

    bench.work = work
    events = list(bench.client.rebuild_index())
    progress = [(e.done, e.message) for e in events if isinstance(e, protocol.Progress)]
    assert progress == [(0.25, "one"), (0.75, "two"), (1.0, "three")]
    assert isinstance(events[-1], protocol.Done)
    assert events[-1].message == "all is well"


def test_cancelling_ends_the_work_itself(bench: Bench) -> None:
    began, stopped = threading.Event(), threading.Event()
    bench.work = endless(began, stopped)
    stream = bench.client.rebuild_index()
    began.wait()
    stream.cancel()
    assert kinds(stream)[-1] == "cancelled"
    assert stopped.wait(10)


def test_only_one_of_a_kind_runs_and_the_next_may_begin_after_it(bench: Bench) -> None:
    began, stopped = threading.Event(), threading.Event()
    bench.work = endless(began, stopped)
    first = bench.client.rebuild_index()
    began.wait()
    with pytest.raises(RequestFailedError, match="under way"):
        list(bench.client.rebuild_index())
    first.cancel()
    list(first)
    bench.workbench.close()
    bench.workbench = Workbench()
    bench.work = lambda _report: "again"
    assert kinds(bench.client.rebuild_index()) == ["done"]


def test_an_engine_that_ends_does_not_wait_for_the_work_to_finish(bench: Bench) -> None:
    began, stopped = threading.Event(), threading.Event()
    bench.work = endless(began, stopped)
    stream = bench.client.rebuild_index()
    began.wait()
    bench.workbench.close()
    assert stopped.is_set()
    with pytest.raises(RequestFailedError, match="ending"):
        list(stream)


def test_trouble_and_bugs_are_told_as_such(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def full(_report: Report) -> str:
        raise DiskFullError("The disk is full.", "Free some.")

    def bug(_report: Report) -> str:
        raise ZeroDivisionError

    bench.work = full
    with pytest.raises(RequestFailedError, match="disk is full"):
        list(bench.client.rebuild_index())
    bench.work = bug
    with pytest.raises(RequestFailedError, match="bug"):
        list(bench.client.rebuild_index())
    assert "index failed" in caplog.text
