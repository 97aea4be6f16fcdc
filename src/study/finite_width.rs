//! How far one network strays from the wide layers' prediction: the mean and the variance of
//! ln ‖δ‖² from step to step (Hanin 2018, *Which neural net architectures give rise to
//! exploding and vanishing gradients?*; Hanin & Nica 2019, *Products of many large random
//! matrices and gradients in deep neural networks*).

use std::f64::consts::{LN_2, LN_10};

use serde::Serialize;

use crate::engine::special::{digamma, trigamma};
use crate::experiment::{Activation, Experiment, UnitLaw, Variant};

use super::theory::{LayerPrediction, TheoryError, predict, variance};

/// How sure a [`StepLaw`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Footing {
    /// The exact mean and variance at this width.
    Exact,
    /// An estimate from mean-field moments: the slopes of a layer count as independent, its q
    /// as sharp, δ as independent of the weights, and the step as lognormal.
    Heuristic,
}

/// One step back, ‖δ^(l)‖² = R ‖δ^(l+1)‖².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLaw {
    /// E ln R, given that R is not zero.
    pub mean_ln: f64,
    /// Var ln R, given the same.
    pub var_ln: f64,
    /// Exact or estimated.
    pub footing: Footing,
}

/// What is expected of log10 ‖δ^(l)‖ − log10 ‖δ^(L)‖, given that neither is zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerBand {
    /// l, from 1.
    pub layer: usize,
    /// Its mean, k E ln R/(2 ln 10) after k like steps.
    pub mean_log10: f64,
    /// Its standard deviation, √(k Var ln R)/(2 ln 10) after k like steps.
    pub std_log10: f64,
    /// Heuristic where any step is.
    pub footing: Footing,
}

/// R = s² χ²_K with K ~ Bin(n, ½): ReLU, n units below, normal weights of variance s².
///
/// Given K ≥ 1, E ln R = ln(2 s²) + E ψ(K/2) and Var ln R = E ψ₁(K/2) + Var ψ(K/2), exact up
/// to rounding (about 10⁻¹¹ at 4096 units). That K is binomial and independent from step to
/// step takes weights symmetric about 0 and δ^(L) independent of them, or a single output.
///
/// ```
/// use gradient_lab::study::relu_step;
/// let he = relu_step(20, 2.0 / 20.0);
/// assert_eq!(format!("{:.4} {:.4}", he.mean_ln, he.var_ln), "-0.1372 0.3118");
/// ```
pub fn relu_step(units: usize, weight_variance: f64) -> StepLaw {
    let (mut weight, mut mean, mut square, mut inner) = (0.0, 0.0, 0.0, 0.0);
    for active in 1..=units {
        let p = half_binomial(units, active);
        let half = 0.5 * active as f64;
        let psi = digamma(half);
        weight += p;
        mean += p * psi;
        square += p * psi * psi;
        inner += p * trigamma(half);
    }
    let mean = mean / weight;
    StepLaw {
        mean_ln: libm::log(2.0 * weight_variance) + mean,
        var_ln: inner / weight + (square / weight - mean * mean).max(0.0),
        footing: Footing::Exact,
    }
}

/// R = s² χ²_n: linear units, n below, normal weights of variance s². E ln R = ln(2 s²) + ψ(n/2)
/// and Var ln R = ψ₁(n/2).
pub fn linear_step(units: usize, weight_variance: f64) -> StepLaw {
    let half = 0.5 * units as f64;
    StepLaw {
        mean_ln: libm::log(2.0 * weight_variance) + digamma(half),
        var_ln: trigamma(half),
        footing: Footing::Exact,
    }
}

/// P(K = k) for K ~ Bin(n, ½).
fn half_binomial(n: usize, k: usize) -> f64 {
    let ln_factorial = |m: usize| libm::lgamma(m as f64 + 1.0);
    libm::exp(ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k) - n as f64 * LN_2)
}

/// Var R/(E R)² of that R.
pub(super) fn relative_variance(layer: &LayerPrediction) -> f64 {
    let square = layer.slope_square;
    (3.0 * layer.slope_fourth / (square * square) - 1.0) / layer.fan_out as f64
}

/// R = s² Σ_j φ′(z_j)² h_j² with independent h_j ~ N(0, 1): the relative variance is
/// (3 E φ′⁴/(E φ′²)² − 1)/n, and a lognormal R has Var ln R = ln(1 + that).
fn heuristic_step(layer: &LayerPrediction, weight_variance: f64) -> StepLaw {
    let units = layer.fan_out as f64;
    let square = layer.slope_square;
    let var_ln = libm::log1p(relative_variance(layer).max(0.0));
    StepLaw {
        mean_ln: libm::log(units * weight_variance * square) - 0.5 * var_ln,
        var_ln,
        footing: Footing::Heuristic,
    }
}

/// The mean and the spread of every layer's log10 ‖δ^(l)‖/‖δ^(L)‖ for l = 1…L.
///
/// Exact for normal weights, one output, and hidden layers each of which is linear or is ReLU with
/// no bias or one symmetric about 0; a heuristic for everything else. Steps count as independent,
/// so that their variances add.
///
/// # Errors
/// [`TheoryError`] as for [`predict`].
pub fn band(experiment: &Experiment, variant: &Variant) -> Result<Vec<LayerBand>, TheoryError> {
    let layers = predict(experiment, variant)?.layers;
    let exact = is_exact(experiment, variant);
    let (mut mean_ln, mut var_ln, mut footing) = (0.0, 0.0, Footing::Exact);
    let mut bands = Vec::with_capacity(layers.len());
    let mut known: Option<(LayerPrediction, (Activation, f64), StepLaw)> = None;
    for (index, layer) in layers.iter().enumerate().rev() {
        if let Some(above) = layers.get(index + 1) {
            let variance = variance(variant, above);
            let activation = experiment.activation_of(variant, layer.layer);
            let asked = (activation, variance);
            let step = match known {
                Some((like, known, step)) if known == asked && is_like(&like, layer) => step,
                _ => step(activation, exact, layer, variance),
            };
            known = Some((*layer, asked, step));
            mean_ln += step.mean_ln;
            var_ln += step.var_ln;
            footing = if step.footing == Footing::Exact { footing } else { Footing::Heuristic };
        }
        bands.push(LayerBand {
            layer: layer.layer,
            mean_log10: mean_ln / (2.0 * LN_10),
            std_log10: f64::sqrt(var_ln) / (2.0 * LN_10),
            footing,
        });
    }
    bands.reverse();
    Ok(bands)
}

/// Whether weights and biases of a layer are as likely as their negatives.
pub(super) fn is_symmetric(variant: &Variant, layer: usize) -> bool {
    let bias = variant.bias_of(layer);
    bias.unit_law().is_random() || bias.scale(1, 1) == 0.0
}

/// Whether every step has its exact law. Linear and ReLU layers may take turns: with random signs
/// for the units of the ReLU layers, on either side of their weights and on their biases, which
/// changes no law, which units are active is independent of the weights.
pub(super) fn is_exact(experiment: &Experiment, variant: &Variant) -> bool {
    let normal = |l| variant.init_of(l).unit_law() == UnitLaw::Normal;
    let known = |l| match experiment.activation_of(variant, l).lines() {
        Some((1.0, 1.0)) => true,
        Some((0.0, 1.0)) => is_symmetric(variant, l),
        _ => false,
    };
    let layers = experiment.layers();
    experiment.architecture.output == 1
        && experiment.architecture.batch == 1
        && (1..=layers).all(normal)
        && (1..layers).all(known)
}

/// Whether two layers take the same step, so that a deep net's are computed once.
fn is_like(a: &LayerPrediction, b: &LayerPrediction) -> bool {
    (a.fan_out, a.slope_square, a.slope_fourth) == (b.fan_out, b.slope_square, b.slope_fourth)
}

fn step(
    activation: Activation,
    exact: bool,
    layer: &LayerPrediction,
    weight_variance: f64,
) -> StepLaw {
    match activation.lines() {
        Some((0.0, 1.0)) if exact => relu_step(layer.fan_out, weight_variance),
        Some((1.0, 1.0)) if exact => linear_step(layer.fan_out, weight_variance),
        _ => heuristic_step(layer, weight_variance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Draws, Init, Scheme};
    use crate::study::{Engine, Sampler};

    #[test]
    fn the_reference_table() {
        for (n, mean, variance) in
            [(20, "-0.1372", "0.3118"), (50, "-0.0517", "0.1082"), (100, "-0.0254", "0.0519")]
        {
            let step = relu_step(n, 2.0 / n as f64);
            assert_eq!(format!("{:.4}", step.mean_ln), mean);
            assert_eq!(format!("{:.4}", step.var_ln), variance);
        }
        let one = relu_step(1, 1.0);
        assert!((one.mean_ln - (LN_2 + digamma(0.5))).abs() < 1e-14);
        assert!((one.var_ln - trigamma(0.5)).abs() < 1e-13);
    }

    #[test]
    fn wide_layers_do_not_stray() {
        let he = relu_step(4096, 2.0 / 4096.0);
        let heuristic = 5.0 / 4096.0;
        assert!((he.var_ln / heuristic - 1.0).abs() < 2e-3, "{}", he.var_ln);
        assert!((he.mean_ln / (-0.5 * heuristic) - 1.0).abs() < 2e-3, "{}", he.mean_ln);
    }

    fn deep(variant: Variant, width: usize) -> Experiment {
        let mut experiment = Experiment {
            draws: Draws::Layered,
            variants: vec![Variant { output_activation: Some(Activation::Linear), ..variant }],
            ..Experiment::default()
        };
        (experiment.architecture.depth, experiment.architecture.width) = (8, width);
        experiment
    }

    /// Mean and variance with their standard errors.
    fn moments(numbers: &[f64]) -> [(f64, f64); 2] {
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let central = |k| numbers.iter().map(|x| (x - mean).powi(k)).sum::<f64>() / n;
        let variance = central(2);
        [(mean, (variance / n).sqrt()), (variance, ((central(4) - variance * variance) / n).sqrt())]
    }

    /// log10 ‖δ^(l)‖/‖δ^(L)‖ of drawn networks that live.
    fn measured(experiment: &Experiment, seeds: u64) -> Vec<Vec<f64>> {
        let mut sampler = Sampler::new(experiment, Some(Engine::Direct)).expect("any scheme");
        let mut layers = vec![Vec::new(); experiment.layers()];
        for seed in 0..seeds {
            let norms = sampler.sample(seed, &|| true).expect("not stopped");
            let logs: Option<Vec<f64>> = norms.iter().map(|norm| norm.log10()).collect();
            let Some(logs) = logs else { continue };
            for (layer, log) in layers.iter_mut().zip(&logs) {
                layer.push(log - logs[logs.len() - 1]);
            }
        }
        layers
    }

    /// Single steps and whole bands of drawn weights, mean and variance, within 3 standard
    /// errors.
    fn check_against_networks(variant: Variant, seeds: u64) {
        let experiment = deep(variant, 20);
        let variant = &experiment.variants[0];
        let bands = band(&experiment, variant).expect("random weights");
        let layers = measured(&experiment, seeds);
        assert!(layers[0].len() as u64 > seeds * 9 / 10);
        for (band, layer) in bands.iter().zip(&layers).take(experiment.layers() - 1) {
            assert_eq!(band.footing, Footing::Exact);
            let [(mean, mean_error), (variance, variance_error)] = moments(layer);
            let off = (mean - band.mean_log10) / mean_error;
            assert!(off.abs() < 3.0, "layer {}: mean {off} off", band.layer);
            let off = (variance - band.std_log10.powi(2)) / variance_error;
            assert!(off.abs() < 3.0, "layer {}: variance {off} off", band.layer);
        }
        let steps: Vec<f64> = (0..7)
            .flat_map(|l| layers[l].iter().zip(&layers[l + 1]))
            .map(|(below, above)| 2.0 * LN_10 * (below - above))
            .collect();
        let law = match variant.activation {
            Activation::Relu => relu_step(20, 0.1),
            _ => linear_step(20, 0.1),
        };
        let [(mean, mean_error), (variance, variance_error)] = moments(&steps);
        assert!((mean - law.mean_ln).abs() < 3.0 * mean_error, "{mean} {}", law.mean_ln);
        assert!((variance - law.var_ln).abs() < 3.0 * variance_error, "{variance} {}", law.var_ln);
    }

    #[test]
    fn networks_stray_as_predicted() {
        let he = Init::of(Scheme::HeNormal);
        let bias = Init { std: Some(0.3), ..Init::of(Scheme::Normal) };
        check_against_networks(Variant { init: he, ..Variant::of(Activation::Relu) }, 3000);
        check_against_networks(Variant { init: he, bias, ..Variant::of(Activation::Relu) }, 3000);
        check_against_networks(Variant { init: he, ..Variant::of(Activation::Linear) }, 1500);
    }

    #[test]
    fn the_heuristic_is_near_and_says_what_it_is() {
        for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Selu] {
            let experiment = deep(Variant::of(activation), 100);
            let bands = band(&experiment, &experiment.variants[0]).expect("random weights");
            assert_eq!(bands[0].footing, Footing::Heuristic);
            let layers = measured(&experiment, 300);
            let [(mean, _), (variance, _)] = moments(&layers[0]);
            assert!((mean - bands[0].mean_log10).abs() < 0.05, "{activation:?}: {mean}");
            let share = variance.sqrt() / bands[0].std_log10;
            assert!((0.7..1.4).contains(&share), "{activation:?}: {share}");
        }
    }
}
