//! What a variant does over many seeds, as far as it decides whether a remedy cures.

use std::ops::{Range, RangeInclusive};

use crate::engine::{Scaled, ScaledColumns};
use crate::experiment::{Experiment, Precision};
use crate::study::sampler::difference;
use crate::study::{Engine, LayerSample, NormalizedLimit, Sampler, Stopped, TaskContext, band};

/// Examples on which dead units and differences are measured where the batch has fewer: in a He
/// network of 30 × 100 ReLU units 27, 21, 18 and 15 % are dead on 16, 64, 256 and 1,024 of them. The
/// choice was made with these numbers in sight, and decides: of a network's real examples there are
/// more than 64, and on 64 such a network would count as one that loses too many.
const EXAMPLES: usize = 256;
/// As many for a first look.
const FEW_EXAMPLES: usize = 16;
/// Activations of all examples together at the most.
const ACTIVATIONS: usize = 10_000_000;
/// Random numbers and multiply-adds, in units of a normal number, that a row may take.
const WORK: u64 = 20_000_000;
/// Units of hidden layers on which shares are measured, over all networks.
const UNITS: u64 = 20_000;
/// Networks on which shares are measured, at the least and at the most.
const LOOKED_AT: (u64, u64) = (4, 30);

/// A quantity's median over networks, with its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decades {
    /// The median.
    pub median: f64,
    /// The median's 95 % confidence interval, by order statistics: free of any law.
    pub interval: [f64; 2],
    /// 5 % and 95 % of the networks.
    pub spread: [f64; 2],
}

/// What a variant does over many seeds. Decades are of log10; −∞ stands for a true zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Networks for the decades, from the experiment's own seed on.
    pub seeds: u32,
    /// How their norms were found.
    pub engine: Engine,
    /// log10(‖δ^(1)‖/‖δ^(L)‖)/(L − 1), a dead network's being −∞.
    pub decades: Decades,
    /// The share of networks whose δ^(1) is a true zero.
    pub zero_share: f64,
    /// Networks for the rest, which takes several examples.
    pub looked_at: u32,
    /// Their examples.
    pub examples: usize,
    /// log10(‖a^(D)‖/‖a^(1)‖)/(D − 1) of D hidden layers, the median; nothing for one layer.
    pub forward: Option<f64>,
    /// The mean share of hidden units whose slope is 0 in every example.
    pub dead: f64,
    /// The mean share of hidden units and examples whose slope is below 5 % of the largest.
    pub saturated: f64,
    /// The standard error of both together over the networks.
    pub lost_error: f64,
    /// What is left at layer L of two examples' difference: the median of 1 − cos of what enters
    /// layer L, over that of the inputs.
    pub difference: f64,
    /// What theory expects of the decades.
    pub expected: Option<f64>,
}

impl Measured {
    /// Units that are dead or saturated.
    pub fn lost(&self) -> f64 {
        self.dead + self.saturated
    }
}

/// Networks that so much work, in units of a normal number, allows for, within these bounds.
pub(super) fn budget(experiment: &Experiment, work: u64, bounds: RangeInclusive<u64>) -> u64 {
    let sizes = experiment.sizes();
    let batch = experiment.architecture.batch as u64;
    let units = sizes.iter().sum::<usize>() as u64;
    let weights = u64::try_from(experiment.architecture.weight_count()).unwrap_or(u64::MAX);
    let network = match Engine::fastest(experiment, &experiment.variants[0]) {
        Engine::ExactInLaw => 2 * units * batch * (1 + batch / 3),
        Engine::Direct => weights.saturating_mul(2 + batch / 8),
    };
    (work / network.max(1)).clamp(*bounds.start(), *bounds.end())
}

/// log10 ‖δ^(1)‖/‖δ^(L)‖; −∞ for a dead network.
pub(super) fn log10_ratio(norms: &[Scaled]) -> f64 {
    let ratio = norms[0].checked_div(norms[norms.len() - 1]).and_then(Scaled::log10);
    ratio.unwrap_or(f64::NEG_INFINITY)
}

/// Some networks' numbers, in the order of their seeds: parts of one variant's can be joined.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    decades: Vec<f64>,
    look: Look,
}

/// What is measured of fewer networks, on more examples.
#[derive(Clone, Debug, Default)]
struct Look {
    examples: usize,
    forward: Vec<f64>,
    difference: Vec<f64>,
    dead: Vec<f64>,
    saturated: Vec<f64>,
}

/// One variant and how it is sampled.
pub(super) struct Subject {
    /// In double precision where a narrow format is emulated.
    experiment: Experiment,
    /// With enough examples to tell dead units from inactive ones.
    wide: Experiment,
    /// With fewer, for a first look.
    narrow: Experiment,
    /// 1 − cos of two inputs.
    input_difference: f64,
}

impl Subject {
    pub(super) fn new(experiment: &Experiment) -> Self {
        let mut own = experiment.clone();
        if own.architecture.precision.is_emulated() {
            own.architecture.precision = Precision::F64;
        }
        let given = own.data.as_ref().and_then(|data| {
            let columns = ScaledColumns::<f64> {
                mantissa: ndarray::Array2::from_shape_fn(
                    (own.architecture.input, data.x.len()),
                    |(unit, example)| data.x[example][unit],
                ),
                exponent: vec![0; data.x.len()],
            };
            difference(&columns).filter(|difference| *difference > 0.0)
        });
        let is_free = given.is_none() && !own.variants[0].couples_examples();
        let with_examples = |wanted: usize| {
            let mut wide = own.clone();
            if is_free {
                let units = own.sizes().iter().sum::<usize>();
                let examples = wanted.min(ACTIVATIONS / units).max(2);
                wide.data = None;
                wide.architecture.batch = own.architecture.batch.max(examples);
            }
            wide
        };
        Self {
            wide: with_examples(EXAMPLES),
            narrow: with_examples(FEW_EXAMPLES),
            experiment: own,
            input_difference: given.unwrap_or(1.0),
        }
    }

    /// Networks that a row takes at the most.
    pub(super) fn seeds(&self, most: u32) -> u32 {
        let seeds = budget(&self.experiment, WORK, 30..=u64::from(most).max(30));
        seeds.min(u64::from(most)) as u32
    }

    /// Of so many networks those that are looked at.
    fn looked_at(&self, seeds: u32) -> u32 {
        let sizes = self.experiment.sizes();
        let hidden: usize = sizes[1..sizes.len() - 1].iter().sum();
        let wanted = UNITS.div_ceil(hidden.max(1) as u64).clamp(LOOKED_AT.0, LOOKED_AT.1);
        wanted.min(u64::from(seeds)) as u32
    }

    /// A first round: some networks, and a quick look at one.
    pub(super) fn sample_first(
        &self,
        seeds: u32,
        proceed: &dyn Fn() -> bool,
    ) -> Result<Samples, Stopped> {
        self.sample_of(0..seeds, 1, &self.narrow, proceed)
    }

    /// Some networks, and a thorough look at the first of all.
    pub(super) fn sample(
        &self,
        seeds: Range<u32>,
        of: u32,
        proceed: &dyn Fn() -> bool,
    ) -> Result<Samples, Stopped> {
        self.sample_of(seeds, self.looked_at(of), &self.wide, proceed)
    }

    fn sample_of(
        &self,
        seeds: Range<u32>,
        looked_at: u32,
        wide: &Experiment,
        proceed: &dyn Fn() -> bool,
    ) -> Result<Samples, Stopped> {
        let mut samples = Samples::default();
        let first = self.experiment.seed;
        let steps = (self.experiment.layers() - 1) as f64;
        let mut sampler = Sampler::new(&self.experiment, None).map_err(|_| Stopped)?;
        for seed in seeds {
            let norms = sampler.sample(first + u64::from(seed), proceed)?;
            samples.decades.push(log10_ratio(norms) / steps);
        }
        samples.look.examples = wide.architecture.batch;
        let mut sampler = Sampler::new(wide, None).map_err(|_| Stopped)?.with_layers();
        for seed in 0..looked_at {
            sampler.sample(first + u64::from(seed), proceed)?;
            samples.look.add(sampler.layers(), &self.experiment.sizes());
        }
        Ok(samples)
    }

    /// Sums up.
    ///
    /// # Panics
    /// Without any sample.
    pub(super) fn measured(&self, mut samples: Samples) -> Measured {
        let count = samples.decades.len();
        let look = &mut samples.look;
        assert!(count > 0 && !look.dead.is_empty(), "a row is made of samples");
        let zeros = samples.decades.iter().filter(|value| !value.is_finite()).count();
        let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
        let variant = &self.experiment.variants[0];
        Measured {
            seeds: count as u32,
            engine: Engine::fastest(&self.experiment, variant),
            decades: Decades::of(&mut samples.decades),
            zero_share: zeros as f64 / count as f64,
            looked_at: look.dead.len() as u32,
            examples: look.examples,
            forward: (!look.forward.is_empty()).then(|| median(&mut look.forward)),
            dead: mean(&look.dead),
            saturated: mean(&look.saturated),
            lost_error: look.lost_error(),
            difference: median(&mut look.difference) / self.input_difference,
            expected: expected(&self.experiment),
        }
    }
}

impl Look {
    /// 0 for one network.
    fn lost_error(&self) -> f64 {
        let lost: Vec<f64> = self.dead.iter().zip(&self.saturated).map(|(d, s)| d + s).collect();
        let count = lost.len() as f64;
        let mean = lost.iter().sum::<f64>() / count;
        let squares: f64 = lost.iter().map(|l| (l - mean) * (l - mean)).sum();
        (squares / (count - 1.0).max(1.0) / count).sqrt()
    }

    /// Adds what one network leaves.
    fn add(&mut self, layers: &[LayerSample], sizes: &[usize]) {
        let (_, hidden) = layers.split_last().expect("a network has an output layer");
        let units: usize = sizes[1..=hidden.len()].iter().sum();
        let share = |of: &dyn Fn(&LayerSample) -> f64| {
            let sum: f64 = hidden.iter().zip(&sizes[1..]).map(|(l, &n)| of(l) * n as f64).sum();
            sum / units as f64
        };
        self.dead.push(share(&|layer| layer.dead));
        self.saturated.push(share(&|layer| layer.saturated));
        let (first, last) = (&hidden[0], &hidden[hidden.len() - 1]);
        self.difference.push(last.difference.unwrap_or(0.0));
        if hidden.len() > 1 {
            // By the unit: layers may differ in width.
            let [n, m] = [sizes[hidden.len()] as f64, sizes[1] as f64];
            let ratio = last.activation.checked_div(first.activation).and_then(Scaled::log10);
            let ratio = ratio.map_or(f64::NEG_INFINITY, |log10| log10 - 0.5 * (n / m).log10());
            self.forward.push(ratio / (hidden.len() - 1) as f64);
        }
    }
}

impl Samples {
    /// Adds those of later seeds; the later look counts.
    pub(super) fn join(&mut self, later: Self) {
        self.decades.extend(later.decades);
        self.look = later.look;
    }
}

impl Decades {
    /// Sorts them. The interval's ends are the values of rank n/2 ± 1.96 √n/2 and, where there are
    /// too few for it, the least and the largest.
    fn of(values: &mut [f64]) -> Self {
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        let half = 0.98 * (values.len() as f64).sqrt();
        let middle = 0.5 * values.len() as f64;
        let low = (middle - half).floor().max(0.0) as usize;
        let high = ((middle + half).ceil() as usize).min(last);
        let at = |share: f64| values[(share * last as f64).round() as usize];
        Self {
            median: middle_of(values),
            interval: [values[low], values[high]],
            spread: [at(0.05), at(0.95)],
        }
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    middle_of(values)
}

fn middle_of(sorted: &[f64]) -> f64 {
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    // Infinity less infinity is no number.
    if low == high { low } else { 0.5 * (low + high) }
}

/// The theory's decades per layer: at this width for plain layers, else in the limit of wide ones.
fn expected(experiment: &Experiment) -> Option<f64> {
    let variant = &experiment.variants[0];
    let steps = (experiment.layers() - 1) as f64;
    if let Ok(bands) = band(experiment, variant) {
        return bands.first().map(|first| first.mean_log10 / steps).filter(|mean| mean.is_finite());
    }
    match NormalizedLimit::of(experiment, variant)? {
        NormalizedLimit::Plain { few_examples: Some(_), .. } => None,
        NormalizedLimit::Plain { chi, .. } => Some(0.5 * libm::log10(chi)),
        NormalizedLimit::PreSkips { growth_log10, .. } => Some(growth_log10 / steps),
    }
}

/// Measures an experiment's one variant on `seeds` networks, as a row of as many has it.
///
/// # Errors
/// [`Stopped`] when told to stop.
pub fn measure(
    experiment: &Experiment,
    seeds: u32,
    task: &TaskContext<'_>,
) -> Result<Measured, Stopped> {
    let subject = Subject::new(experiment);
    let samples = subject.sample(0..seeds, seeds, &|| task.proceed().is_ok())?;
    Ok(subject.measured(samples))
}
