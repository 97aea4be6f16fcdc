//! Softmax cross-entropy, computed from logits: value, and δ = a − y.

use crate::engine::number::Scaled;

use super::example::ExampleLoss;
use super::softmax::LogSoftmax;

/// −Σ_i y_i ln p_i with p = softmax(z) and Σ y_i = 1; δ_i = p_i − y_i.
pub fn categorical(logits: &[Scaled], target: &[f64]) -> ExampleLoss {
    let parts = LogSoftmax::of(logits);
    let chosen = target.iter().enumerate().filter(|(_, y)| **y != 0.0);
    let loss = chosen.fold(Scaled::ZERO, |sum, (i, &y)| sum + parts.minus_ln(i) * y);
    let plain = parts.probabilities().zip(target).map(|(p, &y)| p - y.into());
    let mut delta: Vec<Scaled> = plain.collect();
    let beside = parts.beside_top();
    if beside.to_f64() < 0.5 {
        // Here p rounds towards 1: p − y = (1 − y) − (1 − p) keeps the digits.
        delta[parts.top] = Scaled::from(1.0 - target[parts.top]) - beside;
    }
    ExampleLoss { delta, loss }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::loss::binary::binary;

    fn log10(number: Scaled) -> f64 {
        number.log10().expect("not zero")
    }

    fn plain(numbers: &[Scaled]) -> Vec<f64> {
        numbers.iter().map(|number| number.to_f64()).collect()
    }

    #[test]
    fn logits_past_every_float_have_a_loss() {
        let far = Scaled::new(0.75, 5000);
        let both = categorical(&[far, -far], &[0.0, 1.0]);
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
