"""The moments of the timeline as a list model: any number of rows, fetched by the page when they are looked at.

Knows the bridge; paints nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QImage

from app.protocol import MomentInfo, Moments
from ui import text
from ui.bridge import Bridge
from ui.pictures import Pictures

PAGE = 100  # moments a request
KEPT_PAGES = 20  # at most 2,000 moments are held, however many rows there are

MOMENT_ROLE = int(Qt.ItemDataRole.UserRole)
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Filter:
    """Which moments: of a span of time, an application, with ``window`` in the title, of a source, with words in
    their text. Empty: all."""

    start: datetime | None = None
    end: datetime | None = None
    application: str = ""
    window: str = ""
    source: str = ""
    words: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but time is chosen."""
        return bool(self.application or self.window or self.source or self.words)

    def selection(self) -> dict[str, Any]:
        """What is chosen but for the words, as the bridge takes it."""
        chosen = asdict(self)
        del chosen["words"]
        return chosen


class TimelineModel(QAbstractListModel):
    """Newest first, or the best match first where words are searched. ``counted`` follows every ``show``."""

    counted = Signal(int)
    # In place of dataChanged, at which a list view lays all its rows out again, however many they are.
    arrived = Signal()  # moments of a page
    drawn_anew = Signal(int)  # a row's thumbnail is there
    failed = Signal(str)

    def __init__(self, bridge: Bridge, pictures: Pictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._pictures = bridge, pictures
        self._filter = Filter()
        self._total = 0
        self._pages: OrderedDict[int, tuple[MomentInfo, ...]] = OrderedDict()
        self._tickets: dict[int, int] = {}  # ticket -> page
        self._rows: dict[int, int] = {}  # moment -> row, of the pages that are held
        self._first_ticket = 0
        bridge.moments_fetched.connect(self._fetched)
        bridge.failed.connect(self._failed)
        pictures.ready.connect(self._thumbnail_ready)

    def show(self, wanted: Filter) -> None:
        """Begins anew with what ``wanted`` selects."""
        self._filter = wanted
        self._tickets.clear()
        self._first_ticket = self._ask(0)

    def moment(self, row: int) -> MomentInfo | None:
        """The moment of a row, or None while its page is fetched."""
        page, place = divmod(row, PAGE)
        held = self._pages.get(page)
        if held is None:
            if page not in self._tickets.values():
                self._ask(page)
            return None
        self._pages.move_to_end(page)
        return held[place] if place < len(held) else None

    def fetch_ahead(self, most: int) -> None:
        """Fetches the first ``most`` moments without waiting until they are looked at."""
        for row in range(0, min(most, self._total), PAGE):
            self.moment(row)

    def held(self) -> list[MomentInfo]:
        """The moments that are here now, in the order of their rows."""
        return [moment for page in sorted(self._pages) for moment in self._pages[page]]

    def thumbnail(self, moment: MomentInfo) -> QImage | None:
        return self._pictures.thumbnail(moment.id)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008  Qt's name and Qt's default
        return 0 if parent.isValid() else self._total

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        if not index.isValid() or role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            MOMENT_ROLE,
        ):
            return None
        moment = self.moment(index.row())
        if role == MOMENT_ROLE or moment is None:
            return moment
        where = text.place(moment.application, moment.window, moment.source)
        found = self.tr("found by meaning") if moment.by_meaning else ""
        return text.joined([text.moment_time(moment.time), where, text.plain(moment.window), found])

    def _ask(self, page: int) -> int:
        wanted = self._filter
        ticket = self._bridge.fetch_moments(text=wanted.words, limit=PAGE, offset=page * PAGE, **wanted.selection())
        self._tickets[ticket] = page
        return ticket

    def _fetched(self, ticket: int, answer: Moments) -> None:
        page = self._tickets.pop(ticket, None)
        if page is None:
            return
        if ticket == self._first_ticket:
            self.beginResetModel()
            self._pages.clear()
            self._rows.clear()
            self._total = answer.total
            self._keep(page, answer.moments)
            self.endResetModel()
            self.counted.emit(self._total)
            return
        self._keep(page, answer.moments)
        self.arrived.emit()

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if self._tickets.pop(ticket, None) is not None:
            self.failed.emit(f"{message} {remedy}".strip())

    def _keep(self, page: int, moments: tuple[MomentInfo, ...]) -> None:
        self._pages[page] = moments
        for place, moment in enumerate(moments):
            self._rows[moment.id] = page * PAGE + place
        while len(self._pages) > KEPT_PAGES:
            _page, dropped = self._pages.popitem(last=False)
            for moment in dropped:
                self._rows.pop(moment.id, None)

    def _thumbnail_ready(self, moment: int, _image: QImage) -> None:
        row = self._rows.get(moment)
        if row is not None:
            self.drawn_anew.emit(row)
