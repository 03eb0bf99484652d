"""What must never be seen: which windows the user's rules exclude, and which pixels of a frame could show them.

Knows nothing of changes or of what is done with the rest of a frame. No title leaves this file; rules are called
by the user's own words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from core.config import PrivacyRules
from core.errors import InputError
from core.frame import PRIVATE_OPTIONS, Frame, Rect, Window

UNLISTED = "window list unreadable"
OWN = "own window"  # questions and answers on the screen are no news about what the screen showed
PRIVATE = "private browsing"
HIDDEN_SHARE = 0.98  # of a frame painted out: nothing worth seeing is left

_BROWSERS = r"firefox|chrome|chromium|edge|brave|opera|vivaldi|safari|librewolf|tor browser|browser"
_SAID = (
    r"incognito|inprivate|private browsing|private window|private|privat|privater modus|privates fenster|inkognito"
    r"|navigation privée|navegación privada|incógnito|navigazione anonima|navigazione in incognito"
    r"|navegação privada|navegação anónima|anônima|privévenster"
    r"|プライベートブラウジング|シークレット|隐私浏览|无痕模式"
)
_PRIVATE_TITLES = re.compile(
    rf"(?:[(\[\u2014\u2013-]\s*|(?:{_BROWSERS})\s+[(\[]?)(?:{_SAID})\s*[)\]]?\s*$"  # "... - Chromium (Incognito)"
    r"|[(\[\u2014\u2013-]\s*inprivate\b"  # "... - [InPrivate] - Microsoft Edge"
    r"|^new (?:incognito|private|inprivate) (?:tab|window)\b",
    re.IGNORECASE,
)


class Rulebook:
    """The user's rules, ready to be asked. Raises InputError for a title pattern that is no regular expression."""

    def __init__(self, rules: PrivacyRules) -> None:
        self._own = frozenset(_plain(name) for name in rules.own)
        self._applications = [(f"application {name}", _plain(name)) for name in rules.applications if name.strip()]
        self._private = rules.private_browsing
        self._titles: list[tuple[str, re.Pattern[str]]] = []
        for pattern in rules.titles:
            try:
                self._titles.append((f"title {pattern}", re.compile(pattern, re.IGNORECASE)))
            except re.error as trouble:
                raise InputError(
                    f"The title rule {pattern!r} is not a regular expression: {trouble}.", "Mend it in the settings."
                ) from trouble

    def __bool__(self) -> bool:
        """Whether there is any rule of the user's."""
        return bool(self._applications or self._titles or self._private)

    def match(self, window: Window) -> str | None:
        """The name of the first rule that excludes this window; None: it may be seen."""
        names = [_plain(name).removesuffix(".exe") for name in (window.application, *window.names)]
        if not self._own.isdisjoint(names):
            return OWN
        for rule, pattern in self._applications:
            if any(fnmatchcase(name, pattern) for name in names):
                return rule
        if self._private and not PRIVATE_OPTIONS.isdisjoint(window.names):
            return PRIVATE
        for title in dict.fromkeys((window.title, _plain(window.title))):
            for rule, expression in self._titles:
                if expression.search(title):
                    return rule
            if self._private and _PRIVATE_TITLES.search(title):
                return PRIVATE
        return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What privacy says of one frame.

    ``hidden``: rectangles to paint out, in frame pixels. ``windows``: those that may be named, front to back.
    ``rules``: which rules hid something (or refused the frame). ``refused``: nothing of the frame may be used.
    """

    hidden: tuple[Rect, ...]
    windows: tuple[Window, ...]
    rules: tuple[str, ...]
    refused: bool = False


class Guard:
    """Keeps the rules for one source, and remembers what it hid so that nothing fades away in plain sight."""

    def __init__(self, rules: PrivacyRules, book: Rulebook) -> None:
        self._rules = rules
        self._book = book
        self._excluded: tuple[tuple[Window, str], ...] = ()
        self._lingering: list[tuple[Rect, str, float]] = []  # where something was, which rule, until when
        self._closing: tuple[str, float] = ("", float("-inf"))  # a window that went away, until when it may fade

    def judge(self, frame: Frame) -> Verdict:
        """What of this frame may be used; frames of one source, in order."""
        if self._book and not frame.listed and not self._rules.allow_unlisted:
            return Verdict((), (), (UNLISTED,), refused=True)
        matched = [(window, self._book.match(window)) for window in frame.windows]
        kept = tuple(window for window, rule in matched if rule is None)
        excluded = tuple((window, rule) for window, rule in matched if rule is not None)
        earlier = tuple((w, rule) for w in frame.unsettled if (rule := self._book.match(w)) is not None)
        self._remember(tuple((w, rule) for w, rule in excluded if rule != OWN), frame.monotonic)

        hidden: list[tuple[Rect, str]] = []
        if frame.unsettled:  # something moved while the picture was taken: no window can be trusted to cover another
            hidden += [(_grown(window.rect, self._rules.margin), rule) for window, rule in (*excluded, *earlier)]
        else:
            hidden += self._uncovered(frame.windows, dict(excluded))
        hidden += [(rect, rule) for rect, rule, _ in self._lingering]
        parts = [(part, rule) for rect, rule in hidden if (part := frame.local(rect)).area]
        rules = tuple(dict.fromkeys(rule for _, rule in parts))
        rects = tuple(dict.fromkeys(part for part, _ in parts))

        closing, until = self._closing
        if frame.monotonic < until:
            return Verdict(rects, kept, tuple(dict.fromkeys((*rules, closing))), refused=True)
        width, height = frame.size
        all_gone = covered_area(rects) >= HIDDEN_SHARE * width * height
        dropped = self._rules.mode == "drop" and any(rule != OWN for rule in rules)
        return Verdict(rects, kept, rules, refused=bool(rects) and (dropped or all_gone))

    def _uncovered(self, windows: Sequence[Window], excluded: dict[Window, str]) -> Iterable[tuple[Rect, str]]:
        """The parts of the excluded windows, with a margin, that no opaque window in front covers."""
        opaque_in_front: list[Rect] = []
        for window in windows:
            rule = excluded.get(window)
            if rule is not None:
                parts = [_grown(window.rect, self._rules.margin)]
                for cover in opaque_in_front:
                    parts = [rest for part in parts for rest in without(part, cover)]
                yield from ((part, rule) for part in parts)
            elif window.opaque:
                opaque_in_front.append(window.rect)

    def _remember(self, excluded: tuple[tuple[Window, str], ...], now: float) -> None:
        """Notes what has left the screen since the last frame: it may still be fading out or flying to a panel."""
        self._lingering = [(rect, rule, until) for rect, rule, until in self._lingering if now < until]
        present = {window.rect for window, _ in excluded}
        until = now + self._rules.linger
        for window, rule in self._excluded:
            if window.rect not in present:
                self._lingering.append((_grown(window.rect, self._rules.margin), rule, until))
        counts = Counter(_owner(window) for window, _ in excluded)
        before = Counter(_owner(window) for window, _ in self._excluded)
        for window, rule in self._excluded:
            if counts[_owner(window)] < before[_owner(window)]:
                self._closing = (rule, until)
        self._excluded = excluded


def without(rect: Rect, cover: Rect) -> list[Rect]:
    """What is left of ``rect`` where ``cover`` is not: up to four rectangles that do not overlap."""
    common = rect.intersect(cover)
    if not common.area:
        return [rect]
    pieces = (
        Rect(rect.left, rect.top, rect.width, common.top - rect.top),
        Rect(rect.left, common.bottom, rect.width, rect.bottom - common.bottom),
        Rect(rect.left, common.top, common.left - rect.left, common.height),
        Rect(common.right, common.top, rect.right - common.right, common.height),
    )
    return [piece for piece in pieces if piece.area]


def covered_area(rects: Sequence[Rect]) -> int:
    """The area in pixels that the rectangles cover together."""
    apart: list[Rect] = []
    for rect in rects:
        parts = [rect]
        for other in apart:
            parts = [rest for part in parts for rest in without(part, other)]
        apart += parts
    return sum(part.area for part in apart)


def _grown(rect: Rect, margin: int) -> Rect:
    return Rect(rect.left - margin, rect.top - margin, rect.width + 2 * margin, rect.height + 2 * margin)


def _owner(window: Window) -> tuple[int | None, str]:
    return window.pid, window.application


def _plain(text: str) -> str:
    """For comparing: one case, one form for each character, none that are invisible."""
    visible = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in ("Cf", "Cc"))
    return "".join(visible).casefold().strip()
