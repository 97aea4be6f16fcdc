//! A plain pass as a narrow format computes it: nothing is scaled and nothing rescued.
//!
//! Every stored tensor (x, y, W, b, z, a, φ′, δ) is rounded to the format; products are
//! accumulated in `f32`, bias and slope included, before they are stored. This is what matrix
//! units do with fp16 and bf16 (Micikevicius et al., *Mixed Precision Training*, 2018).

use ndarray::Array2;

use crate::experiment::{Activation, Loss};

use super::forward::LayerTrace;
use super::loss::output_gradient;
use super::network::{BuildStopped, Layer, Network, Pass};
use super::scaled::ldexp;
use super::softmax::LogSoftmax;
use super::{Columns, Format, Real, Scaled, kernels};

/// What a format keeps of one layer's δ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredDelta {
    /// Entries, n_l × B.
    pub total: u64,
    /// Entries that are stored as 0, whatever the reason.
    pub zeros: u64,
    /// Entries that are infinite or no number.
    pub not_finite: u64,
    /// The norm of what is stored, over the loss scale, computed exactly: the root mean square
    /// over the batch of each example's own norm. Nothing where an entry is not finite.
    pub norm: Option<Scaled>,
    /// The norm as plain code in the format finds it, loss scale included: each square is
    /// stored, and so are their sum and its root. The root mean square over the batch.
    pub plain_norm: f64,
}

impl Network<f64> {
    /// The forward pass in a format no wider than fp32; δ is left zero.
    ///
    /// Entries that do not fit are infinite or NaN, and go on so.
    ///
    /// # Errors
    /// [`BuildStopped`] when `proceed`, asked before each layer, says stop.
    pub fn emulated_forward(
        &self,
        format: Format,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<Pass<f32>, BuildStopped> {
        let batch = self.input.batch();
        let trace = |layer: &Layer<f64>| LayerTrace::zeros(layer.unit.nrows(), batch);
        let layers = self.layers.iter().map(trace).collect();
        let mut pass =
            Pass { input: stored(&self.input, format).into(), layers, loss: Scaled::ZERO };
        for (index, layer) in self.layers.iter().enumerate() {
            if !proceed() {
                return Err(BuildStopped);
            }
            let (before, from) = pass.layers.split_at_mut(index);
            let input = before.last().map_or(&pass.input, |before| &before.a);
            forward(layer, &input.columns().mantissa, format, &mut from[0]);
        }
        if let (Loss::SoftmaxCe, Some(output)) = (self.loss, pass.layers.last_mut()) {
            softmax(output, format);
        }
        Ok(pass)
    }

    /// The backward pass in the same format; the loss is multiplied by 2^`power` before δ^(L)
    /// is stored. The columns' exponents take that factor back. The loss of what is stored is left
    /// in the pass, 0 where it is not finite.
    ///
    /// # Errors
    /// [`BuildStopped`] when `proceed`, asked before each layer, says stop.
    pub fn emulated_backward(
        &self,
        format: Format,
        power: i64,
        pass: &mut Pass<f32>,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<(), BuildStopped> {
        for index in (0..self.layers.len()).rev() {
            if !proceed() {
                return Err(BuildStopped);
            }
            let (until, from) = pass.layers.split_at_mut(index + 1);
            let trace = &mut until[index];
            if from.is_empty() && trace.is_finite() {
                let mut output = trace.clone();
                let target = stored(&self.target, format);
                // The error is that of the outputs as they are stored, whatever made them.
                let made_by = Activation::Linear;
                let loss = output_gradient(self.loss, made_by, &mut output, &target);
                // A target may not fit either, or the error.
                pass.loss = if loss.mantissa().is_finite() { loss } else { Scaled::ZERO };
            }
            trace.delta.columns_mut().exponent.fill(-power);
            match from.first() {
                None => self.emulated_output(format, power, trace),
                Some(above) => {
                    let weight = weight(&self.layers[index + 1], format);
                    let above = &above.delta.columns().mantissa;
                    let delta = &mut trace.delta.columns_mut().mantissa;
                    kernels::product_transposed(&weight.view(), above, 1.0, delta);
                    delta.zip_mut_with(&trace.slope, |u, &slope| *u = store(format, *u * slope));
                }
            }
        }
        Ok(())
    }

    /// δ^(L), scaled before it is stored.
    fn emulated_output(&self, format: Format, power: i64, trace: &mut LayerTrace<f32>) {
        let target = stored(&self.target, format).mantissa;
        let factor = ldexp(1.0, power);
        let LayerTrace { a, slope, delta, .. } = trace;
        for (index, delta) in delta.columns_mut().mantissa.indexed_iter_mut() {
            let error = a.columns().mantissa[index] - target[index];
            let product = if self.loss.cancels_slope() { error } else { error * slope[index] };
            *delta = format.round(f64::from(product) * factor) as f32;
        }
    }
}

/// The number as the format stores it, which `f32` holds exactly.
fn store(format: Format, number: f32) -> f32 {
    format.round(f64::from(number)) as f32
}

/// Plain numbers as the format stores them.
fn stored(columns: &Columns<f64>, format: Format) -> Columns<f32> {
    let mantissa = columns.mantissa.mapv(|entry| format.round(entry) as f32);
    Columns { mantissa, exponent: vec![0; columns.batch()] }
}

/// W as the format stores it.
fn weight(layer: &Layer<f64>, format: Format) -> Array2<f32> {
    layer.unit.mapv(|unit| format.round(unit * layer.scale) as f32)
}

fn forward(layer: &Layer<f64>, input: &Array2<f32>, format: Format, trace: &mut LayerTrace<f32>) {
    let z = &mut trace.z.columns_mut().mantissa;
    kernels::product(&weight(layer, format).view(), input, 1.0, z);
    for (unit, mut row) in z.rows_mut().into_iter().enumerate() {
        let bias = layer.bias.as_ref().map_or(0.0, |bias| format.round(bias[unit]) as f32);
        row.mapv_inplace(|z| store(format, z + bias));
    }
    activate(layer.activation, trace);
    trace.a.columns_mut().mantissa.mapv_inplace(|a| store(format, a));
    trace.slope.mapv_inplace(|slope| store(format, slope));
}

/// a and φ′ in `f32`. What is no number stays none, where a comparison would make it 0.
fn activate(activation: Activation, trace: &mut LayerTrace<f32>) {
    let LayerTrace { z, a, slope, .. } = trace;
    let (Some(z), Some(a), Some(slope)) = (
        z.columns().mantissa.as_slice(),
        a.columns_mut().mantissa.as_slice_mut(),
        slope.as_slice_mut(),
    ) else {
        return;
    };
    f32::activate(activation, z, a, slope);
    for (index, _) in z.iter().enumerate().filter(|(_, z)| z.is_nan()) {
        (a[index], slope[index]) = (f32::NAN, f32::NAN);
    }
}

/// a^(L) = softmax(z), example by example.
fn softmax(output: &mut LayerTrace<f32>, format: Format) {
    for b in 0..output.z.batch() {
        let finite = output.z.columns().mantissa.column(b).iter().all(|z| z.is_finite());
        let mut column = output.a.columns_mut().mantissa.column_mut(b);
        if !finite {
            column.fill(f32::NAN);
            continue;
        }
        let softmax = LogSoftmax::of(&output.z.column(b));
        for (a, p) in column.iter_mut().zip(softmax.probabilities()) {
            *a = format.round(p.to_f64()) as f32;
        }
    }
}

impl LayerTrace<f32> {
    /// What the format keeps of this layer's δ after an emulated backward pass.
    pub fn stored_delta(&self, format: Format) -> StoredDelta {
        let entries = || self.delta.columns().mantissa.iter();
        let not_finite = entries().filter(|delta| !delta.is_finite()).count() as u64;
        StoredDelta {
            total: entries().len() as u64,
            zeros: entries().filter(|delta| **delta == 0.0).count() as u64,
            not_finite,
            norm: (not_finite == 0).then(|| self.delta.rms_norm()),
            plain_norm: plain_norm(&self.delta.columns().mantissa, format),
        }
    }

    /// Whether every z, a and φ′ is finite.
    pub fn is_finite(&self) -> bool {
        let finite = |tensor: &Array2<f32>| tensor.iter().all(|entry| entry.is_finite());
        finite(&self.z.columns().mantissa)
            && finite(&self.a.columns().mantissa)
            && finite(&self.slope)
    }
}

fn plain_norm(delta: &Array2<f32>, format: Format) -> f64 {
    let norm = |example: ndarray::ArrayView1<'_, f32>| {
        let squares = example.iter().map(|&delta| store(format, delta * delta));
        store(format, store(format, squares.sum::<f32>()).sqrt())
    };
    let squares = delta.columns().into_iter().map(|example| f64::from(norm(example)).powi(2));
    (squares.sum::<f64>() / delta.ncols() as f64).sqrt()
}
