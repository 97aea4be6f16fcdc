//! What narrow floating-point formats would make of each variant's training: the shares of δ,
//! ∂W and ∂b of the mean loss that each would flush to zero, passes really computed in fp32,
//! bf16 and fp16, and the loss scales that keep the gradients.

mod emulator;
mod exact;
mod finding;
mod rule;
mod scale;
#[cfg(test)]
mod tests;

use crate::engine::{
    Format, Magnitudes, Network, Pass, Scaled, StoredDelta, StoredGradient, ZeroCause, may_flush,
};
use crate::experiment::Experiment;

use super::parallel::all_threads;
use super::pass::record;
use super::{DrawStudy, Stopped, TaskContext};

use emulator::Emulator;
pub use emulator::{ForwardLoss, ForwardTensor};
use exact::ExactLayer;
pub use finding::{NormSum, PlainLoss, PrecisionFinding};
pub use rule::Rule;
pub use scale::{LossScale, NoScale, NormCheck, ScaleRange, WITHIN};

/// The share of a variant's way that is done with its draws and its exact pass.
const PASSED: f32 = 0.3;
/// And with the exact gradients; the emulated passes take the rest.
const MEASURED: f32 = 0.4;

/// The formats in which passes are really computed.
pub const EMULATED: [Format; 3] = [Format::Fp32, Format::Bf16, Format::Fp16];

/// What the formats make of every variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Lens {
    /// What was asked.
    pub experiment: Experiment,
    /// One result for each variant, in order.
    pub variants: Vec<VariantLens>,
}

/// One variant's result.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantLens {
    /// The variant's name.
    pub name: String,
    /// Layers 1…L.
    pub layers: Vec<LayerLens>,
    /// The passes in each of [`EMULATED`].
    pub emulations: Vec<Emulation>,
    /// The loss scale for each of [`Format::ALL`].
    pub scales: Vec<LossScale>,
    /// Everything that is claimed of the variant, format by format.
    pub findings: Vec<PrecisionFinding>,
}

/// A derivative of the mean loss, of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackwardTensor {
    /// δ^(l) of every example, over B: n_l × B entries.
    Delta,
    /// ∂L/∂W^(l): n_l × n_{l−1} entries.
    Weight,
    /// ∂L/∂b^(l): n_l entries.
    Bias,
}

impl BackwardTensor {
    /// All of them, in the order in which a layer holds them.
    pub const ALL: [Self; 3] = [Self::Delta, Self::Weight, Self::Bias];
}

/// One layer's exact derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerLens {
    /// ‖δ^(l)‖, the root mean square over the batch of each example's own.
    pub norm: Scaled,
    /// Why it is exactly zero, where it is.
    pub zero: Option<ZeroCause>,
    /// The entries of each of [`BackwardTensor::ALL`].
    pub entries: [Magnitudes; 3],
    /// Entries of δ whose squares each of [`Format::ALL`] rounds to zero, without being 0.
    pub squares_flushed: [u64; Format::ALL.len()],
}

/// How many of the entries that are not zero a format flushes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Rounded to zero.
    pub flushed: u64,
    /// Entries that are not a true zero.
    pub of: u64,
}

/// A place in the backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPlace {
    /// Of what.
    pub derivative: BackwardTensor,
    /// l, from 1.
    pub layer: usize,
}

/// Passes computed in a narrow format.
#[derive(Clone, Debug, PartialEq)]
pub struct Emulation {
    /// The format.
    pub format: Format,
    /// The first layer whose z, a or φ′ is not finite, if any.
    pub forward_overflow: Option<usize>,
    /// Layers 1…L without a loss scale.
    pub plain: Vec<StoredLayer>,
    /// Layers 1…L with the loss scale that is advised, where one is.
    pub scaled: Option<Vec<StoredLayer>>,
}

/// What a pass in a format leaves of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredLayer {
    /// δ^(l), each example's own.
    pub delta: StoredDelta,
    /// ∂L/∂W^(l).
    pub weight: StoredGradient,
    /// ∂L/∂b^(l).
    pub bias: StoredGradient,
    /// How much of each of [`BackwardTensor::ALL`] is stored as 0 and should not be. Units that
    /// the rounding of z carries across a kink, so that their slope is 0, are not counted.
    pub flushed: [Share; 3],
}

impl Share {
    /// Whether fewer than [`crate::engine::FLUSHED_SHARE`] are flushed.
    pub fn is_kept(self) -> bool {
        self.flushed <= may_flush(self.of)
    }

    /// From 0 to 1.
    pub fn ratio(self) -> f64 {
        self.flushed as f64 / self.of.max(1) as f64
    }

    /// Whether there was something, and all of it is flushed.
    pub fn is_all(self) -> bool {
        self.of > 0 && self.flushed == self.of
    }
}

impl StoredLayer {
    /// Entries of a derivative that are infinite or no number.
    pub fn not_finite(&self, derivative: BackwardTensor) -> u64 {
        match derivative {
            BackwardTensor::Delta => self.delta.not_finite,
            BackwardTensor::Weight => self.weight.not_finite,
            BackwardTensor::Bias => self.bias.not_finite,
        }
    }
}

impl LayerLens {
    /// The exact entries of a derivative.
    pub fn of(&self, derivative: BackwardTensor) -> &Magnitudes {
        &self.entries[derivative as usize]
    }

    /// How much of the exact entries a format rounds to zero without a loss scale.
    pub fn flushed(&self, derivative: BackwardTensor, format: Format) -> Share {
        let entries = self.of(derivative);
        Share { flushed: entries.flushed(format, 0), of: entries.nonzero }
    }
}

impl VariantLens {
    /// Layers, counted from the output, that a format keeps some |δ_j| of, where it loses all
    /// of them further down.
    pub fn kept_layers(&self, format: Format) -> Option<usize> {
        self.kept(|layer| layer.flushed(BackwardTensor::Delta, format).flushed)
    }

    /// Layers, counted from the output, that a format keeps some of the squares of that a
    /// plainly computed norm adds up, where it loses all of them further down.
    pub fn kept_squares(&self, format: Format) -> Option<usize> {
        self.kept(|layer| layer.squares_flushed[format.place()])
    }

    fn kept(&self, lost: impl Fn(&LayerLens) -> u64) -> Option<usize> {
        let nonzero = |layer: &LayerLens| layer.of(BackwardTensor::Delta).nonzero;
        let all = |layer: &LayerLens| nonzero(layer) > 0 && lost(layer) == nonzero(layer);
        let highest = self.layers.iter().rposition(all)?;
        Some(self.layers.len() - 1 - highest)
    }

    /// The passes in a format, where they were computed.
    pub fn emulation(&self, format: Format) -> Option<&Emulation> {
        self.emulations.iter().find(|emulation| emulation.format == format)
    }

    /// What is claimed of a format, and of every format.
    pub fn findings_of(&self, format: Format) -> impl Iterator<Item = &PrecisionFinding> {
        self.findings.iter().filter(move |finding| finding.format().is_none_or(|f| f == format))
    }
}

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
/// let lens = precision(&mut DrawStudy::new(), &Experiment::default(), &TaskContext::unattended())?;
/// // The chapter's sigmoid net is shallow: fp16 flushes none of its δ.
/// let mut layers = lens.variants[0].layers.iter();
/// assert!(layers.all(|layer| layer.flushed(BackwardTensor::Delta, Format::Fp16).flushed == 0));
/// # Ok::<(), gradient_lab::study::Stopped>(())
/// ```
pub fn precision(
    study: &mut DrawStudy,
    experiment: &Experiment,
    task: &TaskContext<'_>,
) -> Result<Lens, Stopped> {
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
    Ok(Lens { experiment: experiment.clone(), variants })
}

fn look(
    network: &Network<f64>,
    pass: &Pass<f64>,
    name: &str,
    task: &TaskContext<'_>,
) -> Result<VariantLens, Stopped> {
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
    let layers = exact.into_iter().zip(&records).map(|(exact, record)| LayerLens {
        norm: record.delta,
        zero: record.zero,
        entries: exact.entries,
        squares_flushed: exact.squares_flushed,
    });
    let layers = layers.collect();
    let findings = Vec::new();
    let mut lens = VariantLens { name: name.to_owned(), layers, emulations, scales, findings };
    lens.findings = PrecisionFinding::all(&lens);
    task.report(1.0);
    Ok(lens)
}
