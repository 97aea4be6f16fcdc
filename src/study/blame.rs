//! What is found when a backward pass is taken apart: which factor shrinks or grows the signal,
//! and which directions the Jacobian loses, and why.

use super::{BackwardFactors, CutBy, Factor, Factors, JacobianSpectrum};

/// A factor within 5 % of 1 in each step, in log10, is no cause.
pub const SLIGHT: f64 = 0.021;
/// A relative error from which a singular value's digits are not to be trusted.
pub const UNTRUSTED: f64 = 0.1;

/// One claim about the way back.
#[derive(Clone, Debug, PartialEq)]
pub enum WhyFinding {
    /// The steps' factors, log10 of their geometric mean over all steps.
    Product {
        /// Steps back, L − 1.
        steps: usize,
        /// Of the weight gains.
        weights: f64,
        /// Of the slope factors.
        slopes: f64,
        /// log10 ‖δ^(1)‖/‖δ^(L)‖ as measured, of all steps together.
        measured: f64,
    },
    /// What makes the signal shrink or grow.
    Blame {
        /// Whether it grows, or nothing where it keeps its size.
        grows: Option<bool>,
        /// What does it.
        cause: Cause,
        /// Whether the other factor works against it.
        against: bool,
    },
    /// What one step's layer does.
    Step(Factor, usize),
    /// No step is needed from a layer to itself.
    Identity {
        /// The layer.
        layer: usize,
    },
    /// What any signal's length is multiplied by at the most and at the least, as log10; none
    /// where that is a true zero.
    Span {
        /// Where the signal starts.
        top: usize,
        /// Where it arrives.
        layer: usize,
        /// σ_max.
        largest: Option<f64>,
        /// σ_min over the directions of the layer where the signal starts.
        smallest: Option<f64>,
    },
    /// Directions of the signal that are lost on the way.
    Lost {
        /// How many.
        directions: usize,
        /// Of how many, n_top.
        of: usize,
        /// Where and why, in the order of the way back; one a layer.
        causes: Vec<Cut>,
    },
    /// The smallest singular values are rounding.
    Untrusted,
}

/// Which factor of a step back it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The weight gain.
    Weights,
    /// The slope factor.
    Slopes,
    /// Both of them.
    Both,
}

/// Where and why directions are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The layer.
    pub layer: usize,
    /// What loses them.
    pub by: CutBy,
}

impl Factors {
    /// Which factor makes the signal what it is; nothing where it ends on its way.
    pub fn findings(&self) -> Vec<WhyFinding> {
        let parts = self.weights_log10().zip(self.slopes_log10());
        let (Some(measured), Some((weights, slopes))) = (self.measured_log10, parts) else {
            return Vec::new();
        };
        let steps = self.steps.len();
        let (weights, slopes) = (weights / steps as f64, slopes / steps as f64);
        vec![WhyFinding::Product { steps, weights, slopes, measured }, blame(weights, slopes)]
    }
}

/// Of log10 of the mean weight gain and slope factor of a step.
fn blame(weights: f64, slopes: f64) -> WhyFinding {
    let total = weights + slopes;
    if total.abs() < SLIGHT {
        let against = weights.abs() >= SLIGHT;
        return WhyFinding::Blame { grows: None, cause: Cause::Both, against };
    }
    let [weights, slopes] = [weights, slopes].map(|part| part * total.signum());
    let cause = match (weights >= SLIGHT, slopes >= SLIGHT) {
        (true, false) => Cause::Weights,
        (false, true) => Cause::Slopes,
        _ => Cause::Both,
    };
    let against = weights.min(slopes) <= -SLIGHT;
    WhyFinding::Blame { grows: Some(total > 0.0), cause, against }
}

impl BackwardFactors {
    /// What the step from layer `layer` + 1 to `layer` does; nothing where there is no such step.
    pub fn step(&self, layer: usize) -> Option<WhyFinding> {
        let step = self.factors.steps.get(layer.checked_sub(1)?)?;
        Some(WhyFinding::Step(*step, self.experiment.architecture.batch))
    }
}

impl JacobianSpectrum {
    /// What the way from the top to a layer can do to a signal; `layer` past the ends is the
    /// nearest end.
    pub fn findings(&self, layer: usize) -> Vec<WhyFinding> {
        let at = &self.layers[layer.clamp(1, self.top) - 1];
        if at.layer == self.top {
            return vec![WhyFinding::Identity { layer: self.top }];
        }
        let of = self.layers[self.top - 1].log10.len();
        let directions = of - at.log10.len();
        let smallest = if directions == 0 { at.smallest() } else { None };
        let span =
            WhyFinding::Span { top: self.top, layer: at.layer, largest: at.largest(), smallest };
        let mut found = vec![span];
        if directions > 0 {
            let way = self.layers[at.layer - 1..self.top].iter().rev();
            let causes = way.filter_map(|l| Some(Cut { layer: l.layer, by: l.cut? })).collect();
            found.push(WhyFinding::Lost { directions, of, causes });
        }
        if at.relative_error > UNTRUSTED {
            found.push(WhyFinding::Untrusted);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blame_goes_to_the_factor_that_does_it() {
        let blamed = |weights, slopes| match blame(weights, slopes) {
            WhyFinding::Blame { grows, cause, against } => (grows, cause, against),
            other => panic!("{other:?}"),
        };
        assert_eq!(blamed(-0.07, 0.16), (Some(true), Cause::Slopes, true)); // SELU
        assert_eq!(blamed(0.3, -0.1), (Some(true), Cause::Weights, true));
        assert_eq!(blamed(0.3, 0.1), (Some(true), Cause::Both, false));
        assert_eq!(blamed(0.01, -0.6), (Some(false), Cause::Slopes, false));
        assert_eq!(blamed(0.2, -0.6), (Some(false), Cause::Slopes, true));
        assert_eq!(blamed(-0.2, -0.6), (Some(false), Cause::Both, false));
        assert_eq!(blamed(0.3, -0.3), (None, Cause::Both, true));
        assert_eq!(blamed(0.0, 0.001), (None, Cause::Both, false));
    }
}
