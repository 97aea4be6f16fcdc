//! The scaled exponential linear unit.

use super::elu::exponential_rise;
use super::spec::{Spec, Term};

/// φ(z) = λz for z > 0, else λα(eᶻ − 1).
pub struct Selu;

/// SELU's λ (Klambauer et al. 2017, *Self-normalizing neural networks*).
const LAMBDA: f64 = 1.050_700_987_355_480_5;
/// SELU's α, same source.
const ALPHA: f64 = 1.673_263_242_354_377_2;

impl Spec for Selu {
    fn names(&self) -> [&'static str; 2] {
        ["selu", "SELU"]
    }

    fn hint(&self) -> String {
        "φ(z) = 1.0507 z for z > 0, 1.7581 (e^z − 1) elsewhere.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        if z > 0.0 { LAMBDA * z } else { LAMBDA * ALPHA * libm::expm1(z) }
    }

    fn derivative(&self, z: f64) -> f64 {
        if z > 0.0 { LAMBDA } else { LAMBDA * ALPHA * libm::exp(z) }
    }

    fn ln_derivative(&self, z: f64) -> f64 {
        if z > 0.0 { libm::log(LAMBDA) } else { (LAMBDA * ALPHA).ln() + z }
    }

    fn largest_slope(&self) -> f64 {
        LAMBDA * ALPHA
    }

    fn slopes_at_infinity(&self) -> (f64, f64) {
        (0.0, LAMBDA)
    }

    fn slopes_at_origin(&self) -> Option<(f64, f64)> {
        Some((LAMBDA * ALPHA, LAMBDA))
    }

    /// λ and λα are read off φ(1) and φ(−∞).
    fn rise(&self, z: f64, d: f64, positive: bool) -> [Term; 2] {
        if positive {
            return Term::alone(self.value(1.0));
        }
        [exponential_rise(-self.value(f64::NEG_INFINITY), z, d), Term::NONE]
    }
}
