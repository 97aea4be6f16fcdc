//! Tiles of sums in registers, over panels of examples that lie side by side.

use super::registers::{InRegisters, Register, Registers};
use super::{line, will_need_soon};
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
    /// A row of numbers for each term; what is over of the last panel counts for nothing.
    pub(super) entries: &'a [T],
    /// Its rows.
    pub(super) terms: usize,
    /// Its examples that count.
    pub(super) examples: usize,
    /// From one row of the sums to the next.
    pub(super) batch: usize,
    /// Whether terms have been summed before, and the sums go on from there.
    pub(super) goes_on: bool,
    /// What the sums are multiplied by after the last of their terms.
    pub(super) scale: Option<T>,
}

/// Most numbers of a tile's row: four registers of AVX-512.
const WIDEST: usize = 64;

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
        assert!(self.entries.len() >= terms * width && examples <= width, "a panel's shape");
        let mut row = 0;
        while row < rows {
            // SAFETY: the numbers are there, as the assertions have it, and so are the instructions.
            row += unsafe {
                match rows - row {
                    left if left >= M => self.tile::<S, M, V>(weights, row, out),
                    4.. => self.tile::<S, 4, V>(weights, row, out),
                    2.. => self.tile::<S, 2, V>(weights, row, out),
                    _ => self.tile::<S, 1, V>(weights, row, out),
                }
            };
        }
    }

    /// M rows from `row` on; returns M.
    ///
    /// # Safety
    /// As for [`Self::multiply`], with M rows left.
    #[inline(always)]
    unsafe fn tile<S: Registers, const M: usize, const V: usize>(
        &self,
        weights: Weights<'_, T>,
        row: usize,
        out: &mut [T],
    ) -> usize {
        let lanes = <S::Of<T> as Register<T>>::LANES;
        let is_full = self.examples == V * lanes;
        let mut edge = [[T::ZERO; WIDEST]; M];
        // SAFETY: as the function has it; `edge` has room for a tile.
        unsafe {
            let out = out.as_mut_ptr().add(row * self.batch);
            let (to, step) = match is_full {
                true => (out, self.batch),
                false => (edge.as_mut_ptr().cast(), WIDEST),
            };
            let mut sums = [[S::Of::<T>::splat(T::ZERO); V]; M];
            if self.goes_on {
                if !is_full {
                    copy_rows::<T, M>(self.examples, (out, self.batch), (to, step));
                }
                for r in 0..M {
                    for v in 0..V {
                        sums[r][v] = S::Of::<T>::load(to.add(r * step + v * lanes));
                    }
                }
            }
            let w = weights.entries.as_ptr();
            sums = match weights.turned {
                true => self.add::<S, M, V, true>(w.add(row), weights.stride, sums),
                false => {
                    self.add::<S, M, V, false>(w.add(row * weights.stride), weights.stride, sums)
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
                for v in 0..V {
                    sums[r][v].store(to.add(r * step + v * lanes));
                }
            }
            if !is_full {
                copy_rows::<T, M>(self.examples, (to, step), (out, self.batch));
            }
        }
        M
    }

    /// Adds up the products of a tile, term after term; by value, so that the sums stay in registers.
    ///
    /// # Safety
    /// As for [`Self::multiply`]; `w` is the first row's first number.
    #[inline(always)]
    unsafe fn add<S: Registers, const M: usize, const V: usize, const TURNED: bool>(
        &self,
        w: *const T,
        stride: usize,
        mut sums: [[S::Of<T>; V]; M],
    ) -> [[S::Of<T>; V]; M] {
        let lanes = <S::Of<T> as Register<T>>::LANES;
        let panel = self.entries.as_ptr();
        let mut k = 0;
        while k < self.terms {
            let end = (k + line::<T>()).min(self.terms);
            if !TURNED {
                for r in 0..M {
                    will_need_soon(w.wrapping_add((M + r) * stride + k));
                }
            }
            while k < end {
                if TURNED {
                    will_need_soon(w.wrapping_add((k + AHEAD) * stride));
                    will_need_soon(w.wrapping_add(k * stride + M + line::<T>()));
                }
                // SAFETY: as the function has it.
                unsafe {
                    let mut x = [S::Of::<T>::splat(T::ZERO); V];
                    for v in 0..V {
                        x[v] = S::Of::<T>::load(panel.add((k * V + v) * lanes));
                    }
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

/// Copies M rows, of so many numbers, each a step from the next.
///
/// # Safety
/// The numbers are there, and the two do not overlap.
#[inline(always)]
unsafe fn copy_rows<T: InRegisters, const M: usize>(
    numbers: usize,
    (from, from_step): (*const T, usize),
    (to, to_step): (*mut T, usize),
) {
    for r in 0..M {
        // SAFETY: as the function has it.
        unsafe {
            std::ptr::copy_nonoverlapping(from.add(r * from_step), to.add(r * to_step), numbers);
        }
    }
}
