//! The ops as a narrow format computes them: every result is stored in the format.

use ndarray::Array2;

use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::Format;
use crate::engine::op::{Dense, Op};
use crate::engine::pass::LayerTrace;
use crate::experiment::Activation;

impl Op<f64> {
    /// z of the a below, n_{l−1} × B, or a and φ′ of z, as the format stores them.
    pub(crate) fn forward_stored(
        &self,
        format: Format,
        input: &Array2<f32>,
        trace: &mut LayerTrace<f32>,
    ) {
        match self {
            Self::Dense(dense) => {
                let z = &mut trace.z.columns_mut().mantissa;
                kernels::product(&weight(dense, format).view(), input, 1.0, z);
                for (unit, mut row) in z.rows_mut().into_iter().enumerate() {
                    let bias = dense.bias.as_ref().map_or(0.0, |bias| format.round(bias[unit]));
                    row.mapv_inplace(|z| format.store(z + bias as f32));
                }
            }
            Self::Activation(activation) => activate(*activation, format, trace),
        }
    }

    /// δ on its way back to a layer, left in its trace: u = Wᵀδ of the δ `above`, n_{l+1} × B, or
    /// u ⊙ φ′ of the u that is there, as the format stores them.
    pub(crate) fn backward_stored(
        &self,
        format: Format,
        above: &Array2<f32>,
        trace: &mut LayerTrace<f32>,
    ) {
        match self {
            Self::Dense(dense) => {
                let u = &mut trace.delta.columns_mut().mantissa;
                kernels::product_transposed(&weight(dense, format).view(), above, 1.0, u);
                u.mapv_inplace(|u| format.store(u));
            }
            Self::Activation(activation) => times_slope_stored(*activation, format, trace),
        }
    }
}

/// W as the format stores it.
fn weight(dense: &Dense<f64>, format: Format) -> Array2<f32> {
    dense.unit.mapv(|unit| format.round(unit * dense.scale) as f32)
}

/// a and φ′, computed in `f32`. What is no number stays none, where a comparison would make it 0.
fn activate(activation: Activation, format: Format, trace: &mut LayerTrace<f32>) {
    let LayerTrace { z, a, slope, .. } = trace;
    let (z, a) = (z.columns().entries(), a.columns_mut().entries_mut());
    let slope = slope.as_slice_mut().expect(STANDARD);
    kernels::activate(activation, z, a, slope);
    for (index, _) in z.iter().enumerate().filter(|(_, z)| z.is_nan()) {
        (a[index], slope[index]) = (f32::NAN, f32::NAN);
    }
    a.iter_mut().for_each(|a| *a = format.store(*a));
    if let Some(slope_of_stored) = activation.slope_of_value() {
        slope.iter_mut().zip(a).for_each(|(slope, a)| *slope = slope_of_stored(*a));
    }
}

/// δ ← u ⊙ φ′ as the format stores it. ReLU picks 0 where its slope is, whatever u; elsewhere an
/// infinite u times 0 is no number.
pub(crate) fn times_slope_stored(
    activation: Activation,
    format: Format,
    trace: &mut LayerTrace<f32>,
) {
    let picks = activation.switches_off();
    trace.delta.columns_mut().mantissa.zip_mut_with(&trace.slope, |u, &slope| {
        *u = if slope == 0.0 && picks { 0.0 } else { format.store(*u * slope) };
    });
}
