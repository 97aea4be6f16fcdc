#!/bin/bash
# What other readers make of every figure: tests/vector/readers.sh [PROGRAM]
#
# Needs rsvg-convert, pdftoppm and pdftotext (poppler), mutool and ImageMagick. Each figure of the chapter's
# experiment is written as PNG, SVG and PDF and read at 150 dots an inch. A reader's pixel is apart where it
# differs by more than an eighth in a channel from all that lies within one pixel in the PNG. Words: how many of
# the figure's first title are found in the PDF's text.
set -euo pipefail
program=${1:-target/release/gradient-lab}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$(dirname "$0")/../.."

# The share of pixels of $2 that lie outside of the range of $1's neighbourhood, in per cent.
apart() {
    convert "$1" -alpha off -statistic Minimum 3x3 "$folder/low.png"
    convert "$1" -alpha off -statistic Maximum 3x3 "$folder/high.png"
    local size
    size=$(identify -format '%wx%h!' "$1")
    convert "$2" -alpha off -resize "$size" "$folder/read.png"
    convert \( "$folder/low.png" "$folder/read.png" -compose MinusSrc -composite \) \
        \( "$folder/read.png" "$folder/high.png" -compose MinusSrc -composite \) \
        -compose Lighten -composite -separate -evaluate-sequence Max \
        -threshold 12.5% -format '%[fx:100*mean]' info:
}

figures=$("$program" list | awk '/^[A-Z]/ {shown = ($0 == "Figures")} shown' | awk '/^  [a-z]/ {print $1}')
printf '%-16s %8s %8s %8s  %s\n' figure rsvg poppler mupdf words
for figure in $figures; do
    for ending in png svg pdf; do
        "$program" render chapter-16 --figure "$figure" --dpi 150 -o "$folder/p.$ending" 2>/dev/null
    done
    rsvg-convert -z 1.5625 "$folder/p.svg" -o "$folder/rsvg.png"
    pdftoppm -r 150 -png -singlefile "$folder/p.pdf" "$folder/poppler"
    mutool draw -q -r 150 -o "$folder/mupdf.png" "$folder/p.pdf" 2>/dev/null
    found=no
    pdftotext "$folder/p.pdf" - | grep -q 'Sigmoid against ReLU' && found=yes
    printf '%-16s %8.4f %8.4f %8.4f  %s\n' "$figure" "$(apart "$folder/p.png" "$folder/rsvg.png")" \
        "$(apart "$folder/p.png" "$folder/poppler.png")" \
        "$(apart "$folder/p.png" "$folder/mupdf.png")" "$found"
done
