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
    "fonts-3270 fonts-adf-accanthis fonts-adf-baskervald fonts-adf-berenis fonts-adf-gillius "
    "fonts-adf-irianis fonts-adf-libris fonts-adf-romande fonts-adf-switzera fonts-adf-universalis "
    "fonts-adf-verana fonts-agave fonts-arkpandora fonts-averia-sans-gwf fonts-averia-serif-gwf fonts-b612 "
    "fonts-cabin fonts-cantarell fonts-cardo fonts-clear-sans fonts-cmu fonts-comfortaa fonts-comic-neue "
    "fonts-croscore fonts-crosextra-caladea fonts-crosextra-carlito fonts-dejavu-core fonts-dejavu-extra "
    "fonts-dosis fonts-dustin fonts-ebgaramond fonts-eurofurence fonts-fantasque-sans fonts-firacode "
    "fonts-freefont-ttf fonts-gfs-artemisia fonts-gfs-didot fonts-gfs-neohellenic fonts-go fonts-hack "
    "fonts-hermit fonts-inconsolata fonts-inter fonts-ipafont-gothic fonts-jetbrains-mono "
    "fonts-junction fonts-jura fonts-karla fonts-klaudia-berenika fonts-lato fonts-league-mono "
    "fonts-league-spartan fonts-liberation fonts-linuxlibertine fonts-lmodern fonts-manrope "
    "fonts-monofur fonts-monoid fonts-mononoki fonts-morisawa-bizud-gothic fonts-mplus fonts-nanum "
    "fonts-noto-core fonts-noto-mono fonts-okolaks fonts-oldstandard fonts-open-sans fonts-opendyslexic "
    "fonts-osifont fonts-oxygen fonts-paratype fonts-play fonts-prociono fonts-quattrocento fonts-quicksand "
    "fonts-ricty-diminished fonts-roboto-slab fonts-roboto-unhinted fonts-routed-gothic fonts-sil-andika "
    "fonts-sil-andika-compact fonts-sil-charis fonts-sil-doulos fonts-sil-gentiumplus fonts-sil-harmattan "
    "fonts-sil-padauk fonts-smc-gayathri fonts-smc-manjari fonts-sora fonts-spleen fonts-stix "
    "fonts-takao-gothic fonts-texgyre fonts-tiresias fonts-tlwg-garuda-ttf fonts-tlwg-kinnari-ttf "
    "fonts-tlwg-laksaman-ttf fonts-tlwg-loma-ttf fonts-tlwg-mono-ttf fonts-tlwg-norasi-ttf "
    "fonts-tlwg-sawasdee-ttf fonts-tlwg-typewriter-ttf fonts-tlwg-umpush-ttf fonts-tlwg-waree-ttf "
    "fonts-tuffy fonts-unfonts-core fonts-urw-base35 fonts-vlgothic fonts-vollkorn fonts-yrsa-rasa wamerican "
    "wbritish wfrench witalian wngerman wspanish"
)
TRAIN = (
    "3270-Regular AccanthisADFStd-Regular Aerial AerialBd AerialMono Andika-Regular AndikaCompact-R "
    "AveriaSansGWF-Bold AveriaSansGWF-Light AveriaSansGWF-Regular AveriaSerifGWF-Regular B612-Regular "
    "B612Mono-Regular BaskervaldADFStd Berenika BerenisADFPro-Regular BIZUDGothic-Regular BIZUDPGothic-Bold "
    "BIZUDPGothic-Regular C059-Roman Cabin-Bold Cabin-Italic Cabin-Medium Cabin-Regular Caladea-Bold "
    "Caladea-Regular Cantarell-Bold Cantarell-Light Cantarell-Regular Cardo104s CharisSIL-Regular "
    "ClearSans-Bold ClearSans-Regular cmunbx cmunrm cmunss cmunsx cmuntt Comfortaa-Regular ComicNeue-Regular "
    "Cousine-Regular DejaVuSans DejaVuSans-Bold DejaVuSans-Oblique DejaVuSansCondensed "
    "DejaVuSansCondensed-Bold DejaVuSansCondensed-Oblique DejaVuSansMono DejaVuSansMono-Bold "
    "DejaVuSansMono-Oblique DejaVuSerif DejaVuSerif-Bold Dosis-Medium Dosis-SemiBold DoulosSIL-Regular "
    "Dustismo dustismo_bold Dustismo_Roman EBGaramond12-Regular eurof55 eurof75 FantasqueSansMono-Regular "
    "FiraCode-Medium FiraCode-Regular FreeMono FreeMonoBold FreeSans FreeSansBold FreeSerif FreeSerifBold "
    "Garuda Garuda-Bold Gayathri-Regular GentiumBookPlus-Regular GentiumPlus-Regular GFSArtemisia GFSDidot "
    "GFSNeohellenic GFSNeohellenicBold GilliusADF-Bold GilliusADF-Cond GilliusADF-Regular "
    "GilliusADFNo2-Italic GilliusADFNo2-Regular Hack-Bold Hack-Regular Harmattan-Regular Hermit-light "
    "Hermit-medium Inter-Bold Inter-Medium Inter-Regular ipag ipagp IrianisADFStd-Regular "
    "Junction Jura-Medium Jura-SemiBold Karla-Bold Karla-Italic Karla-Medium Karla-Regular Kinnari Klaudia "
    "Laksaman Laksaman-Bold LeagueMono-Bold LeagueMono-Condensed LeagueMono-Light LeagueMono-NarrowRegular "
    "LeagueMono-Regular LeagueSpartan-Medium LeagueSpartan-Regular LiberationMono-Bold LiberationMono-Italic "
    "LiberationMono-Regular LiberationSans-Bold LiberationSans-Italic LiberationSans-Regular "
    "LiberationSansNarrow-Regular LiberationSerif-Bold LiberationSerif-Italic LiberationSerif-Regular "
    "LibrisADFStd-Bold LibrisADFStd-Italic LibrisADFStd-Regular lmmono10-regular lmmonolt10-bold "
    "lmroman10-regular lmsans10-bold lmsans10-regular Loma Loma-Bold Loma-Oblique Manjari-Bold "
    "Manjari-Regular Manrope-Bold Manrope-Light Manrope-Medium Manrope-Regular monof55 Monoid-Bold "
    "Monoid-Italic Monoid-Regular mononoki-Regular Mplus1-Bold Mplus1-Light Mplus1-Medium Mplus1-Regular "
    "Mplus1Code-Medium Mplus1Code-Regular Mplus2-Regular MplusCodeLatin50-Bold MplusCodeLatin60-Regular "
    "NanumBarunGothic NanumBarunGothicBold NanumGothic NanumGothicBold NanumGothicCoding "
    "NanumGothicCodingBold NanumMyeongjo NanumSquareB NanumSquareR NimbusMonoPS-Regular NimbusRoman-Regular "
    "NimbusSans-Regular Norasi NotoSans-Bold NotoSans-Italic NotoSans-Regular NotoSansMono-Bold "
    "NotoSansMono-Regular NotoSerif-Bold NotoSerif-Italic NotoSerif-Regular okolaksRegular "
    "OldStandard-Regular OpenDyslexic-Regular OpenSans-Bold OpenSans-Italic OpenSans-Regular "
    "OpenSans-Semibold osifont P052-Roman Padauk-Bold Padauk-Regular Prociono Quattrocento-Regular "
    "Quicksand-Regular Rasa-Regular RictyDiminished-Bold RictyDiminished-Regular Roboto-Bold "
    "Roboto-BoldItalic Roboto-Italic Roboto-Light Roboto-Medium Roboto-Regular RobotoCondensed-Bold "
    "RobotoCondensed-Light RobotoCondensed-Regular RobotoSlab-Regular RomandeADFStd-Regular routed-gothic "
    "routed-gothic-wide Sawasdee Sawasdee-Bold Sora-Light Sora-Regular Sora-SemiBold spleen-6x12 spleen-8x16 "
    "STIX-Regular SwitzeraADF-Bold SwitzeraADF-Cond SwitzeraADF-Italic SwitzeraADF-Light SwitzeraADF-Medium "
    "SwitzeraADF-Regular TakaoGothic TakaoPGothic texgyreadventor-bold texgyreadventor-regular "
    "texgyrebonum-regular texgyrecursor-bold texgyrecursor-regular texgyreheros-bold texgyreheros-italic "
    "texgyreheros-regular texgyreheroscn-bold texgyreheroscn-regular texgyrepagella-regular "
    "texgyreschola-regular texgyretermes-regular Tinos-Regular tiresias_infofont tiresias_pcfont "
    "tiresias_pcfont_bold tiresias_signfont TlwgMono TlwgMono-Bold TlwgTypewriter Tuffy Tuffy_Bold "
    "tuffy_bold tuffy_italic tuffy_regular Tymes Umpush Umpush-Bold UnDotum UnDotumBold UnGraphic "
    "UniversalisADFStd-Bold UniversalisADFStd-Cond UniversalisADFStd-Regular URWGothic-Book Verana-Regular "
    "VeranaSans-Bold VeranaSans-Regular VeranaSansMedium-Regular Veranda VerandaBd VerandaIt "
    "VL-Gothic-Regular VL-PGothic-Regular Waree Waree-Bold Yrsa-Regular"
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
