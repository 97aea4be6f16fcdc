//! Training: all variants learn side by side from the same minibatches.

mod finding;
mod learner;
mod live;
mod minibatches;
mod rate_test;
mod surface;

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;

use crate::engine::{Executor, FromDraws, Real, Serial};
use crate::experiment::{Data, Experiment, GivenNetwork};

use super::parallel::in_pool;
use super::pass::PoolExecutor;
use super::{DrawStudy, Stopped, TaskContext};

pub use finding::{ENOUGH_UPDATES, LARGE_UPDATE, STILL, TrainingFinding, UNCHANGED};
pub use learner::{Divergence, Learner, TrainingRecord};
pub use live::{LiveTraining, TrainingState, VariantTraining};
pub use minibatches::Minibatches;
pub use rate_test::{RateFinding, RatePoint, RateRange, RateTest, VariantRates, rate_test};
pub use surface::{DecisionSurface, SURFACE_CELLS};

/// Records of a variant at most, but for the last: every 2^k-th step leaves one, with the least k
/// for which that is enough.
pub const MOST_RECORDS: usize = 1024;

/// A training under way: it may be stopped after any step, looked at, and go on.
pub struct Training<T> {
    experiment: Experiment,
    minibatches: Minibatches,
    learners: Vec<Learner<T>>,
    steps_taken: usize,
    /// What a decision surface shows, where there is one.
    shown_examples: Option<Vec<([f64; 2], f64)>>,
}

impl<T: Real + FromDraws> Training<T> {
    /// Draws every variant's network; nothing has been learned yet.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop before the first step.
    ///
    /// ```
    /// use gradient_lab::experiment::Preset;
    /// use gradient_lab::study::{DrawStudy, TaskContext, Training};
    /// let (xor, task) = (Preset::find("xor").expect("a preset").experiment(), TaskContext::unattended());
    /// let mut training = Training::<f64>::new(&xor, &mut DrawStudy::new(), &task)?;
    /// training.run(1, &task)?;
    /// let records = training.learners()[0].records();
    /// assert!(records[0].loss > 0.1 && records.last().expect("2000 steps").loss < 0.0015);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        experiment: &Experiment,
        study: &mut DrawStudy,
        task: &TaskContext<'_>,
    ) -> Result<Self, Stopped> {
        let mut learners = Vec::new();
        let mut examples = None;
        for variant in &experiment.variants {
            let network = study.network::<T>(experiment, variant, task)?;
            examples.get_or_insert_with(|| {
                [&network.input, &network.target].map(|data| {
                    data.mantissa.t().mapv(Real::to_f64).as_standard_layout().into_owned()
                })
            });
            learners.push(Learner::new(&network, experiment, variant));
        }
        let mut examples = examples.expect("an experiment has a variant");
        // The labels have been checked with the experiment.
        if let Some(split) = experiment.split().ok().flatten() {
            examples = [&split.training.x, &split.training.y].map(|rows| array_of(rows));
            if !split.test.x.is_empty() {
                let test = [&split.test.x, &split.test.y].map(|rows| array_of(rows));
                learners.iter_mut().for_each(|learner: &mut Learner<T>| learner.test_on(&test));
            }
        }
        let shown_examples = surface::shown_examples(&examples);
        let minibatches =
            Minibatches::new(examples, experiment.architecture.batch, experiment.seed);
        let experiment = experiment.clone();
        Ok(Self { experiment, minibatches, learners, steps_taken: 0, shown_examples })
    }

    /// What learns.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// One for each variant, in order.
    pub fn learners(&self) -> &[Learner<T>] {
        &self.learners
    }

    /// One for each variant, in order, to go on from an earlier training.
    pub fn learners_mut(&mut self) -> &mut [Learner<T>] {
        &mut self.learners
    }

    fn parameters_and_data(&self) -> (Vec<GivenNetwork>, Data) {
        (self.learners.iter().map(Learner::given).collect(), self.minibatches.data())
    }

    /// Steps behind it.
    pub fn steps_taken(&self) -> usize {
        self.steps_taken
    }

    /// Goes on after so many steps of an earlier training.
    pub fn resume_at(&mut self, steps_taken: usize) {
        self.steps_taken = steps_taken;
    }

    /// Whether a step leaves a record.
    fn is_recorded(&self, step: usize) -> bool {
        let steps = self.experiment.training_steps();
        step.is_multiple_of(stride(steps)) || step + 1 == steps
    }

    /// All steps that are left. Threads share out the rows of large layers and change no bit.
    ///
    /// # Errors
    /// [`Stopped`]: then the steps so far are done and the rest can follow.
    pub fn run(&mut self, threads: usize, task: &TaskContext<'_>) -> Result<(), Stopped> {
        self.run_to(self.experiment.training_steps(), threads, task)
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
        let steps = steps.min(self.experiment.training_steps());
        let (done, first) = (AtomicUsize::new(self.steps_taken), self.steps_taken);
        let told = || {
            let done = done.load(Ordering::Relaxed) - first;
            task.report(done as f32 / steps.saturating_sub(first).max(1) as f32);
            task.proceed().is_err()
        };
        let pool = PoolExecutor(threads.max(1));
        let is_shared = self.learners.iter().any(|learner| learner.is_worth_sharing(&pool));
        if is_shared {
            let attended = TaskContext::new(&told, &|_| {});
            let this = &mut *self;
            let shared = in_pool(&attended, |proceed| {
                this.run_on(&pool, steps, &mut |step| {
                    done.store(step, Ordering::Relaxed);
                    proceed()
                })
            });
            if let Some(outcome) = shared {
                return outcome?;
            }
        }
        self.run_on(&Serial, steps, &mut |step| {
            done.store(step, Ordering::Relaxed);
            !told()
        })
    }

    /// Asks before each step whether to go on.
    fn run_on(
        &mut self,
        executor: &impl Executor,
        steps: usize,
        proceed: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), Stopped> {
        while self.steps_taken < steps {
            if !proceed(self.steps_taken) {
                return Err(Stopped);
            }
            let (step, is_recorded) = (self.steps_taken, self.is_recorded(self.steps_taken));
            for learner in self.learners.iter_mut().filter(|learner| learner.divergence().is_none())
            {
                self.minibatches.fill(step, learner.minibatch_mut());
                learner.step(step, executor, is_recorded);
            }
            self.steps_taken += 1;
        }
        Ok(())
    }
}

/// A row each.
fn array_of(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column])
}

/// The least power of two of which so many steps have at most [`MOST_RECORDS`] multiples.
fn stride(steps: usize) -> usize {
    steps.div_ceil(MOST_RECORDS).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stay_few() {
        for steps in [1, 1024, 1025, 2000, 100_000, 10_000_000] {
            let stride = stride(steps);
            assert!(steps.div_ceil(stride) <= MOST_RECORDS, "{steps}");
            assert!(stride == 1 || steps.div_ceil(stride / 2) > MOST_RECORDS, "{steps}");
        }
    }
}
