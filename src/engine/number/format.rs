//! Floating-point formats narrower than the pass: what each holds, and rounding to it.

use crate::engine::number::{Scaled, ldexp};
use crate::experiment::Precision;

/// A binary floating-point format with subnormal numbers.
///
/// Sources: IEEE 754-2019 (fp16, fp32, fp64); Google's bfloat16, which is fp32 without its
/// last 16 bits; Micikevicius et al., *FP8 Formats for Deep Learning* (2022), whose E4M3 has
/// no infinity: what is too large for it becomes NaN.
///
/// ```
/// use gradient_lab::engine::Format;
/// assert_eq!(Format::Fp16.largest(), 65504.0);
/// assert_eq!(Format::Fp16.round(2e-8), 0.0); // nearer to 0 than to 5.96e-8
/// assert_eq!(Format::Bf16.round(1.0 / 3.0), 0.333984375);
/// assert!(Format::E4m3.round(1e3).is_nan());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// IEEE double precision.
    Fp64,
    /// IEEE single precision.
    Fp32,
    /// bfloat16: fp32's range, three digits.
    Bf16,
    /// IEEE half precision.
    Fp16,
    /// Eight bits, five of them exponent.
    E5m2,
    /// Eight bits, four of them exponent, no infinity.
    E4m3,
}

/// What becomes of a number that is stored in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is a true zero.
    Zero,
    /// It is not zero, and is rounded to zero.
    Flushed,
    /// It keeps only some of its digits.
    Subnormal,
    /// It keeps all the digits that the format has.
    Normal,
    /// It is too large.
    Overflow,
}

impl Format {
    /// Every format, from the widest range to the narrowest.
    pub const ALL: [Self; 6] =
        [Self::Fp64, Self::Fp32, Self::Bf16, Self::Fp16, Self::E5m2, Self::E4m3];

    /// Where it stands in [`Self::ALL`].
    pub fn place(self) -> usize {
        self as usize
    }

    /// The format in which a pass of that precision is emulated, if it is.
    pub fn emulated(precision: Precision) -> Option<Self> {
        match precision {
            Precision::F64 | Precision::F32 => None,
            Precision::Fp16 => Some(Self::Fp16),
            Precision::Bf16 => Some(Self::Bf16),
        }
    }

    /// The name on screen and in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fp64 => "fp64",
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
            Self::E5m2 => "fp8 E5M2",
            Self::E4m3 => "fp8 E4M3",
        }
    }

    /// Bits of the mantissa after the leading 1.
    pub fn mantissa_bits(self) -> i64 {
        match self {
            Self::Fp64 => 52,
            Self::Fp32 => 23,
            Self::Bf16 => 7,
            Self::Fp16 => 10,
            Self::E5m2 => 2,
            Self::E4m3 => 3,
        }
    }

    /// e of the smallest normal number 2^e.
    fn least_exponent(self) -> i64 {
        match self {
            Self::Fp64 => -1022,
            Self::Fp32 | Self::Bf16 => -126,
            Self::Fp16 | Self::E5m2 => -14,
            Self::E4m3 => -6,
        }
    }

    /// The loss scales that the format itself holds with all its digits, 2^e for these e.
    pub fn loss_scales(self) -> std::ops::RangeInclusive<i64> {
        self.least_exponent()..=self.most_exponent()
    }

    /// e of the largest number m × 2^e with 1 ≤ m < 2.
    fn most_exponent(self) -> i64 {
        match self {
            Self::Fp64 => 1023,
            Self::Fp32 | Self::Bf16 => 127,
            Self::Fp16 | Self::E5m2 => 15,
            Self::E4m3 => 8,
        }
    }

    /// e of the smallest positive number 2^e, a subnormal one.
    pub fn subnormal_exponent(self) -> i64 {
        self.least_exponent() - self.mantissa_bits()
    }

    /// The largest finite number.
    pub fn largest(self) -> f64 {
        // E4M3 gives the pattern of all ones to NaN.
        let given_away = if self == Self::E4m3 { 2.0 } else { 1.0 };
        let mantissa = 2.0 - given_away * ldexp(1.0, -self.mantissa_bits());
        ldexp(mantissa, self.most_exponent())
    }

    /// The smallest positive number with all its digits.
    pub fn smallest_normal(self) -> f64 {
        ldexp(1.0, self.least_exponent())
    }

    /// The smallest positive number.
    pub fn smallest_subnormal(self) -> f64 {
        ldexp(1.0, self.subnormal_exponent())
    }

    /// The nearest number of the format; of two equally near ones that whose last bit is 0
    /// (IEEE's round to nearest, ties to even), with gradual underflow. What is too large
    /// becomes ±∞, or NaN in E4M3.
    pub fn round(self, number: f64) -> f64 {
        if self == Self::Fp64 {
            return number;
        }
        let exponent = (number.to_bits() >> 52 & 0x7ff) as i64 - 1023;
        if exponent > self.most_exponent() {
            return self.overflow(number);
        }
        // Beside 1.5 × 2^52 quanta, the last bit of an f64 is one quantum of the format.
        let quantum = exponent.max(self.least_exponent()) - self.mantissa_bits();
        let shift = power_of_two(quantum + 52) * 1.5;
        let rounded = (number + shift) - shift;
        if rounded.abs() > self.largest() {
            return self.overflow(number);
        }
        // −0 keeps its sign.
        rounded.copysign(number)
    }

    fn overflow(self, number: f64) -> f64 {
        if number.is_nan() || self == Self::E4m3 {
            f64::NAN
        } else {
            f64::INFINITY.copysign(number)
        }
    }

    /// What becomes of a number, however far from any `f64`.
    ///
    /// ```
    /// use gradient_lab::engine::{Format, Held, Scaled};
    /// assert_eq!(Format::Fp64.hold(Scaled::new(0.5, -5000)), Held::Flushed);
    /// assert_eq!(Format::Fp16.hold(Scaled::from(1e-6)), Held::Subnormal);
    /// assert_eq!(Format::Fp16.hold(Scaled::ZERO), Held::Zero);
    /// ```
    pub fn hold(self, number: Scaled) -> Held {
        if number.is_zero() {
            return Held::Zero;
        }
        // Here ½ ≤ mantissa < 1.
        if number.exponent() > self.most_exponent() + 1 {
            return Held::Overflow;
        }
        if number.exponent() < self.subnormal_exponent() {
            return Held::Flushed;
        }
        let stored = self.round(number.to_f64()).abs();
        match stored {
            0.0 => Held::Flushed,
            _ if !stored.is_finite() => Held::Overflow,
            _ if stored < self.smallest_normal() => Held::Subnormal,
            _ => Held::Normal,
        }
    }

    /// The powers s for which the number times 2^s neither flushes to zero nor overflows, from
    /// the least to the most; nothing for a true zero.
    pub fn powers(self, number: Scaled) -> Option<[i64; 2]> {
        let held = |power: i64| self.hold(number * Scaled::new(1.0, power));
        let least = self.subnormal_exponent() - number.exponent();
        let most = self.most_exponent() + 1 - number.exponent();
        match held(least) {
            Held::Zero => None,
            flushed => Some([
                least + i64::from(flushed == Held::Flushed),
                most - i64::from(held(most) == Held::Overflow),
            ]),
        }
    }
}

/// 2^power, for a power that a normal `f64` has.
fn power_of_two(power: i64) -> f64 {
    f64::from_bits(((power + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use float8::{F8E4M3, F8E5M2};
    use half::{bf16, f16};

    use super::*;

    /// Every finite non-negative number of a format in ascending order, decoded from its bit
    /// patterns by the definition.
    fn numbers(format: Format) -> Vec<f64> {
        let bits = format.mantissa_bits();
        let bias = 1 - format.least_exponent();
        let decode = |pattern: i64| {
            let (exponent, mantissa) = (pattern >> bits, (pattern & ((1 << bits) - 1)) as f64);
            let fraction = mantissa / 2_f64.powi(bits as i32);
            match exponent {
                0 => fraction * 2_f64.powi(1 - bias as i32),
                _ => (1.0 + fraction) * 2_f64.powi((exponent - bias) as i32),
            }
        };
        (0..).map(decode).take_while(|number| *number <= format.largest()).collect()
    }

    /// THEORY.md, section 6.
    #[test]
    fn the_formats_hold_what_the_literature_says() {
        let digits = |number: f64| format!("{number:.3e}");
        for (format, largest, normal, subnormal) in [
            (Format::Fp16, "6.550e4", "6.104e-5", "5.960e-8"),
            (Format::Bf16, "3.390e38", "1.175e-38", "9.184e-41"),
            (Format::Fp32, "3.403e38", "1.175e-38", "1.401e-45"),
            (Format::Fp64, "1.798e308", "2.225e-308", "4.941e-324"),
            (Format::E4m3, "4.480e2", "1.562e-2", "1.953e-3"),
            (Format::E5m2, "5.734e4", "6.104e-5", "1.526e-5"),
        ] {
            assert_eq!(digits(format.largest()), largest, "{format:?}");
            assert_eq!(digits(format.smallest_normal()), normal, "{format:?}");
            assert_eq!(digits(format.smallest_subnormal()), subnormal, "{format:?}");
        }
        assert_eq!(Format::Fp16.largest(), 65504.0);
        assert_eq!(Format::E4m3.largest(), 448.0);
        assert_eq!(Format::E5m2.largest(), 57344.0);
        assert_eq!(Format::E4m3.smallest_normal(), 1.0 / 64.0);
        assert_eq!(Format::Fp64.largest(), f64::MAX);
        assert_eq!(Format::Fp32.largest(), f64::from(f32::MAX));
    }

    #[test]
    fn every_pattern_of_sixteen_bits_is_what_half_says() {
        for pattern in 0..=u16::MAX {
            for (format, number) in [
                (Format::Fp16, f16::from_bits(pattern).to_f64()),
                (Format::Bf16, bf16::from_bits(pattern).to_f64()),
            ] {
                let rounded = format.round(number);
                assert!(
                    rounded.to_bits() == number.to_bits() || rounded.is_nan() && number.is_nan()
                );
            }
        }
        // Finite patterns of one sign: all but those of the last exponent.
        assert_eq!(numbers(Format::Fp16).len(), 31 << 10);
        assert_eq!(numbers(Format::Bf16).len(), 255 << 7);
        assert_eq!(numbers(Format::E5m2).len(), 31 << 2);
        assert_eq!(numbers(Format::E4m3).len(), (16 << 3) - 1);
    }

    #[test]
    fn every_pattern_of_eight_bits_is_what_float8_says() {
        for pattern in 0..=u8::MAX {
            for (format, number) in [
                (Format::E4m3, F8E4M3::from_bits(pattern).to_f64()),
                (Format::E5m2, F8E5M2::from_bits(pattern).to_f64()),
            ] {
                let rounded = format.round(number);
                assert!(
                    rounded.to_bits() == number.to_bits() || rounded.is_nan() && number.is_nan(),
                    "{format:?}: {number:e} becomes {rounded:e}"
                );
            }
        }
    }

    /// Up to the largest number: above it `float8` saturates.
    #[test]
    fn midpoints_and_their_neighbours_agree_with_float8() {
        for (format, float8) in [
            (Format::E4m3, (|x| F8E4M3::from_f64(x).to_f64()) as fn(f64) -> f64),
            (Format::E5m2, |x| F8E5M2::from_f64(x).to_f64()),
        ] {
            for pair in numbers(format).windows(2) {
                let middle = 0.5 * (pair[0] + pair[1]);
                let quarter = 0.25 * (pair[1] - pair[0]);
                for number in [middle - quarter, middle, middle + quarter, -middle] {
                    let rounded = format.round(number);
                    assert_eq!(
                        rounded.to_bits(),
                        float8(number).to_bits(),
                        "{format:?} {number:e}"
                    );
                }
            }
        }
    }

    /// Between each two neighbours the middle goes to the one with the even pattern, and the
    /// next `f64` on either side to the nearer one.
    #[test]
    fn every_midpoint_goes_to_the_even_neighbour() {
        for format in [Format::Fp16, Format::Bf16, Format::E5m2, Format::E4m3] {
            let numbers = numbers(format);
            for (pattern, pair) in numbers.windows(2).enumerate() {
                let [low, high] = [pair[0], pair[1]];
                let middle = 0.5 * (low + high);
                let even = if pattern % 2 == 0 { low } else { high };
                for sign in [1.0, -1.0] {
                    let round = |number: f64| sign * format.round(sign * number);
                    assert_eq!(round(low), low, "{format:?}");
                    assert_eq!(round(middle), even, "{format:?} {middle:e}");
                    assert_eq!(round(middle.next_down()), low, "{format:?} {middle:e}");
                    assert_eq!(round(middle.next_up()), high, "{format:?} {middle:e}");
                }
            }
        }
    }

    /// `half` looks at the leading bits of an `f64` only, so that the neighbours here are those
    /// that `f32` has.
    #[test]
    fn midpoints_and_their_neighbours_agree_with_half() {
        for (format, half) in [
            (Format::Fp16, (|x| f16::from_f32(x).to_f64()) as fn(f32) -> f64),
            (Format::Bf16, |x| bf16::from_f32(x).to_f64()),
        ] {
            for pair in numbers(format).windows(2) {
                let middle = (0.5 * (pair[0] + pair[1])) as f32;
                for number in [middle.next_down(), middle, middle.next_up(), -middle] {
                    let rounded = format.round(f64::from(number));
                    assert_eq!(rounded.to_bits(), half(number).to_bits(), "{number:e}");
                }
            }
        }
    }

    #[test]
    fn single_precision_is_rusts_own() {
        let mut bits = 1_u64;
        for _ in 0..200_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = f64::from_bits(bits);
            let (ours, rusts) = (Format::Fp32.round(number), f64::from(number as f32));
            assert!(ours.to_bits() == rusts.to_bits() || ours.is_nan() && rusts.is_nan());
            // The draw above is almost always out of range: one within.
            let near = f64::from_bits(bits & !(0x7ff << 52) | (1023 - 140 + bits % 280) << 52);
            assert_eq!(Format::Fp32.round(near), f64::from(near as f32), "{near:e}");
        }
    }

    #[test]
    fn the_ends_overflow_where_the_standard_says() {
        for (format, last, first) in [
            (Format::Fp16, 65520.0_f64.next_down(), 65520.0),
            (Format::Bf16, f64::from(bf16::MAX) + 2_f64.powi(119) * 0.999, 2_f64.powi(128)),
            (Format::E5m2, 61440.0_f64.next_down(), 61440.0),
            // 448's pattern is even, so that the middle to what would be 480 goes to it.
            (Format::E4m3, 464.0, 464.0_f64.next_up()),
        ] {
            assert_eq!(format.round(last), format.largest(), "{format:?}");
            assert!(!format.round(first).is_finite(), "{format:?}");
            assert!(!format.round(f64::MAX).is_finite(), "{format:?}");
            assert!(format.round(f64::NAN).is_nan(), "{format:?}");
        }
        assert_eq!(Format::Fp16.round(-1e9), f64::NEG_INFINITY);
        assert!(Format::E4m3.round(f64::INFINITY).is_nan());
    }

    /// A scaled number is classed as its rounded value is, and far beyond `f64` too.
    #[test]
    fn scaled_numbers_are_held_as_they_are_rounded() {
        for format in Format::ALL {
            for power in -1100..1024 {
                for mantissa in [0.5, 0.75, 1.0_f64.next_down()] {
                    let number = Scaled::new(mantissa, power);
                    let rounded = format.round(number.to_f64());
                    let expected = match rounded {
                        0.0 => Held::Flushed,
                        _ if !rounded.is_finite() => Held::Overflow,
                        _ if rounded < format.smallest_normal() => Held::Subnormal,
                        _ => Held::Normal,
                    };
                    assert_eq!(format.hold(number), expected, "{format:?} {number:?}");
                }
            }
            assert_eq!(format.hold(Scaled::new(0.9, -1_000_000)), Held::Flushed);
            assert_eq!(format.hold(Scaled::new(-0.9, 1_000_000)), Held::Overflow);
        }
    }

    #[test]
    fn a_place_is_that_among_all() {
        assert!(Format::ALL.iter().enumerate().all(|(place, format)| format.place() == place));
    }

    #[test]
    fn powers_are_the_widest_that_keep_a_number() {
        for format in Format::ALL {
            for number in [0.5, 0.500_01, 0.7, 0.96, 0.999_999].map(|m| Scaled::new(m, -3000)) {
                let [least, most] = format.powers(number).expect("not zero");
                let held = |power| format.hold(number * Scaled::new(1.0, power));
                assert_eq!(held(least - 1), Held::Flushed);
                assert_ne!(held(least), Held::Flushed);
                assert_ne!(held(most), Held::Overflow);
                assert_eq!(held(most + 1), Held::Overflow);
            }
            assert_eq!(format.powers(Scaled::ZERO), None);
        }
    }
}
