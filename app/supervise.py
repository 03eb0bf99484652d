"""Keeps the engine alive and its status known, for whoever shows it: notices its end at once, starts it again.

supervisor = Supervisor(paths, tell)      # tell(Link or Status), on the supervisor's thread
supervisor.start() ... supervisor.stop()
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from app.client import Client, connect
from app.connection import Stream
from app.paths import Paths
from app.protocol import Status, StatusEvent
from core.errors import AfterimageError, EngineUnreachableError

WAITS: Final = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before each start in a row
SETTLED: Final = 1.0  # seconds of service after which a new trouble is the first again
SILENT: Final = 5.0  # seconds without a status after which an engine that should tell every second counts as hung


@dataclass(frozen=True)
class Link:
    """How the engine can be reached. "ended": in order, on somebody's wish; it is not started again."""

    state: Literal["connected", "restarting", "silent", "ended"]
    reason: str = ""


class Supervisor:
    def __init__(self, paths: Paths, tell: Callable[[Link | Status], None]) -> None:
        self._paths = paths
        self._tell = tell
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._thread = threading.Thread(target=self._live, name="supervisor", daemon=True)

    @property
    def client(self) -> Client | None:
        """The present connection; None while the engine is away."""
        with self._lock:
            return self._client

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Leaves the engine as it is. Not from ``tell``."""
        self._stopping.set()
        with self._lock:
            client = self._client
        if client is not None:
            client.close()
        self._thread.join()

    def _live(self) -> None:
        attempt, restart = 0, False
        while not self._stopping.wait(WAITS[min(attempt, len(WAITS) - 1)]):
            try:
                client = connect(self._paths, resume=restart)
            except AfterimageError as error:
                attempt, restart = attempt + 1, True
                self._tell(Link("restarting", str(error)))
                continue
            with self._lock:
                self._client = client
            connected = time.monotonic()
            self._tell(Link("connected"))
            self._listen(client)
            with self._lock:
                self._client = None
            client.close()
            if self._stopping.is_set():
                return
            if not self._paths.intent.exists():
                self._tell(Link("ended"))
                return
            self._tell(Link("restarting", "The engine ended unexpectedly; it is started again."))
            attempt = 0 if time.monotonic() - connected > SETTLED else attempt + 1
            restart = True

    def _listen(self, client: Client) -> None:
        """Passes statuses on until the engine goes away."""
        with contextlib.suppress(AfterimageError):
            stream = client.subscribe()
            while not self._stopping.is_set():
                self._pass_on(stream)

    def _pass_on(self, stream: Stream) -> None:
        try:
            event = stream.next_event(SILENT)
        except TimeoutError:
            self._tell(Link("silent", f"The engine has told nothing for {SILENT:g} seconds."))
            return
        if isinstance(event, StatusEvent):
            self._tell(event.status)
        else:
            raise EngineUnreachableError("The engine has ended the subscription.")
