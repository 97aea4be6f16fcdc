//! The backward pass: BP1 and BP2, with δ renormalized at every layer.

use crate::experiment::Activation;

use super::forward::{LayerTrace, largest, rescale};
use super::kernels;
use super::loss::output_gradient;
use super::network::{Network, Pass};
use super::scaled::ldexp;
use super::{Columns, Real, Scaled};

impl<T: Real> Network<T> {
    /// BP1 and BP2: fills δ of every layer, and the loss.
    ///
    /// δ^(L) = ∇ₐL ⊙ φ′(z^(L)) and δ^(l) = (W^(l+1)ᵀ δ^(l+1)) ⊙ φ′(z^(l)), for each example
    /// of the batch with its own loss.
    pub fn backward(&self, pass: &mut Pass<T>) {
        let Some(last) = pass.layers.last() else { return };
        let (error, loss) = output_gradient(self.loss, &last.a, &self.target);
        pass.loss = loss;
        let mut error = Some(error);
        for index in (0..self.layers.len()).rev() {
            let (until, from) = pass.layers.split_at_mut(index + 1);
            let Some(trace) = until.last_mut() else { return };
            match from.first() {
                Some(next) => self.pull_back(index + 1, &next.delta, &mut trace.delta),
                None => trace.delta = error.take().unwrap_or_else(|| Columns::zeros(0, 0)),
            }
            times_slope(self.layers[index].activation, trace);
        }
    }

    /// u = W^(l)ᵀ δ^(l); `index` = l − 1 counts from 0.
    fn pull_back(&self, index: usize, delta: &Columns<T>, out: &mut Columns<T>) {
        let layer = &self.layers[index];
        kernels::product_transposed(
            layer.unit.view(),
            &delta.mantissa,
            layer.scale,
            &mut out.mantissa,
        );
        out.exponent.copy_from_slice(&delta.exponent);
    }
}

/// δ ← u ⊙ φ′(z), where the trace's δ holds u; each column renormalized.
pub(super) fn times_slope<T: Real>(activation: Activation, trace: &mut LayerTrace<T>) {
    trace.faint.clear();
    for b in 0..trace.delta.batch() {
        if !activation.is_piecewise_linear() && underflows(trace, b) {
            multiply_in_logarithms(activation, trace, b);
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

/// δ_j = sign · e^(ln|u_j| + ln|φ′(z_j)|), for columns in which the plain product underflows.
/// What is too small beside the column's largest entry is kept apart, in full.
fn multiply_in_logarithms<T: Real>(
    activation: Activation,
    trace: &mut LayerTrace<T>,
    example: usize,
) {
    let exact: Vec<Scaled> = (0..trace.delta.units())
        .map(|unit| exact_product(activation, trace, unit, example))
        .collect();
    let top = exact.iter().filter(|d| !d.is_zero()).map(|d| d.exponent()).max().unwrap_or(0);
    for (unit, &delta) in exact.iter().enumerate() {
        let mantissa = T::from_f64(ldexp(delta.mantissa(), delta.exponent() - top));
        trace.delta.mantissa[[unit, example]] = mantissa;
        if mantissa == T::ZERO && !delta.is_zero() {
            trace.faint.push((unit, example, delta));
        }
    }
    trace.delta.exponent[example] = top;
}

fn exact_product<T: Real>(
    activation: Activation,
    trace: &LayerTrace<T>,
    unit: usize,
    example: usize,
) -> Scaled {
    let u = trace.delta.mantissa[[unit, example]].to_f64();
    let z = trace.true_z(unit, example);
    let magnitude = Scaled::from_ln(activation.ln_derivative(z));
    let sign = 1_f64.copysign(activation.derivative(z));
    Scaled::new(u * sign, trace.delta.exponent[example]).times(magnitude)
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
