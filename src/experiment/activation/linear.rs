//! The identity.

use super::spec::{Spec, Term};

/// φ(z) = z.
pub struct Linear;

impl Spec for Linear {
    fn names(&self) -> [&'static str; 2] {
        ["linear", "Linear"]
    }

    fn hint(&self) -> String {
        "φ(z) = z, slope 1: only the weights decide what δ does.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        z
    }

    fn derivative(&self, _: f64) -> f64 {
        1.0
    }

    fn lines(&self) -> Option<(f64, f64)> {
        Some((1.0, 1.0))
    }

    fn rise(&self, _: f64, _: f64, _: bool) -> [Term; 2] {
        Term::alone(1.0)
    }
}
