//! Losses: the value, and ∂L/∂a, for each example.

use crate::experiment::Loss;

use super::scaled::Faint;
use super::{Columns, Real, Scaled};

/// ∂L/∂a of each example's own loss, and the mean loss.
pub(super) struct OutputGradient<T> {
    /// ∇ₐL, n_L × B.
    pub error: Columns<T>,
    /// Entries that its mantissas lost.
    pub faint: Vec<Faint>,
    /// The mean of the examples' losses.
    pub loss: Scaled,
}

/// ∇ₐL for each example and the mean loss.
///
/// # Shapes
/// `a` and `target` are n_L × B, the gradient likewise.
pub(super) fn output_gradient<T: Real>(
    loss: Loss,
    a: &Columns<T>,
    target: &Columns<T>,
) -> OutputGradient<T> {
    match loss {
        Loss::Mse => squared_error(a, target),
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
