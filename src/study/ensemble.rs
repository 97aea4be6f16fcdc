//! Many seeds at once: how the error signal's norms are distributed over initializations.

use crate::engine::{NotExact, Scaled};
use crate::experiment::Experiment;

use super::parallel::{all_threads, in_order};
use super::sampler::threads_that_fit;
use super::{Distribution, Engine, Sampler, Stopped, TaskContext};

/// Seeds of an ensemble.
pub const SEEDS: std::ops::RangeInclusive<u32> = 1..=100_000;
/// Seeds of a chunk at most: the least that a snapshot advances by.
const CHUNK: usize = 64;
/// Random numbers of a chunk: some milliseconds' work, so that a few dozen seeds already keep
/// every thread busy and a first band need not wait.
const CHUNK_NUMBERS: usize = 250_000;

/// What is asked of an ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnsembleSettings {
    /// How many seeds, from the experiment's own on: s, s + 1, …
    pub seeds: u32,
    /// One engine for all variants, or for each the fastest that applies.
    pub engine: Option<Engine>,
    /// Threads to work on. The result does not depend on it.
    pub threads: usize,
}

impl Default for EnsembleSettings {
    fn default() -> Self {
        Self { seeds: 1000, engine: None, threads: all_threads() }
    }
}

/// Why there is no ensemble.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnsembleError {
    /// Too few or too many seeds.
    #[error("an ensemble takes from 1 to 100000 seeds, not {0}")]
    Seeds(u32),
    /// The last seed would lie beyond what names a stream.
    #[error("the last of these seeds is beyond {0}, the largest that names a stream")]
    LastSeed(u64),
    /// `ExactInLaw` was demanded where it does not apply.
    #[error(transparent)]
    NotExact(#[from] NotExact),
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// The norms of all seeds so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// What was asked.
    pub experiment: Experiment,
    /// Seeds counted so far.
    pub seeds: u32,
    /// One for each variant, in order.
    pub variants: Vec<VariantEnsemble>,
}

/// The norms of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantEnsemble {
    /// The variant's name.
    pub name: String,
    /// How the norms were found.
    pub engine: Engine,
    /// ‖δ^(l)‖ of layers 1…L.
    pub layers: Vec<Distribution>,
    /// ‖δ^(1)‖/‖δ^(L)‖ where ‖δ^(L)‖ is not zero.
    pub first_over_last: Distribution,
}

/// Draws `settings.seeds` networks of every variant, the seeds counted up from the experiment's.
///
/// The direct engine draws from the experiment's own stream, so that each of its seeds is the
/// network which [`DrawStudy`](super::DrawStudy) shows for that seed. Seeds are worked on in
/// chunks and taken up in order, so that the result is the same to the bit for any number of
/// threads. After each chunk `snapshot` sees the ensemble as it stands. Memory does not grow
/// with the seeds: see [`Histogram`](super::Histogram) for what quantiles may be off.
///
/// # Errors
/// [`EnsembleError`]: seeds out of range, an engine that does not apply, or a stop.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{EnsembleSettings, TaskContext, ensemble};
/// let settings = EnsembleSettings { seeds: 400, ..EnsembleSettings::default() };
/// let chapter = Experiment::default();
/// let result = ensemble(&chapter, &settings, &TaskContext::unattended(), |_| {}).expect("valid");
/// let sigmoid = &result.variants[0].first_over_last;
/// let median = sigmoid.log10_quantile(0.5).expect("a sigmoid never dies");
/// assert!((median + 3.1).abs() < 0.2); // three decades in five steps
/// assert!(result.variants[1].layers[5].zero_share() > 0.4); // ReLU's one output is often dead
/// ```
pub fn ensemble(
    experiment: &Experiment,
    settings: &EnsembleSettings,
    task: &TaskContext<'_>,
    mut snapshot: impl FnMut(&Ensemble),
) -> Result<Ensemble, EnsembleError> {
    check(experiment, settings)?;
    let first = Sampler::new(experiment, settings.engine)?;
    let mut result = Ensemble::empty(experiment, &first);
    let chunk = chunk(experiment, &first);
    let seeds = settings.seeds as usize;
    in_order(
        seeds.div_ceil(chunk),
        threads(experiment, settings, &first),
        task,
        || Sampler::new(experiment, settings.engine).ok(),
        |sampler, index, proceed| {
            let sampler = sampler.as_mut()?;
            let mut norms = Vec::new();
            for seed in index * chunk..seeds.min((index + 1) * chunk) {
                norms.extend(sampler.sample(experiment.seed + seed as u64, proceed).ok()?);
            }
            Some(norms)
        },
        |_, norms: Vec<Scaled>| {
            result.add(&norms);
            task.report(result.seeds as f32 / settings.seeds as f32);
            snapshot(&result);
        },
    )?;
    Ok(result)
}

fn check(experiment: &Experiment, settings: &EnsembleSettings) -> Result<(), EnsembleError> {
    if !SEEDS.contains(&settings.seeds) {
        return Err(EnsembleError::Seeds(settings.seeds));
    }
    if u64::from(settings.seeds) > experiment.seeds_left() {
        return Err(EnsembleError::LastSeed(experiment.last_seed()));
    }
    Ok(())
}

/// Seeds of a chunk: fixed by the experiment and the engines, not by the threads.
fn chunk(experiment: &Experiment, sampler: &Sampler) -> usize {
    let direct = sampler.engines().any(|engine| engine == Engine::Direct);
    let numbers = if direct {
        usize::try_from(experiment.architecture.weight_count()).unwrap_or(usize::MAX)
    } else {
        2 * experiment.sizes().iter().sum::<usize>() * experiment.architecture.batch
    };
    let numbers = numbers.saturating_mul(experiment.variants.len());
    (CHUNK_NUMBERS / numbers.max(1)).clamp(1, CHUNK)
}

/// Fewer threads than asked for where their weights would not fit.
fn threads(experiment: &Experiment, settings: &EnsembleSettings, sampler: &Sampler) -> usize {
    if sampler.engines().all(|engine| engine == Engine::ExactInLaw) {
        return settings.threads;
    }
    threads_that_fit(experiment, settings.threads)
}

impl Ensemble {
    fn empty(experiment: &Experiment, sampler: &Sampler) -> Self {
        let layers = vec![Distribution::default(); experiment.layers()];
        let variants = experiment.variants.iter().zip(sampler.engines());
        Self {
            experiment: experiment.clone(),
            seeds: 0,
            variants: variants
                .map(|(variant, engine)| VariantEnsemble {
                    name: variant.name.clone(),
                    engine,
                    layers: layers.clone(),
                    first_over_last: Distribution::default(),
                })
                .collect(),
        }
    }

    /// Adds the norms of whole seeds, each with all variants and layers.
    fn add(&mut self, norms: &[Scaled]) {
        let layers = self.experiment.layers();
        for seed in norms.chunks_exact(layers * self.variants.len()) {
            self.seeds += 1;
            for (variant, norms) in self.variants.iter_mut().zip(seed.chunks_exact(layers)) {
                variant.add(norms);
            }
        }
    }
}

impl VariantEnsemble {
    fn add(&mut self, norms: &[Scaled]) {
        for (layer, &norm) in self.layers.iter_mut().zip(norms) {
            layer.add(norm);
        }
        if let Some(ratio) = norms[0].checked_div(norms[norms.len() - 1]) {
            self.first_over_last.add(ratio);
        }
    }
}
