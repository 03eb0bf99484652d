"""Windows that live for a while on a drawn desktop: their text grows line by line, and their title may change.

Terminals, notes, pages and small messages, in the sizes and with the labelled values of real programs. Each knows
where it shows which fact, so that a part of it tells no more than it shows. Knows nothing of tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from core.frame import Pixels, Rect
from core.training.data import title_bars
from core.training.data.canvas import Canvas, Fact, Screen, draw_theme
from core.training.data.fonts import Font
from core.training.data.pages import address
from core.training.data.screens import Drawer
from core.training.data.words import APPLICATIONS, Vocabulary

READABLE = 9.5  # pixels of the em, as shown, below which nothing is asked
PROGRAMS = {
    "terminal": ("xterm", "xterm", "terminal", "konsole", "console"),
    "note": ("mousepad", "mousepad", "gedit", "kate", "editor", "notes"),
    "page": ("chromium", "chromium", "firefox", "browser"),
    "message": ("xmessage", "zenity", "calendar", "mail", "chat"),
}
KIND_WEIGHTS = (5, 4, 4, 3)  # in the order of PROGRAMS
OWN_PROGRAM = 0.75  # share of the windows that one of these programs shows
MENUS = ("File  Edit  View  Help", "File  Edit  Search  View  Document  Help", "File  Edit  Tools  Help")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

Make = Callable[[Random], str]
Parts = Sequence[tuple[Rect, float]]  # in a window's pixels, each with its scale


class Pane(Protocol):
    """A window's content: ``pixels`` uint8 [H, W, 3], and what parts of it tell where nothing ``covered`` them."""

    @property
    def pixels(self) -> Pixels: ...

    @property
    def title(self) -> str: ...

    @property
    def application(self) -> str: ...

    def facts(self, parts: Parts, covered: Sequence[Rect]) -> list[Fact]: ...

    def lines(self, parts: Parts, covered: Sequence[Rect]) -> list[str]:
        """All its text from the top, where the parts show all of it; else none."""
        ...

    def labels(self) -> set[str]:
        """Of the values that are drawn now, in sight or not."""
        ...


@dataclass(frozen=True, slots=True)
class Still:
    """A drawn or captured screen, which does not change: it is told whole or not at all."""

    screen: Screen

    @property
    def pixels(self) -> Pixels:
        return self.screen.pixels

    @property
    def title(self) -> str:
        return self.screen.title

    @property
    def application(self) -> str:
        return self.screen.application

    def facts(self, parts: Parts, covered: Sequence[Rect]) -> list[Fact]:
        whole = _whole(self.pixels)
        seen = [_seen(fact, whole, parts, covered) for fact in self.screen.facts]
        return [fact for fact in seen if fact is not None]

    def lines(self, parts: Parts, covered: Sequence[Rect]) -> list[str]:
        whole = Fact("transcript", "", "", min((fact.size for fact in self.screen.facts if fact.size), default=0))
        return self.screen.lines if _seen(whole, _whole(self.pixels), parts, covered) else []

    def labels(self) -> set[str]:
        return {fact.subject for fact in self.screen.facts if fact.kind == "value"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a live window and, where it tells one, its fact: the fact's kind ("" for none), what of, and what."""

    text: str
    kind: str = ""
    subject: str = ""
    answer: str = ""


class LiveWindow:
    """A window whose lines come one after another; older ones scroll away where it is full."""

    def __init__(self, rng: Random, drawer: Drawer, labels: Sequence[str]) -> None:
        self._drawer, self._labels = drawer, labels
        kind = self.kind = rng.choices(tuple(PROGRAMS), KIND_WEIGHTS)[0]
        self.application = rng.choice(PROGRAMS[kind] if rng.random() < OWN_PROGRAM else APPLICATIONS)
        self._theme = draw_theme(rng, rng.random() < (0.5 if kind == "terminal" else 0.15))
        size = rng.choice((14, 15, 16, 17, 17, 18) if kind == "page" else (12, 13, 14, 15, 15, 16, 17))
        mono = kind == "terminal" or (kind != "page" and rng.random() < 0.6)
        self._font = drawer.fonts.draw(rng, size, mono=mono)
        self._larger = drawer.fonts.draw(rng, size + rng.choice((4, 6, 8)))
        self._spacing = rng.randint(0, 2) if kind == "terminal" else rng.choice((1, 3, 5, 8, 12))
        self._menu = rng.choice(MENUS) if kind == "note" and rng.random() < 0.6 else ""
        self._bar = kind == "page" and rng.random() < 0.7  # of the page's address
        self._address = ""
        self._table = kind == "page" and rng.random() < 0.4  # labels and values in two columns
        self._prompt = rng.choice(("$ ", "$ ", "$ ", "# ", "% ", "> ")) if kind == "terminal" else ""
        self._margin = rng.choice((2, 4, 8)) if kind == "terminal" else rng.randint(6, 24)
        self._size = self._wanted(rng)
        grey = rng.randint(20, 200)
        self._edge = (grey, grey, grey) if rng.random() < 0.6 else None
        self._style = rng.random()  # of the title bar
        self._lines: list[Line] = []
        self._places: list[tuple[Fact, Rect]] = []
        self.title = ""
        self._begin(rng)
        self.pixels = self._drawn()

    @property
    def turns(self) -> bool:
        """Whether such a window's title changes: a message keeps its own."""
        return self.kind != "message"

    def facts(self, parts: Parts, covered: Sequence[Rect]) -> list[Fact]:
        seen = [_seen(fact, place, parts, covered) for fact, place in self._places]
        return [fact for fact in seen if fact is not None]

    def lines(self, parts: Parts, covered: Sequence[Rect]) -> list[str]:
        """None of a window with a menu or an address: what stands there is no text of its own."""
        whole = Fact("transcript", "", "", self._font.size)
        complete = len(self._visible(self._size[1])) == len(self._lines)
        if self._menu or self._bar or not complete or not _seen(whole, _whole(self.pixels), parts, covered):
            return []
        return [self.title, *(self._prompt * (line.kind == "command") + line.text for line in self._lines)]

    def labels(self) -> set[str]:
        return {line.subject for line in self._lines if line.kind == "value"}

    def grow(self, rng: Random) -> None:
        """One to three lines more."""
        for _ in range(rng.choice((1, 1, 2, 3))):
            self._add(rng)
        self.pixels = self._drawn()

    def turn(self, rng: Random) -> None:
        """Another title; a page goes on to other content with it, a note to another file."""
        if self.kind in ("page", "note"):
            self._begin(rng)
        else:
            self.title = self._titled(rng, self._drawer.words.command(rng))
        self.pixels = self._drawn()

    def _wanted(self, rng: Random) -> tuple[int, int]:
        """Width and height of the window in pixels: what such programs open with."""
        font = self._font
        if self.kind == "terminal":
            return round(font.width("m") * rng.randint(32, 62)) + 16, font.height * rng.randint(6, 15) + 30
        if self.kind == "message":
            return rng.randint(170, 400), rng.randint(100, 190)
        if rng.random() < 0.25:
            return rng.choice((600, 640, 660)), rng.choice((400, 420, 480))
        return rng.randint(300, 600), rng.randint(180, 420)

    def _begin(self, rng: Random) -> None:
        """A first title and the first lines."""
        words = self._drawer.words
        self._lines.clear()
        command = self._fitting(rng, words.command)
        self.title = self._titled(rng, command)
        if self._bar:
            self._address = address(words, rng)
        if self.kind == "terminal":
            self._lines.append(Line(command, "command", "", command))
        elif self.kind == "page":
            same = rng.random() < 0.5
            heading = self.title.split(" - ")[0] if same else words.phrase(rng, 1, 3).capitalize()
            self._lines.append(Line(heading, "heading", "", heading))
        for _ in range(rng.randint(1, 2 if self.kind == "message" else 4)):
            self._add(rng)

    def _titled(self, rng: Random, command: str) -> str:
        words, name = self._drawer.words, self.application.capitalize()
        if self.kind == "terminal":
            return rng.choice((command, words.place(rng), words.phrase(rng, 2, 3)))
        if self.kind == "note":
            return rng.choice(("", "", "*", "/home/", "~/")) + words.file(rng) + rng.choice((f" - {name}", "", ""))
        title = words.phrase(rng, 1, 3).capitalize()
        return f"{title} - {name}" if self.kind == "page" and rng.random() < 0.7 else title

    def _add(self, rng: Random) -> None:
        words, terminal = self._drawer.words, self.kind == "terminal"
        taken = {line.subject for line in self._lines if line.subject}
        kind = rng.choices(("value", "line", "error", "said"), (6, 3, 1.5 * terminal, 0.5 * (not terminal)))[0]
        label, name = rng.choice(self._labels), rng.choice(words.first_names)
        if kind == "value" and label not in taken:
            value = value_of(rng, words, label)
            named = label[0].upper() + label[1:] if rng.random() < 0.85 else label
            self._lines.append(Line(f"{named}{'' if self._table else ':'} {value}", "value", label, value))
        elif kind == "error" and not any(line.kind == "error" for line in self._lines):
            error = self._fitting(rng, words.error)
            self._lines.append(Line(error, "error", "", error))
        elif kind == "said" and name not in taken:
            said = self._fitting(rng, words.sentence, f"{name}: ")
            self._lines.append(Line(f"{name}: {said}", "said", name, said))
        else:
            self._lines.append(Line(self._fitting(rng, words.output if terminal else words.sentence)))

    def _fitting(self, rng: Random, make: Make, before: str = "") -> str:
        width = self._size[0] - 2 * self._margin - self._font.width(before + self._prompt)
        return self._drawer.fitting(rng, make, self._font, width)

    def _of(self, line: Line) -> Font:
        return self._larger if line.kind == "heading" else self._font

    def _visible(self, room: float) -> list[Line]:
        """The newest lines that ``room`` pixels hold: the older ones have scrolled away."""
        shown: list[Line] = []
        for line in reversed(self._lines):
            room -= self._of(line).height + self._spacing
            if room < 0 and shown:
                break
            shown.insert(0, line)
        return shown

    def _drawn(self) -> Pixels:
        """The window as it is now; where which fact stands goes into ``_places``."""
        width, height = self._size
        canvas, font = Canvas.blank(width, height, self._theme), self._font
        style = Random(self._style)  # the same bar at each drawing
        make = title_bars.draw if style.random() < self._drawer.framed else Drawer.title_bar
        top = make(self._drawer, style, canvas, self.title, 14)
        self._places = [(fact, Rect(0, 2, width, top - 4)) for fact in canvas.facts]
        top += 4
        if self._menu:
            canvas.text(8, top, self._menu, font)
            top += font.height + 8
        if self._bar:
            canvas.draw.rectangle((6, top, width - 6, top + font.height + 6), fill=self._theme.faint)
            end = canvas.text(12, top + 3, self._address, font)
            self._note(12, end, top + 3, font, [Fact("address", "", self._address, font.size)])
            top += font.height + 14
        button = font.height + 14 if self.kind == "message" else 0
        shown = self._visible(height - top - button - 4)
        y = float(top)
        for index, line in enumerate(shown):
            whole = self._prompt * (line.kind == "command") + line.text
            facts = [Fact(line.kind, line.subject, line.answer, self._of(line).size)] if line.kind else []
            if self.kind != "page" and index == len(shown) - 1 and len(shown) > 1:
                facts.append(Fact("last line", "", whole, font.size))
            if self.kind != "page" and not self._menu and line is self._lines[0]:
                facts.append(Fact("first line", "", whole, font.size))
            self._line(canvas, y, line, whole, facts)
            y += self._of(line).height + self._spacing
        if button:
            left = (width - font.width("okay") - 16) / 2
            box = (left, height - button + 2, left + font.width("okay") + 16, height - 6)
            canvas.draw.rectangle(box, outline=self._theme.ink)
            canvas.text(left + 8 + font.width("o"), height - button + 4, "OK", font)
        if self._edge:
            canvas.draw.rectangle((0, 0, width - 1, height - 1), outline=self._edge)
        return canvas.pixels()

    def _line(self, canvas: Canvas, y: float, line: Line, whole: str, facts: list[Fact]) -> None:
        """One line from its left edge; the value of a table in its second column."""
        x, font = float(self._margin), self._of(line)
        second = self._size[0] * 0.45
        if self._table and line.kind == "value" and font.width(whole) < second:
            canvas.text(x, y, whole.removesuffix(line.answer).rstrip(), font)
            self._note(x, canvas.text(second, y, line.answer, font), y, font, facts)
        else:
            self._note(x, canvas.text(x, y, whole, font), y, font, facts)

    def _note(self, x: float, end: float, y: float, font: Font, facts: Sequence[Fact]) -> None:
        """That a text from ``x`` to ``end`` tells these facts; what the window's edge cuts off tells none."""
        if end <= self._size[0] - 1:
            # without the room above and below letters, which no change touches
            place = Rect(int(x), int(y + 0.3 * font.height), max(1, int(end - x)), max(1, int(0.4 * font.height)))
            self._places += [(fact, place) for fact in facts]


def value_of(rng: Random, words: Vocabulary, label: str) -> str:
    """A value as programs write it for a label: a version with points, a day with its month, else as anywhere."""
    if rng.random() < 0.5:
        if label == "version":
            return f"{rng.randint(0, 20)}.{rng.randint(0, 30)}.{rng.randint(0, 12)}"
        if label in ("due date", "deadline"):
            return f"{rng.randint(1, 28)} {rng.choice(MONTHS)}"
        if label == "passcode":
            return f"{words.word(rng)}{rng.randint(1, 999)}"
        if label == "seat":
            return f"{rng.randint(1, 40)}{rng.choice('ABCDEF')}"
    return words.value(rng, label)


def _whole(pixels: Pixels) -> Rect:
    return Rect(0, 0, pixels.shape[1], pixels.shape[0])


def _seen(fact: Fact, place: Rect, parts: Parts, covered: Sequence[Rect]) -> Fact | None:
    """The fact, in the size it is shown in, where one of ``parts`` holds its place and nothing covers it."""
    if any(place.intersect(other).area for other in covered):
        return None
    scales = [scale for rect, scale in parts if rect.intersect(place) == place]
    if not scales or (fact.size and fact.size * max(scales) < READABLE):
        return None
    return replace(fact, size=round(fact.size * max(scales)))
