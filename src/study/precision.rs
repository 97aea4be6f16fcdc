//! What narrow floating-point formats would make of each variant's training: the shares of δ,
//! ∂W and ∂b of the mean loss that each would flush to zero, passes really computed in fp32,
//! bf16 and fp16, and the loss scales that keep the gradients.

mod emulator;
mod exact;
mod finding;
mod report;
mod rule;
mod scale;
mod search;
mod stored;

use crate::engine::{Format, Network, Pass};
use crate::experiment::Experiment;

use super::parallel::all_threads;
use super::pass::record;
use super::{DrawStudy, Stopped, TaskContext};

use emulator::Emulator;
pub use emulator::{ForwardLoss, ForwardTensor};
use exact::ExactLayer;
pub use finding::{NormSum, PlainLoss, PrecisionFinding};
pub use report::{PrecisionReport, VariantPrecision};
pub use rule::Rule;
pub use scale::{LossScale, NoScale, NormCheck, ScaleRange, WITHIN};
pub use stored::{BackwardTensor, Emulation, EntryPlace, LayerPrecision, Share, StoredLayer};

/// The share of a variant's way that is done with its draws and its exact pass.
const PASSED: f32 = 0.3;
/// And with the exact gradients; the emulated passes take the rest.
const MEASURED: f32 = 0.4;

/// The formats in which passes are really computed.
pub const EMULATED: [Format; 3] = [Format::Fp32, Format::Bf16, Format::Fp16];

/// Looks at every variant through the formats. The exact pass is computed in `f64` whatever
/// precision the experiment asks for.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// ```
/// use gradient_lab::engine::Format;
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{BackwardTensor, DrawStudy, TaskContext, precision};
/// let report = precision(&mut DrawStudy::new(), &Experiment::default(), &TaskContext::unattended())?;
/// // The chapter's sigmoid net is shallow: fp16 flushes none of its δ.
/// let mut layers = report.variants[0].layers.iter();
/// assert!(layers.all(|layer| layer.flushed(BackwardTensor::Delta, Format::Fp16).flushed == 0));
/// # Ok::<(), gradient_lab::study::Stopped>(())
/// ```
pub fn precision(
    study: &mut DrawStudy,
    experiment: &Experiment,
    task: &TaskContext<'_>,
) -> Result<PrecisionReport, Stopped> {
    let count = experiment.variants.len() as f32;
    let mut variants = Vec::with_capacity(experiment.variants.len());
    for (index, variant) in experiment.variants.iter().enumerate() {
        let shares = index as f32 / count..(index + 1) as f32 / count;
        variants.push(task.part(shares, |task| {
            let passed = |task: &TaskContext<'_>| study.passed(experiment, variant, task);
            let (network, pass) = task.part(0.0..PASSED, passed)?;
            look(&network, &pass, &variant.name, task)
        })?);
    }
    Ok(PrecisionReport { experiment: experiment.clone(), variants })
}

fn look(
    network: &Network<f64>,
    pass: &Pass<f64>,
    name: &str,
    task: &TaskContext<'_>,
) -> Result<VariantPrecision, Stopped> {
    let (records, _) = task.quietly(|task| record(network, pass, all_threads(), task))?;
    let exact = task.part(PASSED..MEASURED, |task| ExactLayer::all(pass, task))?;
    let (mut emulations, mut scales) = (Vec::new(), Vec::new());
    for format in Format::ALL {
        task.report(MEASURED + (1.0 - MEASURED) * scales.len() as f32 / Format::ALL.len() as f32);
        if !EMULATED.contains(&format) {
            scales.push(LossScale::by_exact_entries(format, network, pass, &exact));
            continue;
        }
        let mut emulator = Emulator::new(network, pass, format, &exact, task)?;
        let plain = emulator.layers(0)?;
        let scale = LossScale::computed(&mut emulator)?;
        let scaled = match scale.chosen() {
            None => None,
            Some(0) => Some(plain.clone()),
            Some(power) => Some(emulator.layers(power)?),
        };
        scales.push(scale.checked(scaled.as_deref(), &exact));
        let forward_overflow = emulator.forward_overflow;
        emulations.push(Emulation { format, forward_overflow, plain, scaled });
    }
    let layers = exact.into_iter().zip(&records).map(|(exact, record)| LayerPrecision {
        norm: record.delta,
        zero: record.zero,
        entries: exact.entries,
        squares_flushed: exact.squares_flushed,
    });
    let layers = layers.collect();
    let findings = Vec::new();
    let mut report =
        VariantPrecision { name: name.to_owned(), layers, emulations, scales, findings };
    report.findings = PrecisionFinding::all(&report.layers, &report.scales, &report.emulations);
    task.report(1.0);
    Ok(report)
}
