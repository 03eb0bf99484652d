"""The fonts that screens are drawn with: found in folders, loaded once per size, with the width of each character.

A folder may hold ``.ttf``, ``.otf`` and bitmap ``.pcf`` files. With none at all, Pillow's own font serves.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from random import Random

from PIL import ImageFont

SUFFIXES = (".ttf", ".otf", ".pcf")
MONOSPACED = ("mono", "cousine", "code", "x1", "hack", "consola", "agave", "fixed", "6x", "7x", "8x", "9x")
SMALLEST, LARGEST = 9, 28  # pixels: a bitmap font outside of this is left out


class Font:
    """One typeface at one size. ``size``: pixels of the em; ``height``: of a line, ascent and descent."""

    def __init__(self, face: ImageFont.FreeTypeFont, size: int, name: str) -> None:
        self.face = face
        self.size = size
        self.name = name
        ascent, descent = face.getmetrics()
        self.height = ascent + descent
        self._advance: dict[str, float] = {}

    def advance(self, character: str) -> float:
        """Pixels from this character's start to the next one's."""
        known = self._advance.get(character)
        if known is None:
            known = self._advance[character] = float(self.face.getlength(character))
        return known

    def width(self, text: str) -> float:
        return sum(self.advance(character) for character in text)


@functools.cache
def _load(path: str | None, size: int) -> Font | None:
    """None where a bitmap font has no such size."""
    if path is None:
        built_in = ImageFont.load_default(size)
        if not isinstance(built_in, ImageFont.FreeTypeFont):
            raise RuntimeError("Pillow was built without FreeType")
        return Font(built_in, size, "built-in")
    try:
        face = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None
    return Font(face, size, Path(path).stem)


@functools.cache
def _sizes_of_bitmap(path: str) -> tuple[int, ...]:
    return tuple(size for size in range(SMALLEST, LARGEST) if _load(path, size) is not None)


class FontBook:
    """Draws fonts at random from ``folders``; the order of files does not depend on the file system."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        files = sorted(
            (path for folder in folders for path in folder.rglob("*") if path.suffix in SUFFIXES),
            key=lambda path: path.name,
        )
        self._files: list[str | None] = [str(path) for path in files] or [None]
        self._mono: list[str | None] = [
            path for path in self._files if path and any(part in Path(path).name.lower() for part in MONOSPACED)
        ] or self._files

    def draw(self, rng: Random, size: int, mono: bool = False) -> Font:
        """A font of about ``size`` pixels: exactly that, but for bitmap fonts, which have their own."""
        path = rng.choice(self._mono if mono else self._files)
        if path is not None and path.endswith(".pcf"):
            sizes = _sizes_of_bitmap(path)
            size = sizes[0] if sizes else size
        font = _load(path, size)
        if font is None:
            font = _load(None, size)
        if font is None:
            raise RuntimeError("no font could be loaded")
        return font
