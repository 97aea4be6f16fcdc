#!/usr/bin/env python3
"""Makes the lab's fonts from the originals; README.md beside this file says why.

usage: make.py FONTS_ROOT    (a folder that holds the originals, e.g. /usr/share/fonts)
       make.py scripts       (the super- and subscripts alone, from the fonts beside this file)
needs: pip install fonttools
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
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

# Super- and subscripts of running text, each with the sign it is made from. Inter's own are six
# tenths as high as its digits, and at the size of a tick label nobody tells ⁵ from ⁶.
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ˡⁿᵀᵏᴸ", "0123456789+−()lnTkL"))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ₗₙⱼₐᵢₖ", "0123456789lnjaik"))
# As high as this share of the sign: 9 points beside text of 11.5.
SCRIPT_SCALE = 0.79
# Their base lines, and the air on each side of them, in units of Inter's em of 2816.
RAISED_BASE, LOWERED_BASE, SCRIPT_AIR = 860, -260, 110
# The air that the double bar of headings gets on each side.
BAR_AIR = 330

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


def scripts(source, result, family):
    """Writes a font of large super- and subscripts, and of a double bar with air, drawn from the signs of a finished one."""
    font = TTFont(HERE / source)
    glyphs, names = font.getGlyphSet(), font.getBestCmap()
    empty = T2CharStringPen(0, glyphs).getCharString()
    strings, widths, characters = {".notdef": empty}, {".notdef": 0}, {}
    bar = {sign: sign for sign in map(chr, DOUBLE_BAR) if ord(sign) in names}
    for signs, base, scale, air in [
        (RAISED, RAISED_BASE, SCRIPT_SCALE, SCRIPT_AIR),
        (LOWERED, LOWERED_BASE, SCRIPT_SCALE, SCRIPT_AIR),
        (bar, 0, 1, BAR_AIR),
    ]:
        for script, sign in signs.items():
            drawn = glyphs[names[ord(sign)]]
            bounds = BoundsPen(glyphs)
            drawn.draw(bounds)
            left, _, right, _ = bounds.bounds
            name = f"uni{ord(script):04X}"
            width = round(scale * (right - left)) + 2 * air
            pen = T2CharStringPen(width, glyphs)
            place = (scale, 0, 0, scale, air - scale * left, base)
            drawn.draw(TransformPen(pen, place))
            strings[name], widths[name] = pen.getCharString(), width
            characters[ord(script)] = name
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=False)
    builder.setupGlyphOrder(list(strings))
    builder.setupCharacterMap(characters)
    builder.setupCFF(family.replace(" ", ""), {"FullName": family}, strings, {})
    builder.setupHorizontalMetrics({name: (width, 0) for name, width in widths.items()})
    # Rows are as high as those of the font beside it.
    ascent, descent = font["hhea"].ascent, font["hhea"].descent
    builder.setupHorizontalHeader(ascent=ascent, descent=descent)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=ascent, sTypoDescender=descent, sTypoLineGap=0,
                     usWinAscent=ascent, usWinDescent=-descent)
    builder.setupPost()
    # Not the day on which it was made, as above.
    builder.font["head"].created = builder.font["head"].modified = font["head"].modified
    builder.font.recalcTimestamp = False
    builder.save(HERE / result)


def main():
    if sys.argv[1:] == ["scripts"]:
        return make_scripts()
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts")
    for name, result, characters, figures in FONTS:
        original = next(root.rglob(name), None)
        if original is None:
            sys.exit(f"{name} is not below {root}")
        make(original, result, characters, figures)
        print(result, (HERE / result).stat().st_size)
    make_scripts()


def make_scripts():
    """The super- and subscripts of both weights, from Inter as it lies beside this script."""
    for weight in ["Regular", "SemiBold"]:
        scripts(f"Inter-{weight}.otf", f"Inter-{weight}-Scripts.otf", f"Inter Scripts {weight}")


main()
