//! Examples laid side by side: what the tiles of a product read.

use std::ops::Range;

use crate::engine::number::Real;

/// Lays some columns of X side by side, `width` in a panel with a row for each row of X, converted.
/// What the last panel has over is filled with numbers that nobody reads.
///
/// # Shapes
/// X has rows of `batch` numbers.
#[inline(always)]
pub(super) fn pack<'a, S: Real, T: Real>(
    panels: &'a mut [T],
    width: usize,
    x: &[S],
    batch: usize,
    columns: Range<usize>,
    convert: impl Fn(S) -> T,
) -> &'a [T] {
    let panel = x.len() / batch * width;
    let panels = &mut panels[..columns.len().div_ceil(width) * panel];
    for (number, panel) in panels.chunks_exact_mut(panel).enumerate() {
        let begin = columns.start + number * width;
        let end = (begin + width).min(columns.end);
        for (packed, x) in panel.chunks_exact_mut(width).zip(x.chunks_exact(batch)) {
            packed.iter_mut().zip(&x[begin..end]).for_each(|(packed, &x)| *packed = convert(x));
        }
    }
    panels
}

/// Lays some rows of X side by side, `width` in a panel with a row for each of the `terms`. What the
/// last panel has over is filled with numbers that nobody reads.
///
/// # Shapes
/// X has rows of `inner` numbers.
#[inline(always)]
pub(super) fn pack_turned<'a, T: Real>(
    panels: &'a mut [T],
    width: usize,
    x: &[T],
    inner: usize,
    rows: Range<usize>,
    terms: Range<usize>,
) -> &'a [T] {
    let panel = terms.len() * width;
    let panels = &mut panels[..rows.len().div_ceil(width) * panel];
    let x = &x[rows.start * inner..rows.end * inner];
    for (panel, rows) in panels.chunks_exact_mut(panel).zip(x.chunks(width * inner)) {
        let mut squares = rows.chunks_exact(SIDE * inner);
        let whole = squares.len() * SIDE;
        for (square, rows) in squares.by_ref().enumerate() {
            let row = |r: usize| &rows[r * inner..][terms.clone()];
            turn(panel, width, square * SIDE, [row(0), row(1), row(2), row(3)]);
        }
        for (lane, row) in squares.remainder().chunks_exact(inner).enumerate() {
            for (packed, &x) in panel.chunks_exact_mut(width).zip(&row[terms.clone()]) {
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
fn turn<T: Real>(panel: &mut [T], width: usize, lane: usize, rows: [&[T]; SIDE]) {
    let [first, second, third, fourth] = rows.map(|row| row.as_chunks::<SIDE>());
    let mut packed = panel.chunks_exact_mut(width);
    let (below, above) = (first.0.iter().zip(second.0), third.0.iter().zip(fourth.0));
    for ((a, b), (c, d)) in below.zip(above) {
        for row in turned(a, b, c, d) {
            let packed = packed.next().expect("a row for each term");
            packed[lane..lane + SIDE].copy_from_slice(&row);
        }
    }
    for (k, packed) in packed.enumerate() {
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
