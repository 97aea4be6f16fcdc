//! The exact derivatives of the mean loss, entry by entry.

use crate::engine::{Format, Held, Magnitudes, Pass, Scaled};

use super::stored::BackwardTensor;
use crate::study::{Stopped, TaskContext};

/// One layer's exact derivatives, and the depth of each entry.
pub(super) struct ExactLayer {
    /// Those of [`BackwardTensor::ALL`].
    pub entries: [Magnitudes; 3],
    /// The depth of each entry, row by row: δ is n_l × B.
    pub depths: [Vec<u8>; 3],
    /// Entries of δ whose squares each format rounds to zero.
    pub squares_flushed: [u64; Format::ALL.len()],
}

impl ExactLayer {
    /// Layers 1…L, reporting the share done.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn all(pass: &Pass<f64>, task: &TaskContext<'_>) -> Result<Vec<Self>, Stopped> {
        let count = pass.layers.len();
        let layer = |index: usize| {
            task.report(index as f32 / count as f32);
            Self::of(pass, index, task)
        };
        (0..count).map(layer).collect()
    }

    fn of(pass: &Pass<f64>, index: usize, task: &TaskContext<'_>) -> Result<Self, Stopped> {
        task.proceed()?;
        let trace = &pass.layers[index];
        let (units, batch) = (trace.delta.units(), trace.delta.batch());
        let share = Scaled::from(1.0 / batch as f64);
        let examples: Vec<Vec<Scaled>> = (0..batch).map(|b| trace.delta.column(b)).collect();
        let all = (0..units).flat_map(|unit| examples.iter().map(move |column| column[unit]));
        let all: Vec<Scaled> = all.collect();
        let shares: Vec<Scaled> = all.iter().map(|delta| *delta * share).collect();
        let mut squares_flushed = [0; Format::ALL.len()];
        for (format, count) in Format::ALL.into_iter().zip(&mut squares_flushed) {
            let is_lost = |delta: &&Scaled| format.hold(**delta * **delta) == Held::Flushed;
            *count = shares.iter().filter(is_lost).count() as u64;
        }
        let (delta, delta_depths) = measure(&shares);
        let (weight, weight_depths) = weight(pass, index, &examples, task)?;
        let (bias, bias_depths) = measure(&pass.exact_bias_gradient(index));
        let entries = [delta, weight, bias];
        Ok(Self { entries, depths: [delta_depths, weight_depths, bias_depths], squares_flushed })
    }

    /// The exact entries of a derivative.
    pub fn of_derivative(&self, derivative: BackwardTensor) -> &Magnitudes {
        &self.entries[derivative as usize]
    }
}

/// Counts entries; their depths are in the same order.
fn measure(entries: &[Scaled]) -> (Magnitudes, Vec<u8>) {
    let mut magnitudes = Magnitudes::below(top(entries).unwrap_or(0));
    let depths = entries.iter().map(|entry| magnitudes.take(*entry)).collect();
    (magnitudes, depths)
}

/// The largest exponent, but for true zeros'.
fn top(entries: &[Scaled]) -> Option<i64> {
    entries.iter().filter(|entry| !entry.is_zero()).map(|entry| entry.exponent()).max()
}

/// ∂W row by row; `deltas` are each example's own.
fn weight(
    pass: &Pass<f64>,
    index: usize,
    deltas: &[Vec<Scaled>],
    task: &TaskContext<'_>,
) -> Result<(Magnitudes, Vec<u8>), Stopped> {
    let input = pass.inputs_of(index);
    // No entry of a mean is larger than the largest product, but for its rounding.
    let product = |(example, deltas): (usize, &Vec<Scaled>)| {
        Some(top(deltas)? + input.largest(example)?.exponent() + 1)
    };
    let bound = deltas.iter().enumerate().filter_map(product).max();
    let mut magnitudes = Magnitudes::below(bound.unwrap_or(0));
    let mut depths = Vec::with_capacity(deltas.first().map_or(0, Vec::len) * input.units());
    let counted = pass.exact_weight_gradient(index, &mut |_, row| {
        depths.extend(row.iter().map(|entry| magnitudes.take(*entry)));
        task.proceed().is_ok()
    });
    counted.map_err(|_| Stopped)?;
    Ok((magnitudes, depths))
}
