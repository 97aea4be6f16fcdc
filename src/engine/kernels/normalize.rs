//! What a normalization makes of its groups' entries, forward and back, in `f64` whatever they are.

use super::dispatch;
use super::moments::Groups;
use super::registers::{Doubles, Register, Registers};
use crate::engine::number::{Real, smallest};

dispatch!(
    /// out = (entry − `means[group]`) · `factors[group]`. Whether no number but 0 is below the
    /// smallest that the type has with all digits.
    group_normalize, group_normalize_body by registers,
    (entries: &[T], groups: Groups, means: &[f64], factors: &[f64], out: &mut [T]) -> bool
);
dispatch!(
    /// out ← ((out − mean − other · along) + other · kept) · factor, of all groups' means,
    /// alongs, kepts and factors. Whether no number but 0 is below the smallest that the type has with all
    /// digits.
    group_pull_back, group_pull_back_body by registers,
    (out: &mut [T], groups: Groups, others: &[T], numbers: [&[f64]; 4]) -> bool
);

#[inline(always)]
fn group_normalize_body<T: Real, S: Registers>(
    entries: &[T],
    groups: Groups,
    means: &[f64],
    factors: &[f64],
    out: &mut [T],
) -> bool {
    assert_eq!(entries.len(), out.len(), "a place for each entry");
    // SAFETY: there are as many entries; a body is called where the processor has its set.
    unsafe {
        let from = [entries.as_ptr(); 2];
        apply::<T, S, Normalized, 2>(from, groups, [means, factors], (out.as_mut_ptr(), out.len()))
    }
}

#[inline(always)]
fn group_pull_back_body<T: Real, S: Registers>(
    out: &mut [T],
    groups: Groups,
    others: &[T],
    numbers: [&[f64]; 4],
) -> bool {
    assert_eq!(others.len(), out.len(), "an entry each");
    // SAFETY: there are as many entries; a body is called where the processor has its set.
    unsafe {
        let to = out.as_mut_ptr();
        let from = [to.cast_const(), others.as_ptr()];
        apply::<T, S, PulledBack, 4>(from, groups, numbers, (to, out.len()))
    }
}

/// What becomes of an entry, beside another's, with N numbers of its group.
trait Formula<const N: usize> {
    /// In a register.
    ///
    /// # Safety
    /// The processor has the register's instructions.
    unsafe fn of<D: Doubles>(entry: D, other: D, numbers: [D; N]) -> D;

    /// Of a single number.
    fn of_one(entry: f64, other: f64, numbers: [f64; N]) -> f64;
}

struct Normalized;

impl Formula<2> for Normalized {
    #[inline(always)]
    unsafe fn of<D: Doubles>(entry: D, _: D, [mean, factor]: [D; 2]) -> D {
        // SAFETY: as the trait has it.
        unsafe { entry.minus(mean).times(factor) }
    }

    #[inline(always)]
    fn of_one(entry: f64, _: f64, [mean, factor]: [f64; 2]) -> f64 {
        (entry - mean) * factor
    }
}

struct PulledBack;

impl Formula<4> for PulledBack {
    #[inline(always)]
    unsafe fn of<D: Doubles>(entry: D, other: D, [mean, along, kept, factor]: [D; 4]) -> D {
        // SAFETY: as the trait has it.
        unsafe {
            let left = entry.minus(mean).minus(other.times(along));
            left.plus(other.times(kept)).times(factor)
        }
    }

    #[inline(always)]
    fn of_one(entry: f64, other: f64, [mean, along, kept, factor]: [f64; 4]) -> f64 {
        ((entry - mean - other * along) + other * kept) * factor
    }
}

/// Puts what a formula makes of each entry, beside another's, where it belongs. Whether no number but 0
/// is below the smallest that the type has with all digits.
///
/// # Safety
/// The processor has the set's instructions; as many entries lie at each address, and the first address
/// may be that of the results.
#[inline(always)]
unsafe fn apply<T: Real, S: Registers, F: Formula<N>, const N: usize>(
    from: [*const T; 2],
    groups: Groups,
    numbers: [&[f64]; N],
    (to, entries): (*mut T, usize),
) -> bool {
    let (length, count) = match groups {
        Groups::Rows(length) => (length, entries / length),
        Groups::Columns(count) => (count, count),
    };
    assert!(numbers.iter().all(|numbers| numbers.len() >= count), "numbers of each group");
    assert_eq!(entries % length, 0, "whole rows");
    let lanes = S::Double::LANES;
    let smallest = smallest::<T>().to_f64();
    let mut lost = 0;
    // SAFETY: as the function has it, and the numbers are there.
    unsafe {
        let smallests = S::Double::splat(smallest);
        for row in 0..entries / length {
            let mut of_group = [S::Double::splat(0.0); N];
            if let Groups::Rows(_) = groups {
                for n in 0..N {
                    of_group[n] = S::Double::splat(numbers[n][row]);
                }
            }
            for place in (0..length / lanes * lanes).step_by(lanes) {
                if let Groups::Columns(_) = groups {
                    for n in 0..N {
                        of_group[n] = S::Double::load(numbers[n].as_ptr().add(place));
                    }
                }
                let at = row * length + place;
                let entry = T::doubles::<S::Double>(from[0].add(at));
                let other = T::doubles::<S::Double>(from[1].add(at));
                let number = F::of(entry, other, of_group);
                lost |= number.faint(smallests);
                T::put(number, to.add(at));
            }
            for place in length / lanes * lanes..length {
                let group = if let Groups::Rows(_) = groups { row } else { place };
                let mut of_group = [0.0; N];
                for n in 0..N {
                    of_group[n] = numbers[n][group];
                }
                let at = row * length + place;
                let [entry, other] = from.map(|from| (*from.add(at)).to_f64());
                let number = F::of_one(entry, other, of_group);
                lost |= u8::from((number != 0.0) & (number.abs() < smallest));
                to.add(at).write(T::from_f64(number));
            }
        }
    }
    lost == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::same_bits;

    /// Every set has the bits of the formulas, and finds a number that would lose digits.
    fn check<T: Real>(numbers: impl Fn(Vec<f64>) -> Vec<T>) {
        for (count, length) in [(3, 1), (5, 2), (9, 8), (70, 16), (33, 19), (8, 53)] {
            let all = noise(count * length + 1);
            let [entries, others] =
                [0, 1].map(|from| numbers(all[from..][..count * length].to_vec()));
            let of_groups: [Vec<f64>; 4] =
                [11, 12, 13, 14].map(|from| noise(count + 14)[from..][..count].to_vec());
            let [means, alongs, kepts, factors] = of_groups.each_ref().map(|numbers| &numbers[..]);
            for groups in [Groups::Rows(length), Groups::Columns(count)] {
                let group = |place: usize| match groups {
                    Groups::Rows(_) => place / length,
                    Groups::Columns(_) => place % count,
                };
                let (normalized, pulled) = same_bits(|| {
                    let (mut normalized, mut pulled) = (entries.clone(), entries.clone());
                    assert!(group_normalize(&entries, groups, means, factors, &mut normalized));
                    let numbers = [means, alongs, kepts, factors];
                    assert!(group_pull_back(&mut pulled, groups, &others, numbers));
                    (normalized, pulled)
                });
                for place in 0..entries.len() {
                    let (x, other, g) =
                        (entries[place].to_f64(), others[place].to_f64(), group(place));
                    let number = (x - means[g]) * factors[g];
                    assert!(normalized[place] == T::from_f64(number), "{groups:?}");
                    let left = (x - means[g] - other * alongs[g]) + other * kepts[g];
                    assert!(pulled[place] == T::from_f64(left * factors[g]), "{groups:?}");
                }
                for place in [0, entries.len() - 1] {
                    let mut faint = factors.to_vec();
                    faint[group(place)] = smallest::<T>().to_f64() * 0.1;
                    let mut out = entries.clone();
                    assert!(!same_bits(|| group_normalize(
                        &entries,
                        groups,
                        means,
                        &faint,
                        &mut out.clone()
                    )));
                    assert!(!group_pull_back(
                        &mut out,
                        groups,
                        &others,
                        [means, alongs, kepts, &faint]
                    ));
                }
            }
        }
    }

    #[test]
    fn every_set_has_the_bits_of_the_formulas() {
        check(|double| double);
        check(|double| narrow(&double));
    }
}
