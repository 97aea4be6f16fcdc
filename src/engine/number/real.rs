//! The two number types in which a pass is computed.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

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
    + Neg<Output = Self>
    + AddAssign
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
    /// self · a + b, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// σ(x) and σ′(x), up to [`Self::SIGMOID_REACH`].
    fn sigmoid(self) -> (Self, Self);
    /// tanh x and 1 − tanh² x, up to half of [`Self::SIGMOID_REACH`].
    fn tanh(self) -> (Self, Self);
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const LARGEST: Self = Self::MAX;
    const COMFORT: i64 = 400;
    const EPSILON: f64 = f64::EPSILON;
    const SIGMOID_REACH: Self = double::REACH;
    const SMALLEST_EXPONENT: i64 = -1022;

    #[inline(always)]
    fn from_f64(number: f64) -> Self {
        number
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self::abs(self)
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }

    #[inline(always)]
    fn sigmoid(self) -> (Self, Self) {
        double::sigmoid(self)
    }

    #[inline(always)]
    fn tanh(self) -> (Self, Self) {
        double::tanh(self)
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const LARGEST: Self = Self::MAX;
    const COMFORT: i64 = 40;
    const EPSILON: f64 = f32::EPSILON as f64;
    const SIGMOID_REACH: Self = single::REACH;
    const SMALLEST_EXPONENT: i64 = -126;

    #[inline(always)]
    fn from_f64(number: f64) -> Self {
        number as Self
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self::abs(self)
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }

    #[inline(always)]
    fn sigmoid(self) -> (Self, Self) {
        single::sigmoid(self)
    }

    #[inline(always)]
    fn tanh(self) -> (Self, Self) {
        single::tanh(self)
    }
}
