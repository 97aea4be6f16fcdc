//! The KaTeX typefaces, each as an egui font family of its own.
//!
//! TeX's rules name a glyph by typeface and character ("the `(` of Size2"), so no family may
//! fall back to another: a character a typeface lacks must be noticed, not replaced. The files
//! and their licence (SIL Open Font License 1.1) are in `assets/fonts/katex`.

use std::sync::Arc;

use eframe::egui::{Context, FontData, FontDefinitions, FontFamily};

/// Names a typeface file by the part after `KaTeX_`, and embeds it.
macro_rules! typeface {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../assets/fonts/katex/KaTeX_", $name, ".ttf")))
    };
}

/// The embedded typefaces, by the names the layout engine uses for them.
const TYPEFACES: [(&str, &[u8]); 15] = [
    typeface!("AMS-Regular"),
    typeface!("Caligraphic-Regular"),
    typeface!("Main-Bold"),
    typeface!("Main-BoldItalic"),
    typeface!("Main-Italic"),
    typeface!("Main-Regular"),
    typeface!("Math-BoldItalic"),
    typeface!("Math-Italic"),
    typeface!("SansSerif-Regular"),
    typeface!("Script-Regular"),
    typeface!("Size1-Regular"),
    typeface!("Size2-Regular"),
    typeface!("Size3-Regular"),
    typeface!("Size4-Regular"),
    typeface!("Typewriter-Regular"),
];

/// Adds the mathematical typefaces to `fonts`, beside whatever is there already.
///
/// Without them [`super::formula`] shows the LaTeX source. About 450 kB, embedded in the
/// program; nothing is copied.
pub fn install_fonts(fonts: &mut FontDefinitions) {
    for (name, bytes) in TYPEFACES {
        let key = family_name(name);
        let data = Arc::new(FontData::from_static(bytes));
        fonts.font_data.insert(key.clone(), data);
        fonts.families.insert(FontFamily::Name(key.as_str().into()), vec![key]);
    }
}

/// The egui family of the typeface that the layout engine calls `typeface`, if it is embedded.
pub(super) fn family(typeface: &str) -> Option<FontFamily> {
    TYPEFACES
        .iter()
        .any(|(name, _)| *name == typeface)
        .then(|| FontFamily::Name(family_name(typeface).into()))
}

fn family_name(typeface: &str) -> String {
    format!("KaTeX_{typeface}")
}

/// Whether [`install_fonts`] has taken effect in `ctx`.
pub(super) fn installed(ctx: &Context) -> bool {
    let (name, _) = TYPEFACES[0];
    family(name)
        .is_some_and(|family| ctx.fonts(|fonts| fonts.definitions().families.contains_key(&family)))
}
