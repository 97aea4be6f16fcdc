//! W X and Wᵀ D for a batch: tiles of sums held in registers, over panels of examples that lie
//! side by side in a near cache (Goto & van de Geijn 2008).
//!
//! Every sum runs over k in order with fused multiply-adds, whatever tile or block it falls in:
//! an example's bits do not depend on the others beside it.

use std::ops::Range;

use super::super::Real;
use super::{dispatch, line, will_need};

/// Terms that are summed before the next tile's turn: a panel takes half of a 32 KB cache.
const TERMS: usize = 256;

/// Rows of a Gram matrix's factor that are made double at a time.
const ROWS_MADE_DOUBLE: usize = 64;

/// Panels that stay in the second cache while W goes by.
const PANELS: usize = 8;

dispatch!(
    /// out = scale · W X, with X of `x.len() / batch` rows of `batch` numbers.
    matmul, matmul_wide, matmul_widest, matmul_body / matmul_large_body,
    (w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = scale · Wᵀ D, with D of `d.len() / batch` rows of `batch` numbers and W's rows
    /// `stride` numbers apart.
    matmul_transposed, matmul_transposed_wide, matmul_transposed_widest, matmul_transposed_body / matmul_transposed_large_body,
    (w: &[T], stride: usize, d: &[T], batch: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = MᵀM above the diagonal and on it, B × B, with M of `m.len() / batch` rows of
    /// `batch` numbers. What lies below the diagonal is left as it falls out.
    upper_gram, upper_gram_wide, upper_gram_widest, upper_gram_body / upper_gram_large_body,
    (m: &[T], batch: usize, out: &mut [f64])
);

#[inline(always)]
fn matmul_body<T: Real>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    let stride = x.len() / batch;
    multiply(Shape { turned: false, upper: false, stride, batch, scale }, w, x, out);
}

#[inline(always)]
fn matmul_large_body<T: Real>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    let stride = x.len() / batch;
    multiply_large(Shape { turned: false, upper: false, stride, batch, scale }, w, x, out);
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
    multiply(Shape { turned: true, upper: false, stride, batch, scale }, w, d, out);
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
    multiply_large(Shape { turned: true, upper: false, stride, batch, scale }, w, d, out);
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
    let shape = Shape { turned: true, upper: true, stride: N, batch, scale: 1.0 };
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

/// What is asked for.
#[derive(Clone, Copy)]
struct Shape<T> {
    /// Whether Wᵀ stands in place of W.
    turned: bool,
    /// Whether only the rows up to an example's own number are wanted.
    upper: bool,
    /// From one row of W to the next.
    stride: usize,
    batch: usize,
    scale: T,
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
    let inner = x.len() / shape.batch;
    let most = (PANELS * N).min(shape.batch.next_multiple_of(N));
    let mut panels = vec![[T::ZERO; N]; TERMS.min(inner) * most / N];
    for first in (0..shape.batch).step_by(PANELS * N) {
        let group = first..(first + PANELS * N).min(shape.batch);
        for from in (0..inner).step_by(TERMS) {
            let terms = TERMS.min(inner - from);
            let block = Block::<T, A, B, N> {
                shape,
                from,
                terms,
                first,
                panels: pack(
                    &mut panels,
                    &x[from * shape.batch..],
                    shape.batch,
                    group.clone(),
                    terms,
                    |x| x,
                ),
                last: from + terms == inner,
            };
            if shape.turned {
                block.turned(&w[from * shape.stride..], out);
            } else {
                block.straight(w, out);
            }
        }
    }
}

/// Lays some examples side by side, N in a panel of `terms` rows, converted. What the last panel
/// has over is filled with numbers that nobody reads.
#[inline(always)]
fn pack<'a, S: Real, T: Real, const N: usize>(
    panels: &'a mut [[T; N]],
    x: &[S],
    batch: usize,
    examples: Range<usize>,
    terms: usize,
    convert: impl Fn(S) -> T,
) -> &'a [[T; N]] {
    let panels = &mut panels[..examples.len().div_ceil(N) * terms];
    for (number, panel) in panels.chunks_exact_mut(terms).enumerate() {
        let begin = examples.start + number * N;
        let end = (begin + N).min(examples.end);
        for (packed, x) in panel.iter_mut().zip(x.chunks_exact(batch)) {
            copy(&x[begin..end], packed, &convert);
        }
    }
    panels
}

/// Copies `from`, at most M numbers, to the begin of `to`; where it is M numbers, without a loop.
#[inline(always)]
fn copy<S: Real, T: Real, const M: usize>(from: &[S], to: &mut [T; M], convert: impl Fn(S) -> T) {
    match <&[S; M]>::try_from(from) {
        Ok(all) => *to = std::array::from_fn(|i| convert(all[i])),
        Err(_) => to.iter_mut().zip(from).for_each(|(to, &from)| *to = convert(from)),
    }
}

/// Some terms of some examples.
struct Block<'a, T, const A: usize, const B: usize, const N: usize> {
    shape: Shape<T>,
    /// The first of the terms.
    from: usize,
    terms: usize,
    /// The first of the examples.
    first: usize,
    panels: &'a [[T; N]],
    /// Whether these are the last terms.
    last: bool,
}

impl<T: Real, const A: usize, const B: usize, const N: usize> Block<'_, T, A, B, N> {
    /// W X: a row's weights lie side by side already.
    #[inline(always)]
    fn straight(&self, w: &[T], out: &mut [T]) {
        let mut row = 0;
        let rows = out.len() / self.shape.batch;
        while row < rows {
            let w = &w[row * self.shape.stride + self.from..];
            row += match rows - row {
                left if left >= A + B => self.rows_of::<A, B>(w, row, out),
                6.. => self.rows_of::<3, 3>(w, row, out),
                4.. => self.rows_of::<2, 2>(w, row, out),
                2.. => self.rows_of::<1, 1>(w, row, out),
                _ => self.rows_of::<1, 0>(w, row, out),
            };
        }
    }

    #[inline(always)]
    fn rows_of<const U: usize, const L: usize>(&self, w: &[T], row: usize, out: &mut [T]) -> usize {
        let stride = self.shape.stride;
        let row_of = |r: usize| &w[r * stride..][..self.terms];
        let upper: [&[T]; U] = std::array::from_fn(row_of);
        let lower: [&[T]; L] = std::array::from_fn(|r| row_of(U + r));
        self.tiles::<U, L>(row, out, |k| {
            if k % line::<T>() == 0 {
                let ahead = k + (U + L) * stride;
                upper.iter().chain(&lower).for_each(|row| will_need(row, ahead));
            }
            // SAFETY: k < `terms`, the length of each row.
            let weight = |row: &[T]| unsafe { *row.get_unchecked(k) };
            (upper.map(weight), lower.map(weight))
        });
        U + L
    }

    /// Wᵀ X, with the rows of W that belong to these terms: a term's weights lie side by side.
    #[inline(always)]
    fn turned(&self, w: &[T], out: &mut [T]) {
        let rows = out.len() / self.shape.batch;
        let mut row = 0;
        while row < rows {
            row += self.columns_until(rows, &w[row..], row, out);
        }
    }

    /// XᵀX, with the panels of all examples in W's place: a panel's rows lie N apart, and no
    /// tile is higher than a panel.
    #[inline(always)]
    fn squared(&self, panels: &[[T; N]], out: &mut [T]) {
        let rows = self.shape.batch;
        let mut row = 0;
        while row < rows {
            let panel = &panels[row / N * self.terms..][..self.terms];
            row += self.columns_until(rows, &panel.as_flattened()[row % N..], row, out);
        }
    }

    /// As many rows from `row` on as a tile takes, and how many these are.
    #[inline(always)]
    fn columns_until(&self, rows: usize, w: &[T], row: usize, out: &mut [T]) -> usize {
        match rows - row {
            left if left >= A + B => self.columns_of::<A, B>(w, row, out),
            6.. => self.columns_of::<3, 3>(w, row, out),
            4.. => self.columns_of::<2, 2>(w, row, out),
            2.. => self.columns_of::<1, 1>(w, row, out),
            _ => self.columns_of::<1, 0>(w, row, out),
        }
    }

    #[inline(always)]
    fn columns_of<const U: usize, const L: usize>(
        &self,
        w: &[T],
        row: usize,
        out: &mut [T],
    ) -> usize {
        let stride = self.shape.stride;
        let w = &w[..(self.terms - 1) * stride + U + L];
        self.tiles::<U, L>(row, out, |k| {
            will_need(w, k * stride + U + L + line::<T>());
            // SAFETY: k < `terms` and r < U + L, as the length of `w` has it.
            let weight = |r: usize| unsafe { *w.get_unchecked(k * stride + r) };
            (std::array::from_fn(weight), std::array::from_fn(|r| weight(U + r)))
        });
        U + L
    }

    /// U + L rows against every panel; `weights` are the rows' k-th.
    #[inline(always)]
    fn tiles<const U: usize, const L: usize>(
        &self,
        row: usize,
        out: &mut [T],
        weights: impl Fn(usize) -> ([T; U], [T; L]),
    ) {
        let batch = self.shape.batch;
        for (number, panel) in self.panels.chunks_exact(self.terms).enumerate() {
            let begin = self.first + number * N;
            let end = (begin + N).min(batch);
            if self.shape.upper && row >= end {
                continue;
            }
            let mut sums = ([[T::ZERO; N]; U], [[T::ZERO; N]; L]);
            if self.from > 0 {
                for (r, sums) in sums.0.iter_mut().chain(&mut sums.1).enumerate() {
                    copy(&out[(row + r) * batch..][begin..end], sums, |sum| sum);
                }
            }
            let sums = tile(panel, sums, &weights);
            let scale = if self.last { self.shape.scale } else { T::from_f64(1.0) };
            for (r, sums) in sums.0.iter().chain(&sums.1).enumerate() {
                let out = &mut out[(row + r) * batch..][begin..end];
                out.iter_mut().zip(sums).for_each(|(out, &sum)| *out = sum * scale);
            }
        }
    }
}

/// Adds up one tile's products; by value, so that the sums stay in registers, and in two
/// halves, each small enough for the compiler to unroll.
#[inline(always)]
fn tile<T: Real, const N: usize, const A: usize, const B: usize>(
    panel: &[[T; N]],
    sums: ([[T; N]; A], [[T; N]; B]),
    weights: impl Fn(usize) -> ([T; A], [T; B]),
) -> ([[T; N]; A], [[T; N]; B]) {
    let (mut upper, mut lower) = sums;
    for (k, x) in panel.iter().enumerate() {
        let (w_upper, w_lower) = weights(k);
        add(&mut upper, w_upper, x);
        add(&mut lower, w_lower, x);
    }
    (upper, lower)
}

#[inline(always)]
fn add<T: Real, const N: usize, const R: usize>(sums: &mut [[T; N]; R], w: [T; R], x: &[T; N]) {
    for r in 0..R {
        for lane in 0..N {
            sums[r][lane] = w[r].mul_add(x[lane], sums[r][lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::product::tests::{narrow, noise};
    use super::super::same_bits;
    use super::*;

    /// The bits of every path, for blocks with and without a rest on all three sides.
    fn check<T: Real + From<f32>>(narrowed: impl Fn(Vec<f64>) -> Vec<T>) {
        for (rows, inner, batch) in [(37, 53, 19), (12, 300, 64), (1, 5, 2), (26, 40, 33)] {
            let (w, x) = (narrowed(noise(rows * inner)), narrowed(noise(inner * batch)));
            let d = narrowed(noise(rows * batch));
            let scale = T::from(0.3);
            same_bits!(
                matmul,
                matmul_body,
                matmul_wide,
                (&w, &x, batch, scale),
                vec![T::ZERO; rows * batch]
            );
            same_bits!(
                matmul,
                matmul_large_body,
                matmul_wide,
                (&w, &x, batch, scale),
                vec![T::ZERO; rows * batch]
            );
            same_bits!(
                matmul_transposed,
                matmul_transposed_body,
                matmul_transposed_wide,
                (&w, inner, &d, batch, scale),
                vec![T::ZERO; inner * batch]
            );
            same_bits!(
                matmul_transposed,
                matmul_transposed_large_body,
                matmul_transposed_wide,
                (&w, inner, &d, batch, scale),
                vec![T::ZERO; inner * batch]
            );
            let upper = |gram: Vec<f64>| {
                let place = |(at, value): (usize, f64)| (at % batch >= at / batch).then_some(value);
                gram.into_iter().enumerate().filter_map(place).collect::<Vec<f64>>()
            };
            let gram = |kernel: fn(&[T], usize, &mut [f64])| {
                let mut out = vec![0.0; batch * batch];
                kernel(&x, batch, &mut out);
                upper(out)
            };
            assert_eq!(gram(upper_gram), gram(upper_gram_body));
            assert_eq!(gram(upper_gram), gram(upper_gram_large_body));
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        check(|double| double);
        check(|double| narrow(&double));
    }
}
