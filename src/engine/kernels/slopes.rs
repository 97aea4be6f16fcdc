//! u ⊙ φ′(z), and what must be known before: how large and how small its entries get.

use super::columns::{ROW, repeated};
use super::dispatch;
use super::extremes::{FEW, LANES, ends_of, larger, smaller};
use super::registers::Registers;
use crate::engine::number::Real;

dispatch!(
    /// u ← u · slope · `factors[b]` in column b.
    multiply_columns, multiply_columns_body,
    (u: &mut [T], slope: &[T], factors: &[T])
);
dispatch!(
    /// `tops[b]` = the largest |u · slope| of column b; `least[b]` = the smallest |u|, |slope| and
    /// |u · slope| of it, where a slope that is 0 and `may_be` counts as nothing.
    product_extremes, product_extremes_body by registers,
    (u: &[T], slope: &[T], may_be: bool, tops: &mut [T], least: &mut [T])
);

#[inline(always)]
fn multiply_columns_body<T: Real>(u: &mut [T], slope: &[T], factors: &[T]) {
    assert_eq!(u.len(), slope.len(), "a slope each");
    if let [factor] = *factors {
        for (u, &slope) in u.iter_mut().zip(slope) {
            *u = *u * slope * factor;
        }
        return;
    }
    let mut row = [T::ZERO; ROW];
    let factors = repeated(factors, &mut row);
    for (u, slope) in u.chunks_mut(factors.len()).zip(slope.chunks(factors.len())) {
        for ((u, &slope), &factor) in u.iter_mut().zip(slope).zip(factors) {
            *u = *u * slope * factor;
        }
    }
}

#[inline(always)]
pub(super) fn product_extremes_body<T: Real, S: Registers>(
    u: &[T],
    slope: &[T],
    may_be: bool,
    tops: &mut [T],
    least: &mut [T],
) {
    // Each choice compiled by itself, without a question in its loop.
    if may_be {
        extremes_of::<T, S, true>(u, slope, tops, least);
    } else {
        extremes_of::<T, S, false>(u, slope, tops, least);
    }
}

#[inline(always)]
fn extremes_of<T: Real, S: Registers, const ZEROS: bool>(
    u: &[T],
    slope: &[T],
    tops: &mut [T],
    least: &mut [T],
) {
    if let ([top], [least]) = (&mut *tops, &mut *least) {
        (*top, *least) = (T::ZERO, T::LARGEST);
        let (u_blocks, u_rest) = u.as_chunks();
        let (slope_blocks, slope_rest) = slope.as_chunks();
        if !u_blocks.is_empty() {
            let mut extremes = Extremes::<T, LANES>::new();
            for (u, slope) in u_blocks.iter().zip(slope_blocks) {
                extremes.take::<ZEROS>(u, slope);
            }
            [*least, *top] = ends_of::<T, S, LANES>(&extremes.least, &extremes.top);
        }
        // A narrow layer is no more than this.
        let mut few = Extremes::<T, FEW> { top: [*top; FEW], least: [*least; FEW] };
        let (u_blocks, u_rest) = u_rest.as_chunks();
        let (slope_blocks, slope_rest) = slope_rest.as_chunks();
        for (u, slope) in u_blocks.iter().zip(slope_blocks) {
            few.take::<ZEROS>(u, slope);
        }
        for (&u, &slope) in u_rest.iter().zip(slope_rest) {
            few.take_one::<ZEROS>(0, u, slope);
        }
        [*least, *top] = ends_of::<T, S, FEW>(&few.least, &few.top);
        return;
    }
    let batch = tops.len();
    let mut first = 0;
    while first < batch {
        let out = (&mut tops[first..], &mut least[first..]);
        first += match batch - first {
            LANES.. => put_extremes::<T, LANES, ZEROS>(u, slope, batch, first, out),
            16.. => put_extremes::<T, 16, ZEROS>(u, slope, batch, first, out),
            8.. => put_extremes::<T, 8, ZEROS>(u, slope, batch, first, out),
            4.. => put_extremes::<T, 4, ZEROS>(u, slope, batch, first, out),
            _ => put_extremes::<T, 1, ZEROS>(u, slope, batch, first, out),
        };
    }
}

/// The extremes of the N columns from `first` on, put first into `tops` and `least`; returns N.
#[inline(always)]
fn put_extremes<T: Real, const N: usize, const ZEROS: bool>(
    u: &[T],
    slope: &[T],
    batch: usize,
    first: usize,
    (tops, least): (&mut [T], &mut [T]),
) -> usize {
    let extremes = Extremes::<T, N>::of::<ZEROS>(u, slope, batch, first);
    tops[..N].copy_from_slice(&extremes.top);
    least[..N].copy_from_slice(&extremes.least);
    N
}

/// The largest |u · slope| of each lane, and the smallest of what must not be lost.
struct Extremes<T, const N: usize> {
    top: [T; N],
    least: [T; N],
}

impl<T: Real, const N: usize> Extremes<T, N> {
    #[inline(always)]
    fn new() -> Self {
        Self { top: [T::ZERO; N], least: [T::LARGEST; N] }
    }

    /// Of the N columns from `first` on.
    #[inline(always)]
    fn of<const ZEROS: bool>(u: &[T], slope: &[T], batch: usize, first: usize) -> Self {
        let mut extremes = Self::new();
        for (u, slope) in u.chunks_exact(batch).zip(slope.chunks_exact(batch)) {
            let part = (u[first..].first_chunk(), slope[first..].first_chunk());
            if let (Some(u), Some(slope)) = part {
                extremes.take::<ZEROS>(u, slope);
            }
        }
        extremes
    }

    #[inline(always)]
    fn take<const ZEROS: bool>(&mut self, u: &[T; N], slope: &[T; N]) {
        for lane in 0..N {
            self.take_one::<ZEROS>(lane, u[lane], slope[lane]);
        }
    }

    #[inline(always)]
    fn take_one<const ZEROS: bool>(&mut self, lane: usize, u: T, slope: T) {
        let product = u * slope;
        self.top[lane] = larger(self.top[lane], product);
        let counted = |number: T| if ZEROS && slope == T::ZERO { T::LARGEST } else { number };
        // Of the three first, so that the lane waits for one choice only.
        let least = smaller(smaller(T::LARGEST, u), counted(slope));
        self.least[lane] = smaller(self.least[lane], smaller(least, counted(product)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::{same_bits, same_filled};

    #[test]
    fn extremes_agree_with_the_plain_loop() {
        for batch in [1, 3, 8, 16, 37, 64] {
            let u = noise(41 * batch);
            let mut slope = noise(41 * batch + 1)[1..].to_vec();
            slope.iter_mut().step_by(5).for_each(|slope| *slope = 0.0);
            for may_be in [false, true] {
                let (mut tops, mut least) = (vec![0.0; batch], vec![0.0; batch]);
                product_extremes(&u, &slope, may_be, &mut tops, &mut least);
                for b in 0..batch {
                    let column = || u.iter().zip(&slope).skip(b).step_by(batch);
                    let top = column().fold(0.0, |top: f64, (u, s)| top.max((u * s).abs()));
                    let low = column().fold(f64::MAX, |low, (u, s)| {
                        let low = low.min(u.abs());
                        let skipped = may_be && *s == 0.0;
                        if skipped { low } else { low.min(s.abs()).min((u * s).abs()) }
                    });
                    assert_eq!((tops[b], least[b]), (top, low), "{batch} {may_be}");
                }
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        for batch in [1, 15, 19, 64] {
            let numbers = narrow(&noise(82 * batch));
            let (u, slope) = numbers.split_at(41 * batch);
            for may_be in [false, true] {
                same_bits(|| {
                    let (mut tops, mut least) = (vec![0.0; batch], vec![0.0; batch]);
                    product_extremes(u, slope, may_be, &mut tops, &mut least);
                    (tops, least)
                });
            }
            let factors = narrow(&noise(batch));
            same_filled(u.to_vec(), |u| multiply_columns(u, slope, &factors));
        }
    }
}
