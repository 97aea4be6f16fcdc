//! ScaledColumns with exponents of their own.

use crate::engine::number::{Scaled, ldexp};

/// One column, mantissa × 2^exponent, and the sum of its mantissa's squares.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub mantissa: Vec<f64>,
    pub exponent: i64,
    pub squares: f64,
}

impl Column {
    pub fn new(mantissa: Vec<f64>, exponent: i64) -> Self {
        let mut column = Self { mantissa, exponent, squares: 0.0 };
        column.normalize();
        column
    }

    pub fn of(entries: &[Scaled]) -> Self {
        let exponents = entries.iter().filter(|entry| !entry.is_zero()).map(|e| e.exponent());
        let top = exponents.max().unwrap_or(0);
        Self::new(entries.iter().map(|entry| entry.over_power_of_two(top)).collect(), top)
    }

    /// Brings the largest entry into [½, 1).
    pub fn normalize(&mut self) {
        let top = self.mantissa.iter().fold(0.0, |top: f64, m| top.max(m.abs()));
        if top > 0.0 {
            let (_, shift) = libm::frexp(top);
            // A single factor could itself overflow.
            let half = ldexp(1.0, -i64::from(shift / 2));
            let rest = ldexp(1.0, -i64::from(shift - shift / 2));
            self.mantissa.iter_mut().for_each(|m| *m = *m * half * rest);
            self.exponent += i64::from(shift);
        }
        self.squares = dot(&self.mantissa, &self.mantissa);
    }

    pub fn norm(&self) -> Scaled {
        Scaled::new(self.squares.sqrt(), self.exponent)
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
