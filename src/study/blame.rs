//! What is found when a backward pass is taken apart: which factor shrinks or grows the signal,
//! and which directions the Jacobian loses, and why.

use std::ops::RangeInclusive;

use crate::engine::Scaled;

use super::{BackwardFactors, Cut, Factor, Factors, JacobianSpectrum};

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
        /// Of the normalizations' factors, where there are any.
        norms: Option<f64>,
        /// Of the skips' factors, where there are any.
        skips: Option<f64>,
        /// log10 ‖δ^(1)‖/‖δ^(L)‖ as measured, of all steps together.
        measured: f64,
    },
    /// What makes the signal shrink or grow.
    Blame {
        /// Whether it grows, or nothing where it keeps its size.
        grows: Option<bool>,
        /// What does it; all parts where it keeps its size.
        by: Vec<Cause>,
        /// What works against it; where it keeps its size, all parts that change it.
        against: Vec<Cause>,
        /// What does neither.
        idle: Vec<Cause>,
    },
    /// What one step's layer does.
    Step(Factor, usize),
    /// What the one W of tied layers does at the most.
    Tied {
        /// The layers to which its steps lead.
        steps: RangeInclusive<usize>,
        /// σ_max(W), or a bound of it.
        norm: f64,
        /// log10 ρ(W); none where that is 0, or not computed.
        radius: Option<f64>,
        /// sup|φ′|.
        steepest: f64,
    },
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
    /// The signals are those of all examples together.
    Coupled {
        /// B.
        examples: usize,
    },
    /// What goes along the skip, round a layer's z, is not in the singular values.
    Bypassed {
        /// The layer where the signal starts.
        top: usize,
    },
}

/// Which factor of a step back it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The weight gain.
    Weights,
    /// The slope factor.
    Slopes,
    /// The normalization.
    Normalization,
    /// The skip.
    Skip,
}

impl Cause {
    /// Every one, in the order of [`Factor`]'s fields.
    pub const ALL: [Self; 4] = [Self::Weights, Self::Slopes, Self::Normalization, Self::Skip];
}

impl Factor {
    /// The factor of one cause; none where there is none of it, or nothing comes to it.
    pub fn of(&self, cause: Cause) -> Option<Scaled> {
        match cause {
            Cause::Weights => self.weight_gain,
            Cause::Slopes => self.slope_factor,
            Cause::Normalization => self.norm_factor,
            Cause::Skip => self.skip_factor,
        }
    }
}

impl Factors {
    /// Σ log10 of one cause's factors alone; none where a step has none of it, or a true zero.
    pub fn log10_of(&self, cause: Cause) -> Option<f64> {
        self.steps.iter().map(|step| step.of(cause)?.log10()).sum()
    }

    /// Which factor makes the signal what it is; nothing where it ends on its way, or only a skip
    /// leads on.
    pub fn findings(&self) -> Vec<WhyFinding> {
        let mean = |cause| self.log10_of(cause).map(|sum| sum / self.steps.len() as f64);
        let [weights, slopes, norms, skips] = Cause::ALL.map(mean);
        let broken = self.steps.iter().any(|step| step.is_skip_alone);
        let (Some(measured), Some(weights), Some(slopes), false) =
            (self.measured_log10, weights, slopes, broken)
        else {
            return Vec::new();
        };
        let all = Cause::ALL.into_iter().zip([Some(weights), Some(slopes), norms, skips]);
        let parts: Vec<(Cause, f64)> =
            all.filter_map(|(cause, log10)| Some((cause, log10?))).collect();
        let steps = self.steps.len();
        let product = WhyFinding::Product { steps, weights, slopes, norms, skips, measured };
        vec![product, blame(&parts)]
    }
}

/// Of log10 of the mean factors of a step.
fn blame(parts: &[(Cause, f64)]) -> WhyFinding {
    let total: f64 = parts.iter().map(|(_, log10)| log10).sum();
    let those = |is: &dyn Fn(f64) -> bool| -> Vec<Cause> {
        parts.iter().filter(|(_, log10)| is(*log10)).map(|(part, _)| *part).collect()
    };
    if total.abs() < SLIGHT {
        let (by, against) = (those(&|_| true), those(&|log10| log10.abs() >= SLIGHT));
        return WhyFinding::Blame { grows: None, by, against, idle: Vec::new() };
    }
    let sign = total.signum();
    let by = those(&|log10| log10 * sign >= SLIGHT);
    let by = if by.is_empty() { those(&|log10| log10 * sign > 0.0) } else { by };
    let against = those(&|log10| log10 * sign <= -SLIGHT);
    let parts = parts.iter().map(|(part, _)| *part);
    let idle = parts.filter(|part| !by.contains(part) && !against.contains(part)).collect();
    WhyFinding::Blame { grows: Some(total > 0.0), by, against, idle }
}

impl BackwardFactors {
    /// What the W of tied layers says; nothing where there is none.
    pub fn of_tied_weights(&self) -> Option<WhyFinding> {
        let tied = self.tied.as_ref()?;
        Some(WhyFinding::Tied {
            steps: tied.steps.clone(),
            norm: tied.spectral_norm.value(),
            radius: tied.spectral_radius.and_then(Scaled::log10),
            steepest: tied.steepest,
        })
    }

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
            found.push(WhyFinding::Lost { directions, of, causes: at.cuts.clone() });
        }
        if at.relative_error > UNTRUSTED {
            found.push(WhyFinding::Untrusted);
        }
        found.extend(self.coupled.map(|examples| WhyFinding::Coupled { examples }));
        found.extend(self.is_bypassed.then_some(WhyFinding::Bypassed { top: self.top }));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blame_goes_to_the_factor_that_does_it() {
        use Cause::{Normalization, Skip, Slopes, Weights};
        let blamed = |parts: &[(Cause, f64)]| match blame(parts) {
            WhyFinding::Blame { grows, by, against, .. } => (grows, by, against),
            other => panic!("{other:?}"),
        };
        let two = |weights, slopes| blamed(&[(Weights, weights), (Slopes, slopes)]);
        assert_eq!(two(-0.07, 0.16), (Some(true), vec![Slopes], vec![Weights])); // SELU
        assert_eq!(two(0.3, -0.1), (Some(true), vec![Weights], vec![Slopes]));
        assert_eq!(two(0.3, 0.1), (Some(true), vec![Weights, Slopes], vec![]));
        assert_eq!(two(0.011, 0.011), (Some(true), vec![Weights, Slopes], vec![]));
        assert_eq!(two(0.01, -0.6), (Some(false), vec![Slopes], vec![]));
        assert_eq!(two(0.2, -0.6), (Some(false), vec![Slopes], vec![Weights]));
        assert_eq!(two(-0.2, -0.6), (Some(false), vec![Weights, Slopes], vec![]));
        assert_eq!(two(0.3, -0.3), (None, vec![Weights, Slopes], vec![Weights, Slopes]));
        assert_eq!(two(0.0, 0.001), (None, vec![Weights, Slopes], vec![]));
        let four = [(Weights, 0.1), (Slopes, -0.2), (Normalization, 0.0), (Skip, 0.5)];
        assert_eq!(blamed(&four), (Some(true), vec![Weights, Skip], vec![Slopes]));
    }
}
