//! Colours as plain numbers: one for each variant, and the perceptually uniform maps.

use colorous::Gradient;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// Variants' colours on a light ground. They are Okabe and Ito's palette (2008), told apart
/// by colour-blind eyes, darkened where white would swallow them.
const ON_LIGHT: [Rgb; 6] =
    [[0, 94, 162], [213, 94, 0], [0, 132, 98], [176, 82, 138], [140, 109, 0], [70, 70, 70]];
/// Variants' colours on a dark ground: the hues of [`ON_LIGHT`], lighter.
const ON_DARK: [Rgb; 6] = [
    [86, 180, 233],
    [240, 140, 50],
    [40, 190, 145],
    [222, 140, 186],
    [240, 220, 90],
    [190, 190, 190],
];

/// The colour of variant `index` (from 0) on a dark or light ground.
pub fn variant_colour(index: usize, dark: bool) -> Rgb {
    let palette = if dark { ON_DARK } else { ON_LIGHT };
    palette[index % palette.len()]
}

/// A map from numbers to colours, perceptually uniform, from the `colorous` crate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourMap {
    /// Dark violet over green to yellow; safe for colour-blind eyes.
    #[default]
    Viridis,
    /// Purple over near white to orange, for numbers around a middle; safe for colour-blind
    /// eyes.
    PurpleOrange,
}

impl ColourMap {
    /// The colour at `share` of the scale, from 0 to 1.
    pub fn at(self, share: f64) -> Rgb {
        let gradient: Gradient = match self {
            Self::Viridis => colorous::VIRIDIS,
            Self::PurpleOrange => colorous::PURPLE_ORANGE,
        };
        gradient.eval_continuous(share.clamp(0.0, 1.0)).as_array()
    }
}

/// Whether dark letters read better than white ones on this colour: its relative luminance
/// (WCAG 2.1) is above 0.18, where both contrasts are equal.
pub fn wants_dark_letters(colour: Rgb) -> bool {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { libm::pow((c + 0.055) / 1.055, 2.4) }
    };
    let [r, g, b] = colour.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18
}
