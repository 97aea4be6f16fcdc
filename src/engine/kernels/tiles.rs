//! Tiles of sums in registers, over panels of examples that lie side by side.

use std::ops::Range;

use super::registers::{Register, Registers};
use super::{line, will_need};
use crate::engine::number::Real;

/// The rows that meet a panel: row r's k-th number.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a, T> {
    /// From the first row's first term on.
    pub(super) entries: &'a [T],
    /// From one row to the next; with `turned`, from one term to the next.
    pub(super) stride: usize,
    /// Whether the rows lie side by side, and not their terms.
    pub(super) turned: bool,
}

/// A panel of examples side by side, and where its sums go.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a, T> {
    /// A row of numbers for each term.
    pub(super) entries: &'a [T],
    /// From one of these rows to the next.
    pub(super) stride: usize,
    /// How many rows.
    pub(super) terms: usize,
    /// How many numbers of a row count.
    pub(super) examples: usize,
    /// From one row of the sums to the next.
    pub(super) batch: usize,
    /// Whether terms have been summed before, and the sums go on from there.
    pub(super) goes_on: bool,
    /// What the sums are multiplied by after the last of their terms.
    pub(super) scale: Option<T>,
}

#[allow(
    clippy::needless_range_loop,
    reason = "loops over indices are unrolled, so that an array's entries become registers; closures are not"
)]
impl<T: Real> Panel<'_, T> {
    /// The products of some rows with the panel, in tiles of M rows and V registers; `out` begins
    /// with the first row's first example.
    ///
    /// # Safety
    /// The processor has the set's instructions.
    ///
    /// # Panics
    /// If the weights, the panel or `out` are too short.
    #[inline(always)]
    pub(super) unsafe fn multiply<S: Registers, const M: usize, const V: usize>(
        &self,
        weights: Weights<'_, T>,
        rows: usize,
        out: &mut [T],
    ) {
        let Self { terms, batch, examples, .. } = *self;
        let Weights { entries, stride, turned } = weights;
        let [far, near] = if turned { [terms, rows] } else { [rows, terms] };
        assert!(entries.len() >= (far - 1) * stride + near, "weights of every row and term");
        assert!(out.len() >= (rows - 1) * batch + examples, "a place for every sum");
        let width = V * <S::Of<T> as Register<T>>::LANES;
        assert!(self.entries.len() >= (terms - 1) * self.stride + examples, "a panel's rows");
        assert!(examples <= width, "a panel's width");
        let mut row = 0;
        while row < rows {
            // SAFETY: the numbers are there, as the assertions have it, and so are the instructions.
            row += unsafe {
                match examples == width {
                    true => self.next_tile::<S, M, V, true>(weights, row..rows, out),
                    false => self.next_tile::<S, M, V, false>(weights, row..rows, out),
                }
            };
        }
    }

    /// The largest tile that some rows fill; returns how many of them it has.
    ///
    /// # Safety
    /// As for [`Self::tile`].
    #[inline(always)]
    unsafe fn next_tile<S: Registers, const M: usize, const V: usize, const FULL: bool>(
        &self,
        weights: Weights<'_, T>,
        rows: Range<usize>,
        out: &mut [T],
    ) -> usize {
        let row = rows.start;
        // SAFETY: as the function has it.
        unsafe {
            match rows.len() {
                left if left >= M => self.tile::<S, M, V, FULL>(weights, row, out),
                8.. => self.tile::<S, 8, V, FULL>(weights, row, out),
                4.. => self.tile::<S, 4, V, FULL>(weights, row, out),
                2.. => self.tile::<S, 2, V, FULL>(weights, row, out),
                _ => self.tile::<S, 1, V, FULL>(weights, row, out),
            }
        }
    }

    /// M rows from `row` on; returns M. `FULL`: the examples fill V registers.
    ///
    /// # Safety
    /// As for [`Self::multiply`], with M rows left.
    #[inline(always)]
    unsafe fn tile<S: Registers, const M: usize, const V: usize, const FULL: bool>(
        &self,
        weights: Weights<'_, T>,
        row: usize,
        out: &mut [T],
    ) -> usize {
        // SAFETY: as the function has it.
        unsafe {
            let out = out.as_mut_ptr().add(row * self.batch);
            let mut sums = [[S::Of::<T>::splat(T::ZERO); V]; M];
            if self.goes_on {
                for r in 0..M {
                    sums[r] = self.load::<S, V, FULL>(out.add(r * self.batch));
                }
            }
            let w = weights.entries.as_ptr();
            sums = match weights.turned {
                true => self.add::<S, M, V, FULL, true>(w.add(row), weights.stride, sums),
                false => {
                    let w = w.add(row * weights.stride);
                    self.add::<S, M, V, FULL, false>(w, weights.stride, sums)
                }
            };
            if let Some(scale) = self.scale {
                let scale = S::Of::<T>::splat(scale);
                for r in 0..M {
                    for v in 0..V {
                        sums[r][v] = sums[r][v].times(scale);
                    }
                }
            }
            for r in 0..M {
                self.store::<S, V, FULL>(sums[r], out.add(r * self.batch));
            }
        }
        M
    }

    /// A row of examples, in registers.
    ///
    /// # Safety
    /// The row is there, and so are the instructions.
    #[inline(always)]
    unsafe fn load<S: Registers, const V: usize, const FULL: bool>(
        &self,
        from: *const T,
    ) -> [S::Of<T>; V] {
        let lanes = <S::Of<T> as Register<T>>::LANES;
        // SAFETY: as the function has it.
        unsafe {
            let mut row = [S::Of::<T>::splat(T::ZERO); V];
            for v in 0..V {
                let from = from.wrapping_add(v * lanes);
                row[v] = match FULL {
                    true => S::Of::<T>::load(from),
                    false => S::Of::<T>::load_first(self.examples.saturating_sub(v * lanes), from),
                };
            }
            row
        }
    }

    /// Puts a row of examples where it belongs.
    ///
    /// # Safety
    /// As for [`Self::load`].
    #[inline(always)]
    unsafe fn store<S: Registers, const V: usize, const FULL: bool>(
        &self,
        row: [S::Of<T>; V],
        to: *mut T,
    ) {
        let lanes = <S::Of<T> as Register<T>>::LANES;
        for v in 0..V {
            let to = to.wrapping_add(v * lanes);
            // SAFETY: as the function has it.
            unsafe {
                match FULL {
                    true => row[v].store(to),
                    false => row[v].store_first(self.examples.saturating_sub(v * lanes), to),
                }
            }
        }
    }

    /// Adds up the products of a tile, term after term; by value, so that the sums stay in registers.
    ///
    /// # Safety
    /// As for [`Self::multiply`]; `w` is the first row's first number.
    #[inline(always)]
    unsafe fn add<
        S: Registers,
        const M: usize,
        const V: usize,
        const FULL: bool,
        const TURNED: bool,
    >(
        &self,
        w: *const T,
        stride: usize,
        mut sums: [[S::Of<T>; V]; M],
    ) -> [[S::Of<T>; V]; M] {
        let panel = self.entries.as_ptr();
        let mut k = 0;
        while k < self.terms {
            let end = (k + line::<T>()).min(self.terms);
            if !TURNED {
                for r in 0..M {
                    will_need(w.wrapping_add((M + r) * stride + k));
                }
            }
            while k < end {
                if TURNED {
                    will_need(w.wrapping_add((k + AHEAD) * stride));
                    will_need(w.wrapping_add(k * stride + M + line::<T>()));
                }
                // SAFETY: as the function has it.
                unsafe {
                    let x = self.load::<S, V, FULL>(panel.add(k * self.stride));
                    for r in 0..M {
                        let at = if TURNED { k * stride + r } else { r * stride + k };
                        let weight = S::Of::<T>::splat(*w.add(at));
                        for v in 0..V {
                            sums[r][v] = weight.times_plus(x[v], sums[r][v]);
                        }
                    }
                }
                k += 1;
            }
        }
        sums
    }
}

/// Terms whose weights are asked for ahead where each begins a line of the cache.
const AHEAD: usize = 12;
