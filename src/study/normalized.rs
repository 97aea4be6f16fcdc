//! The theory of wide layers with normalization: one step back multiplies ‖δ‖² by a number that
//! neither the weights' gain nor the depth changes, and with pre-normalized skips by a power law.

use crate::engine::Scaled;
use crate::engine::quadrature::Law;
use crate::experiment::Activation;

/// Mean squares of one unit behind a normalization, u ~ N(0, 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalizedMoments {
    /// E(φ′(u)²).
    pub slope_square: f64,
    /// E(φ(u)²).
    pub value_square: f64,
    /// E(φ(u)).
    pub value: f64,
}

impl NormalizedMoments {
    /// By quadrature, to about 14 digits.
    pub fn of(activation: Activation) -> Self {
        let [slope_square, value_square, value] =
            Law::normal(1.0).expectation_of(activation, |u| {
                let (value, slope) = (activation.value(u), activation.derivative(u));
                [slope * slope, value * value, value]
            });
        Self { slope_square, value_square, value }
    }

    /// χ of a plain net with batch normalization, E(φ′²)/Var φ: the limit of many examples of equal
    /// norm (Yang et al. 2019). By the Gaussian Poincaré inequality it is at least 1, and more for
    /// every φ that is not a straight line: δ explodes.
    pub fn batch_chi(&self) -> f64 {
        self.slope_square / (self.value_square - self.value * self.value)
    }

    /// χ of a plain net with layer or RMS normalization, E(φ′²)/E(φ²).
    pub fn layer_chi(&self) -> f64 {
        self.slope_square / self.value_square
    }
}

/// Hidden layers with pre-normalized skips, h^(l+1) = h^(l) + α(Wφ(norm h^(l)) + b), norm by layer
/// or RMS.
///
/// q_k = E h² grows by α²(σ_w² E(φ²) + E b²) a layer, so that a step back multiplies ‖∂L/∂h‖² by
/// 1 + α²σ_w² E(φ′²)/q_k, ever closer to 1: a power of the depth, no exponential.
///
/// ```
/// use gradient_lab::experiment::Activation;
/// use gradient_lab::study::PreSkips;
/// let he = PreSkips { activation: Activation::Relu, weight_variance: 2.0, bias_square: 0.0, scale: 1.0, first_q: 2.0 };
/// let [first, last] = [1, 30].map(|l| he.growth(l, 30).to_f64());
/// assert!((first - 31.0 / 2.0).abs() < 1e-12); // (D + 1)/(l + 1)
/// assert_eq!(last, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreSkips {
    /// φ.
    pub activation: Activation,
    /// σ_w² = n Var W.
    pub weight_variance: f64,
    /// E b².
    pub bias_square: f64,
    /// α.
    pub scale: f64,
    /// q_1 = E h² of the stem, h^(1) = z^(1).
    pub first_q: f64,
}

impl PreSkips {
    /// q_l = E((h^(l))²).
    pub fn q(&self, layer: usize) -> f64 {
        let square = NormalizedMoments::of(self.activation).value_square;
        self.first_q
            + (layer - 1) as f64 * self.gain(self.weight_variance * square + self.bias_square)
    }

    /// ‖∂L/∂h^(l)‖²/‖∂L/∂h^(D)‖² of D hidden layers.
    ///
    /// # Panics
    /// If l is not from 1 to D.
    pub fn growth(&self, layer: usize, depth: usize) -> Scaled {
        assert!((1..=depth).contains(&layer), "a layer from 1 to D");
        let moments = NormalizedMoments::of(self.activation);
        let step = self.gain(self.weight_variance * moments.value_square + self.bias_square);
        let slope = self.gain(self.weight_variance * moments.slope_square);
        let mut q = self.first_q + (layer - 1) as f64 * step;
        let mut growth = Scaled::from(1.0);
        for _ in layer..depth {
            growth *= Scaled::from(1.0 + slope / q);
            q += step;
        }
        growth
    }

    fn gain(&self, square: f64) -> f64 {
        self.scale * self.scale * square
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::LeakyRelu;

    /// The reference table, to its digits.
    #[test]
    fn moments_of_the_table() {
        let leaky = Activation::LeakyRelu(LeakyRelu::DEFAULT);
        for (activation, expected) in [
            (Activation::Linear, ["1.000000", "1.000000", "1.000000", "1.000000", "1.000000"]),
            (Activation::Sigmoid, ["0.044836", "0.293379", "0.043379", "1.033592", "0.152827"]),
            (Activation::Tanh, ["0.464403", "0.394294", "0.394294", "1.177807", "1.177807"]),
            (Activation::Relu, ["0.500000", "0.500000", "0.340845", "1.466942", "1.000000"]),
            (leaky, ["0.500050", "0.500050", "0.344062", "1.453371", "1.000000"]),
            (Activation::Gelu, ["0.455851", "0.425221", "0.345644", "1.318845", "1.072032"]),
            (Activation::Silu, ["0.379482", "0.355776", "0.313083", "1.212081", "1.066634"]),
            (Activation::Selu, ["1.071575", "1.000000", "1.000000", "1.071575", "1.071575"]),
        ] {
            let moments = NormalizedMoments::of(activation);
            let variance = moments.value_square - moments.value * moments.value;
            let found = [
                moments.slope_square,
                moments.value_square,
                variance,
                moments.batch_chi(),
                moments.layer_chi(),
            ];
            assert_eq!(found.map(|number| format!("{number:.6}")), expected, "{activation:?}");
        }
        let relu = NormalizedMoments::of(Activation::Relu).batch_chi();
        let yang = std::f64::consts::PI / (std::f64::consts::PI - 1.0);
        assert!((relu / yang - 1.0).abs() < 1e-13, "{relu}");
    }

    /// Poincaré: batch normalization never lets δ vanish.
    #[test]
    fn batch_normalization_explodes_for_every_activation() {
        for activation in Activation::ALL {
            let chi = NormalizedMoments::of(activation).batch_chi();
            let is_line = activation == Activation::Linear;
            assert!(
                if is_line { (chi - 1.0).abs() < 1e-12 } else { chi > 1.001 },
                "{activation:?}"
            );
        }
    }

    #[test]
    fn pre_normalized_skips_grow_as_a_power() {
        let he = PreSkips {
            activation: Activation::Relu,
            weight_variance: 2.0,
            bias_square: 0.0,
            scale: 1.0,
            first_q: 2.0,
        };
        for depth in [1_usize, 2, 30, 1000] {
            for layer in [1, depth.div_ceil(5), depth] {
                assert!((he.q(layer) - (layer + 1) as f64).abs() < 1e-10, "{layer}");
                let exact = (depth + 1) as f64 / (layer + 1) as f64;
                let found = he.growth(layer, depth).to_f64();
                assert!((found / exact - 1.0).abs() < 1e-12, "{layer} of {depth}: {found}");
            }
        }
        // PyTorch measured 1.0344 for ‖∂L/∂h‖ a step from layer 26 to 6 of 30.
        let step = (he.growth(6, 30).to_f64() / he.growth(26, 30).to_f64()).powf(0.5 / 20.0);
        assert_eq!(format!("{step:.4}"), "1.0343");
        let scaled = PreSkips { scale: 0.5, bias_square: 0.3, ..he };
        assert!((scaled.q(5) - (2.0 + 4.0 * 0.25 * 1.3)).abs() < 1e-12);
        assert!((scaled.growth(4, 5).to_f64() - (1.0 + 0.25 / scaled.q(4))).abs() < 1e-12);
    }
}
