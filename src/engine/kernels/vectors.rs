//! W x and Wᵀ d for one example, bound by the memory that W comes from.

use super::super::Real;
use super::{dispatch, line, will_need};

/// Rows that are read at once: enough sums under way to hide an addition's latency.
const ROWS: usize = 4;

/// How far ahead of the numbers at work the memory is asked for more, in numbers: the processor
/// itself does not guess beyond a page.
const AHEAD: usize = 1024;

/// Lanes of a sum: two AVX2 registers.
const fn lanes<T>() -> usize {
    64 / size_of::<T>()
}

dispatch!(
    /// out = scale · W x, with W of `out.len()` rows of `x.len()` numbers.
    matvec, matvec_wide, matvec_body,
    (w: &[T], x: &[T], scale: T, out: &mut [T])
);
dispatch!(
    /// out = scale · Wᵀ d, with W of `d.len()` rows of `out.len()` numbers.
    matvec_transposed, matvec_transposed_wide, matvec_transposed_body,
    (w: &[T], d: &[T], scale: T, out: &mut [T])
);
#[inline(always)]
fn matvec_body<T: Real>(w: &[T], x: &[T], scale: T, out: &mut [T]) {
    if size_of::<T>() == 4 {
        matvec_lanes::<T, { lanes::<f32>() }>(w, x, scale, out);
    } else {
        matvec_lanes::<T, { lanes::<f64>() }>(w, x, scale, out);
    }
}

#[inline(always)]
fn matvec_lanes<T: Real, const N: usize>(w: &[T], x: &[T], scale: T, out: &mut [T]) {
    let width = x.len();
    let whole = out.len() / ROWS * ROWS;
    let (tiles, rest) = out.split_at_mut(whole);
    let (w_tiles, w_rest) = w.split_at(whole * width);
    for (rows, out) in w_tiles.chunks_exact(ROWS * width).zip(tiles.chunks_exact_mut(ROWS)) {
        let sums = dots::<T, N, ROWS>(rows, x);
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = scale * sum;
        }
    }
    for (row, out) in w_rest.chunks_exact(width).zip(rest) {
        let [sum] = dots::<T, N, 1>(row, x);
        *out = scale * sum;
    }
}

/// R rows against x at a time, each over N lanes.
#[inline(always)]
fn dots<T: Real, const N: usize, const R: usize>(rows: &[T], x: &[T]) -> [T; R] {
    let width = x.len();
    let row = |r: usize| &rows[r * width..(r + 1) * width];
    let rows: [&[T]; R] = std::array::from_fn(row);
    let mut lanes = [[T::ZERO; N]; R];
    let (x_blocks, x_rest) = x.as_chunks::<N>();
    for (block, x) in x_blocks.iter().enumerate() {
        for r in 0..R {
            will_need(rows[0], AHEAD + (block * R + r) * line::<T>());
            let w = &rows[r][block * N..][..N];
            for lane in 0..N {
                lanes[r][lane] = w[lane].mul_add(x[lane], lanes[r][lane]);
            }
        }
    }
    let done = x_blocks.len() * N;
    for r in 0..R {
        for (lane, &x) in x_rest.iter().enumerate() {
            lanes[r][lane] = rows[r][done + lane].mul_add(x, lanes[r][lane]);
        }
    }
    lanes.map(sum)
}

/// The lanes' sum, halving them.
#[inline(always)]
fn sum<T: Real, const N: usize>(mut lanes: [T; N]) -> T {
    let mut width = N / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn matvec_transposed_body<T: Real>(w: &[T], d: &[T], scale: T, out: &mut [T]) {
    let columns = out.len();
    out.fill(T::ZERO);
    let (d_blocks, d_rest) = d.as_chunks::<ROWS>();
    let mut rows = w.chunks_exact(ROWS * columns);
    for (block, d) in rows.by_ref().zip(d_blocks) {
        let (r0, rest) = block.split_at(columns);
        let (r1, rest) = rest.split_at(columns);
        let (r2, r3) = rest.split_at(columns);
        for line in (0..block.len()).step_by(line::<T>()) {
            will_need(block, AHEAD + line);
        }
        for ((((out, &w0), &w1), &w2), &w3) in out.iter_mut().zip(r0).zip(r1).zip(r2).zip(r3) {
            let sum = w1.mul_add(d[1], w0.mul_add(d[0], *out));
            *out = w3.mul_add(d[3], w2.mul_add(d[2], sum));
        }
    }
    for (row, &d) in rows.remainder().chunks_exact(columns).zip(d_rest) {
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
    use super::super::product::tests::{narrow, noise};
    use super::*;

    #[test]
    fn wide_and_narrow_instructions_give_the_same_bits() {
        let (w32, x32) = (narrow(&noise(37 * 53)), narrow(&noise(53 * 19)));
        let (mut wide, mut plain) = (vec![0.0; 37], vec![0.0; 37]);
        matvec(&w32, &x32[..53], 0.3, &mut wide);
        matvec_body(&w32, &x32[..53], 0.3, &mut plain);
        assert_eq!(wide, plain);
        let (mut wide, mut plain) = (vec![0.0; 53], vec![0.0; 53]);
        matvec_transposed(&w32, &x32[..37], 0.3, &mut wide);
        matvec_transposed_body(&w32, &x32[..37], 0.3, &mut plain);
        assert_eq!(wide, plain);
    }
}
