//! The fonts of the window and of every exported picture.
//!
//! They are compiled in and nothing else is ever asked, so that a label looks the same on every
//! machine and a missing sign is found by a test and not by a reader. The native options must
//! have `system_font_fallback: false` for the same reason. Where the files come from is
//! written in `assets/fonts/README.md`.

mod code_points;
mod files;

use eframe::egui::Context;

use files::definitions;

pub use code_points::{sentence, sentence_for};
pub use files::bold;

/// The signs that the lab's words, formulas and buttons are written with, beyond ASCII and
/// Latin-1. Every one has a glyph in every family.
pub const SIGNS: &str = concat!(
    "‖∇∂δσΣχξηλφψπµμαβγεΔθρτω",
    "⁻⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁽⁾ˡⁿᵀ₀₁₂₃₄₅₆₇₈₉ₗ",
    "→←↑↓⊙∘·×÷±≈≠≤≥≲√∞½…–—−′″‰°•“”‘’",
    "✔✖▶◀▲▼⏸⏮⏭↶↷⟲",
);

/// Gives the context its fonts: Inter for text and [`bold`] headings, JetBrains Mono for
/// tables, and three more for the signs that these lack. All digits are equally wide.
/// The families of [`crate::paint::mathtext`] come with them. What no font has is shown as its
/// code point.
pub fn install(context: &Context) {
    let mut definitions = definitions();
    crate::paint::mathtext::install_fonts(&mut definitions);
    context.set_fonts(definitions);
    code_points::install(context);
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Color32, FontFamily, FontId, epaint::text::Fonts};

    const FAMILIES: [fn() -> FontFamily; 3] =
        [|| FontFamily::Proportional, || FontFamily::Monospace, bold];

    fn fonts() -> Fonts {
        Fonts::new(Default::default(), definitions())
    }

    fn width(fonts: &mut Fonts, text: &str, family: FontFamily) -> f32 {
        let font = FontId::new(100.0, family);
        let galley =
            fonts.with_pixels_per_point(1.0).layout_no_wrap(text.to_owned(), font, Color32::WHITE);
        galley.size().x
    }

    #[test]
    fn every_sign_has_a_glyph_in_every_family() {
        let mut fonts = fonts();
        let printable = (' '..='~').chain('\u{a0}'..='ÿ');
        let all: Vec<char> = printable.chain(SIGNS.chars()).collect();
        for family in FAMILIES {
            let font = FontId::new(14.0, family());
            let missing: String = all
                .iter()
                .filter(|sign| **sign != '\u{ad}' && !fonts.has_glyph(&font, **sign))
                .collect();
            assert_eq!(missing, "", "{}", font.family);
        }
    }

    #[test]
    fn digits_are_equally_wide() {
        let mut fonts = fonts();
        for family in FAMILIES {
            let zero = width(&mut fonts, "0000000000", family());
            for digit in '1'..='9' {
                let other = width(&mut fonts, &digit.to_string().repeat(10), family());
                // A tenth of a pixel a digit at 100 points: the semibold 4 is that much off.
                assert!((other - zero).abs() < 1.2, "{digit} in {}", family());
            }
        }
    }

    #[test]
    fn superscripts_are_equally_wide_in_tables() {
        let mut fonts = fonts();
        let mono = |fonts: &mut Fonts, text| width(fonts, text, FontFamily::Monospace);
        let plain = mono(&mut fonts, "10-308");
        let raised = mono(&mut fonts, "10⁻³⁰⁸");
        assert!((plain - raised).abs() < 0.02 * plain, "{plain} {raised}");
    }
}
