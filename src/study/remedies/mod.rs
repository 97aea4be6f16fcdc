//! What cures a variant whose gradients vanish or explode: remedies tried side by side.

mod candidates;
mod change;
mod gain;
mod measure;
mod table;
mod verdict;

use std::sync::OnceLock;

use crate::experiment::Experiment;

use super::parallel::{all_threads, in_order};
use super::sampler::threads_that_fit;
use super::{Cost, Engine, SEEDS, Stopped, TaskContext};

pub use change::Change;
pub use gain::critical_gain;
pub use measure::{Decades, Measured, measure};
pub use table::{Prescription, Remedies, Remedy, RemedyRow};
pub use verdict::{ALIKE, CURED, LOST, Verdict};

use candidates::candidates;
use gain::with_gain;
use measure::{Samples, Subject};

/// Networks of each row in the first round.
const FIRST_ROUND: u32 = 16;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemediesSettings {
    /// Networks of each row, from the experiment's own seed on; fewer where they take long.
    pub seeds: u32,
    /// Threads to work on. The result does not depend on it.
    pub threads: usize,
}

impl Default for RemediesSettings {
    fn default() -> Self {
        Self { seeds: 1000, threads: all_threads() }
    }
}

/// Why there are no remedies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemediesError {
    /// Too few or too many seeds.
    #[error("remedies take from 1 to 100000 seeds, not {0}")]
    Seeds(u32),
    /// The last seed would lie beyond what names a stream.
    #[error("the last of these seeds is beyond {0}, the largest that names a stream")]
    LastSeed(u64),
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Remedy {
    /// The changes made; nothing where the experiment's rules refuse them or nothing changes.
    fn of(before: &Experiment, changes: Vec<Change>) -> Option<Self> {
        let mut experiment = before.clone();
        changes.iter().for_each(|change| change.apply(&mut experiment));
        experiment.validate().ok()?;
        let cost = Cost::of_experiment(&experiment);
        let passes = (cost.forward() + cost.backward()) / cost.batch;
        let keys = before.changed_keys(&experiment);
        let is_new = changes.is_empty() || !keys.is_empty() || asks_gain(&changes);
        is_new.then_some(Self { changes, experiment, keys, multiply_adds: passes })
    }

    /// How its networks are drawn.
    fn engine(&self) -> Engine {
        Engine::fastest(&self.experiment, &self.experiment.variants[0])
    }

    /// With the gain that it asks for; nothing where there is none.
    fn solved(&self, before: &Experiment, task: &TaskContext<'_>) -> Result<Option<Self>, Stopped> {
        if !asks_gain(&self.changes) {
            return Ok(Some(self.clone()));
        }
        let found = critical_gain(&self.experiment, task)?;
        Ok(found.map(|gain| {
            let experiment = with_gain(&self.experiment, gain);
            Self { keys: before.changed_keys(&experiment), experiment, ..self.clone() }
        }))
    }
}

fn asks_gain(changes: &[Change]) -> bool {
    changes.contains(&Change::CriticalGain)
}

/// A row's first look, or the rest of its networks.
#[derive(Clone, Copy, Debug)]
struct Job {
    round: usize,
    place: usize,
}

/// Both rounds of every row: the variant as it is first, then what takes little, so that a table can
/// be read while larger networks and orthogonal matrices are drawn and gains are looked for.
fn jobs(trials: &[Trial]) -> Vec<Job> {
    let mut jobs: Vec<Job> =
        (0..2).flat_map(|round| (0..trials.len()).map(move |place| Job { round, place })).collect();
    jobs.sort_by_key(|job| {
        let trial = &trials[job.place].remedy;
        let is_quick = trial.engine() == Engine::ExactInLaw && !trial.is_of_architecture();
        (job.round > 0 || job.place > 0, !is_quick, job.round, asks_gain(&trial.changes))
    });
    jobs
}

/// What makes one row.
struct Trial {
    remedy: Remedy,
    /// Once it is known what exactly is to be measured; nothing where there is no such remedy.
    ready: OnceLock<Option<(Remedy, Subject)>>,
}

/// Tries every remedy that goes with one variant of a valid experiment: first on a few networks
/// each, then on all. After each row `snapshot` sees what is known. A row depends on its experiment
/// and its seeds alone: the table is the same for any number of threads.
///
/// A narrow format that is emulated counts as `f64`.
///
/// # Errors
/// [`RemediesError`]: seeds out of range, or a stop.
///
/// ```
/// use gradient_lab::experiment::Preset;
/// use gradient_lab::study::{RemediesSettings, TaskContext, Verdict, remedies};
/// let mut he = Preset::find("xavier-vs-he").expect("it comes with the lab").experiment();
/// he.architecture.depth = 8;
/// let settings = RemediesSettings { seeds: 60, ..RemediesSettings::default() };
/// let table = remedies(&he, 0, settings, &TaskContext::unattended(), |_| {}).expect("valid");
/// assert_eq!(table.before.verdict, Verdict::Vanishes);
/// assert_eq!(table.first().expect("a cure").remedy.id(), "he_normal");
/// ```
pub fn remedies(
    experiment: &Experiment,
    variant: usize,
    settings: RemediesSettings,
    task: &TaskContext<'_>,
    mut snapshot: impl FnMut(&Remedies),
) -> Result<Remedies, RemediesError> {
    if !SEEDS.contains(&settings.seeds) {
        return Err(RemediesError::Seeds(settings.seeds));
    }
    if u64::from(settings.seeds) > experiment.seeds_left() {
        return Err(RemediesError::LastSeed(experiment.last_seed()));
    }
    let mut before = experiment.clone();
    before.variants = vec![experiment.variants[variant].clone()];
    let trials = trials(&before);
    let mut found: Vec<Option<(Remedy, Samples)>> = trials.iter().map(|_| None).collect();
    let mut table: Option<Remedies> = None;
    let jobs = jobs(&trials);
    let threads = trials.iter().map(|t| threads_that_fit(&t.remedy.experiment, settings.threads));
    let threads = threads.min().unwrap_or(1);
    let job = |(): &mut (), index: usize, proceed: &dyn Fn() -> bool| {
        let Job { round, place } = jobs[index];
        trials[place].sample(&before, round, settings.seeds, proceed)
    };
    in_order(
        jobs.len(),
        threads,
        task,
        || (),
        job,
        |index, sampled| {
            let place = jobs[index].place;
            if let Some((remedy, samples)) = sampled {
                match &mut found[place] {
                    Some((_, earlier)) => earlier.join(samples),
                    none => *none = Some((remedy, samples)),
                }
            }
            let row = trials[place].row(place, found[place].as_ref());
            match (&mut table, row) {
                (_, None) => {}
                (None, Some(row)) => table = Some(Remedies::beginning(&before, row)),
                (Some(table), Some(row)) => table.take(row),
            }
            if let Some(table) = &mut table {
                table.is_complete = index + 1 == jobs.len();
                snapshot(table);
            }
            task.report((index + 1) as f32 / jobs.len() as f32);
        },
    )?;
    Ok(table.expect("the variant as it is comes first and is valid"))
}

/// The variant as it is, and every remedy that the experiment's rules accept, none twice.
fn trials(before: &Experiment) -> Vec<Trial> {
    let mut remedies: Vec<Remedy> = Vec::new();
    for changes in candidates(before) {
        let Some(remedy) = Remedy::of(before, changes) else { continue };
        let is_known = |known: &Remedy| {
            known.experiment == remedy.experiment
                && asks_gain(&known.changes) == asks_gain(&remedy.changes)
        };
        if !remedies.iter().any(is_known) {
            remedies.push(remedy);
        }
    }
    remedies.into_iter().map(|remedy| Trial { remedy, ready: OnceLock::new() }).collect()
}

impl Trial {
    /// The networks of a round; nothing within where there is no such remedy, nothing at all when
    /// told to stop.
    #[expect(clippy::option_option, reason = "no remedy is an answer, a stop is none")]
    fn sample(
        &self,
        before: &Experiment,
        round: usize,
        seeds: u32,
        proceed: &dyn Fn() -> bool,
    ) -> Option<Option<(Remedy, Samples)>> {
        let stop = || !proceed();
        let task = TaskContext::new(&stop, &|_| {});
        let ready = self.ready.get_or_init(|| {
            let remedy = self.remedy.solved(before, &task).ok().flatten()?;
            let subject = Subject::new(&remedy.experiment);
            Some((remedy, subject))
        });
        task.proceed().ok()?;
        let Some((remedy, subject)) = ready else { return Some(None) };
        let seeds = subject.seeds(seeds);
        let middle = seeds.min(FIRST_ROUND);
        let samples = match round {
            0 => subject.sample_first(middle, proceed),
            _ => subject.sample(middle..seeds, seeds, proceed),
        };
        let samples = samples.ok()?;
        Some(Some((remedy.clone(), samples)))
    }

    fn row(&self, place: usize, found: Option<&(Remedy, Samples)>) -> Option<RemedyRow> {
        let ((remedy, samples), (_, subject)) = (found?, self.ready.get()?.as_ref()?);
        let measured = subject.measured(samples.clone());
        let verdict = Verdict::of(&measured);
        Some(RemedyRow { remedy: remedy.clone(), measured, verdict, place })
    }
}
