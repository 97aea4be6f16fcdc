//! What narrow floating-point formats would make of each variant's error signal: the share of
//! |δ_j| that each would flush to zero, a pass really computed in fp16 and bf16, and the loss
//! scale that would save it.

mod scale;
#[cfg(test)]
mod tests;

use crate::engine::{
    Format, Held, LayerRecord, LayerTrace, Network, OutputRecord, Pass, Scaled, StoredDelta,
    ZeroCause,
};
use crate::experiment::{Experiment, Variant};

use super::parallel::all_threads;
use super::pass::record;
use super::{Diagnosis, DrawStudy, Stopped, Watch};

pub use scale::{Check, FLUSHED_SHARE, LossScale, WITHIN};

/// The share of a variant's way that is done with its draws and its exact pass; the emulated
/// passes take the rest.
const PASSED: f32 = 0.5;

/// The formats in which a pass is really computed.
pub const EMULATED: [Format; 2] = [Format::Fp16, Format::Bf16];

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
    /// What is found in the exact records.
    pub diagnosis: Diagnosis,
    /// Layers 1…L.
    pub layers: Vec<LayerLens>,
    /// The pass in each of [`EMULATED`].
    pub emulations: Vec<Emulation>,
    /// The loss scale for each of [`Format::ALL`].
    pub scales: Vec<LossScale>,
}

/// One layer's exact δ beside the formats, over n_l units × B examples.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerLens {
    /// ‖δ^(l)‖ from the scaled pass.
    pub norm: Scaled,
    /// Why it is exactly zero, where it is.
    pub zero: Option<ZeroCause>,
    /// n_l × B.
    pub total: u64,
    /// Entries that are not a true zero.
    pub nonzero: u64,
    /// What each of [`Format::ALL`] makes of those.
    pub held: [Lost; Format::ALL.len()],
    /// The smallest |δ_j| that a loss scale must keep: below it lie at most
    /// [`FLUSHED_SHARE`] of the entries that are not zero.
    pub faintest: Option<Scaled>,
    /// The largest |δ_j|.
    pub largest: Option<Scaled>,
}

/// How many of a layer's entries that are not zero a format would change beyond rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Rounded to zero.
    pub flushed: u64,
    /// Stored with fewer digits.
    pub subnormal: u64,
    /// Too large.
    pub overflow: u64,
    /// Their squares are rounded to zero.
    pub squares_flushed: u64,
}

/// A pass computed in a narrow format.
#[derive(Clone, Debug, PartialEq)]
pub struct Emulation {
    /// The format.
    pub format: Format,
    /// The first layer whose z, a or φ′ is not finite, if any.
    pub forward_overflow: Option<usize>,
    /// Layers 1…L without a loss scale.
    pub plain: Vec<StoredDelta>,
    /// Layers 1…L with the loss scale that is advised, where one is.
    pub scaled: Option<Vec<StoredDelta>>,
}

impl VariantLens {
    /// Layers, counted from the output, that a format keeps some |δ_j| of, where it loses all
    /// of them further down.
    pub fn kept_layers(&self, format: Format) -> Option<usize> {
        self.kept(|layer| layer.held[format.place()].flushed == layer.nonzero)
    }

    /// The same for the squares that a plainly computed norm adds up.
    pub fn kept_squares(&self, format: Format) -> Option<usize> {
        self.kept(|layer| layer.held[format.place()].squares_flushed == layer.nonzero)
    }

    fn kept(&self, is_lost: impl Fn(&LayerLens) -> bool) -> Option<usize> {
        let lost = |layer: &LayerLens| layer.nonzero > 0 && is_lost(layer);
        let highest = self.layers.iter().rposition(lost)?;
        Some(self.layers.len() - 1 - highest)
    }

    /// The pass in a format, where it was computed.
    pub fn emulation(&self, format: Format) -> Option<&Emulation> {
        self.emulations.iter().find(|emulation| emulation.format == format)
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
/// use gradient_lab::study::{DrawStudy, Watch, precision};
/// let lens = precision(&mut DrawStudy::new(), &Experiment::default(), &Watch::unattended())?;
/// // The chapter's sigmoid net is shallow: fp16 flushes none of its δ.
/// let sigmoid = &lens.variants[0];
/// let fp16 = Format::Fp16.place();
/// assert!(sigmoid.layers.iter().all(|layer| layer.held[fp16].flushed == 0));
/// # Ok::<(), gradient_lab::study::Stopped>(())
/// ```
pub fn precision(
    study: &mut DrawStudy,
    experiment: &Experiment,
    watch: &Watch<'_>,
) -> Result<Lens, Stopped> {
    let count = experiment.variants.len() as f32;
    let mut variants = Vec::with_capacity(experiment.variants.len());
    for (index, variant) in experiment.variants.iter().enumerate() {
        let shares = index as f32 / count..(index + 1) as f32 / count;
        variants.push(watch.part(shares, |watch| {
            let passed = |watch: &Watch<'_>| study.passed(experiment, variant, watch);
            let (network, pass) = watch.part(0.0..PASSED, passed)?;
            look(&network, &pass, (experiment, variant), watch)
        })?);
    }
    Ok(Lens { experiment: experiment.clone(), variants })
}

fn look(
    network: &Network<f64>,
    pass: &Pass<f64>,
    (experiment, variant): (&Experiment, &Variant),
    watch: &Watch<'_>,
) -> Result<VariantLens, Stopped> {
    let (layers, records) = exact(network, pass, watch)?;
    let output = OutputRecord::of(network, pass);
    let diagnosis = Diagnosis::of(experiment, variant, &records, &output);
    let name = variant.name.clone();
    let scales: Vec<LossScale> =
        Format::ALL.iter().map(|format| LossScale::of(*format, &layers)).collect();
    let mut lens = VariantLens { name, diagnosis, layers, emulations: Vec::new(), scales };
    for (index, format) in EMULATED.into_iter().enumerate() {
        let place = format.place();
        let emulation = emulate(network, format, lens.scales[place].chosen(), watch)?;
        lens.scales[place].check(&emulation, &lens.layers);
        lens.emulations.push(emulation);
        let done = (index + 1) as f32 / EMULATED.len() as f32;
        watch.report(PASSED + (1.0 - PASSED) * done);
    }
    Ok(lens)
}

/// The scaled pass, layer by layer, and its records.
fn exact(
    network: &Network<f64>,
    pass: &Pass<f64>,
    watch: &Watch<'_>,
) -> Result<(Vec<LayerLens>, Vec<LayerRecord>), Stopped> {
    let (records, _) = record(network, pass, all_threads(), watch)?;
    let mut layers = Vec::with_capacity(records.len());
    for (trace, record) in pass.layers.iter().zip(&records) {
        watch.proceed()?;
        layers.push(LayerLens::of(trace, record));
    }
    Ok((layers, records))
}

impl LayerLens {
    fn of(trace: &LayerTrace<f64>, record: &LayerRecord) -> Self {
        let examples = 0..trace.delta.batch();
        let entries = examples.flat_map(|example| trace.delta.column(example));
        let mut sizes: Vec<Scaled> =
            entries.filter(|delta| !delta.is_zero()).map(magnitude).collect();
        let mut held = [Lost::default(); Format::ALL.len()];
        for (format, shares) in Format::ALL.into_iter().zip(&mut held) {
            sizes.iter().for_each(|size| shares.take(format, *size));
        }
        let lost = (FLUSHED_SHARE * sizes.len() as f64).floor() as usize;
        let faintest = (!sizes.is_empty())
            .then(|| *sizes.select_nth_unstable_by(lost, |a, b| order(*a, *b)).1);
        Self {
            norm: record.delta,
            zero: record.zero,
            total: (trace.delta.units() * trace.delta.batch()) as u64,
            nonzero: sizes.len() as u64,
            held,
            faintest,
            largest: sizes.into_iter().max_by(|a, b| order(*a, *b)),
        }
    }
}

impl Lost {
    fn take(&mut self, format: Format, size: Scaled) {
        match format.hold(size) {
            Held::Flushed => self.flushed += 1,
            Held::Subnormal => self.subnormal += 1,
            Held::Overflow => self.overflow += 1,
            Held::Normal | Held::Zero => {}
        }
        if format.hold(size.times(size)) == Held::Flushed {
            self.squares_flushed += 1;
        }
    }
}

fn magnitude(number: Scaled) -> Scaled {
    Scaled::new(number.mantissa().abs(), number.exponent())
}

/// Which of two positive numbers is the larger.
fn order(a: Scaled, b: Scaled) -> std::cmp::Ordering {
    a.exponent().cmp(&b.exponent()).then(a.mantissa().total_cmp(&b.mantissa()))
}

/// The pass in a format, and where a loss scale is advised the pass with it.
fn emulate(
    network: &Network<f64>,
    format: Format,
    power: Option<i64>,
    watch: &Watch<'_>,
) -> Result<Emulation, Stopped> {
    let mut proceed = || watch.proceed().is_ok();
    let mut pass = network.emulated_forward(format, &mut proceed).map_err(|_| Stopped)?;
    let overflow = pass.layers.iter().position(|trace| !trace.is_finite());
    let mut backward = |power: i64| {
        let done = network.emulated_backward(format, power, &mut pass, &mut proceed);
        done.map_err(|_| Stopped)?;
        Ok(pass.layers.iter().map(|trace| trace.stored_delta(format)).collect::<Vec<_>>())
    };
    let plain = backward(0)?;
    let scaled = match power {
        None => None,
        Some(0) => Some(plain.clone()),
        Some(power) => Some(backward(power)?),
    };
    Ok(Emulation { format, forward_overflow: overflow.map(|index| index + 1), plain, scaled })
}
