//! How the pre-activations z, the activations a, the error signal δ, the weights W and their
//! gradient ∂W of one variant are spread in each layer: histograms on bins that all layers share.

mod finding;
mod scale;

use crate::engine::{FromDraws, Network, OutputRecord, Pass, Real, Scaled, in_precision, record};
use crate::experiment::Experiment;

use super::{Diagnosis, DrawStudy, Stopped, TaskContext};

pub use finding::{ShareOf, SpreadFinding};
pub use scale::{Bins, MOST_BINS, ValueAxis, ValueScale};

/// Quantiles that each layer has.
const QUANTILES: [f64; 3] = [0.05, 0.5, 0.95];

/// Layers whose root mean squares are fewer decades apart than this show on one linear axis.
const ALIKE: f64 = 1.5;

/// What of a layer is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpreadSignal {
    /// z^(l).
    Z,
    /// a^(l).
    A,
    /// δ^(l), each example's own.
    #[default]
    Delta,
    /// W^(l).
    Weight,
    /// ∂L/∂W^(l) of the mean loss.
    WeightGradient,
}

impl SpreadSignal {
    /// Every one, in the order in which menus show them.
    pub const ALL: [Self; 5] = [Self::Z, Self::A, Self::Delta, Self::Weight, Self::WeightGradient];

    /// The letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Z => "z",
            Self::A => "a",
            Self::Delta => "δ",
            Self::Weight => "W",
            Self::WeightGradient => "∂W",
        }
    }

    /// The formula of one entry.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Z => "zⱼ⁽ˡ⁾",
            Self::A => "aⱼ⁽ˡ⁾",
            Self::Delta => "δⱼ⁽ˡ⁾",
            Self::Weight => "Wᵢⱼ⁽ˡ⁾",
            Self::WeightGradient => "∂L/∂Wᵢⱼ⁽ˡ⁾",
        }
    }

    /// Whether a layer has one entry for each weight, in place of one for each unit and example.
    pub fn is_of_weights(self) -> bool {
        matches!(self, Self::Weight | Self::WeightGradient)
    }

    /// What it is, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Z => {
                "Pre-activations z⁽ˡ⁾ = W⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾: where they lie decides the slopes."
            }
            Self::A => "Activations a⁽ˡ⁾ = φ(z⁽ˡ⁾): what reaches the next layer.",
            Self::Delta => "The error signal δ⁽ˡ⁾ = ∂L/∂z⁽ˡ⁾ of every unit: what learning runs on.",
            Self::Weight => {
                "The weights W⁽ˡ⁾: drawn, given, or learned where a training was sent here."
            }
            Self::WeightGradient => {
                "The gradient ∂L/∂W⁽ˡ⁾ of the mean loss by every weight: what moves it."
            }
        }
    }

    /// The axis on which it is told best unless somebody chooses. Decades for δ and ∂W. Plain values
    /// for z, whose Gaussian has one hump on no other axis; for a and W too, as long as the layers
    /// are of about one size.
    fn usual_axis(self, reach: &Reach) -> ValueAxis {
        match self {
            Self::Delta | Self::WeightGradient => ValueAxis::Log,
            Self::A | Self::Weight if reach.layers_apart() > ALIKE => ValueAxis::SignedLog,
            Self::Z | Self::A | Self::Weight => ValueAxis::Linear,
        }
    }
}

/// What to count. A variant past the last means the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpreadSettings {
    /// Which variant, from 0.
    pub variant: usize,
    /// What of it.
    pub signal: SpreadSignal,
    /// On which axis; on the one that suits the signal and the data if none is chosen.
    pub axis: Option<ValueAxis>,
}

/// One variant's histograms.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// What was asked.
    pub experiment: Experiment,
    /// Which variant, from 0.
    pub variant: usize,
    /// The variant's name.
    pub name: String,
    /// What was counted.
    pub signal: SpreadSignal,
    /// How values stand on the axis.
    pub scale: ValueScale,
    /// The bins of every layer.
    pub bins: Bins,
    /// Decades between the root mean squares of the faintest and the loudest hidden layer.
    pub layers_apart: f64,
    /// Layers 1…L.
    pub layers: Vec<LayerSpread>,
    /// What is found in the records.
    pub diagnosis: Diagnosis,
}

/// One layer's histogram over n_l units × B examples, or over n_l × n_{l−1} weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpread {
    /// Entries: n_l × B, or n_l × n_{l−1}.
    pub total: u64,
    /// Exact zeros; they are in no bin.
    pub zeros: u64,
    /// What the rest counts, bin by bin.
    pub counts: Vec<u64>,
    /// The mean over all entries.
    pub mean: Scaled,
    /// √(mean of squares) over all entries.
    pub rms: Scaled,
    /// The 5 %, 50 % and 95 % quantiles of the entries that are not zero, as positions on the
    /// axis. Nothing where there are no such entries.
    pub quantiles: Option<[f64; 3]>,
    /// The median of the entries that are not zero, in the order of the axis.
    pub median: Option<Scaled>,
    /// Share of units whose slope is exactly 0 in every example.
    pub dead_share: f64,
    /// Share of (unit, example) pairs whose slope has faded below 5 % of the largest.
    pub saturated_share: f64,
}

impl LayerSpread {
    /// Exact zeros among all entries.
    pub fn zero_share(&self) -> f64 {
        self.zeros as f64 / self.total.max(1) as f64
    }
}

impl Spread {
    /// Whether a linear axis hides its faint layers in the bins around 0.
    pub fn hides_faint_layers(&self) -> bool {
        self.scale.axis() == ValueAxis::Linear && self.layers_apart > ALIKE
    }

    /// The number of units of a layer, counted from 0, and the batch or, of weights, the inputs.
    pub fn entries(&self, layer: usize) -> (usize, usize) {
        let sizes = self.experiment.sizes();
        let batch = self.experiment.architecture.batch;
        (sizes[layer + 1], if self.signal.is_of_weights() { sizes[layer] } else { batch })
    }
}

/// Passes once through one variant's network and counts one of its signals, layer by layer.
/// Beside the pass itself it holds one layer's entries at a time.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{DrawStudy, SpreadSettings, TaskContext, spread};
/// let (settings, task) = (SpreadSettings::default(), TaskContext::unattended());
/// let spread = spread(&mut DrawStudy::new(), &Experiment::default(), settings, &task)?;
/// let first = &spread.layers[0]; // 20 units, one example, a sigmoid's δ is never 0
/// assert_eq!((first.total, first.zeros, first.counts.iter().sum()), (20, 0, 20));
/// # Ok::<(), gradient_lab::study::Stopped>(())
/// ```
pub fn spread(
    study: &mut DrawStudy,
    experiment: &Experiment,
    settings: SpreadSettings,
    task: &TaskContext<'_>,
) -> Result<Spread, Stopped> {
    in_precision!(experiment.architecture.precision, T => spread_as::<T>(study, experiment, settings, task))
}

fn spread_as<T: Real + FromDraws>(
    study: &mut DrawStudy,
    experiment: &Experiment,
    settings: SpreadSettings,
    task: &TaskContext<'_>,
) -> Result<Spread, Stopped> {
    let variant = settings.variant.min(experiment.variants.len() - 1);
    let passed =
        |task: &TaskContext<'_>| study.passed(experiment, &experiment.variants[variant], task);
    let (network, pass): (Network<T>, _) = task.part(0.0..0.5, passed)?;
    let mut reach = Reach::default();
    let layer =
        |index| LayerEntries { signal: settings.signal, network: &network, pass: &pass, index };
    for index in 0..pass.layers.len() {
        reach.take(&layer(index), index + 1 < pass.layers.len(), task)?;
    }
    let axis = settings.axis.unwrap_or_else(|| settings.signal.usual_axis(&reach));
    let scale = axis.scale_for(&reach);
    let bins = Bins::covering(scale, &reach);
    let mut layers = Vec::with_capacity(pass.layers.len());
    for index in 0..pass.layers.len() {
        task.report(0.5 + 0.5 * index as f32 / pass.layers.len() as f32);
        layers.push(count(&layer(index), scale, bins, task)?);
    }
    Ok(Spread {
        experiment: experiment.clone(),
        variant,
        name: experiment.variants[variant].name.clone(),
        signal: settings.signal,
        scale,
        bins,
        layers_apart: reach.layers_apart(),
        layers,
        diagnosis: Diagnosis::of(
            experiment,
            &experiment.variants[variant],
            &record(&network, &pass),
            &OutputRecord::of(&network, &pass),
        ),
    })
}

/// The entries of one layer, a part at a time.
struct LayerEntries<'a, T> {
    signal: SpreadSignal,
    network: &'a Network<T>,
    pass: &'a Pass<T>,
    index: usize,
}

impl<T: Real> LayerEntries<'_, T> {
    /// Hands out all entries: an example's at a time, or a row of the weights'.
    fn each(&self, task: &TaskContext<'_>, take: &mut dyn FnMut(&[Scaled])) -> Result<(), Stopped> {
        let trace = &self.pass.layers[self.index];
        let signal = match self.signal {
            SpreadSignal::Z => &trace.z,
            SpreadSignal::A => &trace.a,
            SpreadSignal::Delta => &trace.delta,
            SpreadSignal::Weight => {
                for row in self.network.weight(self.index).rows() {
                    task.proceed()?;
                    take(&row.iter().map(|&weight| weight.into()).collect::<Vec<_>>());
                }
                return Ok(());
            }
            SpreadSignal::WeightGradient => {
                let mut part = |_, row: &[Scaled]| {
                    take(row);
                    task.proceed().is_ok()
                };
                let taken = self.pass.exact_weight_gradient(self.index, &mut part);
                return taken.map_err(|_| Stopped);
            }
        };
        for example in 0..signal.batch() {
            task.proceed()?;
            take(&signal.column(example));
        }
        Ok(())
    }
}

/// How far the entries of all layers reach.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Reach {
    /// The smallest and the largest entry, where there is one.
    ends: Option<[Scaled; 2]>,
    /// log10 of the smallest and the largest |entry| that is not zero.
    decades: Option<[f64; 2]>,
    /// log10 of the smallest and the largest root mean square of a hidden layer that is not
    /// zero.
    layers: Option<[f64; 2]>,
    /// Entries in all.
    count: u64,
}

impl Reach {
    /// Decades between the faintest and the loudest hidden layer.
    fn layers_apart(&self) -> f64 {
        self.layers.map_or(0.0, |[faintest, loudest]| loudest - faintest)
    }

    fn take<T: Real>(
        &mut self,
        layer: &LayerEntries<'_, T>,
        hidden: bool,
        task: &TaskContext<'_>,
    ) -> Result<(), Stopped> {
        let (mut squares, mut entries) = (Scaled::ZERO, 0);
        layer.each(task, &mut |part| {
            squares += self.add(part);
            entries += part.len();
        })?;
        self.count += entries as u64;
        let rms =
            squares.checked_div((entries as f64).into()).map(Scaled::sqrt).and_then(Scaled::log10);
        if let Some(rms) = rms.filter(|_| hidden) {
            let [least, most] = self.layers.unwrap_or([rms; 2]);
            self.layers = Some([least.min(rms), most.max(rms)]);
        }
        Ok(())
    }

    /// Takes entries in; returns the sum of their squares.
    fn add(&mut self, entries: &[Scaled]) -> Scaled {
        let mut squares = Scaled::ZERO;
        let mut sizes: Option<[Scaled; 2]> = None;
        for &entry in entries {
            let [low, high] = self.ends.unwrap_or([entry; 2]);
            self.ends = Some([low.min(entry), high.max(entry)]);
            if entry.is_zero() {
                continue;
            }
            let size = entry.abs();
            let [least, most] = sizes.unwrap_or([size; 2]);
            sizes = Some([least.min(size), most.max(size)]);
            squares += size * size;
        }
        if let Some([least, most]) = sizes.and_then(|[a, b]| Some([a.log10()?, b.log10()?])) {
            let [low, high] = self.decades.unwrap_or([least, most]);
            self.decades = Some([low.min(least), high.max(most)]);
        }
        squares
    }
}

/// One layer's histogram.
fn count<T: Real>(
    layer: &LayerEntries<'_, T>,
    scale: ValueScale,
    bins: Bins,
    task: &TaskContext<'_>,
) -> Result<LayerSpread, Stopped> {
    let mut counts = vec![0_u64; bins.count];
    let (mut zeros, mut sum, mut squares) = (0_u64, Scaled::ZERO, Scaled::ZERO);
    let mut placed = Vec::new();
    layer.each(task, &mut |part| {
        for &entry in part {
            match scale.position(entry).filter(|_| !entry.is_zero()) {
                None => zeros += 1,
                Some(position) => {
                    counts[bins.of(position)] += 1;
                    placed.push((position, entry));
                }
            }
            sum += entry;
            squares += entry * entry;
        }
    })?;
    let total = zeros + placed.len() as u64;
    let (trace, activation) =
        (&layer.pass.layers[layer.index], layer.network.activation(layer.index));
    let over_all = |sum: Scaled| sum.checked_div((total as f64).into()).unwrap_or(Scaled::ZERO);
    Ok(LayerSpread {
        total,
        zeros,
        counts,
        mean: over_all(sum),
        rms: over_all(squares).sqrt(),
        median: quantile(&mut placed, 0.5).map(|(_, entry)| entry),
        quantiles: quantiles(&mut placed),
        dead_share: trace.dead_share(activation),
        saturated_share: trace.saturated_share(activation),
    })
}

fn quantiles(placed: &mut [(f64, Scaled)]) -> Option<[f64; 3]> {
    let [low, middle, high] = QUANTILES.map(|p| quantile(placed, p).map(|(position, _)| position));
    Some([low?, middle?, high?])
}

/// The sample quantile at rank p (n − 1), rounded to the next entry: its position and the entry
/// itself, of which a position may have no digits left.
fn quantile(placed: &mut [(f64, Scaled)], p: f64) -> Option<(f64, Scaled)> {
    let last = placed.len().checked_sub(1)?;
    let rank = (p * last as f64).round() as usize;
    let order = |a: &(f64, Scaled), b: &(f64, Scaled)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    Some(*placed.select_nth_unstable_by(rank, order).1)
}
