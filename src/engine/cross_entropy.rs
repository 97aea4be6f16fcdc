//! The cross-entropies of one example, computed from logits: value, and δ = a − y.

use crate::experiment::Activation;

use super::Scaled;
use super::softmax::{LogSoftmax, exp, ln_1_plus};

/// δ = ∂L/∂z of one example and its loss.
pub(super) struct CrossEntropy {
    /// a_i − y_i for each output.
    pub delta: Vec<Scaled>,
    /// L ≥ 0.
    pub loss: Scaled,
}

/// −Σ_i (y_i ln σ(z_i) + (1 − y_i) ln(1 − σ(z_i))) = Σ_i y_i s(−z_i) + (1 − y_i) s(z_i) with
/// s(x) = ln(1 + eˣ): a sum of terms ≥ 0 in which nothing overflows.
///
/// δ_i = σ(z_i) − y_i, written (1 − y_i) σ(z_i) − y_i σ(−z_i): with a target of exactly 0 or
/// 1 it keeps its digits where σ(z_i) rounds to the target.
pub(super) fn binary(logits: &[Scaled], target: &[f64]) -> CrossEntropy {
    let mut loss = Scaled::ZERO;
    let mut delta = Vec::with_capacity(logits.len());
    for (&z, &y) in logits.iter().zip(target) {
        let minus_z = Scaled::ZERO.minus(z);
        let (on, off) = (Scaled::from(y), Scaled::from(1.0 - y));
        loss = loss.plus(on.times(softplus(minus_z))).plus(off.times(softplus(z)));
        delta.push(off.times(sigmoid(z)).minus(on.times(sigmoid(minus_z))));
    }
    CrossEntropy { delta, loss }
}

/// −Σ_i y_i ln p_i with p = softmax(z) and Σ y_i = 1; δ_i = p_i − y_i.
pub(super) fn categorical(logits: &[Scaled], target: &[f64]) -> CrossEntropy {
    let parts = LogSoftmax::of(logits);
    let chosen = target.iter().enumerate().filter(|(_, y)| **y != 0.0);
    let loss = chosen
        .fold(Scaled::ZERO, |sum, (i, &y)| sum.plus(parts.minus_ln(i).times(Scaled::from(y))));
    let plain = parts.probabilities().zip(target).map(|(p, &y)| p.minus(y.into()));
    let mut delta: Vec<Scaled> = plain.collect();
    let beside = parts.beside_top();
    if beside.to_f64() < 0.5 {
        // Here p rounds towards 1: p − y = (1 − y) − (1 − p) keeps the digits.
        delta[parts.top] = Scaled::from(1.0 - target[parts.top]).minus(beside);
    }
    CrossEntropy { delta, loss }
}

/// σ(x), never rounded to 0.
fn sigmoid(x: Scaled) -> Scaled {
    let plain = x.to_f64();
    if plain < -700.0 { exp(x) } else { Activation::Sigmoid.value(plain).into() }
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^{−|x|}).
fn softplus(x: Scaled) -> Scaled {
    let positive = x.mantissa() > 0.0;
    let tail = ln_1_plus(exp(if positive { Scaled::ZERO.minus(x) } else { x }));
    if positive { tail.plus(x) } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log10(number: Scaled) -> f64 {
        number.log10().expect("not zero")
    }

    fn plain(numbers: &[Scaled]) -> Vec<f64> {
        numbers.iter().map(|number| number.to_f64()).collect()
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
        let both = categorical(&[far, Scaled::ZERO.minus(far)], &[0.0, 1.0]);
        assert_eq!(both.loss, Scaled::new(0.75, 5001));
        assert_eq!(plain(&both.delta), [1.0, -1.0]);
    }

    #[test]
    fn categorical_is_finite_and_keeps_its_digits_at_a_thousand() {
        let logits = [1000.0, -1000.0].map(Scaled::from);
        let right = categorical(&logits, &[1.0, 0.0]);
        let expected = -2000.0 / std::f64::consts::LN_10;
        for number in [right.loss, right.delta[0], right.delta[1]] {
            assert!((log10(number) - expected).abs() < 1e-9);
        }
        assert!(right.delta[0].mantissa() < 0.0);
        let wrong = categorical(&logits, &[0.0, 1.0]);
        assert_eq!(wrong.loss.to_f64(), 2000.0);
        assert_eq!(plain(&wrong.delta), [1.0, -1.0]);
    }

    #[test]
    fn two_classes_are_the_binary_case() {
        for z in [-3.0, -0.2, 0.0, 1.7, 40.0] {
            let binary = binary(&[z.into()], &[0.3]);
            let both = categorical(&[z.into(), 0.0.into()], &[0.3, 0.7]);
            assert!((binary.loss.to_f64() - both.loss.to_f64()).abs() < 1e-14);
            assert!((binary.delta[0].to_f64() - both.delta[0].to_f64()).abs() < 1e-15);
        }
    }
}
