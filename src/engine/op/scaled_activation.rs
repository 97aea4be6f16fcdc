//! φ and φ′ of numbers of any size: where `f64` ends, their limits and their tails go on.

use crate::engine::loss::exp;
use crate::engine::number::{Scaled, clamped};
use crate::experiment::Activation;

/// Powers of two below which φ is its tangent at 0, to the last digit of `f64`.
const STRAIGHT_BELOW: i64 = -60;
/// Left of this eᶻ nears the smallest normal `f64`.
const EXPONENTIAL_TAIL: f64 = -700.0;
/// Left of this the normal density nears it.
const NORMAL_TAIL: f64 = -36.0;
/// Derivatives below this are taken from their logarithm.
const SMALLEST_PLAIN: f64 = 1e-290;

/// φ(z), 0 only where φ(z) is, or is below e^(−10^15).
pub(crate) fn value(activation: Activation, z: Scaled) -> Scaled {
    let plain = clamped(z);
    let small = z.is_zero() || z.exponent() < STRAIGHT_BELOW;
    match (activation, activation.slopes_at_origin()) {
        (Activation::Linear, _) => z,
        (Activation::Relu | Activation::LeakyRelu, Some(slopes)) => along(slopes, z),
        (_, Some(slopes)) if small => along(slopes, z),
        (Activation::Sigmoid, _) if plain < EXPONENTIAL_TAIL => exp(z),
        (Activation::Silu, _) if plain < EXPONENTIAL_TAIL => z * exp(z),
        (Activation::Gelu, _) if plain < NORMAL_TAIL => gelu_tail(plain),
        // Past every f64 it is a straight line; on the left of 0 it may be a constant.
        _ if z.exponent() > 900 && !activation.is_bounded() && plain > 0.0 => {
            along(activation.slopes_at_infinity(), z)
        }
        _ => activation.value(plain).into(),
    }
}

/// φ′(z), 0 only where φ′(z) is, or is below e^(−10^15).
pub(crate) fn slope(activation: Activation, z: Scaled) -> Scaled {
    let z = clamped(z);
    let plain = activation.derivative(z);
    if plain.abs() > SMALLEST_PLAIN {
        return plain.into();
    }
    let sign = Scaled::from(activation.derivative_sign(z));
    Scaled::from_ln(activation.ln_derivative(z)) * sign
}

/// Two straight lines that meet at 0.
fn along((left, right): (f64, f64), z: Scaled) -> Scaled {
    z * (if z.mantissa() > 0.0 { right } else { left })
}

/// z Φ(z) = −(normal density) × (1 − r + 3r² − 15r³ + …), r = 1/z²: the asymptotic series of Φ's
/// tail, to the last digit from |z| = 30 on.
fn gelu_tail(z: f64) -> Scaled {
    let r = 1.0 / (z * z);
    let terms = [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0];
    let series = terms.iter().rev().fold(1.0, |series, k| 1.0 - k * r * series);
    let ln_density = -0.5 * (z * z + libm::log(2.0 * std::f64::consts::PI));
    Scaled::from_ln(ln_density) * -series
}

#[cfg(test)]
mod tests {
    use crate::engine::number::ldexp;

    use super::*;

    #[test]
    fn the_scaled_form_is_the_plain_one_where_both_exist() {
        for activation in Activation::ALL {
            for z in [-690.0, -34.0, -3.0, -1e-9, -1e-20, 0.0, 1e-30, 0.3, 40.0, 1e9] {
                for (plain, scaled) in [
                    (activation.value(z), value(activation, z.into()).to_f64()),
                    (activation.derivative(z), slope(activation, z.into()).to_f64()),
                ] {
                    let error = (scaled - plain).abs();
                    assert!(error <= 1e-12 * plain.abs() + 1e-290, "{activation:?} {z}: {scaled}");
                }
            }
        }
    }

    /// Both sides of every change of form agree as far as φ moves between them.
    #[test]
    fn nothing_jumps_where_the_form_changes() {
        // e^(−z²/2) moves much already where z moves by its last digits.
        let step = 4.0 * f64::EPSILON;
        for activation in Activation::ALL {
            for at in [EXPONENTIAL_TAIL, NORMAL_TAIL, ldexp(1.0, -60), -ldexp(1.0, -60)] {
                let [below, above] =
                    [at * (1.0 + step), at * (1.0 - step)].map(|z| value(activation, z.into()));
                let ratio = below.checked_div(above).map_or(1.0, Scaled::to_f64);
                assert!((ratio - 1.0).abs() < 3e-9, "{activation:?} at {at}: {ratio}");
            }
        }
    }

    #[test]
    fn tails_and_limits_go_on_past_f64() {
        let ln = |number: Scaled| number.log10().expect("not zero") * std::f64::consts::LN_10;
        let (far, near) = (Scaled::new(-0.75, 3000), Scaled::new(0.75, -3000));
        assert!((ln(value(Activation::Sigmoid, (-5000.0).into())) + 5000.0).abs() < 1e-9);
        let silu = value(Activation::Silu, (-5000.0).into());
        assert!((ln(silu) - (5000_f64.ln() - 5000.0)).abs() < 1e-9 && silu.mantissa() < 0.0);
        let gelu = value(Activation::Gelu, (-100.0).into());
        let density = -5000.0 - 0.5 * (2.0 * std::f64::consts::PI).ln();
        assert!((ln(gelu) - density - (1.0 - 1e-4 + 3e-8_f64).ln()).abs() < 1e-9);
        let selu = value(Activation::Selu, far).to_f64();
        assert!((selu + 1.758_099_340_847_376_6).abs() < 1e-15);
        assert_eq!(value(Activation::Relu, near), near);
        assert_eq!(value(Activation::Tanh, near), near);
        assert_eq!(value(Activation::Gelu, near), Scaled::new(0.75, -3001));
        assert_eq!(value(Activation::Silu, Scaled::new(0.75, 3000)), Scaled::new(0.75, 3000));
        assert_eq!(value(Activation::Sigmoid, near).to_f64(), 0.5);
        assert!(slope(Activation::Relu, near).to_f64() == 1.0);
    }
}
