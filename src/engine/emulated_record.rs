//! The record of a pass emulated in a narrow format, beside that of the exact pass.

use crate::engine::build::BuildStopped;
use crate::engine::emulated::{StoredDelta, StoredGradient};
use crate::engine::network::Network;
use crate::engine::number::{Format, Scaled, ScaledColumns};
use crate::engine::pass::{LayerTrace, Pass};
use crate::engine::plain_norm::PlainNorm;
use crate::engine::record::{LayerRecord, ZeroCause, moments_of};

impl Network<f64> {
    /// The record of every layer of an emulated pass. Where all of δ is stored as 0 though it
    /// is not, and where something of it is not finite, `delta` is 0 and `zero` says which;
    /// `exact` are the records of the exact pass. Gradient norms are those of what is stored,
    /// and moments of what is not finite have no value.
    ///
    /// # Errors
    /// [`BuildStopped`] when `proceed`, asked before each row of ∂W, says stop.
    pub fn emulated_record(
        &self,
        format: Format,
        pass: &Pass<f32>,
        exact: &[LayerRecord],
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<LayerRecord>, BuildStopped> {
        let mut above = None;
        let mut records = Vec::with_capacity(exact.len());
        for (index, exact) in exact.iter().enumerate().rev() {
            let stored = pass.layers[index].stored_delta(format);
            let zero = cause(format, &stored, exact, above);
            above = zero;
            let mut weight = StoredGradient::NONE;
            pass.stored_weight_gradient(format, index, &mut |_, row| {
                weight.take(row, 0);
                proceed()
            })?;
            let measured = self.measure_emulated(format, pass, &stored, exact);
            let weight_grad = weight.norm.unwrap_or(Scaled::ZERO);
            records.push(LayerRecord { zero, weight_grad, ..measured });
        }
        records.reverse();
        Ok(records)
    }

    /// The layer's numbers but for ∂W; its sizes are those of the exact record.
    fn measure_emulated(
        &self,
        format: Format,
        pass: &Pass<f32>,
        stored: &StoredDelta,
        exact: &LayerRecord,
    ) -> LayerRecord {
        let index = exact.layer - 1;
        let trace = &pass.layers[index];
        let activation = self.activation(index);
        let delta = stored.norm.unwrap_or(Scaled::ZERO);
        let mut bias = StoredGradient::NONE;
        bias.take(&pass.stored_bias_gradient(format, index), 0);
        let moments_of_a = moments(trace.a.columns());
        LayerRecord {
            delta,
            bias_grad: bias.norm.unwrap_or(Scaled::ZERO),
            activation_mean: moments_of_a.map(|[mean, _]| mean),
            activation_std: moments_of_a.map(|[_, std]| std),
            preactivation_std: moments(trace.z.columns()).map(|[_, std]| std),
            saturated_share: trace.saturated_share(activation),
            dead_share: trace.dead_share(activation),
            plain: match stored.plain_norm {
                _ if delta.is_zero() => PlainNorm::Norm,
                0.0 => PlainNorm::Zero,
                norm if norm.is_finite() => PlainNorm::Norm,
                _ => PlainNorm::Infinite,
            },
            ..*exact
        }
    }
}

/// Why δ of this layer is stored as 0 or not at all; `above` is the same of the layer above.
fn cause(
    format: Format,
    stored: &StoredDelta,
    exact: &LayerRecord,
    above: Option<ZeroCause>,
) -> Option<ZeroCause> {
    let layer = exact.layer;
    match stored.norm {
        Some(norm) if !norm.is_zero() => None,
        Some(_) if exact.zero.is_some() => exact.zero,
        Some(_) => match above {
            Some(cause @ ZeroCause::Underflow { .. }) => Some(cause),
            _ => Some(ZeroCause::Underflow { format, layer }),
        },
        None => match above {
            Some(cause @ ZeroCause::NotFinite { .. }) => Some(cause),
            _ => Some(ZeroCause::NotFinite { format, layer }),
        },
    }
}

impl LayerTrace<f32> {
    /// |δ_j| of every unit, of each example's own loss, the root mean square over the batch,
    /// after an emulated pass; 0 for units with an entry that is not finite.
    pub fn stored_profile(&self) -> Vec<Scaled> {
        let rows = self.delta.columns().mantissa.rows();
        let finite: Vec<bool> =
            rows.into_iter().map(|row| row.iter().all(|delta| delta.is_finite())).collect();
        let mut kept = self.delta.clone();
        for (mut row, finite) in kept.columns_mut().mantissa.rows_mut().into_iter().zip(&finite) {
            if !finite {
                row.fill(0.0);
            }
        }
        kept.profile().into_iter().map(|delta| delta * self.batch()).collect()
    }
}

/// Mean and standard deviation, where every entry is finite.
fn moments(columns: &ScaledColumns<f32>) -> Option<[Scaled; 2]> {
    let entries = columns.entries();
    if !entries.iter().all(|entry| entry.is_finite()) {
        return None;
    }
    let (mean, variance) = moments_of(entries);
    Some([mean.into(), variance.sqrt().into()])
}
