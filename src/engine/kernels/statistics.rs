//! What a normalization makes of its groups' sums, a number for each group.

use super::dispatch;
use crate::engine::number::{Real, SAFE_SQUARES};

/// A standard deviation below so many roundings of the mean is taken from exact differences.
const ROUNDINGS_OF_A_MEAN: f64 = 1000.0;

/// What all groups have in common.
#[derive(Clone, Copy, Debug)]
pub struct GroupNumbers {
    /// How many numbers each has.
    pub length: f64,
    /// Whether their mean is taken off.
    pub centres: bool,
    /// ε.
    pub epsilon: f64,
}

dispatch!(
    /// Of means that rounding left a little off, and Σ d and Σ d² of d = entry − mean: the means, and
    /// in place of the sums 1/√(v + ε) and ε/(v + ε), both 0 where v and ε are.
    ///
    /// Whether plain numbers have every variance: in a sum of squares some may be lost, and what is
    /// left of numbers that are nearly equal is the mean's rounding.
    group_factors, group_factors_body,
    (means: &mut [T], sums: [&mut [T]; 2], numbers: GroupNumbers) -> bool
);
dispatch!(
    /// Of means that rounding left a little off, Σ d and Σ d · ẑ of d = entry − mean, ε/(v + ε), and
    /// Σ ẑ² unless it is the length times v/(v + ε): the means, and in place of the sums how much of ẑ
    /// is kept of the entries, and how much they have of it.
    group_parts, group_parts_body,
    (means: &mut [T], sums: [&mut [T]; 2], shares: &[T], squares: Option<&[T]>, numbers: GroupNumbers)
);

dispatch!(
    /// Of sums over so many numbers each: their means.
    means_of, means_of_body,
    (sums: &mut [T], length: f64)
);

/// A sum's share of so many. Times 1/length is the same number where that is a power of two, and
/// divisions are what these loops would wait for.
#[inline(always)]
fn share<const IS_POWER: bool>(sum: f64, length: f64) -> f64 {
    if IS_POWER { sum * (1.0 / length) } else { sum / length }
}

fn is_power_of_two(length: f64) -> bool {
    (length as u64).is_power_of_two()
}

#[inline(always)]
fn means_of_body<T: Real>(sums: &mut [T], length: f64) {
    if is_power_of_two(length) {
        sums.iter_mut().for_each(|sum| *sum = T::from_f64(share::<true>(sum.to_f64(), length)));
    } else {
        sums.iter_mut().for_each(|sum| *sum = T::from_f64(share::<false>(sum.to_f64(), length)));
    }
}

#[inline(always)]
fn group_factors_body<T: Real>(
    means: &mut [T],
    sums: [&mut [T]; 2],
    numbers: GroupNumbers,
) -> bool {
    if is_power_of_two(numbers.length) {
        factors::<T, true>(means, sums, numbers)
    } else {
        factors::<T, false>(means, sums, numbers)
    }
}

#[inline(always)]
fn factors<T: Real, const IS_POWER: bool>(
    means: &mut [T],
    [rests, squares]: [&mut [T]; 2],
    GroupNumbers { length, centres, epsilon }: GroupNumbers,
) -> bool {
    let count = means.len();
    let (rests, squares) = (&mut rests[..count], &mut squares[..count]);
    let mut lost = 0;
    for group in 0..count {
        let rest = if centres { share::<IS_POWER>(rests[group].to_f64(), length) } else { 0.0 };
        let mean = means[group].to_f64() + rest;
        let square = squares[group].to_f64() - length * rest * rest;
        let variance = share::<IS_POWER>(square, length);
        let noise = ROUNDINGS_OF_A_MEAN * f64::EPSILON * mean;
        let is_safe = (square >= *SAFE_SQUARES.start()) & (square <= *SAFE_SQUARES.end());
        lost |= u8::from(((square != 0.0) & !is_safe) | (variance < noise * noise));
        let sum = variance + epsilon;
        let (root, share) = (1.0 / sum.sqrt(), epsilon / sum);
        means[group] = T::from_f64(mean);
        rests[group] = T::from_f64(if sum == 0.0 { 0.0 } else { root });
        squares[group] = T::from_f64(if sum == 0.0 { 0.0 } else { share });
    }
    lost == 0
}

#[inline(always)]
fn group_parts_body<T: Real>(
    means: &mut [T],
    sums: [&mut [T]; 2],
    shares: &[T],
    squares: Option<&[T]>,
    numbers: GroupNumbers,
) {
    if is_power_of_two(numbers.length) {
        parts::<T, true>(means, sums, shares, squares, numbers);
    } else {
        parts::<T, false>(means, sums, shares, squares, numbers);
    }
}

#[inline(always)]
fn parts<T: Real, const IS_POWER: bool>(
    means: &mut [T],
    [rests, products]: [&mut [T]; 2],
    shares: &[T],
    squares: Option<&[T]>,
    GroupNumbers { length, centres, .. }: GroupNumbers,
) {
    let count = means.len();
    let (rests, products) = (&mut rests[..count], &mut products[..count]);
    let (is_given, shares) = (squares.is_some(), &shares[..count]);
    let squares = &squares.unwrap_or(shares)[..count];
    for group in 0..count {
        let rest = if centres { share::<IS_POWER>(rests[group].to_f64(), length) } else { 0.0 };
        let expected = length * (1.0 - shares[group].to_f64());
        let square = if is_given { squares[group].to_f64() } else { expected };
        let along = products[group].to_f64() / square;
        let along = if square == 0.0 { 0.0 } else { along };
        means[group] = T::from_f64(means[group].to_f64() + rest);
        rests[group] = T::from_f64(along * shares[group].to_f64());
        products[group] = T::from_f64(along);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::same_bits;

    const NUMBERS: GroupNumbers = GroupNumbers { length: 4.0, centres: true, epsilon: 0.5 };

    fn factors(mean: f64, rest: f64, square: f64, numbers: GroupNumbers) -> ([f64; 3], bool) {
        same_bits(|| {
            // More groups than a register has lanes: all alike.
            let [mut means, mut rests, mut squares] =
                [mean, rest, square].map(|number| vec![number; 21]);
            let whole = group_factors(&mut means, [&mut rests, &mut squares], numbers);
            let alike = [&means, &rests, &squares].map(|of| {
                assert!(of.iter().all(|number| *number == of[0]));
                of[0]
            });
            (alike, whole)
        })
    }

    #[test]
    fn factors_are_those_of_the_variance() {
        // Of 1, 2, 3 and 6, whose mean 3 was taken as 2.5: Σ d = 2, Σ d² = 15, v = 14/4.
        let ([mean, root, share], whole) = factors(2.5, 2.0, 15.0, NUMBERS);
        assert!(whole);
        assert_eq!([mean, root, share], [3.0, 0.5, 0.125]);
        // Where nothing is taken off, Σ d does not count.
        let rms = GroupNumbers { centres: false, epsilon: 0.0, ..NUMBERS };
        assert_eq!(factors(0.0, 12.0, 64.0, rms), ([0.0, 0.25, 0.0], true));
        assert_eq!(factors(0.0, 0.0, 0.0, rms), ([0.0, 0.0, 0.0], true));
    }

    #[test]
    fn shares_are_quotients_of_any_length() {
        use crate::engine::kernels::product::tests::noise;
        for length in [1.0, 3.0, 4.0, 7.0, 32.0, 48.0, 1e9] {
            let numbers = GroupNumbers { length, ..NUMBERS };
            let (sums, rests) = (&noise(45)[..], &noise(46)[..45]);
            let shares: Vec<f64> = noise(47)[..45].iter().map(|noise| noise.abs() / 2.0).collect();
            let squares: Vec<f64> = shares.iter().map(|share| 2.0 + share).collect();
            let means = same_bits(|| {
                let mut means = sums.to_vec();
                means_of(&mut means, length);
                means
            });
            let [found, parts] = [true, false].map(|factors| {
                same_bits(|| {
                    let (mut means, mut one, mut two) =
                        (means.clone(), rests.to_vec(), squares.clone());
                    let sums = [&mut one[..], &mut two];
                    if factors {
                        group_factors(&mut means, sums, numbers);
                    } else {
                        group_parts(&mut means, sums, &shares, None, numbers);
                    }
                    [means, one, two]
                })
            });
            for group in 0..45 {
                let (mean, rest) = (sums[group] / length, rests[group] / length);
                assert_eq!(means[group], mean);
                let variance = (squares[group] - length * rest * rest) / length;
                let sum = variance + numbers.epsilon;
                let expected = [mean + rest, 1.0 / sum.sqrt(), numbers.epsilon / sum];
                assert_eq!(found.each_ref().map(|of| of[group]), expected);
                let along = squares[group] / (length * (1.0 - shares[group]));
                let expected = [mean + rest, along * shares[group], along];
                assert_eq!(parts.each_ref().map(|of| of[group]), expected);
            }
        }
    }

    #[test]
    fn lost_variances_are_told() {
        for (mean, square, whole) in [
            (0.0, 1e-201, false),
            (0.0, 1e-199, true),
            (0.0, 1e251, false),
            (1.0, 0.0, false),
            (1.0, 1e-26, false),
            (1.0, 1e-24, true),
            (0.0, -1e-30, false),
        ] {
            assert_eq!(factors(mean, 0.0, square, NUMBERS).1, whole, "{mean} {square}");
        }
    }

    #[test]
    fn parts_along_normalized_numbers() {
        let parts = same_bits(|| {
            let [mut means, mut rests, mut products] = [vec![1.0; 9], vec![2.0; 9], vec![3.0; 9]];
            let squares = [4.0, 0.0, 6.0, 1.0, 4.0, 4.0, 4.0, 4.0, 12.0];
            let sums = [&mut rests[..], &mut products];
            group_parts(&mut means, sums, &[0.5; 9], Some(&squares), NUMBERS);
            (means, rests, products)
        });
        assert_eq!(parts.0, [1.5; 9]);
        assert_eq!(parts.2, [0.75, 0.0, 0.5, 3.0, 0.75, 0.75, 0.75, 0.75, 0.25]);
        assert!(parts.1.iter().zip(&parts.2).all(|(kept, along)| *kept == along * 0.5));
        // Σ ẑ² of four numbers is 4 · 3/4 where a quarter is ε's share.
        let expected = same_bits(|| {
            let [mut means, mut rests, mut products] = [[1.0; 9], [2.0; 9], [3.0; 9]];
            let sums = [&mut rests[..], &mut products];
            group_parts(&mut means, sums, &[0.25; 9], None, NUMBERS);
            (rests, products)
        });
        assert_eq!(expected, ([0.25; 9], [1.0; 9]));
    }
}
