//! How large and how small δ gets, and its columns brought near 1.

use smallvec::{SmallVec, smallvec};

use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{Real, ScaledColumns, exponent_of, ldexp};
use crate::engine::pass::LayerTrace;
use crate::experiment::Activation;

/// Columns for which no memory is asked for: the layers of so small a batch take less time.
const FEW: usize = 16;

/// How large and how small u ⊙ φ′(z) gets, column by column.
pub(super) struct Extent<T> {
    /// The largest magnitude.
    tops: SmallVec<[T; FEW]>,
    /// The smallest |u|, |φ′(z)| and |u φ′(z)|, but for slopes that may be 0 and are.
    least: SmallVec<[T; FEW]>,
}

impl<T: Real> Extent<T> {
    pub fn of(activation: Activation, u: &[T], slope: &[T], batch: usize) -> Self {
        let (mut tops, mut least) = (smallvec![T::ZERO; batch], smallvec![T::ZERO; batch]);
        let may_be = activation.is_piecewise_linear();
        kernels::product_extremes(u, slope, may_be, &mut tops, &mut least);
        Self { tops, least }
    }

    /// Of one example: its largest product and the smallest of what must not be lost.
    pub fn one([top, least]: [T; 2]) -> Self {
        Self { tops: smallvec![top], least: smallvec![least] }
    }

    /// Whether a column has a zero that may be one that lost its digits.
    pub fn has_zero(&self) -> bool {
        self.least.contains(&T::ZERO)
    }

    pub fn together(mut self, other: Self) -> Self {
        for (top, other) in self.tops.iter_mut().zip(other.tops) {
            *top = if other > *top { other } else { *top };
        }
        for (least, other) in self.least.iter_mut().zip(other.least) {
            *least = if other < *least { other } else { *least };
        }
        self
    }

    /// Whether no number loses digits before or after its column gives up the exponent of its
    /// largest, unless the column `is_zero`. `guard` are the smallest numbers that u itself has
    /// with all digits.
    fn is_whole(&self, guard: f64, is_zero: impl Fn(usize) -> bool) -> bool {
        self.tops.iter().zip(&self.least).enumerate().all(|(b, (&top, &least))| {
            let shift = shift_of(top);
            let kept =
                shift.abs() < -T::SMALLEST_EXPONENT && least.to_f64() >= guard * floor::<T>(shift);
            kept || is_zero(b)
        })
    }
}

/// What a number must reach so that it is normal, and is so still when its column has given up
/// this exponent.
pub(super) fn floor<T: Real>(shift: i64) -> f64 {
    ldexp(1.0, T::SMALLEST_EXPONENT + shift.max(0))
}

/// δ ← u ⊙ φ′(z), renormalized; or nothing and `false` where an entry would lose digits. Of
/// zeros only those count as true that are in a column which `is_zero`.
pub(super) fn multiply_and_renormalize<T: Real>(
    trace: &mut LayerTrace<T>,
    extent: Extent<T>,
    guard: f64,
    is_zero: impl Fn(usize) -> bool,
) -> bool {
    let LayerTrace { slope, delta, .. } = trace;
    let ScaledColumns { mantissa: u, exponent } = delta.columns_mut();
    let u = u.as_slice_mut().expect(STANDARD);
    let slope = slope.as_slice().expect(STANDARD);
    if !extent.is_whole(guard, is_zero) {
        return false;
    }
    let mut factors = extent.tops;
    for (factor, exponent) in factors.iter_mut().zip(exponent) {
        let shift = shift_of(*factor);
        *exponent += shift;
        *factor = T::from_f64(ldexp(1.0, -shift));
    }
    kernels::multiply_columns(u, slope, &factors);
    true
}

/// Brings each column's largest |δ_j| into [½, 1); a power of two moves into the exponent.
pub(super) fn renormalize<T: Real>(delta: &mut ScaledColumns<T>) {
    let tops = delta.tops();
    renormalize_to(delta, &tops);
}

/// [`renormalize`] with what [`ScaledColumns::tops`] says of these columns.
pub(super) fn renormalize_to<T: Real>(delta: &mut ScaledColumns<T>, tops: &[Option<i64>]) {
    let exponents = delta.exponent.iter_mut().zip(tops);
    let shift = |(exponent, top): (&mut i64, &Option<i64>)| {
        top.map_or(0, |top| top - std::mem::replace(exponent, top))
    };
    let shifts: SmallVec<[i64; FEW]> = exponents.map(shift).collect();
    scale_by(delta.mantissa.as_slice_mut().expect(STANDARD), &shifts);
}

/// The exponent that a column gives up; none where it is all zero.
pub(super) fn shift_of<T: Real>(top: T) -> i64 {
    if top == T::ZERO { 0 } else { exponent_of(top.to_f64()) }
}

/// Multiplies each column by 2^−shift. One factor could itself leave the range of T, where
/// two do not.
fn scale_by<T: Real>(entries: &mut [T], shifts: &[i64]) {
    let power = |power: i64| T::from_f64(ldexp(1.0, power));
    let fits = |shift: &i64| shift.abs() < -T::SMALLEST_EXPONENT;
    match shifts {
        [shift] if fits(shift) => kernels::scale_columns(entries, &[power(-shift)]),
        _ if shifts.iter().all(fits) => {
            let factors: Vec<T> = shifts.iter().map(|shift| power(-shift)).collect();
            kernels::scale_columns(entries, &factors);
        }
        _ => {
            let half: Vec<T> = shifts.iter().map(|shift| power(-shift / 2)).collect();
            let rest: Vec<T> = shifts.iter().map(|shift| power(-(shift - shift / 2))).collect();
            kernels::scale_columns(entries, &half);
            kernels::scale_columns(entries, &rest);
        }
    }
}
