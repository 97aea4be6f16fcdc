//! Colours as plain numbers: one for each variant, and the perceptually uniform maps.

use std::sync::LazyLock;

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
        let colours = match self {
            Self::Viridis => &VIRIDIS,
            Self::PurpleOrange => &PURPLE_ORANGE,
        };
        colours[(share.clamp(0.0, 1.0) * (COLOURS - 1) as f64 + 0.5) as usize]
    }
}

/// Places of a scale that have a colour, sixteen for each digit of a channel. A heatmap has tens of
/// thousands of cells: asked for each, the map itself took a fifth of a frame of 1000 × 64.
const COLOURS: usize = 4096;

static VIRIDIS: LazyLock<Vec<Rgb>> = LazyLock::new(|| colours(colorous::VIRIDIS));
static PURPLE_ORANGE: LazyLock<Vec<Rgb>> = LazyLock::new(|| colours(colorous::PURPLE_ORANGE));

fn colours(map: colorous::Gradient) -> Vec<Rgb> {
    (0..COLOURS).map(|place| map.eval_rational(place, COLOURS).as_array()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_is_off_by_more_than_one_of_255() {
        let maps = [
            (ColourMap::Viridis, colorous::VIRIDIS),
            (ColourMap::PurpleOrange, colorous::PURPLE_ORANGE),
        ];
        for (map, gradient) in maps {
            for part in 0..=100_000 {
                let share = f64::from(part) / 100_000.0;
                let exact = gradient.eval_continuous(share).as_array();
                let off = map.at(share).iter().zip(exact).map(|(a, b)| a.abs_diff(b)).max();
                assert!(off <= Some(1), "{map:?} at {share}: {:?} for {exact:?}", map.at(share));
            }
            for (share, end) in [(-1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (7.0, 1.0)] {
                assert_eq!(map.at(share), gradient.eval_continuous(end).as_array());
            }
        }
    }
}
