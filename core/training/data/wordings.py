"""Questions as users type them, beside the fixed wordings in ``questions``: short, careless, in the first person.

All are wordings that ``core.recall.asking`` knows. Half come as it hands them on, since a model that was trained on
fixed wordings is asked through it. Applications are called as their windows call them: "XTerm", "Chromium".
"""

from __future__ import annotations

from random import Random

from core.recall.asking import plainly
from core.training.data.canvas import Fact

AS_HANDED_ON = 0.5
SPELT = {"xterm": "XTerm", "gimp": "GIMP", "code": "Code"}  # others begin with a capital
CAPITALISED = 0.6  # of the applications' names

_ASKED = (
    "what was {s}", "What was {s} again?", "whats {s}", "What's {s}?", "tell me {s} please", "Can you tell me {s}?",
    "Could you tell me {s}?", "remind me of {s}", "I need {s}", "Do you still know {s}?", "Do you remember {s}?",
    "what is {s}",
)  # fmt: skip
_VALUE = (
    *(wording.replace("{s}", f"{whose} {{s}}") for wording in _ASKED for whose in ("the", "my")),
    "which {s} did I see?", "What {s} did I get?", "which {s} did I see", "what {s} was on the screen",
    "{s}", "the {s} please", "my {s}",
)  # fmt: skip
_OF = ("what was the {k} of {s}", "whats the {k} of {s}", "What's the {k} of {s}?", "tell me the {k} of {s}")
_KINDS_OF = ("status", "owner", "date", "code", "stock", "time")
_WHAT_IN = ("what was the {k} in {t}", "What was the {k} in {t} again?", "tell me the {k} in {t}")

ALONE: dict[str, tuple[str, ...]] = {
    "value": _VALUE,
    "price": (
        "how much is {s}", "how much was the {s}?", "How expensive was {s}?", "what does {s} cost",
        "How much does the {s} cost?", "what was the price of {s}", "whats the price of {s}",
    ),
    **{kind: tuple(wording.replace("{k}", kind) for wording in _OF) for kind in _KINDS_OF},
}  # fmt: skip
THEN: dict[str, tuple[str, ...]] = {
    "title": (
        "what was the {a} window called", "What's the name of the {a} window?", "what did I have open in {a}",
        "what was open in {a}", "What was the title of my {a} window?", "which page did I have open in {a}?",
        "what is the title of the {a} window",
    ),
    "value": (
        "what was my {s} in {t}", "which {s} did I see in {t}?", "whats the {s} in {t}", "What {s} did I get in {t}?",
        "What was the {s} in {t} again?",
    ),
    "price": ("what does {s} cost in {t}", "How much did the {s} cost in {t}?", "how much was {s} in {t}"),
    "error": ("what error did {t} show", "which error did {t} give?", "What error did {t} fail with?"),
    **{kind: tuple(wording.replace("{k}", kind) for wording in _WHAT_IN)
       for kind in ("first line", "last line", "address", "heading", "sender")},
}  # fmt: skip
NOW: dict[str, tuple[str, ...]] = {
    "value": ("whats the {s}", "What's my {s}?", "what is the {s}", "tell me the {s}", "{s}", "which {s} is that?"),
    "title": ("whats the title of the window", "What's the title?", "which window is this?"),
    "error": ("whats the error", "What went wrong?", "what error is that"),
    "price": ("how much is {s}", "what does {s} cost", "whats the price of {s}"),
    "address": ("which page is this?", "whats the address"),
}
WHEN = ("when did I see {t}", "When did I last see {t}?", "at what time did I open {t}", "when did I have {t}?")
WHERE = ("where did I see {t}", "Where did I open {t}?", "which app was {t} in", "Which window showed {t}?")
ORDER = (
    "what did I see first, {x} or {y}?", "which was first, {x} or {y}", "Which came earlier, {x} or {y}?",
    "what did I open first, {x} or {y}?",
)  # fmt: skip
LATEST = ("whats the latest {s}", "What's the newest {s}?", "what is the last {s} I saw", "the latest {s}")


def called(rng: Random, application: str) -> str:
    """An application's name as its windows and menus have it, now and then in small letters."""
    return SPELT.get(application, application.capitalize()) if rng.random() < CAPITALISED else application


def handed_on(rng: Random, question: str, here: bool = False) -> str:
    """The question as typed, or as the app hands it to the model."""
    return plainly(question, here=here) if rng.random() < AS_HANDED_ON else question


def typed_now(rng: Random, fact: Fact) -> str | None:
    """A question about what is on the screen; None where users have no wording of their own."""
    wordings = NOW.get(fact.kind)
    return handed_on(rng, rng.choice(wordings).format(s=fact.subject), here=True) if wordings else None


def typed_then(rng: Random, fact: Fact, title: str, application: str, alone: bool) -> str | None:
    """The same of an earlier screen; ``alone``: the fact's subject occurs once in the stream."""
    wordings = THEN.get(fact.kind, ())
    if alone and fact.kind in ALONE and (not wordings or rng.random() < 0.75):
        wordings = ALONE[fact.kind]
    if not wordings:
        return None
    return handed_on(rng, rng.choice(wordings).format(s=fact.subject, t=title, a=called(rng, application)))


def typed_unseen(rng: Random, label: str, title: str, unknown: str) -> str:
    """About what the stream never showed: ``label``, in the known window ``title`` or at all, or ``unknown``."""
    draw = rng.random()
    if draw < 0.6:
        return handed_on(rng, rng.choice(ALONE["value"]).format(s=label))
    if draw < 0.75:
        return handed_on(rng, rng.choice(THEN["value"]).format(s=label, t=title))
    wordings = WHEN if draw < 0.85 else ALONE["price"]
    return handed_on(rng, rng.choice(wordings).format(s=unknown, t=unknown))
