"""``afterimage watch``: recording for as long as the command runs, through an engine that may die and come back."""

from __future__ import annotations

import contextlib
import queue
import time
from typing import Final

import click

from app.client import Client
from app.paths import Paths
from app.protocol import Status
from app.spoken import to_errors
from app.supervise import Link, Supervisor
from core.errors import AfterimageError, EnvironmentTroubleError

LOOK: Final = 0.5  # seconds


def watch_until(
    paths: Paths, sources: tuple[str, ...], fps: float | None, seconds: float | None, *, as_json: bool
) -> None:
    """Records ``sources`` until interrupted, for ``seconds``, or until recordings have been fed to their end.

    An engine that records already is left alone and only shown. Raises InputError for what cannot be recorded.
    """
    news: queue.SimpleQueue[Link | Status] = queue.SimpleQueue()
    supervisor = Supervisor(paths, news.put)
    supervisor.start()
    deadline = None if seconds is None else time.monotonic() + seconds
    mine = reached = False
    trouble = ""
    shown: tuple[str, str] | None = None
    try:
        while deadline is None or time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                item = news.get(
                    timeout=LOOK if deadline is None else min(LOOK, max(0.0, deadline - time.monotonic()))
                )
                if isinstance(item, Link):
                    shown = _show_link(item, shown)
                    reached, trouble = reached or item.state == "connected", item.reason
                    client = supervisor.client
                    if item.state == "connected" and client is not None:
                        mine = _begin(client, sources, fps, mine)
                    continue
                shown = _show(item, shown, as_json=as_json)
                if mine and item.state == "idle" and item.sources and all(s.finished for s in item.sources):
                    return
    except KeyboardInterrupt:
        to_errors("")  # after the terminal's ^C
    finally:
        client = supervisor.client
        if client is not None:
            with contextlib.suppress(AfterimageError):
                _show_last(client.status(), as_json=as_json)
        supervisor.stop()  # what is recorded for this connection ends with it
    if not reached:
        raise EnvironmentTroubleError("Nothing was recorded.", trouble)


def _begin(client: Client, sources: tuple[str, ...], fps: float | None, mine: bool) -> bool:
    """Whether what is being recorded is this command's."""
    with contextlib.suppress(EnvironmentTroubleError):
        if not mine and client.status().state != "idle":
            to_errors("The engine is recording already; this only shows it.")
            return False
        client.watch(sources, fps=fps, attached=True)
    return True


def _show_link(link: Link, shown: tuple[str, str] | None) -> tuple[str, str] | None:
    if link.state == "connected":
        return shown
    if link.state == "ended":
        raise EnvironmentTroubleError("The engine was ended by somebody else.", "Start `afterimage watch` again.")
    now = (link.state, link.reason)
    if now != shown:
        to_errors(f"{link.state}: {link.reason}")
    return now


def _show(status: Status, shown: tuple[str, str] | None, *, as_json: bool) -> tuple[str, str] | None:
    """One line whenever the state changes."""
    now = (status.state, status.reason)
    if now != shown:
        line = f"{status.state}: {status.reason}" if status.reason else status.state
        click.echo(status.model_dump_json() if as_json else line)
    return now


def _show_last(status: Status, *, as_json: bool) -> None:
    if as_json:
        click.echo(status.model_dump_json())
    else:
        click.echo(f"{status.frames_seen} frames, {status.moments} moments, {status.unread_moments} not read yet.")
