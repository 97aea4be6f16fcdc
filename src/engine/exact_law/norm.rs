//! Norms in a fixed order of operations.

use crate::engine::kernels;
use crate::engine::number::{Scaled, ScaledColumns};

/// Powers of two within which a standard deviation is a plain factor.
pub(super) const PLAIN_EXPONENT: i64 = 300;
/// Squares between which a norm is the plain root of the sum.
const PLAIN_SQUARES: (f64, f64) = (1e-200, 1e200);

/// The norm of a single column, the root mean square of several columns' norms.
pub(super) fn norm(columns: &ScaledColumns<f64>) -> Scaled {
    if columns.batch() > 1 {
        return columns.rms_norm();
    }
    let entries = columns.entries();
    let squares = dot(entries, entries);
    if squares > PLAIN_SQUARES.0 && squares < PLAIN_SQUARES.1 {
        Scaled::new(squares.sqrt(), columns.exponent[0])
    } else {
        columns.norm(0)
    }
}

/// aᵀb in the kernels' fixed order.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut out = [0.0];
    kernels::matvec(a, b, 1.0, &mut out);
    out[0]
}
