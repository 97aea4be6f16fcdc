//! Sums of a normalization, in `f64` whatever the entries are.
//!
//! A group is what shares a mean and a variance. [`Groups::Rows`]: a unit's examples, or a single
//! example's units, one behind the other. [`Groups::Columns`]: an example's units, a batch apart.

use super::dispatch;
use super::extremes::any;
use super::registers::{Doubles, Register, Registers};
use super::row_sums::{Alone, Products, ROWS, Second, Squares, put, row_pair, row_pairs};
use crate::engine::number::Real;

/// How the entries of an array belong to groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// Runs of so many entries.
    Rows(usize),
    /// So many columns.
    Columns(usize),
}

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
    use crate::engine::kernels::row_sums::LANES;
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
