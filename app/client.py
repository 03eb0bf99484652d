"""The asking side of the local protocol: what the window, the tray and the command line talk to the engine with.

    with connect() as client:
        for event in client.ask("What was the price?"):
            ...

A client may be used from several threads; each request has a stream of its own. Knows neither Qt nor the model.
"""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from app import protocol
from app.connection import Connection, Stream
from app.paths import Paths, user_paths
from app.starting import EXIT_DISK_FULL, last_words, start_engine
from app.transport import dial
from core.errors import DiskFullError, EngineUnreachableError

START_SECONDS: Final = 60.0  # until an engine that was started must answer
END_SECONDS: Final = 60.0  # for saving the memory and ending; after that nobody waits for it any more
RETRY_SECONDS: Final = 0.1
AGAIN_SECONDS: Final = 1.0  # between two starts of an engine that finds another one


class Client(Connection):
    """What can be asked, a method a request. Use :func:`connect` to get one."""

    def status(self) -> protocol.Status:
        return self._one(self._open(protocol.GetStatus(id=self._number())), protocol.StatusEvent).status

    def subscribe(self) -> Stream:
        """StatusEvents: now, at every change, at least once a second, until cancelled."""
        return self._open(protocol.Subscribe(id=self._number()))

    def ask(
        self,
        question: str,
        *,
        memory_only: bool = False,
        picture: bytes | None = None,
        now: datetime | None = None,
        earlier: tuple[protocol.Turn, ...] = (),
        picture_before: bytes | None = None,
        follows: int | None = None,
    ) -> Stream:
        """AnswerPieces, then one AnswerDone (or Cancelled). ``earlier``: the conversation so far, ``picture_before``:
        the picture it was about, ``follows``: the number of its last exchange in the history."""
        question = question.encode(errors="replace").decode()  # a terminal may hand in bytes that are no text
        return self._open(
            protocol.Ask(
                id=self._number(),
                question=question,
                memory_only=memory_only,
                picture=picture,
                now=now,
                earlier=earlier,
                picture_before=picture_before,
                follows=follows,
            )
        )

    def watch(
        self, sources: tuple[str, ...] = ("screen",), *, fps: float | None = None, attached: bool = False
    ) -> protocol.Done:
        return self._done(protocol.Watch(id=self._number(), sources=sources, fps=fps, attached=attached))

    def stop(self) -> protocol.Done:
        return self._done(protocol.Stop(id=self._number()))

    def pause(self, seconds: float | None = None) -> protocol.Done:
        return self._done(protocol.Pause(id=self._number(), seconds=seconds))

    def resume(self) -> protocol.Done:
        return self._done(protocol.Resume(id=self._number()))

    def forget(
        self,
        start: datetime | None = None,
        *,
        end: datetime | None = None,
        last_s: float | None = None,
        moments: tuple[int, ...] = (),
    ) -> protocol.Done:
        """Deletes from ``start`` on (to ``end``), the last ``last_s`` seconds, these moments, or all; ``count`` says
        how many."""
        request = protocol.Forget(id=self._number(), start=start, end=end, last_s=last_s, moments=moments)
        return self._done(request, timeout=None)

    def moments(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        text: str = "",
        application: str = "",
        window: str = "",
        source: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> protocol.Moments:
        request = protocol.GetMoments(
            id=self._number(),
            start=start,
            end=end,
            text=text,
            application=application,
            window=window,
            source=source,
            limit=limit,
            offset=offset,
        )
        return self._one(self._open(request), protocol.Moments)

    def density(self, start: datetime, end: datetime, slots: int) -> protocol.Density:
        request = protocol.GetDensity(id=self._number(), start=start, end=end, slots=slots)
        return self._one(self._open(request), protocol.Density)

    def found(self, moment: int, text: str) -> protocol.Found:
        return self._one(self._open(protocol.GetFound(id=self._number(), moment=moment, text=text)), protocol.Found)

    def export(
        self,
        folder: Path,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        application: str = "",
        window: str = "",
        source: str = "",
    ) -> Stream:
        """Progress events, then one Done (or Cancelled)."""
        return self._open(
            protocol.Export(
                id=self._number(),
                folder=str(folder),
                start=start,
                end=end,
                application=application,
                window=window,
                source=source,
            )
        )

    def history(self, text: str = "", *, limit: int = 50, offset: int = 0) -> protocol.History:
        request = protocol.GetHistory(id=self._number(), text=text, limit=limit, offset=offset)
        return self._one(self._open(request), protocol.History)

    def judge(self, exchange: int, *, wrong: bool, remark: str = "") -> protocol.Done:
        return self._done(protocol.Judge(id=self._number(), exchange=exchange, wrong=wrong, remark=remark))

    def forget_history(self, exchanges: tuple[int, ...] | None = None) -> protocol.Done:
        """Deletes these exchanges, or all; ``count`` is how many there were."""
        return self._done(protocol.ForgetHistory(id=self._number(), exchanges=exchanges))

    def memory(self, known: int = 0) -> protocol.Memory:
        """``known``: the number of the view that the caller has already."""
        return self._one(self._open(protocol.GetMemory(id=self._number(), known=known)), protocol.Memory)

    def picture(self, moment: int, *, thumbnail: bool = False) -> protocol.Picture:
        request = protocol.GetPicture(id=self._number(), moment=moment, thumbnail=thumbnail)
        return self._one(self._open(request), protocol.Picture)

    def settings(self) -> tuple[protocol.SettingInfo, ...]:
        return self._one(self._open(protocol.GetSettings(id=self._number())), protocol.Settings).settings

    def change_setting(self, name: str, value: str) -> protocol.Done:
        return self._done(protocol.ChangeSetting(id=self._number(), name=name, value=value))

    def windows(
        self,
        *,
        applications: tuple[str, ...] | None = None,
        titles: tuple[str, ...] | None = None,
        private_browsing: bool | None = None,
    ) -> protocol.Windows:
        """The open windows, and which of them these rules (None: those in force) would hide."""
        request = protocol.GetWindows(
            id=self._number(), applications=applications, titles=titles, private_browsing=private_browsing
        )
        return self._one(self._open(request), protocol.Windows)

    def monitors(self) -> tuple[protocol.MonitorInfo, ...]:
        return self._one(self._open(protocol.GetMonitors(id=self._number())), protocol.Monitors).monitors

    def models(self) -> tuple[protocol.ModelInfo, ...]:
        return self._one(self._open(protocol.GetModels(id=self._number())), protocol.Models).models

    def fetch_model(self, name: str, *, use: bool = False) -> Stream:
        """Progress, then Done (or Cancelled)."""
        return self._open(protocol.FetchModel(id=self._number(), name=name, use=use))

    def verify_model(self, name: str) -> Stream:
        """Progress, then Done whose message says what is wrong (or Cancelled)."""
        return self._open(protocol.VerifyModel(id=self._number(), name=name))

    def rebuild_index(self) -> Stream:
        """Progress, then Done (or Cancelled)."""
        return self._open(protocol.RebuildIndex(id=self._number()))

    def forgetting(
        self,
        start: datetime | None = None,
        *,
        end: datetime | None = None,
        last_s: float | None = None,
        moments: tuple[int, ...] = (),
    ) -> Stream:
        """As :meth:`forget`, step by step: Progress, then Done (or Cancelled, while it still waits)."""
        number = self._number()
        return self._open(protocol.Forget(id=number, start=start, end=end, last_s=last_s, moments=moments))

    def shutdown(self) -> None:
        """Asks the engine to save and end; returns when its process is gone."""
        import psutil

        try:
            process = psutil.Process(self.engine_pid)
        except psutil.NoSuchProcess:
            return
        with contextlib.suppress(EngineUnreachableError):
            self._done(protocol.Shutdown(id=self._number()))
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(END_SECONDS)


def connect(
    paths: Paths | None = None, *, start: bool = True, resume: bool = False, timeout: float = START_SECONDS
) -> Client:
    """A client of this user's engine, started first where none runs (and ``start`` allows it).

    ``resume``: an engine started here records again what a killed one was recording (see start_engine).
    Raises EngineUnreachableError or DiskFullError with what to do, RequestFailedError when the versions differ.
    """
    paths = paths or user_paths()
    with contextlib.suppress(EngineUnreachableError):
        return Client(dial(paths))
    if not start:
        raise EngineUnreachableError("No engine is running.", "Start it with `afterimage` or `afterimage watch`.")
    process, started = start_engine(paths, resume=resume), time.monotonic()
    deadline = started + timeout
    while time.monotonic() < deadline:
        with contextlib.suppress(EngineUnreachableError):
            return Client(dial(paths))
        if process.poll() == 0 and time.monotonic() >= started + AGAIN_SECONDS:
            # It found another engine, which answers soon, or was just about to end: then it is our turn again.
            process, started = start_engine(paths, resume=resume), time.monotonic()
        elif process.poll():
            if process.returncode == EXIT_DISK_FULL:
                raise DiskFullError("The engine cannot start: the disk is full.", "Free some disk space.")
            raise EngineUnreachableError(
                last_words(paths) or f"The engine ended at once (exit status {process.returncode}).",
                f"`afterimage doctor` says what is missing; the log is {paths.engine_log}.",
            )
        time.sleep(RETRY_SECONDS)
    raise EngineUnreachableError(
        f"The engine was started but has not answered within {timeout:g} seconds.",
        f"The machine may be very busy: try again. The log is {paths.engine_log}.",
    )
