//! u ⊙ φ′(z), and what must be known before: how large and how small its entries get.

use super::super::Real;
use super::columns::{LANES, halved, larger};
use super::dispatch;

dispatch!(
    /// u ← u · slope, element by element.
    multiply, multiply_wide, multiply_widest, multiply_body,
    (u: &mut [T], slope: &[T])
);
dispatch!(
    /// u ← u · slope · `factors[b]` in column b.
    multiply_columns, multiply_columns_wide, multiply_columns_widest, multiply_columns_body,
    (u: &mut [T], slope: &[T], factors: &[T])
);
dispatch!(
    /// Whether every product u · slope with u ≠ 0 is at least `smallest` in magnitude.
    all_at_least, all_at_least_wide, all_at_least_widest, all_at_least_body,
    (u: &[T], slope: &[T], smallest: T) -> bool
);
dispatch!(
    /// `tops[b]` = the largest |u · slope| of column b. Returns the smallest |u| and, unless a
    /// slope `may_be_zero`, |u · slope| of all.
    product_tops, product_tops_wide, product_tops_widest, product_tops_body,
    (u: &[T], slope: &[T], may_be_zero: bool, tops: &mut [T]) -> T
);

#[inline(always)]
fn multiply_body<T: Real>(u: &mut [T], slope: &[T]) {
    for (u, &slope) in u.iter_mut().zip(slope) {
        *u = *u * slope;
    }
}

#[inline(always)]
fn multiply_columns_body<T: Real>(u: &mut [T], slope: &[T], factors: &[T]) {
    if let [factor] = *factors {
        for (u, &slope) in u.iter_mut().zip(slope) {
            *u = *u * slope * factor;
        }
        return;
    }
    let batch = factors.len();
    for (u, slope) in u.chunks_exact_mut(batch).zip(slope.chunks_exact(batch)) {
        for ((u, &slope), &factor) in u.iter_mut().zip(slope).zip(factors) {
            *u = *u * slope * factor;
        }
    }
}

#[inline(always)]
fn all_at_least_body<T: Real>(u: &[T], slope: &[T], smallest: T) -> bool {
    let (u_blocks, u_rest) = u.as_chunks::<LANES>();
    let (slope_blocks, slope_rest) = slope.as_chunks::<LANES>();
    let lost = |u: T, slope: T| (u != T::ZERO) & ((u * slope).abs() < smallest);
    for (u, slope) in u_blocks.iter().zip(slope_blocks) {
        let mut any = false;
        for lane in 0..LANES {
            any |= lost(u[lane], slope[lane]);
        }
        if any {
            return false;
        }
    }
    !u_rest.iter().zip(slope_rest).any(|(&u, &slope)| lost(u, slope))
}

#[inline(always)]
fn product_tops_body<T: Real>(u: &[T], slope: &[T], may_be_zero: bool, tops: &mut [T]) -> T {
    // Each choice compiled by itself, without a question in its loop.
    if may_be_zero {
        tops_of::<T, true>(u, slope, tops)
    } else {
        tops_of::<T, false>(u, slope, tops)
    }
}

#[inline(always)]
fn tops_of<T: Real, const ZEROS: bool>(u: &[T], slope: &[T], tops: &mut [T]) -> T {
    let batch = tops.len();
    if let [top] = tops {
        let mut extremes = Extremes::<T, LANES>::new();
        let (u_blocks, u_rest) = u.as_chunks();
        let (slope_blocks, slope_rest) = slope.as_chunks();
        for (u, slope) in u_blocks.iter().zip(slope_blocks) {
            extremes.take::<ZEROS>(u, slope);
        }
        for (&u, &slope) in u_rest.iter().zip(slope_rest) {
            extremes.take_one::<ZEROS>(0, u, slope);
        }
        *top = halved(extremes.top, larger);
        return extremes.least();
    }
    let mut least = T::LARGEST;
    let mut first = 0;
    let (blocks, rest) = tops.as_chunks_mut::<LANES>();
    for tops in blocks {
        least = smaller(least, block_of::<T, LANES, ZEROS>(u, slope, batch, first, tops));
        first += LANES;
    }
    let (blocks, rest) = rest.as_chunks_mut::<{ LANES / 2 }>();
    for tops in blocks {
        least = smaller(least, block_of::<T, { LANES / 2 }, ZEROS>(u, slope, batch, first, tops));
        first += LANES / 2;
    }
    for (number, top) in rest.iter_mut().enumerate() {
        let mut extremes = Extremes::<T, 1>::new();
        let skip = first + number;
        let column = u.iter().zip(slope).skip(skip).step_by(batch);
        column.for_each(|(&u, &slope)| extremes.take_one::<ZEROS>(0, u, slope));
        *top = extremes.top[0];
        least = smaller(least, extremes.least[0]);
    }
    least
}

/// The same for the N columns from `first` on.
#[inline(always)]
fn block_of<T: Real, const N: usize, const ZEROS: bool>(
    u: &[T],
    slope: &[T],
    batch: usize,
    first: usize,
    tops: &mut [T; N],
) -> T {
    let mut extremes = Extremes::<T, N>::new();
    for (u, slope) in u.chunks_exact(batch).zip(slope.chunks_exact(batch)) {
        let part = (u[first..].first_chunk(), slope[first..].first_chunk());
        if let (Some(u), Some(slope)) = part {
            extremes.take::<ZEROS>(u, slope);
        }
    }
    *tops = extremes.top;
    extremes.least()
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
        self.least[lane] = smaller(self.least[lane], u);
        if !ZEROS {
            self.least[lane] = smaller(self.least[lane], product);
        }
    }

    #[inline(always)]
    fn least(&self) -> T {
        halved(self.least, smaller)
    }
}

/// The smaller of a magnitude and an entry's; NaN counts as nothing.
#[inline(always)]
fn smaller<T: Real>(least: T, entry: T) -> T {
    let magnitude = entry.abs();
    if magnitude < least { magnitude } else { least }
}

#[cfg(test)]
mod tests {
    use super::super::product::tests::{narrow, noise};
    use super::super::same_bits;
    use super::*;

    #[test]
    fn tops_agree_with_the_plain_loop() {
        for batch in [1, 3, 16, 37, 64] {
            let (u, slope) = (noise(41 * batch), noise(41 * batch + 1)[1..].to_vec());
            let mut tops = vec![0.0; batch];
            let products: Vec<f64> = u.iter().zip(&slope).map(|(u, s)| (u * s).abs()).collect();
            let least = |numbers: &[f64]| numbers.iter().fold(f64::MAX, |low, u| low.min(u.abs()));
            assert_eq!(product_tops(&u, &slope, true, &mut tops), least(&u));
            assert_eq!(product_tops(&u, &slope, false, &mut tops), least(&products));
            for (b, top) in tops.into_iter().enumerate() {
                let column = products.iter().skip(b).step_by(batch);
                assert_eq!(top, column.fold(0.0, |top: f64, &p| top.max(p)), "{batch}");
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        for batch in [1, 19, 64] {
            let numbers = narrow(&noise(82 * batch));
            let (u, slope) = numbers.split_at(41 * batch);
            let factors = narrow(&noise(batch));
            for smallest in [0.0, 1e-3, 1.0] {
                same_bits!(
                    all_at_least,
                    all_at_least_body,
                    all_at_least_wide,
                    (u, slope, smallest)
                );
            }
            for may_be_zero in [false, true] {
                same_bits!(
                    product_tops,
                    product_tops_body,
                    product_tops_wide,
                    (u, slope, may_be_zero),
                    vec![0.0; batch]
                );
            }
            let run = |kernel: fn(&mut [f32], &[f32], &[f32])| {
                let mut u = u.to_vec();
                kernel(&mut u, slope, &factors);
                u
            };
            assert_eq!(run(multiply_columns), run(multiply_columns_body));
        }
    }

    #[test]
    fn a_single_lost_product_is_found_and_a_zero_is_none() {
        let (mut u, slope) = (vec![1.0_f64; 100], vec![0.5; 100]);
        u[3] = 0.0;
        assert!(all_at_least(&u, &slope, 1e-300));
        u[71] = 1e-305;
        assert!(!all_at_least(&u, &slope, 1e-300));
    }
}
