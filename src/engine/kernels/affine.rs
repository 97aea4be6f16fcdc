//! γ ⊙ u + β, a row at a time.

use super::dispatch;
use crate::engine::number::Real;

dispatch!(
    /// Each row's entries times its γ, plus its β; rows are of `batch` entries.
    scale_and_shift_rows, scale_and_shift_rows_body,
    (entries: &mut [T], batch: usize, gamma: &[T], beta: &[T])
);

#[inline(always)]
fn scale_and_shift_rows_body<T: Real>(entries: &mut [T], batch: usize, gamma: &[T], beta: &[T]) {
    let rows = entries.chunks_exact_mut(batch).zip(gamma).zip(beta);
    for ((row, &gamma), &beta) in rows {
        row.iter_mut().for_each(|entry| *entry = entry.mul_add(gamma, beta));
    }
}
