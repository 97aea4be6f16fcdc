//! The logistic sigmoid, and what is built on it: tanh and SiLU.

use super::spec::{Kernel, Spec, Term, growth};

/// φ(z) = 1/(1 + e⁻ᶻ).
pub struct Sigmoid;

impl Spec for Sigmoid {
    fn names(&self) -> [&'static str; 2] {
        ["sigmoid", "Sigmoid"]
    }

    fn hint(&self) -> String {
        "φ(z) = 1/(1 + e^−z), slope at most 1/4: every layer shrinks δ unless the weights make up for it.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        sigmoid(z)
    }

    fn derivative(&self, z: f64) -> f64 {
        slope(z)
    }

    fn ln_derivative(&self, z: f64) -> f64 {
        ln_slope(z)
    }

    fn largest_slope(&self) -> f64 {
        0.25
    }

    fn tail(&self, z: f64) -> Option<Term> {
        (z < EXPONENTIAL_TAIL).then_some(Term { exponent: z, factor: 1.0 })
    }

    fn is_bounded(&self) -> bool {
        true
    }

    /// σ(z) − 1 = −σ(−z).
    fn gap_to(&self, bound: f64) -> Option<f64> {
        (bound == 1.0).then_some(1.0)
    }

    fn has_concave_variance_map(&self) -> bool {
        true
    }

    fn kernel(&self) -> Kernel {
        Kernel::Sigmoid
    }

    fn slope_of_value(&self) -> Option<fn(f32) -> f32> {
        Some(|a| (1.0 - a) * a)
    }

    fn rise(&self, z: f64, d: f64, _: bool) -> [Term; 2] {
        [rise(z, d), Term::NONE]
    }
}

/// φ(z) = tanh z.
pub struct Tanh;

impl Spec for Tanh {
    fn names(&self) -> [&'static str; 2] {
        ["tanh", "Tanh"]
    }

    fn hint(&self) -> String {
        "φ(z) = tanh z, slope at most 1, near 0 where |z| is large.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        libm::tanh(z)
    }

    fn derivative(&self, z: f64) -> f64 {
        4.0 * slope(2.0 * z)
    }

    fn ln_derivative(&self, z: f64) -> f64 {
        4.0_f64.ln() + ln_slope(2.0 * z)
    }

    fn slopes_at_origin(&self) -> Option<(f64, f64)> {
        Some((1.0, 1.0))
    }

    fn is_bounded(&self) -> bool {
        true
    }

    /// tanh z ∓ 1 = ∓2σ(∓2z).
    fn gap_to(&self, bound: f64) -> Option<f64> {
        (bound.abs() == 1.0).then_some(2.0 * bound)
    }

    fn has_concave_variance_map(&self) -> bool {
        true
    }

    fn kernel(&self) -> Kernel {
        Kernel::Tanh
    }

    fn slope_of_value(&self) -> Option<fn(f32) -> f32> {
        Some(|a| 1.0 - a * a)
    }

    /// tanh z = 2σ(2z) − 1.
    fn rise(&self, z: f64, d: f64, _: bool) -> [Term; 2] {
        [rise(2.0 * z, 2.0 * d).times(4.0), Term::NONE]
    }
}

/// φ(z) = z σ(z), also called swish.
pub struct Silu;

impl Spec for Silu {
    fn names(&self) -> [&'static str; 2] {
        ["silu", "SiLU"]
    }

    fn hint(&self) -> String {
        "φ(z) = z σ(z), also called swish.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        z * sigmoid(z)
    }

    fn derivative(&self, z: f64) -> f64 {
        sigmoid(z) + z * slope(z)
    }

    fn ln_derivative(&self, z: f64) -> f64 {
        // Far left, e^z (1 + z) is all that is left.
        if z < -40.0 { z + libm::log(-1.0 - z) } else { libm::log(self.derivative(z).abs()) }
    }

    fn largest_slope(&self) -> f64 {
        1.099_839_320
    }

    fn slopes_at_origin(&self) -> Option<(f64, f64)> {
        Some((0.5, 0.5))
    }

    fn tail(&self, z: f64) -> Option<Term> {
        (z < EXPONENTIAL_TAIL).then_some(Term { exponent: z, factor: z })
    }

    /// (z + d) σ(z + d) − z σ(z) = d σ(z) + (z + d)(σ(z + d) − σ(z)).
    fn rise(&self, z: f64, d: f64, _: bool) -> [Term; 2] {
        [logistic(z), rise(z, d).times(z + d)]
    }
}

/// Left of this eᶻ nears the smallest normal `f64`.
pub(super) const EXPONENTIAL_TAIL: f64 = -700.0;

/// 1/(1 + e⁻ᶻ) without overflow on either side.
pub(super) fn sigmoid(z: f64) -> f64 {
    let e = libm::exp(-z.abs());
    if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// σ′(z) = e^{−|z|}/(1 + e^{−|z|})², without the cancellation of a(1 − a).
fn slope(z: f64) -> f64 {
    let e = libm::exp(-z.abs());
    e / ((1.0 + e) * (1.0 + e))
}

fn ln_slope(z: f64) -> f64 {
    let magnitude = z.abs();
    -magnitude - 2.0 * libm::log1p(libm::exp(-magnitude))
}

/// σ(z), never rounded to 0.
pub(super) fn logistic(z: f64) -> Term {
    let below = 1.0 / (1.0 + libm::exp(-z.abs()));
    Term { exponent: z.min(0.0), factor: below }
}

/// (σ(z + d) − σ(z))/d = σ(z) σ(−z) (e^d − 1)/d / (1 + σ(z) (e^d − 1)).
fn rise(z: f64, d: f64) -> Term {
    let e = libm::exp(-z.abs());
    let below = 1.0 / (1.0 + e);
    let on = if z >= 0.0 { below } else { e * below };
    let factor = below * below * growth(d) / (1.0 + on * libm::expm1(d));
    Term { exponent: -z.abs(), factor }
}
