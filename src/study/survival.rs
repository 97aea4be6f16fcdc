//! How often an error signal dies at finite width because no unit of a layer lets it pass.

use crate::experiment::{Experiment, Variant};

use super::finite_width::{Footing, is_symmetric};
use super::theory::LayerPrediction;

/// How often some signal comes through the hidden layers of ReLU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Survival {
    /// The probability that no hidden layer has all of its units inactive for an example: else
    /// δ is a true zero in that layer and below.
    pub probability: f64,
    /// The first layer with less than one unit expected active, or else the one with the fewest.
    pub layer: usize,
    /// How many that are.
    pub active: f64,
    /// Exact where a unit is active in half of all draws, independently of the others.
    pub footing: Footing,
}

/// Π (1 − (1 − p_l)^{n_l}) over the hidden layers whose slope can be exactly 0, of n_l units, each active
/// with probability p_l = E φ′²; nothing where there are none, and where weights are 0: then no
/// signal passes at all, whatever is active.
///
/// Exact where weights and biases are symmetric about 0: then every sign of a layer's z is a fair
/// coin, p_l = ½. Elsewhere the units of a layer count as independent and its q as sharp.
pub(super) fn survival(
    experiment: &Experiment,
    variant: &Variant,
    layers: &[LayerPrediction],
) -> Option<Survival> {
    let relu =
        |layer: &&LayerPrediction| experiment.activation_of(variant, layer.layer).switches_off();
    let passes = |layer: &LayerPrediction| layer.ratio != Some(0.0) || layer.slope_square == 0.0;
    let below = &layers[..layers.len() - 1];
    if !below.iter().all(passes) {
        return None;
    }
    let hidden = || below.iter().filter(relu);
    let dead = |layer: &LayerPrediction| {
        libm::exp(layer.fan_out as f64 * libm::log1p(-layer.slope_square))
    };
    let expected = |layer: &LayerPrediction| layer.fan_out as f64 * layer.slope_square;
    let starved = hidden().find(|layer| expected(layer) < 1.0);
    let least = hidden().min_by(|a, b| expected(a).total_cmp(&expected(b)));
    let starved = starved.or(least)?;
    let exact = experiment.architecture.batch == 1
        && hidden().all(|layer| is_symmetric(variant, layer.layer));
    Some(Survival {
        probability: hidden().map(|layer| 1.0 - dead(layer)).product(),
        layer: starved.layer,
        active: expected(starved),
        footing: if exact { Footing::Exact } else { Footing::Heuristic },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Activation, Init, LeakyRelu, Scheme};
    use crate::study::predict;

    #[test]
    fn every_sign_is_a_fair_coin() {
        let mut experiment = Experiment::default();
        experiment.architecture.hidden = Some(vec![2, 3]);
        let relu = Variant::of(Activation::Relu);
        let of = |variant: &Variant| {
            let layers = predict(&experiment, variant).expect("random weights").layers;
            survival(&experiment, variant, &layers)
        };
        let found = of(&relu).expect("ReLU");
        assert!((found.probability - 0.75 * 0.875).abs() < 1e-12);
        assert_eq!((found.layer, found.footing), (1, Footing::Exact));
        let bias = Init { value: Some(-1.0), ..Init::of(Scheme::Constant) };
        let shifted = of(&Variant { bias, ..relu.clone() }).expect("ReLU");
        assert!(shifted.probability < found.probability);
        assert_eq!(shifted.footing, Footing::Heuristic);
        assert_eq!(of(&Variant::of(Activation::LeakyRelu(LeakyRelu::DEFAULT))), None);
        // Units are active by their biases, and still nothing comes through.
        let bias = Init { bound: Some(1.0), ..Init::of(Scheme::Uniform) };
        assert_eq!(of(&Variant { init: Init::of(Scheme::Zeros), bias, ..relu.clone() }), None);
    }
}
