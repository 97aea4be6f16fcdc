//! The two number types in which a pass is computed.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use crate::engine::kernels::registers::InRegisters;
use crate::engine::kernels::sigmoid::{double, single};

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Default
    + Send
    + Sync
    + 'static
    + PartialOrd
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + InRegisters
{
    /// 0.
    const ZERO: Self;
    /// The largest number.
    const LARGEST: Self;
    /// Powers of two within which a pass needs no exponent of its own: products of two
    /// such numbers, summed over the widest layer, stay inside the type's range.
    const COMFORT: i64;
    /// ε, the gap between 1 and the next number.
    const EPSILON: f64;
    /// |x| up to which the vector form of the sigmoid is exact to the last digits.
    const SIGMOID_REACH: Self;
    /// The smallest normal number is 2^this.
    const SMALLEST_EXPONENT: i64;

    /// The nearest number of this type.
    fn from_f64(number: f64) -> Self;
    /// The number as `f64`, exactly.
    fn to_f64(self) -> f64;
    /// |x|.
    fn abs(self) -> Self;
    /// √x, rounded once.
    fn sqrt(self) -> Self;
    /// self · a + b, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// σ(x) and σ′(x), up to [`Self::SIGMOID_REACH`].
    fn sigmoid(self) -> (Self, Self);
    /// tanh x and 1 − tanh² x, up to half of [`Self::SIGMOID_REACH`].
    fn tanh(self) -> (Self, Self);
}

/// A number type, with the room for its exponents and the module of its sigmoid.
macro_rules! real {
    ($number:ty, $sigmoid:ident, comfort: $comfort:expr, smallest_exponent: $smallest:expr) => {
        impl Real for $number {
            const ZERO: Self = 0.0;
            const LARGEST: Self = Self::MAX;
            const COMFORT: i64 = $comfort;
            const EPSILON: f64 = <$number>::EPSILON as f64;
            const SIGMOID_REACH: Self = $sigmoid::REACH;
            const SMALLEST_EXPONENT: i64 = $smallest;

            #[inline(always)]
            fn from_f64(number: f64) -> Self {
                number as Self
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }

            #[inline(always)]
            fn abs(self) -> Self {
                Self::abs(self)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                Self::sqrt(self)
            }

            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                Self::mul_add(self, a, b)
            }

            #[inline(always)]
            fn sigmoid(self) -> (Self, Self) {
                $sigmoid::sigmoid(self)
            }

            #[inline(always)]
            fn tanh(self) -> (Self, Self) {
                $sigmoid::tanh(self)
            }
        }
    };
}

real!(f64, double, comfort: 400, smallest_exponent: -1022);
real!(f32, single, comfort: 40, smallest_exponent: -126);
