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

    /// What of a single-precision number a format no wider than that keeps: see [`Self::round`].
    pub fn store(self, number: f32) -> f32 {
        self.round(f64::from(number)) as f32
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
