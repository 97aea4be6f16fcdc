//! Losses: the value, and ∂L/∂a, for each example.

use crate::experiment::Loss;

use super::scaled::ldexp;
use super::{Columns, Real, Scaled};

/// ∇ₐL for each example, in the exponent of `a`'s column, and the mean loss.
///
/// # Shapes
/// `a` and `target` are n_L × B, the returned gradient likewise.
pub(super) fn output_gradient<T: Real>(
    loss: Loss,
    a: &Columns<T>,
    target: &Columns<T>,
) -> (Columns<T>, Scaled) {
    match loss {
        Loss::Mse => squared_error(a, target),
    }
}

/// ½‖a − y‖² and a − y, where a = m 2^e and y stands in plain numbers.
fn squared_error<T: Real>(a: &Columns<T>, target: &Columns<T>) -> (Columns<T>, Scaled) {
    let mut error = a.clone();
    let mut sum = Scaled::ZERO;
    for (b, &exponent) in a.exponent.iter().enumerate() {
        // An output far below 1 is negligible beside its target; there the target's exponent rules.
        let shared = exponent.max(0);
        let (to_a, to_y) = (ldexp(1.0, exponent - shared), ldexp(1.0, -shared));
        for (entry, y) in error.mantissa.column_mut(b).iter_mut().zip(target.mantissa.column(b)) {
            *entry = T::from_f64(entry.to_f64() * to_a - y.to_f64() * to_y);
        }
        error.exponent[b] = shared;
        let norm = error.norm(b);
        sum = sum.plus(norm.times(norm));
    }
    let mean = sum.times(Scaled::from(0.5 / a.batch() as f64));
    (error, mean)
}
