//! φ and φ′ of numbers of any size: where `f64` ends, their limits and their tails go on.

use crate::engine::number::{Scaled, clamped};
use crate::experiment::{Activation, Term};

/// Powers of two below which φ is its tangent at 0, to the last digit of `f64`.
const STRAIGHT_BELOW: i64 = -60;
/// Derivatives below this are taken from their logarithm.
const SMALLEST_PLAIN: f64 = 1e-290;

/// φ(z), 0 only where φ(z) is, or is below e^(−10^15).
pub(crate) fn value(activation: Activation, z: Scaled) -> Scaled {
    let plain = clamped(z);
    let small = z.is_zero() || z.exponent() < STRAIGHT_BELOW;
    let lines = activation.lines().or(activation.slopes_at_origin().filter(|_| small));
    if let Some(slopes) = lines {
        return along(slopes, z);
    }
    if let Some(tail) = activation.tail(plain) {
        return Scaled::from_ln(tail.exponent) * tail.factor;
    }
    // Past every f64 it is a straight line; on the left of 0 it may be a constant.
    if z.exponent() > 900 && !activation.is_bounded() && plain > 0.0 {
        return along(activation.slopes_at_infinity(), z);
    }
    activation.value(plain).into()
}

impl From<Term> for Scaled {
    fn from(Term { exponent, factor }: Term) -> Self {
        // A plain power has the C library's rounding, which is the best there is.
        let power =
            if exponent > -700.0 { libm::exp(exponent).into() } else { Self::from_ln(exponent) };
        power * factor
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
            for at in [-700.0, -36.0, ldexp(1.0, -60), -ldexp(1.0, -60)] {
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
