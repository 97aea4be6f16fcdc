//! Loops over n × B arrays, row by row, whatever the columns need.

use super::dispatch;
use super::extremes::LANES;
use crate::engine::number::Real;

/// Lanes of a sum in `f64`: a register of AVX-512, two of AVX2.
const SUMS: usize = 8;

/// Numbers of a row in which the factors of few columns are repeated.
pub(super) const ROW: usize = 64;

dispatch!(
    /// Σ entry, in `f64`.
    total, total_body,
    (entries: &[T]) -> f64
);
dispatch!(
    /// Σ (entry − mean)², in `f64`.
    squared_deviations, squared_deviations_body,
    (entries: &[T], mean: f64) -> f64
);
dispatch!(
    /// Σ entry², in `f64`.
    square_sum, square_sum_body,
    (entries: &[T]) -> f64
);
dispatch!(
    /// Σ (a − b)², each difference in the arrays' own type and the sum in `f64`.
    squared_distance, squared_distance_body,
    (a: &[T], b: &[T]) -> f64
);
dispatch!(
    /// `sums[unit]` = Σ_b entry · `factors[b]` of the unit's row, in `f64`.
    weighted_row_sums, weighted_row_sums_body,
    (entries: &[T], factors: &[f64], sums: &mut [f64])
);
dispatch!(
    /// Σ a · b · factor, in `f64`.
    weighted_dot, weighted_dot_body,
    (a: &[T], b: &[f64], factors: &[f64]) -> f64
);
dispatch!(
    /// Multiplies column b by `factors[b]`.
    scale_columns, scale_columns_body,
    (entries: &mut [T], factors: &[T])
);
dispatch!(
    /// out = the entries, with those of column b times `factors[b]`; its rows are `stride` numbers
    /// apart.
    scale_columns_into, scale_columns_into_body,
    (entries: &[T], factors: &[T], out: &mut [T], stride: usize)
);
dispatch!(
    /// `squares[b]` = Σ entry² of column b, in `f64`.
    column_squares, column_squares_body,
    (entries: &[T], squares: &mut [f64])
);

#[inline(always)]
fn total_body<T: Real>(entries: &[T]) -> f64 {
    sum_of(entries, |entry| entry)
}

#[inline(always)]
fn squared_deviations_body<T: Real>(entries: &[T], mean: f64) -> f64 {
    sum_of(entries, |entry| (entry - mean) * (entry - mean))
}

/// The columns' factors, as often as a row holds them: a loop over few numbers takes longer than they do.
#[inline(always)]
pub(super) fn repeated<'a, F: Copy>(factors: &'a [F], row: &'a mut [F; ROW]) -> &'a [F] {
    let times = ROW / factors.len();
    if times < 2 {
        return factors;
    }
    let row = &mut row[..times * factors.len()];
    for part in row.chunks_exact_mut(factors.len()) {
        part.copy_from_slice(factors);
    }
    row
}

#[inline(always)]
fn scale_columns_body<T: Real>(entries: &mut [T], factors: &[T]) {
    if let [factor] = *factors {
        entries.iter_mut().for_each(|entry| *entry = *entry * factor);
        return;
    }
    let mut row = [T::ZERO; ROW];
    let factors = repeated(factors, &mut row);
    for row in entries.chunks_mut(factors.len()) {
        for (entry, &factor) in row.iter_mut().zip(factors) {
            *entry = *entry * factor;
        }
    }
}

#[inline(always)]
fn scale_columns_into_body<T: Real>(entries: &[T], factors: &[T], out: &mut [T], stride: usize) {
    if let ([factor], 1) = (factors, stride) {
        out.iter_mut().zip(entries).for_each(|(out, &entry)| *out = entry * *factor);
        return;
    }
    let batch = factors.len();
    for (out, row) in out.chunks_mut(stride).zip(entries.chunks_exact(batch)) {
        for ((out, &entry), &factor) in out.iter_mut().zip(row).zip(factors) {
            *out = entry * factor;
        }
    }
}

#[inline(always)]
fn column_squares_body<T: Real>(entries: &[T], squares: &mut [f64]) {
    if let [square] = squares {
        *square = square_sum_body(entries);
        return;
    }
    let batch = squares.len();
    let mut first = 0;
    while first < batch {
        let squares = &mut squares[first..];
        first += match batch - first {
            LANES.. => block_squares::<T, LANES>(entries, batch, first, squares),
            8.. => block_squares::<T, 8>(entries, batch, first, squares),
            4.. => block_squares::<T, 4>(entries, batch, first, squares),
            _ => block_squares::<T, 1>(entries, batch, first, squares),
        };
    }
}

/// The sums of squares of the N columns from `first` on, put first into `out`; returns N.
#[inline(always)]
fn block_squares<T: Real, const N: usize>(
    entries: &[T],
    batch: usize,
    first: usize,
    out: &mut [f64],
) -> usize {
    let mut squares = [0.0; N];
    for row in entries.chunks_exact(batch) {
        let row = &row[first..][..N];
        for lane in 0..N {
            let entry = row[lane].to_f64();
            squares[lane] += entry * entry;
        }
    }
    out[..N].copy_from_slice(&squares);
    N
}

#[inline(always)]
fn weighted_row_sums_body<T: Real>(entries: &[T], factors: &[f64], sums: &mut [f64]) {
    for (sum, row) in sums.iter_mut().zip(entries.chunks_exact(factors.len())) {
        let mut lanes = [0.0; SUMS];
        let (blocks, rest) = row.as_chunks::<SUMS>();
        let (factor_blocks, factor_rest) = factors.as_chunks::<SUMS>();
        for (block, factors) in blocks.iter().zip(factor_blocks) {
            for lane in 0..SUMS {
                lanes[lane] += block[lane].to_f64() * factors[lane];
            }
        }
        let rest = rest.iter().zip(factor_rest).map(|(entry, factor)| entry.to_f64() * factor);
        *sum = sum_of_lanes(lanes) + rest.sum::<f64>();
    }
}

#[inline(always)]
fn weighted_dot_body<T: Real>(a: &[T], b: &[f64], factors: &[f64]) -> f64 {
    let mut lanes = [0.0; SUMS];
    let (a_blocks, a_rest) = a.as_chunks::<SUMS>();
    let (b_blocks, b_rest) = b.as_chunks::<SUMS>();
    let (factor_blocks, factor_rest) = factors.as_chunks::<SUMS>();
    for ((a, b), factors) in a_blocks.iter().zip(b_blocks).zip(factor_blocks) {
        for lane in 0..SUMS {
            lanes[lane] += a[lane].to_f64() * (b[lane] * factors[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest).zip(factor_rest);
    sum_of_lanes(lanes) + rest.map(|((a, b), factor)| a.to_f64() * (b * factor)).sum::<f64>()
}

/// One column's sum of squares.
#[inline(always)]
fn square_sum_body<T: Real>(entries: &[T]) -> f64 {
    sum_of(entries, |entry| entry * entry)
}

#[inline(always)]
fn squared_distance_body<T: Real>(a: &[T], b: &[T]) -> f64 {
    let mut sums = [0.0; SUMS];
    let ((a_blocks, a_rest), (b_blocks, b_rest)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..SUMS {
            let distance = (a[lane] - b[lane]).to_f64();
            sums[lane] += distance * distance;
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| (a - b).to_f64());
    sum_of_lanes(sums) + rest.map(|distance| distance * distance).sum::<f64>()
}

/// Σ term(entry), over the lanes of a register or two.
#[inline(always)]
fn sum_of<T: Real>(entries: &[T], term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; SUMS];
    let (blocks, rest) = entries.as_chunks::<SUMS>();
    for block in blocks {
        for lane in 0..SUMS {
            sums[lane] += term(block[lane].to_f64());
        }
    }
    let rest: f64 = rest.iter().map(|entry| term(entry.to_f64())).sum();
    sum_of_lanes(sums) + rest
}

#[inline(always)]
fn sum_of_lanes([a, b, c, d, e, f, g, h]: [f64; SUMS]) -> f64 {
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::{same_bits, same_filled};

    #[test]
    fn columns_agree_with_the_plain_loop() {
        for batch in [1, 3, 8, 16, 37] {
            let entries = noise(41 * batch);
            let column = |b: usize| entries.iter().skip(b).step_by(batch);
            let mut squares = vec![0.0; batch];
            column_squares(&entries, &mut squares);
            for (b, square) in squares.into_iter().enumerate() {
                let plain: f64 = column(b).map(|v| v * v).sum();
                assert!((square - plain).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        for batch in [1, 15, 19, 64] {
            let single = &narrow(&noise(41 * batch));
            let factors = noise(batch);
            same_filled(vec![0.0; batch], |out| column_squares(single, out));
            same_filled(vec![0.0; 41], |out| weighted_row_sums(single, &factors, out));
            let scaled = same_filled(single.clone(), |out| scale_columns(out, &narrow(&factors)));
            let copied = |out: &mut [f32]| {
                scale_columns_into(single, &narrow(&factors), out, batch);
            };
            assert_eq!(same_filled(vec![0.0; single.len()], copied), scaled);
            let (other, factors) = (noise(single.len()), noise(single.len()));
            same_bits(|| total(single));
            same_bits(|| square_sum(single));
            same_bits(|| squared_distance(single, &narrow(&other)));
            same_bits(|| weighted_dot(single, &other, &factors));
            same_bits(|| squared_deviations(single, 0.1));
        }
    }

    #[test]
    fn weighted_rows_agree_with_the_plain_loop() {
        let (entries, factors) = (noise(7 * 21), noise(21));
        let mut sums = vec![0.0; 7];
        weighted_row_sums(&entries, &factors, &mut sums);
        for (sum, row) in sums.iter().zip(entries.chunks_exact(21)) {
            let plain: f64 = row.iter().zip(&factors).map(|(a, b)| a * b).sum();
            assert!((sum - plain).abs() < 1e-15);
        }
    }
}
