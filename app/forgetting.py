"""Forgetting from the command line: what is to go, asked back about, deleted, and counted."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime

import click

from app.client import Client, connect
from app.spoken import length, plural, to_errors
from core.errors import InputError

EXPLANATION = (
    "The pictures, their text and the answers that show them are deleted. The model cannot unlearn single moments:\n"
    "its memory goes back to before {time}, and what it saw after that is only in the timeline then.\n"
    "This cannot be undone."
)


@dataclass(frozen=True)
class Order:
    """What to forget: the last ``last_s`` seconds, from ``start`` on, up to ``end``, these ``moments``, or, with
    nothing given, everything."""

    last_s: float | None = None
    start: datetime | None = None
    end: datetime | None = None
    moments: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise InputError("The span of time ends before it begins.", "Give an --end after --since.")


def forget(order: Order, *, ask_back: bool, as_json: bool) -> None:
    """Deletes and prints how many moments it were. Raises InputError where the user did not want to, or could not be
    asked."""
    with connect() as client:
        if ask_back:
            _ask_back(client, order)
        count = client.forget(order.start, end=order.end, last_s=order.last_s, moments=order.moments).count or 0
    if as_json:
        click.echo(json.dumps({"moments": count}))
        return
    click.echo(f"Forgotten: {plural(count, 'moment')}.")
    missing = len(set(order.moments)) - count
    if order.moments and missing > 0:
        to_errors(f"{plural(missing, 'moment')} of those named are not in the timeline.")


def _ask_back(client: Client, order: Order) -> None:
    if order.moments:
        what, time = f"{plural(len(set(order.moments)), 'moment')}", "the first of them"
    elif order.last_s is not None:
        what, time = f"what was seen in the last {length(order.last_s)}", "then"
    elif order.start is None and order.end is None:
        what, time = "everything that was ever recorded", ""
    else:
        number = client.moments(start=order.start, end=order.end, limit=1).total
        time = "all of it" if order.start is None else _local(order.start)
        since = "" if order.start is None else f" from {_local(order.start)}"
        until = "" if order.end is None else f" to {_local(order.end)}"
        what = f"what was on the screen{since}{until}: {plural(number, 'moment')}"
    if time:
        to_errors(EXPLANATION.format(time=time))
    try:
        sure = click.confirm(f"Delete {what}?", err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise InputError("Nothing was forgotten: nobody is there to be asked.", "Add --yes.") from None
    if not sure:
        raise InputError("Nothing was forgotten.")


def _local(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"
