//! A dense op and an activation side by side, done in one go over each share of the rows.

use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{Real, ScaledColumns, Signal, stays_plain};
use crate::engine::op::activation::{
    activate, is_whole, least_for, tail_from, times_slope_with_care,
};
use crate::engine::op::dense::Dense;
use crate::engine::op::extent::{Extent, multiply_and_renormalize};
use crate::engine::op::recover::floor;
use crate::engine::pass::LayerTrace;
use crate::engine::rows::{Executor, Rows, shares, work_of_product};
use crate::experiment::Activation;

/// z = W a + b and a = φ(z), z, a and φ′ of one layer's trace, from the layer below's a.
pub(super) fn forward<T: Real>(
    (dense, activation): (&Dense<T>, Activation),
    input: &Signal<T>,
    trace: &mut LayerTrace<T>,
    executor: &impl Executor,
) {
    let plain = input.is_plain();
    trace.z.clear_underflowed();
    trace.a.clear_underflowed();
    let done = forward_in_shares(dense, activation, input.columns(), plain, trace, executor);
    trace.z.columns_mut().exponent.copy_from_slice(&input.columns().exponent);
    if done {
        trace.a.columns_mut().exponent.fill(0);
    } else {
        dense.finish_forward(input, plain, &mut trace.z);
        activate(activation, trace);
    }
}

/// W a, and with a `plain` input, whose numbers are its mantissas, also b, φ and φ′. Whether
/// that is all: no z is so large or small that its column needs an exponent of its own, and
/// no z or a so small that digits of it may be lost. Where it is not, z is there, with b
/// where the input is plain, and a and φ′ are still to be made.
fn forward_in_shares<T: Real>(
    dense: &Dense<T>,
    activation: Activation,
    input: &ScaledColumns<T>,
    plain: bool,
    trace: &mut LayerTrace<T>,
    executor: &impl Executor,
) -> bool {
    let batch = input.batch();
    let (z, a) = (trace.z.columns_mut().entries_mut(), trace.a.columns_mut().entries_mut());
    let slope = trace.slope.as_slice_mut().expect(STANDARD);
    let work = |rows: Rows<'_, T, 3>| {
        let [z, a, slope] = rows.entries;
        let (range, activated) = if batch == 1 && plain {
            let dense = dense.rows(rows.range);
            let out = [&mut *z, &mut *a, &mut *slope];
            (Some(kernels::forward_one(dense, activation, input.entries(), out)), true)
        } else {
            dense.forward_rows(rows.range, &input.mantissa, plain, z);
            (plain.then(|| kernels::range(z)), false)
        };
        let Some([least, top]) = range.filter(|range| stays_plain(*range, z, batch)) else {
            return false;
        };
        if least < floor::<T>(dense.scale) * least_for(activation) {
            return false;
        }
        if !activated {
            kernels::activate(activation, z, a, slope);
        }
        top.to_f64() < tail_from::<T>(activation) || is_whole(activation, a)
    };
    let shares = shares(executor, work_of_product(dense.unit.len(), batch));
    let rows = Rows::all([z, a, slope], dense.unit.nrows());
    rows.share(executor, shares, &work, &|first, second| first && second)
}

/// δ^(l−1) = (W^(l)ᵀ δ^(l)) ⊙ φ′(z^(l−1)); `dense` and `above` are layer l's, `activation` and
/// `below` belong to layer l − 1.
pub(super) fn backward<T: Real>(
    (dense, above): (&Dense<T>, &Signal<T>),
    activation: Activation,
    below: &mut LayerTrace<T>,
    executor: &impl Executor,
) {
    let extent = send_back(dense, above, activation, below, executor);
    below.delta.columns_mut().exponent.copy_from_slice(&above.columns().exponent);
    below.delta.clear_underflowed();
    // A column of zeros stays one.
    let is_zero = |example: usize| above.largest(example).is_none();
    // The terms of u are summed before they are scaled.
    let guard = dense.scale.to_f64().abs().max(1.0);
    let plain = above.underflowed().is_empty();
    if !plain || !multiply_and_renormalize(below, extent, guard, is_zero) {
        dense.recover_backward(above, &mut below.delta);
        times_slope_with_care(activation, below);
    }
}

/// u = W^(l)ᵀ δ^(l), left in the δ of the layer below.
fn send_back<T: Real>(
    dense: &Dense<T>,
    above: &Signal<T>,
    activation: Activation,
    below: &mut LayerTrace<T>,
    executor: &impl Executor,
) -> Extent<T> {
    let batch = above.batch();
    let LayerTrace { slope, delta, .. } = below;
    let u = &mut delta.columns_mut().mantissa;
    let units = u.nrows();
    let u = u.as_slice_mut().expect(STANDARD);
    let slope = slope.as_slice().expect(STANDARD);
    let work = |rows: Rows<'_, T, 1>| {
        let ([u], range) = (rows.entries, rows.range);
        let slope = &slope[range.start * batch..range.end * batch];
        if batch == 1 {
            let w = (&dense.entries()[range.start..], dense.inputs());
            let slope = (slope, activation.is_piecewise_linear());
            let delta = above.columns().entries();
            return Extent::one(kernels::backward_one(w, delta, dense.scale, slope, u));
        }
        dense.backward_rows(range, &above.columns().mantissa, u);
        Extent::of(activation, u, slope, batch)
    };
    let shares = shares(executor, work_of_product(dense.unit.len(), batch));
    Rows::all([u], units).share(executor, shares, &work, &Extent::together)
}
