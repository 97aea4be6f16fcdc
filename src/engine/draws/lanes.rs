//! Normals and uniforms by the million: generators side by side, a vector register wide.
//!
//! Only operations that round by definition (sums, products, fused multiply-adds, quotients,
//! square roots) and moves of bits, in one fixed order: the same bits on every machine.

use std::f64::consts::{FRAC_PI_2, LN_2};
use std::hint::black_box;

use super::split_mix;
use crate::engine::kernels::{dispatch, line, will_need_later};
use crate::engine::number::Real;

/// Generators side by side: a register of AVX-512, two of AVX2.
const LANES: usize = 8;

/// The increment of SplitMix64.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The bits of 1.0: under 52 random bits they make a number in [1, 2).
const ONE: u64 = 0x3FF0_0000_0000_0000;
/// The bits of 2^52: over a small whole number they make a number whose distance from 2^52 is
/// that whole number.
const WHOLE: u64 = 0x4330_0000_0000_0000;
/// Added to the bits of a number from √½ on, this carries into the exponent at √2 already.
const TO_ROOT: u64 = ONE - HALF_ROOT;
/// The bits of √½, the last twenty of them left out.
const HALF_ROOT: u64 = 0x3FE6_A09E_0000_0000;
const MANTISSA: u64 = (1 << 52) - 1;

/// 2/(2k + 1) from k = 10 down to 0: ln((1 + s)/(1 − s)) = s · Σ 2/(2k + 1) s^(2k).
const LOGARITHM: [f64; 11] = [
    2.0 / 21.0,
    2.0 / 19.0,
    2.0 / 17.0,
    2.0 / 15.0,
    2.0 / 13.0,
    2.0 / 11.0,
    2.0 / 9.0,
    2.0 / 7.0,
    2.0 / 5.0,
    2.0 / 3.0,
    2.0,
];
/// ±1/(2k)! from k = 8 down to 0.
const COSINE: [f64; 9] = [
    1.0 / 20_922_789_888_000.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 479_001_600.0,
    -1.0 / 3_628_800.0,
    1.0 / 40_320.0,
    -1.0 / 720.0,
    1.0 / 24.0,
    -1.0 / 2.0,
    1.0,
];
/// ±1/(2k + 1)! from k = 8 down to 0.
const SINE: [f64; 9] = [
    1.0 / 355_687_428_096_000.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 39_916_800.0,
    1.0 / 362_880.0,
    -1.0 / 5_040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
    1.0,
];

/// Eight Xoshiro256++ generators (Blackman & Vigna 2021), whose words take turns.
#[derive(Clone, Debug)]
pub struct Lanes {
    state: State,
}

/// Bits that a rotation moves to the left, and what is left of 64.
type Turns = [[u32; 2]; 2];

/// Xoshiro256++'s rotations. They are read through a `black_box`: AVX2 has shifts but no
/// rotations, and a compiler that knows a rotation would do one lane after the other.
const TURNS: Turns = [[23, 41], [45, 19]];

/// The four words of each lane.
type State = [[u64; LANES]; 4];

impl Lanes {
    /// States from the SplitMix64 generator of this seed, lane after lane.
    pub fn new(seed: u64) -> Self {
        let word = |index: usize| split_mix(seed.wrapping_add(GAMMA.wrapping_mul(index as u64)));
        let state = |word_of_lane: usize| std::array::from_fn(|lane| word(4 * lane + word_of_lane));
        Self { state: std::array::from_fn(state) }
    }

    /// Overwrites all numbers with standard normal ones. Each call begins a new block of
    /// sixteen.
    pub fn fill_normal<T: Real>(&mut self, out: &mut [T]) {
        normals(&mut self.state, out);
    }

    /// [`Self::fill_normal`], which prefetches two arrays meanwhile, each as far as the numbers reach: what
    /// is read next comes out of a far memory while the processor computes.
    pub fn fill_normal_prefetching<T: Real>(&mut self, out: &mut [T], next: [&[T]; 2]) {
        normals_prefetching(&mut self.state, out, next);
    }

    /// Overwrites all numbers with uniform ones in [−1, 1), multiples of 2^−51.
    pub fn fill_uniform<T: Real>(&mut self, out: &mut [T]) {
        uniforms(&mut self.state, out);
    }
}

dispatch!(
    /// Standard normal numbers.
    normals, normals_body / normals_large_body,
    (state: &mut State, out: &mut [T])
);
dispatch!(
    /// Standard normal numbers, while other arrays are prefetched.
    normals_prefetching, normals_prefetching_body / normals_prefetching_large_body,
    (state: &mut State, out: &mut [T], next: [&[T]; 2])
);
dispatch!(
    /// Uniform numbers in [−1, 1).
    uniforms, uniforms_body,
    (state: &mut State, out: &mut [T])
);

#[inline(always)]
fn normals_body<T: Real>(state: &mut State, out: &mut [T]) {
    fill_with_normals(state, black_box(TURNS), out, |_| {});
}

/// AVX-512 has rotations.
#[inline(always)]
fn normals_large_body<T: Real>(state: &mut State, out: &mut [T]) {
    fill_with_normals(state, TURNS, out, |_| {});
}

#[inline(always)]
fn normals_prefetching_body<T: Real>(state: &mut State, out: &mut [T], next: [&[T]; 2]) {
    fill_with_normals(state, black_box(TURNS), out, |place| prefetch(next, place));
}

#[inline(always)]
fn normals_prefetching_large_body<T: Real>(state: &mut State, out: &mut [T], next: [&[T]; 2]) {
    fill_with_normals(state, TURNS, out, |place| prefetch(next, place));
}

/// Prefetches a block of each array.
#[inline(always)]
fn prefetch<T: Real>(next: [&[T]; 2], place: usize) {
    for array in next {
        if let Some(block) = array.get(place..place + 2 * LANES) {
            block.iter().step_by(line::<T>()).for_each(|at| will_need_later(at));
        }
    }
}

/// Fills block after block, and calls `beside` with the place of each.
#[inline(always)]
fn fill_with_normals<T: Real>(
    state: &mut State,
    turns: Turns,
    out: &mut [T],
    beside: impl Fn(usize),
) {
    let mut here = *state;
    let (blocks, rest) = out.as_chunks_mut::<{ 2 * LANES }>();
    for (number, block) in blocks.iter_mut().enumerate() {
        beside(number * 2 * LANES);
        *block = narrowed(sixteen_normals(&mut here, turns));
    }
    if !rest.is_empty() {
        let block: [T; 2 * LANES] = narrowed(sixteen_normals(&mut here, turns));
        rest.copy_from_slice(&block[..rest.len()]);
    }
    *state = here;
}

#[inline(always)]
fn uniforms_body<T: Real>(state: &mut State, out: &mut [T]) {
    let (mut here, turns) = (*state, black_box(TURNS));
    for block in out.chunks_mut(LANES) {
        for (out, word) in block.iter_mut().zip(step(&mut here, turns)) {
            *out = T::from_f64(2.0f64.mul_add(one_to_two(word), -3.0));
        }
    }
    *state = here;
}

#[inline(always)]
fn narrowed<T: Real, const N: usize>(numbers: [f64; N]) -> [T; N] {
    let mut narrow = [T::ZERO; N];
    for lane in 0..N {
        narrow[lane] = T::from_f64(numbers[lane]);
    }
    narrow
}

#[inline(always)]
fn turned(word: u64, [left, right]: [u32; 2]) -> u64 {
    word.wrapping_shl(left) | word.wrapping_shr(right)
}

/// The next word of each lane.
#[inline(always)]
fn step(state: &mut State, turns: Turns) -> [u64; LANES] {
    let [s0, s1, s2, s3] = state;
    let mut words = [0; LANES];
    for lane in 0..LANES {
        words[lane] = turned(s0[lane].wrapping_add(s3[lane]), turns[0]).wrapping_add(s0[lane]);
        let shifted = s1[lane] << 17;
        s2[lane] ^= s0[lane];
        s3[lane] ^= s1[lane];
        s1[lane] ^= s2[lane];
        s0[lane] ^= s3[lane];
        s2[lane] ^= shifted;
        s3[lane] = turned(s3[lane], turns[1]);
    }
    words
}

/// The transform of Box & Muller (1958): eight radii, each with two coordinates of a point on
/// the circle.
///
/// The angle is drawn within an eighth of a turn to either side of 0; three bits of the same
/// word, which it does not use, swap the coordinates and choose their signs.
#[inline(always)]
fn sixteen_normals(state: &mut State, turns: Turns) -> [f64; 2 * LANES] {
    let (lengths, angles) = (step(state, turns), step(state, turns));
    let mut normals = [0.0; 2 * LANES];
    for lane in 0..LANES {
        let radius = (-2.0 * ln(2.0 - one_to_two(lengths[lane]))).sqrt();
        let word = angles[lane];
        let (x, y) = on_circle(one_to_two(word) - 1.5);
        let (x, y) = (x.to_bits(), y.to_bits());
        let swapped = (x ^ y) & 0u64.wrapping_sub(word & 1);
        let x = f64::from_bits(x ^ swapped ^ ((word & 2) << 62));
        let y = f64::from_bits(y ^ swapped ^ ((word & 4) << 61));
        normals[lane] = radius * x;
        normals[LANES + lane] = radius * y;
    }
    normals
}

/// In [1, 2), from the upper 52 bits.
#[inline(always)]
fn one_to_two(word: u64) -> f64 {
    f64::from_bits((word >> 12) | ONE)
}

/// ln x for 0 < x ≤ 1: x = 2^k m with √½ ≤ m < √2, and s = (m − 1)/(m + 1).
#[inline(always)]
fn ln(x: f64) -> f64 {
    let bits = x.to_bits().wrapping_add(TO_ROOT);
    let k = f64::from_bits((bits >> 52) | WHOLE) - (f64::from_bits(WHOLE) + 1023.0);
    let m = f64::from_bits((bits & MANTISSA) + HALF_ROOT);
    let s = (m - 1.0) / (m + 1.0);
    k.mul_add(LN_2, s * polynomial(&LOGARITHM, s * s))
}

/// cos and sin of so many quarters of a turn, at most half a one to either side of 0.
#[inline(always)]
fn on_circle(quarters: f64) -> (f64, f64) {
    let angle = quarters * FRAC_PI_2;
    let square = angle * angle;
    (polynomial(&COSINE, square), angle * polynomial(&SINE, square))
}

/// Horner's rule, the highest coefficient first.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let mut sum = coefficients[0];
    for &coefficient in &coefficients[1..] {
        sum = sum.mul_add(x, coefficient);
    }
    sum
}

#[cfg(test)]
mod tests {
    use crate::engine::kernels::same_filled;
    use rand::RngExt as _;
    use rand::SeedableRng as _;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn each_lane_is_the_librarys_generator() {
        let mut lanes = Lanes::new(7);
        let mut alone: Vec<Xoshiro256PlusPlus> = (0..LANES)
            .map(|lane| {
                let words = (0..4).flat_map(|word| lanes.state[word][lane].to_le_bytes());
                let bytes: Vec<u8> = words.collect();
                Xoshiro256PlusPlus::from_seed(bytes.try_into().expect("32 bytes"))
            })
            .collect();
        for _ in 0..100 {
            let words = step(&mut lanes.state, TURNS);
            assert!(
                words.iter().zip(&mut alone).all(|(&word, alone)| word == alone.random::<u64>())
            );
        }
    }

    #[test]
    fn prefetching_changes_no_number() {
        for (count, next) in [(1, 0), (37, 20), (64, 64), (100, 300)] {
            let (mut alone, mut beside) = (vec![0.0; count], vec![0.0; count]);
            let next = vec![1.0; next];
            let mut lanes = [Lanes::new(9), Lanes::new(9)];
            for _ in 0..2 {
                lanes[0].fill_normal(&mut alone);
                lanes[1].fill_normal_prefetching(&mut beside, [&next, &[]]);
                assert_eq!(alone, beside, "{count}");
            }
        }
    }

    #[test]
    fn logarithm_and_circle_agree_with_the_library() {
        for i in 1..=4000 {
            for x in
                [f64::from(i) / 4000.0, (2.0_f64).powi(-i % 53) * (1.0 - f64::from(i) / 8001.0)]
            {
                let exact = libm::log(x);
                assert!((ln(x) - exact).abs() <= 4e-16 * exact.abs() + 1e-16, "{x}");
            }
            let quarters = f64::from(i - 2000) / 4000.0;
            let (cos, sin) = on_circle(quarters);
            let angle = quarters * FRAC_PI_2;
            assert!((cos - libm::cos(angle)).abs() < 3e-16, "{quarters}");
            assert!((sin - libm::sin(angle)).abs() < 3e-16, "{quarters}");
        }
    }

    /// Mean of f over what is drawn.
    fn mean(numbers: &[f64], f: impl Fn(f64) -> f64) -> f64 {
        numbers.iter().map(|&x| f(x)).sum::<f64>() / numbers.len() as f64
    }

    #[test]
    fn normals_have_the_moments_and_tails_of_the_law() {
        let count = 1_000_000;
        let mut numbers = vec![0.0; count];
        Lanes::new(1).fill_normal(&mut numbers);
        let error = |variance: f64| 4.0 * (variance / count as f64).sqrt();
        assert!(mean(&numbers, |x| x).abs() < error(1.0));
        assert!((mean(&numbers, |x| x * x) - 1.0).abs() < error(2.0));
        assert!(mean(&numbers, |x| x.powi(3)).abs() < error(15.0));
        assert!((mean(&numbers, |x| x.powi(4)) - 3.0).abs() < error(96.0));
        for (limit, beyond) in [(1.0, 0.317_310_5), (2.0, 0.045_500_26), (4.0, 6.334e-5)] {
            let share = mean(&numbers, |x| f64::from(u8::from(x.abs() > limit)));
            assert!((share - beyond).abs() < error(beyond), "{limit}: {share}");
        }
        // The two halves of a block share their radii, not their values.
        let pairs = numbers.as_chunks::<16>().0;
        let products =
            pairs.iter().flat_map(|block| (0..8).map(|lane| block[lane] * block[8 + lane]));
        let correlation = products.sum::<f64>() / (count / 2) as f64;
        assert!(correlation.abs() < 4.0 / (count as f64 / 2.0).sqrt());
        // Nor do large ones on one side go with large or small ones on the other: E x²y² = 1,
        // with a variance of 8.
        let squares =
            pairs.iter().flat_map(|block| (0..8).map(|lane| block[lane] * block[8 + lane]));
        let together = squares.map(|xy| xy * xy).sum::<f64>() / (count / 2) as f64;
        assert!((together - 1.0).abs() < 4.0 * (8.0 / (count as f64 / 2.0)).sqrt(), "{together}");
    }

    #[test]
    fn uniforms_fill_their_interval() {
        let mut numbers = vec![0.0; 100_003];
        Lanes::new(3).fill_uniform(&mut numbers);
        assert!(numbers.iter().all(|&u| (-1.0..1.0).contains(&u)));
        assert!(mean(&numbers, |u| u).abs() < 4.0 / (3.0 * 100_003.0_f64).sqrt());
        assert!(
            (mean(&numbers, |u| u * u) - 1.0 / 3.0).abs()
                < 4.0 * (4.0 / 45.0 / 100_003.0_f64).sqrt()
        );
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        let state = Lanes::new(5).state;
        same_filled(vec![0.0; 1003], |out| normals(&mut state.clone(), out));
        same_filled(vec![0.0; 1003], |out| uniforms(&mut state.clone(), out));
        same_filled(vec![0.0_f32; 1003], |out| normals(&mut state.clone(), out));
    }
}
