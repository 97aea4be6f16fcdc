//! The files of the fonts, which are compiled in.

use std::sync::Arc;

use eframe::egui::{FontData, FontDefinitions, FontFamily, FontTweak};

/// The family of headings: Inter SemiBold.
///
/// ```
/// use eframe::egui::{FontId, RichText};
/// let heading = RichText::new("Gradients").font(FontId::new(20.0, gradient_lab::paint::fonts::bold()));
/// ```
pub fn bold() -> FontFamily {
    FontFamily::Name("bold".into())
}

/// The files, by the names that the families list them under.
const FILES: [(&str, &[u8]); 8] = [
    ("Inter scripts", include_bytes!("../../../assets/fonts/Inter-Regular-Scripts.otf")),
    ("Inter SemiBold scripts", include_bytes!("../../../assets/fonts/Inter-SemiBold-Scripts.otf")),
    ("Inter", include_bytes!("../../../assets/fonts/Inter-Regular.otf")),
    ("Inter SemiBold", include_bytes!("../../../assets/fonts/Inter-SemiBold.otf")),
    ("JetBrains Mono", include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf")),
    ("DejaVu Sans", include_bytes!("../../../assets/fonts/DejaVuSans-Symbols.ttf")),
    ("DejaVu Sans Mono", include_bytes!("../../../assets/fonts/DejaVuSansMono-Symbols.ttf")),
    ("Noto Sans Symbols 2", include_bytes!("../../../assets/fonts/NotoSansSymbols2-Media.ttf")),
];

/// Each family's files; the first that has a sign gives it.
pub(super) fn families() -> [(FontFamily, &'static [&'static str]); 3] {
    [
        (
            FontFamily::Proportional,
            &["Inter scripts", "Inter", "DejaVu Sans", "Noto Sans Symbols 2"],
        ),
        (
            bold(),
            &["Inter SemiBold scripts", "Inter SemiBold", "DejaVu Sans", "Noto Sans Symbols 2"],
        ),
        (
            FontFamily::Monospace,
            &["JetBrains Mono", "DejaVu Sans Mono", "DejaVu Sans", "Noto Sans Symbols 2"],
        ),
    ]
}

/// All files in their families.
pub(super) fn definitions() -> FontDefinitions {
    let mut definitions = FontDefinitions::empty();
    for (name, bytes) in FILES {
        let data = FontData::from_static(bytes).tweak(tweak(name));
        definitions.font_data.insert(name.to_owned(), Arc::new(data));
    }
    for (family, names) in families() {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        definitions.families.insert(family, names);
    }
    definitions
}

/// The media signs of Noto stand on a higher line than the triangles beside them.
fn tweak(name: &str) -> FontTweak {
    let y_offset_factor = if name == "Noto Sans Symbols 2" { 0.12 } else { 0.0 };
    FontTweak { y_offset_factor, ..FontTweak::default() }
}
