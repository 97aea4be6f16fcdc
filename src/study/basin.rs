//! Two fates of one network's forward signal: which inputs die out and which grow.

use std::convert::Infallible;

use super::mean_field::{FixedPoint, MeanField, halve};

/// Steps of the scan, a factor in the variance of z's weight part.
const SCAN: f64 = 1.25;
/// Share of q by which it must move in a step for that to count.
const KEPT: f64 = 1e-6;

/// A second fate of the forward signal, for inputs on the other side of a boundary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basin {
    /// The q in layer 1 that parts the two: an unstable fixed point of the recursion.
    pub boundary: f64,
    /// Where inputs beyond it settle.
    pub fixed_point: FixedPoint,
    /// χ there.
    pub chi: f64,
}

impl MeanField {
    /// The fate of inputs on the other side of the nearest unstable fixed point, where there is
    /// one: GELU and SiLU near σ_w² = 2 let small signals die and large ones grow.
    pub fn other_basin(&self) -> Option<Basin> {
        if self.has_one_basin() {
            return None;
        }
        let start = if self.start() > 0.0 { self.start() } else { self.next(0.0) };
        let (least, most) = self.reach();
        if start == 0.0 {
            return None;
        }
        [SCAN, 1.0 / SCAN].into_iter().find_map(|factor| {
            let mut part = start;
            let mut grows = self.drift(part) > 0.0;
            while (least..=most).contains(&part) {
                let beyond = part * factor;
                let drift = self.drift(beyond);
                // Where q is all but kept, the sign is rounding.
                let now = if drift.abs() > KEPT * beyond { drift > 0.0 } else { grows };
                // An unstable point is one that q leaves on either side.
                if now != grows && now == (factor > 1.0) {
                    return Some(self.basin_from(beyond, part, now));
                }
                (part, grows) = (beyond, now);
            }
            None
        })
    }

    /// The basin that `beyond` lies in, whose boundary is between it and `part`.
    fn basin_from(&self, beyond: f64, part: f64, grows: bool) -> Basin {
        let stays = |part| Ok::<_, Infallible>((self.drift(part) > 0.0) != grows);
        let Ok(boundary) = halve(part, beyond, stays);
        let fixed_point = self.fixed_point_from(beyond);
        let boundary = boundary + self.bias.mean_square();
        Basin { boundary, fixed_point, chi: self.chi_of(fixed_point) }
    }

    /// Without a constant bias V of some activations is concave: one fixed point that attracts,
    /// at the most.
    fn has_one_basin(&self) -> bool {
        let known = self.activation.has_concave_variance_map();
        self.weight_variance == 0.0 || known && self.bias.mean == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Activation;
    use crate::study::BiasLaw;

    /// The boundary is a fixed point, and the recursion leaves it on either side.
    #[test]
    fn the_boundary_parts_what_dies_from_what_grows() {
        for activation in [Activation::Gelu, Activation::Silu] {
            let input = |input_square| MeanField {
                input_square,
                ..MeanField::new(activation, 2.1, BiasLaw::default())
            };
            let (small, large) = (input(1.0), input(9.0));
            assert_eq!(small.fixed_point(), FixedPoint::At(0.0));
            assert_eq!(large.fixed_point(), FixedPoint::Diverges);
            let up = small.other_basin().expect("large signals grow");
            let down = large.other_basin().expect("small signals die");
            assert_eq!(
                (up.fixed_point, down.fixed_point),
                (FixedPoint::Diverges, FixedPoint::At(0.0))
            );
            assert!((up.boundary / down.boundary - 1.0).abs() < 1e-9, "{up:?} {down:?}");
            assert!(small.first_q() < up.boundary && up.boundary < large.first_q());
            assert!((up.chi - 1.05).abs() < 1e-9, "straight lines of slope 0 and 1: {}", up.chi);
            assert!(small.next_q(0.9 * up.boundary) < 0.9 * up.boundary);
            assert!(small.next_q(1.1 * up.boundary) > 1.1 * up.boundary);
        }
    }

    /// SiLU at σ_w² = 2 all but keeps a large q: what is left is rounding, and no boundary.
    #[test]
    fn rounding_parts_nothing() {
        let field = MeanField::new(Activation::Silu, 2.0, BiasLaw::default());
        assert_eq!(field.other_basin(), None);
    }

    #[test]
    fn one_fate_is_no_second() {
        for activation in Activation::ALL {
            for bias in [0.0, 0.3] {
                let field = MeanField::new(activation, 1.3, BiasLaw::normal(bias));
                assert_eq!(field.other_basin(), None, "{activation:?} {bias}");
            }
        }
    }
}
