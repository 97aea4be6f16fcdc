//! Whether two samples of log10 norms come from one law.

use gradient_lab::experiment::Experiment;
use gradient_lab::study::{Engine, Sampler};

/// log10 ‖δ^(l)‖ of every layer (outer) and seed (inner); −∞ for a true zero.
pub fn logarithms(
    experiment: &Experiment,
    engine: Engine,
    first: u64,
    seeds: u64,
) -> Vec<Vec<f64>> {
    let mut sampler = Sampler::new(experiment, Some(engine)).expect("it applies");
    let mut layers = vec![Vec::new(); experiment.layers()];
    for seed in first..first + seeds {
        let norms = sampler.sample(seed, &|| true).expect("not stopped");
        for (layer, norm) in layers.iter_mut().zip(norms) {
            layer.push(norm.log10().unwrap_or(f64::NEG_INFINITY));
        }
    }
    layers
}

/// What is not −∞, sorted.
pub fn without_zeros(numbers: &[f64]) -> Vec<f64> {
    let mut kept: Vec<f64> = numbers.iter().copied().filter(|n| n.is_finite()).collect();
    kept.sort_by(f64::total_cmp);
    kept
}

/// The largest distance between the empirical distribution functions of two sorted samples,
/// over the distance that is significant at `level`: √(−½ ln(level/2) (n + m)/(n m)).
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64], level: f64) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        while i < a.len() && a[i] <= at {
            i += 1;
        }
        while j < b.len() && b[j] <= at {
            j += 1;
        }
        distance = distance.max((i as f64 / n - j as f64 / m).abs());
    }
    distance / (-0.5 * (level / 2.0).ln() * (n + m) / (n * m)).sqrt()
}

/// Pearson's correlation of two samples, pairs with a −∞ left out.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let pairs: Vec<(f64, f64)> = a
        .iter()
        .zip(b)
        .filter(|(a, b)| a.is_finite() && b.is_finite())
        .map(|(&a, &b)| (a, b))
        .collect();
    let mean =
        |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / pairs.len() as f64;
    let (mean_a, mean_b) = (mean(&|p| p.0), mean(&|p| p.1));
    let covariance = mean(&|p| (p.0 - mean_a) * (p.1 - mean_b));
    covariance / (mean(&|p| (p.0 - mean_a).powi(2)) * mean(&|p| (p.1 - mean_b).powi(2))).sqrt()
}

/// How far two samples of as many seeds differ, each in units of what is allowed: every layer's
/// Kolmogorov–Smirnov distance at this level; the shares of true zeros and the correlation of the
/// first layer with the last (Fisher's z) in units of `errors` standard errors.
pub fn differences(direct: &[Vec<f64>], in_law: &[Vec<f64>], level: f64, errors: f64) -> Vec<f64> {
    let seeds = direct[0].len() as f64;
    let mut differences = Vec::new();
    for (direct, in_law) in direct.iter().zip(in_law) {
        let (a, b) = (without_zeros(direct), without_zeros(in_law));
        differences.push(kolmogorov_smirnov(&a, &b, level));
        let share = |kept: &[f64]| 1.0 - kept.len() as f64 / seeds;
        let pooled = 0.5 * (share(&a) + share(&b));
        let error = (2.0 * pooled * (1.0 - pooled) / seeds).sqrt();
        let off = (share(&a) - share(&b)).abs();
        differences.push(if off == 0.0 { 0.0 } else { off / (errors * error) });
    }
    let joint = |layers: &[Vec<f64>]| correlation(&layers[0], &layers[layers.len() - 1]);
    let error = (2.0 / without_zeros(&direct[0]).len() as f64).sqrt();
    differences.push((joint(direct).atanh() - joint(in_law).atanh()).abs() / (errors * error));
    differences
}
