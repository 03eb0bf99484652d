"""Words, names, codes and sentences for drawn screens, all from a random generator handed in.

Real words come from the lists here, or from a list handed in; invented ones are put together from syllables. Knows
nothing of pictures. ``Vocabulary(held_out=True)`` uses words that ``held_out=False`` never does.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from random import Random

NOUNS = (
    "harbor window garden engine river market paper signal copper lantern valley bridge castle forest island "
    "mirror needle orchard pepper quarry ribbon saddle timber tunnel velvet walnut anchor basket candle "
    "desert ember falcon glacier hammer iron jacket kernel ladder magnet nectar ocean pillow quartz rocket "
    "shadow temple umbrella violin wagon yarn zebra album budget camera design energy figure ground history "
    "invoice journal kitchen library meeting network office project question report schedule ticket update "
    "version weather account backup client delivery estimate feature gallery holiday index job key letter "
    "message note order payment queue release server table user vendor worker archive battery channel device "
    "event folder group hotel input label module number option printer record sample target unit value width "
    "answer branch coffee driver export filter grant host image lesson manager notice owner parcel range "
    "season train volume wallet zone apple bread cheese dinner flight guitar house juice lemon mango onion "
    "piano rice sugar tomato water bottle carpet drawer engineer farmer gate heart insect jungle knife lamp "
    "mountain night orange pencil radio school tower uncle village winter yellow cabin doctor elephant "
    "fabric"
).split()
VERBS = (
    "build check clean close copy count create delete draw edit export fetch find fix import join lift load "
    "merge move open pack paint plan print push read remove rename reset restart review run save scan search "
    "send ship sign sort start stop store sync test trace update upload verify wait watch write call buy "
    "book cancel collect confirm deliver"
).split()
ADJECTIVES = (
    "old new quick quiet bright dark cold warm early late small large red green blue open closed local "
    "remote final first second daily weekly monthly urgent ready broken empty full hidden public private "
    "simple strong weak young golden silver northern southern eastern western annual central digital modern "
    "narrow round sharp smooth steep wide"
).split()
FIRST_NAMES = (
    "Anna Ben Clara David Emma Felix Greta Hugo Ines Jonas Karin Leo Maria Nils Olga Paul Rosa Simon Tara "
    "Umar Vera Walter Xenia Yusuf Zoe Aisha Boris Chen Diego Elif Farah Goran Hana Ivan Jamal Keiko Liam "
    "Mina Noah Oscar Priya Quinn Rafael Sofia Tom Ursula Victor Wanda Yara Amir Bella Carlos Dina Erik "
    "Fatima Grace Henry Isla Jack Kate"
).split()
LAST_NAMES = (
    "Adler Baker Costa Dubois Evans Fischer Garcia Haas Ivanov Jansen Keller Lopez Moreau Novak Olsen Peters "
    "Quist Rossi Schmidt Tanaka Ulrich Vogel Weber Young Ziegler Ahmed Brandt Clark Dietrich Eriksen Ferrari "
    "Grant Huber Ito Jensen Kim Lang Meyer Nguyen Okafor Patel Reyes Sato Turner Usman Vance Wong Yilmaz "
    "Zimmer Bauer Cohen Diaz"
).split()
APPLICATIONS = (
    "xterm firefox chromium gedit mousepad thunar code kate konsole gimp evince nautilus thunderbird okular "
    "calc writer slack terminal editor files mail calendar notes browser viewer player monitor settings chat "
    "music photos maps tasks wiki ledger planner reader studio console inspector tracker desk board inbox "
    "vault shop portal"
).split()
ERRORS = (
    "undefined reference to|cannot find module|no such file:|permission denied:|unexpected token|"
    "segmentation fault in|missing separator in|unknown option|connection refused by|timeout waiting for|"
    "failed to open|invalid syntax near|out of memory in|assertion failed:|cannot resolve|duplicate symbol|"
    "undeclared identifier|broken pipe in|checksum mismatch for|expected ';' before|could not compile|"
    "linker failed for|test failed:|type mismatch in"
).split("|")
LABELS = (
    "order number|confirmation code|ticket number|invoice number|door code|PIN|tracking number|"
    "booking reference|build number|error code|room number|flight number|seat|serial number|account number|"
    "meeting ID|case number|license key|customer number|gate|access code|parcel number|phone number|"
    "post code|version|port|table number|reference|voucher code|locker number|batch number|transaction ID|"
    "policy number|member number|membership ID|session ID|job ID|contract number|receipt number|"
    "appointment number|passcode|coupon|project code|asset tag|delivery code|bus line|platform|extension|"
    "part number|model number|file number|ward|route|commit|total|balance|amount due|deposit|temperature|"
    "distance|weight|score|deadline|departure|arrival|due date|start time"
).split("|")
STATUSES = (
    "open closed pending shipped delivered paid overdue active failed passed blocked done draft cancelled".split()
)
CONSONANTS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr kr pl pr sk sl st tr th sh ch".split()
VOWELS = "a e i o u ai ea io ou oa".split()
ALIKE = "iiiillllljtfrnmuvwceoagqdb"  # letters that are taken for one another on a screen, the worst ones often
CLEAR_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
HELD_OUT_SHARE = 5  # one word in so many is kept for validation


def is_held_out(word: str) -> bool:
    """Whether a word is kept away from training: decided by its letters alone, the same everywhere."""
    return zlib.crc32(word.lower().encode()) % HELD_OUT_SHARE == 0


class Vocabulary:
    """Draws strings. ``words``: a list that replaces the built-in nouns, adjectives and verbs. ``alike``: share of
    the words, otherwise drawn as ever, that are made of letters taken for one another."""

    def __init__(self, held_out: bool = False, words: Sequence[str] | None = None, alike: float = 0.0) -> None:
        def keep(listed: Sequence[str]) -> list[str]:
            return [word for word in listed if is_held_out(word) == held_out] or list(listed)

        self._held_out, self._alike = held_out, alike
        self.nouns = list(words) if words else keep(NOUNS)
        self.verbs = list(words) if words else keep(VERBS)
        self.adjectives = list(words) if words else keep(ADJECTIVES)
        self.first_names = keep(FIRST_NAMES)
        self.last_names = keep(LAST_NAMES)

    def invented(self, rng: Random) -> str:
        """A word of two or three made-up syllables."""
        while True:
            parts = [rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(rng.choice((2, 2, 3)))]
            word = "".join(parts) + (rng.choice("lmnrstk") if rng.random() < 0.5 else "")
            if is_held_out(word) == self._held_out:
                return word

    def scrambled(self, rng: Random) -> str:
        """Letters in no order at all: what no list of words can help to guess."""
        while True:
            word = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 9)))
            if is_held_out(word) == self._held_out:
                return word

    def alike(self, rng: Random) -> str:
        """A word of letters that look like one another: what no neighbour helps to tell apart."""
        while True:
            word = "".join(rng.choice(ALIKE) for _ in range(rng.randint(2, 7)))
            if is_held_out(word) == self._held_out:
                return word

    def word(self, rng: Random) -> str:
        """A listed word less than half of the time: a reader that meets few words learns to guess them."""
        if self._alike and rng.random() < self._alike:
            return self.alike(rng)
        draw = rng.random()
        if draw < 0.22:
            return rng.choice(self.nouns)
        if draw < 0.32:
            return rng.choice(self.adjectives)
        if draw < 0.42:
            return rng.choice(self.verbs)
        return self.invented(rng) if draw < 0.7 else self.scrambled(rng)

    def name(self, rng: Random) -> str:
        if self._alike and rng.random() < self._alike:
            return f"{self.alike(rng).capitalize()} {self.alike(rng).capitalize()}"
        draw = rng.random()
        if draw < 0.3:
            return f"{self.invented(rng).capitalize()} {self.invented(rng).capitalize()}"
        if draw < 0.5:
            return f"{rng.choice(self.first_names)} {rng.choice(self.nouns).capitalize()}"
        return f"{rng.choice(self.first_names)} {rng.choice(self.last_names)}"

    def number(self, rng: Random, low: int = 2, high: int = 6) -> str:
        return "".join(rng.choice("0123456789") for _ in range(rng.randint(low, high)))

    def code(self, rng: Random) -> str:
        """Digits, letters and digits, or groups of them: what dialogs call a code or a number."""
        draw = rng.random()
        if draw < 0.45:
            return rng.choice("123456789") + self.number(rng, 3, 5)
        if draw < 0.65:
            return "".join(rng.choice(CLEAR_LETTERS) for _ in range(2)) + "-" + self.number(rng, 3, 5)
        if draw < 0.8:
            return "".join(rng.choice(CLEAR_LETTERS + "0123456789") for _ in range(rng.randint(4, 8)))
        if draw < 0.9:
            return "".join(rng.choice("0123456789abcdef") for _ in range(rng.randint(6, 8)))
        return self.number(rng, 2, 3) + "-" + self.number(rng, 3, 4)

    def price(self, rng: Random) -> str:
        amount = f"{rng.randint(0, 10 ** rng.randint(1, 4))}.{rng.randint(0, 99):02d}"
        return rng.choice(("${}", "${}", "{} EUR", "€{}", "£{}", "{}")).format(amount)

    def clock(self, rng: Random) -> str:
        return f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"

    def date(self, rng: Random) -> str:
        return f"20{rng.randint(20, 29)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"

    def title(self, rng: Random) -> str:
        """What stands in a window's title bar, 4 to about 45 characters."""
        first = self.word(rng).capitalize()
        draw = rng.random()
        if draw < 0.3:
            return f"{first} {self.word(rng)}"
        if draw < 0.43:
            return f"{first} {self.word(rng).capitalize()} {self.number(rng, 1, 4)}"
        if draw < 0.55:
            return self.file(rng)
        if draw < 0.63:
            return f"{rng.choice(('', '', '*', '* '))}{self.file(rng)} - {rng.choice(APPLICATIONS).capitalize()}"
        if draw < 0.7:
            return self.place(rng)
        if draw < 0.82:
            return f"{first} {self.word(rng)} - {rng.choice(APPLICATIONS).capitalize()}"
        if draw < 0.9:
            return f"{self.name(rng)}"
        return f"{first} {self.word(rng)} {self.word(rng)}"

    def file(self, rng: Random) -> str:
        stem = rng.choice(("{}", "{}_{}", "{}-{}")).format(self.word(rng), self.word(rng))
        return stem + rng.choice(
            (".py", ".txt", ".md", ".c", ".rs", ".json", ".pdf", ".csv", ".toml", ".png", ".log")
        )

    def path(self, rng: Random) -> str:
        folders = "/".join(self.word(rng) for _ in range(rng.randint(1, 2)))
        return rng.choice(("/home/{}", "/usr/{}", "~/{}", "src/{}", "./{}")).format(folders) + "/" + self.file(rng)

    def place(self, rng: Random) -> str:
        """The title of a terminal or an editor that says where it is."""
        user = rng.choice(self.first_names).lower()
        draw = rng.random()
        if draw < 0.4:
            return f"{user}@{rng.choice(('pc', 'desk', self.word(rng)))}: ~/{self.word(rng)}"
        return self.path(rng) if draw < 0.7 else f"{self.file(rng)} (~/{self.word(rng)})"

    def document(self, rng: Random) -> str:
        """The title of an open file: words joined by signs that are easily missed, often a second ending."""
        parts = [(self.alike if rng.random() < 0.3 else self.word)(rng) for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.4:
            parts.append(self.number(rng, 1, 4))
        if rng.random() < 0.5:
            parts = [part.capitalize() for part in parts]
        stem = parts[0] + "".join(
            rng.choice(("_", "_", "_", "-", ".", " ", "_-_", " - ")) + part for part in parts[1:]
        )
        endings = rng.choice((".txt", ".py", ".md", ".log", ".pdf.txt", ".py.txt", ".tar.gz", ".csv", "", ""))
        program = f" - {rng.choice(APPLICATIONS).capitalize()}" if rng.random() < 0.6 else ""
        return rng.choice(("", "", "", "*", "* ")) + stem + endings + program

    def phrase(self, rng: Random, low: int = 2, high: int = 5) -> str:
        words = [self.word(rng) for _ in range(rng.randint(low, high))]
        if rng.random() < 0.25:
            words[rng.randrange(len(words))] = self.number(rng, 1, 5)
        return " ".join(words)

    def sentence(self, rng: Random) -> str:
        draw = rng.random()
        if draw < 0.6:
            text = self.phrase(rng).capitalize()
        elif draw < 0.75:
            text = f"{rng.choice(self.verbs).capitalize()} the {self.phrase(rng, 1, 3)}"
        elif draw < 0.9:
            text = f"{rng.choice(self.first_names)} will {rng.choice(self.verbs)} {self.phrase(rng, 1, 2)}"
        else:
            text = f"{self.phrase(rng, 1, 2).capitalize()} at {self.clock(rng)}"
        return text + rng.choice(("", "", ".", "!", "?"))

    def command(self, rng: Random) -> str:
        draw = rng.random()
        if draw < 0.4:
            return f"{rng.choice(('make', 'git', 'cargo', 'npm', 'apt', 'docker', 'pip'))} {self.phrase(rng, 1, 2)}"
        if draw < 0.7:
            return f"{rng.choice(('cat', 'vim', 'less', 'rm', 'ls', 'python3'))} {self.file(rng)}"
        return f"{rng.choice(('cd', 'find', 'du -sh', 'grep -r'))} {self.path(rng)}"

    def output(self, rng: Random) -> str:
        """A line that a program prints."""
        draw = rng.random()
        if draw < 0.3:
            return f"[{self.number(rng, 1, 2)}%] {rng.choice(('Building', 'Linking', 'Testing'))} {self.file(rng)}"
        if draw < 0.5:
            return f"{self.clock(rng)}:{rng.randint(0, 59):02d} INFO {self.phrase(rng, 1, 3)}"
        if draw < 0.65:
            return f"warning: {self.phrase(rng, 2, 3)}"
        if draw < 0.8:
            return f"{self.path(rng)}"
        return self.phrase(rng, 2, 4)

    def error(self, rng: Random) -> str:
        what = f"{rng.choice(ERRORS)} {rng.choice((self.word, self.file))(rng)}"
        return rng.choice(("error: {}", "Error: {}", "fatal: {}", "ERROR {}", "make: *** {}")).format(what)

    def code_line(self, rng: Random) -> str:
        a, b = self.word(rng), self.word(rng)
        return rng.choice(
            (
                f"{a} = {self.number(rng, 1, 4)}", f"def {a}({b}):", f"return {a}_{b}", f"import {a}",
                f"if {a} > {self.number(rng, 1, 3)}:", f"{a}.{b}()", f'{a} = "{b}"', f"# {self.phrase(rng, 2, 4)}",
                f"let {a} = {b}({self.number(rng, 1, 2)});", f"for {a[0]} in {b}:",
                f"{a}[{self.number(rng, 1, 2)}] += {b}",
                f"assert {a} == {b}", f"class {a.capitalize()}:", f'print("{self.phrase(rng, 1, 2)}")',
            )
        )  # fmt: skip

    def value(self, rng: Random, label: str) -> str:
        """A value that fits a label: a code, an amount, a date or a time."""
        if label in ("total", "balance", "amount due", "deposit"):
            return self.price(rng)
        if label in ("deadline", "due date"):
            return self.date(rng)
        if label in ("departure", "arrival", "start time"):
            return self.clock(rng)
        if label in ("temperature", "distance", "weight", "score"):
            unit = {"temperature": " C", "distance": " km", "weight": " kg", "score": ""}[label]
            return f"{rng.randint(1, 999)}{unit}"
        return self.code(rng)
