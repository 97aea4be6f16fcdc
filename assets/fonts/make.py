#!/usr/bin/env python3
"""Makes the lab's fonts from the originals; README.md beside this file says why.

usage: make.py FONTS_ROOT    (a folder that holds the originals, e.g. /usr/share/fonts)
needs: pip install fonttools
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent

# Super- and subscripts. JetBrains Mono has only some of them, so in a table "10⁻³⁰⁸" would mix
# two designs: the monospace family takes all of them from DejaVu Sans Mono instead.
SCRIPTS = {0xB2, 0xB3, 0xB9, 0x2E1, *range(0x2070, 0x209D), 0x1D40, 0x2C7C}

# Inter's double bar touches the letters that it encloses in ‖δ‖; DejaVu's leaves them air.
DOUBLE_BAR = {0x2016}

LETTERS = {*range(0x20, 0x7F), *range(0xA0, 0x530)}
SYMBOLS = {
    *range(0x2B0, 0x300),  # modifier letters
    *range(0x370, 0x400),  # Greek
    *range(0x1D2C, 0x1DC0),  # superscript letters
    *range(0x2000, 0x2C00),  # punctuation, scripts, arrows, mathematics, shapes, dingbats
    0x2C7C,  # subscript j
}
# Fullwidth media signs that DejaVu lacks: next, previous, play or pause, pause, stop, record.
MEDIA = {0x23E9, 0x23EA, 0x23ED, 0x23EE, 0x23EF, *range(0x23F4, 0x23FB)}

# (original, result, characters kept, figures to be made tabular)
FONTS = [
    ("Inter-Regular.otf", "Inter-Regular.otf", (LETTERS | SYMBOLS) - DOUBLE_BAR, True),
    ("Inter-SemiBold.otf", "Inter-SemiBold.otf", LETTERS | SYMBOLS, True),
    ("JetBrainsMono-Regular.ttf", "JetBrainsMono-Regular.ttf", (LETTERS | SYMBOLS) - SCRIPTS, False),
    ("DejaVuSans.ttf", "DejaVuSans-Symbols.ttf", LETTERS | SYMBOLS, False),
    ("DejaVuSansMono.ttf", "DejaVuSansMono-Symbols.ttf", SYMBOLS | SCRIPTS, False),
    ("NotoSansSymbols2-Regular.ttf", "NotoSansSymbols2-Media.ttf", MEDIA, False),
]


def tabular(font):
    """Makes the tabular figures the default ones: egui cannot ask a font for a feature."""
    swaps = {}
    gsub = font["GSUB"].table
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag != "tnum":
            continue
        for index in record.Feature.LookupListIndex:
            for table in gsub.LookupList.Lookup[index].SubTable:
                table = getattr(table, "ExtSubTable", table)
                swaps.update(table.mapping)
    for table in font["cmap"].tables:
        for code, glyph in table.cmap.items():
            table.cmap[code] = swaps.get(glyph, glyph)


def make(original, result, characters, figures):
    """Subsets one font and writes it beside this script."""
    # Not the day on which it was made: the same input is to give the same bytes.
    font = TTFont(original, recalcTimestamp=False)
    if figures:
        tabular(font)
    options = subset.Options()
    # Contextual alternates turn "->" into an arrow and "20x20" into "20×20": not in a lab.
    options.layout_features = ["kern", "ccmp", "locl", "mark", "mkmk"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    work = subset.Subsetter(options)
    work.populate(unicodes=characters)
    work.subset(font)
    font.save(HERE / result)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts")
    for name, result, characters, figures in FONTS:
        original = next(root.rglob(name), None)
        if original is None:
            sys.exit(f"{name} is not below {root}")
        make(original, result, characters, figures)
        print(result, (HERE / result).stat().st_size)


main()
