//! a = φ(z), and δ = u ⊙ φ′(z) on its way back, for signals of any size.

use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{Entry, Real, ScaledColumns, Signal, clamped, of_example, smallest};
use crate::engine::op::extent::{Extent, floor, multiply_and_renormalize, renormalize, shift_of};
use crate::engine::op::scaled_activation;
use crate::engine::pass::LayerTrace;
use crate::experiment::Activation;
use ndarray::Array2;

/// a and φ′ of the whole layer whose last op is φ. Entries whose z or a plain arithmetic cannot hold are done
/// one at a time; they are the far corners of exploding and vanishing passes.
pub(crate) fn activate<T: Real>(activation: Activation, trace: &mut LayerTrace<T>) {
    let LayerTrace { z, a, slope, chain, .. } = trace;
    let from = chain.as_ref().and_then(|chain| chain.activated_signal());
    activate_signal(activation, from.unwrap_or(z), a, slope);
}

/// [`activate`] of any signal z; without φ′ where that has no memory, 0 × 0 of straight lines.
pub(super) fn activate_signal<T: Real>(
    activation: Activation,
    z: &Signal<T>,
    a: &mut Signal<T>,
    slope: &mut Array2<T>,
) {
    let plain_slope = slope.as_slice_mut().expect(STANDARD);
    let (from, to) = (z.columns().entries(), a.columns_mut().entries_mut());
    kernels::activate(activation, from, to, plain_slope);
    a.clear_underflowed();
    a.columns_mut().exponent.copy_from_slice(&z.columns().exponent);
    let whole = is_whole(activation, a.columns().entries());
    if whole && z.is_plain() {
        return;
    }
    for example in 0..z.batch() {
        let units = uncertain_units(activation, z, a.columns(), example);
        if units.is_empty() {
            a.settle(example);
            continue;
        }
        let mut exact = a.columns().column(example);
        for unit in units {
            let z = z.entry(unit, example);
            exact[unit] = scaled_activation::value(activation, z);
            if let Some(slope) = slope.get_mut([unit, example]) {
                *slope = T::from_f64(activation.derivative(clamped(z)));
            }
        }
        a.set_settled(example, &exact);
    }
}

/// The units of one example whose φ(z) the mantissas of `a`, made from those of z, do not
/// have with all digits.
fn uncertain_units<T: Real>(
    activation: Activation,
    z: &Signal<T>,
    a: &ScaledColumns<T>,
    example: usize,
) -> Vec<usize> {
    let units = 0..z.units();
    let small = |&unit: &usize| a.mantissa[[unit, example]].abs() < smallest();
    match activation.lines() {
        // With slopes of 0 and 1 they have what z's have.
        Some((0.0 | 1.0, 1.0)) => {
            z.underflowed_of(example).iter().map(|entry| entry.unit).collect()
        }
        _ if z.columns().exponent[example] != 0 => units.collect(),
        _ => units.filter(small).collect(),
    }
}

/// Whether no a lost digits below the smallest number. A ReLU passes z on as it is.
pub(super) fn is_whole<T: Real>(activation: Activation, a: &[T]) -> bool {
    activation.switches_off() || kernels::none_below(a, smallest())
}

/// How many times the smallest number |z| must be so that |φ(z)| near 0 is above it.
pub(super) fn least_for<T: Real>(activation: Activation) -> T {
    let (left, right) = activation.slopes_at_origin().unwrap_or((1.0, 1.0));
    let least = if left == 0.0 { right } else { left.min(right) };
    // The next power of two above 1/least, so that rounding has room.
    T::from_f64(if least < 1.0 { (-least.log2()).floor().exp2() * 2.0 } else { 1.0 })
}

/// From which |z| on φ(z) may fall below the smallest number.
pub(super) fn tail_from<T: Real>(activation: Activation) -> f64 {
    let ln_smallest = T::SMALLEST_EXPONENT as f64 * std::f64::consts::LN_2;
    activation.tail_from(ln_smallest)
}

/// δ ← u ⊙ φ′, where the trace's δ holds u; each column renormalized.
pub(crate) fn times_slope<T: Real>(activation: Activation, trace: &mut LayerTrace<T>) {
    if trace.delta.underflowed().is_empty() {
        let (u, slope) = (trace.delta.columns(), trace.slope.as_slice());
        let extent = Extent::of(activation, u.entries(), slope.expect(STANDARD), u.batch());
        let tops = if extent.has_zero() { u.tops() } else { Vec::new() };
        // Nothing was lost of a column that came as zeros.
        if multiply_and_renormalize(trace, extent, 1.0, |b| tops.get(b) == Some(&None)) {
            return;
        }
    }
    times_slope_with_care(activation, trace);
}

/// δ = u ⊙ φ′(z) where entries may be zero, lost, or so small that they lose digits.
pub(super) fn times_slope_with_care<T: Real>(activation: Activation, trace: &mut LayerTrace<T>) {
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
        *u *= scaled_activation::slope(activation, trace.activated().entry(unit, example));
    }
    trace.delta.set_column(example, &exact);
}
