//! Losses, one file each: the value and the error at the output, for each example.

mod binary;
mod categorical;
mod example;
mod plain_softmax;
mod softmax;
mod squared_error;

use ndarray::{Array2, ArrayViewMut1};

use crate::engine::number::{Real, Scaled, ScaledColumns};
use crate::engine::pass::LayerTrace;
use crate::experiment::{Activation, Loss};

use binary::binary;
use categorical::categorical;
use squared_error::squared_error;

pub(crate) use softmax::LogSoftmax;
pub use softmax::{softmax, softmax_jacobian};

/// Fills the output layer's δ with ∇ₐL of each example's own loss, still to be multiplied by
/// σ′(z), or with δ^(L) = a − y itself where the loss cancels the slope; entries that its
/// mantissas lose are kept apart. Returns the mean loss.
///
/// `activation` is the output's.
///
/// # Shapes
/// `target` is n_L × B.
///
/// # Panics
/// If a target has an exponent of its own: losses read plain numbers.
pub(crate) fn output_gradient<T: Real>(
    loss: Loss,
    activation: Activation,
    output: &mut LayerTrace<T>,
    target: &ScaledColumns<T>,
) -> Scaled {
    assert!(target.exponent.iter().all(|&exponent| exponent == 0), "targets are plain numbers");
    output.delta.clear_underflowed();
    match loss {
        Loss::Mse => squared_error(activation, output, target),
        Loss::Bce | Loss::SoftmaxCe => cross_entropy(loss, output, target),
    }
}

/// A cross-entropy of every example, from its logits.
fn cross_entropy<T: Real>(
    loss: Loss,
    output: &mut LayerTrace<T>,
    target: &ScaledColumns<T>,
) -> Scaled {
    let mut sum = Scaled::ZERO;
    let batch = output.z.batch();
    for b in 0..batch {
        if loss == Loss::SoftmaxCe
            && let Some(own) = plain_softmax::cross_entropy(output, b, &target.mantissa)
        {
            sum += own;
            continue;
        }
        let y: Vec<f64> = target.mantissa.column(b).iter().map(|y| y.to_f64()).collect();
        let of_example = if loss == Loss::Bce { binary } else { categorical };
        let example = of_example(&output.z.column(b), &y);
        output.delta.set_column(b, &example.delta);
        sum += example.loss;
    }
    sum * (1.0 / batch as f64)
}

/// Where the loss takes the softmax of the logits, a^(L) is that softmax.
pub(crate) fn finish_output<T: Real>(loss: Loss, output: &mut LayerTrace<T>) {
    if loss != Loss::SoftmaxCe {
        return;
    }
    output.a.clear_underflowed();
    for b in 0..output.z.batch() {
        if plain_softmax::finish(output, b) {
            continue;
        }
        let softmax = LogSoftmax::of(&output.z.column(b));
        let probabilities: Vec<Scaled> = softmax.probabilities().collect();
        output.a.set_settled(b, &probabilities);
    }
}

/// Makes standard normal draws, n_L × B, into targets that the loss accepts: 0 or 1 by the
/// sign for binary cross-entropy, the class of the largest for softmax cross-entropy.
pub(crate) fn make_targets<T: Real>(loss: Loss, draws: &mut Array2<T>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Plain numbers have the bits that exponents of their own give, or are not taken.
    fn check<T: Real>() {
        let (units, batch) = (5, 40);
        let mut taken = 0;
        for reach in [1e-9, 1.0, 30.0, 300.0, 3000.0] {
            let mut output = LayerTrace::<T>::zeros(units, batch);
            let logits = output.z.columns_mut().entries_mut().iter_mut().enumerate();
            logits.for_each(|(i, z)| *z = T::from_f64((i as f64 * 1.3).sin() * reach));
            let mut target = Array2::from_elem((units, batch), T::ZERO);
            for b in 0..batch {
                let shares = [[1.0, 0.0], [0.75, 0.25]][b % 2];
                for (i, share) in shares.into_iter().enumerate() {
                    target[[(b + i) % units, b]] = T::from_f64(share);
                }
            }
            for b in 0..batch {
                let (mut plain, mut full) = (output.clone(), output.clone());
                let y: Vec<f64> = target.column(b).iter().map(|y| y.to_f64()).collect();
                let example = categorical(&output.z.column(b), &y);
                full.delta.set_column(b, &example.delta);
                if let Some(loss) = plain_softmax::cross_entropy(&mut plain, b, &target) {
                    assert_eq!((loss, &plain.delta), (example.loss, &full.delta));
                    taken += 1;
                }
                let softmax = LogSoftmax::of(&output.z.column(b));
                full.a.set_settled(b, &softmax.probabilities().collect::<Vec<Scaled>>());
                if plain_softmax::finish(&mut plain, b) {
                    assert_eq!(plain.a, full.a);
                }
            }
        }
        assert!((80..200).contains(&taken), "{taken}");
    }

    #[test]
    fn plain_numbers_have_the_same_bits() {
        check::<f64>();
        check::<f32>();
    }
}
