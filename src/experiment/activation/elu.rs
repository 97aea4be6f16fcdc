//! The exponential linear unit.

use std::ops::RangeInclusive;

use super::spec::{ActivationParameter, Spec, Term, growth};

/// φ(z) = z for z > 0, else `alpha` (eᶻ − 1) (Clevert et al. 2016).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elu {
    /// α: φ tends to −α on the left.
    pub alpha: f64,
}

impl Elu {
    /// PyTorch's default, 1, with which φ′ has no jump at 0.
    pub const DEFAULT: Self = Self { alpha: 1.0 };
    const ALPHAS: RangeInclusive<f64> = 1e-6..=1e3;
}

impl Spec for Elu {
    fn names(&self) -> [&'static str; 2] {
        ["elu", "ELU"]
    }

    fn hint(&self) -> String {
        match self.alpha {
            1.0 => "φ(z) = z for z > 0, e^z − 1 elsewhere.".to_owned(),
            alpha => format!("φ(z) = z for z > 0, {alpha} (e^z − 1) elsewhere."),
        }
    }

    fn parameter(&self) -> Option<ActivationParameter> {
        Some(ActivationParameter {
            key: "alpha",
            value: self.alpha,
            default: Self::DEFAULT.alpha,
            range: Self::ALPHAS,
            hint: "φ(z) tends to −α on the left; with α = 1 the slope has no jump at 0",
        })
    }

    fn value(&self, z: f64) -> f64 {
        if z > 0.0 { z } else { self.alpha * libm::expm1(z) }
    }

    fn derivative(&self, z: f64) -> f64 {
        if z > 0.0 { 1.0 } else { self.alpha * libm::exp(z) }
    }

    fn ln_derivative(&self, z: f64) -> f64 {
        if z > 0.0 { 0.0 } else { libm::log(self.alpha) + z }
    }

    fn largest_slope(&self) -> f64 {
        self.alpha.max(1.0)
    }

    fn slopes_at_origin(&self) -> Option<(f64, f64)> {
        Some((self.alpha, 1.0))
    }

    /// With α = 1 too, where φ′ does not jump but φ″ does.
    fn is_piecewise(&self) -> bool {
        true
    }

    fn rise(&self, z: f64, d: f64, positive: bool) -> [Term; 2] {
        if positive {
            return Term::alone(1.0);
        }
        [exponential_rise(self.alpha, z, d), Term::NONE]
    }
}

/// α (e^(z+d) − e^z)/d = α e^z (e^d − 1)/d.
pub(super) fn exponential_rise(alpha: f64, z: f64, d: f64) -> Term {
    Term { exponent: z, factor: alpha * growth(d) }
}
