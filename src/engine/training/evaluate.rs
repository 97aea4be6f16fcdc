//! How good a network's outputs are: the loss, and how many examples it gets right.

use crate::engine::network::Network;
use crate::engine::number::{Real, Signal};
use crate::engine::pass::Pass;

/// Loss and accuracy of some examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The share of examples that are right: see [`accuracy()`].
    pub accuracy: Option<f64>,
}

impl<T: Real> Network<T> {
    /// Loss and accuracy of this network's own examples; the backward pass is left out.
    pub fn score(&self, buffers: &mut Option<Pass<T>>) -> Score {
        let pass = self.forward_in(buffers);
        let loss = self.loss_of(pass).to_f64();
        Score { loss, accuracy: accuracy(&pass.layers[self.depth() - 1].a, &self.target.mantissa) }
    }
}

/// The share of examples whose output is on the target's side: with one output on the same side
/// of ½, with several and one target of 1 the same output the largest, otherwise each on the same
/// side of ½. `None` where targets are others than 0 and 1.
pub fn accuracy<T: Real, U: Real>(output: &Signal<T>, target: &ndarray::Array2<U>) -> Option<f64> {
    let one = U::from_f64(1.0);
    if target.iter().any(|&y| y != U::ZERO && y != one) {
        return None;
    }
    let (units, batch) = (output.units(), output.batch());
    let is_right = |example: &usize| {
        let y = |unit: usize| target[[unit, example.to_owned()]] == one;
        let a = |unit: usize| output.entry(unit, *example).to_f64();
        let ones = (0..units).filter(|&unit| y(unit)).count();
        if units > 1 && ones == 1 {
            let top = (0..units).fold(0, |top, unit| if a(unit) > a(top) { unit } else { top });
            return y(top);
        }
        (0..units).all(|unit| (a(unit) > 0.5) == y(unit))
    };
    Some((0..batch).filter(is_right).count() as f64 / batch as f64)
}
