"""Putting questions to the engine from the command line, and feeding it recordings to ask about."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from app.client import Client, connect
from app.paths import Paths
from app.protocol import AnswerDone, AnswerPiece, Status, StatusEvent
from app.spoken import Bar, answer_json, moment_line, plain, to_errors
from core.errors import InputError

SHOWN: Final = 5  # moments below an answer


def put_question(
    client: Client,
    question: str,
    *,
    memory_only: bool = False,
    picture: bytes | None = None,
    now: datetime | None = None,
    as_json: bool = False,
    with_pictures: bool = True,
) -> None:
    """Asks and prints: as it is made on a terminal, whole otherwise. Raises what the client raises.

    ``with_pictures``: the moments outlast the answer, so their pictures and numbers are of use.
    """
    live = not as_json and sys.stdout.isatty()
    streamed = ""
    for event in client.ask(question, memory_only=memory_only, picture=picture, now=now):
        if isinstance(event, AnswerPiece) and live:
            streamed += event.text
            click.echo(plain(event.text), nl=False)
        elif isinstance(event, AnswerDone):
            if as_json:
                click.echo(json.dumps(answer_json(question, event, with_pictures=with_pictures)))
            else:
                _print_answer(event, streamed, numbered=with_pictures)


def replayed(
    paths: Paths,
    recording: Path,
    fps: float | None,
    questions: tuple[str, ...],
    *,
    memory_only: bool,
    as_json: bool,
    own: bool,
) -> None:
    """Feeds a recording to an engine, waits until it is seen and read, and asks.

    ``own``: it goes into the user's own memory; otherwise the engine is ended and nothing of it lasts.
    """
    with connect(paths) as client:
        try:
            if own and client.status().state != "idle":
                raise InputError("The engine is recording.", "Stop it first, or replay without --keep.")
            client.watch((str(recording),), fps=fps, attached=True)
            status = _wait_until_read(client)
            _tell_trouble(status)
            newest = max((s.last_frame_time for s in status.sources if s.last_frame_time), default=None)
            now = None if newest is None else newest + timedelta(seconds=1)
            for question in questions:
                if not as_json:
                    click.echo(f"\n> {plain(question)}")
                put_question(client, question, memory_only=memory_only, now=now, as_json=as_json, with_pictures=own)
            if not questions:
                _print_summary(status, as_json=as_json)
        finally:
            if not own:
                client.shutdown()


def _wait_until_read(client: Client) -> Status:
    """The status when everything was fed, seen and read."""
    bar = Bar()
    most = 1
    try:
        for event in client.subscribe():
            if not isinstance(event, StatusEvent):
                continue
            status = event.status
            left = status.unread_moments + status.frames_waiting
            most = max(most, left)
            if status.state == "disk_full":
                raise InputError("The disk is full.", "Free some disk space.")
            if status.state != "idle":
                bar(0.0, f"{status.frames_seen} frames fed, {status.moments} moments")
            elif left:
                bar(1 - left / most, f"{left} moments still to be read")
            elif status.model or "model" in " ".join(status.notices):
                return status
    finally:
        bar.close()
    raise InputError("The engine ended before the recording did.")


def _tell_trouble(status: Status) -> None:
    """What went wrong on the way is told: a model that failed on the pictures, a recording that ended early;
    a recording of which nothing could be read is an error."""
    for notice in status.notices:
        to_errors(notice)
    for source in status.sources:
        if source.trouble and not source.frames:
            raise InputError(source.trouble)
        if source.trouble:
            click.echo(f"{source.trouble} {source.frames} frames before that were taken.", err=True)


def _print_answer(answer: AnswerDone, streamed: str, *, numbered: bool) -> None:
    if streamed.strip() == answer.text.strip():
        click.echo()
    else:
        click.echo(f"{chr(10) if streamed else ''}{plain(answer.text)}")
    if answer.moments:
        click.echo(f"\nfrom {answer.origin}:")
    for moment in answer.moments[:SHOWN]:
        click.echo(f"  {moment_line(moment, numbered=numbered)}")


def _print_summary(status: Status, *, as_json: bool) -> None:
    facts: dict[str, Any] = {
        "frames": status.frames_seen,
        "unchanged": status.frames_still,
        "excluded": status.frames_excluded,
        "moments": status.moments,
        "tokens": status.tokens_seen,
        "state_bytes": status.state_bytes,
    }
    click.echo(json.dumps(facts) if as_json else "\n".join(f"{name:<12} {n}" for name, n in facts.items()))
