//! Activations: names, words, the function, its derivative and its limits in one place.
//!
//! Everything is computed in `f64` by `libm`'s portable routines, so that the same
//! experiment gives the same bits on any machine. The engine has faster vector forms of
//! some of these; tests hold them to the functions here.

use serde::{Deserialize, Serialize};

/// SELU's λ (Klambauer et al. 2017, *Self-normalizing neural networks*).
const SELU_LAMBDA: f64 = 1.050_700_987_355_480_5;
/// SELU's α, same source.
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
/// Slope of the leaky ReLU for negative pre-activations, PyTorch's default.
pub const LEAKY_SLOPE: f64 = 0.01;

/// A layer's nonlinearity φ, applied to each pre-activation z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// φ(z) = z.
    Linear,
    /// φ(z) = 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// φ(z) = tanh z.
    Tanh,
    /// φ(z) = max(z, 0); φ′(0) = 0.
    Relu,
    /// φ(z) = z for z > 0, else 0.01 z.
    LeakyRelu,
    /// φ(z) = λz for z > 0, else λα(eᶻ − 1).
    Selu,
    /// φ(z) = z Φ(z), the exact form with the normal distribution function.
    Gelu,
    /// φ(z) = z σ(z), also called swish.
    Silu,
}

impl Activation {
    /// Every activation, in the order in which menus show them.
    pub const ALL: [Self; 8] = [
        Self::Linear,
        Self::Sigmoid,
        Self::Tanh,
        Self::Relu,
        Self::LeakyRelu,
        Self::Selu,
        Self::Gelu,
        Self::Silu,
    ];

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky_relu",
            Self::Selu => "selu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Linear => "Linear",
            Self::Sigmoid => "Sigmoid",
            Self::Tanh => "Tanh",
            Self::Relu => "ReLU",
            Self::LeakyRelu => "Leaky ReLU",
            Self::Selu => "SELU",
            Self::Gelu => "GELU",
            Self::Silu => "SiLU",
        }
    }

    /// One sentence for a tooltip: the formula and what it does to the error signal.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Linear => "φ(z) = z, slope 1: only the weights decide what δ does.",
            Self::Sigmoid => {
                "φ(z) = 1/(1 + e^−z), slope at most 1/4: every layer shrinks δ unless the weights make up for it."
            }
            Self::Tanh => "φ(z) = tanh z, slope at most 1, near 0 where |z| is large.",
            Self::Relu => {
                "φ(z) = max(z, 0): slope 1 where z > 0, exactly 0 elsewhere. A unit with z ≤ 0 passes no signal back."
            }
            Self::LeakyRelu => "φ(z) = z for z > 0, 0.01 z elsewhere: never quite dead.",
            Self::Selu => "φ(z) = 1.0507 z for z > 0, 1.7581 (e^z − 1) elsewhere.",
            Self::Gelu => "φ(z) = z Φ(z), with the normal distribution function Φ.",
            Self::Silu => "φ(z) = z σ(z), also called swish.",
        }
    }

    /// PyTorch's recommended gain (`torch.nn.init.calculate_gain`); for GELU and SiLU, which
    /// that function does not know, the ReLU's √2 is the usual stand-in.
    pub fn recommended_gain(self) -> f64 {
        match self {
            Self::Linear | Self::Sigmoid => 1.0,
            Self::Tanh => 5.0 / 3.0,
            Self::Relu | Self::Gelu | Self::Silu => std::f64::consts::SQRT_2,
            Self::LeakyRelu => (2.0 / (1.0 + LEAKY_SLOPE * LEAKY_SLOPE)).sqrt(),
            Self::Selu => 0.75,
        }
    }

    /// φ(z).
    ///
    /// ```
    /// use gradient_lab::experiment::Activation;
    /// assert_eq!(Activation::Sigmoid.value(0.0), 0.5);
    /// assert_eq!(Activation::Relu.value(-3.0), 0.0);
    /// ```
    pub fn value(self, z: f64) -> f64 {
        match self {
            Self::Linear => z,
            Self::Sigmoid => sigmoid(z),
            Self::Tanh => libm::tanh(z),
            Self::Relu => z.max(0.0),
            Self::LeakyRelu => {
                if z > 0.0 {
                    z
                } else {
                    LEAKY_SLOPE * z
                }
            }
            Self::Selu => {
                if z > 0.0 {
                    SELU_LAMBDA * z
                } else {
                    SELU_LAMBDA * SELU_ALPHA * libm::expm1(z)
                }
            }
            Self::Gelu => z * normal_cdf(z),
            Self::Silu => z * sigmoid(z),
        }
    }

    /// φ′(z). At the kink of the piecewise linear ones it is the slope on the left, as in
    /// the chapter (ReLU: φ′(0) = 0).
    pub fn derivative(self, z: f64) -> f64 {
        match self {
            Self::Linear => 1.0,
            Self::Sigmoid => sigmoid_slope(z),
            Self::Tanh => 4.0 * sigmoid_slope(2.0 * z),
            Self::Relu => f64::from(u8::from(z > 0.0)),
            Self::LeakyRelu => {
                if z > 0.0 {
                    1.0
                } else {
                    LEAKY_SLOPE
                }
            }
            Self::Selu => {
                if z > 0.0 {
                    SELU_LAMBDA
                } else {
                    SELU_LAMBDA * SELU_ALPHA * libm::exp(z)
                }
            }
            Self::Gelu => normal_cdf(z) + z * normal_density(z),
            Self::Silu => sigmoid(z) + z * sigmoid_slope(z),
        }
    }

    /// ln |φ′(z)|, finite wherever the slope is not truly zero, even where
    /// [`Self::derivative`] underflows: for a sigmoid at z = 2000 it is −2000.
    /// Negative infinity marks a true zero.
    pub fn ln_derivative(self, z: f64) -> f64 {
        match self {
            Self::Sigmoid => ln_sigmoid_slope(z),
            Self::Tanh => 4.0_f64.ln() + ln_sigmoid_slope(2.0 * z),
            Self::Selu if z <= 0.0 => (SELU_LAMBDA * SELU_ALPHA).ln() + z,
            // Far left, e^z (1 + z) and the normal density times z are all that is left.
            Self::Silu if z < -40.0 => z + libm::log(-1.0 - z),
            Self::Gelu if z < -30.0 => {
                // −φ′ = density × (m − 1/m + 1/m³ − 3/m⁵ + …), the tail of Φ by its asymptotic
                // series.
                let m = -z;
                let r = 1.0 / (m * m);
                libm::log(m * (1.0 - r * (1.0 - r * (1.0 - 3.0 * r * (1.0 - 5.0 * r)))))
                    - 0.5 * (m * m + libm::log(2.0 * std::f64::consts::PI))
            }
            _ => libm::log(self.derivative(z).abs()),
        }
    }

    /// The sign of φ′(z), 1 or −1, right even where [`Self::derivative`] underflows.
    pub fn derivative_sign(self, z: f64) -> f64 {
        match self {
            // Both fall, ever more gently, left of their one minimum.
            Self::Gelu | Self::Silu if z < -2.0 => -1.0,
            _ => 1_f64.copysign(self.derivative(z)),
        }
    }

    /// sup |φ′|, the largest slope.
    pub fn largest_slope(self) -> f64 {
        match self {
            Self::Sigmoid => 0.25,
            Self::Linear | Self::Tanh | Self::Relu | Self::LeakyRelu => 1.0,
            Self::Selu => SELU_LAMBDA * SELU_ALPHA,
            Self::Gelu => 1.128_904_145,
            Self::Silu => 1.099_839_320,
        }
    }

    /// φ(z)/z as z → −∞ and z → +∞. With these the engine carries a forward pass past the
    /// largest floating-point number: far out every activation here is linear or constant.
    pub fn slopes_at_infinity(self) -> (f64, f64) {
        match self {
            Self::Linear => (1.0, 1.0),
            Self::Sigmoid | Self::Tanh => (0.0, 0.0),
            Self::Relu | Self::Gelu | Self::Silu => (0.0, 1.0),
            Self::LeakyRelu => (LEAKY_SLOPE, 1.0),
            Self::Selu => (0.0, SELU_LAMBDA),
        }
    }

    /// The one-sided slopes at 0 where φ(0) = 0, and `None` where φ(0) ≠ 0. With these a
    /// forward pass can shrink past the smallest floating-point number.
    pub fn slopes_at_origin(self) -> Option<(f64, f64)> {
        match self {
            Self::Sigmoid => None,
            Self::Linear | Self::Tanh => Some((1.0, 1.0)),
            Self::Relu => Some((0.0, 1.0)),
            Self::LeakyRelu => Some((LEAKY_SLOPE, 1.0)),
            Self::Selu => Some((SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA)),
            Self::Gelu | Self::Silu => Some((0.5, 0.5)),
        }
    }

    /// Whether |φ| stays below a bound.
    pub fn is_bounded(self) -> bool {
        matches!(self, Self::Sigmoid | Self::Tanh)
    }

    /// Whether the slope can fade smoothly to zero, so that a unit may be *saturated*.
    pub fn saturates(self) -> bool {
        !self.is_piecewise_linear()
    }

    /// Whether φ is made of straight lines.
    pub fn is_piecewise_linear(self) -> bool {
        matches!(self, Self::Linear | Self::Relu | Self::LeakyRelu)
    }

    /// Whether φ has a kink, where finite differences do not see the derivative.
    pub fn has_kink(self) -> bool {
        matches!(self, Self::Relu | Self::LeakyRelu | Self::Selu)
    }
}

/// 1/(1 + e⁻ᶻ) without overflow on either side.
fn sigmoid(z: f64) -> f64 {
    let e = libm::exp(-z.abs());
    if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// σ′(z) = e^{−|z|}/(1 + e^{−|z|})², without the cancellation of a(1 − a).
fn sigmoid_slope(z: f64) -> f64 {
    let e = libm::exp(-z.abs());
    e / ((1.0 + e) * (1.0 + e))
}

fn ln_sigmoid_slope(z: f64) -> f64 {
    let magnitude = z.abs();
    -magnitude - 2.0 * libm::log1p(libm::exp(-magnitude))
}

/// Φ(z), the standard normal distribution function.
fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

fn normal_density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_the_file_format_writes() {
        for activation in Activation::ALL {
            let written = serde_json::to_string(&activation).expect("an enum serialises");
            assert_eq!(written, format!("\"{}\"", activation.id()));
        }
    }

    #[test]
    fn derivative_is_the_slope_of_value() {
        for activation in Activation::ALL {
            for z in [-7.0, -2.3, -0.9, -0.01, 0.02, 0.7, 1.9, 6.5] {
                let h = 1e-6;
                let numeric = (activation.value(z + h) - activation.value(z - h)) / (2.0 * h);
                let analytic = activation.derivative(z);
                assert!(
                    (numeric - analytic).abs() < 1e-8,
                    "{} at {z}: {numeric} against {analytic}",
                    activation.id()
                );
            }
        }
    }

    #[test]
    fn ln_derivative_goes_on_where_the_derivative_underflows() {
        for activation in Activation::ALL {
            for z in [-36.0, -29.9, -30.1, -3.0, 0.5, 20.0] {
                let slope = activation.derivative(z).abs();
                let ln = activation.ln_derivative(z);
                assert!(
                    (ln - slope.ln()).abs() < 1e-5 || slope == 0.0 && ln == f64::NEG_INFINITY,
                    "{} at {z}: {ln} against {}",
                    activation.id(),
                    slope.ln()
                );
            }
        }
        assert!((Activation::Sigmoid.ln_derivative(2000.0) + 2000.0).abs() < 1e-9);
        assert!(Activation::Gelu.ln_derivative(-100.0) < -4900.0);
    }

    #[test]
    fn the_sign_goes_on_where_the_derivative_underflows() {
        for activation in Activation::ALL {
            for z in [-36.0, -3.0, -2.1, -1.9, -0.5, 0.5, 20.0] {
                let slope = activation.derivative(z);
                let sign = activation.derivative_sign(z);
                assert!(slope * sign >= 0.0, "{} at {z}: {sign}", activation.id());
            }
        }
        assert_eq!(Activation::Gelu.derivative_sign(-1e4), -1.0);
        assert_eq!(Activation::Silu.derivative_sign(-1e4), -1.0);
    }

    #[test]
    fn no_slope_exceeds_the_largest() {
        for activation in Activation::ALL {
            let steepest = (-4000..4000)
                .map(|i| activation.derivative(f64::from(i) * 1e-3).abs())
                .fold(0.0, f64::max);
            let bound = activation.largest_slope();
            assert!(steepest <= bound * (1.0 + 1e-9), "{}", activation.id());
            assert!(steepest > bound * 0.999, "{}", activation.id());
        }
    }
}
