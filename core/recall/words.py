"""Words in questions and on screens: which carry meaning, which mean the same, which look the same."""

from __future__ import annotations

from functools import lru_cache

from core.timeline.schema import confused
from core.timeline.search import likeness
from core.timeline.vocabulary import stem

# Words that say nothing of what was on screen.
STOP = frozenset(
    """a about again all also am an and any anything are as at be been being but by can could did do does doing
    done for from had has have he her here him his how i if in into is it its just me mine more most my no
    not of on once only or other our over please remember she should since so some something still such than
    that the their them then there these they thing things this those through to too under until upon us
    very was we were what whats when where which while who whom whose why will with would you your screen
    seen see saw look looked looking shown show showed showing display displayed appear appeared appears
    earlier ago recently exactly tell said say says one someone want wanted need needed anybody anyone
    everything must may according mention mentioned mentions written read currently currently's there's i'd
    i'm ever der die das ein eine einen einem einer und ist war sind waren im in den dem des von zu mit auf
    was wann wo wer wie welche welcher welches welchem ich du er sie es habe hat hatte gesehen gezeigt stand
    bildschirm für bei an am um viel viele""".split()
)

# Verbs and nouns that questions are made with; the screen need not hold them.
WEAK = frozenset(
    """add arrive ask begin belong bring build buy call cause change check close come contain cost create cover
    deal depart describe does due end expect fail find finish get give go happen have hold keep kind last
    leave list live located long lose make many mean meet move much name named need number occur offer open
    order pay place plan put reach receive reply report result return run send set ship sort start stay stop
    suggest take talk time told total try turn type use value want way win word work write wrote went left
    made goes gone held kept met paid bought began ended ran set sent got gave took came told value first
    second newest latest new old big large small high low page window application app program website site
    tab file line text message picture field row column entry item list document note notes table dialog
    popup user person people date day hour minute amount quantity kosten kostet heißt heisst nummer zahl
    preis recipe article letter memo post story log output calendar schedule agenda shop store conversation
    thread appointment event most least highest lowest largest smallest biggest longest shortest cheapest
    expensive greatest latest earliest fastest slowest oldest heaviest lightest out off up down lost query
    warn warned inform informed""".split()
)

_GROUPS = (
    "price cost costs fee fare amount total charge preis kosten pay paid",
    "error errors fail failed failure failing fails fatal exception crash crashed fault broke broken stopped",
    "mail e-mail email mails message messages inbox",
    "phone telephone tel call mobile",
    "person name who contact",
    "departure depart departs departing leave leaves leaving off",
    "arrival arrive arrives arriving land lands",
    "meeting appointment",
    "buy purchase order bought ordered",
    "begin begins start starts started starting",
    "end ends finish finishes finished until",
    "big large size",
    "temperature degrees temp",
    "deadline due by",
    "delete remove removed deleted",
    "picture image photo",
    "quantity stock available number count",
    "weight weighs heavy",
    "duration long takes minutes hours length",
    "boss manager chief head lead",
    "salary pay wage",
    "folder directory path",
    "author by wrote writer committed commit committer",
    "sender from wrote sent",
    "recipient to",
    "reference ref",
    "identifier id number no nr",
    "version release",
    "password passphrase pin",
    "address street",
    "postponed moved rescheduled shifted delayed",
    "cancelled canceled",
    "speed fast rate",
    "rating stars score",
    "backup backed",
    "latency ping time ms",
    "memory mem ram",
    "processor cpu",
    "seat seats",
    "room rooms",
    "test tests",
    "passed pass ok succeeded",
    "discount off sale reduced",
    "rank place position",
    "link linker linking linked ld",
    "compile compiler compiled compiling compilation cc gcc build building",
    "complain complained complaint error warning",
    "percent % percentage",
    "maximum max most limit up",
    "minimum min least",
    "first 1 1st one",
    "second 2 2nd two",
    "third 3 3rd three",
    "fourth 4 4th four",
    "fifth 5 5th five",
    "sixth 6 6th six",
    "seventh 7 7th seven",
    "eighth 8 8th eight",
    "ninth 9 9th nine",
    "tenth 10 10th ten",
    "free available avail unused left remaining",
    "used usage use",
)  # fmt: skip

_ALIKE = 0.8  # likeness from which a longer word counts as the same, misread


def _roots() -> dict[str, set[str]]:
    table = dict[str, set[str]]()
    for group in _GROUPS:
        roots = {root(word) for word in group.split()}
        for one in roots:
            table.setdefault(one, set()).update(roots - {one})
    return table


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """What the forms of a word have in common, roughly: endings and a final e or doubled letter taken off."""
    short = stem(word)
    if short.endswith("i") and len(short) > 3:
        short = short[:-1] + "y"
    if len(short) > 3 and short[-1] == "e":
        short = short[:-1]
    if len(short) > 3 and short[-1] == short[-2] and short[-1] not in "ls":
        short = short[:-1]
    return short


_SYNONYMS = _roots()


def synonyms(word: str) -> list[str]:
    """Words that mean about the same as a folded word, as they are written in the groups above."""
    wanted = root(word)
    return [
        other
        for group in _GROUPS
        if wanted in _group_roots(group)
        for other in group.split()
        if root(other) != wanted
    ]


@lru_cache(maxsize=1_000)
def _group_roots(group: str) -> frozenset[str]:
    return frozenset(root(word) for word in group.split())


@lru_cache(maxsize=50_000)
def matching(wanted: str, found: str) -> float:
    """How well a word on the screen stands for a word of the question (both folded), 0 to 1."""
    if wanted == found:
        return 1.0
    if len(found) == 1 and found.isalpha():
        return 0.0
    one, other = root(wanted), root(found)
    if one == other:
        return 0.95
    if confused(wanted) == confused(found) and len(wanted) > 1:
        return 0.9
    if other in _SYNONYMS.get(one, ()):
        return 0.6
    if min(len(one), len(other)) >= 4 and (other.startswith(one) or one.startswith(other)):
        return 0.75
    if len(wanted) >= 4 and wanted in found:
        return 0.7  # a lost space
    if min(len(wanted), len(found)) >= 5 and abs(len(wanted) - len(found)) <= 2:
        ends = wanted[0] == found[0] or wanted[-1] == found[-1]  # comparing letter by letter is slow
        if ends and (wanted + found).isalpha() and likeness(wanted, found) >= _ALIKE:
            return 0.6
    return 0.0
