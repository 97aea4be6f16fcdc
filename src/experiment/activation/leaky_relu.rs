//! The leaky ReLU.

use std::ops::RangeInclusive;

use super::spec::{ActivationParameter, Spec, Term};

/// φ(z) = z for z > 0, else `slope` · z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyRelu {
    /// Slope on the left of 0.
    pub slope: f64,
}

impl LeakyRelu {
    /// PyTorch's default, 0.01.
    pub const DEFAULT: Self = Self { slope: 0.01 };
    /// Below, the smallest `f32` times the slope is none any more; 0 is the ReLU.
    const SLOPES: RangeInclusive<f64> = 1e-6..=1.0;
}

impl Spec for LeakyRelu {
    fn names(&self) -> [&'static str; 2] {
        ["leaky_relu", "Leaky ReLU"]
    }

    fn hint(&self) -> String {
        format!("φ(z) = z for z > 0, {} z elsewhere: never quite dead.", self.slope)
    }

    fn parameter(&self) -> Option<ActivationParameter> {
        Some(ActivationParameter {
            key: "slope",
            value: self.slope,
            default: Self::DEFAULT.slope,
            range: Self::SLOPES,
            hint: "φ′ on the left of 0",
        })
    }

    fn value(&self, z: f64) -> f64 {
        if z > 0.0 { z } else { self.slope * z }
    }

    fn derivative(&self, z: f64) -> f64 {
        if z > 0.0 { 1.0 } else { self.slope }
    }

    fn lines(&self) -> Option<(f64, f64)> {
        Some((self.slope, 1.0))
    }

    fn rise(&self, _: f64, _: f64, positive: bool) -> [Term; 2] {
        Term::alone(if positive { 1.0 } else { self.slope })
    }
}
