"""The engine process: ``python -m app.engine [--resume]``, one for each user.

A second one finds the first one's lock and ends at once, well: whoever started it then talks to the first. Knows
how to begin and end in order; what happens in between is app.service's.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Final

from app.logs import start_log
from app.paths import Paths, user_paths
from app.settings import NO_ROOM
from app.starting import EXIT_DISK_FULL
from core.errors import AfterimageError, DiskFullError, EngineUnreachableError

TICK: Final = 0.5  # seconds
LAST_SECONDS: Final = 90.0  # for saving and ending
LINGER: Final = (
    60.0  # seconds that an engine which records nothing and has no asker stays: the next one starts quicker
)

if TYPE_CHECKING:
    from app.desk import Desk
    from app.service import Service

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Runs until it is told to end, or nobody needs it any more; the process's exit status."""
    parser = argparse.ArgumentParser(prog="afterimage engine", description="The engine process; started by itself.")
    parser.add_argument("--resume", action="store_true", help="record again what a killed engine was recording")
    resume: bool = parser.parse_args(arguments).resume
    import filelock

    os.umask(0o077)  # whatever this process writes is for its user alone
    # Before the model's libraries load: threads that wait give way. Spinning, they made a busy machine's steps 5 to
    # 25 times slower, the user's own programs included.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    paths = user_paths()
    lock = filelock.FileLock(paths.lock, timeout=0, mode=0o600)
    try:
        paths.prepare()
        lock.acquire()
    except filelock.Timeout:
        return 0
    except (AfterimageError, OSError) as error:
        return _give_up(error)
    try:
        start_log(paths.engine_log)
        faulthandler.enable()
        return _run(paths, resume=resume)
    except AfterimageError as error:
        log.exception("the engine could not start")
        return _give_up(error)
    finally:
        lock.release()


def _run(paths: Paths, *, resume: bool) -> int:
    ending = threading.Event()
    wake = threading.Event()
    _end_on_signals(ending, wake)
    _be_modest()
    from app.desk import Desk
    from app.server import Server
    from app.service import Service
    from app.sources import Sources

    log.info("engine %d starts", os.getpid())

    def shut_down() -> None:
        ending.set()
        wake.set()

    service = Service(paths, Sources(), wake)
    desk = Desk(service, shut_down, paths)
    try:
        service.start(resume=resume)
        try:
            server = Server(paths, desk.answer)
        except OSError as error:
            raise EngineUnreachableError(
                f"The engine cannot be reached at {paths.address}: {error.strerror}.",
                "Remove what lies there, or choose another place with AFTERIMAGE_HOME.",
            ) from error
        try:
            needed = time.monotonic()
            while not ending.is_set():
                wake.wait(TICK)
                wake.clear()
                _look_around(service, desk)
                if server.connections or not service.idle:
                    needed = time.monotonic()
                elif time.monotonic() - needed > LINGER:
                    log.info("nobody needs the engine any more")
                    break
        finally:
            # A display or disk that hangs must not keep the engine for ever: it then ends with its stacks told.
            faulthandler.dump_traceback_later(LAST_SECONDS, exit=True)
            service.end_in_order()
            desk.close()
            server.close()
    finally:
        service.stop()
        faulthandler.cancel_dump_traceback_later()
    log.info("engine %d ends in order", os.getpid())
    return 0


def _look_around(service: Service, desk: Desk) -> None:
    """What has to be done twice a second; a bug in it is told and tried again, recording goes on."""
    try:
        service.tick()
        desk.push()
    except Exception:
        log.exception("a look around failed")
        time.sleep(TICK)


def _end_on_signals(ending: threading.Event, wake: threading.Event) -> None:
    """The first SIGTERM or SIGINT ends in order. Closing a terminal must not end it at all."""

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()
        wake.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _be_modest() -> None:
    """Low priority for processor and disk: the user's own programs come first."""
    import psutil

    process = psutil.Process()
    with contextlib.suppress(psutil.Error, OSError):
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else max(process.nice(), 10))
    if sys.platform == "linux":
        with contextlib.suppress(psutil.Error, OSError):
            process.ionice(psutil.IOPRIO_CLASS_BE, 7)


def _give_up(error: Exception) -> int:
    """The last words: whoever started this process shows them, and on a full disk goes by the status alone."""
    with contextlib.suppress(OSError):
        print(str(error), file=sys.stderr, flush=True)  # noqa: T201 - the starter reads standard error
    full = isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in NO_ROOM)
    return EXIT_DISK_FULL if full else 1


if __name__ == "__main__":
    sys.exit(main())
