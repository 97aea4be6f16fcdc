//! The record of a pass emulated in a narrow format, beside that of the exact pass.

use super::emulated::StoredDelta;
use super::forward::LayerTrace;
use super::network::{Network, Pass};
use super::record::{LayerRecord, ZeroCause, moments_of};
use super::{Columns, Format, PlainNorm, Scaled};

impl Network<f64> {
    /// The record of every layer of an emulated pass. Where all of δ is stored as 0 though it
    /// is not, and where something of it is not finite, `delta` is 0 and `zero` says which;
    /// `exact` are the records of the exact pass. Gradient norms are those of the products of
    /// what is stored; statistics run over the entries that are finite.
    pub fn emulated_record(
        &self,
        format: Format,
        pass: &Pass<f32>,
        exact: &[LayerRecord],
    ) -> Vec<LayerRecord> {
        let mut above = None;
        let mut records = Vec::with_capacity(exact.len());
        for (index, exact) in exact.iter().enumerate().rev() {
            let stored = pass.layers[index].stored_delta(format);
            let zero = cause(format, &stored, exact, above);
            above = zero;
            let measured = self.measure_emulated(pass, index, &stored, exact);
            records.push(LayerRecord { zero, ..measured });
        }
        records.reverse();
        records
    }

    /// The layer's numbers; its sizes are those of the exact record.
    fn measure_emulated(
        &self,
        pass: &Pass<f32>,
        index: usize,
        stored: &StoredDelta,
        exact: &LayerRecord,
    ) -> LayerRecord {
        let (trace, input) = (&pass.layers[index], pass.inputs_of(index));
        let activation = self.layers[index].activation;
        let finite = stored.not_finite == 0;
        let of =
            |norm: &dyn Fn() -> Scaled, finite: bool| if finite { norm() } else { Scaled::ZERO };
        let delta = stored.norm.unwrap_or(Scaled::ZERO);
        let (activation_mean, activation_std) = moments(trace.a.columns());
        LayerRecord {
            delta,
            weight_grad: of(
                &|| pass.weight_gradient_norm(index),
                finite && is_finite(input.columns()),
            ),
            bias_grad: of(&|| pass.bias_gradient_norm(index), finite),
            activation_mean,
            activation_std,
            preactivation_std: moments(trace.z.columns()).1,
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
    /// |δ_j| of every unit, the root mean square over the batch, after an emulated pass; 0 for
    /// units with an entry that is not finite.
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
        kept.profile()
    }
}

fn is_finite(columns: &Columns<f32>) -> bool {
    columns.mantissa.iter().all(|entry| entry.is_finite())
}

/// Mean and standard deviation over the finite entries.
fn moments(columns: &Columns<f32>) -> (Scaled, Scaled) {
    let entries = columns.mantissa.iter().copied();
    let finite: Vec<f32> = entries.filter(|entry| entry.is_finite()).collect();
    if finite.is_empty() {
        return (Scaled::ZERO, Scaled::ZERO);
    }
    let (mean, variance) = moments_of(&finite);
    (mean.into(), variance.sqrt().into())
}
