//! Ticks of the axes on which values stand: decades, decades on both sides of 0, plain numbers.

use egui_plot::GridMark;

use crate::figure::{Scale, tick};
use crate::study::{Spread, ValueScale};

use super::axis;

/// A linear map from positions to a plot's own coordinate.
#[derive(Clone, Copy)]
pub struct Along {
    scale: ValueScale,
    /// The plot's coordinate at position 0.
    origin: f64,
    /// The plot's units for each unit of position.
    unit: f64,
    /// Where exact zeros stand, in the plot's coordinate, if there are any.
    zeros: Option<f64>,
}

impl Along {
    /// Rows counted from 1, the first `below` of them not for bins.
    pub fn rows(spread: &Spread, below: usize) -> Self {
        Self {
            scale: spread.scale,
            origin: below as f64 + 0.5 - spread.bins.first as f64,
            unit: 1.0 / spread.bins.width,
            zeros: (below > 0).then_some(1.0),
        }
    }

    /// Positions themselves.
    pub fn positions(spread: &Spread, zeros: Option<f64>) -> Self {
        Self { scale: spread.scale, origin: 0.0, unit: 1.0, zeros }
    }

    fn place(&self, position: f64) -> f64 {
        self.origin + self.unit * position
    }

    fn position(&self, place: f64) -> f64 {
        (place - self.origin) / self.unit
    }

    /// Marks inside the bounds, about `labels` of them.
    pub fn marks(&self, (low, high): (f64, f64), labels: f32) -> Vec<GridMark> {
        let bounds = (self.position(low), self.position(high));
        let mut marks: Vec<GridMark> = match self.scale {
            ValueScale::Log => axis::decades(bounds, labels),
            ValueScale::Linear { .. } => axis::round_marks(bounds, labels, f64::MIN_POSITIVE),
            ValueScale::SignedLog { .. } => on_both_sides(bounds, labels),
        };
        for mark in &mut marks {
            *mark =
                GridMark { value: self.place(mark.value), step_size: mark.step_size * self.unit };
        }
        if let Some(zeros) = self.zeros {
            // What would print over the zeros' own label gives way.
            let apart = 0.5 * (high - low) / f64::from(labels.max(2.0));
            marks.retain(|mark| (mark.value - zeros).abs() > apart);
            let wide = high - low;
            if (low..=high).contains(&zeros) {
                marks.push(GridMark { value: zeros, step_size: wide });
            }
        }
        marks
    }

    /// A mark's words.
    pub fn label(&self, mark: GridMark) -> String {
        if self.zeros.is_some_and(|zeros| (mark.value - zeros).abs() < 1e-9) {
            return "= 0".to_owned();
        }
        let position = self.position(mark.value);
        match self.scale {
            ValueScale::Log => tick(position),
            ValueScale::Linear { .. } => axis::linear_label(GridMark {
                value: position,
                step_size: mark.step_size / self.unit,
            }),
            ValueScale::SignedLog { threshold } => {
                let size = position.abs();
                if size < 1e-9 {
                    return "0".to_owned();
                }
                // Back from log10(1 + 10^k) to k.
                let power = libm::log10(libm::expm1(size * std::f64::consts::LN_10));
                let power = if power.is_finite() { power } else { size };
                let sign = if position < 0.0 { "−" } else { "" };
                format!("{sign}{}", tick(threshold as f64 + power))
            }
        }
    }
}

/// 0, and decades of the threshold on both sides, as far apart as the labels need; between
/// them 2 and 5 where there is room.
fn on_both_sides((low, high): (f64, f64), labels: f32) -> Vec<GridMark> {
    let apart = (high - low) / f64::from(labels.max(2.0));
    let step = axis::round_step(apart.max(1.0));
    let place =
        |power: f64| libm::log1p(libm::pow(10.0, -power)) * std::f64::consts::LOG10_E + power;
    let furthest = low.abs().max(high.abs());
    let decades = (0..400).map(|i| f64::from(i) * step).take_while(|power| *power <= furthest);
    let decades: Vec<f64> = decades.collect();
    let between = decades.iter().flat_map(|power| [power + 2_f64.log10(), power + 5_f64.log10()]);
    let between: Vec<f64> = if high - low < 2.5 { between.collect() } else { Vec::new() };
    let mut sizes = vec![0.0];
    for size in decades.into_iter().chain(between).map(place) {
        if sizes.iter().all(|other: &f64| (other - size).abs() >= apart) {
            sizes.push(size);
        }
    }
    let both = sizes.iter().flat_map(|size| [-size, *size]);
    let inside = both.skip(1).filter(|at| (low..=high).contains(at));
    inside.map(|value| GridMark { value, step_size: apart }).collect()
}

/// What egui_plot calls a plain axis, to be given words of its own.
pub const PLAIN: Scale = Scale::Linear { power: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    fn along(scale: ValueScale) -> Along {
        Along { scale, origin: 3.5, unit: 20.0, zeros: Some(-75.5) }
    }

    fn labels(along: Along, bounds: (f64, f64)) -> Vec<String> {
        along.marks(bounds, 9.0).into_iter().map(|mark| along.label(mark)).collect()
    }

    #[test]
    fn decades_stand_on_both_sides_of_zero() {
        let words = labels(along(ValueScale::SignedLog { threshold: -3 }), (-76.5, 83.5));
        for word in ["0", "0.01", "−0.01", "1", "= 0"] {
            assert_eq!(words.iter().filter(|w| *w == word).count(), 1, "{word}: {words:?}");
        }
    }

    #[test]
    fn every_axis_has_a_few_different_labels() {
        for scale in [
            ValueScale::Log,
            ValueScale::Linear { power: 2 },
            ValueScale::SignedLog { threshold: 0 },
        ] {
            for bounds in [(0.5, 60.5), (0.5, 4.5), (-900.0, 60.0)] {
                let words = labels(along(scale), bounds);
                let mut different = words.clone();
                different.sort();
                different.dedup();
                assert_eq!(different.len(), words.len(), "{words:?}");
                assert!((1..=30).contains(&words.len()), "{scale:?} {bounds:?} {words:?}");
            }
        }
    }
}
