"""How the command line writes to people and programs, and reads lengths of time. Plain text in, plain text out."""

from __future__ import annotations

import re
import sys
import unicodedata
from datetime import datetime, timedelta
from typing import Any, Final

import click

from app.protocol import AnswerDone, MomentInfo, Status
from core.errors import AfterimageError

UNITS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST: Final = 100 * 365 * 86400.0


class Duration(click.ParamType[float]):
    """``30s``, ``10m``, ``1h30m``, ``2d``: seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        parts = re.findall(r"(\d+(?:\.\d+)?)(min|[smhd])", text)
        seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
        if "".join(number + unit for number, unit in parts) != text or not 0 < seconds < LONGEST:
            self.fail(f"{text[:50]!r} is no length of time; write 30s, 10m, 1h30m or 2d", param, ctx)
        return seconds


def length(seconds: float) -> str:
    """A length of time as :class:`Duration` reads it: 1h30m."""
    left, words = round(seconds), ""
    for unit in ("d", "h", "m", "s"):
        number, left = divmod(left, round(UNITS[unit]))
        words += f"{number}{unit}" if number else ""
    return words or "0s"


def plain(text: str) -> str:
    """Text from the screen or a model for a terminal: no control or direction characters that could act on it."""
    return "".join(_harmless(character) for character in text)


def _harmless(character: str) -> str:
    if character == "\n":
        return character
    return " " if character == "\t" else "" if unicodedata.category(character).startswith("C") else character


def to_errors(text: str) -> None:
    """Progress and remarks go where they do not mix with what was asked for."""
    click.echo(text, err=True)


def told_error(error: AfterimageError) -> str:
    return plain(f"{error.message}\n{error.remedy}" if error.remedy else error.message)


def answer_json(question: str, answer: AnswerDone, *, with_pictures: bool = True) -> dict[str, Any]:
    """The form that ``--json`` promises."""
    return {
        "question": question,
        "answer": answer.text,
        "from": answer.origin,
        "moments": [
            {
                "id": moment.id,
                "time": moment.time.isoformat(),
                "source": moment.source,
                "application": moment.application,
                "window": moment.window,
                "image": moment.picture if with_pictures else None,
            }
            for moment in answer.moments
        ],
        "timings_ms": answer.timings_ms,
    }


def moment_line(moment: MomentInfo, *, numbered: bool = True) -> str:
    """One moment on one line: its number, local time, application, title."""
    local = moment.time.astimezone()
    number = f"{moment.id:>6}" if numbered else ""
    words = [number, f"{local:%Y-%m-%d %H:%M:%S}", plain(moment.application), plain(moment.window)[:100]]
    return "  ".join(word.replace("\n", " ") for word in words if word)


def status_lines(status: Status, now: datetime) -> list[str]:
    lines = [f"{status.state}: {status.reason}" if status.reason else status.state.replace("_", " ")]
    if status.paused_until is not None:
        lines.append(f"paused until    {status.paused_until.astimezone():%H:%M:%S}")
    age = status.last_frame_age_s
    lines += [
        f"frames          {status.frames_seen}: {status.frames_still} unchanged, {status.frames_excluded} excluded",
        f"model behind    {status.frames_behind} frames dropped, {status.frames_waiting} waiting",
        f"last frame      {'none yet' if age is None else f'{age:.1f} s ago'}",
        f"moments         {status.moments} ({status.unread_moments} not read yet), {size(status.disk_bytes)}",
        f"memory          {status.tokens_seen} tokens in {size(status.state_bytes)}",
        f"model           {_model(status)}",
    ]
    lines += [
        f"source          {source.name}: {source.frames} frames{f' ({source.trouble})' if source.trouble else ''}"
        for source in status.sources
    ]
    if status.started is not None:
        running = timedelta(seconds=max(0, int((now - status.started).total_seconds())))
        lines.append(f"engine          process {status.pid}, running for {running}")
    return lines + [f"note            {notice}" for notice in status.notices]


def _model(status: Status) -> str:
    if status.preparing is not None:
        return f"preparing the graphics card, {status.preparing:.0%} done; it takes long the first time only"
    if not status.model:
        return "not loaded"
    return f"{status.model} on {status.device}{'' if status.model_answers else ' (not trained to answer)'}"


def plural(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("the last unit takes any number")


class Bar:
    """Progress on one line of a terminal; nothing where standard error is no terminal."""

    def __init__(self) -> None:
        self._drawn = ""
        self._on = sys.stderr.isatty()

    def __call__(self, share: float, what: str) -> None:
        line = f"{share:4.0%} {what}"[:78]
        if self._on and line != self._drawn:
            click.echo(f"\r{line:<78}", err=True, nl=False)
            self._drawn = line

    def close(self) -> None:
        if self._drawn:
            click.echo(f"\r{'':<78}\r", err=True, nl=False)
            self._drawn = ""
