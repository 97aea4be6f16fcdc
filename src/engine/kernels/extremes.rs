//! The largest and the smallest magnitudes of arrays, and whether all keep above a limit.

use super::dispatch;
use super::registers::{Register, Registers};
use crate::engine::number::Real;

/// Lanes of a reduction: four AVX2 registers of `f32`.
pub(super) const LANES: usize = 32;

/// Lanes for what is left of a reduction.
pub(super) const FEW: usize = 4;

dispatch!(
    /// The largest |entry|; NaN counts as nothing.
    largest, largest_body,
    (entries: &[T]) -> T
);
dispatch!(
    /// The smallest and the largest |entry|; of none the type's largest number and 0.
    range, range_body by registers,
    (entries: &[T]) -> [T; 2]
);
dispatch!(
    /// Whether no |entry| is below `smallest`; a zero is.
    none_below, none_below_body,
    (entries: &[T], smallest: T) -> bool
);
dispatch!(
    /// How many |entries| are below `limit`.
    count_below, count_below_body,
    (entries: &[T], limit: T) -> usize
);
dispatch!(
    /// `tops[b]` = the largest |entry| of column b; `tops.len()` is the batch.
    column_tops, column_tops_body,
    (entries: &[T], tops: &mut [T])
);

/// The larger of a magnitude and an entry's; NaN counts as nothing.
#[inline(always)]
pub(super) fn larger<T: Real>(top: T, entry: T) -> T {
    let magnitude = entry.abs();
    if magnitude > top { magnitude } else { top }
}

/// The smaller of a magnitude and an entry's; NaN counts as nothing.
#[inline(always)]
pub(super) fn smaller<T: Real>(least: T, entry: T) -> T {
    let magnitude = entry.abs();
    if magnitude < least { magnitude } else { least }
}

/// All lanes in one, half of them at a time; N is a power of two.
#[inline(always)]
pub(super) fn halved<T: Copy, const N: usize>(mut lanes: [T; N], both: impl Fn(T, T) -> T) -> T {
    let mut width = N / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = both(lanes[lane], lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
pub(super) fn largest_body<T: Real>(entries: &[T]) -> T {
    let mut tops = [T::ZERO; LANES];
    let (blocks, rest) = entries.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            tops[lane] = larger(tops[lane], block[lane]);
        }
    }
    let (blocks, rest) = rest.as_chunks::<FEW>();
    for block in blocks {
        for lane in 0..FEW {
            tops[lane] = larger(tops[lane], block[lane]);
        }
    }
    rest.iter().fold(halved(tops, larger), |top, &entry| larger(top, entry))
}

#[inline(always)]
pub(super) fn range_body<T: Real, S: Registers>(entries: &[T]) -> [T; 2] {
    let (blocks, rest) = entries.as_chunks::<LANES>();
    let few = range_of::<T, S, FEW>(rest);
    if blocks.is_empty() {
        return few;
    }
    let many = range_of::<T, S, LANES>(blocks.as_flattened());
    [smaller(many[0], few[0]), larger(many[1], few[1])]
}

#[inline(always)]
fn range_of<T: Real, S: Registers, const N: usize>(entries: &[T]) -> [T; 2] {
    let (mut least, mut tops) = ([T::LARGEST; N], [T::ZERO; N]);
    let (blocks, rest) = entries.as_chunks::<N>();
    for block in blocks {
        for lane in 0..N {
            least[lane] = smaller(least[lane], block[lane]);
            tops[lane] = larger(tops[lane], block[lane]);
        }
    }
    let start = ends_of::<T, S, N>(&least, &tops);
    rest.iter().fold(start, |[least, top], &entry| [smaller(least, entry), larger(top, entry)])
}

/// The smallest of one and the largest of the other lanes, all of them magnitudes. Of many in registers:
/// what the compiler makes of [`halved`] twice, side by side, takes longer than a narrow layer's loop.
#[inline(always)]
pub(super) fn ends_of<T: Real, S: Registers, const N: usize>(
    least: &[T; N],
    tops: &[T; N],
) -> [T; 2] {
    let lanes = S::Of::<T>::LANES;
    if N < LANES {
        return [halved(*least, smaller), halved(*tops, larger)];
    }
    assert_eq!(N % lanes, 0, "whole registers");
    // SAFETY: a body is called where the processor has its set; the lanes are there to be read.
    unsafe {
        let [mut low, mut high] = [least, tops].map(|numbers| S::Of::<T>::load(numbers.as_ptr()));
        for r in 1..N / lanes {
            low = low.min(S::Of::<T>::load(least.as_ptr().add(r * lanes)));
            high = high.max(S::Of::<T>::load(tops.as_ptr().add(r * lanes)));
        }
        [low.smallest(), high.largest()]
    }
}

#[inline(always)]
fn none_below_body<T: Real>(entries: &[T], smallest: T) -> bool {
    !any(entries, |entry| entry.abs() < smallest)
}

/// Whether an entry is so, some lanes at a time. A loop, because what an iterator's own `any` calls is
/// compiled without the set's instructions.
#[inline(always)]
pub(super) fn any<T: Real>(entries: &[T], is_so: impl Fn(T) -> bool) -> bool {
    let (blocks, rest) = entries.as_chunks::<LANES>();
    for block in blocks {
        let mut any = false;
        for &entry in block {
            any |= is_so(entry);
        }
        if any {
            return true;
        }
    }
    rest.iter().any(|&entry| is_so(entry))
}

#[inline(always)]
fn count_below_body<T: Real>(entries: &[T], limit: T) -> usize {
    entries.iter().map(|entry| usize::from(entry.abs() < limit)).sum()
}

#[inline(always)]
fn column_tops_body<T: Real>(entries: &[T], tops: &mut [T]) {
    let batch = tops.len();
    if let [top] = tops {
        *top = largest_body(entries);
        return;
    }
    let mut first = 0;
    while first < batch {
        let tops = &mut tops[first..];
        first += match batch - first {
            LANES.. => block_tops::<T, LANES, 1>(entries, batch, first, tops),
            16.. => block_tops::<T, 16, 2>(entries, batch, first, tops),
            8.. => block_tops::<T, 8, 4>(entries, batch, first, tops),
            4.. => block_tops::<T, 4, 4>(entries, batch, first, tops),
            _ => block_tops::<T, 1, 4>(entries, batch, first, tops),
        };
    }
}

/// The largest |entries| of the N columns from `first` on, put first into `out`; returns N. R rows at
/// a time have tops of their own, so that few columns do not wait for one another.
#[inline(always)]
fn block_tops<T: Real, const N: usize, const R: usize>(
    entries: &[T],
    batch: usize,
    first: usize,
    out: &mut [T],
) -> usize {
    let mut tops = [[T::ZERO; N]; R];
    let mut blocks = entries.chunks_exact(R * batch);
    for block in blocks.by_ref() {
        for r in 0..R {
            let row = &block[r * batch + first..][..N];
            for lane in 0..N {
                tops[r][lane] = larger(tops[r][lane], row[lane]);
            }
        }
    }
    for row in blocks.remainder().chunks_exact(batch) {
        for lane in 0..N {
            tops[0][lane] = larger(tops[0][lane], row[first + lane]);
        }
    }
    for lane in 0..N {
        out[lane] = T::ZERO;
        for tops in &tops {
            out[lane] = larger(out[lane], tops[lane]);
        }
    }
    N
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::{same_bits, same_filled};

    #[test]
    fn tops_are_those_of_the_plain_loop() {
        for batch in [1, 3, 4, 8, 16, 37] {
            for rows in [1, 7, 41] {
                let entries = noise(rows * batch);
                let column = |b: usize| entries.iter().skip(b).step_by(batch);
                let mut tops = vec![0.0; batch];
                column_tops(&entries, &mut tops);
                for (b, top) in tops.into_iter().enumerate() {
                    assert_eq!(top, column(b).fold(0.0, |top: f64, v| top.max(v.abs())));
                }
            }
        }
    }

    fn check_range<T: Real>(entries: &[T]) {
        let sizes = || entries.iter().map(|entry| entry.abs().to_f64());
        let ends = [sizes().fold(f64::MAX, f64::min), sizes().fold(0.0, f64::max)];
        assert_eq!(same_bits(|| range(entries)).map(Real::to_f64), ends);
    }

    #[test]
    fn ranges_are_those_of_the_plain_loop() {
        // The smallest and the largest number stand at every place once.
        for length in [1, 4, 31, 32, 37, 75] {
            for place in 0..length {
                for number in [1e-6, 1e6] {
                    let mut entries = noise(length);
                    entries[place] = -number;
                    check_range(&entries);
                    check_range(&narrow(&entries));
                }
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        for batch in [1, 15, 19, 64] {
            let single = &narrow(&noise(41 * batch));
            same_filled(vec![0.0; batch], |out| column_tops(single, out));
            same_bits(|| largest(single));
            same_bits(|| range(single));
            same_bits(|| count_below(single, 0.2));
            for smallest in [0.0, 1e-3, 1.0] {
                same_bits(|| none_below(single, smallest));
            }
        }
    }
}
