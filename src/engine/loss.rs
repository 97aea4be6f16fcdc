//! Losses: the value and the error at the output, for each example.

use ndarray::{Array2, ArrayViewMut1};

use crate::experiment::Loss;

use super::cross_entropy::{CrossEntropy, binary, categorical};
use super::forward::LayerTrace;
use super::scaled::Faint;
use super::softmax::LogSoftmax;
use super::{Columns, Real, Scaled};

/// What the backward pass starts from, and the mean loss.
pub(super) struct OutputGradient<T> {
    /// n_L × B: ∇ₐL of each example's own loss, still to be multiplied by σ′(z); δ^(L) = a − y
    /// itself where the loss cancels the slope.
    pub error: Columns<T>,
    /// Entries that its mantissas lost.
    pub faint: Vec<Faint>,
    /// The mean of the examples' losses.
    pub loss: Scaled,
}

/// The error of each example and the mean loss, from the output layer's z and a.
///
/// # Shapes
/// `target` is n_L × B, the error likewise.
pub(super) fn output_gradient<T: Real>(
    loss: Loss,
    output: &LayerTrace<T>,
    target: &Columns<T>,
) -> OutputGradient<T> {
    match loss {
        Loss::Mse => squared_error(&output.a, target),
        Loss::Bce => cross_entropy(binary, &output.z, target),
        Loss::SoftmaxCe => cross_entropy(categorical, &output.z, target),
    }
}

/// ½‖a − y‖² and a − y, where a = m 2^e and y stands in plain numbers.
fn squared_error<T: Real>(a: &Columns<T>, target: &Columns<T>) -> OutputGradient<T> {
    let mut error = a.clone();
    let mut faint = Vec::new();
    let mut sum = Scaled::ZERO;
    for (b, &exponent) in a.exponent.iter().enumerate() {
        if exponent == 0 {
            let column = error.mantissa.column_mut(b);
            column.into_iter().zip(target.mantissa.column(b)).for_each(|(a, &y)| *a = *a - y);
        } else {
            // Beside a target of exactly 0 even the faintest output is an error.
            let entry =
                |unit| a.get(unit, b).plus(Scaled::from(-target.mantissa[[unit, b]].to_f64()));
            let entries: Vec<Scaled> = (0..a.units()).map(entry).collect();
            error.fill(b, &entries, &mut faint);
        }
        let norm = error.norm(b);
        sum = sum.plus(norm.times(norm));
    }
    let loss = sum.times(Scaled::from(0.5 / a.batch() as f64));
    OutputGradient { error, faint, loss }
}

/// A cross-entropy of every example, from its logits.
fn cross_entropy<T: Real>(
    of_example: fn(&[Scaled], &[f64]) -> CrossEntropy,
    z: &Columns<T>,
    target: &Columns<T>,
) -> OutputGradient<T> {
    let mut error = Columns::zeros(z.units(), z.batch());
    let mut faint = Vec::new();
    let mut sum = Scaled::ZERO;
    for b in 0..z.batch() {
        let y: Vec<f64> = target.mantissa.column(b).iter().map(|y| y.to_f64()).collect();
        let example = of_example(&z.column(b), &y);
        error.fill(b, &example.delta, &mut faint);
        sum = sum.plus(example.loss);
    }
    let loss = sum.times(Scaled::from(1.0 / z.batch() as f64));
    OutputGradient { error, faint, loss }
}

/// Where the loss takes the softmax of the logits, a^(L) is that softmax.
pub(super) fn finish_output<T: Real>(loss: Loss, output: &mut LayerTrace<T>) {
    if loss != Loss::SoftmaxCe {
        return;
    }
    for b in 0..output.z.batch() {
        let softmax = LogSoftmax::of(&output.z.column(b));
        let column = output.a.mantissa.column_mut(b);
        column.into_iter().zip(softmax.probabilities()).for_each(|(a, p)| {
            *a = T::from_f64(p.to_f64());
        });
        output.a.exponent[b] = 0;
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
