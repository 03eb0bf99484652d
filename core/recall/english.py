"""An answer in plain English: the answer first, then the line that proves it, where and when.

For programs, the search of the history, and the model that a later question is put to.
"""

from __future__ import annotations

from datetime import datetime

from core.recall.answer import Statement

UNSEEN = "I did not see that."
UNREAD = "I could read nothing in this picture that answers that."
UNTRAINED = "The memory on its own cannot answer yet: the model in use was not trained to. Ask without memory-only."
NOTHING = {"unseen": UNSEEN, "unread": UNREAD, "untrained": UNTRAINED, "spoken": ""}


def in_english(said: Statement, now: datetime) -> str:
    """``now``: aware, in the asker's zone; times are told in it."""
    rest = NOTHING[said.kind] if said.kind in NOTHING else _proof(said, now)
    if said.nearest:
        rest = f"{UNSEEN} Nearest in meaning: {rest}"
    return " - ".join(part for part in (said.spoken, rest) if part)


def _proof(said: Statement, now: datetime) -> str:
    quote = f"“{said.line}”" if said.line else ""
    where, when = _where(said), _when(said, now)
    if said.kind == "time" and when:
        return f"{_capital(when)}, in {where}" + (f": {quote}" if quote else ".")
    if said.kind in ("place", "time"):
        return f"In {where}" + (f", {when}" if when else "") + (f": {quote}" if quote else ".")
    if said.kind == "yes" and not quote:
        return f"Yes: {where}" + (f", {when}" if when else "")
    seen = f"({where}, {when})" if when else f"({where})"
    if said.kind == "yes":
        return f"Yes: {quote} {seen}"
    answer = f"{said.value} - {quote}" if said.value and quote else said.value or quote
    return f"{answer} {seen}".strip()


def _where(said: Statement) -> str:
    if said.application and said.title:
        return f"{said.application}, window “{said.title}”"
    if said.title:
        return f"the window “{said.title}”"
    return said.application or ("the picture" if said.first is None else said.source)


def _when(said: Statement, now: datetime) -> str:
    if said.first is None or said.last is None:
        return ""
    first, last = said.first.astimezone(now.tzinfo), said.last.astimezone(now.tzinfo)
    began = f"{_day(first, now)} at {first:%H:%M}"
    if last.date() != first.date():
        return f"{began} to {_day(last, now)} at {last:%H:%M}"
    return began if f"{last:%H:%M}" == f"{first:%H:%M}" else f"{began} to {last:%H:%M}"


def _day(time: datetime, now: datetime) -> str:
    days = (now.date() - time.date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"on {time:%A} {time.day} {time:%B}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
