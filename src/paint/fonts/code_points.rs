//! Characters that no font of the lab has, shown as their code points.
//!
//! A title or a name may hold any script, and fonts for all of them would be larger than the
//! lab. System fonts would make a picture differ from machine to machine. So such a character
//! stands as the hexadecimal digits of its code point in two rows: 05 above D0 for U+05D0. egui
//! asks here before it lays out any text, so that no text can pass by, and [`sentence`] tells.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use eframe::egui::epaint::text::{
    FontPriority, Fonts, GlyphBitmap, GlyphRasterizer, GlyphRasterizerRequest, RasterizedGlyph,
};
use eframe::egui::{Color32, ColorImage, Context, FontFamily, vec2};

use crate::experiment::{Experiment, is_hidden};

/// Code points of a cluster that are shown; what follows stands as three dots. More would not
/// fit into a small atlas of glyphs at the largest size of a title.
const SHOWN: usize = 3;

/// Code points that a sentence names.
const NAMED: usize = 3;

/// Rows of a code point: two digits of five, and one between them.
const HEIGHT: usize = 11;

/// Opacity of the ground that holds the digits of a code point together.
const GROUND: u8 = 44;

/// The digits 0 to F, each in five rows of three.
const DIGITS: [[u8; 5]; 16] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
    [2, 5, 7, 5, 5],
    [6, 5, 6, 5, 6],
    [3, 4, 4, 4, 3],
    [6, 5, 5, 5, 6],
    [7, 4, 6, 4, 7],
    [7, 4, 6, 4, 4],
];

/// The characters of each family of the lab's text.
static COVERAGE: LazyLock<[(FontFamily, BTreeSet<char>); 3]> = LazyLock::new(|| {
    let mut fonts = Fonts::new(Default::default(), super::files::definitions());
    let mut fonts = fonts.with_pixels_per_point(1.0);
    super::files::families().map(|(family, _)| {
        let mut covered: BTreeSet<char> = fonts.characters(&family).keys().copied().collect();
        // Some fonts have an empty glyph for what cannot be seen.
        covered.retain(|letter| !is_hidden(*letter));
        // egui sets these as spaces of their own width.
        covered.extend(['\t', '\u{2009}', '\u{202f}']);
        (family, covered)
    })
});

/// Has the context show code points from now on.
pub(super) fn install(context: &Context) {
    // Before the fonts are asked: of a letter with a mark they would keep the letter alone.
    let rasterizer = GlyphRasterizer::new("gradient-lab code points", rasterized);
    context.add_glyph_rasterizer(rasterizer.with_priority(FontPriority::Highest));
}

/// What to tell of a title and names with characters that the fonts lack; `None` where they
/// have all.
///
/// ```
/// use gradient_lab::paint::fonts::sentence;
/// assert_eq!(sentence(["Chapter", "‖δ‖"]), None);
/// assert!(sentence(["שלום"]).is_some_and(|told| told.contains("U+05E9")));
/// ```
pub fn sentence<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut lacking: Vec<char> = Vec::new();
    for letter in texts.into_iter().flat_map(str::chars) {
        if !is_covered(&FontFamily::Proportional, letter) && !lacking.contains(&letter) {
            lacking.push(letter);
        }
    }
    let named = lacking.iter().take(NAMED).map(|letter| format!("U+{:04X}", u32::from(*letter)));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = match lacking.len().saturating_sub(NAMED) {
        _ if lacking.is_empty() => return None,
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let order = if lacking.iter().copied().any(is_right_to_left) {
        "; what is written from right to left stands in the order of typing"
    } else {
        ""
    };
    Some(format!(
        "The fonts have no {named}{more}: such characters stand as their code points, digits in two rows{order}."
    ))
}

/// [`sentence`] for what an experiment shows: its title and its variants' names.
pub fn sentence_for(experiment: &Experiment) -> Option<String> {
    let names = experiment.variants.iter().map(|variant| variant.name.as_str());
    sentence([experiment.title.as_str()].into_iter().chain(names))
}

/// Whether the family has a glyph; another's text, such as a formula's, is not looked at.
fn is_covered(family: &FontFamily, letter: char) -> bool {
    let family = COVERAGE.iter().find(|(other, _)| other == family);
    family.is_none_or(|(_, covered)| covered.contains(&letter))
}

/// Hebrew, Arabic and their neighbours, by the blocks that Unicode sets aside for them.
fn is_right_to_left(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// The code points of a cluster, unless the fonts have all of it.
fn rasterized(request: &GlyphRasterizerRequest<'_>) -> Option<RasterizedGlyph> {
    // Nearly all text: every family has it, and layout asks for each cluster.
    let is_plain = request.cluster.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || request.cluster.chars().all(|letter| is_covered(request.family, letter)) {
        return None;
    }
    let dots = dots(request.cluster);
    let width = dots.len();
    // As large as capitals with their descenders; whole pixels where there are enough.
    let room = 0.96 * request.font_size_px / HEIGHT as f32;
    let unit = if room >= 1.0 { room.floor() } else { room };
    let size = [width, HEIGHT].map(|units| (units as f32 * unit).ceil().max(1.0) as usize);
    let image = ColorImage::new(size, pixels(&dots, size, unit));
    let middle_of_capitals = -0.36 * request.font_size_px;
    let top = (middle_of_capitals - 0.5 * size[1] as f32).round();
    let bitmap = GlyphBitmap { image, offset_px: vec2(0.0, top), is_color: false };
    Some(RasterizedGlyph { bitmap, advance_px: size[0] as f32 + unit.max(1.0) })
}

/// A column of dots: each is the opacity of ink.
type Column = [u8; HEIGHT];

/// The digits of all code points, from left to right.
fn dots(cluster: &str) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for letter in cluster.chars().take(SHOWN) {
        if !columns.is_empty() {
            columns.push([0; HEIGHT]);
        }
        let code = u32::from(letter);
        let pairs = if code > 0xffff { 3 } else { 2 };
        columns.push([GROUND; HEIGHT]);
        for place in (0..pairs).rev() {
            let digit = |place: u32| DIGITS[(code >> (4 * place) & 15) as usize];
            let (above, below) = (digit(pairs + place), digit(place));
            for bit in (0..3).rev() {
                let rows = above.iter().chain(&[0]).chain(&below);
                let mut column = [GROUND; HEIGHT];
                for (dot, row) in column.iter_mut().zip(rows) {
                    *dot = if row >> bit & 1 == 1 { 255 } else { GROUND };
                }
                columns.push(column);
            }
            columns.push([GROUND; HEIGHT]);
        }
    }
    if cluster.chars().nth(SHOWN).is_some() {
        for _ in 0..3 {
            let mut dot = [0; HEIGHT];
            dot[HEIGHT - 1] = 255;
            columns.extend([[0; HEIGHT], dot]);
        }
    }
    columns
}

/// The dots, each `unit` pixels wide and high; where that is less than one, their mean.
fn pixels(dots: &[Column], [width, height]: [usize; 2], unit: f32) -> Vec<Color32> {
    const FINE: usize = 4;
    let place = |pixel: usize, part: usize| {
        ((pixel as f32 + (part as f32 + 0.5) / FINE as f32) / unit) as usize
    };
    let opacity = |x: usize, y: usize| {
        dots.get(x).and_then(|column| column.get(y)).map_or(0, |dot| usize::from(*dot))
    };
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let parts =
                (0..FINE * FINE).map(|at| opacity(place(x, at % FINE), place(y, at / FINE)));
            pixels.push(Color32::from_white_alpha((parts.sum::<usize>() / (FINE * FINE)) as u8));
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cluster: &str, font_size_px: f32) -> Option<RasterizedGlyph> {
        let family = &FontFamily::Proportional;
        rasterized(&GlyphRasterizerRequest {
            cluster,
            family,
            font_size_px,
            subpixel_offset_px: 0.0,
        })
    }

    #[test]
    fn every_family_has_what_is_not_looked_up() {
        for (family, covered) in COVERAGE.iter() {
            assert!((' '..='~').all(|letter| covered.contains(&letter)), "{family}");
        }
    }

    #[test]
    fn digits_are_told_apart() {
        let different: BTreeSet<[u8; 5]> = DIGITS.into_iter().collect();
        assert_eq!(different.len(), 16);
        assert_ne!(dots("\u{5d0}"), dots("\u{d05}"), "which digits stand above");
        assert_ne!(dots("\u{1f600}"), dots("\u{f600}"));
    }

    #[test]
    fn every_character_without_a_glyph_fits_into_the_atlas() {
        const MOST_PX: usize = 1024;
        let flag = "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        let marks = "a".to_owned() + &"\u{301}\u{f71}".repeat(40);
        for cluster in ["א", "漢", "😀", "\u{10ffff}", "\u{1b}", "\n", "\u{202e}", flag, &marks]
        {
            for font_size_px in [0.5, 5.75, 11.5, 13.5, 20.0, 42.0, 240.0] {
                let glyph = request(cluster, font_size_px).expect(cluster);
                let [width, height] = glyph.bitmap.image.size;
                assert!(width <= MOST_PX && height <= MOST_PX, "{cluster:?}: {width} × {height}");
                assert!(glyph.advance_px >= width as f32);
                // Below a few pixels nothing can be read, and the ground alone is left.
                let least = if font_size_px < 5.0 { 0 } else { GROUND };
                let ink = glyph.bitmap.image.pixels.iter().any(|pixel| pixel.a() > least);
                assert!(ink, "{cluster:?} at {font_size_px}");
            }
        }
        for cluster in ["a", "é", "‖", "\u{a0}", "\t"] {
            assert!(request(cluster, 13.5).is_none(), "{cluster:?}");
        }
    }

    #[test]
    fn whatever_is_typed_is_seen_in_every_family() {
        let rasterizer = GlyphRasterizer::new("code points", rasterized);
        let fonts = Fonts::new(Default::default(), crate::paint::fonts::files::definitions());
        let mut fonts =
            fonts.with_glyph_rasterizer(rasterizer.with_priority(FontPriority::Highest));
        // Every script in steps of a prime, and all of what is most often mixed in.
        let sample = (0..0x3000).chain((0x3000..0x2_0000).step_by(61));
        let sample = sample.chain((0x2_0000..=0x10_ffff).step_by(7919));
        let letters: Vec<char> = sample.filter_map(char::from_u32).collect();
        assert!(letters.len() > 13_000);
        let mut unseen = BTreeSet::new();
        for (family, _) in crate::paint::fonts::files::families() {
            for letter in letters.iter().copied().filter(|letter| !"\n\r".contains(*letter)) {
                // Behind another letter, so that marks have what they stand on.
                for text in [letter.to_string(), format!("o{letter}")] {
                    let font = eframe::egui::FontId::new(13.5, family.clone());
                    let mut fonts = fonts.with_pixels_per_point(1.0);
                    let galley = fonts.layout_no_wrap(text.clone(), font, Color32::WHITE);
                    let glyphs = galley.rows.iter().flat_map(|row| &row.glyphs);
                    let painted = glyphs.filter(|glyph| !glyph.uv_rect.is_nothing()).count();
                    let seen = usize::from(!letter.is_whitespace()) + text.chars().count() - 1;
                    let is_code = text.chars().any(|letter| !is_covered(&family, letter));
                    let least = if is_code { 1 } else { seen.min(1) };
                    if painted < least {
                        unseen.insert((letter, family.to_string()));
                    }
                }
            }
        }
        assert!(unseen.is_empty(), "{unseen:?}");
    }

    #[test]
    fn the_sentence_names_what_is_missing_once() {
        let told = |text: &str| sentence([text]).unwrap_or_default();
        assert_eq!(told("ReLU, ‖δ‖ – “é”"), "");
        assert_eq!(
            told("漢漢"),
            "The fonts have no U+6F22: such characters stand as their code points, digits in two rows."
        );
        assert!(told("한국어 漢字").contains("U+D55C, U+AD6D, U+C5B4 and 2 more"));
        for text in ["שלום", "سلام"] {
            assert!(told(text).ends_with("in the order of typing."), "{}", told(text));
        }
    }
}
