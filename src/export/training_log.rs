//! What a training leaves on its way as CSV: one row for each layer of each record.

use std::io::{self, Write};

use crate::engine::{Real, Scaled};
use crate::study::Training;

use super::csv::write_rows;

/// The header.
const COLUMNS: [&str; 13] = [
    "variant",
    "step",
    "learning_rate",
    "loss",
    "accuracy",
    "test_loss",
    "test_accuracy",
    "layer",
    "weight_grad_norm",
    "weight_grad_log10",
    "update_ratio",
    "dead_share",
    "activation_rms",
];

/// Besides where the passes are those of a narrow format.
const MIXED_COLUMNS: [&str; 2] = ["loss_scale", "flushed_share"];

/// Writes a header and one row for each variant, record and layer. Losses, accuracies and norms are
/// those before the update that the row's `step` counts from 0; of fields that mean nothing the
/// text is empty. A training in fp16 or bf16 has two columns more: the loss scale of the step, and
/// the share of the layer's ∂L/∂W that the format stores as 0 though it is not, empty where an entry
/// overflowed.
///
/// # Errors
/// What `out` says when it takes no more.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::export::training_log;
/// use gradient_lab::study::{DrawStudy, TaskContext, Training};
/// let task = TaskContext::unattended();
/// let experiment = Experiment::from_toml("[training]\nsteps = 3")?;
/// let mut training = Training::<f64>::new(&experiment, &mut DrawStudy::new(), &task)?;
/// training.run(1, &task)?;
/// let mut text = Vec::new();
/// training_log::write(&training, &mut text)?;
/// let text = String::from_utf8(text)?;
/// assert_eq!(text.lines().count(), 1 + 2 * 3 * 6);
/// assert!(text.starts_with("variant,step,learning_rate,loss,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write<T: Real + crate::engine::FromDraws>(
    training: &Training<T>,
    out: impl Write,
) -> io::Result<()> {
    let is_mixed = training.experiment().architecture.precision.is_emulated();
    let rows = training.learners().iter().flat_map(|learner| {
        learner.records().iter().flat_map(move |record| {
            record.layers.iter().enumerate().map(move |(index, layer)| {
                let row = (
                    learner.name(),
                    record.step,
                    record.rate,
                    record.loss,
                    record.accuracy,
                    record.test.map(|test| test.loss),
                    record.test.and_then(|test| test.accuracy),
                    index + 1,
                    Some(layer.gradient.to_f64()).filter(|norm| norm.is_finite()),
                    layer.gradient.log10(),
                    layer.update_ratio,
                    layer.dead_share,
                    Some(layer.activation.to_f64()).filter(|rms| rms.is_finite()),
                );
                let mixed = record.mixed.as_deref();
                let scale = mixed.map(|mixed| Scaled::new(1.0, mixed.power).to_f64());
                (row, (scale, mixed.and_then(|mixed| mixed.flushed[index])))
            })
        })
    });
    if is_mixed {
        return write_rows(COLUMNS.iter().chain(&MIXED_COLUMNS), rows, out);
    }
    write_rows(&COLUMNS, rows.map(|(row, _)| row), out)
}
