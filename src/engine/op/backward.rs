//! The backward pass: BP1 and BP2, with δ renormalized at every layer.

use smallvec::{SmallVec, smallvec};

use crate::engine::kernels;
use crate::engine::network::Layer;
use crate::engine::number::{Entry, Real, ScaledColumns, Signal, exponent_of, ldexp, of_example};
use crate::engine::op::recover::Product;
use crate::engine::op::scaled_activation;
use crate::engine::pass::LayerTrace;
use crate::engine::rows::{Crew, Rows, shares};
use crate::experiment::Activation;

/// δ^(l−1) = (W^(l)ᵀ δ^(l)) ⊙ φ′(z^(l−1)); `layer` and `above` are layer l's, `activation` and
/// `below` belong to layer l − 1.
pub(crate) fn pull_back<T: Real>(
    layer: &Layer<T>,
    above: &Signal<T>,
    activation: Activation,
    below: &mut LayerTrace<T>,
    crew: &impl Crew,
) {
    let extent = send_back(layer, above, activation, below, crew);
    below.delta.columns_mut().exponent.copy_from_slice(&above.columns().exponent);
    below.delta.clear_underflowed();
    // A column of zeros stays one.
    let is_zero = |example: usize| above.largest(example).is_none();
    // The terms of u are summed before they are scaled.
    let guard = layer.scale.to_f64().abs().max(1.0);
    if above.underflowed().is_empty() && multiply_and_renormalize(below, extent, guard, is_zero) {
        return;
    }
    recover(layer, above, &mut below.delta);
    times_slope_with_care(activation, below);
}

/// u = W^(l)ᵀ δ^(l), left in the δ of the layer below.
fn send_back<T: Real>(
    layer: &Layer<T>,
    above: &Signal<T>,
    activation: Activation,
    below: &mut LayerTrace<T>,
    crew: &impl Crew,
) -> Extent<T> {
    let batch = above.batch();
    let LayerTrace { slope, delta, .. } = below;
    let u = &mut delta.columns_mut().mantissa;
    let units = u.nrows();
    let (Some(u), Some(slope)) = (u.as_slice_mut(), slope.as_slice()) else {
        return Extent::unknown();
    };
    let work = |rows: Rows<'_, T, 1>| {
        let ([u], range) = (rows.entries, rows.range);
        let (w, delta) = (layer.unit.view(), &above.columns().mantissa);
        kernels::product_transposed_rows(&w, range.clone(), delta, layer.scale, u);
        let slope = &slope[range.start * batch..range.end * batch];
        Extent::of(activation, u, slope, batch)
    };
    let shares = shares(crew, layer.unit.len() * batch);
    Rows::all([u], units).share(crew, shares, &work, &Extent::together)
}

/// How large and how small u ⊙ φ′(z) gets, column by column.
struct Extent<T> {
    /// The largest magnitude.
    tops: SmallVec<[T; 1]>,
    /// The smallest |u|, |φ′(z)| and |u φ′(z)|, but for slopes that may be 0 and are.
    least: SmallVec<[T; 1]>,
}

impl<T: Real> Extent<T> {
    /// Of what needs care.
    fn unknown() -> Self {
        Self { tops: SmallVec::new(), least: SmallVec::new() }
    }

    fn of(activation: Activation, u: &[T], slope: &[T], batch: usize) -> Self {
        let (mut tops, mut least) = (smallvec![T::ZERO; batch], smallvec![T::ZERO; batch]);
        let may_be = activation.is_piecewise_linear();
        kernels::product_extremes(u, slope, may_be, &mut tops, &mut least);
        Self { tops, least }
    }

    fn together(mut self, other: Self) -> Self {
        for (top, other) in self.tops.iter_mut().zip(other.tops) {
            *top = if other > *top { other } else { *top };
        }
        for (least, other) in self.least.iter_mut().zip(other.least) {
            *least = if other < *least { other } else { *least };
        }
        self
    }

    /// The exponent that each column gives up; nothing where a number would lose digits before
    /// or after, unless its column `is_zero`. `guard` are the smallest numbers that u itself has
    /// with all digits.
    fn shifts(&self, guard: f64, is_zero: impl Fn(usize) -> bool) -> Option<SmallVec<[i64; 1]>> {
        let shift = |(b, (&top, &least)): (usize, (&T, &T))| {
            let shift = shift_of(top);
            let kept =
                shift.abs() < -T::SMALLEST_EXPONENT && least.to_f64() >= guard * floor::<T>(shift);
            (kept || is_zero(b)).then_some(shift)
        };
        self.tops.iter().zip(&self.least).enumerate().map(shift).collect()
    }
}

/// What a number must reach so that it is normal, and is so still when its column has given up
/// this exponent.
fn floor<T: Real>(shift: i64) -> f64 {
    ldexp(1.0, T::SMALLEST_EXPONENT + shift.max(0))
}

/// δ ← u ⊙ φ′(z), renormalized; or nothing and `false` where an entry would lose digits. Of
/// zeros only those count as true that are in a column which `is_zero`.
fn multiply_and_renormalize<T: Real>(
    trace: &mut LayerTrace<T>,
    extent: Extent<T>,
    guard: f64,
    is_zero: impl Fn(usize) -> bool,
) -> bool {
    let LayerTrace { slope, delta, .. } = trace;
    let ScaledColumns { mantissa: u, exponent } = delta.columns_mut();
    let (Some(u), Some(slope)) = (u.as_slice_mut(), slope.as_slice()) else { return false };
    let Some(shifts) =
        extent.shifts(guard, is_zero).filter(|shifts| shifts.len() == exponent.len())
    else {
        return false;
    };
    let mut factors = extent.tops;
    for ((factor, exponent), shift) in factors.iter_mut().zip(exponent).zip(shifts) {
        *exponent += shift;
        *factor = T::from_f64(ldexp(1.0, -shift));
    }
    kernels::multiply_columns(u, slope, &factors);
    true
}

/// Puts back what u = Wᵀδ lost, because the weights are 0 or tiny for all but the smallest δ.
pub(crate) fn recover<T: Real>(layer: &Layer<T>, above: &Signal<T>, u: &mut Signal<T>) {
    let row = |unit| layer.unit.column(unit);
    let product = Product { row, scale: layer.scale, x: above };
    if product.is_whole(u.columns().entries()) {
        return;
    }
    for example in 0..u.batch() {
        let column = u.columns().mantissa.column(example);
        if let Some(exact) = product.recovered(&column, example, None) {
            u.set_column(example, &exact);
        }
    }
}

/// δ ← u ⊙ φ′(z), where the trace's δ holds u; each column renormalized.
pub(crate) fn times_slope<T: Real>(activation: Activation, trace: &mut LayerTrace<T>) {
    if trace.delta.underflowed().is_empty()
        && let (Some(u), Some(slope)) =
            (trace.delta.columns().mantissa.as_slice(), trace.slope.as_slice())
    {
        let extent = Extent::of(activation, u, slope, trace.delta.batch());
        if multiply_and_renormalize(trace, extent, 1.0, |_| false) {
            return;
        }
    }
    times_slope_with_care(activation, trace);
}

/// The same where entries may be zero, lost, or so small that they lose digits.
fn times_slope_with_care<T: Real>(activation: Activation, trace: &mut LayerTrace<T>) {
    let lost = trace.delta.take_underflowed();
    for b in 0..trace.delta.batch() {
        let lost = of_example(&lost, b);
        if !lost.is_empty() || loses_digits(activation, trace, b) {
            multiply_scaled(activation, trace, b, lost);
        } else {
            let slope = trace.slope.column(b);
            let mut delta = trace.delta.columns_mut().mantissa.column_mut(b);
            delta.iter_mut().zip(slope).for_each(|(u, &slope)| *u = *u * slope);
        }
    }
    renormalize(trace.delta.columns_mut());
}

/// Whether an entry of the column loses digits below the smallest number: its slope, its product
/// with it, or what is left of that beside the column's largest.
fn loses_digits<T: Real>(activation: Activation, trace: &LayerTrace<T>, example: usize) -> bool {
    let delta = trace.delta.columns().mantissa.column(example);
    let slope = trace.slope.column(example);
    let pairs = || delta.iter().zip(&slope).map(|(&u, &slope)| (u, slope));
    let larger = |top: T, product: T| if product.abs() > top { product.abs() } else { top };
    let top = pairs().fold(T::ZERO, |top, (u, slope)| larger(top, u * slope));
    let floor = floor::<T>(shift_of(top));
    pairs().any(|(u, slope)| {
        let is_zero = u == T::ZERO || activation.is_piecewise_linear() && slope == T::ZERO;
        let least = (u * slope).abs().to_f64().min(slope.abs().to_f64());
        !is_zero && least < floor
    })
}

/// δ_j = u_j φ′(z_j) with exponents of their own, for columns in which the plain product
/// underflows or entries of u were `lost`.
fn multiply_scaled<T: Real>(
    activation: Activation,
    trace: &mut LayerTrace<T>,
    example: usize,
    lost: &[Entry],
) {
    let mut exact = trace.delta.columns().column(example);
    lost.iter().for_each(|entry| exact[entry.unit] = entry.value);
    for (unit, u) in exact.iter_mut().enumerate() {
        *u *= scaled_activation::slope(activation, trace.z.entry(unit, example));
    }
    trace.delta.set_column(example, &exact);
}

/// Brings each column's largest |δ_j| into [½, 1); a power of two moves into the exponent.
fn renormalize<T: Real>(delta: &mut ScaledColumns<T>) {
    let Some(entries) = delta.mantissa.as_slice_mut() else { return };
    if let [exponent] = &mut delta.exponent[..] {
        let shift = shift_of(kernels::largest(entries));
        *exponent += shift;
        scale_by(entries, &[shift]);
        return;
    }
    let mut tops = vec![T::ZERO; delta.exponent.len()];
    kernels::column_tops(entries, &mut tops);
    let shifts: Vec<i64> = tops.into_iter().map(shift_of).collect();
    delta.exponent.iter_mut().zip(&shifts).for_each(|(exponent, shift)| *exponent += shift);
    scale_by(entries, &shifts);
}

/// The exponent that a column gives up; none where it is all zero.
fn shift_of<T: Real>(top: T) -> i64 {
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
