//! The records of one draw as JSON: what `gradient-lab run` prints.

use std::io::{self, Write};

use serde::Serialize;

use crate::engine::ZeroCause;
use crate::experiment::Experiment;
use crate::figure::words;
use crate::study::{Draw, DrawStudy, FlowFinding, Steps, TaskContext, VariantDraw, steps};

use super::row::{LayerRow, plain};

#[derive(Serialize)]
struct DrawJson<'a> {
    experiment: &'a Experiment,
    variants: Vec<VariantJson<'a>>,
}

#[derive(Serialize)]
struct VariantJson<'a> {
    name: &'a str,
    loss: Option<f64>,
    loss_log10: Option<f64>,
    verdict: &'static str,
    sentence: String,
    findings: &'a [FlowFinding],
    /// What fp16 or bf16 loses besides, where the pass is emulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    precision: Vec<String>,
    log10_ratio_first_last: Option<f64>,
    layers: Vec<LayerRow>,
    /// Every step of the first example, with its numbers; absent where the network is too
    /// large to be walked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Steps>,
}

impl<'a> VariantJson<'a> {
    fn of(experiment: &Experiment, index: usize, variant: &'a VariantDraw) -> Self {
        let task = TaskContext::unattended();
        let output = variant.layers.last().and_then(|layer| layer.zero);
        let is_lost = matches!(output, Some(ZeroCause::NotFinite { .. }));
        Self {
            // The steps are exact numbers, and not those of an emulated pass.
            steps: (!experiment.architecture.precision.is_emulated())
                .then(|| steps(experiment, index, 0, &mut DrawStudy::new(), &task).ok())
                .flatten(),
            name: &variant.name,
            loss: plain(variant.loss).filter(|_| !is_lost),
            loss_log10: variant.loss.log10(),
            verdict: variant.diagnosis.kind.word(),
            sentence: words::flow::sentence(&variant.diagnosis),
            findings: &variant.diagnosis.findings,
            precision: variant.precision.iter().map(words::precision::sentence).collect(),
            log10_ratio_first_last: variant.diagnosis.log10_ratio,
            layers: variant.layers.iter().map(LayerRow::of).collect(),
        }
    }
}

/// Writes a draw as one JSON object, indented, with a newline at its end.
///
/// Every norm has its log10 beside it. `delta_log10` is null only for a true zero, or
/// where a pass emulated in fp16 or bf16 keeps nothing; `zero_cause` says why; `delta_norm` is 0 below what `f64` holds and null above.
///
/// A network small enough for the step-by-step page also has its `steps`: each with its
/// equation, the numbers put in, and the result.
///
/// # Errors
/// What `out` says when it takes no more.
///
/// ```
/// use gradient_lab::{experiment::Experiment, export::json, study::{DrawStudy, TaskContext}};
/// let draw = DrawStudy::new().run(&Experiment::default(), &TaskContext::unattended())?;
/// let mut text = Vec::new();
/// json::write(&draw, &mut text)?;
/// let read: serde_json::Value = serde_json::from_slice(&text)?;
/// assert_eq!(read["variants"][1]["verdict"], "dead output");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(draw: &Draw, out: impl Write) -> io::Result<()> {
    let json = DrawJson {
        experiment: &draw.experiment,
        variants: (draw.variants.iter().enumerate())
            .map(|(index, variant)| VariantJson::of(&draw.experiment, index, variant))
            .collect(),
    };
    write_pretty(&json, out)
}

/// Writes a value indented, with a newline at its end.
///
/// # Errors
/// What `out` says when it takes no more.
pub(super) fn write_pretty(value: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)
}
