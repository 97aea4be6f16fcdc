//! The softmax cross-entropy of plain logits in plain numbers: what a training step needs, without
//! exponents that nobody looks at.

use smallvec::SmallVec;

use crate::engine::number::{Real, Scaled, Signal, exponent_of, ldexp, smallest};
use crate::engine::pass::LayerTrace;
use ndarray::Array2;

use super::softmax::ln_1_plus;

/// Powers of e above the smallest number that the sum of the exponentials takes at most.
const ROOM: f64 = 10.0;

/// The softmax of one example's plain logits, with the bits of [`super::LogSoftmax`].
struct PlainSoftmax {
    top: usize,
    /// z_i − z_top ≤ 0.
    gaps: SmallVec<[f64; 16]>,
    /// e^{z_i − z_top}.
    terms: SmallVec<[f64; 16]>,
    /// Σ e^{z_i − z_top} without the largest logit's own 1.
    rest: f64,
}

impl PlainSoftmax {
    /// Nothing where a probability may be below the smallest number of the type.
    fn of<T: Real>(z: &Signal<T>, example: usize) -> Option<Self> {
        let columns = z.columns();
        if columns.exponent[example] != 0 || !z.underflowed_of(example).is_empty() {
            return None;
        }
        let z = columns.mantissa.column(example);
        let top = (0..z.len()).fold(0, |top, i| if z[i] > z[top] { i } else { top });
        let largest = z[top].to_f64();
        let gaps: SmallVec<[f64; 16]> = z.iter().map(|z| z.to_f64() - largest).collect();
        let least = T::SMALLEST_EXPONENT as f64 * std::f64::consts::LN_2 + ROOM;
        if !gaps.iter().all(|gap| (least..=0.0).contains(gap)) {
            return None;
        }
        let terms: SmallVec<[f64; 16]> = gaps.iter().map(|&gap| libm::exp(gap)).collect();
        let others = terms.iter().enumerate().filter(|(i, _)| *i != top);
        let rest = others.fold(0.0, |sum, (_, term)| sum + term);
        Some(Self { top, gaps, terms, rest })
    }
}

/// Makes one example's a the softmax of its z. Whether plain numbers do.
pub(super) fn finish<T: Real>(output: &mut LayerTrace<T>, example: usize) -> bool {
    let Some(softmax) = PlainSoftmax::of(&output.z, example) else { return false };
    let total = softmax.rest + 1.0;
    let columns = output.a.columns_mut();
    let column = columns.mantissa.column_mut(example);
    column.into_iter().zip(softmax.terms).for_each(|(a, term)| *a = T::from_f64(term / total));
    columns.exponent[example] = 0;
    true
}

/// Fills one example's δ = p − y and gives its loss, as [`super::categorical::categorical`] does;
/// nothing where that takes more than mantissas and the column's exponent.
pub(super) fn cross_entropy<T: Real>(
    output: &mut LayerTrace<T>,
    example: usize,
    target: &Array2<T>,
) -> Option<Scaled> {
    let PlainSoftmax { top, gaps, terms, rest } = PlainSoftmax::of(&output.z, example)?;
    let (target, total) = (target.column(example), rest + 1.0);
    let beside = rest / total;
    let delta = |(i, term): (usize, &f64)| {
        let y = target[i].to_f64();
        // Where p rounds towards 1: p − y = (1 − y) − (1 − p) keeps the digits.
        if i == top && beside < 0.5 { (1.0 - y) - beside } else { term / total - y }
    };
    let mut deltas: SmallVec<[f64; 16]> = terms.iter().enumerate().map(delta).collect();
    let exponents = deltas.iter().filter(|&&delta| delta != 0.0).map(|&delta| exponent_of(delta));
    let exponent = exponents.max().unwrap_or(0);
    let factor = ldexp(1.0, -exponent);
    deltas.iter_mut().for_each(|delta| *delta *= factor);
    let least = smallest::<T>().to_f64();
    if deltas.iter().any(|&delta| delta != 0.0 && delta.abs() < least) {
        return None;
    }
    let columns = output.delta.columns_mut();
    let column = columns.mantissa.column_mut(example);
    column.into_iter().zip(deltas).for_each(|(to, delta)| *to = T::from_f64(delta));
    columns.exponent[example] = exponent;
    let ln_total = ln_1_plus(rest.into());
    let chosen = target.iter().zip(gaps).filter(|(y, _)| **y != T::ZERO);
    let term = |(y, gap): (&T, f64)| (ln_total - Scaled::from(gap)) * y.to_f64();
    Some(chosen.map(term).sum())
}
