//! W X and Wᵀ D.

use ndarray::{Array2, ArrayView2};

use super::super::Real;
use super::dispatch;

/// Rows that are read at once: enough sums under way to hide an addition's latency.
const ROWS: usize = 4;

/// Lanes of a sum, and the numbers of a tile: two AVX2 registers.
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
dispatch!(
    /// out = scale · W X, with X of `x.len() / batch` rows of `batch` numbers.
    matmul, matmul_wide, matmul_body,
    (w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = scale · Wᵀ D, with D of `d.len() / batch` rows of `batch` numbers.
    matmul_transposed, matmul_transposed_wide, matmul_transposed_body,
    (w: &[T], d: &[T], batch: usize, scale: T, out: &mut [T])
);

/// scale · W X for a batch of any size.
///
/// # Shapes
/// W is n × m, X is m × B, out is n × B; all in standard (row-major) layout.
pub fn product<T: Real>(w: &ArrayView2<'_, T>, x: &Array2<T>, scale: T, out: &mut Array2<T>) {
    let batch = x.ncols();
    if let (Some(w), Some(x), Some(out)) = (w.to_slice(), x.as_slice(), out.as_slice_mut()) {
        if batch == 1 {
            matvec(w, x, scale, out);
        } else {
            matmul(w, x, batch, scale, out);
        }
    }
}

/// scale · Wᵀ D for a batch of any size.
///
/// # Shapes
/// W is n × m, D is n × B, out is m × B; all in standard (row-major) layout.
pub fn product_transposed<T: Real>(
    w: &ArrayView2<'_, T>,
    d: &Array2<T>,
    scale: T,
    out: &mut Array2<T>,
) {
    let batch = d.ncols();
    if let (Some(w), Some(d), Some(out)) = (w.to_slice(), d.as_slice(), out.as_slice_mut()) {
        if batch == 1 {
            matvec_transposed(w, d, scale, out);
        } else {
            matmul_transposed(w, d, batch, scale, out);
        }
    }
}

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
            let w = &rows[r][block * N..][..N];
            for lane in 0..N {
                lanes[r][lane] += w[lane] * x[lane];
            }
        }
    }
    let done = x_blocks.len() * N;
    for r in 0..R {
        for (lane, &x) in x_rest.iter().enumerate() {
            lanes[r][lane] += rows[r][done + lane] * x;
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
        for ((((out, &w0), &w1), &w2), &w3) in out.iter_mut().zip(r0).zip(r1).zip(r2).zip(r3) {
            *out += (w0 * d[0] + w1 * d[1]) + (w2 * d[2] + w3 * d[3]);
        }
    }
    for (row, &d) in rows.remainder().chunks_exact(columns).zip(d_rest) {
        for (out, &w) in out.iter_mut().zip(row) {
            *out += w * d;
        }
    }
    for out in out {
        *out = *out * scale;
    }
}

#[inline(always)]
fn matmul_body<T: Real>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    if size_of::<T>() == 4 {
        matmul_tiles::<T, { lanes::<f32>() }>(w, x, batch, scale, out);
    } else {
        matmul_tiles::<T, { lanes::<f64>() }>(w, x, batch, scale, out);
    }
}

/// Four rows of W against N examples at a time, all sums in registers; each sum runs over k
/// in order, whatever tile it falls in.
#[inline(always)]
fn matmul_tiles<T: Real, const N: usize>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    let inner = x.len() / batch;
    let rows = out.len() / batch;
    let mut row = 0;
    while row + ROWS <= rows {
        let w: [&[T]; ROWS] = std::array::from_fn(|r| &w[(row + r) * inner..][..inner]);
        let mut example = 0;
        while example + N <= batch {
            let mut sums = [[T::ZERO; N]; ROWS];
            for (k, x) in x.chunks_exact(batch).enumerate() {
                let x = &x[example..][..N];
                for r in 0..ROWS {
                    let w = w[r][k];
                    for lane in 0..N {
                        sums[r][lane] += w * x[lane];
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                let out = &mut out[(row + r) * batch + example..][..N];
                for lane in 0..N {
                    out[lane] = scale * sums[lane];
                }
            }
            example += N;
        }
        for (r, w) in w.iter().enumerate() {
            row_edge(w, x, batch, example, scale, &mut out[(row + r) * batch..][..batch]);
        }
        row += ROWS;
    }
    for row in row..rows {
        let w = &w[row * inner..][..inner];
        row_edge(w, x, batch, 0, scale, &mut out[row * batch..][..batch]);
    }
}

/// The examples from `first` on of one row.
#[inline(always)]
fn row_edge<T: Real>(w: &[T], x: &[T], batch: usize, first: usize, scale: T, out: &mut [T]) {
    let out = &mut out[first..];
    if out.is_empty() {
        return;
    }
    out.fill(T::ZERO);
    for (&w, x) in w.iter().zip(x.chunks_exact(batch)) {
        for (out, &x) in out.iter_mut().zip(&x[first..]) {
            *out += w * x;
        }
    }
    for out in out {
        *out = scale * *out;
    }
}

#[inline(always)]
fn matmul_transposed_body<T: Real>(w: &[T], d: &[T], batch: usize, scale: T, out: &mut [T]) {
    if size_of::<T>() == 4 {
        transposed_tiles::<T, { lanes::<f32>() }>(w, d, batch, scale, out);
    } else {
        transposed_tiles::<T, { lanes::<f64>() }>(w, d, batch, scale, out);
    }
}

/// N columns of W, which lie side by side, against four examples at a time. Each tile is
/// turned when it is stored, once for all the rows it summed.
#[inline(always)]
fn transposed_tiles<T: Real, const N: usize>(
    w: &[T],
    d: &[T],
    batch: usize,
    scale: T,
    out: &mut [T],
) {
    let columns = out.len() / batch;
    let mut column = 0;
    while column + N <= columns {
        let mut example = 0;
        while example + ROWS <= batch {
            let sums = transposed_tile::<T, N, ROWS>(w, d, batch, columns, column, example);
            for lane in 0..N {
                let out = &mut out[(column + lane) * batch + example..][..ROWS];
                for (r, out) in out.iter_mut().enumerate() {
                    *out = scale * sums[r][lane];
                }
            }
            example += ROWS;
        }
        for example in example..batch {
            let [sums] = transposed_tile::<T, N, 1>(w, d, batch, columns, column, example);
            for (lane, sum) in sums.into_iter().enumerate() {
                out[(column + lane) * batch + example] = scale * sum;
            }
        }
        column += N;
    }
    for column in column..columns {
        let out = &mut out[column * batch..][..batch];
        out.fill(T::ZERO);
        for (w, d) in w.chunks_exact(columns).zip(d.chunks_exact(batch)) {
            let w = w[column];
            for (out, &d) in out.iter_mut().zip(d) {
                *out += w * d;
            }
        }
        for out in out {
            *out = scale * *out;
        }
    }
}

#[inline(always)]
fn transposed_tile<T: Real, const N: usize, const R: usize>(
    w: &[T],
    d: &[T],
    batch: usize,
    columns: usize,
    column: usize,
    example: usize,
) -> [[T; N]; R] {
    let mut sums = [[T::ZERO; N]; R];
    for (w, d) in w.chunks_exact(columns).zip(d.chunks_exact(batch)) {
        let w = &w[column..][..N];
        let d = &d[example..][..R];
        for r in 0..R {
            for lane in 0..N {
                sums[r][lane] += w[lane] * d[r];
            }
        }
    }
    sums
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Numbers without a pattern, from a linear congruential generator.
    pub fn noise(count: usize) -> Vec<f64> {
        let mut state = 12345_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        (0..count).map(|_| next()).collect()
    }

    pub fn narrow(numbers: &[f64]) -> Vec<f32> {
        numbers.iter().map(|&x| x as f32).collect()
    }

    /// The largest difference from the plain triple loop, relative to Σ|w||x|.
    fn check(rows: usize, inner: usize, batch: usize) {
        let w = Array2::from_shape_vec((rows, inner), noise(rows * inner)).expect("shape");
        let x = Array2::from_shape_vec((inner, batch), noise(inner * batch)).expect("shape");
        let d = Array2::from_shape_vec((rows, batch), noise(rows * batch)).expect("shape");
        let (mut out, mut back) = (Array2::zeros((rows, batch)), Array2::zeros((inner, batch)));
        product(&w.view(), &x, 1.5, &mut out);
        product_transposed(&w.view(), &d, 1.5, &mut back);
        for ((i, b), &value) in out.indexed_iter() {
            let plain: f64 = (0..inner).map(|k| w[[i, k]] * x[[k, b]]).sum();
            assert!((value - 1.5 * plain).abs() < 1e-14 * inner as f64, "{rows} {inner} {batch}");
        }
        for ((j, b), &value) in back.indexed_iter() {
            let plain: f64 = (0..rows).map(|k| w[[k, j]] * d[[k, b]]).sum();
            assert!((value - 1.5 * plain).abs() < 1e-14 * rows as f64, "{rows} {inner} {batch}");
        }
    }

    #[test]
    fn products_agree_with_the_plain_loop() {
        for (rows, inner, batch) in
            [(1, 1, 1), (7, 33, 1), (64, 100, 1), (5, 31, 3), (9, 40, 16), (13, 70, 37), (1, 8, 50)]
        {
            check(rows, inner, batch);
        }
    }

    #[test]
    fn wide_and_narrow_instructions_give_the_same_bits() {
        let (w, x) = (noise(37 * 53), noise(53 * 19));
        let (w32, x32) = (narrow(&w), narrow(&x));
        let (mut wide, mut plain) = (vec![0.0; 37 * 19], vec![0.0; 37 * 19]);
        matmul(&w, &x, 19, 0.3, &mut wide);
        matmul_body(&w, &x, 19, 0.3, &mut plain);
        assert_eq!(wide, plain);
        let (mut wide, mut plain) = (vec![0.0; 37], vec![0.0; 37]);
        matvec(&w32, &x32[..53], 0.3, &mut wide);
        matvec_body(&w32, &x32[..53], 0.3, &mut plain);
        assert_eq!(wide, plain);
        let (mut wide, mut plain) = (vec![0.0; 53], vec![0.0; 53]);
        matvec_transposed(&w32, &x32[..37], 0.3, &mut wide);
        matvec_transposed_body(&w32, &x32[..37], 0.3, &mut plain);
        assert_eq!(wide, plain);
        let (mut wide, mut plain) = (vec![0.0; 53 * 19], vec![0.0; 53 * 19]);
        matmul_transposed(&w, &noise(37 * 19), 19, 0.3, &mut wide);
        matmul_transposed_body(&w, &noise(37 * 19), 19, 0.3, &mut plain);
        assert_eq!(wide, plain);
    }
}
