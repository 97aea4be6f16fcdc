//! How large the error of a softmax output is: the mean of Σ p² over random logits.

use crate::engine::Scaled;
use crate::engine::quadrature::{Law, integrate};

use super::moments::BiasLaw;

/// Standard deviations of a logit beyond which it adds nothing to ten digits.
const REACH: f64 = 9.0;
/// Below this many e-folds under the typical Σ e^z the integrand is rounding.
const FOLDS: f64 = 22.0;
/// Standard deviation of the logits beyond which one class has all of the probability.
const ONE_HOT: f64 = 1e10;

/// E Σ p_i² of p = softmax(z) with n independent logits of mean square `z_square`, to about 9
/// digits; a constant bias moves all logits alike and changes nothing.
///
/// With 1/S² = ∫₀^∞ t e^(−tS) dt for S = Σ e^z and t = e^s, it is
/// n ∫ E[e^(2y) exp(−e^y)] E[exp(−e^y)]^(n−1) ds, where y = z + s.
pub(super) fn softmax_square(outputs: usize, z_square: Scaled, bias: BiasLaw) -> f64 {
    let n = outputs as f64;
    let spread = (z_square.to_f64() - bias.mean * bias.mean).max(0.0);
    let uniform = bias.uniform;
    let std = (spread - uniform * uniform / 3.0).max(0.0).sqrt();
    let scale = std + uniform;
    if !scale.is_finite() || scale > ONE_HOT {
        return 1.0;
    }
    let (low, high) = (-REACH * scale - libm::log(n) - FOLDS, REACH * scale + 4.0);
    let panels = ((high - low) / scale.max(1.5)).ceil() as usize;
    let breaks: Vec<f64> =
        (0..=panels).map(|i| low + (high - low) * i as f64 / panels as f64).collect();
    let [square] = integrate(&breaks, |s| {
        let law = Law { mean: s, std, uniform };
        let [own, other] = law.expectation(|y| {
            let e = libm::exp(y);
            let left = libm::exp(-e);
            [if left > 0.0 { e * e * left } else { 0.0 }, left]
        });
        [n * own * other.max(0.0).powi(outputs as i32 - 1)]
    });
    square.clamp(1.0 / n, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_distr::StandardNormal;
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn of(outputs: usize, std: f64) -> f64 {
        softmax_square(outputs, (std * std).into(), BiasLaw::default())
    }

    #[test]
    fn equal_logits_share_and_huge_ones_do_not() {
        for n in [2, 3, 10, 1000] {
            assert!((of(n, 0.0) * n as f64 - 1.0).abs() < 1e-9, "{n}: {}", of(n, 0.0));
            // Small logits: E Σ p² = (1 + σ² (n − 1)/n)/n to second order.
            let second = (1.0 + 1e-6 * (n as f64 - 1.0) / n as f64) / n as f64;
            assert!((of(n, 1e-3) / second - 1.0).abs() < 1e-9, "{n}");
            assert!(of(n, 1e6) > 0.999_99, "{n}: {}", of(n, 1e6));
        }
    }

    /// Drawn logits, within 4 standard errors.
    #[test]
    fn drawn_logits_agree() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        for (n, std) in [(2, 0.5), (3, 4.0), (10, 1.0), (10, 40.0), (200, 2.0)] {
            let (mut sum, mut squares, count) = (0.0, 0.0, 20_000);
            for _ in 0..count {
                let z: Vec<f64> =
                    (0..n).map(|_| std * random.sample::<f64, _>(StandardNormal)).collect();
                let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let e: Vec<f64> = z.iter().map(|z| (z - top).exp()).collect();
                let total: f64 = e.iter().sum();
                let square: f64 = e.iter().map(|e| (e / total).powi(2)).sum();
                sum += square;
                squares += square * square;
            }
            let mean = sum / f64::from(count);
            let error = ((squares / f64::from(count) - mean * mean) / f64::from(count)).sqrt();
            let found = of(n, std);
            assert!((found - mean).abs() < 4.0 * error, "{n} {std}: {found} {mean} ± {error}");
        }
    }
}
