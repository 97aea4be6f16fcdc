//! Examples laid side by side: what the tiles of a product read.

use std::cell::Cell;
use std::ops::Range;

use super::registers::SIDE;
use crate::engine::number::Real;

/// A line of the cache, where no register's load crosses two.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    _bytes: [u8; 64],
}

thread_local! {
    static MEMORY: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// Memory for panels, which a thread keeps from one product to the next: to ask for it takes longer
/// than a narrow layer's product.
pub(super) struct PanelMemory(Vec<Line>);

impl PanelMemory {
    /// For so many numbers, 8 bytes each at the most; what is in there nobody knows.
    pub(super) fn of(numbers: usize) -> Self {
        let mut lines = MEMORY.take();
        let needed = (numbers * size_of::<f64>()).div_ceil(size_of::<Line>());
        if lines.len() < needed {
            lines.resize(needed, Line { _bytes: [0; 64] });
        }
        Self(lines)
    }

    /// The memory as numbers.
    #[inline(always)]
    pub(super) fn numbers<T: Real>(&mut self) -> &mut [T] {
        let length = size_of_val(&self.0[..]) / size_of::<T>();
        // SAFETY: every bit pattern is a number of either type, and a line is aligned for both.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), length) }
    }
}

impl Drop for PanelMemory {
    fn drop(&mut self) {
        MEMORY.set(std::mem::take(&mut self.0));
    }
}

/// Lays some columns of X side by side, `width` in a panel with a row for each row of X, converted.
/// What the last panel has over nobody reads.
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

/// Lays four rows side by side, as the panel's columns from `lane` on.
#[inline(always)]
fn turn<T: Real>(panel: &mut [T], width: usize, lane: usize, rows: [&[T]; SIDE]) {
    let [first, second, third, fourth] = rows.map(|row| row.as_chunks::<SIDE>());
    let (below, above) = (first.0.iter().zip(second.0), third.0.iter().zip(fourth.0));
    let mut packed = panel.chunks_exact_mut(width).map(|row| &mut row[lane..lane + SIDE]);
    let mut put = |row: &[T; SIDE]| {
        packed.next().expect("a row for each term").copy_from_slice(row);
    };
    for ((a, b), (c, d)) in below.zip(above) {
        let square = T::turned([a, b, c, d]);
        square.iter().for_each(&mut put);
    }
    for k in 0..first.1.len() {
        put(&[first.1[k], second.1[k], third.1[k], fourth.1[k]]);
    }
}
