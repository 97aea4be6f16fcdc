//! The two number types in which a pass is computed.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use crate::experiment::Activation;

use super::vector;

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
    /// The smallest normal number is 2^this.
    const SMALLEST_EXPONENT: i64;

    /// The nearest number of this type.
    fn from_f64(number: f64) -> Self;
    /// The same number as `f64`.
    fn to_f64(self) -> f64;
    /// |x|.
    fn abs(self) -> Self;
    /// self · a + b, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// a = φ(z) and φ′(z), element by element.
    fn activate(activation: Activation, z: &[Self], a: &mut [Self], slope: &mut [Self]);
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const LARGEST: Self = Self::MAX;
    const COMFORT: i64 = 400;
    const EPSILON: f64 = f64::EPSILON;
    const SMALLEST_EXPONENT: i64 = -1022;

    fn from_f64(number: f64) -> Self {
        number
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn abs(self) -> Self {
        Self::abs(self)
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }

    fn activate(activation: Activation, z: &[Self], a: &mut [Self], slope: &mut [Self]) {
        vector::activate_f64(activation, z, a, slope);
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const LARGEST: Self = Self::MAX;
    const COMFORT: i64 = 40;
    const EPSILON: f64 = f32::EPSILON as f64;
    const SMALLEST_EXPONENT: i64 = -126;

    fn from_f64(number: f64) -> Self {
        number as Self
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn abs(self) -> Self {
        Self::abs(self)
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }

    fn activate(activation: Activation, z: &[Self], a: &mut [Self], slope: &mut [Self]) {
        vector::activate_f32(activation, z, a, slope);
    }
}
