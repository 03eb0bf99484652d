"""Words an answer in the language of the windows: the answer first, then the line that proves it, where and when.

What stood on a screen and what a model said stay as they are; they come out harmless to show.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication

from app.protocol import Said
from ui import text

LONGEST = 20_000  # characters of an answer shown
NAME = 80  # characters of a title
DASH = " \u2013 "


def answer(words: str, said: Said | None, now: datetime | None = None) -> str:
    """The whole answer, its lines kept. ``words``: in English, shown where there is no ``said``."""
    unseen = _tr("I did not see that.")
    if said is None:
        return text.plain(words, LONGEST, lines=True) or unseen
    spoken = text.plain(said.spoken, LONGEST, lines=True)
    nothing = {
        "spoken": "",
        "unseen": unseen,
        "unread": _tr("I could read nothing in this picture that answers that."),
        "untrained": _tr(
            "The memory on its own cannot answer yet: the model in use was not trained to. Ask without memory-only."
        ),
    }
    rest = nothing[said.kind] if said.kind in nothing else _proof(said, now)
    if said.nearest:
        rest = _tr("{unseen} Nearest in meaning: {what}").format(unseen=unseen, what=rest)
    return DASH.join(part for part in (spoken, rest) if part) or unseen


def _proof(said: Said, now: datetime | None) -> str:
    quote = _quoted(said.line) if said.line else ""
    where, when = _where(said), _when(said, now)
    if said.kind == "time" and when:
        where = _tr("{when}, in {where}").format(when=_capital(when), where=where)
        return _with(where, quote)
    if said.kind in ("place", "time"):
        where = _tr("In {where}").format(where=where)
        return _with(text.listed((where, when)), quote)
    seen = text.listed((where, when))
    if said.kind == "yes":
        return _tr("Yes: {what}").format(what=f"{quote} ({seen})" if quote else seen)
    value = text.plain(said.value, LONGEST)
    found = DASH.join(part for part in (value, quote) if part)
    return f"{found} ({seen})".strip()


def _with(words: str, quote: str) -> str:
    return f"{words}: {quote}" if quote else f"{words}."


def _quoted(words: str) -> str:
    return _tr("“{words}”").format(words=text.plain(words, LONGEST))


def _where(said: Said) -> str:
    application, title = text.plain(said.application, NAME), text.plain(said.title, NAME)
    if application and title:
        return _tr("{application}, window {title}").format(application=application, title=_quoted(title))
    if title:
        return _tr("the window {title}").format(title=_quoted(title))
    return application or (_tr("the picture") if said.first is None else text.source(said.source))


def _when(said: Said, now: datetime | None) -> str:
    if said.first is None or said.last is None:
        return ""
    first, last = said.first.astimezone(), said.last.astimezone()
    today = (now or datetime.now().astimezone()).astimezone()
    start, end = text.clock(first), text.clock(last)
    if first.date() != last.date():
        return _tr("{start} to {end}").format(start=_at(first, today), end=_at(last, today))
    if start == end:
        return _at(first, today)
    if first.date() == today.date():
        return _tr("today from {start} to {end}").format(start=start, end=end)
    if first.date() == today.date() - timedelta(days=1):
        return _tr("yesterday from {start} to {end}").format(start=start, end=end)
    return _tr("on {day} from {start} to {end}").format(day=text.day(first, today), start=start, end=end)


def _at(time: datetime, today: datetime) -> str:
    if time.date() == today.date():
        return _tr("today at {time}").format(time=text.clock(time))
    if time.date() == today.date() - timedelta(days=1):
        return _tr("yesterday at {time}").format(time=text.clock(time))
    return _tr("on {day} at {time}").format(day=text.day(time, today), time=text.clock(time))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _tr(source: str) -> str:
    return QCoreApplication.translate("Answers", source)
