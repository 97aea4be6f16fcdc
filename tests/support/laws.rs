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

/// Φ⁻¹(1 − level/2): how many standard errors are significant at a level.
fn standard_errors(level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..60 {
        let middle: f64 = 0.5 * (low + high);
        let beyond = libm::erfc(middle * std::f64::consts::FRAC_1_SQRT_2);
        if beyond > level { low = middle } else { high = middle }
    }
    high
}

/// Parts of a sample whose correlations are compared.
const PARTS: usize = 50;

/// Fisher's z of the rank correlation of the first layer with the last, of each part of the seeds.
///
/// Of ranks, and with errors from the parts themselves: a network in which hardly a unit is active
/// lies so far from the others in all layers that Fisher's standard error of Pearson's correlation,
/// 1/√n, is 2.3 times too small (eight samples of 3,000 RMS-normalized ReLU networks drawn by one
/// engine differed by that).
fn joint(layers: &[Vec<f64>]) -> Vec<f64> {
    let (first, last) = (&layers[0], &layers[layers.len() - 1]);
    let part = first.len() / PARTS;
    let parts = first.chunks_exact(part).zip(last.chunks_exact(part)).take(PARTS);
    parts.map(|(first, last)| correlation_of_ranks(first, last).atanh()).collect()
}

fn correlation_of_ranks(a: &[f64], b: &[f64]) -> f64 {
    let kept = (0..a.len()).filter(|&i| a[i].is_finite() && b[i].is_finite());
    let kept: Vec<usize> = kept.collect();
    let ranks = |numbers: &[f64]| {
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by(|&i, &j| numbers[kept[i]].total_cmp(&numbers[kept[j]]));
        let mut ranks = vec![0.0; kept.len()];
        order.iter().enumerate().for_each(|(rank, &i)| ranks[i] = rank as f64);
        ranks
    };
    correlation(&ranks(a), &ranks(b))
}

/// The difference of two means over its standard error, and how many standard errors are significant
/// where the normal distribution has `errors`: Student's t, z + (z³ + z)/4ν.
fn means_apart(a: &[f64], b: &[f64], errors: f64) -> f64 {
    let moments = |numbers: &[f64]| {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let squares: f64 = numbers.iter().map(|n| (n - mean).powi(2)).sum();
        (mean, squares / (numbers.len() - 1) as f64 / numbers.len() as f64)
    };
    let ((mean_a, error_a), (mean_b, error_b)) = (moments(a), moments(b));
    let freedom = (a.len() + b.len() - 2) as f64;
    let limit = errors + (errors.powi(3) + errors) / (4.0 * freedom);
    (mean_a - mean_b).abs() / ((error_a + error_b).sqrt() * limit)
}

/// How far two samples of as many seeds differ, each in units of what is significant at a level:
/// every layer's Kolmogorov–Smirnov distance and share of true zeros, and the correlation of the
/// first layer with the last.
pub fn differences(direct: &[Vec<f64>], in_law: &[Vec<f64>], level: f64) -> Vec<f64> {
    let (seeds, errors) = (direct[0].len() as f64, standard_errors(level));
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
    differences.push(means_apart(&joint(direct), &joint(in_law), errors));
    differences
}
