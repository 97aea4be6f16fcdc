//! How large and how small δ gets, and its columns brought near 1.

use smallvec::{SmallVec, smallvec};

use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{Real, ScaledColumns, exponent_of, ldexp};
use crate::engine::pass::LayerTrace;
use crate::experiment::Activation;

/// Columns for which no memory is asked for: the layers of so small a batch take less time.
const FEW: usize = 16;

/// Powers of two by which columns may differ that have one exponent.
const ALIKE: i64 = 20;

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

    /// Whether no number loses digits before or after its column gives up its exponent, unless the
    /// column `is_zero`. `guard` are the smallest numbers that u itself has with all digits.
    fn is_whole(&self, shifts: &[i64], guard: f64, is_zero: impl Fn(usize) -> bool) -> bool {
        shifts.iter().zip(&self.least).enumerate().all(|(b, (&shift, &least))| {
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
    let is_coupled = trace.couples_examples();
    let LayerTrace { slope, delta, .. } = trace;
    let ScaledColumns { mantissa: u, exponent } = delta.columns_mut();
    let u = u.as_slice_mut().expect(STANDARD);
    let slope = slope.as_slice().expect(STANDARD);
    let top = |(top, e): (&T, &i64)| (*top != T::ZERO).then(|| e + shift_of(*top));
    let tops = extent.tops.iter().zip(&*exponent).map(top);
    let common = if is_coupled { common_exponent(tops.clone()) } else { None };
    let shift = |(top, e): (Option<i64>, &i64)| top.map_or(0, |top| common.unwrap_or(top) - e);
    let shifts: SmallVec<[i64; FEW]> = tops.zip(&*exponent).map(shift).collect();
    if !extent.is_whole(&shifts, guard, is_zero) {
        return false;
    }
    let mut factors = extent.tops;
    for ((factor, exponent), shift) in factors.iter_mut().zip(exponent).zip(shifts) {
        // A column of zeros has any exponent.
        *exponent = common.unwrap_or(*exponent + shift);
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

/// [`renormalize_to`] of examples that share means: columns of nearly one size keep one exponent, so
/// that they can be added up.
pub(super) fn renormalize_together<T: Real>(delta: &mut ScaledColumns<T>, tops: &[Option<i64>]) {
    let Some(common) = common_exponent(tops.iter().copied()) else {
        return renormalize_to(delta, tops);
    };
    let zeros = delta.exponent.iter_mut().zip(tops).filter(|(_, top)| top.is_none());
    // A column of zeros has any exponent.
    zeros.for_each(|(exponent, _)| *exponent = common);
    renormalize_to(delta, &vec![Some(common); tops.len()]);
}

/// The exponent of the largest of all columns, where all that are not zero come near it.
fn common_exponent(tops: impl Iterator<Item = Option<i64>> + Clone) -> Option<i64> {
    let (least, most) = (tops.clone().flatten().min()?, tops.flatten().max()?);
    (most - least <= ALIKE).then_some(most)
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
        _ if shifts.iter().all(|&shift| shift == 0) => {}
        // The columns of examples that share means move together.
        [shift, rest @ ..] if fits(shift) && rest.iter().all(|other| other == shift) => {
            kernels::scale_columns(entries, &[power(-shift)]);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::op::{Norm, Op};
    use crate::experiment::{NormKind, Normalization};
    use ndarray::arr1;

    /// 1, −3 and 2 times powers of two, a column for each exponent; the second one is all zeros.
    fn columns(exponents: [i64; 3]) -> ScaledColumns<f32> {
        let mut columns = ScaledColumns::zeros(3, 3);
        columns.exponent = exponents.to_vec();
        for b in [0, 2] {
            columns.mantissa.column_mut(b).assign(&arr1(&[1.0, -3.0, 2.0]));
        }
        columns
    }

    /// What a batch-normalized layer of ReLUs that are all on makes of ∂L/∂a.
    fn sent_through_slopes_of_one(u: &ScaledColumns<f32>) -> ScaledColumns<f32> {
        let norm = Norm::<f32>::new(Normalization::of(NormKind::Batch), 3);
        let ops = [Op::Norm(norm), Op::Activation(Activation::Relu)];
        let mut trace = LayerTrace::<f32>::of_ops(&ops, 3, 3);
        trace.slope.fill(1.0);
        trace.delta = u.clone().into();
        let slope = trace.slope.as_slice().expect(STANDARD);
        let extent = Extent::of(Activation::Relu, u.entries(), slope, 3);
        let tops = u.tops();
        assert!(multiply_and_renormalize(&mut trace, extent, 1.0, |b| tops[b].is_none()));
        trace.delta.columns().clone()
    }

    #[test]
    fn columns_of_nearly_one_size_keep_one_exponent() {
        for (exponents, after) in [
            ([5, -900, 5 + ALIKE], [7 + ALIKE; 3]),
            ([5, -900, 6 + ALIKE], [7, -900, 8 + ALIKE]),
            ([-4000, 0, -4000], [-3998; 3]),
        ] {
            let before = columns(exponents);
            let mut together = before.clone();
            renormalize_together(&mut together, &before.tops());
            assert_eq!(together.exponent, after);
            let mut apart = before.clone();
            renormalize(&mut apart);
            for b in 0..3 {
                assert_eq!(together.column(b), before.column(b), "no digit is lost");
                assert_eq!(apart.column(b), before.column(b));
            }
            let sent = sent_through_slopes_of_one(&before);
            assert_eq!(sent, together, "what a slope is multiplied with");
            let tops = apart.tops().into_iter().zip(&apart.exponent);
            assert!(tops.filter_map(|(top, e)| Some(top? - e)).all(|top| top == 0));
        }
    }
}
