//! Sums of a normalization, in `f64` whatever the entries are.
//!
//! A group is what shares a mean and a variance. [`Groups::Rows`]: a unit's examples, or a single
//! example's units, one behind the other. [`Groups::Columns`]: an example's units, a batch apart.

use super::dispatch;
use super::extremes::{any, halved};
use super::registers::{Doubles, Register, Registers};
use crate::engine::number::Real;

/// How the entries of an array belong to groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// Runs of so many entries.
    Rows(usize),
    /// So many columns.
    Columns(usize),
}

/// Lanes of a row's sum in `f64`: two registers of AVX-512, four of AVX2.
const LANES: usize = 16;
/// Most registers of [`LANES`] lanes.
const MOST: usize = 4;
/// Rows whose lanes are added up together.
const ROWS: usize = 8;

dispatch!(
    /// `sums[group]` = Σ entry.
    group_sums, group_sums_body by registers,
    (entries: &[T], groups: Groups, sums: &mut [f64])
);
dispatch!(
    /// Of d = entry − `means[group]`: the groups' Σ d, and their Σ d · other.
    group_products, group_products_body by registers,
    (entries: &[T], groups: Groups, means: &[f64], others: &[T], sums: [&mut [f64]; 2])
);
dispatch!(
    /// Of d = entry − `means[group]`: the groups' Σ d, and their Σ d².
    group_squares, group_squares_body by registers,
    (entries: &[T], groups: Groups, means: &[f64], sums: [&mut [f64]; 2])
);
dispatch!(
    /// Whether an |entry| that is not 0 is below `limit`.
    holds_faint, holds_faint_body,
    (entries: &[T], limit: T) -> bool
);

#[inline(always)]
fn holds_faint_body<T: Real>(entries: &[T], limit: T) -> bool {
    any(entries, |entry| (entry != T::ZERO) & (entry.abs() < limit))
}

#[inline(always)]
fn group_sums_body<T: Real, S: Registers>(entries: &[T], groups: Groups, sums: &mut [f64]) {
    // SAFETY: a body is called where the processor has its set.
    unsafe { pair_sums::<T, S, Alone>([entries, entries], groups, None, [sums, &mut []]) };
}

#[inline(always)]
fn group_products_body<T: Real, S: Registers>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    others: &[T],
    sums: [&mut [f64]; 2],
) {
    assert!(sums.iter().all(|sums| sums.len() == means.len()), "two sums for each mean");
    // SAFETY: a body is called where the processor has its set.
    unsafe { pair_sums::<T, S, Products>([entries, others], groups, Some(means), sums) };
}

#[inline(always)]
fn group_squares_body<T: Real, S: Registers>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    sums: [&mut [f64]; 2],
) {
    assert!(sums.iter().all(|sums| sums.len() == means.len()), "two sums for each mean");
    // SAFETY: a body is called where the processor has its set.
    unsafe { pair_sums::<T, S, Squares>([entries, entries], groups, Some(means), sums) };
}

/// The second of two sums, of which the first is that of d.
trait Second {
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
struct Alone;
/// Σ d · other.
struct Products;
/// Σ d².
struct Squares;

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

/// Sums of d = entry − mean and of what goes with it, group by group; no means are zeros.
///
/// # Safety
/// The processor has the set's instructions.
#[inline(always)]
unsafe fn pair_sums<T: Real, S: Registers, K: Second>(
    [entries, others]: [&[T]; 2],
    groups: Groups,
    means: Option<&[f64]>,
    mut sums: [&mut [f64]; 2],
) {
    assert_eq!(entries.len(), others.len(), "an entry each");
    match groups {
        Groups::Rows(length) => {
            let rows = entries.len() / length;
            let mut first = 0;
            while first < rows {
                let many = rows - first >= ROWS && length % S::Double::LANES == 0;
                let these = first..first + if many { ROWS } else { 1 };
                let within = these.start * length..these.end * length;
                let (entries, others) = (&entries[within.clone()], &others[within]);
                let means = means.map(|means| &means[these.clone()]);
                // SAFETY: as the function has it; the rows are as long.
                unsafe {
                    if many {
                        row_pairs::<T, S, K>(entries, others, length, means, (first, &mut sums));
                    } else {
                        let mean = means.map_or(0.0, |means| means[0]);
                        let pair = row_pair::<T, S, K>(entries, others, mean);
                        put::<K>(&mut sums, first, pair);
                    }
                }
                first = these.end;
            }
        }
        Groups::Columns(count) => {
            let mut first = 0;
            while first < count {
                let left = (count - first) / S::Double::LANES;
                let columns = (first, count);
                let means = means.map(|means| &means[first..count]);
                // SAFETY: as the function has it; there are as many columns left.
                first += unsafe {
                    match left {
                        4.. => {
                            column_pairs::<T, S, K, 4>(entries, others, columns, means, &mut sums)
                        }
                        2.. => {
                            column_pairs::<T, S, K, 2>(entries, others, columns, means, &mut sums)
                        }
                        1 => column_pairs::<T, S, K, 1>(entries, others, columns, means, &mut sums),
                        _ => column_pair::<T, K>(entries, others, columns, means, &mut sums),
                    }
                };
            }
        }
    }
}

/// Puts a group's sums where they belong.
#[inline(always)]
fn put<K: Second>(sums: &mut [&mut [f64]; 2], group: usize, pair: [f64; 2]) {
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
unsafe fn row_pairs<T: Real, S: Registers, K: Second>(
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
unsafe fn row_pair<T: Real, S: Registers, K: Second>(
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

/// Two sums over each of the columns from the first on that fill R registers, of `count`, one row after
/// the other; returns how many.
///
/// # Safety
/// The processor has the set's instructions; there are as many columns, and as many means.
#[inline(always)]
unsafe fn column_pairs<T: Real, S: Registers, K: Second, const R: usize>(
    entries: &[T],
    others: &[T],
    (first, count): (usize, usize),
    means: Option<&[f64]>,
    sums: &mut [&mut [f64]; 2],
) -> usize {
    let lanes = S::Double::LANES;
    // SAFETY: as the function has it.
    unsafe {
        let mut mean = [S::Double::splat(0.0); R];
        if let Some(means) = means {
            for (r, mean) in mean.iter_mut().enumerate() {
                *mean = S::Double::load(means.as_ptr().add(r * lanes));
            }
        }
        let (mut one, mut two) = ([S::Double::splat(0.0); R], [S::Double::splat(0.0); R]);
        for row in 0..entries.len() / count {
            for r in 0..R {
                let at = row * count + first + r * lanes;
                let d = T::doubles::<S::Double>(entries.as_ptr().add(at)).minus(mean[r]);
                let other = T::doubles::<S::Double>(others.as_ptr().add(at));
                one[r] = one[r].plus(d);
                two[r] = two[r].plus(K::terms(d, other));
            }
        }
        for r in 0..R {
            let own = first + r * lanes..first + (r + 1) * lanes;
            one[r].store(sums[0][own.clone()].as_mut_ptr());
            if K::ASKED {
                two[r].store(sums[1][own].as_mut_ptr());
            }
        }
    }
    R * lanes
}

/// Two sums over one column; returns that it is one.
#[inline(always)]
fn column_pair<T: Real, K: Second>(
    entries: &[T],
    others: &[T],
    (first, count): (usize, usize),
    means: Option<&[f64]>,
    sums: &mut [&mut [f64]; 2],
) -> usize {
    let (mean, mut sum) = (means.map_or(0.0, |means| means[0]), [0.0; 2]);
    for (entries, others) in entries.chunks_exact(count).zip(others.chunks_exact(count)) {
        let d = entries[first].to_f64() - mean;
        sum = [sum[0] + d, sum[1] + K::term(d, others[first].to_f64())];
    }
    put::<K>(sums, first, sum);
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::same_bits;

    /// Σ d and Σ d · other of a group, as the documentation of the sums has it: a row in sixteen lanes, of
    /// which half is added to the other half, a column one entry after the other.
    fn plain<T: Real>(entries: &[T], others: &[T], mean: f64, lanes: usize) -> [f64; 2] {
        let mut sums = vec![[0.0; 2]; lanes];
        for (place, (entry, other)) in entries.iter().zip(others).enumerate() {
            let d = entry.to_f64() - mean;
            let [one, two] = &mut sums[place % lanes];
            (*one, *two) = (*one + d, *two + d * other.to_f64());
        }
        while sums.len() > 1 {
            let upper = sums.split_off(sums.len() / 2);
            sums.iter_mut().zip(upper).for_each(|(sum, upper)| {
                *sum = [sum[0] + upper[0], sum[1] + upper[1]];
            });
        }
        sums[0]
    }

    /// Every set has the bits of the plain loop, for groups that fill registers and such that do not.
    fn check<T: Real>(numbers: impl Fn(Vec<f64>) -> Vec<T>) {
        for (count, length) in [(3, 1), (5, 2), (9, 8), (7, 15), (70, 16), (33, 19), (40, 53)] {
            let [entries, others] = [0, 1]
                .map(|from| numbers(noise(count * length + 1)[from..][..count * length].to_vec()));
            let means = noise(count);
            for groups in [Groups::Rows(length), Groups::Columns(count)] {
                let of = |all: &[T], group: usize| -> Vec<T> {
                    match groups {
                        Groups::Rows(_) => all[group * length..][..length].to_vec(),
                        Groups::Columns(_) => {
                            all.iter().skip(group).step_by(count).copied().collect()
                        }
                    }
                };
                let lanes = if let Groups::Rows(_) = groups { LANES } else { 1 };
                let [sums, products, squares] = same_bits(|| {
                    let mut sums = vec![0.0; count];
                    group_sums(&entries, groups, &mut sums);
                    let [mut products, mut squares] =
                        [(); 2].map(|()| [(); 2].map(|()| vec![0.0; count]));
                    let own = products.each_mut().map(|sums| &mut sums[..]);
                    group_products(&entries, groups, &means, &others, own);
                    let own = squares.each_mut().map(|sums| &mut sums[..]);
                    group_squares(&entries, groups, &means, own);
                    [[sums.clone(), sums], products, squares]
                });
                for group in 0..count {
                    let (own, mean) = (of(&entries, group), means[group]);
                    assert_eq!(sums[0][group], plain(&own, &own, 0.0, lanes)[0], "{groups:?}");
                    let pair = |sums: &[Vec<f64>; 2]| sums.each_ref().map(|sums| sums[group]);
                    assert_eq!(pair(&products), plain(&own, &of(&others, group), mean, lanes));
                    let apart: Vec<f64> = own.iter().map(|x| x.to_f64() - mean).collect();
                    assert_eq!(pair(&squares), plain(&apart, &apart, 0.0, lanes), "{groups:?}");
                }
            }
        }
    }

    #[test]
    fn every_set_has_the_bits_of_the_plain_loop() {
        check(|double| double);
        check(|double| narrow(&double));
    }

    /// A faint number is found wherever it stands, and neither 0 nor what is not faint counts.
    #[test]
    fn faint_numbers_are_found() {
        for length in [1, 15, 16, 40] {
            let mut entries = vec![-2.0_f64; length];
            entries[0] = 0.0;
            assert!(!same_bits(|| holds_faint(&entries, 1e-9)));
            for place in 0..length {
                let before = std::mem::replace(&mut entries[place], -1e-10);
                assert!(same_bits(|| holds_faint(&entries, 1e-9)), "{place} of {length}");
                entries[place] = before;
            }
        }
    }
}
