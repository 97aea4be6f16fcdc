//! The worker's side of the training page: steps in pieces, with a look at them in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::experiment::Experiment;
use crate::runtime::Deliver;
use crate::study::{DrawStudy, LiveTraining, Stopped, TaskContext, TrainingState, all_threads};

/// States that the window is told of are at least this far apart.
const LOOK: Duration = Duration::from_millis(100);
/// Steps between two questions whether to go on take about as long.
const PIECE: Duration = Duration::from_millis(25);
/// A wait is cut into pieces no longer than this, so that a pause acts at once.
const NAP: Duration = Duration::from_millis(8);

/// How fast steps follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Speed {
    /// Five a second.
    Slow,
    /// Fifty a second.
    Medium,
    /// As fast as the machine can.
    #[default]
    Full,
}

impl Speed {
    pub const ALL: [Self; 3] = [Self::Slow, Self::Medium, Self::Full];

    pub fn label(self) -> &'static str {
        match self {
            Self::Slow => "5/s",
            Self::Medium => "50/s",
            Self::Full => "full",
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            Self::Slow => "Five steps a second",
            Self::Medium => "Fifty steps a second",
            Self::Full => "As fast as the machine can",
        }
    }

    fn wait(self) -> Duration {
        match self {
            Self::Slow => Duration::from_millis(200),
            Self::Medium => Duration::from_millis(20),
            Self::Full => Duration::ZERO,
        }
    }
}

/// What is asked of the worker.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub experiment: Experiment,
    /// Tells one training from the next, though the experiment is the same.
    pub run: u64,
    /// Tells one press from the next.
    pub press: u64,
    /// Until so many steps are behind it.
    pub until: usize,
    pub speed: Speed,
}

/// The training that the worker holds between questions.
pub(super) struct Job {
    study: DrawStudy,
    live: Option<(u64, LiveTraining)>,
    /// Set by the window: the training is to wait after the present step.
    is_paused: Arc<AtomicBool>,
}

impl Job {
    pub fn new(study: DrawStudy, is_paused: Arc<AtomicBool>) -> Self {
        Self { study, live: None, is_paused }
    }

    /// Goes on with the training that is asked for, or begins it.
    pub fn answer(
        &mut self,
        question: &Question,
        task: &TaskContext<'_>,
        deliver: Deliver<'_, TrainingState>,
    ) -> Result<TrainingState, Stopped> {
        if self.live.as_ref().is_none_or(|(run, _)| *run != question.run) {
            self.live = None;
            let live = LiveTraining::new(&question.experiment, &mut self.study, task)?;
            self.live = Some((question.run, live));
        }
        let (_, live) = self.live.as_mut().expect("it was just made");
        let is_paused = || self.is_paused.load(Ordering::Relaxed);
        // A pause acts after the present step, however long a piece is.
        let (stop, report) =
            (|| is_paused() || task.proceed().is_err(), |share: f32| task.report(share));
        let watched = TaskContext::new(&stop, &report);
        let (mut piece, mut looked) = (1, Instant::now());
        while live.steps_taken() < question.until && !is_paused() {
            let start = Instant::now();
            let until = (live.steps_taken() + piece).min(question.until);
            if live.run_to(until, all_threads(), &watched).is_err() {
                task.proceed()?;
                break;
            }
            piece = match question.speed {
                Speed::Full if start.elapsed() < PIECE / 2 => 2 * piece,
                Speed::Full if start.elapsed() > 2 * PIECE => (piece / 2).max(1),
                Speed::Full => piece,
                _ => 1,
            };
            if looked.elapsed() >= LOOK {
                deliver(live.state());
                looked = Instant::now();
            }
            while start.elapsed() < question.speed.wait() && !is_paused() {
                task.proceed()?;
                std::thread::sleep(NAP.min(question.speed.wait()));
            }
        }
        Ok(live.state())
    }
}
