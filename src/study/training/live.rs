//! A training of either precision as somebody watches it: it goes on for some steps, and tells
//! what it has left.

use std::sync::Arc;

use crate::engine::Real;
use crate::experiment::{Data, Experiment, ExperimentError, GivenNetwork, Precision};
use crate::study::{DrawStudy, Stopped, TaskContext};

use super::finding::{TrainingFinding, ends_of_loss, findings};
use super::{DecisionSurface, Divergence, Learner, Training, TrainingRecord};

/// A training of either precision.
pub enum LiveTraining {
    /// In `f64`.
    Double(Training<f64>),
    /// In `f32`, and in narrow formats with parameters in `f32`.
    Single(Training<f32>),
}

/// What a training has left so far.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingState {
    /// What learns.
    pub experiment: Arc<Experiment>,
    /// Steps behind it.
    pub steps_taken: usize,
    /// In the experiment's order.
    pub variants: Vec<VariantTraining>,
}

/// What one variant has left so far.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantTraining {
    /// Its name.
    pub name: String,
    /// Every 2^k-th step: see [`MOST_RECORDS`](super::MOST_RECORDS).
    pub records: Vec<TrainingRecord>,
    /// Where it stopped before the others, if it did.
    pub divergence: Option<Divergence>,
    /// ‖W − W₀‖/‖W₀‖ of layers 1…L, with W₀ what W was at the start; nothing where that is 0.
    pub moved: Vec<Option<f64>>,
    /// What it says of every point, where it has two inputs and is not too large.
    pub surface: Option<DecisionSurface>,
    /// What is claimed of it, the gravest first.
    pub findings: Vec<TrainingFinding>,
}

impl VariantTraining {
    /// Whether layers have hardly moved where others have.
    pub fn has_still_layers(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding, TrainingFinding::Still { .. }))
    }
}

impl LiveTraining {
    /// Draws every variant's network; nothing has been learned yet.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop before the first step.
    pub fn new(
        experiment: &Experiment,
        study: &mut DrawStudy,
        task: &TaskContext<'_>,
    ) -> Result<Self, Stopped> {
        let mut live = Self::of(experiment, study, task)?;
        match &mut live {
            Self::Double(training) => training.learners.iter_mut().for_each(Learner::keep_start),
            Self::Single(training) => training.learners.iter_mut().for_each(Learner::keep_start),
        }
        Ok(live)
    }

    /// [`Self::new`] in half of the memory and without what a record takes, but for its loss. It has
    /// no [`Self::state`]: only [`Self::learned_shares`] are asked for.
    pub(crate) fn unwatched(
        experiment: &Experiment,
        study: &mut DrawStudy,
        task: &TaskContext<'_>,
    ) -> Result<Self, Stopped> {
        let mut live = Self::of(experiment, study, task)?;
        match &mut live {
            Self::Double(training) => {
                training.learners.iter_mut().for_each(Learner::tell_loss_alone);
            }
            Self::Single(training) => {
                training.learners.iter_mut().for_each(Learner::tell_loss_alone);
            }
        }
        Ok(live)
    }

    fn of(
        experiment: &Experiment,
        study: &mut DrawStudy,
        task: &TaskContext<'_>,
    ) -> Result<Self, Stopped> {
        Ok(match experiment.architecture.precision {
            Precision::F64 => Self::Double(Training::new(experiment, study, task)?),
            // A narrow format has master weights in f32.
            _ => Self::Single(Training::new(experiment, study, task)?),
        })
    }

    /// What learns.
    pub fn experiment(&self) -> &Experiment {
        match self {
            Self::Double(training) => training.experiment(),
            Self::Single(training) => training.experiment(),
        }
    }

    /// Steps behind it.
    pub fn steps_taken(&self) -> usize {
        match self {
            Self::Double(training) => training.steps_taken(),
            Self::Single(training) => training.steps_taken(),
        }
    }

    /// Takes steps until so many are behind it, at most the experiment's. Threads share out the rows of
    /// large layers and change no bit.
    ///
    /// # Errors
    /// [`Stopped`]: then the steps so far are done and the rest can follow.
    pub fn run_to(
        &mut self,
        steps: usize,
        threads: usize,
        task: &TaskContext<'_>,
    ) -> Result<(), Stopped> {
        match self {
            Self::Double(training) => training.run_to(steps, threads, task),
            Self::Single(training) => training.run_to(steps, threads, task),
        }
    }

    /// The share of its loss that each variant has lost, from 0 to 1, between the start and the end as
    /// [`TrainingFinding::Loss`] has them; 0 where it diverged.
    pub fn learned_shares(&self) -> Vec<f64> {
        match self {
            Self::Double(training) => training.learners().iter().map(learned_share).collect(),
            Self::Single(training) => training.learners().iter().map(learned_share).collect(),
        }
    }

    /// The experiment with the networks as they are now: what any other study of it then sees.
    ///
    /// Weights, biases, γ and β are given number by number, and so are the examples where they
    /// were drawn. Layers that share one W become layers with equal ones. Batch normalization has
    /// the statistics of the batch, as in every pass; its running ones are left behind.
    ///
    /// # Errors
    /// The refusal of the experiment, where a number is larger than given ones may be.
    pub fn experiment_now(&self) -> Result<Experiment, ExperimentError> {
        let (given, data): (Vec<GivenNetwork>, Data) = match self {
            Self::Double(training) => training.parameters_and_data(),
            Self::Single(training) => training.parameters_and_data(),
        };
        let mut now = self.experiment().clone();
        for (index, given) in given.into_iter().enumerate() {
            (now.variants[index].tied, now.variants[index].weights_file) = (false, None);
            now.give(index, given);
        }
        // Without weights to draw, the generator would draw other examples.
        if now.data_set.is_none() {
            now.data.get_or_insert(data);
        }
        now.validate().map(|()| now)
    }

    /// What it has left so far.
    ///
    /// # Panics
    /// If it is unwatched.
    pub fn state(&self) -> TrainingState {
        let variants = match self {
            Self::Double(training) => VariantTraining::all(training),
            Self::Single(training) => VariantTraining::all(training),
        };
        let (experiment, steps_taken) = (Arc::new(self.experiment().clone()), self.steps_taken());
        TrainingState { experiment, steps_taken, variants }
    }
}

fn learned_share<T: Real>(learner: &Learner<T>) -> f64 {
    let [first, last] = match ends_of_loss(learner.records()) {
        Some(ends) if learner.divergence().is_none() => ends,
        _ => return 0.0,
    };
    if first > 0.0 { (1.0 - last / first).clamp(0.0, 1.0) } else { 0.0 }
}

impl VariantTraining {
    fn all<T: Real>(training: &Training<T>) -> Vec<Self> {
        let examples = training.shown_examples.as_ref();
        let surface = |learner: &Learner<T>| DecisionSurface::of(learner.trainer(), examples);
        let learners = training.learners.iter();
        learners.map(|learner| Self::of(learner, surface(learner))).collect()
    }

    fn of<T: Real>(learner: &Learner<T>, surface: Option<DecisionSurface>) -> Self {
        let (records, divergence) = (learner.records().to_vec(), learner.divergence());
        let moved = learner.moved();
        let needed = || learner.trainer().loss_scale_needed();
        let findings = findings(&records, divergence, &moved, needed);
        let name = learner.name().to_owned();
        Self { name, records, divergence, moved, surface, findings }
    }
}
