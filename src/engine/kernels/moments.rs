//! Sums of a normalization, in `f64` whatever the entries are, and what it makes of them.
//!
//! A group is what shares a mean and a variance. [`Groups::Rows`]: a unit's examples, or a single
//! example's units, one behind the other. [`Groups::Columns`]: an example's units, a batch apart.

use super::columns::halved;
use super::dispatch;
use crate::engine::number::Real;

/// How the entries of an array belong to groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// Runs of so many entries.
    Rows(usize),
    /// So many columns.
    Columns(usize),
}

/// Lanes of a sum in `f64`: a register of AVX-512, two of AVX2.
const LANES: usize = 8;

dispatch!(
    /// `sums[group]` = Σ (entry − `means[group]`).
    group_sums, group_sums_body,
    (entries: &[T], groups: Groups, means: &[f64], sums: &mut [f64])
);
dispatch!(
    /// `sums[group]` = Σ (entry − `means[group]`)².
    group_squares, group_squares_body,
    (entries: &[T], groups: Groups, means: &[f64], sums: &mut [f64])
);
dispatch!(
    /// `sums[group]` = Σ (entry − `means[group]`) · other.
    group_products, group_products_body,
    (entries: &[T], groups: Groups, means: &[f64], others: &[T], sums: &mut [f64])
);
dispatch!(
    /// out = (entry − `means[group]`) · `factors[group]`. Whether no number but 0 is below the
    /// smallest that the type has with all digits.
    group_normalize, group_normalize_body,
    (entries: &[T], groups: Groups, means: &[f64], factors: &[f64], out: &mut [T]) -> bool
);
dispatch!(
    /// out ← (out − `means[group]` − other · `shares[group][0]` + other · `shares[group][1]`) ·
    /// `factors[group]`, in this order. Whether no number but 0 is below the smallest that the
    /// type has with all digits.
    group_pull_back, group_pull_back_body,
    (out: &mut [T], groups: Groups, means: &[f64], others: &[T], shares: &[[f64; 2]], factors: &[f64]) -> bool
);

/// `sums[group]` = Σ `term(entry, other, group)`, each group in the same order whatever lies beside.
#[inline(always)]
fn sum_groups<T: Real>(
    [entries, others]: [&[T]; 2],
    groups: Groups,
    sums: &mut [f64],
    term: impl Fn(f64, f64, usize) -> f64 + Copy,
) {
    sums.fill(0.0);
    match groups {
        Groups::Rows(length) => {
            let rows = entries.chunks_exact(length).zip(others.chunks_exact(length));
            for (group, (entries, others)) in rows.enumerate() {
                sums[group] = sum_row(entries, others, |entry, other| term(entry, other, group));
            }
        }
        Groups::Columns(count) => {
            let rows = entries.chunks_exact(count).zip(others.chunks_exact(count));
            for (entries, others) in rows {
                for group in 0..count {
                    sums[group] += term(entries[group].to_f64(), others[group].to_f64(), group);
                }
            }
        }
    }
}

#[inline(always)]
fn sum_row<T: Real>(entries: &[T], others: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = entries.as_chunks::<LANES>();
    let (other_blocks, other_rest) = others.as_chunks::<LANES>();
    for (entries, others) in blocks.iter().zip(other_blocks) {
        for lane in 0..LANES {
            lanes[lane] += term(entries[lane].to_f64(), others[lane].to_f64());
        }
    }
    let rest = rest.iter().zip(other_rest);
    rest.fold(halved(lanes, |a, b| a + b), |sum, (entry, other)| {
        sum + term(entry.to_f64(), other.to_f64())
    })
}

#[inline(always)]
fn group_sums_body<T: Real>(entries: &[T], groups: Groups, means: &[f64], sums: &mut [f64]) {
    sum_groups([entries, entries], groups, sums, |entry, _, group| entry - means[group]);
}

#[inline(always)]
fn group_squares_body<T: Real>(entries: &[T], groups: Groups, means: &[f64], sums: &mut [f64]) {
    sum_groups([entries, entries], groups, sums, |entry, _, group| {
        (entry - means[group]) * (entry - means[group])
    });
}

#[inline(always)]
fn group_products_body<T: Real>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    others: &[T],
    sums: &mut [f64],
) {
    sum_groups([entries, others], groups, sums, |entry, other, group| {
        (entry - means[group]) * other
    });
}

/// out ← `made(entry, out, group)`, rounded to the type. Whether no number but 0 is below the
/// smallest that the type has with all digits.
#[inline(always)]
fn map_groups<T: Real>(
    others: &[T],
    groups: Groups,
    out: &mut [T],
    made: impl Fn(f64, f64, usize) -> f64 + Copy,
) -> bool {
    let smallest = crate::engine::number::smallest::<T>().to_f64();
    let is_lost = |number: f64| (number != 0.0) & (number.abs() < smallest);
    let mut lost = false;
    let mut row = |others: &[T], out: &mut [T], group: Option<usize>| {
        for (place, (out, other)) in out.iter_mut().zip(others).enumerate() {
            let number = made(other.to_f64(), out.to_f64(), group.unwrap_or(place));
            lost |= is_lost(number);
            *out = T::from_f64(number);
        }
    };
    match groups {
        Groups::Rows(length) => {
            let rows = others.chunks_exact(length).zip(out.chunks_exact_mut(length));
            rows.enumerate().for_each(|(group, (others, out))| row(others, out, Some(group)));
        }
        Groups::Columns(count) => {
            let rows = others.chunks_exact(count).zip(out.chunks_exact_mut(count));
            rows.for_each(|(others, out)| row(others, out, None));
        }
    }
    !lost
}

#[inline(always)]
fn group_normalize_body<T: Real>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    factors: &[f64],
    out: &mut [T],
) -> bool {
    map_groups(entries, groups, out, |entry, _, group| (entry - means[group]) * factors[group])
}

#[inline(always)]
fn group_pull_back_body<T: Real>(
    out: &mut [T],
    groups: Groups,
    means: &[f64],
    others: &[T],
    shares: &[[f64; 2]],
    factors: &[f64],
) -> bool {
    map_groups(others, groups, out, |other, out, group| {
        let [along, kept] = shares[group];
        ((out - means[group] - other * along) + other * kept) * factors[group]
    })
}
