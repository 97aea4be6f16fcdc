//! Softplus, a smooth ReLU.

use super::sigmoid::{EXPONENTIAL_TAIL, logistic, sigmoid};
use super::spec::{Spec, Term, growth};

/// φ(z) = ln(1 + eᶻ).
pub struct Softplus;

impl Spec for Softplus {
    fn names(&self) -> [&'static str; 2] {
        ["softplus", "Softplus"]
    }

    fn hint(&self) -> String {
        "φ(z) = ln(1 + e^z), a smooth ReLU: its slope is the sigmoid, between 0 and 1.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        z.max(0.0) + libm::log1p(libm::exp(-z.abs()))
    }

    fn derivative(&self, z: f64) -> f64 {
        sigmoid(z)
    }

    fn ln_derivative(&self, z: f64) -> f64 {
        z.min(0.0) - libm::log1p(libm::exp(-z.abs()))
    }

    fn tail(&self, z: f64) -> Option<Term> {
        (z < EXPONENTIAL_TAIL).then_some(Term { exponent: z, factor: 1.0 })
    }

    /// ln(1 + e^(z+d)) − ln(1 + e^z) = ln(1 + x) with x = σ(z)(e^d − 1).
    fn rise(&self, z: f64, d: f64, _: bool) -> [Term; 2] {
        let on = logistic(z);
        let x = sigmoid(z) * libm::expm1(d);
        let bent = if x.abs() < f64::MIN_POSITIVE { 1.0 } else { libm::log1p(x) / x };
        [on.times(growth(d) * bent), Term::NONE]
    }
}
