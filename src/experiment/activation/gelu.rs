//! GELU, the Gaussian error linear unit.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::spec::{Spec, Term};

/// φ(z) = z Φ(z), the exact form with the normal distribution function.
pub struct Gelu;

/// Left of this the normal density nears the smallest normal `f64`.
const NORMAL_TAIL: f64 = -36.0;

impl Spec for Gelu {
    fn names(&self) -> [&'static str; 2] {
        ["gelu", "GELU"]
    }

    fn hint(&self) -> String {
        "φ(z) = z Φ(z), with the normal distribution function Φ.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        z * normal_cdf(z)
    }

    fn derivative(&self, z: f64) -> f64 {
        normal_cdf(z) + z * (libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt())
    }

    fn ln_derivative(&self, z: f64) -> f64 {
        if z >= -30.0 {
            return libm::log(self.derivative(z).abs());
        }
        // −φ′ = density × (m − 1/m + 1/m³ − 3/m⁵ + …), the tail of Φ by its asymptotic series.
        let m = -z;
        let r = 1.0 / (m * m);
        libm::log(m * (1.0 - r * (1.0 - r * (1.0 - 3.0 * r * (1.0 - 5.0 * r)))))
            - 0.5 * (m * m + libm::log(2.0 * PI))
    }

    fn largest_slope(&self) -> f64 {
        1.128_904_145
    }

    fn slopes_at_origin(&self) -> Option<(f64, f64)> {
        Some((0.5, 0.5))
    }

    /// z Φ(z) = −(normal density) × (1 − r + 3r² − 15r³ + …), r = 1/z²: the asymptotic series of
    /// Φ's tail, to the last digit from |z| = 30 on.
    fn tail(&self, z: f64) -> Option<Term> {
        if z >= NORMAL_TAIL {
            return None;
        }
        let r = 1.0 / (z * z);
        let terms = [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0];
        let series = terms.iter().rev().fold(1.0, |series, k| 1.0 - k * r * series);
        let exponent = -0.5 * (z * z + libm::log(2.0 * PI));
        Some(Term { exponent, factor: -series })
    }

    /// zΦ(z) is above e^(−z²/2)/(z² √2π) × ½.
    fn tail_from(&self, ln_smallest: f64) -> f64 {
        (2.0 * (-ln_smallest - 10.0)).sqrt()
    }

    /// The normal density falls by half within 1/|z|.
    fn smooth_distance(&self, z: f64) -> f64 {
        1.0 / (1.0 + z.abs())
    }

    /// (z + d) Φ(z + d) − z Φ(z) = d Φ(z) + (z + d)(Φ(z + d) − Φ(z)).
    fn rise(&self, z: f64, d: f64, _: bool) -> [Term; 2] {
        [normal_cdf_term(z), mean_density(z, d).times(z + d)]
    }
}

/// Φ(z), the standard normal distribution function.
fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// Φ(z), never rounded to 0.
fn normal_cdf_term(z: f64) -> Term {
    if z > -35.0 {
        return Term::of(normal_cdf(z));
    }
    // Laplace's continued fraction of Mills' ratio, right to the last digit this far out.
    let m = -z;
    let ratio = (1..=8).rev().fold(m, |tail, k| m + f64::from(k) / tail);
    normal_density(z).times(1.0 / ratio)
}

fn normal_density(z: f64) -> Term {
    Term { exponent: -0.5 * z * z, factor: 1.0 / (2.0 * PI).sqrt() }
}

/// The mean of the normal density from z to z + d, (Φ(z + d) − Φ(z))/d, by Gauss and
/// Legendre's rule of five points: exact to the last digits over this distance.
fn mean_density(z: f64, d: f64) -> Term {
    const RULE: [(f64, f64); 5] = [
        (0.046_910_077_030_668, 0.118_463_442_528_094_54),
        (0.230_765_344_947_158_45, 0.239_314_335_249_683_24),
        (0.5, 0.284_444_444_444_444_44),
        (0.769_234_655_052_841_5, 0.239_314_335_249_683_24),
        (0.953_089_922_969_332, 0.118_463_442_528_094_54),
    ];
    let relative = |(at, weight): (f64, f64)| {
        let s = at * d;
        weight * libm::exp(-s * (z + 0.5 * s))
    };
    // Far out the density is 0, whatever it is multiplied by.
    let mean = if d == 0.0 { 1.0 } else { RULE.into_iter().map(relative).sum() };
    normal_density(z).times(mean)
}
