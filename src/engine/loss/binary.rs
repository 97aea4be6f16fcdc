//! Binary cross-entropy, computed from logits: value, and δ = a − y.

use crate::engine::number::Scaled;
use crate::experiment::Activation;

use super::example::ExampleLoss;
use super::softmax::{exp, ln_1_plus};

/// −Σ_i (y_i ln σ(z_i) + (1 − y_i) ln(1 − σ(z_i))) = Σ_i y_i s(−z_i) + (1 − y_i) s(z_i) with
/// s(x) = ln(1 + eˣ): a sum of terms ≥ 0 in which nothing overflows.
///
/// δ_i = σ(z_i) − y_i, written (1 − y_i) σ(z_i) − y_i σ(−z_i): with a target of exactly 0 or
/// 1 it keeps its digits where σ(z_i) rounds to the target.
pub fn binary(logits: &[Scaled], target: &[f64]) -> ExampleLoss {
    let mut loss = Scaled::ZERO;
    let mut delta = Vec::with_capacity(logits.len());
    for (&z, &y) in logits.iter().zip(target) {
        let minus_z = -z;
        let (on, off) = (Scaled::from(y), Scaled::from(1.0 - y));
        loss = loss + on * softplus(minus_z) + off * softplus(z);
        delta.push(off * sigmoid(z) - on * sigmoid(minus_z));
    }
    ExampleLoss { delta, loss }
}

/// σ(x), never rounded to 0.
fn sigmoid(x: Scaled) -> Scaled {
    let plain = x.to_f64();
    if plain < -700.0 { exp(x) } else { Activation::Sigmoid.value(plain).into() }
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^{−|x|}).
fn softplus(x: Scaled) -> Scaled {
    let positive = x.mantissa() > 0.0;
    let tail = ln_1_plus(exp(if positive { -x } else { x }));
    if positive { tail + x } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log10(number: Scaled) -> f64 {
        number.log10().expect("not zero")
    }

    #[test]
    fn binary_is_finite_and_keeps_its_digits_at_a_thousand() {
        for (z, y) in [(1000.0, 1.0), (-1000.0, 0.0)] {
            let right = binary(&[z.into()], &[y]);
            assert!((log10(right.loss) + 1000.0 / std::f64::consts::LN_10).abs() < 1e-9);
            assert!((log10(right.delta[0]) + 1000.0 / std::f64::consts::LN_10).abs() < 1e-9);
            let wrong = binary(&[z.into()], &[1.0 - y]);
            assert_eq!(wrong.loss.to_f64(), 1000.0);
            assert_eq!(wrong.delta[0].to_f64(), 2.0 * y - 1.0);
        }
        let middle = binary(&[0.0.into()], &[0.5]);
        assert_eq!((middle.loss.to_f64(), middle.delta[0]), (2_f64.ln(), Scaled::ZERO));
    }

    #[test]
    fn logits_past_every_float_have_a_loss() {
        let far = Scaled::new(0.75, 5000);
        assert_eq!(binary(&[far], &[0.0]).loss, far);
        assert_eq!(binary(&[far], &[1.0]).loss, Scaled::ZERO);
    }
}
