//! What a training leaves on its way as CSV: one row for each layer of each record.

use std::io::{self, Write};

use crate::engine::Real;
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

/// Writes a header and one row for each variant, record and layer. Losses, accuracies and norms are
/// those before the update that the row's `step` counts from 0; of fields that mean nothing the
/// text is empty.
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
    let rows = training.learners().iter().flat_map(|learner| {
        learner.records().iter().flat_map(move |record| {
            record.layers.iter().enumerate().map(move |(index, layer)| {
                (
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
                )
            })
        })
    });
    write_rows(&COLUMNS, rows, out)
}
