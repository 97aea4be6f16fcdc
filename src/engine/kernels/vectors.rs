//! W x and Wᵀ d for one example, bound by the memory that W comes from.

use super::extremes::halved;
use super::registers::SIDE;
use super::{dispatch, line, will_need, will_need_later};
use crate::engine::number::Real;

/// Rows that are read at once, so that the sums are loaded and stored less often.
const ROWS: usize = 4;

/// How far ahead of the numbers at work the memory is asked for more: 8 KB, since the processor
/// itself does not guess beyond a page of 4 KB.
const fn ahead<T>() -> usize {
    8192 / size_of::<T>()
}

/// Up to so many bytes of W the nearest cache keeps what is asked for a whole layer ahead until it
/// is needed.
const SMALL: usize = 32 << 10;

/// Lanes of a sum: two AVX2 registers.
const fn lanes<T>() -> usize {
    64 / size_of::<T>()
}

dispatch!(
    /// out = scale · W x, with W of `out.len()` rows of `x.len()` numbers.
    matvec, matvec_body,
    (w: &[T], x: &[T], scale: T, out: &mut [T])
);
dispatch!(
    /// out = scale · Wᵀ d, with W of `d.len()` rows of `out.len()` numbers, `stride` apart.
    matvec_transposed, matvec_transposed_body,
    (w: &[T], stride: usize, d: &[T], scale: T, out: &mut [T])
);
dispatch!(
    /// Row j of `rows` ← itself − `factors[j]` · `row`.
    subtract_multiples, subtract_multiples_body,
    (factors: &[T], row: &[T], rows: &mut [T])
);

#[inline(always)]
fn subtract_multiples_body<T: Real>(factors: &[T], row: &[T], rows: &mut [T]) {
    for (&factor, other) in factors.iter().zip(rows.chunks_exact_mut(row.len())) {
        for (entry, &taken) in other.iter_mut().zip(row) {
            *entry = taken.mul_add(-factor, *entry);
        }
    }
}

#[inline(always)]
pub(super) fn matvec_body<T: Real>(w: &[T], x: &[T], scale: T, out: &mut [T]) {
    if size_of::<T>() == 4 {
        matvec_lanes::<T, { lanes::<f32>() }>(w, x, scale, out);
    } else {
        matvec_lanes::<T, { lanes::<f64>() }>(w, x, scale, out);
    }
}

#[inline(always)]
fn matvec_lanes<T: Real, const N: usize>(w: &[T], x: &[T], scale: T, out: &mut [T]) {
    let inner = x.len();
    let (outs, rest) = out.as_chunks_mut::<TOGETHER>();
    let mut blocks = w.chunks_exact(TOGETHER * inner);
    for (block, outs) in blocks.by_ref().zip(outs) {
        let row = |r: usize| &block[r * inner..][..inner];
        let mut lanes = [[T::ZERO; N]; TOGETHER];
        for (r, lanes) in lanes.iter_mut().enumerate() {
            *lanes = lanes_of(row(r), x);
        }
        let (sums, rests) = (all_halved(&lanes), all_rests::<T, N>([0, 1, 2, 3].map(row), x));
        for r in 0..TOGETHER {
            outs[r] = scale * (sums[r] + rests[r]);
        }
    }
    for (row, out) in blocks.remainder().chunks_exact(inner).zip(rest) {
        let sum = halved(lanes_of::<T, N>(row, x), |a, b| a + b);
        *out = scale * (sum + rest_of::<T, N>(row, x));
    }
}

/// One row against x, over four times N lanes: enough sums under way to hide an addition's
/// latency. What does not fill N lanes is left to [`rest_of`].
#[inline(always)]
fn lanes_of<T: Real, const N: usize>(row: &[T], x: &[T]) -> [T; N] {
    let (w_fours, w_ones) = row.as_chunks::<N>().0.as_chunks::<4>();
    let (x_fours, x_ones) = x.as_chunks::<N>().0.as_chunks::<4>();
    let mut sums = [[T::ZERO; N]; 4];
    for (w, x) in w_fours.iter().zip(x_fours) {
        for i in 0..4 {
            will_need(w[i].as_ptr().wrapping_add(ahead::<T>()));
            add(&mut sums[i], &w[i], &x[i]);
        }
    }
    let [mut sum, second, third, fourth] = sums;
    for (w, x) in w_ones.iter().zip(x_ones) {
        add(&mut sum, w, x);
    }
    for lane in 0..N {
        sum[lane] = (sum[lane] + second[lane]) + (third[lane] + fourth[lane]);
    }
    sum
}

/// The end of a row against that of x: fewer than N numbers.
#[inline(always)]
fn rest_of<T: Real, const N: usize>(row: &[T], x: &[T]) -> T {
    let (w, x) = (row.as_chunks::<N>().1, x.as_chunks::<N>().1);
    w.iter().zip(x).fold(T::ZERO, |rest, (&w, &x)| w.mul_add(x, rest))
}

/// [`rest_of`] each of the rows, side by side as far as fours of numbers reach.
#[inline(always)]
fn all_rests<T: Real, const N: usize>(rows: [&[T]; TOGETHER], x: &[T]) -> [T; TOGETHER] {
    let mut rests = [T::ZERO; TOGETHER];
    let mut at = x.len() / N * N;
    while let Some(x) = x[at..].first_chunk::<SIDE>() {
        let columns = T::turned(rows.map(|row| row[at..].first_chunk().expect("as long as x")));
        for k in 0..SIDE {
            for r in 0..TOGETHER {
                rests[r] = columns[k][r].mul_add(x[k], rests[r]);
            }
        }
        at += SIDE;
    }
    for r in 0..TOGETHER {
        for k in at..x.len() {
            rests[r] = rows[r][k].mul_add(x[k], rests[r]);
        }
    }
    rests
}

/// Rows whose lanes are added up together: the side of a square that is turned in registers.
const TOGETHER: usize = SIDE;

/// [`halved`] sums of each row's lanes, side by side.
#[inline(always)]
fn all_halved<T: Real, const N: usize>(rows: &[[T; N]; TOGETHER]) -> [T; TOGETHER] {
    let mut sums = [T::ZERO; TOGETHER];
    for (sum, row) in sums.iter_mut().zip(rows) {
        *sum = halved(*row, |a, b| a + b);
    }
    sums
}

#[inline(always)]
fn add<T: Real, const N: usize>(sums: &mut [T; N], w: &[T; N], x: &[T; N]) {
    for lane in 0..N {
        sums[lane] = w[lane].mul_add(x[lane], sums[lane]);
    }
}

#[inline(always)]
pub(super) fn matvec_transposed_body<T: Real>(
    w: &[T],
    stride: usize,
    d: &[T],
    scale: T,
    out: &mut [T],
) {
    let columns = out.len();
    out.fill(T::ZERO);
    let (d_blocks, d_rest) = d.as_chunks::<ROWS>();
    let ask_behind = |at: *const T| {
        if stride != columns {
            // A share of the columns: the same columns of the next rows.
            will_need_later(at.wrapping_add(ROWS * stride));
        } else if size_of_val(w) <= SMALL {
            // Going back, the layer below is next, and what was made before lies before.
            will_need(at.wrapping_sub(w.len()));
        } else {
            will_need(at.wrapping_add(ahead::<T>()));
        }
    };
    for (number, d) in d_blocks.iter().enumerate() {
        let block = &w[number * ROWS * stride..];
        let row = |r: usize| &block[r * stride..][..columns];
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
        for row in [r0, r1, r2, r3] {
            for line in (0..columns).step_by(line::<T>()) {
                ask_behind(&raw const row[line]);
            }
        }
        for ((((out, &w0), &w1), &w2), &w3) in out.iter_mut().zip(r0).zip(r1).zip(r2).zip(r3) {
            let sum = w1.mul_add(d[1], w0.mul_add(d[0], *out));
            *out = w3.mul_add(d[3], w2.mul_add(d[2], sum));
        }
    }
    for (number, &d) in d_rest.iter().enumerate() {
        let row = &w[(d_blocks.len() * ROWS + number) * stride..][..columns];
        for (out, &w) in out.iter_mut().zip(row) {
            *out = w.mul_add(d, *out);
        }
    }
    for out in out {
        *out = *out * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::same_filled;

    fn check<T: Real + From<f32>>(narrowed: impl Fn(Vec<f64>) -> Vec<T>) {
        for (rows, columns) in [(37, 53), (4, 16), (5, 300), (1, 1), (20, 20)] {
            let [w, x, d] = [rows * columns, columns, rows].map(|count| narrowed(noise(count)));
            let scale = T::from(0.3);
            same_filled(vec![T::ZERO; rows], |out| matvec(&w, &x, scale, out));
            let transposed = |out: &mut [T]| matvec_transposed(&w, columns, &d, scale, out);
            same_filled(vec![T::ZERO; columns], transposed);
            let left = same_filled(w.clone(), |out| subtract_multiples(&d, &x, out));
            let plain = w[0].to_f64() - d[0].to_f64() * x[0].to_f64();
            assert!((left[0].to_f64() - plain).abs() < 1e-7);
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        check(|double| double);
        check(|double| narrow(&double));
    }
}
