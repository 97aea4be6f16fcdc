//! Matrix products in one fixed order of operations.
//!
//! Every sum runs over a fixed number of lanes, with separate multiplications and additions
//! and no fused ones. The compiler may use whatever vector width the processor has: the bits
//! are the same on every machine. At batch 1 a product is bound by memory, so that the fused
//! operation would gain nothing.

use ndarray::{Array2, ArrayView2};

use super::Real;

/// Partial sums of a dot product: eight AVX2 registers of `f64`.
const LANES: usize = 32;
/// Rows that the transposed product reads at once.
const ROWS: usize = 4;
/// Examples that a batched product holds in registers.
const TILE: usize = 16;

macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident, $wide:ident, $body:ident,
     ($($argument:ident: $type:ty),*)) => {
        $(#[$doc])*
        pub fn $name<T: Real>($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has just been asked for AVX2.
                return unsafe { $wide($($argument),*) };
            }
            $body($($argument),*);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn $wide<T: Real>($($argument: $type),*) {
            $body($($argument),*);
        }
    };
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
    for (row, out) in w.chunks_exact(x.len()).zip(out) {
        *out = scale * dot(row, x);
    }
}

#[inline(always)]
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::ZERO; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        lanes[lane] += a * b;
    }
    let mut width = LANES / 2;
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

/// Four rows of W against `TILE` examples at a time, all of it in registers.
#[inline(always)]
fn matmul_body<T: Real>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    let inner = x.len() / batch;
    let rows = out.len() / batch;
    let weight = |row: usize, k: usize| w[row * inner + k];
    tiled(rows, batch, inner, x, scale, out, weight);
}

#[inline(always)]
fn matmul_transposed_body<T: Real>(w: &[T], d: &[T], batch: usize, scale: T, out: &mut [T]) {
    let inner = d.len() / batch;
    let rows = out.len() / batch;
    let weight = |row: usize, k: usize| w[k * rows + row];
    tiled(rows, batch, inner, d, scale, out, weight);
}

#[inline(always)]
fn tiled<T: Real>(
    rows: usize,
    batch: usize,
    inner: usize,
    x: &[T],
    scale: T,
    out: &mut [T],
    weight: impl Fn(usize, usize) -> T,
) {
    let mut row = 0;
    while row + ROWS <= rows {
        let mut example = 0;
        while example + TILE <= batch {
            let mut sums = [[T::ZERO; TILE]; ROWS];
            for k in 0..inner {
                let x = &x[k * batch + example..][..TILE];
                for (i, sums) in sums.iter_mut().enumerate() {
                    let w = weight(row + i, k);
                    for lane in 0..TILE {
                        sums[lane] += w * x[lane];
                    }
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                let out = &mut out[(row + i) * batch + example..][..TILE];
                for lane in 0..TILE {
                    out[lane] = scale * sums[lane];
                }
            }
            example += TILE;
        }
        for i in 0..ROWS {
            edge(row + i, example, batch, inner, x, scale, out, &weight);
        }
        row += ROWS;
    }
    for row in row..rows {
        edge(row, 0, batch, inner, x, scale, out, &weight);
    }
}

/// The examples from `first` on of one row, in the same order of additions as a tile.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the loop's whole context, inlined")]
fn edge<T: Real>(
    row: usize,
    first: usize,
    batch: usize,
    inner: usize,
    x: &[T],
    scale: T,
    out: &mut [T],
    weight: &impl Fn(usize, usize) -> T,
) {
    let out = &mut out[row * batch + first..(row + 1) * batch];
    out.fill(T::ZERO);
    for k in 0..inner {
        let w = weight(row, k);
        let x = &x[k * batch + first..(k + 1) * batch];
        for (out, &x) in out.iter_mut().zip(x) {
            *out += w * x;
        }
    }
    for out in out {
        *out = scale * *out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern, from a linear congruential generator.
    fn noise(count: usize) -> Vec<f64> {
        let mut state = 12345_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        (0..count).map(|_| next()).collect()
    }

    fn narrow(numbers: &[f64]) -> Vec<f32> {
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
