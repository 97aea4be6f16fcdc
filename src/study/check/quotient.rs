//! Difference quotients of the activations, without cancellation.

use crate::engine::Scaled;
use crate::experiment::Activation;

/// (φ(z + d) − φ(z))/d.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotient {
    /// The quotient; at d = 0 its limit.
    pub value: Scaled,
    /// The sum of the magnitudes of the terms that it is the sum of: what rounding is
    /// relative to.
    pub terms: Scaled,
}

/// (φ(z + d) − φ(z))/d, as [`Spec::rise`](crate::experiment::Spec::rise) has it.
pub(super) fn quotient(activation: Activation, z: f64, d: f64, positive: bool) -> Quotient {
    let [first, second] = activation.rise(z, d, positive).map(Scaled::from);
    Quotient { value: first + second, terms: first.abs() + second.abs() }
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
                let d = 0.3 * activation.smooth_distance(z).min(0.2);
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
                for d in [0.0, 1e-320, 1e-3 * activation.smooth_distance(z)] {
                    let Quotient { value, terms } = quotient(activation, z, d, z > 0.0);
                    assert!(value.mantissa().is_finite() && terms.mantissa().is_finite());
                }
            }
        }
    }
}
