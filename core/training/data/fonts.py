"""The fonts that screens are drawn with: found in folders, loaded once per size, with the width of each character.

A folder may hold ``.ttf``, ``.otf`` and bitmap ``.pcf`` files. With none at all, Pillow's own font serves. Half of
the fonts drawn join letters as programs do (fi, fl, ...), where the typeface has a sign for that. A share of them can
be kerned by HarfBuzz, as desktops do, where Pillow was built with it; of the monospaced ones a share can be drawn
without grey edges, as a terminal's bitmap fonts are.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont, features

from core.errors import InputError

VECTOR = (".ttf", ".otf")
SUFFIXES = (*VECTOR, ".pcf")
MONOSPACED = ("mono", "cousine", "code", "x1", "hack", "consola", "agave", "fixed", "6x", "7x", "8x", "9x")
JOINED = {"ffi": "\ufb03", "ffl": "\ufb04", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}  # longest first
JOINING = 0.5  # share of the fonts drawn, monospaced ones apart
LETTERS = {glyph: letters for letters, glyph in JOINED.items()}
ABSENT = "\uffff"  # no typeface has it
ALIKE = ("il", "Il", "1l", "O0", "ce", ".,", ":;", "8B", "5S")
SMALLEST_CRISP, LARGEST_CRISP = 10, 16  # pixels of a font drawn without anti-aliasing
SMALLEST, LARGEST = 9, 28  # pixels: a bitmap font outside of this is left out


class Font:
    """One typeface at one size. ``size``: pixels of the em; ``height``: of a line, ascent and descent.

    ``joins``: letters that have a sign together are drawn with it. ``kerned``: pairs of letters stand as close as the
    typeface says; the face then lays out by HarfBuzz. ``crisp``: drawn without anti-aliasing. ``mode`` and
    ``features``: what is to be handed on to whoever draws.
    """

    def __init__(
        self,
        face: ImageFont.FreeTypeFont,
        size: int,
        name: str,
        joins: bool = False,
        kerned: bool = False,
        crisp: bool = False,
    ) -> None:
        self.face = face
        self.size = size
        self.name = name
        ascent, descent = face.getmetrics()
        self.height = ascent + descent
        self.kerned = kerned
        self.mode = "1" if crisp else "L"  # Pillow's ``fontmode``
        # joining is decided here, letter by letter, so that each character's place stays known
        self.features = ["-liga", "-clig", "-dlig"] if kerned else None
        self._advance: dict[str, float] = {}
        self._pairs: dict[str, float] = {}
        self._joined = {letters: glyph for letters, glyph in JOINED.items() if joins and self._has(glyph)}

    def advance(self, character: str) -> float:
        """Pixels from this character's start to the next one's."""
        known = self._advance.get(character)
        if known is None:
            known = self._advance[character] = float(
                self.face.getlength(character, self.mode, features=self.features)
            )
        return known

    def kerning(self, pair: str) -> float:
        """Pixels that the second of two signs is moved by: negative where they stand closer."""
        if not self.kerned:
            return 0.0
        known = self._pairs.get(pair)
        if known is None:
            together = float(self.face.getlength(pair, features=self.features))
            known = self._pairs[pair] = together - self.advance(pair[0]) - self.advance(pair[1])
        return known

    def shaped(self, text: str) -> str:
        """The signs that are drawn for ``text``."""
        for letters, glyph in self._joined.items():
            text = text.replace(letters, glyph)
        return text

    def advances(self, text: str) -> list[float]:
        """For each character of ``text``, its part of the line in pixels; joined letters share their sign's."""
        shares: list[float] = []
        shaped = self.shaped(text)
        for glyph, following in itertools.zip_longest(shaped, shaped[1:]):
            count = len(LETTERS.get(glyph, glyph))
            width = self.advance(glyph) + (self.kerning(glyph + following) if following else 0.0)
            shares += [width / count] * count
        return shares

    def width(self, text: str) -> float:
        return sum(self.advances(text))

    def _has(self, glyph: str) -> bool:
        return self._drawn(glyph) != self._drawn(ABSENT)

    def _drawn(self, glyph: str) -> bytes:
        image = Image.new("L", (2 * self.size + 4, 2 * self.size + 4))
        draw = ImageDraw.Draw(image)
        draw.fontmode = self.mode
        draw.text((2, 2), glyph, font=self.face, fill=255)
        return image.tobytes()

    def tells_letters_apart(self) -> bool:
        """Whether letters that are nearly alike differ, and an i has its dot: at few pixels some faces lose it."""
        width, drawn = 2 * self.size + 4, self._drawn("i")
        inked = bytes(any(drawn[start : start + width]) for start in range(0, len(drawn), width))
        return 0 in inked.strip(b"\0") and all(self._drawn(pair[0]) != self._drawn(pair[1]) for pair in ALIKE)


@functools.cache
def _load(path: str | None, size: int, joins: bool = False, kerned: bool = False, crisp: bool = False) -> Font | None:
    """None where a bitmap font has no such size."""
    if path is None:
        built_in = ImageFont.load_default(size)
        if not isinstance(built_in, ImageFont.FreeTypeFont):
            raise RuntimeError("Pillow was built without FreeType")
        return Font(built_in, size, "built-in", joins, crisp=crisp)
    try:
        layout = ImageFont.Layout.RAQM if kerned else ImageFont.Layout.BASIC
        face = ImageFont.truetype(path, size, layout_engine=layout)
    except OSError:
        return None
    return Font(face, size, Path(path).stem, joins, kerned, crisp)


@functools.cache
def _crisp(path: str | None, size: int) -> Font | None:
    """The font without anti-aliasing; None where that leaves letters that cannot be told apart."""
    font = _load(path, size, crisp=True)
    return font if font is not None and font.tells_letters_apart() else None


@functools.cache
def _sizes_of_bitmap(path: str) -> tuple[int, ...]:
    return tuple(size for size in range(SMALLEST, LARGEST) if _load(path, size) is not None)


class FontBook:
    """Draws fonts at random from ``folders``; the order of files does not depend on the file system.

    ``kerned``: share of the fonts that HarfBuzz lays out. Raises InputError where Pillow was built without it.
    ``bitmap``: share of the monospaced fonts that are small and drawn without anti-aliasing.
    """

    def __init__(self, folders: Sequence[Path] = (), kerned: float = 0.0, bitmap: float = 0.0) -> None:
        if kerned and not features.check("raqm"):
            raise InputError(
                "Pillow has no HarfBuzz here, so no font can be kerned.",
                "Install libfribidi0, or leave --kerned out.",
            )
        self._kerned = kerned
        self._bitmap = bitmap
        files = sorted(
            (path for folder in folders for path in folder.rglob("*") if path.suffix in SUFFIXES),
            key=lambda path: path.name,
        )
        self._files: list[str | None] = [str(path) for path in files] or [None]
        self._mono: list[str | None] = [
            path for path in self._files if path and any(part in Path(path).name.lower() for part in MONOSPACED)
        ] or self._files

    def draw(self, rng: Random, size: int, mono: bool = False) -> Font:
        """A font of about ``size`` pixels: exactly that, but for bitmap fonts, which have their own, and fonts drawn
        like such, which are small."""
        path = rng.choice(self._mono if mono else self._files)
        if path is not None and path.endswith(".pcf"):
            sizes = _sizes_of_bitmap(path)
            size = sizes[0] if sizes else size
        if mono and self._bitmap and rng.random() < self._bitmap:
            small = max(SMALLEST_CRISP, size if size <= LARGEST_CRISP else rng.randint(SMALLEST_CRISP, LARGEST_CRISP))
            crisp = _crisp(path, size if path is not None and path.endswith(".pcf") else small)
            if crisp is not None:
                return crisp
        joins = not mono and rng.random() < JOINING
        kerned = bool(self._kerned) and path is not None and path.endswith(VECTOR) and rng.random() < self._kerned
        font = _load(path, size, joins, kerned)
        if font is None:
            font = _load(None, size, joins)
        if font is None:
            raise RuntimeError("no font could be loaded")
        return font
