//! Training as a narrow format computes it: nothing is scaled and nothing rescued.
//!
//! Every operation stores its result in the format: x, y, W, b, z, a, the loss scale over B,
//! ∇ₐL, u = Wᵀδ, δ, ∂W and ∂b. A product is summed in `f32`, the bias of the forward pass
//! included, and rounded once. φ′ is not stored: sigmoid and tanh have it from the stored a,
//! as a(1 − a) and 1 − a², the others from the stored z. This is what PyTorch does with
//! `float16` and `bfloat16` tensors, and matrix units with both (Micikevicius et al., *Mixed
//! Precision Training*, 2018).

use ndarray::Array2;

use crate::engine::build::BuildStopped;
use crate::engine::kernels;
use crate::engine::loss::LogSoftmax;
use crate::engine::loss::output_gradient;
use crate::engine::network::Network;
use crate::engine::number::{Format, Scaled, ScaledColumns, ldexp};
use crate::engine::op::{self, times_slope_stored};
use crate::engine::pass::{LayerTrace, Pass};
use crate::engine::rows::blocks;
use crate::experiment::{Activation, Loss};

/// What a format keeps of one layer's δ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredDelta {
    /// Entries, n_l × B.
    pub total: u64,
    /// Entries that are stored as 0, whatever the reason.
    pub zeros: u64,
    /// Entries that are infinite or no number.
    pub not_finite: u64,
    /// The norm of what is stored, times B over the loss scale, computed exactly: the root mean
    /// square over the batch of the norm of each example's own δ. Nothing where an entry is not
    /// finite.
    pub norm: Option<Scaled>,
    /// The norm as plain code in the format finds it, loss scale and 1/B included: each square
    /// is stored, and so are their sum and its root. The root mean square over the batch.
    pub plain_norm: f64,
}

/// What a format keeps of ∂W or ∂b of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredGradient {
    /// Entries.
    pub total: u64,
    /// Entries that are stored as 0, whatever the reason.
    pub zeros: u64,
    /// Entries that are infinite or no number.
    pub not_finite: u64,
    /// The Frobenius norm of what is stored, over the loss scale, computed exactly. Nothing
    /// where an entry is not finite.
    pub norm: Option<Scaled>,
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
        let mut pass = Pass::before(stored(&self.input, format).into());
        for index in 0..self.depth() {
            BuildStopped::unless(proceed())?;
            let (below, trace) = self.step(&mut pass, index);
            op::forward_stored(self.layer_ops(index), format, below, trace);
        }
        if self.loss == Loss::SoftmaxCe {
            softmax(&mut pass.layers[self.depth() - 1], format);
        }
        Ok(pass)
    }

    /// The backward pass of the mean loss in the same format: the loss is multiplied by
    /// 2^`power`, and δ of each example is that over B. The columns' exponents take the power
    /// back, and not B. The loss of what is stored is left in the pass, 0 where it is not finite.
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
        let mut output = pass.layers[self.depth() - 1].clone();
        if output.is_finite() {
            let target = stored(&self.target, format);
            // The error is that of the outputs as they are stored, whatever made them.
            let loss = output_gradient(self.loss, Activation::Linear, &mut output, &target);
            // A target may not fit either, or the error.
            pass.loss = if loss.mantissa().is_finite() { loss } else { Scaled::ZERO };
        }
        for index in (0..self.depth()).rev() {
            BuildStopped::unless(proceed())?;
            let (above, trace) = pass.step_back(index);
            trace.delta.columns_mut().exponent.fill(-power);
            match above {
                None => self.emulated_output(format, power, trace),
                Some(above) => {
                    op::backward_stored(self.ops_between(index), format, above, trace);
                }
            }
        }
        Ok(())
    }

    /// δ^(L), scaled before it is stored.
    fn emulated_output(&self, format: Format, power: i64, trace: &mut LayerTrace<f32>) {
        let target = stored(&self.target, format).mantissa;
        let scale = format.round(ldexp(1.0, power)) / target.ncols() as f64;
        let mut scale = format.round(scale) as f32;
        if self.loss == Loss::Mse {
            // The ½ of the squared error is an operation of its own, and the 2 of its derivative
            // is not stored.
            scale = 2.0 * format.store(0.5 * scale);
        }
        let LayerTrace { a, delta, .. } = trace;
        for (index, delta) in delta.columns_mut().mantissa.indexed_iter_mut() {
            let error = format.store(a.columns().mantissa[index] - target[index]);
            *delta = format.store(error * scale);
        }
        if !self.loss.cancels_slope() {
            times_slope_stored(self.activation(self.depth() - 1), format, trace);
        }
    }
}

impl Pass<f32> {
    /// BP3 of the mean loss after an emulated backward pass, loss scale included: `take` gets
    /// the rows of ∂L/∂W^(l) as the format stores them, each with its number from 0; `index` =
    /// l − 1.
    ///
    /// # Errors
    /// [`BuildStopped`] when `take` says stop.
    pub fn stored_weight_gradient(
        &self,
        format: Format,
        index: usize,
        take: &mut dyn FnMut(usize, &[f32]) -> bool,
    ) -> Result<(), BuildStopped> {
        let delta = &self.layers[index].delta.columns().mantissa;
        let input = &self.inputs_of(index).columns().mantissa;
        let mut block = Vec::new();
        for rows in blocks(delta.nrows(), input.len()) {
            block.resize(rows.len() * input.nrows(), 0.0);
            kernels::outer_rows(delta, rows.clone(), &[input], 1.0, &mut block);
            block.iter_mut().for_each(|entry| *entry = format.store(*entry));
            for (row, entries) in rows.zip(block.chunks_exact(input.nrows())) {
                BuildStopped::unless(take(row, entries))?;
            }
        }
        Ok(())
    }

    /// BP4 of the mean loss after an emulated backward pass, loss scale included: ∂L/∂b^(l) as
    /// the format stores it; `index` = l − 1.
    pub fn stored_bias_gradient(&self, format: Format, index: usize) -> Vec<f32> {
        let rows = self.layers[index].delta.columns().mantissa.rows();
        rows.into_iter().map(|row| format.store(row.sum())).collect()
    }
}

impl StoredGradient {
    /// Of no entries yet.
    pub const NONE: Self = Self { total: 0, zeros: 0, not_finite: 0, norm: Some(Scaled::ZERO) };

    /// Takes entries that are stored with the loss scale 2^`power` into the counts and the norm.
    pub fn take(&mut self, entries: &[f32], power: i64) {
        let not_finite = entries.iter().filter(|entry| !entry.is_finite()).count() as u64;
        self.total += entries.len() as u64;
        self.zeros += entries.iter().filter(|entry| **entry == 0.0).count() as u64;
        self.not_finite += not_finite;
        // No square of an `f32` leaves `f64`.
        let squares: f64 = entries.iter().map(|&entry| f64::from(entry).powi(2)).sum();
        self.norm = self.norm.filter(|_| not_finite == 0).map(|norm| {
            let own = Scaled::new(squares, -2 * power);
            (norm * norm + own).sqrt()
        });
    }
}

/// Plain numbers as the format stores them.
fn stored(columns: &ScaledColumns<f64>, format: Format) -> ScaledColumns<f32> {
    let mantissa = columns.mantissa.mapv(|entry| format.round(entry) as f32);
    ScaledColumns { mantissa, exponent: vec![0; columns.batch()] }
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
            norm: (not_finite == 0).then(|| self.delta.rms_norm() * self.batch()),
            plain_norm: plain_norm(&self.delta.columns().mantissa, format),
        }
    }

    /// z, a and δ as an emulated pass stores them, n_l × B each, loss scale included.
    pub fn stored(&self) -> [&Array2<f32>; 3] {
        [&self.z, &self.a, &self.delta].map(|signal| &signal.columns().mantissa)
    }

    /// B, by which an example's own δ is larger than its share of the mean loss.
    pub(super) fn batch(&self) -> Scaled {
        Scaled::from(self.delta.batch() as f64)
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
        let squares = example.iter().map(|&delta| format.store(delta * delta));
        format.store(format.store(squares.sum::<f32>()).sqrt())
    };
    let squares = delta.columns().into_iter().map(|example| f64::from(norm(example)).powi(2));
    (squares.sum::<f64>() / delta.ncols() as f64).sqrt()
}
