"""Gathers what a training run draws with: ``python -m core.training.data.gather --out DIR``.

``DIR/fonts/train`` and ``DIR/fonts/held`` get typefaces of this machine, cut down to the letters that are drawn (the
held ones are for validation only); ``DIR/words.txt`` gets words of its dictionaries. Small enough to send to the
machine that trains. Windows are captured apart, by ``core.training.data.real_windows``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import InputError
from core.training.data.fonts import JOINED

PACKAGES = (  # Debian's, whose files these are
    "fonts-agave fonts-b612 fonts-clear-sans fonts-comfortaa fonts-comic-neue fonts-croscore "
    "fonts-crosextra-carlito fonts-dejavu-core fonts-dejavu-extra fonts-ebgaramond fonts-fantasque-sans "
    "fonts-firacode fonts-freefont-ttf fonts-go fonts-hack fonts-inconsolata fonts-inter fonts-jetbrains-mono "
    "fonts-lato fonts-liberation fonts-linuxlibertine fonts-mononoki fonts-noto-core fonts-noto-mono "
    "fonts-open-sans fonts-oxygen fonts-paratype fonts-play fonts-quicksand fonts-sil-andika fonts-sil-charis "
    "fonts-urw-base35 fonts-vollkorn wamerican wbritish wfrench witalian wngerman wspanish"
)
TRAIN = (
    "Andika-Regular B612-Regular B612Mono-Regular C059-Roman CharisSIL-Regular ClearSans-Bold ClearSans-Regular "
    "Comfortaa-Regular ComicNeue-Regular Cousine-Regular DejaVuSans-Bold DejaVuSans-Oblique DejaVuSans "
    "DejaVuSansCondensed-Bold DejaVuSansCondensed-Oblique DejaVuSansCondensed DejaVuSansMono-Bold "
    "DejaVuSansMono-Oblique DejaVuSansMono DejaVuSerif-Bold DejaVuSerif EBGaramond12-Regular "
    "FantasqueSansMono-Regular FiraCode-Medium FiraCode-Regular FreeMono FreeMonoBold FreeSans FreeSansBold "
    "FreeSerif FreeSerifBold Hack-Bold Hack-Regular Inter-Bold Inter-Medium Inter-Regular LiberationMono-Bold "
    "LiberationMono-Italic LiberationMono-Regular LiberationSans-Bold LiberationSans-Italic "
    "LiberationSans-Regular LiberationSansNarrow-Regular LiberationSerif-Bold LiberationSerif-Italic "
    "LiberationSerif-Regular NimbusMonoPS-Regular NimbusRoman-Regular NimbusSans-Regular NotoSans-Bold "
    "NotoSans-Italic NotoSans-Regular NotoSansMono-Bold NotoSansMono-Regular NotoSerif-Bold NotoSerif-Italic "
    "NotoSerif-Regular OpenSans-Bold OpenSans-Italic OpenSans-Regular OpenSans-Semibold P052-Roman "
    "Quicksand-Regular Tinos-Regular URWGothic-Book mononoki-Regular"
).split()
HELD = (
    "Carlito-Bold Carlito-Regular Go-Bold Go-Mono Go-Regular Inconsolata JetBrainsMono-Bold JetBrainsMono-Regular "
    "Lato-Bold Lato-Regular LinLibertine_R Oxygen-Sans-Bold Oxygen-Sans OxygenMono-Regular PTC55F PTC75F PTF55F "
    "PTF56F PTF75F PTF76F PTM55F PTM75F PTN57F PTN77F PTS55F PTS56F PTS75F PTS76F PTZ55F PTZ56F Play-Regular "
    "Vollkorn-Regular agave-b-autohinted agave-r-autohinted"
).split()
WHOLE_LISTS = ("american-english", "british-english")
SAMPLED_LISTS = {"french": 16, "italian": 7, "ngerman": 20, "spanish": 5}  # every so-manieth word
LENGTHS = range(2, 13)  # letters
LATIN, SIGNS = (*range(0x20, 0x7F), *range(0xA0, 0x180)), (*range(0x2010, 0x2040), 0x20AC, 0x2022)
DRAWN = "".join(map(chr, (*LATIN, *SIGNS))) + "".join(JOINED.values())


def find_fonts(names: Sequence[str], roots: Iterable[Path]) -> list[Path]:
    """The files of these typefaces below ``roots``. Raises InputError, naming what is not there."""
    files = sorted(file for root in roots for ending in ("ttf", "otf") for file in root.rglob(f"*.{ending}"))
    found: dict[str, Path] = {}
    for file in files:
        found.setdefault(file.stem, file)
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(f"No {', '.join(missing)} among the fonts.", f"On Debian: apt-get install {PACKAGES}")
    return [found[name] for name in names]


def cut_down(font: Path, to: Path) -> None:
    """A typeface with the letters of DRAWN alone; those that have none of them joined keep what they have."""
    from fontTools import subset

    options = subset.Options()
    options.layout_features = ["kern"]
    options.hinting = True  # small letters look as they do on a screen
    with subset.load_font(str(font), options) as opened:
        cutter = subset.Subsetter(options)
        cutter.populate(text=DRAWN)
        cutter.subset(opened)
        subset.save_font(opened, str(to), options)


def words_of(folder: Path) -> list[str]:
    """Words of plain letters from the dictionaries of a folder, each once, sorted.

    Raises InputError where one is missing.
    """
    chosen: set[str] = set()
    for name, step in {**dict.fromkeys(WHOLE_LISTS, 1), **SAMPLED_LISTS}.items():
        file = folder / name
        if not file.is_file():
            raise InputError(f"There is no dictionary {file}.", f"On Debian: apt-get install {PACKAGES}")
        fit = [
            w for w in file.read_text(encoding="utf-8").split() if w.isascii() and w.isalpha() and len(w) in LENGTHS
        ]
        chosen.update(fit[::step])
    return sorted(chosen)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.training.data.gather", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, action="append", help="where to look; /usr/share/fonts by default")
    parser.add_argument("--dictionaries", type=Path, default=Path("/usr/share/dict"))
    options = parser.parse_args(arguments)
    words = words_of(options.dictionaries)
    for part, names in (("train", TRAIN), ("held", HELD)):
        folder = options.out / "fonts" / part
        folder.mkdir(parents=True, exist_ok=True)
        for font in find_fonts(names, options.fonts or [Path("/usr/share/fonts")]):
            cut_down(font, folder / font.name)
    (options.out / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(TRAIN)} and {len(HELD)} typefaces, {len(words)} words in {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
