"""Questions about facts, in many wordings: of what is on the screen now, and of what was there earlier."""

from __future__ import annotations

from random import Random

from core.training.data.canvas import Fact

NOT_SEEN = "I did not see that."

NOW: dict[str, tuple[str, ...]] = {
    "title": (
        "What is the title of the window?", "What is this window called?", "Read the window title.",
        "Which title does the window have?",
    ),
    "value": (
        "What is the {s}?", "Which {s} is shown?", "What {s} do you see?", "Read the {s}.", "{s}?",
    ),
    "first line": ("What does the first line say?", "What is the first line?", "Read the first line."),
    "last line": ("What does the last line say?", "What is the last line?", "Read the last line."),
    "line starting": (
        "What does the line starting with {s} say?", "Read the line that starts with {s}.",
        "Which line begins with {s}?",
    ),
    "line after": ("Which line comes after {s}?", "What stands below {s}?", "What comes after the line {s}?"),
    "line number": ("What is on line {s}?", "What does line {s} say?", "Read line {s}."),
    "command": ("Which command was run?", "What command was typed?", "What is the command?"),
    "later command": (),
    "error": (
        "What is the error?", "Which error is shown?", "What error do you see?", "Why did it fail?",
        "How did the build fail?",
    ),
    "said": ("What did {s} write?", "What did {s} say?", "What is the message of {s}?"),
    "sender": ("Who sent the notification?", "Who is the sender?", "Who is it from?"),
    "message": (
        "What does the message say?", "What does the dialog say?", "Read the message.", "What does it say?",
    ),
    "colour": (
        "What colour is the {s}?", "Which colour is the {s}?", "The {s} is which colour?",
        "What color is the {s}?",
    ),
    "price": (
        "What is the price of {s}?", "How much is {s}?", "How much does {s} cost?", "What does {s} cost?",
    ),
    "stock": ("What is the stock of {s}?", "How many {s} are in stock?"),
    "status": ("What is the status of {s}?", "Which status has {s}?"),
    "owner": ("Who is the owner of {s}?", "Who owns {s}?"),
    "date": ("What is the date of {s}?", "Which date has {s}?"),
    "code": ("What is the code of {s}?", "Which code has {s}?"),
    "time": ("What is the time of {s}?", "At what time is {s}?"),
    "address": ("What is the address?", "Which page is open?", "Read the address bar."),
    "heading": ("What is the heading?", "Read the heading.", "What does the heading say?"),
    "amount": ("What is the value of {s}?", "How much is the bar of {s}?", "Which value has {s}?"),
}  # fmt: skip

THEN: dict[str, tuple[str, ...]] = {
    "title": (
        "What was the title of the {a} window?",
        "What was open in {a}?",
        "Which title did the {a} window have?",
    ),
    "value": ("What was the {s} in {t}?", "Which {s} did {t} show?", "What {s} did you see in {t}?"),
    "first line": ("What was the first line in {t}?", "What did the first line of {t} say?"),
    "last line": ("What was the last line in {t}?", "What did the last line of {t} say?"),
    "line starting": ("What did the line starting with {s} in {t} say?", "Which line in {t} began with {s}?"),
    "line after": ("Which line came after {s} in {t}?",),
    "line number": ("What was on line {s} in {t}?", "What did line {s} of {t} say?"),
    "command": ("Which command was run in {t}?", "What command was typed in {t}?"),
    "error": ("What was the error in {t}?", "Which error did {t} show?", "Why did it fail in {t}?"),
    "said": ("What did {s} write in {t}?", "What did {s} say in {t}?"),
    "sender": ("Who sent the notification in {t}?", "Who was the sender in {t}?"),
    "message": ("What did the message in {t} say?", "What did {t} say?"),
    "colour": ("What colour was the {s} in {t}?", "Which colour was the {s} in {t}?"),
    "price": (
        "What was the price of {s} in {t}?",
        "How much was {s} in {t}?",
        "How much did {s} cost in {t}?",
    ),
    "stock": ("What was the stock of {s} in {t}?",),
    "status": ("What was the status of {s} in {t}?",),
    "owner": ("Who was the owner of {s} in {t}?", "Who owned {s} in {t}?"),
    "date": ("What was the date of {s} in {t}?",),
    "code": ("What was the code of {s} in {t}?",),
    "time": ("What was the time of {s} in {t}?",),
    "address": ("What was the address in {t}?", "Which page was open in {t}?"),
    "heading": ("What was the heading in {t}?", "What did the heading of {t} say?"),
    "amount": ("What was the value of {s} in {t}?", "Which value had {s} in {t}?"),
}
ALONE: dict[str, tuple[str, ...]] = {  # where the subject names but one fact of the whole stream
    "value": (
        "What was the {s}?",
        "Which {s} did you see?",
        "What {s} was shown?",
        "Do you remember the {s}?",
    ),
    "price": ("What was the price of {s}?", "How much was {s}?", "How much did {s} cost?"),
    "said": ("What did {s} write?", "What did {s} say?"),
    "status": ("What was the status of {s}?",),
    "owner": ("Who owned {s}?", "Who was the owner of {s}?"),
    "date": ("What was the date of {s}?",),
    "code": ("What was the code of {s}?",),
    "stock": ("What was the stock of {s}?",),
    "time": ("What was the time of {s}?",),
}
LATEST = (
    "What is the latest {s}?",
    "What is the newest {s}?",
    "What was the last {s} you saw?",
    "What is the {s} now?",
)
WHEN = ("When did you see {t}?", "When was {t} shown?", "At what time did I see {t}?", "When was {t} open?")
NOW_TIME = ("What time is it?", "When is this?", "What time does the clock say now?")
AT_TIME = ("What did you see at {c}?", "What was shown at {c}?", "Which window was open at {c}?")
WHERE = ("In which application was {t}?", "Where did you see {t}?", "Which application showed {t}?")
ORDER = ("Which came first, {x} or {y}?", "What did I see first, {x} or {y}?", "Which was earlier, {x} or {y}?")
READ_ALL = ("Read everything.", "What does the screen say?", "Read all the text.", "Transcribe the window.")
READ_FIRST = ("Read the first {n} lines.", "What do the first {n} lines say?", "Transcribe the first {n} lines.")
RECALL_ALL = ("What did {t} show?", "What stood in {t}?", "Read {t} again.", "What was on the screen in {t}?")
RECALL_FIRST = ("What were the first {n} lines in {t}?", "Read the first {n} lines of {t} again.")
KINDS = (*NOW, "when", "where", "order", "latest", "not seen", "transcript", "at time")
KIND_INDEX = {kind: index for index, kind in enumerate(KINDS)}


def ask_now(rng: Random, fact: Fact) -> str | None:
    """A question about what is on the screen; None for a fact that is not asked."""
    wordings = NOW[fact.kind]
    return rng.choice(wordings).format(s=fact.subject) if wordings else None


def ask_then(rng: Random, fact: Fact, title: str, application: str, alone: bool) -> str | None:
    """A question about an earlier screen; ``alone``: the fact's subject occurs once in the stream."""
    wordings = THEN.get(fact.kind, ())
    if alone and fact.kind in ALONE and rng.random() < 0.6:
        wordings = ALONE[fact.kind]
    return rng.choice(wordings).format(s=fact.subject, t=title, a=application) if wordings else None
