//! What the theory finds of a variant: claims in numbers, from which every sentence is made.

use serde::Serialize;

use crate::experiment::Activation;

use super::theory_study::{Limit, VariantTheory};
use super::{FixedPoint, Footing, LayerTheory, NoSpread, NormalizedLimit, Phase, TheoryError};

/// Dead networks among all from which on they are worth a word.
const DEAD: f64 = 1e-3;
/// log10 of the factor within which a norm counts as kept.
const A_DECADE: f64 = 1.0;

/// One claim of the theory. Decades are of ‖δ‖, to base 10.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TheoryFinding {
    /// The variant is none that the theory speaks of.
    NoTheory {
        /// Why not.
        #[serde(serialize_with = "in_words")]
        reason: TheoryError,
    },
    /// What a step back does in wide normalized layers.
    Normalized {
        /// It.
        limit: NormalizedLimit,
    },
    /// Nothing repeats, so that nothing settles.
    NoLimit,
    /// Deep in infinitely wide layers, started from this input.
    Limit {
        /// σ_w².
        weight_variance: f64,
        /// The constant part of the biases.
        bias_mean: f64,
        /// σ_b², the biases' variance from unit to unit.
        bias_variance: f64,
        /// Where E z² settles.
        #[serde(skip)]
        fixed_point: FixedPoint,
        /// What one step back multiplies ‖δ‖² by.
        chi: f64,
        /// χ against 1.
        #[serde(skip)]
        phase: Phase,
        /// |ξ|, layers in which ‖δ‖² changes by a factor e; infinite at χ = 1.
        depth_scale: f64,
        /// 6ξ in the ordered phase.
        trainable_depth: Option<f64>,
    },
    /// Where inputs settle depends on their size.
    Basins {
        /// E z² of layer 1 for this input, or for the examples' mean.
        first_q: f64,
        /// The E z² of layer 1 that parts the two.
        boundary: f64,
        /// Where this input settles.
        #[serde(skip)]
        here: FixedPoint,
        /// Where inputs beyond the boundary settle.
        #[serde(skip)]
        there: FixedPoint,
        /// χ there.
        chi_there: f64,
        /// Given examples beyond the boundary.
        examples_beyond: usize,
        /// Given examples, or 1.
        examples: usize,
    },
    /// The smallest σ_w² with χ = 1, all else as it is.
    Critical {
        /// φ.
        activation: Activation,
        /// It; nothing where χ = 1 is not reached without a jump.
        weight_variance: Option<f64>,
        /// The variant's σ_w² over it.
        times: Option<f64>,
    },
    /// What to expect at this width and depth, from the last hidden layer back to the first.
    AtThisSize {
        /// Units of the narrowest hidden layer.
        width: usize,
        /// Hidden layers less one.
        steps: usize,
        /// The change of log10 √E‖δ‖², as wide layers of this depth have it.
        wide_log10: f64,
        /// The mean change of log10 ‖δ‖ over networks of this width whose δ is not zero.
        mean_log10: f64,
        /// Its standard deviation from network to network.
        std_log10: f64,
        /// Steps after which that mean has left a decade, if it does.
        leaves_a_decade_after: Option<usize>,
        /// Exact or estimated.
        footing: Footing,
    },
    /// No formula says how far networks of this width stray from the limit.
    NoSpread {
        /// Units of the narrowest hidden layer.
        width: usize,
        /// The change of log10 √E‖δ‖² over the hidden layers, as wide layers have it.
        wide_log10: f64,
        /// Why not.
        reason: NoSpread,
    },
    /// In some networks no signal reaches layer 1 at all.
    Silence {
        /// The share of networks in which it does, for one example.
        survival: f64,
        /// The layer with the fewest active units.
        layer: usize,
        /// How many of them are expected active.
        active: f64,
        /// How many units it has.
        units: usize,
        /// Exact or estimated.
        footing: Footing,
    },
}

fn in_words<S: serde::Serializer>(reason: &TheoryError, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(reason)
}

impl VariantTheory {
    /// All that the theory claims of the variant, the limit first.
    pub fn findings(&self) -> Vec<TheoryFinding> {
        let layers = match &self.layers {
            Ok(layers) => layers,
            Err(reason) => {
                let no_theory = TheoryFinding::NoTheory { reason: *reason };
                let normalized = self.normalized.map(|limit| TheoryFinding::Normalized { limit });
                return vec![normalized.unwrap_or(no_theory)];
            }
        };
        let mut findings = match &self.limit {
            Some(limit) => of_limit(limit),
            None => vec![TheoryFinding::NoLimit],
        };
        findings.extend(at_this_size(layers));
        findings.extend(silence(layers));
        findings
    }
}

fn of_limit(limit: &Limit) -> Vec<TheoryFinding> {
    let field = &limit.field;
    let mut findings = vec![TheoryFinding::Limit {
        weight_variance: field.weight_variance,
        bias_mean: field.bias.mean,
        bias_variance: field.bias.spread(),
        fixed_point: limit.fixed_point,
        chi: limit.chi,
        phase: limit.phase,
        depth_scale: limit.depth_scale.abs(),
        trainable_depth: limit.trainable_depth,
    }];
    findings.extend(limit.basins.map(|basins| TheoryFinding::Basins {
        first_q: field.first_q(),
        boundary: basins.other.boundary,
        here: limit.fixed_point,
        there: basins.other.fixed_point,
        chi_there: basins.other.chi,
        examples_beyond: basins.examples_beyond,
        examples: basins.examples,
    }));
    findings.extend(limit.critical.as_ref().map(|line| TheoryFinding::Critical {
        activation: field.activation,
        weight_variance: line.weight_variance,
        times: line.weight_variance.map(|critical| field.weight_variance / critical),
    }));
    findings
}

/// From the last hidden layer to the first; nothing for one hidden layer.
fn at_this_size(layers: &LayerTheory) -> Option<TheoryFinding> {
    let hidden = layers.prediction.layers.len() - 1;
    let steps = hidden - 1;
    let width = layers.prediction.layers[..hidden].iter().map(|layer| layer.fan_out).min()?;
    let ratios = layers.prediction.layers[..steps].iter().filter_map(|layer| layer.ratio);
    let wide_log10: f64 = ratios.map(libm::log10).sum();
    if steps == 0 {
        return None;
    }
    if let Some(reason) = layers.no_spread {
        return Some(TheoryFinding::NoSpread { width, wide_log10, reason });
    }
    let (first, last) = (layers.bands.first()?, &layers.bands[hidden - 1]);
    let change = |layer: usize| layers.bands[layer - 1].mean_log10 - last.mean_log10;
    let left = (1..hidden).rev().find(|&layer| change(layer).abs() > A_DECADE);
    Some(TheoryFinding::AtThisSize {
        width,
        steps,
        wide_log10,
        mean_log10: change(1),
        std_log10: (first.std_log10.powi(2) - last.std_log10.powi(2)).max(0.0).sqrt(),
        leaves_a_decade_after: left.map(|layer| hidden - layer),
        footing: first.footing,
    })
}

fn silence(layers: &LayerTheory) -> Option<TheoryFinding> {
    let survival = layers.survival.filter(|survival| survival.probability < 1.0 - DEAD)?;
    Some(TheoryFinding::Silence {
        survival: survival.probability,
        layer: survival.layer,
        active: survival.active,
        units: layers.prediction.layers[survival.layer - 1].fan_out,
        footing: survival.footing,
    })
}
