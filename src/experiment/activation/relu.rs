//! The rectified linear unit.

use super::spec::{Spec, Term};

/// φ(z) = max(z, 0); φ′(0) = 0.
pub struct Relu;

impl Spec for Relu {
    fn names(&self) -> [&'static str; 2] {
        ["relu", "ReLU"]
    }

    fn hint(&self) -> String {
        "φ(z) = max(z, 0): slope 1 where z > 0, exactly 0 elsewhere. A unit with z ≤ 0 passes no signal back.".to_owned()
    }

    fn value(&self, z: f64) -> f64 {
        z.max(0.0)
    }

    fn derivative(&self, z: f64) -> f64 {
        f64::from(u8::from(z > 0.0))
    }

    fn lines(&self) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    fn rise(&self, _: f64, _: f64, positive: bool) -> [Term; 2] {
        Term::alone(f64::from(u8::from(positive)))
    }
}
