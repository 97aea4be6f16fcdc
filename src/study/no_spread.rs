//! Where the lab cannot tell how far networks of finite width stray from the wide limit.

use std::f64::consts::LN_10;

use serde::Serialize;

use crate::experiment::{Activation, Experiment, UnitLaw, Variant};

use super::finite_width::{is_exact, relative_variance};
use super::theory::{LayerPrediction, wide_log10};

/// Why the estimate of how networks stray does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoSpread {
    /// Wide layers pass nothing back: slopes or weights are 0.
    NoSignal,
    /// The entries of orthogonal weights are not independent.
    Orthogonal,
    /// Some layers are set up unlike the others.
    MixedLayers,
    /// In some layer a few units decide: the relative variance of its step is above ½.
    FewUnits,
    /// In some networks all units of a layer lie on the flat side, where the slope is next to 0.
    ClosedLayer,
    /// The accident of a layer's q changes the whole by more than the estimate knows.
    Sensitive,
}

/// Var R/(E R)² of a step above which its estimate is worth little. Of 418 random networks of 4
/// to 200 units, those below had means within 1.3 of the estimated standard deviations.
const MOST_VARIANCE: f64 = 0.5;
/// E φ⁴/(E φ²)² − 1 of half-open units such as GELU: n times the relative variance of a layer's
/// E φ² at n units.
const FORWARD_VARIANCE: f64 = 5.0;
/// Networks with a closed layer among all from which on they spoil mean and spread.
const CLOSED: f64 = 1e-3;
/// Standard deviations of the first layer's q by which the input is moved to see what it does.
const MOVED_BY: f64 = 3.0;

/// Why the bands say nothing of this variant, where they do not.
pub(super) fn no_spread(
    experiment: &Experiment,
    variant: &Variant,
    layers: &[LayerPrediction],
    std_log10: f64,
) -> Option<NoSpread> {
    let hidden = &layers[..layers.len() - 1];
    let whole = hidden[..hidden.len() - 1].iter().filter_map(|layer| layer.ratio);
    let whole: f64 = whole.map(libm::log10).sum();
    let output_step = hidden[hidden.len() - 1].ratio;
    if !whole.is_finite() || output_step == Some(0.0) {
        return Some(NoSpread::NoSignal);
    }
    if is_exact(experiment, variant) {
        return None;
    }
    let last = layers.len();
    if (1..=last).any(|l| variant.init_of(l).unit_law() == UnitLaw::Orthogonal) {
        return Some(NoSpread::Orthogonal);
    }
    let output_weights = variant.exception(last).is_some_and(|own| own.init.is_some());
    if output_weights || !experiment.hidden_layers_are_alike(variant) {
        return Some(NoSpread::MixedLayers);
    }
    if hidden.iter().any(|layer| relative_variance(layer) > MOST_VARIANCE) {
        return Some(NoSpread::FewUnits);
    }
    if has_closed_layers(|l| experiment.activation_of(variant, l), hidden, std_log10) {
        return Some(NoSpread::ClosedLayer);
    }
    // The others' q is contracted from layer to layer, or scales freely.
    let activation = experiment.activation_of(variant, 1);
    if activation.is_bounded() || activation.is_piecewise_linear() {
        return None;
    }
    let narrowest = hidden.iter().map(|layer| layer.fan_out).min()?;
    let reach = MOVED_BY * (FORWARD_VARIANCE / narrowest as f64).sqrt();
    let is_far =
        |reach: f64| (wide_log10(experiment, variant, libm::exp(reach)) - whole).abs() > std_log10;
    (is_far(reach) || is_far(-reach)).then_some(NoSpread::Sensitive)
}

/// Whether often enough some layer has all of its n units on the flat side, each with probability
/// 1 − (E φ′²)²/E φ′⁴, and the slope there, at −√q, adds more to the variance of log10 ‖δ‖ than
/// the estimate has. Of a slope of exactly 0 there is [`survival`](super::survival).
fn has_closed_layers(
    activation: impl Fn(usize) -> Activation,
    hidden: &[LayerPrediction],
    std_log10: f64,
) -> bool {
    let mut sums = [0.0; 2];
    for layer in hidden.iter().filter(|layer| !activation(layer.layer).switches_off()) {
        let open = (layer.slope_square.powi(2) / layer.slope_fourth).min(1.0);
        let closed = libm::exp(layer.fan_out as f64 * libm::log1p(-open));
        let at = -layer.q.to_f64().min(f64::MAX).sqrt();
        let decades = activation(layer.layer).ln_derivative(at) / LN_10;
        sums = [sums[0] + closed, sums[1] + closed * decades * decades];
    }
    sums[0] > CLOSED && sums[1] > std_log10 * std_log10
}
