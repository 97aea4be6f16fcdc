//! Sums of a normalization, in `f64` whatever the entries are, and what it makes of them.
//!
//! A group is what shares a mean and a variance. [`Groups::Rows`]: a unit's examples, or a single
//! example's units, one behind the other. [`Groups::Columns`]: an example's units, a batch apart.

use super::columns::halved;
use super::dispatch;
use crate::engine::number::{Real, smallest};

/// How the entries of an array belong to groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// Runs of so many entries.
    Rows(usize),
    /// So many columns.
    Columns(usize),
}

/// Lanes of a sum in `f64`: two registers of AVX-512, four of AVX2.
const LANES: usize = 16;

dispatch!(
    /// `sums[group]` = Σ entry.
    group_sums, group_sums_body,
    (entries: &[T], groups: Groups, sums: &mut [f64])
);
dispatch!(
    /// Of d = entry − `means[group]`: `sums[group]` = [Σ d, Σ d · other].
    group_products, group_products_body,
    (entries: &[T], groups: Groups, means: &[f64], others: &[T], sums: &mut [[f64; 2]])
);
dispatch!(
    /// Of d = entry − `means[group]`: `sums[group]` = [Σ d, Σ d²].
    group_squares, group_squares_body,
    (entries: &[T], groups: Groups, means: &[f64], sums: &mut [[f64; 2]])
);
dispatch!(
    /// out = (entry − `means[group]`) · `factors[group]`. Whether no number but 0 is below the
    /// smallest that the type has with all digits.
    group_normalize, group_normalize_body,
    (entries: &[T], groups: Groups, means: &[f64], factors: &[f64], out: &mut [T]) -> bool
);
dispatch!(
    /// out ← ((out − mean − other · along) + other · kept) · factor, of each group's [mean, along,
    /// kept, factor]. Whether no number but 0 is below the smallest that the type has with all
    /// digits.
    group_pull_back, group_pull_back_body,
    (out: &mut [T], groups: Groups, others: &[T], numbers: &[[f64; 4]]) -> bool
);

dispatch!(
    /// Whether an |entry| that is not 0 is below `limit`.
    holds_faint, holds_faint_body,
    (entries: &[T], limit: T) -> bool
);

#[inline(always)]
fn holds_faint_body<T: Real>(entries: &[T], limit: T) -> bool {
    let faint = |entry: T| (entry != T::ZERO) & (entry.abs() < limit);
    let (blocks, rest) = entries.as_chunks::<LANES>();
    let any = |block: &[T; LANES]| block.iter().fold(false, |any, &entry| any | faint(entry));
    blocks.iter().any(any) || rest.iter().any(|&entry| faint(entry))
}

#[inline(always)]
fn group_sums_body<T: Real>(entries: &[T], groups: Groups, sums: &mut [f64]) {
    match groups {
        Groups::Rows(length) => {
            for (entries, sum) in entries.chunks_exact(length).zip(sums) {
                *sum = row_sums(entries, entries, |entry, _| [entry, 0.0])[0];
            }
        }
        Groups::Columns(count) => {
            column_sums(
                entries,
                entries,
                count,
                sums.len(),
                |group, [sum, _]| sums[group] = sum,
                |_, entry, _| [entry, 0.0],
            );
        }
    }
}

#[inline(always)]
fn group_products_body<T: Real>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    others: &[T],
    sums: &mut [[f64; 2]],
) {
    pair_sums([entries, others], groups, means, sums, |d, other| [d, d * other]);
}

#[inline(always)]
fn group_squares_body<T: Real>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    sums: &mut [[f64; 2]],
) {
    pair_sums([entries, entries], groups, means, sums, |d, _| [d, d * d]);
}

/// Sums of two `terms` of entry − mean and the other array's entry, group by group.
#[inline(always)]
fn pair_sums<T: Real>(
    [entries, others]: [&[T]; 2],
    groups: Groups,
    means: &[f64],
    sums: &mut [[f64; 2]],
    terms: impl Fn(f64, f64) -> [f64; 2] + Copy,
) {
    match groups {
        Groups::Rows(length) => {
            let rows = entries.chunks_exact(length).zip(others.chunks_exact(length));
            for ((entries, others), (sum, &mean)) in rows.zip(sums.iter_mut().zip(means)) {
                *sum = row_sums(entries, others, |entry, other| terms(entry - mean, other));
            }
        }
        Groups::Columns(count) => {
            let groups = sums.len();
            column_sums(
                entries,
                others,
                count,
                groups,
                |group, pair| sums[group] = pair,
                |group, entry, other| terms(entry - means[group], other),
            );
        }
    }
}

/// Two sums over a row, in lanes.
#[inline(always)]
fn row_sums<T: Real>(
    entries: &[T],
    others: &[T],
    terms: impl Fn(f64, f64) -> [f64; 2] + Copy,
) -> [f64; 2] {
    let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
    let (blocks, rest) = entries.as_chunks::<LANES>();
    let (other_blocks, other_rest) = others.as_chunks::<LANES>();
    for (entries, others) in blocks.iter().zip(other_blocks) {
        for lane in 0..LANES {
            let [one, two] = terms(entries[lane].to_f64(), others[lane].to_f64());
            first[lane] += one;
            second[lane] += two;
        }
    }
    for (lane, (entry, other)) in rest.iter().zip(other_rest).enumerate() {
        let [one, two] = terms(entry.to_f64(), other.to_f64());
        first[lane] += one;
        second[lane] += two;
    }
    let add = |a: f64, b: f64| a + b;
    [halved(first, add), halved(second, add)]
}

/// Two sums over each column, one row after the other; some columns at a time, whose sums stay in
/// registers.
#[inline(always)]
fn column_sums<T: Real>(
    entries: &[T],
    others: &[T],
    count: usize,
    groups: usize,
    mut take: impl FnMut(usize, [f64; 2]),
    terms: impl Fn(usize, f64, f64) -> [f64; 2] + Copy,
) {
    let mut first = 0;
    while first + LANES <= groups {
        let (mut one, mut two) = ([0.0; LANES], [0.0; LANES]);
        for (entries, others) in entries.chunks_exact(count).zip(others.chunks_exact(count)) {
            let (entries, others) = (&entries[first..][..LANES], &others[first..][..LANES]);
            for lane in 0..LANES {
                let pair = terms(first + lane, entries[lane].to_f64(), others[lane].to_f64());
                one[lane] += pair[0];
                two[lane] += pair[1];
            }
        }
        for lane in 0..LANES {
            take(first + lane, [one[lane], two[lane]]);
        }
        first += LANES;
    }
    for group in first..groups {
        let mut sum = [0.0; 2];
        for (entries, others) in entries.chunks_exact(count).zip(others.chunks_exact(count)) {
            let pair = terms(group, entries[group].to_f64(), others[group].to_f64());
            sum = [sum[0] + pair[0], sum[1] + pair[1]];
        }
        take(group, sum);
    }
}

/// Whether a number is lost as one of this type: not 0, and below its smallest.
#[inline(always)]
fn is_lost(number: f64, smallest: f64) -> bool {
    (number != 0.0) & (number.abs() < smallest)
}

#[inline(always)]
fn group_normalize_body<T: Real>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    factors: &[f64],
    out: &mut [T],
) -> bool {
    let smallest = smallest::<T>().to_f64();
    let mut lost = false;
    match groups {
        Groups::Rows(length) => {
            let rows = entries.chunks_exact(length).zip(out.chunks_exact_mut(length));
            for ((entries, out), (&mean, &factor)) in rows.zip(means.iter().zip(factors)) {
                for (entry, out) in entries.iter().zip(out) {
                    let number = (entry.to_f64() - mean) * factor;
                    lost |= is_lost(number, smallest);
                    *out = T::from_f64(number);
                }
            }
        }
        Groups::Columns(count) => {
            let (means, factors) = (&means[..count], &factors[..count]);
            for (entries, out) in entries.chunks_exact(count).zip(out.chunks_exact_mut(count)) {
                for column in 0..count {
                    let number = (entries[column].to_f64() - means[column]) * factors[column];
                    lost |= is_lost(number, smallest);
                    out[column] = T::from_f64(number);
                }
            }
        }
    }
    !lost
}

#[inline(always)]
fn group_pull_back_body<T: Real>(
    out: &mut [T],
    groups: Groups,
    others: &[T],
    numbers: &[[f64; 4]],
) -> bool {
    let smallest = smallest::<T>().to_f64();
    let mut lost = false;
    match groups {
        Groups::Rows(length) => {
            let rows = others.chunks_exact(length).zip(out.chunks_exact_mut(length));
            for ((others, out), &[mean, along, kept, factor]) in rows.zip(numbers) {
                for (other, out) in others.iter().zip(out) {
                    let other = other.to_f64();
                    let left = (out.to_f64() - mean - other * along) + other * kept;
                    lost |= is_lost(left * factor, smallest);
                    *out = T::from_f64(left * factor);
                }
            }
        }
        Groups::Columns(count) => {
            // Side by side, so that a vector instruction finds them.
            let column = |which: usize| numbers.iter().map(|of| of[which]).collect::<Vec<f64>>();
            let columns = [column(0), column(1), column(2), column(3)];
            let [means, alongs, kepts, factors] = columns.each_ref().map(|of| &of[..count]);
            for (others, out) in others.chunks_exact(count).zip(out.chunks_exact_mut(count)) {
                for column in 0..count {
                    let other = others[column].to_f64();
                    let left = (out[column].to_f64() - means[column] - other * alongs[column])
                        + other * kepts[column];
                    let number = left * factors[column];
                    lost |= is_lost(number, smallest);
                    out[column] = T::from_f64(number);
                }
            }
        }
    }
    !lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::same_bits;

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
