"""Answers the requests about what was recorded and said: moments, searches, exports, the history, the memory.

Beside app.desk, which has the other requests and hands these over. Runs on the askers' threads.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from app import protocol
from app.growth import Point
from app.protocol import ExchangeInfo, MomentInfo, Said, Selection
from app.search import Search, same_meaning
from app.server import Reply
from core.errors import EnvironmentTroubleError, InputError
from core.frame import Pixels, utc_now
from core.timeline.export import export
from core.timeline.rows import Where

if TYPE_CHECKING:
    from app.service import Service
    from core.preprocess import Observation
    from core.recall import Answer
    from core.timeline.history import Exchange
    from core.timeline.moment import Moment
    from core.timeline.store import Timeline

VIEW_QUALITY: Final = 80  # WebP quality of what the model saw, for looking at


class Records:
    """``answers``: a method a kind of request, for the desk."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._search = Search(service.timeline)
        self.answers: dict[type[Any], Callable[[Any, Reply], None]] = {
            protocol.GetMoments: self._moments,
            protocol.GetDensity: self._density,
            protocol.GetFound: self._found,
            protocol.Export: self._export,
            protocol.GetHistory: self._history,
            protocol.Judge: self._judge,
            protocol.ForgetHistory: self._forget_history,
            protocol.GetMemory: self._memory,
        }

    def told(self, moment: Moment) -> MomentInfo:
        return moment_info(self._service.timeline, moment)

    def keep(self, request: protocol.Ask, asked: datetime, answer: Answer) -> int | None:
        """Puts an answered question into the history; its number, or None where nothing may or can be kept."""
        if self._service.settings.privacy.memory_only:
            return None
        moments = [moment.id for moment in answer.moments]
        follows = request.follows if answer.after else None  # the same conversation, but a question by itself
        try:
            return self._service.timeline.history.keep(
                asked,
                request.question.strip(),
                answer.text,
                answer.origin,
                moments,
                follows,
                said_of(answer).model_dump_json(exclude_defaults=True),
            )
        except EnvironmentTroubleError:
            return None  # the answer is worth more than its record; a full disk is told of elsewhere

    # --- moments -----------------------------------------------------------------------------------------------

    def _moments(self, request: protocol.GetMoments, reply: Reply) -> None:
        timeline, where = self._service.timeline, where_of(request)
        by_meaning = set[int]()
        if request.text:
            if len(request.text) > protocol.MAX_QUESTION:
                raise InputError("The text to search for is too long.", "Shorten it.")
            ids = self._search.find(request.text, where)
            page = list(ids)[request.offset : request.offset + request.limit]
            # Asked for now and not kept: what was forgotten meanwhile is gone here too.
            found, total = [moment for id_ in page if (moment := timeline.get(id_)) is not None], len(ids)
            by_meaning = {id_ for id_ in page if ids[id_]}
        else:
            found = timeline.between(
                where.start,
                where.end,
                where.application,
                request.limit,
                request.offset,
                title=where.title,
                source=where.source,
            )
            total = timeline.count(where.start, where.end, where.application, title=where.title, source=where.source)
        moments = tuple(
            self.told(moment).model_copy(update={"by_meaning": moment.id in by_meaning}) for moment in found
        )
        reply.put(protocol.Moments(id=reply.id, moments=moments, total=total))

    def _density(self, request: protocol.GetDensity, reply: Reply) -> None:
        if request.end <= request.start:
            raise InputError("The span of time ends before it begins.")
        density = self._service.timeline.density(request.start, request.end, request.slots)
        reply.put(protocol.Density(id=reply.id, counts=density.counts, sources=density.sources))

    def _found(self, request: protocol.GetFound, reply: Reply) -> None:
        text, timeline = request.text[: protocol.MAX_QUESTION], self._service.timeline
        places = timeline.found_in(request.moment, text)
        if not places:  # it was found by words of the same meaning
            places = timeline.found_in(request.moment, " ".join(same_meaning(text)))
        reply.put(
            protocol.Found(
                id=reply.id,
                moment=request.moment,
                places=tuple((place.left, place.top, place.width, place.height) for place in places),
            )
        )

    def _export(self, request: protocol.Export, reply: Reply) -> None:
        folder, where = Path(request.folder), where_of(request)
        if not folder.is_absolute() or not folder.name:
            raise InputError("The folder to export to is not given in full.", "Choose one.")
        timeline = self._service.timeline
        self._service.exports.begin(lambda: export(timeline, where, folder, utc_now()), reply, str(folder))

    # --- the history -------------------------------------------------------------------------------------------

    def _history(self, request: protocol.GetHistory, reply: Reply) -> None:
        history = self._service.timeline.history
        found = history.find(request.text, request.limit, request.offset)
        exchanges = tuple(map(self._exchange, found))
        reply.put(protocol.History(id=reply.id, exchanges=exchanges, total=history.count(request.text)))

    def _judge(self, request: protocol.Judge, reply: Reply) -> None:
        if not self._service.timeline.history.judge(request.exchange, request.wrong, request.remark):
            raise InputError("This answer is not in the history any more.")
        reply.put(protocol.Done(id=reply.id))

    def _forget_history(self, request: protocol.ForgetHistory, reply: Reply) -> None:
        count = self._service.timeline.history.remove(request.exchanges)
        reply.put(protocol.Done(id=reply.id, count=count))

    def _exchange(self, exchange: Exchange) -> ExchangeInfo:
        timeline = self._service.timeline
        moments = [moment for id_ in exchange.moments if (moment := timeline.get(id_)) is not None]
        return ExchangeInfo.model_validate(
            {
                "id": exchange.id,
                "asked": exchange.asked,
                "question": exchange.question,
                "answer": exchange.answer,
                "said": _kept(exchange.said),
                "origin": exchange.origin,
                "moments": tuple(map(self.told, moments)),
                "before": exchange.before,
                "wrong": exchange.wrong,
                "remark": exchange.remark,
            }
        )

    # --- the memory --------------------------------------------------------------------------------------------

    def _memory(self, request: protocol.GetMemory, reply: Reply) -> None:
        mind, growth = self._service.mind.facts, self._service.growth
        session = mind.session
        if session is None:
            reply.put(protocol.Memory(id=reply.id, frames_per_second=growth.frames_per_second))
            return
        points = [
            protocol.GrowthPoint(time=point.time, tokens=point.tokens, state_bytes=point.state_bytes)
            for point in (*growth.points(), Point(utc_now(), session.tokens_seen, session.state_bytes))
        ]
        if session.since is not None and (not points or session.since < points[0].time):
            began = protocol.GrowthPoint(time=session.since, tokens=0, state_bytes=session.state_bytes)
            points.insert(0, began)
        shown = mind.shown if mind.views != request.known else None
        reply.put(
            protocol.Memory(
                id=reply.id,
                since=session.since,
                frames=session.frames_seen,
                tokens=session.tokens_seen,
                state_bytes=session.state_bytes,
                cache_bytes_per_token=session.cache_bytes_per_token,
                frames_per_second=growth.frames_per_second,
                points=tuple(points),
                view=None if shown is None else _view(mind.views, shown),
            )
        )


def said_of(answer: Answer) -> Said:
    """What an answer says, as the protocol tells of it."""
    return Said.model_validate(asdict(answer.said))


def _kept(said: str) -> Said | None:
    """What was kept of an answer as data; None where an older version kept nothing, or another something else."""
    try:
        return Said.model_validate_json(said) if said else None
    except ValidationError:
        return None


def where_of(request: Selection) -> Where:
    """What a request selects; raises InputError for a time without its zone."""
    for time_given in (request.start, request.end):
        if time_given is not None and time_given.tzinfo is None:
            raise InputError("A time lacks its time zone.")
    return Where(
        request.start, request.end, request.application or None, request.window or None, request.source or None
    )


def moment_info(timeline: Timeline, moment: Moment) -> MomentInfo:
    """A moment as the protocol tells of it."""
    path = None if moment.picture is None else timeline.picture_path(moment.id)
    rect = moment.rect
    return MomentInfo(
        id=moment.id,
        time=moment.time,
        source=moment.source,
        application=moment.application,
        window=moment.title,
        text=moment.text,
        picture=None if path is None else str(path),
        rect=(rect.left, rect.top, rect.width, rect.height),
    )


def _view(number: int, shown: Observation) -> protocol.View:
    return protocol.View(
        number=number, time=shown.time, words=shown.header, pictures=tuple(map(_encoded, shown.pictures))
    )


def _encoded(pixels: Pixels) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=VIEW_QUALITY)
    return file.getvalue()
