//! W X and Wᵀ D for a batch: tiles of sums held in registers, over panels of examples that lie
//! side by side in a near cache (Goto & van de Geijn 2008).
//!
//! Every sum runs over k in order with fused multiply-adds, whatever tile or block it falls in:
//! an example's bits do not depend on the others beside it.

use std::ops::Range;

use super::panels::{PanelMemory, pack, pack_turned};
use super::registers::{Register, Registers};
use super::tiles::{Panel, Weights};
use super::{dispatch, line};
use crate::engine::number::Real;

/// Rows of a Gram matrix's factor that are made double at a time.
const ROWS_MADE_DOUBLE: usize = 64;
/// Most examples of which a Gram matrix's rows that are multiplied at a time fill half of a near cache.
const FEW_SIDE_BY_SIDE: usize = 32;
/// Panels that stay in the second cache while W goes by.
const PANELS: usize = 8;
/// Most bytes of a panel, which stays in the first cache while rows of W go by.
const BYTES: usize = 24 << 10;
/// Rows of W that stay in the second cache while panels go by.
const ROWS: usize = 256;

dispatch!(
    /// out = scale · W X, with X of `x.len() / batch` rows of `batch` numbers.
    matmul, matmul_body by registers,
    (w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = scale · Wᵀ D, with D of `d.len() / batch` rows of `batch` numbers and W's rows
    /// `stride` numbers apart.
    matmul_transposed, matmul_transposed_body by registers,
    (w: &[T], stride: usize, d: &[T], batch: usize, scale: T, out: &mut [T])
);
dispatch!(
    /// out = D Aᵀ over some of the examples. A, with its row length, is m × b; D, with its stride, begins
    /// at the first of these examples. With `goes_on` the sums go on from `out`, n × m; `scale` is what
    /// they are multiplied by in the end.
    matmul_outer, matmul_outer_body by registers,
    (d: (&[T], usize), a: (&[T], usize), goes_on: bool, scale: Option<T>, out: &mut [T])
);
dispatch!(
    /// out = MᵀM above the diagonal and on it, B × B, with M of `m.len() / batch` rows of
    /// `batch` numbers. What lies below the diagonal is left as it falls out.
    upper_gram, upper_gram_body by registers,
    (m: &[T], batch: usize, out: &mut [f64])
);

/// Which product is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Turned {
    /// None of the factors is turned: W X.
    None,
    /// Wᵀ X.
    First,
    /// W Xᵀ.
    Second,
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Shape<T> {
    /// Which factor is turned.
    turned: Turned,
    /// From one row of W to the next.
    stride: usize,
    /// Columns of the product: the examples, but for W Xᵀ, where they are the rows of X.
    batch: usize,
    /// Whether the sums go on from what is there.
    goes_on: bool,
    /// What they are multiplied by in the end.
    scale: Option<T>,
}

#[inline(always)]
fn matmul_body<T: Real, S: Registers>(w: &[T], x: &[T], batch: usize, scale: T, out: &mut [T]) {
    let stride = x.len() / batch;
    let shape = Shape { turned: Turned::None, stride, batch, goes_on: false, scale: Some(scale) };
    multiply::<T, S>(shape, w, x, out);
}

#[inline(always)]
fn matmul_transposed_body<T: Real, S: Registers>(
    w: &[T],
    stride: usize,
    d: &[T],
    batch: usize,
    scale: T,
    out: &mut [T],
) {
    let shape = Shape { turned: Turned::First, stride, batch, goes_on: false, scale: Some(scale) };
    multiply::<T, S>(shape, w, d, out);
}

#[inline(always)]
fn matmul_outer_body<T: Real, S: Registers>(
    (d, stride): (&[T], usize),
    (a, examples): (&[T], usize),
    goes_on: bool,
    scale: Option<T>,
    out: &mut [T],
) {
    let batch = a.len() / examples;
    let shape = Shape { turned: Turned::Second, stride, batch, goes_on, scale };
    multiply::<T, S>(shape, d, a, out);
}

/// In tiles that fill most of the set's registers: twelve of sixteen, and of thirty-two as many as
/// there are examples for.
#[inline(always)]
fn multiply<T: Real, S: Registers>(shape: Shape<T>, w: &[T], x: &[T], out: &mut [T]) {
    // The rows of W need an address each, of which there are sixteen; its columns lie side by side.
    match (shape.batch.div_ceil(line::<T>()), shape.turned) {
        _ if !S::MANY => blocks::<T, S, 6, 2>(shape, w, x, out),
        (1, Turned::First) => blocks::<T, S, 16, 1>(shape, w, x, out),
        (1, _) => blocks::<T, S, 8, 1>(shape, w, x, out),
        (2, Turned::First) => blocks::<T, S, 12, 2>(shape, w, x, out),
        (2, _) => blocks::<T, S, 8, 2>(shape, w, x, out),
        _ => blocks::<T, S, 6, 4>(shape, w, x, out),
    }
}

/// Groups of panels, some terms at a time, meet W some rows at a time.
#[inline(always)]
fn blocks<T: Real, S: Registers, const M: usize, const V: usize>(
    shape: Shape<T>,
    w: &[T],
    x: &[T],
    out: &mut [T],
) {
    let Shape { turned, stride, batch, goes_on, scale } = shape;
    let width = V * <S::Of<T> as Register<T>>::LANES;
    let (inner, rows) = (x.len() / batch, out.len() / batch);
    let most = (BYTES / size_of::<T>() / width).min(inner);
    // Examples for one panel lie as one already.
    let is_panel = turned != Turned::Second && batch <= width;
    let packed_width = if is_panel { batch } else { width };
    let most_columns = (PANELS * width).min(batch.next_multiple_of(width));
    let mut memory = PanelMemory::of(if is_panel { 0 } else { most * most_columns });
    let memory = memory.numbers();
    for (group, terms) in cut(batch, PANELS * width)
        .flat_map(|group| cut(inner, most).map(move |terms| (group.clone(), terms)))
    {
        let of_terms = || &x[terms.start * batch..terms.end * batch];
        let panels = match turned {
            _ if is_panel => of_terms(),
            Turned::Second => pack_turned(memory, width, x, inner, group.clone(), terms.clone()),
            _ => pack(memory, width, of_terms(), batch, group.clone(), |x| x),
        };
        for some in cut(rows, ROWS) {
            let at = match turned {
                Turned::First => terms.start * stride + some.start,
                _ => some.start * stride + terms.start,
            };
            let weights = Weights { entries: &w[at..], stride, turned: turned == Turned::First };
            let panels = panels.chunks_exact(terms.len() * packed_width);
            for (entries, begin) in panels.zip(group.clone().step_by(width)) {
                let panel = Panel {
                    entries,
                    stride: packed_width,
                    terms: terms.len(),
                    examples: width.min(group.end - begin),
                    batch,
                    goes_on: goes_on || terms.start > 0,
                    scale: scale.filter(|_| terms.end == inner),
                };
                let out = &mut out[some.start * batch + begin..];
                // SAFETY: a body is called where the processor has its set.
                unsafe { panel.multiply::<S, M, V>(weights, some.len(), out) };
            }
        }
    }
}

/// 0 to `all`, in pieces.
#[inline(always)]
fn cut(all: usize, piece: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    (0..all).step_by(piece).map(move |from| from..(from + piece).min(all))
}

/// In tiles that fill most of the set's registers, one register wide where that holds all examples.
#[inline(always)]
fn upper_gram_body<T: Real, S: Registers>(m: &[T], batch: usize, out: &mut [f64]) {
    match S::MANY {
        true if batch <= line::<f64>() => gram_blocks::<T, S, 8, 1>(m, batch, out),
        true => gram_blocks::<T, S, 8, 2>(m, batch, out),
        false => gram_blocks::<T, S, 4, 2>(m, batch, out),
    }
}

/// MᵀM above the diagonal, some rows of M at a time, which serve as both factors: where they are
/// double and few side by side as they lie, else made double in panels.
#[inline(always)]
fn gram_blocks<T: Real, S: Registers, const M: usize, const V: usize>(
    m: &[T],
    batch: usize,
    out: &mut [f64],
) {
    let width = V * <S::Of<f64> as Register<f64>>::LANES;
    let as_they_lie = T::as_doubles(m).filter(|_| batch <= FEW_SIDE_BY_SIDE);
    let most = ROWS_MADE_DOUBLE.min(m.len() / batch);
    let panels = if as_they_lie.is_some() { 0 } else { batch.next_multiple_of(width) };
    let mut memory = PanelMemory::of(most * panels);
    let memory = memory.numbers();
    for (number, rows) in m.chunks(ROWS_MADE_DOUBLE * batch).enumerate() {
        let terms = rows.len() / batch;
        // From one panel to the next are so many numbers.
        let (entries, stride, next) = if let Some(m) = as_they_lie {
            (&m[number * ROWS_MADE_DOUBLE * batch..][..rows.len()], batch, width)
        } else {
            let panels = pack(memory, width, rows, batch, 0..batch, Real::to_f64);
            (panels, width, terms * width)
        };
        let goes_on = number > 0;
        for (i, first) in cut(batch, width).enumerate() {
            let (entries_of_first, examples) = (&entries[i * next..], first.len());
            let panel = Panel {
                entries: entries_of_first,
                stride,
                terms,
                examples,
                batch,
                goes_on,
                scale: None,
            };
            for (j, second) in cut(first.end, width).enumerate() {
                let weights = Weights { entries: &entries[j * next..], stride, turned: true };
                let out = &mut out[second.start * batch + first.start..];
                // SAFETY: a body is called where the processor has its set.
                unsafe { panel.multiply::<S, M, V>(weights, second.len(), out) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::{same_bits, same_filled};

    /// Sums in order, one term after the other.
    fn plain<T: Real>(
        (rows, columns, terms): (usize, usize, usize),
        scale: T,
        factors: impl Fn(usize, usize, usize) -> [T; 2],
    ) -> Vec<T> {
        let sum = |place: usize| {
            let add = |sum: T, k: usize| {
                let [w, x] = factors(place / columns, place % columns, k);
                w.mul_add(x, sum)
            };
            (0..terms).fold(T::ZERO, add) * scale
        };
        (0..rows * columns).map(sum).collect()
    }

    /// Every set gives the bits of the plain loop, for blocks with and without a rest on all sides.
    fn check<T: Real + From<f32>>(narrowed: impl Fn(Vec<f64>) -> Vec<T>) {
        for (rows, inner, batch) in
            [(37, 53, 19), (12, 420, 64), (1, 5, 2), (26, 40, 33), (270, 9, 150), (7, 200, 600)]
        {
            let (w, x) = (narrowed(noise(rows * inner)), narrowed(noise(inner * batch)));
            let d = narrowed(noise(rows * batch));
            let scale = T::from(0.3);
            // What lies behind a product is not its own.
            let behind = T::from(7.0);
            let mut out = same_filled(vec![behind; rows * batch + 64], |out| {
                matmul(&w, &x, batch, scale, &mut out[..rows * batch]);
            });
            assert!(out.split_off(rows * batch).iter().all(|&number| number == behind));
            let factors = |r, b, k| [w[r * inner + k], x[k * batch + b]];
            assert!(out == plain((rows, batch, inner), scale, factors), "W X");
            let out = same_filled(vec![T::ZERO; inner * batch], |out| {
                matmul_transposed(&w, inner, &d, batch, scale, out);
            });
            let factors = |r, b, k| [w[k * inner + r], d[k * batch + b]];
            assert!(out == plain((inner, batch, rows), scale, factors), "Wᵀ D");
            let out = same_filled(vec![T::ZERO; rows * inner], |out| {
                matmul_outer((&d, batch), (&x, batch), false, Some(scale), out);
            });
            let factors = |r, i, k| [d[r * batch + k], x[i * batch + k]];
            assert!(out == plain((rows, inner, batch), scale, factors), "D Aᵀ");
        }
    }

    fn check_gram<T: Real>(x: &[T], batch: usize) {
        let upper = |gram: &[f64]| {
            let place = |(at, &value): (usize, &f64)| (at % batch >= at / batch).then_some(value);
            gram.iter().enumerate().filter_map(place).collect::<Vec<f64>>()
        };
        let gram = same_bits(|| {
            let mut out = vec![0.0; batch * batch];
            upper_gram(x, batch, &mut out);
            upper(&out)
        });
        let entry = |row: usize, column: usize| x[row * batch + column].to_f64();
        let factors = |r, b, k| [entry(k, r), entry(k, b)];
        assert_eq!(gram, upper(&plain((batch, batch, x.len() / batch), 1.0, factors)));
    }

    #[test]
    fn every_set_has_the_bits_of_the_plain_loop() {
        check(|double| double);
        check(|double| narrow(&double));
        for (rows, batch) in [(53, 19), (300, 64), (5, 2), (40, 33), (200, 8), (65, 32)] {
            check_gram(&noise(rows * batch), batch);
            check_gram(&narrow(&noise(rows * batch)), batch);
        }
    }
}
