//! What a wide layer makes of its input: the law of its pre-activations, and the mean squares
//! of φ and φ′ under it, at any size of numbers.

use crate::engine::Scaled;
use crate::engine::quadrature::Law;
use crate::experiment::{Activation, Init, UnitLaw};

/// Powers of two of Var z beyond which φ is replaced by its straight-line limits.
const PLAIN_EXPONENT: i64 = 900;

/// What a bias adds to the law of a wide layer's pre-activations: z = w + b with w normal and
/// b = mean + normal part + U(−uniform, uniform).
///
/// A constant bias is the same in every unit, so that it moves the mean of z and adds nothing to
/// its variance. A truncated normal bias counts as normal with the same variance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BiasLaw {
    /// The part that all units share, a constant bias.
    pub mean: f64,
    /// Variance of the normal part.
    pub variance: f64,
    /// Half the width of the uniform part, 0 where there is none.
    pub uniform: f64,
}

impl BiasLaw {
    /// N(0, variance).
    pub fn normal(variance: f64) -> Self {
        Self { variance, ..Self::default() }
    }

    /// The law of a bias that is drawn so for a layer with these fans.
    pub fn of(bias: &Init, fan_in: usize, fan_out: usize) -> Self {
        let scale = bias.scale(fan_in, fan_out);
        match bias.unit_law() {
            UnitLaw::Fixed(_) => Self { mean: scale, ..Self::default() },
            UnitLaw::Uniform => Self { uniform: scale.abs(), ..Self::default() },
            UnitLaw::Normal | UnitLaw::TruncatedNormal | UnitLaw::Orthogonal => {
                Self { variance: bias.variance(fan_in, fan_out), ..Self::default() }
            }
        }
    }

    /// σ_b², the variance from unit to unit: a constant bias has none.
    pub fn spread(&self) -> f64 {
        self.variance + self.uniform * self.uniform / 3.0
    }

    /// E b².
    pub fn mean_square(&self) -> f64 {
        self.mean * self.mean + self.spread()
    }

    /// The law of z = w + b with w ~ N(0, `weight_part`).
    pub(super) fn with(&self, weight_part: Scaled) -> Law {
        let variance = weight_part + Scaled::from(self.variance);
        Law { mean: self.mean, std: variance.sqrt().to_f64(), uniform: self.uniform }
    }
}

/// Mean squares of one unit of a wide layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    /// E[z²].
    pub z_square: Scaled,
    /// E[φ(z)].
    pub value: Scaled,
    /// E[φ(z)²].
    pub value_square: Scaled,
    /// E[φ′(z)²].
    pub slope_square: f64,
    /// E[φ′(z)⁴].
    pub slope_fourth: f64,
    /// E[φ(z)² φ′(z)²].
    pub product_square: Scaled,
    /// E[φ(z) φ′(z)²].
    pub cross: Scaled,
}

impl Moments {
    /// Of z = w + b with w ~ N(0, `weight_part`).
    pub fn of(activation: Activation, weight_part: Scaled, bias: BiasLaw) -> Self {
        let z_square = weight_part + Scaled::from(bias.mean_square());
        let size = if z_square.is_zero() { 0 } else { z_square.exponent() };
        if size > PLAIN_EXPONENT && !activation.is_bounded() {
            return Self::of_straight_lines(activation.slopes_at_infinity(), z_square);
        }
        match activation.slopes_at_origin() {
            Some(slopes) if size < -PLAIN_EXPONENT => Self::of_straight_lines(slopes, z_square),
            _ => Self::by_quadrature(activation, weight_part, bias, z_square),
        }
    }

    fn by_quadrature(
        activation: Activation,
        weight_part: Scaled,
        bias: BiasLaw,
        z_square: Scaled,
    ) -> Self {
        let [value, value_square, slope_square, slope_fourth, product_square, cross] =
            bias.with(weight_part).expectation_of(activation, |z| {
                let (value, slope) = (activation.value(z), activation.derivative(z));
                let (value_square, slope_square) = (value * value, slope * slope);
                [
                    value,
                    value_square,
                    slope_square,
                    slope_square * slope_square,
                    value_square * slope_square,
                    value * slope_square,
                ]
            });
        Self {
            z_square,
            value: value.into(),
            value_square: value_square.into(),
            slope_square,
            slope_fourth,
            product_square: product_square.into(),
            cross: cross.into(),
        }
    }

    /// φ(z) = s₋ z on the left of 0 and s₊ z on the right, z ~ N(0, q): all moments in closed
    /// form.
    fn of_straight_lines((left, right): (f64, f64), q: Scaled) -> Self {
        let slope_square = mean_of_squares((left, right));
        let fourth = 0.5 * (left.powi(4) + right.powi(4));
        let cross = (right.powi(3) - left.powi(3)) / (2.0 * std::f64::consts::PI).sqrt();
        Self {
            z_square: q,
            value: (q.sqrt() * ((right - left) / (2.0 * std::f64::consts::PI).sqrt())),
            value_square: (q * slope_square),
            slope_square,
            slope_fourth: fourth,
            product_square: (q * fourth),
            cross: (q.sqrt() * cross),
        }
    }
}

/// ½(s₋² + s₊²): E[φ′²] of two straight lines that meet at 0, under a symmetric law.
pub(super) fn mean_of_squares((left, right): (f64, f64)) -> f64 {
    0.5 * (left * left + right * right)
}
