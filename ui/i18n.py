"""The language of the windows: which one, Qt's translators for it, and what the engine says put into it.

Every text of a window goes through ``tr`` or ``QCoreApplication.translate``. The engine knows no language: its
sentences come in English with their values filled in, and are looked up here by what stands between the values.
The translations lie in resources/translations; ``python3 dev.py translate`` keeps them in step with the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from ui.engine_texts import TEXTS

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}  # code -> its name in itself
SYSTEM: Final = "system"
PLACEHOLDER: Final = re.compile(r"\{(\d)\}")
SENTENCE_END: Final = re.compile(r"[.?] ")
LONGEST: Final = 2_000  # characters; the engine says nothing longer


def speak(application: QCoreApplication, language: str = SYSTEM) -> str:
    """Lets windows that are made from now on speak ``language``: a code of LANGUAGES, or the system's.

    Returns the code. Dates and numbers are the system's where it speaks that language too; else they follow it.
    """
    code = language if language in LANGUAGES else of_system(QLocale.system().uiLanguages())
    for old in application.findChildren(QTranslator):
        application.removeTranslator(old)
        old.deleteLater()
    for folder, name in ((QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath), "qtbase"), _own()):
        translator = QTranslator(application)
        if translator.load(f"{name}_{code}", folder):
            application.installTranslator(translator)
    QLocale.setDefault(_locale(code))
    engine_says.cache_clear()
    return code


def of_system(languages: Iterable[str]) -> str:
    """The first of the user's ``languages`` ("de-AT", best first) that there is; English where none is."""
    codes = (re.split("[-_]", language)[0].lower() for language in languages)
    return next((code for code in codes if code in LANGUAGES), "en")


@lru_cache(maxsize=1024)
def engine_says(words: str) -> str:
    """A sentence of the engine's, or several, in the language of the windows; as it is where it is not known."""
    if not words or len(words) > LONGEST:
        return words
    whole = _put(words)
    if whole is not None:
        return whole
    for end in (found.end() for found in SENTENCE_END.finditer(words)):
        first = _put(words[:end].rstrip())
        if first is not None:
            return f"{first} {engine_says(words[end:])}"
    return _put(words, across=True) or words


def _put(words: str, *, across: bool = False) -> str | None:
    """What was made from one text, put into the language; None where there is no such text.

    ``across``: a value may hold whole sentences, as a trouble does that another sentence goes on from.
    """
    for source in _longest_first():
        values = _values(source, words)
        if values is not None and (across or not any(map(SENTENCE_END.search, values))):
            return _filled(QCoreApplication.translate("Engine", source), values)
    return None


def _filled(words: str, values: list[str]) -> str:
    return PLACEHOLDER.sub(lambda place: _value(values[int(place[1])]), words)


def _value(words: str) -> str:
    """A value: what the engine says itself (a reason, a rule's kind) is translated, names are not."""
    says = words.endswith(".") or (words[:1].islower() and " " in words)
    return engine_says(words) if says else words


def _values(source: str, words: str) -> list[str] | None:
    """What stands in ``words`` at the placeholders of ``source``; None where the rest is not the same."""
    parts = re.split(r"\{\d\}", source)
    if len(parts) == 1:
        return [] if words == source else None
    if not words.startswith(parts[0]) or not words.endswith(parts[-1]):
        return None
    place, last, values = len(parts[0]), len(words) - len(parts[-1]), []
    for part in parts[1:-1]:
        found = words.find(part, place, last)
        if found < 0:
            return None
        values.append(words[place:found])
        place = found + len(part)
    return None if place > last else [*values, words[place:last]]


@lru_cache(maxsize=1)
def _longest_first() -> tuple[str, ...]:
    """The texts with the most fixed words first: a sentence belongs to the text that says most of it."""
    return tuple(sorted(map(str, TEXTS), key=lambda source: -len(PLACEHOLDER.sub("", source))))


def _locale(code: str) -> QLocale:
    system = QLocale.system()
    language = QLocale(code).language()
    if code == "en" and system.language() is QLocale.Language.C:  # a system without a language: times as "14:05"
        system.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)  # else 1163419 and not 1,163,419
        return system
    return system if system.language() == language else QLocale(language, system.territory())


def _own() -> tuple[str, str]:
    return str(Path(str(resources.files("resources"))) / "translations"), "afterimage"
