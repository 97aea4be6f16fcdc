//! Sums whose terms are too small for plain arithmetic, added up again with exponents of their
//! own: a unit that hears only the faintest of its inputs still hears it.

use crate::engine::kernels;
use crate::engine::number::{Real, Scaled, Signal, smallest};
use ndarray::ArrayView1;

/// Powers of two above the smallest number from which on nothing that plain arithmetic loses
/// of a sum's terms can be seen beside the largest.
pub(crate) const MARGIN: i64 = 64;

/// y = scale · M x, n × B, as plain arithmetic found it.
pub(crate) struct Product<'a, T, F> {
    /// The row of M that makes one entry of y.
    pub row: F,
    /// What M is multiplied by.
    pub scale: T,
    /// x.
    pub x: &'a Signal<T>,
}

impl<'a, T: Real, F: Fn(usize) -> ArrayView1<'a, T>> Product<'a, T, F> {
    /// Whether nothing of y can have been lost below the smallest number.
    pub fn is_whole(&self, y: &[T]) -> bool {
        self.scale == T::ZERO
            || self.x.underflowed().is_empty() && kernels::none_below(y, floor(self.scale))
    }

    /// One example's column of y, a mantissa of the product's exponent each, where some of its
    /// entries are so small that digits or whole terms were lost: in full. `added` are plain
    /// numbers that the mantissas contain already, and that each entry gets.
    pub fn recovered(
        &self,
        y: &ArrayView1<'_, T>,
        example: usize,
        added: Option<&[T]>,
    ) -> Option<Vec<Scaled>> {
        // M times a column of zeros is zero.
        if self.scale == T::ZERO || self.x.largest(example).is_none() {
            return None;
        }
        let exponent = self.x.columns().exponent[example];
        let lost = !self.x.underflowed_of(example).is_empty();
        let floor = if lost { half_way() } else { floor(self.scale) };
        let is_small = |unit: &usize| y[*unit].abs() < floor;
        let small: Vec<usize> = (0..y.len()).filter(is_small).collect();
        if small.is_empty() {
            return None;
        }
        let x = self.x.column(example);
        let mut exact: Vec<Scaled> = y.iter().map(|y| Scaled::new(y.to_f64(), exponent)).collect();
        for unit in small {
            let weights = (self.row)(unit);
            let terms = weights.iter().zip(&x).filter(|(w, x)| **w != T::ZERO && !x.is_zero());
            let scale = Scaled::from(self.scale.to_f64());
            let terms = terms.map(|(w, x)| (Scaled::from(w.to_f64()) * *x) * scale);
            let bias = added.map_or(Scaled::ZERO, |added| added[unit].to_f64().into());
            let end = exponent + T::SMALLEST_EXPONENT + MARGIN;
            let (sum, top) = sum_and_top(terms.chain([bias]));
            // A small sum of larger terms has cancelled, and plain arithmetic saw them all.
            if lost || top.is_some_and(|top| top < end) {
                exact[unit] = sum;
            }
        }
        Some(exact)
    }
}

/// The sum, and the largest term's exponent; none where all are zero.
pub(crate) fn sum_and_top(terms: impl Iterator<Item = Scaled>) -> (Scaled, Option<i64>) {
    let terms = terms.filter(|term| !term.is_zero());
    terms
        .fold((Scaled::ZERO, None), |(sum, top), term| (sum + term, top.max(Some(term.exponent()))))
}

/// What a sum must reach so that its terms kept their digits: they are summed before they are
/// scaled.
pub(crate) fn floor<T: Real>(scale: T) -> T {
    let one = T::from_f64(1.0);
    let scale = scale.abs();
    smallest::<T>() * if scale > one { scale } else { one }
}

/// Above this the entries that underflowed beside their column's largest are not seen, whatever
/// the weights.
fn half_way<T: Real>() -> T {
    T::from_f64(crate::engine::number::ldexp(1.0, T::SMALLEST_EXPONENT / 2))
}
