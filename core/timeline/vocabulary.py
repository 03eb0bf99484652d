"""Words and their forms, as searching takes them: which say nothing, and what the forms of one have in common."""

from __future__ import annotations

from typing import Final

_ENDINGS = ("ings", "ing", "ers", "ed", "es", "er", "ies", "s", "n", "en")
STOP: Final = frozenset(
    """a an and are as at be been but by can could did do does for from had has have he her him his how i if in
    into is it its just me my no not of on or our she so some than that the their them then there these they
    this those to up us was we were what when where which who whom whose why will with would you your about
    again any ever seen saw see show showed shown tell said say der die das ein eine und ist war im in den
    dem des von zu mit auf was wann wo wer wie welche welcher welches ich du er sie es habe hat""".split()
)
# Nearest in meaning to one of these is another of its kind, which says something else.
CLOSED_CLASSES: Final = frozenset(
    """red blue green yellow orange purple violet pink brown black white grey gray monday tuesday wednesday thursday
    friday saturday sunday january february march april may june july august september october november december
    one two three four five six seven eight nine ten eleven twelve first second third fourth fifth sixth seventh
    eighth ninth tenth hundred thousand million left right north south east west spring summer autumn
    winter""".split()
)


def stem(word: str) -> str:
    """A folded word without a common ending; never shorter than three letters."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
