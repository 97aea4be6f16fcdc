//! Numbers with an exponent of their own: mantissa × 2^exponent, with 64 bits of exponent.
//!
//! A plainly computed norm of a deep sigmoid net's error signal is lost after 34 layers in
//! single and 253 in double precision. Carried like this it never is.

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub};

/// A non-negative or signed number m × 2^e with m = 0 or ½ ≤ |m| < 1.
///
/// ```
/// use gradient_lab::engine::Scaled;
/// let tiny = Scaled::new(0.75, -5000);
/// assert_eq!(tiny.to_f64(), 0.0); // f64 cannot hold it
/// assert!((tiny.log10().expect("not zero") + 1505.27).abs() < 0.01);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Scaled {
    mantissa: f64,
    exponent: i64,
}

impl Scaled {
    /// True zero.
    pub const ZERO: Self = Self { mantissa: 0.0, exponent: 0 };

    /// mantissa × 2^exponent, for any finite mantissa.
    pub fn new(mantissa: f64, exponent: i64) -> Self {
        if mantissa == 0.0 {
            return Self::ZERO;
        }
        let (mantissa, shift) = frexp(mantissa);
        Self { mantissa, exponent: exponent + shift }
    }

    /// e^ln. Below e^(−10^15), where not even this exponent serves, it is zero.
    pub fn from_ln(ln: f64) -> Self {
        if ln < -1e15 {
            return Self::ZERO;
        }
        let exponent = (ln / std::f64::consts::LN_2).floor();
        Self::new(libm::exp(ln - exponent * std::f64::consts::LN_2), exponent as i64)
    }

    /// Whether this is a true zero, not merely a small number.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0.0
    }

    /// m.
    pub fn mantissa(self) -> f64 {
        self.mantissa
    }

    /// e.
    pub fn exponent(self) -> i64 {
        self.exponent
    }

    /// The nearest `f64`: 0 or infinity where it cannot hold the number.
    pub fn to_f64(self) -> f64 {
        ldexp(self.mantissa, self.exponent)
    }

    /// log10 |m × 2^e|, or `None` for a true zero.
    pub fn log10(self) -> Option<f64> {
        (!self.is_zero()).then(|| {
            libm::log10(self.mantissa.abs()) + self.exponent as f64 * std::f64::consts::LOG10_2
        })
    }

    /// |m × 2^e|.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { mantissa: self.mantissa.abs(), ..self }
    }

    /// The quotient, or `None` where the divisor is a true zero.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        (!other.is_zero())
            .then(|| Self::new(self.mantissa / other.mantissa, self.exponent - other.exponent))
    }

    /// m × 2^(e − power), for what lies near 2^power.
    pub(crate) fn over_power_of_two(self, power: i64) -> f64 {
        ldexp(self.mantissa, self.exponent - power)
    }

    /// The square root of a non-negative number.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let odd = self.exponent.rem_euclid(2);
        Self::new((self.mantissa * (1 + odd) as f64).sqrt(), (self.exponent - odd) / 2)
    }
}

impl From<f64> for Scaled {
    fn from(number: f64) -> Self {
        Self::new(number, 0)
    }
}

impl Mul for Scaled {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl Mul<f64> for Scaled {
    type Output = Self;

    fn mul(self, other: f64) -> Self {
        self * Self::from(other)
    }
}

impl Add for Scaled {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self.is_zero() {
            return other;
        }
        if other.is_zero() {
            return self;
        }
        let top = self.exponent.max(other.exponent);
        let sum =
            ldexp(self.mantissa, self.exponent - top) + ldexp(other.mantissa, other.exponent - top);
        Self::new(sum, top)
    }
}

impl AddAssign for Scaled {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T> MulAssign<T> for Scaled
where
    Self: Mul<T, Output = Self>,
{
    fn mul_assign(&mut self, other: T) {
        *self = *self * other;
    }
}

impl Sub for Scaled {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Scaled {
    type Output = Self;

    fn neg(self) -> Self {
        Self { mantissa: -self.mantissa, ..self }
    }
}

impl Sum for Scaled {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::ZERO, Self::add)
    }
}

/// The order of the numbers, −0 being 0. An emulated pass can also leave mantissas that are
/// infinite, which lie beyond all finite ones, or NaN, which are ordered as `f64::total_cmp` does.
impl Ord for Scaled {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |number: &Self| {
            let m = number.mantissa;
            let sign = i64::from(m > 0.0) - i64::from(m < 0.0);
            (sign, sign * if m.is_finite() { number.exponent } else { i64::MAX })
        };
        let [m, n] = [self.mantissa, other.mantissa];
        let mantissas = || m.partial_cmp(&n).unwrap_or_else(|| m.total_cmp(&n));
        key(self).cmp(&key(other)).then_with(mantissas)
    }
}

impl PartialOrd for Scaled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scaled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scaled {}

/// m × 2^e for any 64-bit e: 0 or infinity where `f64` ends.
pub(crate) fn ldexp(mantissa: f64, exponent: i64) -> f64 {
    const POWERS: std::ops::RangeInclusive<i64> = -1022..=1023;
    if POWERS.contains(&exponent) {
        // One product by a power of two, which rounds once at the most.
        return mantissa * f64::from_bits(((exponent + 1023) as u64) << 52);
    }
    libm::ldexp(mantissa, exponent.clamp(-4000, 4000) as i32)
}

/// m and e of m × 2^e with ½ ≤ |m| < 1.
fn frexp(number: f64) -> (f64, i64) {
    const EXPONENT: u64 = 0x7FF << 52;
    if number.is_normal() {
        let bits = number.to_bits();
        let exponent = ((bits & EXPONENT) >> 52) as i64 - 1022;
        return (f64::from_bits((bits & !EXPONENT) | (1022 << 52)), exponent);
    }
    let (mantissa, exponent) = libm::frexp(number);
    (mantissa, i64::from(exponent))
}

/// e of |x| = m × 2^e with ½ ≤ m < 1.
pub(crate) fn exponent_of(number: f64) -> i64 {
    frexp(number).1
}

/// 2^power as two factors: one alone may lie beyond `f64` though what it multiplies comes near 1.
pub(crate) fn halves(power: i64) -> [f64; 2] {
    let half = power / 2;
    [ldexp(1.0, half), ldexp(1.0, power - half)]
}

/// z as `f64`, kept away from 0 and infinity so that a derivative sees the sign and the side.
pub(crate) fn clamped(z: Scaled) -> f64 {
    let (m, plain) = (z.mantissa(), ldexp(z.mantissa(), z.exponent()));
    if z.is_zero() {
        0.0
    } else if plain.abs() > 1e300 {
        1e300_f64.copysign(m)
    } else if plain.abs() < 1e-300 {
        1e-300_f64.copysign(m)
    } else {
        plain
    }
}

/// √(mean of squares).
pub(crate) fn root_mean_square(numbers: impl ExactSizeIterator<Item = Scaled>) -> Scaled {
    let count = numbers.len() as f64;
    let sum = numbers.fold(Scaled::ZERO, |sum, number| sum + number * number);
    Scaled::new(sum.mantissa / count, sum.exponent).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_powers_of_two_are_the_librarys() {
        for number in [1.0, -0.75, 1e300, -1e-300, 5e-324, 2.3e-308, f64::MAX, 0.0] {
            let (mantissa, exponent) = frexp(number);
            assert_eq!((mantissa, exponent as i32), libm::frexp(number), "{number}");
            for power in [-3000, -1074, -1023, -1022, -5, 0, 1, 52, 1023, 1024, 2100, 3000] {
                let (quick, slow) = (ldexp(number, power), libm::ldexp(number, power as i32));
                assert_eq!(quick, slow, "{number} {power}");
            }
        }
    }

    #[test]
    fn arithmetic_agrees_with_f64_where_both_exist() {
        for (a, b) in [(3.0, 0.7), (1e-200, 5e-190), (1e150, 2.0), (0.25, 1e-30)] {
            let (x, y) = (Scaled::from(a), Scaled::from(b));
            assert_eq!(x.to_f64(), a);
            assert_eq!((x + y).to_f64(), a + b);
            assert!(((x * y).log10().expect("not zero") - (a.log10() + b.log10())).abs() < 1e-12);
            assert_eq!(x.sqrt().to_f64(), a.sqrt());
            assert_eq!(x.checked_div(y).expect("not zero").to_f64(), a / b);
        }
    }

    #[test]
    fn from_ln_reaches_past_the_smallest_number() {
        let number = Scaled::from_ln(-1e6);
        assert!(
            (number.log10().expect("not zero") + 1e6 / std::f64::consts::LN_10).abs() < 1e-9 * 1e6
        );
    }

    #[test]
    fn order_is_that_of_the_numbers() {
        let numbers = [
            Scaled::from(f64::NEG_INFINITY),
            Scaled::new(-0.75, 3000),
            Scaled::from(-2.0),
            Scaled::from(-1.5),
            Scaled::new(-0.75, -3000),
            Scaled::ZERO,
            Scaled::new(0.75, -3000),
            Scaled::from(1.5),
            Scaled::from(2.0),
            Scaled::new(0.75, 3000),
            Scaled::from(f64::INFINITY),
        ];
        for (i, a) in numbers.iter().enumerate() {
            for (j, b) in numbers.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
        assert_eq!(-Scaled::ZERO, Scaled::ZERO);
    }

    #[test]
    fn a_true_zero_has_no_logarithm() {
        assert_eq!(Scaled::ZERO.log10(), None);
        assert_eq!(Scaled::new(0.0, -70), Scaled::ZERO);
        assert_eq!(Scaled::from(1.0).checked_div(Scaled::ZERO), None);
    }
}
