//! Colours as plain numbers: one for each variant, and the perceptually uniform maps.

use std::sync::OnceLock;

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
        let share = share.clamp(0.0, 1.0);
        let step = (share * STEPS as f64) as usize;
        self.steps().get(step).copied().flatten().unwrap_or_else(|| self.evaluate(share))
    }

    fn evaluate(self, share: f64) -> Rgb {
        let gradient: Gradient = match self {
            Self::Viridis => colorous::VIRIDIS,
            Self::PurpleOrange => colorous::PURPLE_ORANGE,
        };
        gradient.eval_continuous(share).as_array()
    }

    /// The colour of each step of the scale in which it does not change: most of them, since a
    /// channel has 256 values. A heatmap asks for thousands of colours, each a spline of three
    /// channels. Where a channel turns round between two values, it may be one off.
    fn steps(self) -> &'static [Option<Rgb>] {
        static OF_MAPS: [OnceLock<Vec<Option<Rgb>>>; 2] = [const { OnceLock::new() }; 2];
        OF_MAPS[self as usize].get_or_init(|| {
            let places = STEPS * WITHIN;
            let colour = |place: usize| self.evaluate(place as f64 / places as f64);
            let colours: Vec<Rgb> = (0..=places).map(colour).collect();
            let step = |first: usize| &colours[first..=first + WITHIN];
            let constant = |step: &[Rgb]| step.iter().all(|c| *c == step[0]).then_some(step[0]);
            (0..places).step_by(WITHIN).map(|first| constant(step(first))).collect()
        })
    }
}

/// Steps of a colour map.
const STEPS: usize = 8192;
/// Places at which a step is looked at.
const WITHIN: usize = 8;

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
    fn steps_have_the_colours_of_the_map() {
        for map in [ColourMap::Viridis, ColourMap::PurpleOrange] {
            let constant = map.steps().iter().flatten().count();
            assert!(constant > STEPS / 2, "{constant}");
            let mut off = 0;
            for place in 0..=300_000 {
                let share = f64::from(place) / 300_000.0;
                let (step, exact) = (map.at(share), map.evaluate(share));
                let mut pairs = step.into_iter().zip(exact);
                assert!(pairs.all(|(a, b)| a.abs_diff(b) <= 1), "{map:?} {share}");
                off += usize::from(step != exact);
            }
            // 1.1 % when this was written.
            assert!(off < 6000, "{map:?}: {off} of 300,001");
        }
    }
}
