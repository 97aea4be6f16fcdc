//! Losses: the value and the error at the output, for each example.

use ndarray::{Array2, ArrayViewMut1};

use crate::experiment::{Activation, Loss};

use super::cross_entropy::{CrossEntropy, binary, categorical};
use super::forward::LayerTrace;
use super::softmax::LogSoftmax;
use super::{Columns, Real, Scaled, scaled_activation};

/// Fills the output layer's δ with ∇ₐL of each example's own loss, still to be multiplied by
/// σ′(z), or with δ^(L) = a − y itself where the loss cancels the slope; entries that its
/// mantissas lose are kept apart. Returns the mean loss.
///
/// `activation` is the output's.
///
/// # Shapes
/// `target` is n_L × B.
pub(super) fn output_gradient<T: Real>(
    loss: Loss,
    activation: Activation,
    output: &mut LayerTrace<T>,
    target: &Columns<T>,
) -> Scaled {
    output.delta.clear_underflowed();
    match loss {
        Loss::Mse => squared_error(activation, output, target),
        Loss::Bce => cross_entropy(binary, output, target),
        Loss::SoftmaxCe => cross_entropy(categorical, output, target),
    }
}

/// ½‖a − y‖² and a − y, where a = m 2^e and y stands in plain numbers.
fn squared_error<T: Real>(
    activation: Activation,
    output: &mut LayerTrace<T>,
    target: &Columns<T>,
) -> Scaled {
    let LayerTrace { z, a, delta: error, .. } = output;
    let Columns { mantissa, exponent } = error.columns_mut();
    let differences = mantissa.iter_mut().zip(&a.columns().mantissa).zip(&target.mantissa);
    differences.for_each(|((error, &a), &y)| *error = a - y);
    exponent.fill(0);
    let near = T::EPSILON.sqrt();
    for (b, &exponent) in a.columns().exponent.iter().enumerate() {
        let errors = error.columns().mantissa.column(b);
        let rounded = |(error, y): (&T, &T)| error.to_f64().abs() <= near * y.to_f64().abs();
        let touches =
            activation.is_bounded() && errors.iter().zip(target.mantissa.column(b)).any(rounded);
        if touches || exponent != 0 || !a.underflowed_of(b).is_empty() {
            // Beside a target of exactly 0 even the smallest output is an error.
            let entry = |unit: usize| {
                let y = target.mantissa[[unit, b]].to_f64();
                let at_bound = beside_bound(activation, z.entry(unit, b), y).filter(|_| touches);
                at_bound.unwrap_or_else(|| a.entry(unit, b).plus(Scaled::from(-y)))
            };
            let entries: Vec<Scaled> = (0..a.units()).map(entry).collect();
            error.set_column(b, &entries);
        }
    }
    let norm = error.rms_norm();
    norm.times(norm).times(Scaled::from(0.5))
}

/// φ(z) − y where the target is a bound of φ, beside which rounding takes φ(z)'s digits:
/// σ(z) − 1 = −σ(−z) and tanh z ∓ 1 = ∓2σ(∓2z).
fn beside_bound(activation: Activation, z: Scaled, y: f64) -> Option<Scaled> {
    let sigmoid = |factor: f64| {
        let value = scaled_activation::value(Activation::Sigmoid, z.times((-factor).into()));
        value.times((-factor).into())
    };
    match activation {
        Activation::Sigmoid if y == 1.0 => Some(sigmoid(1.0)),
        Activation::Tanh if y.abs() == 1.0 => Some(sigmoid(2.0 * y)),
        _ => None,
    }
}

/// A cross-entropy of every example, from its logits.
fn cross_entropy<T: Real>(
    of_example: fn(&[Scaled], &[f64]) -> CrossEntropy,
    output: &mut LayerTrace<T>,
    target: &Columns<T>,
) -> Scaled {
    let mut sum = Scaled::ZERO;
    let batch = output.z.batch();
    for b in 0..batch {
        let y: Vec<f64> = target.mantissa.column(b).iter().map(|y| y.to_f64()).collect();
        let example = of_example(&output.z.column(b), &y);
        output.delta.set_column(b, &example.delta);
        sum = sum.plus(example.loss);
    }
    sum.times(Scaled::from(1.0 / batch as f64))
}

/// Where the loss takes the softmax of the logits, a^(L) is that softmax.
pub(super) fn finish_output<T: Real>(loss: Loss, output: &mut LayerTrace<T>) {
    if loss != Loss::SoftmaxCe {
        return;
    }
    output.a.clear_underflowed();
    for b in 0..output.z.batch() {
        let softmax = LogSoftmax::of(&output.z.column(b));
        let probabilities: Vec<Scaled> = softmax.probabilities().collect();
        output.a.set_settled(b, &probabilities);
    }
}

/// Makes standard normal draws, n_L × B, into targets that the loss accepts: 0 or 1 by the
/// sign for binary cross-entropy, the class of the largest for softmax cross-entropy.
pub(super) fn make_targets<T: Real>(loss: Loss, draws: &mut Array2<T>) {
    let one = T::from_f64(1.0);
    match loss {
        Loss::Mse => {}
        Loss::Bce => draws.mapv_inplace(|draw| if draw > T::ZERO { one } else { T::ZERO }),
        Loss::SoftmaxCe => draws.columns_mut().into_iter().for_each(one_hot),
    }
}

/// 1 at the largest entry, the first of equals, and 0 elsewhere.
fn one_hot<T: Real>(mut column: ArrayViewMut1<'_, T>) {
    let top = (0..column.len()).fold(0, |top, i| if column[i] > column[top] { i } else { top });
    column.fill(T::ZERO);
    if let Some(entry) = column.get_mut(top) {
        *entry = T::from_f64(1.0);
    }
}
