//! W X and Wᵀ D for a batch: tiles of sums held in registers, over panels of examples that lie
//! side by side in a near cache (Goto & van de Geijn 2008).
//!
//! Every sum runs over k in order with fused multiply-adds, whatever tile or block it falls in:
//! an example's bits do not depend on the others beside it.

use smallvec::{SmallVec, smallvec};

use super::tiles::{Block, Shape, TERMS, Turned, pack, pack_turned};
use super::{dispatch, line};
use crate::engine::number::Real;

/// Rows of a Gram matrix's factor that are made double at a time.
const ROWS_MADE_DOUBLE: usize = 64;

/// Panels that stay in the second cache while W goes by.
const PANELS: usize = 8;

dispatch!(
    /// out = scale · W X, with X of `x.len() / batch` rows of `batch` numbers.
    matmul, matmul_body / matmul_large_body,
    (w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = scale · Wᵀ D, with D of `d.len() / batch` rows of `batch` numbers and W's rows
    /// `stride` numbers apart.
    matmul_transposed, matmul_transposed_body / matmul_transposed_large_body,
    (w: &[T], stride: usize, d: &[T], batch: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = scale · D Aᵀ, with D and A of rows of `examples` numbers.
    matmul_outer, matmul_outer_body / matmul_outer_large_body,
    (d: &[T], a: &[T], examples: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = MᵀM above the diagonal and on it, B × B, with M of `m.len() / batch` rows of
    /// `batch` numbers. What lies below the diagonal is left as it falls out.
    upper_gram, upper_gram_body / upper_gram_large_body,
    (m: &[T], batch: usize, out: &mut [f64])
);

#[inline(always)]
fn matmul_body<T: Real>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    let shape = Shape { turned: Turned::None, upper: false, stride: x.len() / batch, batch, scale };
    multiply(shape, w, x, out);
}

#[inline(always)]
fn matmul_large_body<T: Real>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    let shape = Shape { turned: Turned::None, upper: false, stride: x.len() / batch, batch, scale };
    multiply_large(shape, w, x, out);
}

#[inline(always)]
fn matmul_transposed_body<T: Real>(
    w: &[T],
    stride: usize,
    d: &[T],
    batch: usize,
    scale: T,
    out: &mut [T],
) {
    let shape = Shape { turned: Turned::First, upper: false, stride, batch, scale };
    multiply(shape, w, d, out);
}

#[inline(always)]
fn matmul_transposed_large_body<T: Real>(
    w: &[T],
    stride: usize,
    d: &[T],
    batch: usize,
    scale: T,
    out: &mut [T],
) {
    let shape = Shape { turned: Turned::First, upper: false, stride, batch, scale };
    multiply_large(shape, w, d, out);
}

#[inline(always)]
fn matmul_outer_body<T: Real>(d: &[T], a: &[T], examples: usize, scale: T, out: &mut [T]) {
    let shape = Shape {
        turned: Turned::Second,
        upper: false,
        stride: examples,
        batch: a.len() / examples,
        scale,
    };
    multiply(shape, d, a, out);
}

#[inline(always)]
fn matmul_outer_large_body<T: Real>(d: &[T], a: &[T], examples: usize, scale: T, out: &mut [T]) {
    let shape = Shape {
        turned: Turned::Second,
        upper: false,
        stride: examples,
        batch: a.len() / examples,
        scale,
    };
    multiply_large(shape, d, a, out);
}

#[inline(always)]
fn upper_gram_body<T: Real>(m: &[T], batch: usize, out: &mut [f64]) {
    gram_blocks::<T, 4, 0, 8>(m, batch, out);
}

#[inline(always)]
fn upper_gram_large_body<T: Real>(m: &[T], batch: usize, out: &mut [f64]) {
    gram_blocks::<T, 4, 4, 16>(m, batch, out);
}

/// MᵀM above the diagonal, some rows of M at a time: made double in panels, which serve as both
/// factors.
#[inline(always)]
fn gram_blocks<T: Real, const A: usize, const B: usize, const N: usize>(
    m: &[T],
    batch: usize,
    out: &mut [f64],
) {
    let shape = Shape { turned: Turned::First, upper: true, stride: N, batch, scale: 1.0 };
    let mut panels = vec![[0.0; N]; ROWS_MADE_DOUBLE.min(m.len() / batch) * batch.div_ceil(N)];
    for (number, rows) in m.chunks(ROWS_MADE_DOUBLE * batch).enumerate() {
        let (from, terms) = (number * ROWS_MADE_DOUBLE, rows.len() / batch);
        let panels = pack(&mut panels, rows, batch, 0..batch, terms, |m| m.to_f64());
        for (group, panels_of) in panels.chunks(PANELS * terms).enumerate() {
            let first = group * PANELS * N;
            let block =
                Block::<f64, A, B, N> { shape, from, terms, first, panels: panels_of, last: true };
            block.squared(panels, out);
        }
    }
}

/// Tiles of 6 × N numbers in twelve of AVX2's sixteen registers, N making two of them.
#[inline(always)]
fn multiply<T: Real>(shape: Shape<T>, w: &[T], x: &[T], out: &mut [T]) {
    if size_of::<T>() == 4 {
        blocks::<T, 6, 0, 16>(shape, w, x, out);
    } else {
        blocks::<T, 6, 0, 8>(shape, w, x, out);
    }
}

/// Tiles of 8 × N numbers in sixteen of AVX-512's thirty-two registers, N making two of them; half
/// as wide where there are no more examples than fill one.
#[inline(always)]
fn multiply_large<T: Real>(shape: Shape<T>, w: &[T], x: &[T], out: &mut [T]) {
    let few = shape.batch <= line::<T>();
    match (size_of::<T>(), few) {
        (4, false) => blocks::<T, 4, 4, 32>(shape, w, x, out),
        (4, true) => blocks::<T, 4, 4, 16>(shape, w, x, out),
        (_, false) => blocks::<T, 4, 4, 16>(shape, w, x, out),
        (_, true) => blocks::<T, 4, 4, 8>(shape, w, x, out),
    }
}

#[inline(always)]
fn blocks<T: Real, const A: usize, const B: usize, const N: usize>(
    shape: Shape<T>,
    w: &[T],
    x: &[T],
    out: &mut [T],
) {
    let Shape { turned, batch, .. } = shape;
    let inner = x.len() / batch;
    let most = (PANELS * N).min(batch.next_multiple_of(N));
    // A narrow layer's product takes less time than asking for memory.
    let mut panels: SmallVec<[[T; N]; 16]> = smallvec![[T::ZERO; N]; TERMS.min(inner) * most / N];
    for first in (0..batch).step_by(PANELS * N) {
        let group = first..(first + PANELS * N).min(batch);
        for from in (0..inner).step_by(TERMS) {
            let terms = TERMS.min(inner - from);
            let panels = match turned {
                Turned::Second => {
                    pack_turned(&mut panels, x, inner, group.clone(), from..from + terms)
                }
                _ => pack(&mut panels, &x[from * batch..], batch, group.clone(), terms, |x| x),
            };
            let last = from + terms == inner;
            let block = Block::<T, A, B, N> { shape, from, terms, first, panels, last };
            match turned {
                Turned::First => block.turned(&w[from * shape.stride..], out),
                Turned::None | Turned::Second => block.straight(w, out),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::{same_bits, same_filled};

    /// The bits of every path, for blocks with and without a rest on all three sides.
    fn check<T: Real + From<f32>>(narrowed: impl Fn(Vec<f64>) -> Vec<T>) {
        for (rows, inner, batch) in [(37, 53, 19), (12, 300, 64), (1, 5, 2), (26, 40, 33)] {
            let (w, x) = (narrowed(noise(rows * inner)), narrowed(noise(inner * batch)));
            let d = narrowed(noise(rows * batch));
            let scale = T::from(0.3);
            let straight = |kernel: fn(&[T], &[T], usize, T, &mut [T])| {
                same_filled(vec![T::ZERO; rows * batch], |out| kernel(&w, &x, batch, scale, out))
            };
            assert_eq!(straight(matmul), straight(matmul_large_body));
            type Turned<T> = fn(&[T], usize, &[T], usize, T, &mut [T]);
            let turned = |kernel: Turned<T>| {
                let kernel = |out: &mut [T]| kernel(&w, inner, &d, batch, scale, out);
                same_filled(vec![T::ZERO; inner * batch], kernel)
            };
            assert_eq!(turned(matmul_transposed), turned(matmul_transposed_large_body));
            let outer = |kernel: fn(&[T], &[T], usize, T, &mut [T])| {
                same_filled(vec![T::ZERO; rows * inner], |out| kernel(&d, &x, batch, scale, out))
            };
            assert_eq!(outer(matmul_outer), outer(matmul_outer_large_body));
            let upper = |gram: Vec<f64>| {
                let place = |(at, value): (usize, f64)| (at % batch >= at / batch).then_some(value);
                gram.into_iter().enumerate().filter_map(place).collect::<Vec<f64>>()
            };
            let gram = |kernel: fn(&[T], usize, &mut [f64])| {
                same_bits(|| {
                    let mut out = vec![0.0; batch * batch];
                    kernel(&x, batch, &mut out);
                    upper(out)
                })
            };
            assert_eq!(gram(upper_gram), gram(upper_gram_large_body));
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        check(|double| double);
        check(|double| narrow(&double));
    }
}
