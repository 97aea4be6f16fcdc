//! The sine, as in SIREN (Sitzmann et al. 2020).

use std::ops::RangeInclusive;

use super::spec::{ActivationParameter, Spec, Term};

/// φ(z) = sin(`omega` · z).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sine {
    /// ω, the angular frequency and the largest slope; SIREN takes 30.
    pub omega: f64,
}

impl Sine {
    /// sin z.
    pub const DEFAULT: Self = Self { omega: 1.0 };
    const OMEGAS: RangeInclusive<f64> = 1e-3..=1e3;
}

impl Spec for Sine {
    fn names(&self) -> [&'static str; 2] {
        ["sine", "Sine"]
    }

    fn hint(&self) -> String {
        format!(
            "φ(z) = sin(ωz), ω = {}: the slope is at most ω and 0 only at single points, so that no unit saturates. SIREN takes ω = 30.",
            self.omega
        )
    }

    fn parameter(&self) -> Option<ActivationParameter> {
        Some(ActivationParameter {
            key: "omega",
            value: self.omega,
            default: Self::DEFAULT.omega,
            range: Self::OMEGAS,
            hint: "ω, the angular frequency and the largest slope; SIREN takes 30",
        })
    }

    fn value(&self, z: f64) -> f64 {
        libm::sin(self.omega * z)
    }

    fn derivative(&self, z: f64) -> f64 {
        self.omega * libm::cos(self.omega * z)
    }

    fn largest_slope(&self) -> f64 {
        self.omega
    }

    fn slopes_at_origin(&self) -> Option<(f64, f64)> {
        Some((self.omega, self.omega))
    }

    fn is_bounded(&self) -> bool {
        true
    }

    /// A slope near 0 belongs to single points, not to all z beyond some size.
    fn saturates(&self) -> bool {
        false
    }

    fn period(&self) -> Option<f64> {
        Some(2.0 * std::f64::consts::PI / self.omega)
    }

    /// V(q) = σ_w² (1 − e^(−2ω²q))/2.
    fn has_concave_variance_map(&self) -> bool {
        true
    }

    fn smooth_distance(&self, _: f64) -> f64 {
        1.0 / self.omega
    }

    /// sin(u + v) − sin u = 2 sin(v/2) (cos u cos(v/2) − sin u sin(v/2)), u = ωz, v = ωd.
    fn rise(&self, z: f64, d: f64, _: bool) -> [Term; 2] {
        let (u, half) = (self.omega * z, 0.5 * self.omega * d);
        let shrunk = if half == 0.0 { 1.0 } else { libm::sin(half) / half };
        let size = self.omega * shrunk;
        [
            Term::of(size * libm::cos(u) * libm::cos(half)),
            Term::of(-size * libm::sin(u) * libm::sin(half)),
        ]
    }
}
