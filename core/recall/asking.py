"""Puts a question into the wordings that a small model was trained on: "whats my door code" asks for no more and no
less than "What was the door code?". A question that fits none of them stays as it is. Knows no model and no timeline.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_Made = Callable[[re.Match[str]], str]

LONGEST_NAME = 5  # words beside which a question without a verb is no mere name any more
_PLEASE = re.compile(
    r"^(?:(?:hey|hi|please|so)[,\s]+)*"
    r"(?:(?:can|could|do|would)\s+you\s+(?:please\s+)?(?:still\s+)?(?:tell\s+me|remember|recall|know|give\s+me|remind\s+me\s+of)"
    r"|tell\s+me|remind\s+me\s+of|give\s+me|i\s+need|i(?:'m|\s+am)\s+looking\s+for|show\s+me|do\s+i\s+remember)\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:[\s,]+(?:again|please|pls|that\s+(?:i|we|you)\s+saw|which\s+(?:i|we)\s+saw))*[\s?!.]*$", re.IGNORECASE
)
_CONTRACTED = re.compile(r"^(what|who|where|when|which)(?:['’]s|s(?=\s+(?:the|my|our|your|a)\b))", re.IGNORECASE)
_THE = r"(?:(?:the|my|our|your)\s+)?"
_I = r"(?:i|we|you)"
_SAW = r"(?:see|have|get|read|notice|look\s+at|visit|use|write\s+down)"
_WINDOW = r"(?:\s+(?:window|app|application|program|programme))"
_NOW = re.compile(  # what may be meant of the screen as it is, or of the newest of several
    r"\b(?:latest|newest|now|current|first|last)\b|"
    r"\b(?:title|window|lines?|address|heading|command|error|message|dialog|page|sender|button)$",
    re.IGNORECASE,
)
_VERBS = re.compile(
    r"\b(?:is|are|was|were|did|do|does|has|have|had|can|could|will|would|should|what|which|who|whose|whom|when|where|"
    r"why|how|saw|seen|read|transcribe|hello|thanks|wie|wo|wann|wer|wen|wem|war|waren|ist|sind|hat|habe|warum|welche[rsmn]?)\b",
    re.IGNORECASE,
)
_RULES: tuple[tuple[str, _Made], ...] = (
    (rf"what\s+(?:was|is)\s+(?:the\s+)?(?:title|name)\s+of\s+{_THE}(.+?){_WINDOW}",
     lambda m: f"What was the title of the {m[1]} window?"),
    (rf"what\s+(?:was|is)\s+{_THE}(.+?){_WINDOW}\s+called", lambda m: f"What was the title of the {m[1]} window?"),
    (rf"(?:what|which\s+\w+)\s+(?:did\s+{_I}\s+have|was|were|is)\s+open\s+in\s+{_THE}(.+?)(?:{_WINDOW})?",
     lambda m: f"What was open in {m[1]}?"),
    (rf"(?:when|at\s+what\s+time)\s+did\s+{_I}\s+(?:last\s+)?(?:{_SAW}|open)\s+{_THE}(.+?)(?:{_WINDOW})?",
     lambda m: f"When did you see {m[1]}?"),
    (rf"(?:where\s+did\s+{_I}\s+(?:{_SAW}|open)|(?:in\s+)?(?:which|what){_WINDOW}\s+(?:was|is|showed|had|did\s+{_I}\s+{_SAW}))"
     r"\s+(.+?)(?:\s+(?:in|open))?", lambda m: f"In which application was {m[1]}?"),
    (rf"(?:which|what)\s+(?:came|was|did\s+{_I}\s+(?:{_SAW}|open))\s+(?:first|earlier)[,:]?\s+(.+?)\s+or\s+(.+?)",
     lambda m: f"Which came first, {m[1]} or {m[2]}?"),
    (rf"how\s+(?:much|expensive)\s+(?:is|was|are|were)\s+{_THE}(.+?)", lambda m: f"How much was {m[1]}?"),
    (rf"(?:how\s+much|what)\s+(?:does|did|do)\s+{_THE}(.+?)\s+cost(\s+in\s+.+?)?",
     lambda m: f"How much did {m[1]} cost{m[2] or ''}?"),
    (r"(?:what|which)\s+error\s+did\s+(.+?)\s+(?:fail\s+with|show|give|report|stop\s+with)",
     lambda m: f"What was the error in {m[1]}?"),
    (rf"(?:what|which)\s+(.+?)\s+(?:did\s+{_I}\s+{_SAW}|was\s+(?:shown|displayed|on\s+(?:the|my)\s+screen))(\s+in\s+.+?)?",
     lambda m: f"What was the {m[1]}{m[2] or ''}?"),
    (r"(?:what|which)\s+(?:is|was|are|were)\s+(?:the|my|our|your)\s+(.+?)", lambda m: f"What was the {m[1]}?"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), made) for pattern, made in _RULES)
_PAST_VALUE = "What was the "


def plainly(text: str, *, here: bool = False) -> str:
    """The question in a trained wording, or unchanged. ``here``: it is about what is seen with it, so in the present
    tense. English only; names, labels and titles keep their letters."""
    asked = " ".join(text.split())
    wish = _TAIL.sub("", _PLEASE.sub("", asked))
    wish = _CONTRACTED.sub(r"\1 is", wish)
    said = _reworded(wish)
    if said is None:
        return asked
    if here and said.startswith(_PAST_VALUE) and " window?" not in said:
        return f"What is the {said.removeprefix(_PAST_VALUE)}"
    return said


def _reworded(wish: str) -> str | None:
    if not wish:
        return None
    for pattern, made in _COMPILED:
        found = pattern.fullmatch(wish)
        if found is None:
            continue
        said = made(found)
        present = said.startswith(_PAST_VALUE) and re.match(r"(?:what|which)\s+is\b", wish, re.IGNORECASE)
        return None if present and _NOW.search(wish) and " in " not in wish else said
    named = re.sub(r"^(?:the|my|our|your)\s+", "", wish, flags=re.IGNORECASE)
    if len(named.split()) <= LONGEST_NAME and not _VERBS.search(named) and named[:1].isalnum():
        return f"{_PAST_VALUE}{named[0].lower() + named[1:] if named[1:2].islower() else named}?"
    return None
