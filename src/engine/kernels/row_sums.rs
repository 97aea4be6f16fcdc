//! Two sums over a row in one go, in `f64`: of a group of numbers that lie one behind the other.

use super::extremes::halved;
use super::registers::{Doubles, Register, Registers};
use crate::engine::number::Real;

/// Lanes of a row's sum in `f64`: two registers of AVX-512, four of AVX2.
pub(super) const LANES: usize = 16;
/// Most registers of [`LANES`] lanes.
const MOST: usize = 4;
/// Rows whose lanes are added up together.
pub(super) const ROWS: usize = 8;

/// The second of two sums, of which the first is that of d.
pub(super) trait Second {
    /// Whether anybody asks for it.
    const ASKED: bool;

    /// Its term.
    fn term(d: f64, other: f64) -> f64;

    /// Its terms.
    ///
    /// # Safety
    /// The processor has the register's instructions.
    unsafe fn terms<D: Doubles>(d: D, other: D) -> D;
}

/// A second sum that nobody asks for.
pub(super) struct Alone;
/// Σ d · other.
pub(super) struct Products;
/// Σ d².
pub(super) struct Squares;

macro_rules! second {
    ($type:ident, $asked:literal, |$d:ident, $other:ident| $term:expr, $terms:expr) => {
        impl Second for $type {
            const ASKED: bool = $asked;

            #[inline(always)]
            fn term($d: f64, $other: f64) -> f64 {
                $term
            }

            #[inline(always)]
            unsafe fn terms<D: Doubles>($d: D, $other: D) -> D {
                // SAFETY: as the trait has it.
                unsafe { $terms }
            }
        }
    };
}
second!(Alone, false, |_d, _other| 0.0, D::splat(0.0));
second!(Products, true, |d, other| d * other, d.times(other));
second!(Squares, true, |d, _other| d * d, d.times(d));

/// Puts a group's sums where they belong.
#[inline(always)]
pub(super) fn put<K: Second>(sums: &mut [&mut [f64]; 2], group: usize, pair: [f64; 2]) {
    sums[0][group] = pair[0];
    if K::ASKED {
        sums[1][group] = pair[1];
    }
}

/// Two sums over each of [`ROWS`] rows that fill registers, put from the first place on.
///
/// # Safety
/// The processor has the set's instructions; there are as many rows, and as many means.
#[inline(always)]
pub(super) unsafe fn row_pairs<T: Real, S: Registers, K: Second>(
    entries: &[T],
    others: &[T],
    length: usize,
    means: Option<&[f64]>,
    out: (usize, &mut [&mut [f64]; 2]),
) {
    // SAFETY: as the function has it.
    unsafe {
        match length {
            // Short rows take less time than the loop over them does where its end is not known.
            8 => row_pairs_of::<T, S, K>(entries, others, 8, means, out),
            16 => row_pairs_of::<T, S, K>(entries, others, 16, means, out),
            32 => row_pairs_of::<T, S, K>(entries, others, 32, means, out),
            64 => row_pairs_of::<T, S, K>(entries, others, 64, means, out),
            _ => row_pairs_of::<T, S, K>(entries, others, length, means, out),
        }
    }
}

/// [`row_pairs`], compiled for each length that is written down.
///
/// # Safety
/// As for [`row_pairs`].
#[inline(always)]
unsafe fn row_pairs_of<T: Real, S: Registers, K: Second>(
    entries: &[T],
    others: &[T],
    length: usize,
    means: Option<&[f64]>,
    (place, sums): (usize, &mut [&mut [f64]; 2]),
) {
    // SAFETY: as the function has it.
    unsafe {
        let (mut first, mut second) =
            ([S::Double::splat(0.0); ROWS], [S::Double::splat(0.0); ROWS]);
        for row in 0..ROWS {
            let mean = if let Some(means) = means { means[row] } else { 0.0 };
            let at = row * length..(row + 1) * length;
            let (one, two) = row_lanes::<T, S, K>(&entries[at.clone()], &others[at], mean);
            (first[row], second[row]) = (folded::<S>(one), folded::<S>(two));
        }
        S::Double::all_halved(first, sums[0][place..place + ROWS].as_mut_ptr());
        if K::ASKED {
            S::Double::all_halved(second, sums[1][place..place + ROWS].as_mut_ptr());
        }
    }
}

/// Two sums over a row, in lanes.
///
/// # Safety
/// The processor has the set's instructions; the rows are as long.
#[inline(always)]
pub(super) unsafe fn row_pair<T: Real, S: Registers, K: Second>(
    entries: &[T],
    others: &[T],
    mean: f64,
) -> [f64; 2] {
    let (lanes, count) = (S::Double::LANES, LANES / S::Double::LANES);
    // SAFETY: as the function has it.
    unsafe {
        let (first, second) = row_lanes::<T, S, K>(entries, others, mean);
        let at = entries.len() / lanes * lanes;
        if at == entries.len() {
            return [folded::<S>(first).halved(), folded::<S>(second).halved()];
        }
        let (mut one, mut two) = ([0.0; LANES], [0.0; LANES]);
        for r in 0..count {
            first[r].store(one.as_mut_ptr().add(r * lanes));
            second[r].store(two.as_mut_ptr().add(r * lanes));
        }
        for (place, (entry, other)) in entries.iter().zip(others).enumerate().skip(at) {
            let d = entry.to_f64() - mean;
            one[place % LANES] += d;
            two[place % LANES] += K::term(d, other.to_f64());
        }
        let add = |a: f64, b: f64| a + b;
        [halved(one, add), halved(two, add)]
    }
}

/// Two sums in [`LANES`] lanes over what of a row fills registers.
///
/// # Safety
/// The processor has the set's instructions; the rows are as long.
#[inline(always)]
unsafe fn row_lanes<T: Real, S: Registers, K: Second>(
    entries: &[T],
    others: &[T],
    mean: f64,
) -> ([S::Double; MOST], [S::Double; MOST]) {
    let (lanes, count) = (S::Double::LANES, LANES / S::Double::LANES);
    // SAFETY: as the function has it.
    unsafe {
        let (mut first, mut second) =
            ([S::Double::splat(0.0); MOST], [S::Double::splat(0.0); MOST]);
        let means = S::Double::splat(mean);
        let mut at = 0;
        // Lane 0 comes after lane 15. The trips of the inner loop are known, so that sums stay in registers.
        while at + lanes <= entries.len() {
            let left = entries.len() - at;
            for r in 0..count {
                if (r + 1) * lanes <= left {
                    let place = at + r * lanes;
                    let d = T::doubles::<S::Double>(entries.as_ptr().add(place)).minus(means);
                    let other = T::doubles::<S::Double>(others.as_ptr().add(place));
                    first[r] = first[r].plus(d);
                    second[r] = second[r].plus(K::terms(d, other));
                }
            }
            at += LANES;
        }
        (first, second)
    }
}

/// All registers of a row's sum in one, half of them at a time.
///
/// # Safety
/// The processor has the set's instructions.
#[inline(always)]
unsafe fn folded<S: Registers>(mut sums: [S::Double; MOST]) -> S::Double {
    let mut count = LANES / S::Double::LANES;
    // SAFETY: as the function has it.
    unsafe {
        while count > 1 {
            count /= 2;
            for r in 0..count {
                sums[r] = sums[r].plus(sums[r + count]);
            }
        }
    }
    sums[0]
}
