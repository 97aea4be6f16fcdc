//! Upper triangles R, n × n: how one is made of inner products, and what its inverse makes of other
//! numbers. A row of zeros is a direction that is not there, and takes no part.

use super::dispatch;
use crate::engine::number::Real;

/// Numbers of a register of AVX-512, which are worked on at once.
const LANES: usize = 8;
/// Numbers of as many registers as hide the time that a difference takes.
const FOUR_REGISTERS: usize = 4 * LANES;

dispatch!(
    /// Makes R of the upper half of RᵀR, with columns of norm 1; `false` where less than `left` of the
    /// square of a column remains beside those before it, unless less than `nothing` remains of one
    /// that is like no other: its row of R becomes zeros. There may be one such column.
    /// What lies below the diagonal is of no account.
    factorize, factorize_body,
    (entries: &mut [T], n: usize, left: f64, nothing: f64) -> bool
);
dispatch!(
    /// X ← R⁻ᵀX, with X of n rows.
    solve_transposed, solve_transposed_body,
    (r: &[T], n: usize, x: &mut [T])
);
dispatch!(
    /// X ← R⁻¹X, with X of n rows.
    solve, solve_body,
    (r: &[T], n: usize, x: &mut [T])
);

#[inline(always)]
fn factorize_body<T: Real>(entries: &mut [T], n: usize, left: f64, nothing: f64) -> bool {
    let mut alike = T::ZERO;
    for (b, row) in entries.chunks_exact(n).enumerate() {
        for &cos in &row[b + 1..] {
            alike = if cos * cos > alike { cos * cos } else { alike };
        }
    }
    let mut may_depend = alike.to_f64() < 1.0 - left;
    for k in 0..n {
        let (above, from) = entries.split_at_mut(k * n);
        let row = &mut from[..n];
        // From whole registers on: what that leaves below the diagonal is cleared.
        let first = k / LANES * LANES;
        eliminate(&mut row[first..], Rows { entries: above, width: n, first }, (above, k, n));
        row[..k].fill(T::ZERO);
        let remains = row[k].to_f64();
        if remains < nothing && may_depend {
            may_depend = false;
            row.fill(T::ZERO);
            continue;
        }
        if remains.is_nan() || remains < left {
            return false;
        }
        scale(&mut row[k..], T::from_f64(1.0 / remains.sqrt()));
    }
    true
}

#[inline(always)]
fn solve_transposed_body<T: Real>(r: &[T], n: usize, x: &mut [T]) {
    let width = x.len() / n;
    for k in 0..n {
        let (above, from) = x.split_at_mut(k * width);
        let row = &mut from[..width];
        eliminate(row, Rows { entries: above, width, first: 0 }, (r, k, n));
        scale(row, inverse(r[k * n + k]));
    }
}

#[inline(always)]
fn solve_body<T: Real>(r: &[T], n: usize, x: &mut [T]) {
    let width = x.len() / n;
    for k in (0..n).rev() {
        let (until, below) = x.split_at_mut((k + 1) * width);
        let row = &mut until[k * width..];
        eliminate(row, Rows { entries: below, width, first: 0 }, (r, k * n + k + 1, 1));
        scale(row, inverse(r[k * n + k]));
    }
}

/// 1/r, and 0 of 0.
#[inline(always)]
fn inverse<T: Real>(r: T) -> T {
    if r == T::ZERO { T::ZERO } else { T::from_f64(1.0) / r }
}

#[inline(always)]
fn scale<T: Real>(row: &mut [T], factor: T) {
    for entry in row {
        *entry = *entry * factor;
    }
}

/// Rows of `width` numbers each, from their `first` number on.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    entries: &'a [T],
    width: usize,
    first: usize,
}

/// Numbers from a place on, a step apart.
type Strided<'a, T> = (&'a [T], usize, usize);

/// Takes multiples of all rows from one, the first row's first.
#[inline(always)]
fn eliminate<T: Real>(row: &mut [T], rows: Rows<'_, T>, factors: Strided<'_, T>) {
    let mut at = 0;
    while at < row.len() {
        at += match row.len() - at {
            FOUR_REGISTERS.. => eliminate_part::<T, FOUR_REGISTERS>(row, at, rows, factors),
            LANES.. => eliminate_part::<T, LANES>(row, at, rows, factors),
            _ => eliminate_part::<T, 1>(row, at, rows, factors),
        };
    }
}

/// [`eliminate`] of N numbers from a place on, which stay in registers; returns N.
#[inline(always)]
fn eliminate_part<T: Real, const N: usize>(
    row: &mut [T],
    at: usize,
    Rows { entries, width, first }: Rows<'_, T>,
    (factors, begin, step): Strided<'_, T>,
) -> usize {
    let place = &mut row[at..at + N];
    let mut left = [T::ZERO; N];
    left.copy_from_slice(place);
    for (k, other) in entries.chunks_exact(width).enumerate() {
        let (factor, other) = (factors[begin + k * step], &other[first + at..][..N]);
        for lane in 0..N {
            left[lane] = left[lane] - factor * other[lane];
        }
    }
    place.copy_from_slice(&left);
    N
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::noise;
    use crate::engine::kernels::{gram, same_filled};
    use ndarray::Array2;

    /// Inner products of n columns of norm 1, of which the last adds nothing with `depends`.
    fn cosines(n: usize, depends: bool) -> Vec<f64> {
        let mut columns = Array2::from_shape_vec((40, n), noise(40 * n)).expect("numbers of each");
        if depends {
            let sum = &columns.column(0) + &columns.column(1);
            columns.column_mut(n - 1).assign(&sum);
        }
        for mut column in columns.columns_mut() {
            let norm = column.dot(&column).sqrt();
            column.mapv_inplace(|entry| entry / norm);
        }
        gram(&columns)
    }

    fn square(entries: Vec<f64>, n: usize) -> Array2<f64> {
        Array2::from_shape_vec((n, n), entries).expect("n × n")
    }

    #[test]
    fn a_triangle_gives_its_square_and_its_inverse() {
        for (n, depends) in
            [(2, false), (8, false), (19, false), (32, false), (8, true), (21, true)]
        {
            let cosines = cosines(n, depends);
            let entries = same_filled(cosines.clone(), |entries| {
                assert!(factorize(entries, n, 1e-4, 1e-12));
            });
            let r = square(entries.clone(), n);
            assert!(r.indexed_iter().all(|((i, j), &entry)| i <= j || entry == 0.0));
            let again = r.t().dot(&r);
            for (place, &cos) in cosines.iter().enumerate().filter(|(at, _)| at % n >= at / n) {
                assert!((again[[place / n, place % n]] - cos).abs() < 1e-12, "{n} {place}");
            }
            let there = |k: usize| f64::from(u8::from(!(depends && k == n - 1)));
            let x = square(noise(n * n), n);
            let solved = same_filled(x.clone().into_raw_vec_and_offset().0, |x| {
                solve_transposed(&entries, n, x);
            });
            let back = r.t().dot(&square(solved, n));
            let solved = same_filled(x.clone().into_raw_vec_and_offset().0, |x| {
                solve(&entries, n, x);
            });
            let solved = square(solved, n);
            let forth = r.dot(&solved);
            for ((k, c), &x) in x.indexed_iter().filter(|((k, _), _)| there(*k) == 1.0) {
                assert!((back[[k, c]] - x).abs() < 1e-9, "{n} {k} {c}");
                assert!((forth[[k, c]] - x).abs() < 1e-9, "{n} {k} {c}");
            }
            assert!(there(n - 1) == 1.0 || solved.row(n - 1).iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn what_nearly_depends_is_refused() {
        // Of the last column nothing but rounding is left, which may be negative.
        for (left, nothing) in [(0.9999, 1e-12), (1e-4, -1.0)] {
            let mut entries = cosines(8, true);
            assert!(!factorize(&mut entries, 8, left, nothing));
        }
    }
}
