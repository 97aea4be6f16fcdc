//! What a normalization makes of its groups' entries, forward and back, in `f64` whatever they are.

use super::dispatch;
use super::extremes::larger;
use super::formulas::{Formula, Normalized, PulledBack};
use super::moments::Groups;
use super::registers::{Doubles, Register, Registers};
use crate::engine::number::{Real, smallest};

/// Most `f64` of a register.
const MOST_LANES: usize = 8;

dispatch!(
    /// out = (entry − `means[group]`) · `factors[group]`, and `tops[b]` the largest magnitude of
    /// column b of them; `tops.len()` is the batch. Whether no number but 0 is below the smallest
    /// that the type has with all digits.
    group_normalize, group_normalize_body by registers,
    (entries: &[T], groups: Groups, means: &[f64], factors: &[f64], out: &mut [T], tops: &mut [T]) -> bool
);
dispatch!(
    /// out = ((entry − mean − other · along) + other · kept) · factor, of all groups' means,
    /// alongs, kepts and factors; where no entries are given, of those that `out` has.
    /// `tops` are the largest magnitudes of each column before and after; there are as many as
    /// examples. Whether no number but 0 is below the smallest that the type has with all digits.
    group_pull_back, group_pull_back_body by registers,
    (entries: Option<&[T]>, groups: Groups, others: &[T], numbers: [&[f64]; 4], out: &mut [T],
     tops: [&mut [T]; 2]) -> bool
);

#[inline(always)]
fn group_normalize_body<T: Real, S: Registers>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    factors: &[f64],
    out: &mut [T],
    tops: &mut [T],
) -> bool {
    assert_eq!(entries.len(), out.len(), "a place for each entry");
    let from = [entries.as_ptr(); 2];
    let arrays = Arrays::new(from, groups, [means, factors], (out.as_mut_ptr(), out.len()));
    // SAFETY: there are as many entries; a body is called where the processor has its set.
    unsafe { apply::<T, S, Normalized, 2>(arrays, [&mut [], tops]) }
}

#[inline(always)]
fn group_pull_back_body<T: Real, S: Registers>(
    entries: Option<&[T]>,
    groups: Groups,
    others: &[T],
    numbers: [&[f64]; 4],
    out: &mut [T],
    tops: [&mut [T]; 2],
) -> bool {
    assert_eq!(others.len(), out.len(), "an entry each");
    let to = out.as_mut_ptr();
    let from = entries.map_or(to.cast_const(), |entries| {
        assert_eq!(entries.len(), out.len(), "a place for each entry");
        entries.as_ptr()
    });
    let arrays = Arrays::new([from, others.as_ptr()], groups, numbers, (to, out.len()));
    // SAFETY: there are as many entries; a body is called where the processor has its set.
    unsafe { apply::<T, S, PulledBack, 4>(arrays, tops) }
}

/// Which entries are one group.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    /// Those of a row.
    Row,
    /// Those of a column.
    Column,
    /// All.
    All,
}

impl Group {
    /// Which group an entry belongs to.
    #[inline(always)]
    fn of(self, row: usize, column: usize) -> usize {
        match self {
            Self::Row => row,
            Self::Column => column,
            Self::All => 0,
        }
    }
}

/// Where a formula finds its entries and numbers, and puts what it makes of them.
#[derive(Clone, Copy)]
struct Arrays<'a, T, const N: usize> {
    /// The entries and the others.
    from: [*const T; 2],
    /// Each group's numbers.
    numbers: [&'a [f64]; N],
    /// Which of them have one of these numbers.
    group: Group,
    rows: usize,
    /// Numbers of a row.
    length: usize,
    to: *mut T,
}

impl<'a, T, const N: usize> Arrays<'a, T, N> {
    fn new(
        from: [*const T; 2],
        groups: Groups,
        numbers: [&'a [f64]; N],
        (to, entries): (*mut T, usize),
    ) -> Self {
        let (group, length) = match groups {
            Groups::Rows(length) => (Group::Row, length),
            Groups::Columns(count) => (Group::Column, count),
        };
        assert_eq!(entries % length, 0, "whole rows");
        let rows = entries / length;
        let count = if group == Group::Row { rows } else { length };
        assert!(numbers.iter().all(|numbers| numbers.len() >= count), "numbers of each group");
        Self { from, numbers, group, rows, length, to }
    }
}

/// Puts what a formula makes of each entry, beside another's, where it belongs, and the columns'
/// largest magnitudes before and after into `tops`, or that of all where there is one. Whether no
/// number but 0 is below the smallest that the type has with all digits.
///
/// # Safety
/// The processor has the set's instructions; as many entries lie at each address as the arrays have, and
/// the first address may be that of the results.
#[inline(always)]
unsafe fn apply<T: Real, S: Registers, F: Formula<N>, const N: usize>(
    arrays: Arrays<'_, T, N>,
    [before, after]: [&mut [T]; 2],
) -> bool {
    assert!(after.len() == 1 || after.len() == arrays.length, "a top for each column, or one");
    before.fill(T::ZERO);
    after.fill(T::ZERO);
    let mut tops = [before, after];
    let (mut first, mut is_whole) = (0, true);
    if tops[1].len() == 1 && arrays.group == Group::Row && arrays.rows == 1 {
        // SAFETY: as the function has it.
        (first, is_whole) = unsafe { single_row::<T, S, F, N>(arrays, &mut tops) };
    }
    while first < arrays.length {
        let left = (arrays.length - first) / S::Double::LANES;
        // SAFETY: as the function has it; there are as many columns left.
        let (columns, kept) = unsafe {
            match left {
                4.. if S::MANY => columns::<T, S, F, N, 4>(arrays, first, &mut tops),
                2.. => columns::<T, S, F, N, 2>(arrays, first, &mut tops),
                1 => columns::<T, S, F, N, 1>(arrays, first, &mut tops),
                _ => column::<T, F, N>(arrays, first, &mut tops),
            }
        };
        is_whole &= kept;
        first += columns;
    }
    is_whole
}

/// Of one example's only row, as far as it fills registers: laid below one another, so that their
/// largest and smallest numbers are brought together once. Returns how many entries, and whether
/// no number but 0 is too small.
///
/// # Safety
/// As for [`apply`].
#[inline(always)]
unsafe fn single_row<T: Real, S: Registers, F: Formula<N>, const N: usize>(
    arrays: Arrays<'_, T, N>,
    tops: &mut [&mut [T]; 2],
) -> (usize, bool) {
    let length = S::Double::LANES * if S::MANY { 4 } else { 2 };
    let rows = arrays.length / length;
    let below = Arrays { group: Group::All, rows, length, ..arrays };
    // SAFETY: as the function has it; there are as many columns.
    let (_, is_whole) = unsafe {
        if S::MANY {
            columns::<T, S, F, N, 4>(below, 0, tops)
        } else {
            columns::<T, S, F, N, 2>(below, 0, tops)
        }
    };
    (rows * length, is_whole)
}

/// Of the columns from the first on that fill R registers; returns how many, and whether no number
/// but 0 is too small.
///
/// # Safety
/// As for [`apply`]; there are as many columns.
#[expect(
    clippy::needless_range_loop,
    reason = "an iterator's calls would be compiled without the set's instructions"
)]
#[inline(always)]
unsafe fn columns<T: Real, S: Registers, F: Formula<N>, const N: usize, const R: usize>(
    arrays: Arrays<'_, T, N>,
    first: usize,
    [before, after]: &mut [&mut [T]; 2],
) -> (usize, bool) {
    let Arrays { from, numbers, group, rows, length, to } = arrays;
    let lanes = S::Double::LANES;
    let mut least_of_lanes = [0.0; MOST_LANES];
    // SAFETY: as the function has it, and the numbers are there.
    unsafe {
        let mut least = [S::Double::splat(f64::MAX); R];
        let mut of_group = [[S::Double::splat(0.0); N]; R];
        if group == Group::Column {
            for r in 0..R {
                for n in 0..N {
                    of_group[r][n] = S::Double::load(numbers[n].as_ptr().add(first + r * lanes));
                }
            }
        }
        let mut tops = [[S::Double::splat(0.0); R]; 2];
        for row in 0..rows {
            if group != Group::Column {
                for n in 0..N {
                    let number = S::Double::splat(numbers[n][group.of(row, 0)]);
                    for r in 0..R {
                        of_group[r][n] = number;
                    }
                }
            }
            for r in 0..R {
                let at = row * length + first + r * lanes;
                let entry = T::doubles::<S::Double>(from[0].add(at));
                let other = T::doubles::<S::Double>(from[1].add(at));
                let number = F::of(entry, other, of_group[r]);
                if F::TOPS_BEFORE {
                    tops[0][r] = tops[0][r].larger(entry);
                }
                tops[1][r] = tops[1][r].larger(number);
                least[r] = least[r].smaller_but_zero(number);
                T::put(number, to.add(at));
            }
        }
        let is_one = after.len() == 1;
        for r in 1..R {
            least[0] = least[0].smaller_but_zero(least[r]);
            if is_one {
                tops[0][0] = tops[0][0].larger(tops[0][r]);
                tops[1][0] = tops[1][0].larger(tops[1][r]);
            }
        }
        let places = if is_one { 1 } else { R };
        for r in 0..places {
            if F::TOPS_BEFORE {
                put_tops(tops[0][r], before, first + r * lanes);
            }
            put_tops(tops[1][r], after, first + r * lanes);
        }
        least[0].store(least_of_lanes.as_mut_ptr());
    }
    let smallest = smallest::<T>().to_f64();
    (R * lanes, least_of_lanes[..lanes].iter().all(|&least| least >= smallest))
}

/// Puts the tops of a register's columns from the first on, or makes the only one the largest.
///
/// # Safety
/// The processor has the register's instructions; there are as many columns.
#[inline(always)]
unsafe fn put_tops<T: Real, D: Doubles>(register: D, tops: &mut [T], first: usize) {
    // SAFETY: as the function has it; no register has more lanes.
    unsafe {
        if let [top] = tops {
            let mut lanes = [0.0; MOST_LANES];
            register.store(lanes.as_mut_ptr());
            for &lane in &lanes[..D::LANES] {
                *top = larger(*top, T::from_f64(lane));
            }
        } else {
            T::put(register, tops[first..first + D::LANES].as_mut_ptr());
        }
    }
}

/// Of one column; returns that it is one, and whether no number but 0 is too small.
///
/// # Safety
/// As for [`apply`].
#[inline(always)]
unsafe fn column<T: Real, F: Formula<N>, const N: usize>(
    arrays: Arrays<'_, T, N>,
    place: usize,
    [before, after]: &mut [&mut [T]; 2],
) -> (usize, bool) {
    let Arrays { from, numbers, group, rows, length, to } = arrays;
    let smallest = smallest::<T>().to_f64();
    let top = if after.len() == 1 { 0 } else { place };
    let mut is_whole = true;
    for row in 0..rows {
        let mut of_group = [0.0; N];
        for n in 0..N {
            of_group[n] = numbers[n][group.of(row, place)];
        }
        let at = row * length + place;
        // SAFETY: as the function has it.
        let [entry, other] = unsafe { [*from[0].add(at), *from[1].add(at)] };
        let exact = F::of_one(entry.to_f64(), other.to_f64(), of_group);
        let number = T::from_f64(exact);
        if F::TOPS_BEFORE {
            before[top] = larger(before[top], entry);
        }
        after[top] = larger(after[top], number);
        is_whole &= !((exact != 0.0) & (exact.abs() < smallest));
        // SAFETY: as the function has it.
        unsafe { to.add(at).write(number) };
    }
    (1, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::{column_tops, same_bits};

    /// What a formula is given, and which group an entry belongs to.
    struct Given<T> {
        entries: Vec<T>,
        others: Vec<T>,
        numbers: [Vec<f64>; 4],
        groups: Groups,
        batch: usize,
    }

    impl<T: Real> Given<T> {
        fn group(&self, place: usize) -> usize {
            match self.groups {
                Groups::Rows(length) => place / length,
                Groups::Columns(count) => place % count,
            }
        }

        fn tops(&self, entries: &[T]) -> Vec<T> {
            let mut tops = vec![T::ZERO; self.batch];
            column_tops(entries, &mut tops);
            tops
        }

        /// The normalized entries with their tops, and whether all are whole.
        fn normalize(&self, factors: &[f64]) -> (Vec<T>, Vec<T>, bool) {
            let (mut out, mut tops) = (self.others.clone(), vec![T::LARGEST; self.batch]);
            let (means, groups) = (&self.numbers[0], self.groups);
            let whole = group_normalize(&self.entries, groups, means, factors, &mut out, &mut tops);
            (out, tops, whole)
        }

        /// The entries pulled back, in their own place or in another, with the tops before and
        /// after, and whether all are whole.
        fn pull_back(&self, factors: &[f64], in_place: bool) -> (Vec<T>, [Vec<T>; 2], bool) {
            let mut out = if in_place { &self.entries } else { &self.others }.clone();
            let from = (!in_place).then_some(&self.entries[..]);
            let [means, alongs, kepts, _] = self.numbers.each_ref().map(|numbers| &numbers[..]);
            let [mut before, mut after] = [(); 2].map(|()| vec![T::LARGEST; self.batch]);
            let (numbers, tops) = ([means, alongs, kepts, factors], [&mut before[..], &mut after]);
            let whole = group_pull_back(from, self.groups, &self.others, numbers, &mut out, tops);
            (out, [before, after], whole)
        }

        /// Every set has the bits of the formulas, and finds a number that would lose digits.
        fn check(&self) {
            let factors = &self.numbers[3];
            let (normalized, tops, whole) = same_bits(|| self.normalize(factors));
            assert!(whole && tops == self.tops(&normalized), "{:?}", self.groups);
            let (pulled, tops, whole) = same_bits(|| self.pull_back(factors, true));
            assert!(whole && tops == [self.tops(&self.entries), self.tops(&pulled)]);
            assert_eq!(same_bits(|| self.pull_back(factors, false)), (pulled.clone(), tops, true));
            for place in 0..self.entries.len() {
                let [x, other] = [&self.entries, &self.others].map(|from| from[place].to_f64());
                let group = self.group(place);
                let [mean, along, kept, factor] = self.numbers.each_ref().map(|of| of[group]);
                assert!(normalized[place] == T::from_f64((x - mean) * factor), "{:?}", self.groups);
                let left = (x - mean - other * along) + other * kept;
                assert!(pulled[place] == T::from_f64(left * factor), "{:?}", self.groups);
            }
            for place in [0, self.entries.len() - 1] {
                let mut faint = factors.clone();
                faint[self.group(place)] = smallest::<T>().to_f64() * 0.1;
                assert!(!same_bits(|| self.normalize(&faint).2));
                assert!(!same_bits(|| self.pull_back(&faint, true).2));
            }
        }
    }

    fn check<T: Real>(numbers: impl Fn(Vec<f64>) -> Vec<T>) {
        let many = [(3, 1), (5, 2), (9, 8), (70, 16), (33, 19), (8, 53), (45, 45)];
        for (count, length) in many.into_iter().chain([7, 64, 77, 256].map(|length| (1, length))) {
            let all = noise(count * length + 1);
            let [entries, others] =
                [0, 1].map(|from| numbers(all[from..][..count * length].to_vec()));
            let of_groups =
                [11, 12, 13, 14].map(|from| noise(count + 14)[from..][..count].to_vec());
            for groups in [Groups::Rows(length), Groups::Columns(count)] {
                let columns = if let Groups::Rows(length) = groups { length } else { count };
                for batch in [columns, 1] {
                    let [entries, others] = [&entries, &others].map(Clone::clone);
                    let numbers = of_groups.clone();
                    Given { entries, others, numbers, groups, batch }.check();
                }
            }
        }
    }

    #[test]
    fn every_set_has_the_bits_of_the_formulas() {
        check(|double| double);
        check(|double| narrow(&double));
    }

    /// The other numbers of its column are, on every set.
    #[test]
    fn not_a_number_is_no_top() {
        let mut entries = noise(4 * 32);
        entries[37] = f64::NAN;
        let (tops, is_whole) = same_bits(|| {
            let (mut out, mut tops) = (vec![0.0; entries.len()], vec![0.0; 32]);
            let (means, factors) = ([0.0; 4], [1.0; 4]);
            let groups = Groups::Rows(32);
            let whole = group_normalize(&entries, groups, &means, &factors, &mut out, &mut tops);
            (tops, whole)
        });
        assert!(is_whole);
        for (b, &top) in tops.iter().enumerate() {
            let column = entries.iter().skip(b).step_by(32).filter(|entry| !entry.is_nan());
            assert_eq!(top, column.fold(0.0_f64, |top, entry| top.max(entry.abs())), "{b}");
        }
    }
}
