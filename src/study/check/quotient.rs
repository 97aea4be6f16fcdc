//! Difference quotients of the activations, without cancellation.
//!
//! Subtracting φ(z) from φ(z + d) loses every digit that they share. Written out, the
//! difference has none to lose: e^(z+d) − e^z = e^z (e^d − 1), and what is built on it. Only
//! values of φ enter, no derivative.

use crate::engine::Scaled;
use crate::experiment::{Activation, LEAKY_SLOPE};

/// (φ(z + d) − φ(z))/d.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotient {
    /// The quotient; at d = 0 its limit.
    pub value: Scaled,
    /// The sum of the magnitudes of the terms that it is the sum of: what rounding is
    /// relative to.
    pub terms: Scaled,
}

impl Quotient {
    fn of(value: Scaled) -> Self {
        Self { value, terms: value }
    }

    fn sum(first: Scaled, second: Scaled) -> Self {
        Self { value: (first + second), terms: (first.abs() + second.abs()) }
    }
}

/// The distance over which φ changes its curvature around z, up to a small factor.
pub(super) fn smooth_distance(activation: Activation, z: f64) -> f64 {
    match activation {
        // The normal density falls by half within 1/|z|.
        Activation::Gelu => 1.0 / (1.0 + z.abs()),
        _ => 1.0,
    }
}

/// (φ(z + d) − φ(z))/d for z and z + d on the same side of a kink, and |d| not far beyond
/// [`smooth_distance`]. Which side z is on is told by `positive`: z itself may be too small
/// for an `f64`.
pub(super) fn quotient(activation: Activation, z: f64, d: f64, positive: bool) -> Quotient {
    match activation {
        Activation::Linear => Quotient::of(1.0.into()),
        Activation::Relu => Quotient::of(f64::from(u8::from(positive)).into()),
        Activation::LeakyRelu => Quotient::of(if positive { 1.0 } else { LEAKY_SLOPE }.into()),
        Activation::Sigmoid => Quotient::of(sigmoid(z, d)),
        // tanh z = 2 σ(2z) − 1.
        Activation::Tanh => Quotient::of(sigmoid(2.0 * z, 2.0 * d) * 4.0),
        Activation::Selu => Quotient::of(selu(z, d, positive)),
        // (z + d) σ(z + d) − z σ(z) = d σ(z) + (z + d)(σ(z + d) − σ(z)).
        Activation::Silu => Quotient::sum(logistic(z), sigmoid(z, d) * (z + d)),
        Activation::Gelu => Quotient::sum(normal_cdf(z), mean_density(z, d) * (z + d)),
    }
}

/// (e^d − 1)/d.
fn growth(d: f64) -> f64 {
    if d == 0.0 { 1.0 } else { libm::expm1(d) / d }
}

/// e^x for x ≤ 0, never rounded to 0.
pub(super) fn exp(x: f64) -> Scaled {
    if x > -700.0 { libm::exp(x).into() } else { Scaled::from_ln(x) }
}

/// e^x − 1; far below 1 it is x itself.
pub(super) fn exp_minus_1(x: Scaled) -> Scaled {
    if x.exponent() < -60 { x } else { libm::expm1(x.to_f64()).into() }
}

/// ln(1 + x) for x > −1; far below 1 it is x itself.
pub(super) fn ln_1_plus(x: Scaled) -> Scaled {
    if x.exponent() < -60 { x } else { libm::log1p(x.to_f64()).into() }
}

/// σ(z), never rounded to 0.
pub(super) fn logistic(z: f64) -> Scaled {
    let e = exp(-z.abs());
    let below = 1.0 / (1.0 + e.to_f64());
    if z >= 0.0 { below.into() } else { e * below }
}

/// (σ(z + d) − σ(z))/d = σ(z) σ(−z) (e^d − 1)/d / (1 + σ(z) (e^d − 1)).
fn sigmoid(z: f64, d: f64) -> Scaled {
    let e = exp(-z.abs());
    let below = 1.0 / (1.0 + e.to_f64());
    let on = if z >= 0.0 { below } else { e.to_f64() * below };
    e * (below * below * growth(d) / (1.0 + on * libm::expm1(d)))
}

/// λ on the right, λα e^z (e^d − 1)/d on the left, with λ and λα read off φ(1) and φ(−∞).
fn selu(z: f64, d: f64, positive: bool) -> Scaled {
    if positive {
        return Activation::Selu.value(1.0).into();
    }
    let limit = -Activation::Selu.value(f64::NEG_INFINITY);
    exp(z) * (limit * growth(d))
}

/// Φ(z), never rounded to 0.
fn normal_cdf(z: f64) -> Scaled {
    if z > -35.0 {
        return (0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)).into();
    }
    // Laplace's continued fraction of Mills' ratio, right to the last digit this far out.
    let m = -z;
    let ratio = (1..=8).rev().fold(m, |tail, k| m + f64::from(k) / tail);
    normal_density(z) * (1.0 / ratio)
}

fn normal_density(z: f64) -> Scaled {
    let root = (2.0 * std::f64::consts::PI).sqrt();
    exp(-0.5 * z * z) * (1.0 / root)
}

/// The mean of the normal density from z to z + d, (Φ(z + d) − Φ(z))/d, by Gauss and
/// Legendre's rule of five points: exact to the last digits over this distance.
fn mean_density(z: f64, d: f64) -> Scaled {
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
    normal_density(z) * mean
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the plain quotient of values, over a distance at which it has digits.
    #[test]
    fn it_is_the_quotient_of_the_values() {
        for activation in Activation::ALL {
            for z in [-20.0, -6.0, -1.278, -0.752, -0.3, 0.4, 3.0, 8.0] {
                for d in [0.2, -0.2, 0.01, -0.01] {
                    let values = activation.value(z + d) - activation.value(z);
                    let quotient = quotient(activation, z, d, z > 0.0);
                    let error = (quotient.value.to_f64() - values / d).abs();
                    let rounding = 1e-15 * (activation.value(z).abs() + 0.1) / d.abs();
                    assert!(error <= rounding, "{activation:?} {z} {d}: {error}");
                    assert!(quotient.value.to_f64().abs() <= quotient.terms.to_f64());
                }
            }
        }
    }

    /// Two halves of a step make the whole one: (d₁ q₁ + d₂ q₂)/(d₁ + d₂), also where values
    /// have underflowed.
    #[test]
    fn steps_add_up() {
        for activation in Activation::ALL {
            for z in [-1e4, -800.0, -60.0, -37.0, -34.9, -3.0, -0.1, 0.1, 2.0, 50.0, 900.0] {
                let d = 0.3 * smooth_distance(activation, z).min(0.2);
                let part = |z: f64, d: f64| quotient(activation, z, d, z > 0.0).value;
                let halves = (part(z, d) + part(z + d, d)) * 0.5;
                let whole = part(z, 2.0 * d);
                let (error, size) = (halves - whole, quotient(activation, z, d, z > 0.0).terms);
                let relative = error.checked_div(size).map_or(0.0, Scaled::to_f64).abs();
                let allowed = 1e-14
                    * (1.0 + z.abs() + if activation == Activation::Gelu { z * z } else { 0.0 });
                assert!(relative < allowed, "{activation:?} {z}: {relative}");
            }
        }
    }

    #[test]
    fn far_out_there_is_no_number_that_is_none() {
        for activation in Activation::ALL {
            for z in [-1e300, 1e300, -1e9, 1e9] {
                for d in [0.0, 1e-320, 1e-3 * smooth_distance(activation, z)] {
                    let Quotient { value, terms } = quotient(activation, z, d, z > 0.0);
                    assert!(value.mantissa().is_finite() && terms.mantissa().is_finite());
                }
            }
        }
    }
}
