//! Where a profile of logarithms falls and where it rises.

use serde::Serialize;

/// A stretch of layers over which a quantity changes by much in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Swing {
    /// The layer where it begins.
    pub from: usize,
    /// The layer where it ends.
    pub to: usize,
    /// log10 of the quantity at the end over that at the beginning: negative where it falls.
    pub decades: f64,
}

impl Swing {
    /// Steps from layer to layer.
    pub fn steps(&self) -> usize {
        self.from.abs_diff(self.to)
    }

    /// Decades of one step, on average.
    pub fn decades_per_layer(&self) -> f64 {
        self.decades / self.steps() as f64
    }
}

/// Decades that make a swing, however small the whole.
pub const SWING_DECADES: f64 = 1.0;
/// And the share of the profile's whole range: beside a fall of sixty decades the ups and downs
/// of single layers are no swings.
pub const SWING_SHARE: f64 = 0.2;

/// The swings of a profile, alternately down and up, each from one extreme to the next and each
/// of at least [`SWING_DECADES`] and [`SWING_SHARE`] of the whole range.
///
/// `points` are layers with log10 of a quantity, in the order in which the signal passes them.
pub fn swings(points: &[(usize, f64)]) -> Vec<Swing> {
    let corners = corners(points, SWING_DECADES.max(SWING_SHARE * range(points)));
    let swing = |ends: &[(usize, f64)]| Swing {
        from: ends[0].0,
        to: ends[1].0,
        decades: ends[1].1 - ends[0].1,
    };
    corners.windows(2).map(swing).collect()
}

/// The largest number less the smallest.
pub fn range(points: &[(usize, f64)]) -> f64 {
    let numbers = || points.iter().map(|point| point.1);
    let (low, high) =
        (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
    (high - low).max(0.0)
}

/// The points at which the profile turns by at least `least`, the first and the last extreme
/// included; none where it never moves as far.
fn corners(points: &[(usize, f64)], least: f64) -> Vec<(usize, f64)> {
    let Some(&first) = points.first() else { return Vec::new() };
    let mut corners = Vec::new();
    // The extremes since the last corner. Which of them is the next depends on the direction,
    // which is open until the profile has moved far enough.
    let (mut bottom, mut top) = (first, first);
    let (mut falls, mut rises) = (false, false);
    for &point in points {
        if point.1 < bottom.1 {
            bottom = point;
        }
        if point.1 > top.1 {
            top = point;
        }
        if !falls && top.1 - point.1 >= least {
            corners.push(top);
            (falls, rises, bottom) = (true, false, point);
        } else if !rises && point.1 - bottom.1 >= least {
            corners.push(bottom);
            (falls, rises, top) = (false, true, point);
        }
    }
    if falls {
        corners.push(bottom);
    } else if rises {
        corners.push(top);
    }
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(numbers: &[f64]) -> Vec<(usize, f64)> {
        // Backward, as δ runs: the last layer first.
        numbers.iter().enumerate().map(|(i, &n)| (numbers.len() - i, n)).collect()
    }

    fn found(numbers: &[f64]) -> Vec<(usize, usize, f64)> {
        swings(&profile(numbers)).iter().map(|s| (s.from, s.to, s.decades)).collect()
    }

    #[test]
    fn a_steady_fall_is_one_swing() {
        assert_eq!(found(&[0.0, -0.6, -1.2, -1.8]), [(4, 1, -1.8)]);
        assert_eq!(found(&[0.0, 0.5, 1.0]), [(3, 1, 1.0)]);
    }

    #[test]
    fn a_hump_is_two() {
        assert_eq!(found(&[-1.0, 3.0, 7.8, 4.0, -1.3]), [(5, 3, 8.8), (3, 1, -9.1)]);
    }

    #[test]
    fn small_moves_are_none() {
        assert_eq!(found(&[0.0, -0.9, 0.05, -0.9]), []);
        assert_eq!(found(&[]), []);
    }

    #[test]
    fn beside_a_long_fall_short_rises_do_not_count() {
        assert_eq!(found(&[0.0, -20.0, -18.5, -40.0]), [(4, 1, -40.0)]);
        // A swing runs from extreme to extreme, not from end to end.
        assert_eq!(found(&[0.0, 0.4, -2.0, -1.9]), [(3, 2, -2.4)]);
    }
}
