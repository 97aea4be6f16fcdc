//! Tiles of sums in registers, over panels of examples that lie side by side.

use std::ops::Range;

use super::{line, will_need};
use crate::engine::number::Real;

/// Terms that are summed before the next tile's turn: a panel takes half of a 32 KB cache.
pub(super) const TERMS: usize = 256;

/// Which product is asked for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Turned {
    /// None of the factors is turned: W X.
    None,
    /// Wᵀ X.
    First,
    /// W Xᵀ.
    Second,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Shape<T> {
    /// Which factor is turned.
    pub(super) turned: Turned,
    /// Whether only the rows up to an example's own number are wanted.
    pub(super) upper: bool,
    /// From one row of W to the next.
    pub(super) stride: usize,
    /// Columns of the product: the examples, but for W Xᵀ, where they are the rows of X.
    pub(super) batch: usize,
    pub(super) scale: T,
}

/// Lays some examples side by side, N in a panel of `terms` rows, converted. What the last panel
/// has over is filled with numbers that nobody reads.
#[inline(always)]
pub(super) fn pack<'a, S: Real, T: Real, const N: usize>(
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

/// Lays some rows of X side by side, N in a panel of as many rows as there are `terms`; `inner` are
/// the numbers of a row. What the last panel has over is filled with numbers that nobody reads.
#[inline(always)]
pub(super) fn pack_turned<'a, T: Real, const N: usize>(
    panels: &'a mut [[T; N]],
    x: &[T],
    inner: usize,
    rows: Range<usize>,
    terms: Range<usize>,
) -> &'a [[T; N]] {
    let panels = &mut panels[..rows.len().div_ceil(N) * terms.len()];
    let x = &x[rows.start * inner..rows.end * inner];
    for (panel, rows) in panels.chunks_exact_mut(terms.len()).zip(x.chunks(N * inner)) {
        let mut squares = rows.chunks_exact(SIDE * inner);
        let whole = squares.len() * SIDE;
        for (square, rows) in squares.by_ref().enumerate() {
            let row = |r: usize| &rows[r * inner..][terms.clone()];
            turn(panel, square * SIDE, [row(0), row(1), row(2), row(3)]);
        }
        for (lane, row) in squares.remainder().chunks_exact(inner).enumerate() {
            for (packed, &x) in panel.iter_mut().zip(&row[terms.clone()]) {
                packed[whole + lane] = x;
            }
        }
    }
    panels
}

/// Side of a square that is turned in registers.
const SIDE: usize = 4;

/// Lays four rows side by side, as the panel's columns from `lane` on.
#[inline(always)]
fn turn<T: Real, const N: usize>(panel: &mut [[T; N]], lane: usize, rows: [&[T]; SIDE]) {
    let [first, second, third, fourth] = rows.map(|row| row.as_chunks::<SIDE>());
    let (squares, rest) = panel.as_chunks_mut::<SIDE>();
    let (below, above) = (first.0.iter().zip(second.0), third.0.iter().zip(fourth.0));
    for (packed, ((a, b), (c, d))) in squares.iter_mut().zip(below.zip(above)) {
        let square = turned(a, b, c, d);
        for k in 0..SIDE {
            packed[k][lane..lane + SIDE].copy_from_slice(&square[k]);
        }
    }
    for (k, packed) in rest.iter_mut().enumerate() {
        let column = [first.1[k], second.1[k], third.1[k], fourth.1[k]];
        packed[lane..lane + SIDE].copy_from_slice(&column);
    }
}

/// A square turned; a function of its own, because several squares at once would be made with
/// shuffles that take longer.
#[inline(never)]
fn turned<T: Real>(
    a: &[T; SIDE],
    b: &[T; SIDE],
    c: &[T; SIDE],
    d: &[T; SIDE],
) -> [[T; SIDE]; SIDE] {
    let mut square = [[T::ZERO; SIDE]; SIDE];
    for k in 0..SIDE {
        square[k] = [a[k], b[k], c[k], d[k]];
    }
    square
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
pub(super) struct Block<'a, T, const A: usize, const B: usize, const N: usize> {
    pub(super) shape: Shape<T>,
    /// The first of the terms.
    pub(super) from: usize,
    pub(super) terms: usize,
    /// The first of the examples.
    pub(super) first: usize,
    pub(super) panels: &'a [[T; N]],
    /// Whether these are the last terms.
    pub(super) last: bool,
}

impl<T: Real, const A: usize, const B: usize, const N: usize> Block<'_, T, A, B, N> {
    /// W X: a row's weights lie side by side already.
    #[inline(always)]
    pub(super) fn straight(&self, w: &[T], out: &mut [T]) {
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
    pub(super) fn turned(&self, w: &[T], out: &mut [T]) {
        let rows = out.len() / self.shape.batch;
        let mut row = 0;
        while row < rows {
            row += self.columns_until(rows, &w[row..], row, out);
        }
    }

    /// XᵀX, with the panels of all examples in W's place: a panel's rows lie N apart, and no
    /// tile is higher than a panel.
    #[inline(always)]
    pub(super) fn squared(&self, panels: &[[T; N]], out: &mut [T]) {
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
