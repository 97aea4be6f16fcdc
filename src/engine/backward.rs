//! The backward pass: BP1 and BP2, with δ renormalized at every layer.

use crate::experiment::Activation;

use super::forward::{LayerTrace, largest, rescale};
use super::kernels;
use super::loss::output_gradient;
use super::network::{Layer, Network, Pass};
use super::scaled::{Faint, ldexp};
use super::{Columns, Real, Scaled};

impl<T: Real> Network<T> {
    /// BP1 and BP2: fills δ of every layer, and the loss.
    ///
    /// δ^(L) = ∇ₐL ⊙ φ′(z^(L)) and δ^(l) = (W^(l+1)ᵀ δ^(l+1)) ⊙ φ′(z^(l)), for each example
    /// of the batch with its own loss. With a cross-entropy δ^(L) = a^(L) − y outright.
    pub fn backward(&self, pass: &mut Pass<T>) {
        let Some(last) = pass.layers.last_mut() else { return };
        let output = output_gradient(self.loss, last, &self.target);
        pass.loss = output.loss;
        (last.delta, last.faint) = (output.error, output.faint);
        for index in (0..self.layers.len()).rev() {
            let (until, from) = pass.layers.split_at_mut(index + 1);
            let Some(trace) = until.last_mut() else { return };
            if let Some(next) = from.first() {
                pull_back(&self.layers[index + 1], next, trace);
            }
            if from.is_empty() && self.loss.cancels_slope() {
                continue;
            }
            times_slope(self.layers[index].activation, trace);
        }
    }
}

/// u = W^(l)ᵀ δ^(l), left in the δ of the layer below; `layer` and `next` are layer l.
fn pull_back<T: Real>(layer: &Layer<T>, next: &LayerTrace<T>, below: &mut LayerTrace<T>) {
    let out = &mut below.delta;
    kernels::product_transposed(
        &layer.unit.view(),
        &next.delta.mantissa,
        layer.scale,
        &mut out.mantissa,
    );
    out.exponent.copy_from_slice(&next.delta.exponent);
    below.faint.clear();
    for faint in next.faint.chunk_by(|one, other| one.example == other.example) {
        recover(layer, faint, below);
    }
}

/// Where u of an example is 0 because its weights are 0 for all but the entries that δ's
/// mantissas lost, adds those up in full: the path is there, however faint.
fn recover<T: Real>(layer: &Layer<T>, lost: &[Faint], below: &mut LayerTrace<T>) {
    let Some(example) = lost.first().map(|faint| faint.example) else { return };
    for unit in 0..below.delta.units() {
        if below.delta.mantissa[[unit, example]] != T::ZERO {
            continue;
        }
        let value = lost.iter().fold(Scaled::ZERO, |sum, faint| {
            let weight = layer.unit[[faint.unit, unit]].to_f64() * layer.scale.to_f64();
            sum.plus(Scaled::from(weight).times(faint.value))
        });
        if !value.is_zero() {
            below.faint.push(Faint { unit, example, value });
        }
    }
}

/// δ ← u ⊙ φ′(z), where the trace's δ holds u; each column renormalized.
pub(super) fn times_slope<T: Real>(activation: Activation, trace: &mut LayerTrace<T>) {
    let lost = std::mem::take(&mut trace.faint);
    for b in 0..trace.delta.batch() {
        let lost = Faint::of_example(&lost, b);
        if !lost.is_empty() || !activation.is_piecewise_linear() && underflows(trace, b) {
            multiply_in_logarithms(activation, trace, b, lost);
        } else {
            let slope = trace.slope.column(b);
            let mut delta = trace.delta.mantissa.column_mut(b);
            delta.iter_mut().zip(slope).for_each(|(u, &slope)| *u = *u * slope);
        }
        renormalize(&mut trace.delta, b);
    }
}

/// Whether a product u φ′(z) of the column would lose digits below the smallest number.
fn underflows<T: Real>(trace: &LayerTrace<T>, example: usize) -> bool {
    let smallest = T::from_f64(ldexp(1.0, T::SMALLEST_EXPONENT));
    let delta = trace.delta.mantissa.column(example);
    let slope = trace.slope.column(example);
    delta.iter().zip(slope).any(|(&u, &slope)| u != T::ZERO && (u * slope).abs() < smallest)
}

/// δ_j = sign · e^(ln|u_j| + ln|φ′(z_j)|), for columns in which the plain product underflows
/// or entries of u were `lost`.
fn multiply_in_logarithms<T: Real>(
    activation: Activation,
    trace: &mut LayerTrace<T>,
    example: usize,
    lost: &[Faint],
) {
    let units = 0..trace.delta.units();
    let mut exact: Vec<Scaled> = units.map(|unit| trace.delta.get(unit, example)).collect();
    for faint in lost {
        exact[faint.unit] = faint.value;
    }
    for (unit, u) in exact.iter_mut().enumerate() {
        *u = u.times(exact_slope(activation, trace.true_z(unit, example)));
    }
    trace.delta.fill(example, &exact, &mut trace.faint);
}

/// φ′(z) with an exponent of its own.
fn exact_slope(activation: Activation, z: f64) -> Scaled {
    let sign = Scaled::from(activation.derivative_sign(z));
    Scaled::from_ln(activation.ln_derivative(z)).times(sign)
}

/// Brings the column's largest |δ_j| into [½, 1); a power of two moves into the exponent.
fn renormalize<T: Real>(delta: &mut Columns<T>, example: usize) {
    let mut column = delta.mantissa.column_mut(example);
    let top = largest(&column);
    if top == 0.0 {
        return;
    }
    let (_, shift) = libm::frexp(top);
    rescale(&mut column, -i64::from(shift));
    delta.exponent[example] += i64::from(shift);
}
