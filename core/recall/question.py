"""Understands a question: what is asked for, in which words, about when and in which application."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.errors import InputError
from core.recall.times import When, when_in
from core.recall.words import STOP, WEAK, root
from core.timeline.schema import fold

MAX_QUESTION = 4_000  # characters; a longer question is refused, never cut silently


class Asked(StrEnum):
    """What kind of thing answers the question."""

    SEEN_TIME = "seen time"  # when it was on screen
    PLACE = "place"  # in which application or window it was
    YES_NO = "yes or no"
    MONEY = "money"
    COUNT = "count"
    MEASURE = "measure"
    TIME = "time"
    CODE = "code"
    FILE = "file"
    PERSON = "person"
    REASON = "reason"
    ADDRESS = "address"  # of mail, web or network
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Term:
    """A word that should be found. ``essential``: a name or number, without which an answer is about something else.

    ``weight``: how much it counts for an answer that it is found at all, 0 to 1; ``location``: how much, where it
    stands. ``wish``: it names what is asked for ("which city").
    """

    word: str
    weight: float
    location: float
    essential: bool = False
    wish: bool = False
    strong: float = 0.0  # 1 for a word of weight, its share for a part of one, 0 for others


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    asked: Asked
    terms: tuple[Term, ...]
    when: When
    applications: tuple[str, ...]  # present applications it names; none: any
    first: bool = False  # the first time is meant, not the newest


_APPLICATIONS = {
    "terminal": "xterm uxterm terminal gnome-terminal konsole alacritty kitty wezterm foot tilix terminator "
    "xfce4-terminal lxterminal urxvt powershell cmd iterm2 console ghostty st",
    "browser": "chromium chrome google-chrome firefox edge msedge safari brave opera vivaldi epiphany falkon "
    "librewolf chromium-browser navigator",
    "editor": "mousepad gedit kate code codium vim gvim nvim emacs notepad sublime_text featherpad textedit pluma "
    "kwrite gnome-text-editor leafpad geany xed nano zed l3afpad",
    "mail": "thunderbird outlook evolution geary mail kmail claws-mail mutt betterbird",
    "chat": "slack discord telegram signal element teams whatsapp pidgin hexchat",
    "dialog": "xmessage zenity yad kdialog",
}
_KINDS = {
    "terminal": "terminal", "console": "terminal", "shell": "terminal", "command line": "terminal",
    "browser": "browser", "web browser": "browser", "editor": "editor", "text editor": "editor",
    "mail program": "mail", "mail client": "mail", "chat": "chat", "dialog": "dialog", "dialogue": "dialog",
    "konsole": "terminal", "texteditor": "editor",
}  # fmt: skip
_IN = r"\b(?:in|inside|on|from|within|using|im|in der|in dem)\s+(?:the\s+|a\s+|my\s+|an\s+)?"
_SEE = r"(?:see|saw|seen|look(?:ed)? at|looking at|view(?:ed)?|watch(?:ed)?|read|open(?:ed)?|visit(?:ed)?|have" \
       r"|notice[d]?" \
       r"|come across|find|found|type[d]?|write|wrote|edit(?:ed)?|shown?|visible|displayed|on (?:my |the )?screen" \
       r"|appear(?:ed)?" \
       r"|pop(?:ped)? up|gesehen|gelesen|geöffnet)"  # fmt: skip
_APP_NOUN = (
    r"(?:app|application|program|programme|software|window|tool|website|web ?site|tab|anwendung|programm|fenster)"
)
_KIND_OF_QUESTION: tuple[tuple[str, Asked], ...] = (
    (rf"^(?:\W*)(?:when|at what time|what time|since when|wann)\b.*\b(?:i|we|ich)\b.*\b{_SEE}\b", Asked.SEEN_TIME),
    (rf"^(?:when|at what time|what time|wann)\b.*\b(?:was|were|did|is|war)\b.*\b{_SEE}\b", Asked.SEEN_TIME),
    (r"^(?:how long ago|until when did i|since when)", Asked.SEEN_TIME),
    (rf"\b(?:which|what|welche[rsmn]?)\s+(?:\w+\s)?{_APP_NOUN}\b(?!\s+(?:version|number))", Asked.PLACE),
    (rf"^(?:where|wo)\b.*\b(?:i|we|ich)\b.*\b{_SEE}\b", Asked.PLACE),
    (rf"^(?:where|wo)\s+(?:was|were|is|did|war)\b.*\b{_SEE}\b", Asked.PLACE),
    (r"\b(?:e-?mail|mail|web|ip|mac)\s+address\b|\burl\b|\blink\b|\bwebsite\b", Asked.ADDRESS),
    (r"\b(?:which|what|name of the|in welcher)\s+(?:\w+\s+)?(?:file|datei|path|folder|directory|script|module)\b",
     Asked.FILE),
    (r"\bhow (?:expensive|much (?:is|was|were|are|does|do|did|will|would|money|for))\b", Asked.MONEY),
    (r"\b(?:price|cost|costs|fee|fare|salary|rent|total|pay|paid|wie teuer|preis|kosten?)\b", Asked.MONEY),
    (r"\bhow (?:long|far|tall|high|wide|big|large|heavy|fast|hot|cold|warm|old|deep|full)\b", Asked.MEASURE),
    (r"\b(?:percent|percentage|temperature|weight|height|distance|speed|latency|duration|size of|how much)\b",
     Asked.MEASURE),
    (r"\bhow many\b|\b(?:the|total|a) number of\b|\bwie viele\b|\bcount of\b|\bwieviele?\b", Asked.COUNT),
    (r"^(?:when|at what time|what time|until when|by when|wann)\b|"
     r"\b(?:which|what|on what|to which|on which|until which) "
     r"(?:date|day|time|month|year|weekday)\b|\bdeadline\b|\bdue date\b|\bdate of\b", Asked.TIME),
    (r"\b(?:code|reference|ref|id|identifier|serial|number|version|port|pin|password|token|ticket|hash|"
     r"tracking|invoice number|flight number|nummer|kennung)\b", Asked.CODE),
    (r"^(?:\W*)(?:why|how come|what was the reason|what is the reason|warum|wieso|weshalb)\b", Asked.REASON),
    (r"^(?:who|wer|wen|wem)\b|\bwhom\b|\bwhose\b|\b(?:which|what) person\b", Asked.PERSON),
    (r"^(?:did|have|has|was|were|is|are|had|does|do|can|could|habe|war|hat|gab)\b", Asked.YES_NO),
)  # fmt: skip
_KIND_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), asked) for pattern, asked in _KIND_OF_QUESTION)
_AUX = r"(?:was|were|is|are|did|do|does|had|has|have|could|can|will|would|should|must|may|ist|war|hat|sind)"
_WISHES = (
    rf"\b(?:which|what|whose|welche[rsmn]?)\s+(?!{_AUX}\b)([\w-]+(?:\s+[\w-]+)?)\s+{_AUX}\b",
    rf"\b(?:which|what)\s+(?!{_AUX}\b)([\w-]+\s+[\w-]+)(?<!ed)(?<!s)\s+[\w-]+s\b",
    rf"\b(?:which|what|whose|welche[rsmn]?)\s+(?!{_AUX}\b)([\w-]+)",
    r"\bwhat(?:'s|\s+(?:is|was|are|were))\s+(?:the|my|our|a|an)\s+((?:[\w-]+\s+){0,2}?[\w-]+)(?:\s+(?:of|for|in|on|from|to|at|when|that|by)\b|\?|$)",
    r"\bhow\s+(?!many|much\b)([\w-]+)",
)
_SUM = re.compile(
    r"[$€£]\s?\d|\d+[.,]\d{2}\b|\d\s?(?:[$€£]|euros?|dollars?|pounds?)", re.IGNORECASE
)  # it names the price
_STOPS = rf"{_AUX}|in|of|on|at|for|from|to|with|that|which|who|when|by|about|and|left|there|i|we|you|the|my|it"
_COUNTED = (
    re.compile(rf"\bhow many\s+((?:(?!(?:{_STOPS})\b)[\w'’-]+\s*){{1,4}})", re.IGNORECASE),
    re.compile(rf"\b(?:price|cost|number|code|id|pid|size|name|address|temperature|fare|fee)\s+(?:of|for)\s+(?:the|my|our|a|an)\s+"
               rf"((?:(?!(?:{_STOPS})\b)[\w'’-]+\s*){{1,4}})", re.IGNORECASE),
)  # fmt: skip
_WISH = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _WISHES)
_TOKEN = re.compile(r"[^\W_]+(?:[-'’._/:@][^\W_]+)*")
_WEAK_ROOTS = frozenset(root(word) for word in WEAK)
_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ]")


def understand(text: str, now: datetime, present: Sequence[str]) -> Question:
    """Reads a question. ``now``: aware, in the asker's zone; ``present``: the timeline's applications.

    Raises InputError for an empty one or one longer than MAX_QUESTION characters.
    """
    if len(text) > MAX_QUESTION:
        raise InputError(
            f"The question is {len(text):,} characters long; the limit is {MAX_QUESTION:,}.", "Ask a shorter one."
        )
    plain = " ".join(text.split())
    if not plain:
        raise InputError("The question is empty.", "Type what you want to know.")
    when = when_in(plain, now)
    applications, rest = _applications(when.rest, present)
    asked = _asked(plain)
    terms = _terms(rest)
    first = re.search(r"\bfirst (?:see|saw|time|open|read|look|visit)|\bzuerst\b", plain, re.IGNORECASE) is not None
    return Question(plain, asked, terms, when, applications, first)


def _asked(text: str) -> Asked:
    for pattern, asked in _KIND_PATTERNS:
        if pattern.search(text) and not (asked is Asked.MONEY and _SUM.search(text)):
            return asked
    return Asked.ANYTHING


def _applications(text: str, present: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The present applications that the question is confined to, and the question without naming them."""
    lower = {fold(name): name for name in present}
    for kind, members in _KINDS.items():
        found = re.search(
            _IN + re.escape(kind) + r"\b(?!\s+(?:window\s+)?(?:version|settings|called|named))(?: window)?",
            text,
            re.IGNORECASE,
        )
        if found:
            here = tuple(name for key, name in lower.items() if _is_one_of(key, _APPLICATIONS[members]))
            if here:
                return here, text[: found.start()] + " " + text[found.end() :]
    for key, name in lower.items():
        found = re.search(_IN + re.escape(key) + r"(?!\w)", fold(text)) if len(key) >= 2 else None
        if found and len(fold(text)) == len(text):
            return (name,), text[: found.start()] + " " + text[found.end() :]
    return (), text


def _proper(token: str, wished: str) -> bool:
    """Whether a word of what is asked for is a name ("the Rust error code") and no label ("the PID of")."""
    return token[:1].isupper() and not token.isupper() and len(wished.split()) > 1


def _is_one_of(application: str, members: str) -> bool:
    words = set(re.split(r"[\s._/-]+", application)) | {application}
    return bool(words & set(members.split()))


def _terms(text: str) -> tuple[Term, ...]:
    """The words worth finding, in order. Names and numbers are essential."""
    wished = next((found[1] for pattern in _WISH if (found := pattern.search(text))), "")
    wish = {fold(part) for word in _TOKEN.findall(wished) for part in re.split(r"[-'’]", word)}
    counted = {
        fold(part)
        for pattern in _COUNTED
        for found in pattern.finditer(text)
        if len(found[1].split()) > 1 or pattern is _COUNTED[0]
        for part in re.split(r"[\s'’-]+", found[1])
    }
    quoted = {fold(w) for part in re.findall(r"[\"“„«]([^\"”“»]+)[\"”»]", text) for w in _TOKEN.findall(part)}
    terms = dict[str, Term]()
    for position, found in enumerate(_TOKEN.finditer(text)):
        token = found[0]
        starts = position == 0 or text[: found.start()].rstrip().endswith((".", "?", "!", ":"))
        named = (_NAME.match(token) is not None and not starts) or any(c.isdigit() or c in "._/:@" for c in token)
        shouted = text.isupper()
        essential_here = (named and not shouted) or fold(token) in quoted
        parts = [part for part in re.split(r"[-'’._/:@]", token) if len(part) > 1] or [token]
        for part in parts:
            word = fold(part)
            if not word or word in terms or (word in STOP and not (named and part.isupper() and len(part) > 1)):
                continue
            if len(word) == 1 and not word.isdigit() and not (len(token) == 1 and essential_here):
                continue
            weak = root(word) in _WEAK_ROOTS
            if (
                word in wish and not any(c.isdigit() for c in word) and not _proper(token, wished)
            ):  # "the PID of": a label, not a name
                essential_word = False
            else:
                essential_word = essential_here and (not weak or fold(token) in quoted)
            done = word.endswith("ed") and word not in WEAK  # what was done decides: sold, removed, timed out
            if word in counted and not weak:  # "how many daffodil bulbs": tulip bulbs will not do
                essential_word = True
            weight = 1.0 if essential_word or done else 0.12 if weak else 0.25 if word in wish else 0.8
            location = 1.4 if essential_word else 1.2 if word in wish else 0.55 if weak else 1.0
            share = 1 / len(parts)  # of a name made of parts, all together count as one word
            terms[word] = Term(
                word, weight * share, location * share, essential_word, word in wish, share * (weight >= 0.8)
            )
    if not any(term.strong for term in terms.values()):  # nothing but words of little weight: each counts the same
        return tuple(replace(term, weight=0.5, location=1.0) for term in terms.values())
    return tuple(terms.values())
