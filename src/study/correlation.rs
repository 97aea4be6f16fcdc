//! Two examples on their way forward: their correlation from layer to layer, where it settles, and
//! in how many layers it does (Schoenholz et al. 2017).

use super::mean_field::{FixedPoint, MeanField, Phase};
use crate::engine::quadrature::Law;

/// Newton steps at the most; ten are enough but close to the critical line.
const STEPS: usize = 200;

/// The correlation of two examples' pre-activations, c = E(z₁z₂)/q*, and how fast it gets there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// c*: 1 where examples become alike.
    pub fixed_point: f64,
    /// χ_c = σ_w² E(φ′(z₁)φ′(z₂)) at c*: what one layer multiplies c − c* by.
    pub slope: f64,
}

impl Correlation {
    /// ξ_c = −1/ln χ_c, the layers in which c − c* shrinks by e; infinite where χ_c = 1.
    pub fn depth_scale(&self) -> f64 {
        -1.0 / libm::log(self.slope)
    }
}

impl MeanField {
    /// c^(l+1) = (σ_w² E(φ(z₁)φ(z₂)) + E b²)/q, and its derivative by c, χ_c = σ_w² E(φ′(z₁)φ′(z₂)),
    /// of two examples with E z² = q and E(z₁z₂) = cq, c between E(b)²/q and 1; both biases are the
    /// unit's one. `None` where the biases are uniform, which would take an integral more.
    ///
    /// A two-dimensional quadrature, exact to 12 digits or better up to c = .9, to 6 at c = .9999.
    ///
    /// ```
    /// use gradient_lab::experiment::Activation;
    /// use gradient_lab::study::{BiasLaw, MeanField};
    /// let he = MeanField::new(Activation::Relu, 2.0, BiasLaw::default());
    /// let [next, slope] = he.next_correlation(1.0, 0.0).expect("no uniform bias");
    /// assert!((next - 1.0 / std::f64::consts::PI).abs() < 1e-13); // the arc-cosine kernel
    /// assert!((slope - 0.5).abs() < 1e-13);
    /// ```
    pub fn next_correlation(&self, q: f64, correlation: f64) -> Option<[f64; 2]> {
        if self.bias.uniform > 0.0 {
            return None;
        }
        let (mean, activation) = (self.bias.mean, self.activation);
        let variance = (q - mean * mean).max(0.0);
        // The correlation of what the examples do not share by the mean.
        let inner = ((correlation * q - mean * mean) / variance).clamp(-1.0, 1.0);
        let law = Law { mean, std: variance.sqrt(), uniform: 0.0 };
        let rest = (variance * (1.0 - inner * inner)).sqrt();
        let [values, slopes] = law.expectation_of(activation, |z| {
            let other = Law { mean: mean + inner * (z - mean), std: rest, uniform: 0.0 };
            let [value, slope] = other
                .expectation_of(activation, |z| [activation.value(z), activation.derivative(z)]);
            [activation.value(z) * value, activation.derivative(z) * slope]
        });
        let next = (self.weight_variance * values + self.bias.mean_square()) / q;
        Some([next, self.weight_variance * slopes])
    }

    /// c* and χ_c there. Where χ ≤ 1 two examples become alike, and χ_c = χ. Where χ > 1, c as a
    /// function of c is a power series without negative coefficients, so that it has one fixed point
    /// below 1, which Newton's method from the left cannot miss.
    ///
    /// `None` where q* is 0 or none, or the biases are uniform.
    pub fn correlation(&self) -> Option<Correlation> {
        let q = match self.fixed_point() {
            FixedPoint::At(q) if q > 0.0 => q,
            FixedPoint::Every => 1.0,
            FixedPoint::At(_) | FixedPoint::Diverges => return None,
        };
        let chi = self.chi_at(q);
        if Phase::of(chi) != Phase::Chaotic {
            return Some(Correlation { fixed_point: 1.0, slope: chi });
        }
        let mut correlation = self.bias.mean * self.bias.mean / q;
        for _ in 0..STEPS {
            let [next, slope] = self.next_correlation(q, correlation)?;
            let step = (next - correlation) / (1.0 - slope);
            if step.abs() < 1e-13 || slope >= 1.0 {
                return Some(Correlation { fixed_point: correlation, slope });
            }
            correlation = (correlation + step).min(1.0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::experiment::Activation;
    use crate::study::BiasLaw;

    fn field(activation: Activation, weight_variance: f64, bias: BiasLaw) -> MeanField {
        MeanField::new(activation, weight_variance, bias)
    }

    /// Cho & Saul 2009: with θ = arccos c, E(φφ) = q(sin θ + (π − θ) cos θ)/2π, E(φ′φ′) = (π − θ)/2π.
    #[test]
    fn relu_has_the_arc_cosine_kernel() {
        for (c, digits) in [
            (-0.9, 1e-12),
            (-0.3, 1e-13),
            (0.0, 1e-13),
            (0.5, 1e-13),
            (0.9, 1e-12),
            (0.9999, 1e-6),
            (1.0, 1e-13),
        ] {
            let angle = f64::acos(c);
            let value = (angle.sin() + (PI - angle) * c) / PI;
            let slope = (PI - angle) / PI;
            for q in [1.0, 37.0] {
                let he = field(Activation::Relu, 2.0, BiasLaw::default());
                let [next, found] = he.next_correlation(q, c).unwrap();
                assert!((next - value).abs() < digits, "{c}: {next} {value}");
                assert!((found - slope).abs() < 100.0 * digits, "{c}: {found} {slope}");
            }
        }
    }

    /// Against mpmath's nested integrals at 20 digits, and for c* a trapezoid rule in NumPy.
    #[test]
    fn tanh_agrees_with_other_programs() {
        let xavier = field(Activation::Tanh, 25.0 / 9.0, BiasLaw::default());
        let q = 1.178_480_490_385_907_7;
        for (c, next, slope) in [
            (0.3, 0.277_938_401_641_043_6, 0.938_009_395_455_431),
            (0.9, 0.883_220_797_233_394_1, 1.130_411_298_565_701_3),
            (-0.5, -0.468_538_884_096_016_1, 0.971_406_935_787_625_9),
        ] {
            let found = xavier.next_correlation(q, c).unwrap();
            assert!((found[0] - next).abs() < 1e-13, "{c}: {}", found[0]);
            assert!((found[1] - slope).abs() < 1e-12, "{c}: {}", found[1]);
        }
        let biased = field(Activation::Tanh, 3.0, BiasLaw::normal(0.2)).correlation().unwrap();
        assert!((biased.fixed_point - 0.692_719_569_105_205).abs() < 1e-11, "{biased:?}");
        assert!((biased.slope - 0.907_055_819_915_833).abs() < 1e-11, "{biased:?}");
        assert!((biased.depth_scale() - 10.251_017_978_78).abs() < 1e-8, "{biased:?}");
        // Without biases two examples of an odd φ part as far as they can: c* = 0, χ_0 = σ_w² (E φ′)².
        let odd = xavier.correlation().unwrap();
        assert!(odd.fixed_point.abs() < 1e-12 && odd.slope < 1.0, "{odd:?}");
    }

    #[test]
    fn where_nothing_settles_nothing_is_said() {
        let uniform = BiasLaw { uniform: 0.5, ..BiasLaw::default() };
        assert_eq!(field(Activation::Tanh, 3.0, uniform).correlation(), None);
        assert_eq!(field(Activation::Relu, 3.0, BiasLaw::default()).correlation(), None);
        assert_eq!(field(Activation::Tanh, 0.5, BiasLaw::default()).correlation(), None);
        let critical = field(Activation::Relu, 2.0, BiasLaw::default()).correlation().unwrap();
        assert_eq!(critical.fixed_point, 1.0);
        let ordered = field(Activation::Sigmoid, 2.0, BiasLaw::default());
        let alike = ordered.correlation().unwrap();
        assert_eq!(alike, Correlation { fixed_point: 1.0, slope: ordered.chi() });
    }

    /// At c = 1 the two are one.
    #[test]
    fn alike_they_stay_alike() {
        for activation in Activation::ALL {
            for bias in [BiasLaw::normal(0.3), BiasLaw { mean: 0.4, ..BiasLaw::default() }] {
                let field = field(activation, 1.5, bias);
                let q = field.next_q(1.0);
                let [_, slope] = field.next_correlation(1.0, 1.0).unwrap();
                assert!((slope - field.chi_at(1.0)).abs() < 1e-12, "{activation:?}");
                let [next, _] = field.next_correlation(1.0, 1.0).unwrap();
                assert!((next - q).abs() < 1e-12, "{activation:?}");
            }
        }
    }
}
